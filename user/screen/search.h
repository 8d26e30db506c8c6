/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What a search and a filter look for. Pure. */
#ifndef RP_SEARCH_H
#define RP_SEARCH_H

#include <stdbool.h>

/* Has the text any of the words between '|', whatever their case? text may be NULL; the pattern has
 * at most RP_PROMPT_MAX bytes. */
bool rp_search__matches(const char *text, const char *pattern);

#endif
