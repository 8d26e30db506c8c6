/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The list of open regions: which are shown, and which one is chosen. Pure. */
#ifndef RP_OPEN_LIST_H
#define RP_OPEN_LIST_H

#include "aggregate/open_regions.h"

#define RP_OPEN_PATH 1024 /* bytes of a path that are looked at: its inner end */

struct rp_open_list {
	bool shown;			    /* in place of the table */
	bool asked;			    /* it is being read */
	const struct rp_open_regions *open; /* not its own; NULL: not read */
	uint32_t *visible;		    /* rows that the filter leaves */
	size_t n_visible;
	size_t cursor, top;	/* among the visible */
	bool chosen;		/* else whichever is first */
	struct rp_open_row row; /* the chosen one, to be found again; its strings are not */
};

/* What is open now, or NULL. -ENOMEM. */
int rp_open_list__update(struct rp_open_list *list, const struct rp_open_regions *open,
			 const char *filter);
/* What was open is not known any more. */
void rp_open_list__forget(struct rp_open_list *list);
/* After a change of the filter. */
void rp_open_list__arrange(struct rp_open_list *list, const char *filter);
void rp_open_list__free(struct rp_open_list *list);

void rp_open_list__move_to(struct rp_open_list *list, size_t i);
/* So that the chosen row is among so many lines. */
void rp_open_list__scroll(struct rp_open_list *list, size_t lines);

/* NULL past the end. */
const struct rp_open_row *rp_open_list__row(const struct rp_open_list *list, size_t i);
bool rp_open_list__is_stuck(const struct rp_open_list *list, size_t i);

/* Path and label, "a > b[7]", of at most so many bytes with the terminator. Returns buf. */
const char *rp_open_list__path(const struct rp_open_list *list, const struct rp_open_row *row,
			       char *buf, size_t size);

#endif
