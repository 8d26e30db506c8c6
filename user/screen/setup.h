/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What a user has made of the screen by keys, as text that lasts from one run to the next: a line
 * each, a name and a value. It is read by root from a file that somebody else may have written, so
 * each value is one of a few words, and nothing in it is ever run. Pure.
 */
#ifndef RP_SETUP_H
#define RP_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregate/snapshot.h"

#define RP_SETUP_BYTES 16384 /* of the text, that of all items at their longest included */
#define RP_SETUP_VALUE 1024

enum rp_setup_item {
	RP_SETUP_SORT,
	RP_SETUP_ORDER,
	RP_SETUP_GROUP,
	RP_SETUP_TREE,
	RP_SETUP_FIGURES,
	RP_SETUP_PANE,
	RP_SETUP_SCALE,
	RP_SETUP_COLUMNS,
	RP_SETUP_RECORD_COLUMNS, /* records have others */
	RP_SETUP_ITEMS
};

struct rp_setup {
	char value[RP_SETUP_ITEMS][RP_SETUP_VALUE]; /* empty: as rptrace has it */
};

/* -EINVAL: it is none. Names and words that are not known are those of another version. */
int rp_setup__parse(const char *text, struct rp_setup *out);

/* Returns the bytes of it, at most RP_SETUP_BYTES with the 0 behind them. */
size_t rp_setup__print(const struct rp_setup *setup, char *text);

struct rp_state;
/* What it says that there is on this screen; the group is asked of the kernel before. */
void rp_setup__apply(const struct rp_setup *setup, struct rp_state *s);
/* The grouping that it says; RP_BY_NONE where it says none that is known. */
enum rp_by rp_setup__by(const struct rp_setup *setup);

void rp_setup__of(const struct rp_state *s, struct rp_setup *out);

/* What keys have changed from one to the other is kept. Returns whether there is anything. */
bool rp_setup__keep(struct rp_setup *kept, const struct rp_setup *from, const struct rp_setup *to);

#endif
