/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What a search and a filter look for. Pure. */
#ifndef RP_WORDS_H
#define RP_WORDS_H

#include <stdbool.h>

/* Has the text any of the words between '|', whatever their case? text may be NULL; words have at
 * most RP_PROMPT_MAX bytes. */
bool rp_words__in(const char *text, const char *words);

#endif
