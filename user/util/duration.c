// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/duration.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

bool rp_duration__parse(const char **at, double *seconds)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
	char *unit;
	double value = strtod(*at, &unit);
	size_t len = 0;

	/* strtod() takes signs, blanks and names of numbers, too. */
	if ((!isdigit((unsigned char)**at) && **at != '.') || unit == *at ||
	    !(value >= 0 && value <= 1e9))
		return false;
	while (isalnum((unsigned char)unit[len]))
		len++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].unit) != len || memcmp(unit, units[i].unit, len))
			continue;
		*seconds = value * units[i].seconds;
		*at = unit + len;
		return true;
	}
	return false;
}
