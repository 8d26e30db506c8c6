// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/duration.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "util/decimal.h"

bool rp_duration__parse(const char **at, double *seconds)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
	const char *unit;
	double value;
	size_t len = 0;

	if (!rp_decimal__parse(*at, &value, &unit) || value > 1e9)
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
