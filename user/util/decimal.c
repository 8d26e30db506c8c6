// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/decimal.h"

#include <ctype.h>
#include <stdlib.h>

bool rp_decimal__parse(const char *text, double *value, const char **end)
{
	char *behind;

	*value = strtod(text, &behind);
	*end = behind;
	/* strtod() takes signs, blanks, names of numbers and hexadecimal ones, too. */
	return behind != text && (isdigit((unsigned char)*text) || *text == '.') &&
	       !(text[0] == '0' && (text[1] == 'x' || text[1] == 'X'));
}
