/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#ifndef RP_DECIMAL_H
#define RP_DECIMAL_H

#include <stdbool.h>

/* Read a number like 10, .5 or 1e3; *end is behind it. Both are set where false: there is none. */
bool rp_decimal__parse(const char *text, double *value, const char **end);

#endif
