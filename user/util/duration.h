/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#ifndef RP_DURATION_H
#define RP_DURATION_H

#include <stdbool.h>

#define RP_DURATION_UNITS "ns, us, ms, s, m or h" /* for messages */

/*
 * Read a duration like 500ns, 10us, 1.5ms, 2s, 1m or 1h, at most 1e9 of a unit, and move *at behind
 * it; false where there is none.
 */
bool rp_duration__parse(const char **at, double *seconds);

#endif
