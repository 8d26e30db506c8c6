/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The pair rule: which two USDT probes are the ends of one region, by their names. '-' and "__" in
 * names are the same, case does not count, and the last word decides: see the table in usdt_pair.c.
 */
#ifndef RP_USDT_PAIR_H
#define RP_USDT_PAIR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does `end` close what `begin` opens? Then the region's name is what both share: it is written to
 * stem (size bytes): "query__start", "query__done" give "query".
 */
bool rp_usdt_pair__match(const char *begin, const char *end, char *stem, size_t size);

/* The words are those of calls (entry/return and the like): such regions nest like calls do. */
bool rp_usdt_pair__is_call(const char *begin);

#endif
