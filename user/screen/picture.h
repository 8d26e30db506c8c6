/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * How much of the picture in ncurses' memory the terminal has. Where the line is slow it goes line
 * by line, as it can be carried: first those that a key has changed, then all others from the top.
 * A picture with newer figures waits until that is done, and then as long again; one that a key has
 * changed takes the place of the rest.
 */
#ifndef RP_PICTURE_H
#define RP_PICTURE_H

#include "screen/outgoing.h"

#define RP_PICTURE_LINES 1024 /* those below go last */

struct rp_picture {
	struct rp_outgoing *out;
	/* What was drawn on a line, and before that: differs where the line does. */
	uint64_t drawn[RP_PICTURE_LINES], before[RP_PICTURE_LINES];
	bool first[RP_PICTURE_LINES]; /* it goes before others */
	bool unfinished;	      /* not all of it was sent */
	uint64_t began;		      /* bytes written then */
};

/* It is drawn anew. */
void rp_picture__begin(struct rp_picture *picture);
/* So much is drawn on a line. */
void rp_picture__add(struct rp_picture *picture, size_t line, const void *what, size_t size);

/* Send it; by_key: what it has changed of the one before goes first. */
void rp_picture__send(struct rp_picture *picture, bool by_key);
/* Send what is left, as far as it can be carried. */
void rp_picture__resume(struct rp_picture *picture);
/* Of another one nothing would be seen yet. */
bool rp_picture__is_behind(struct rp_picture *picture);

#endif
