/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The timeline in an HTML page: of the instances the longest, as many as the page has room for.
 * Internal to export/.
 */
#ifndef RP_HTML_TIMELINE_H
#define RP_HTML_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "export/html_pack.h"
#include "export/html_tracks.h"
#include "export/names.h"

/* How an instance was left; a token of the page is a name and one of these. */
enum rp_html_left { RP_HTML_EXIT, RP_HTML_UNWOUND, RP_HTML_OPEN, RP_HTML_LEFTS };

struct rp_html_item {
	uint64_t start, end;  /* since its run began */
	uint32_t track, name; /* indexes */
	uint32_t depth;	      /* of its path */
	uint32_t left;	      /* enum rp_html_left */
};

/* All zero: empty. */
struct rp_html_timeline {
	struct rp_html_item *item;
	size_t n, room;
	uint64_t left_out;	   /* instances that are not kept */
	uint64_t left_out_longest; /* ns */
	uint64_t end;		   /* of the last one kept or not */
};

/* 0 or -ENOMEM. */
int rp_html_timeline__add(struct rp_html_timeline *timeline, const struct rp_html_item *item);

/*
 * Packed, in at most so many bytes: the shortest instances are left out until it is. Not to be
 * added to any more. 0 or -ENOMEM.
 */
int rp_html_timeline__pack(struct rp_html_timeline *timeline, struct rp_html_tracks *tracks,
			   const struct rp_export_names *names, size_t most,
			   struct rp_html_pack *out);
void rp_html_timeline__free(struct rp_html_timeline *timeline);

#endif
