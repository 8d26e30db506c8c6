/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What is on its way to the terminal. ncurses writes what it has to say to a descriptor, and waits
 * there for a line that is slow or stopped. So a picture is written to memory first, and from there
 * no faster than the terminal takes it, which never waits.
 */
#ifndef RP_OUTGOING_H
#define RP_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "screen/pace.h"

struct rp_outgoing {
	FILE *file;   /* ncurses' own */
	int terminal; /* what never waits; -1: there is none, and writing may wait */
	int memory;
	char *bytes;	    /* that were not taken yet */
	size_t n, capacity; /* of them */
	struct rp_pace pace;
	uint64_t written; /* bytes, ever */
};

/* For the terminal of standard output. 0 or a negative errno. */
int rp_outgoing__open(struct rp_outgoing *out);
/* What is left is written first, and waited for: half of a sequence would spoil what follows. */
void rp_outgoing__close(struct rp_outgoing *out);
void rp_outgoing__finish(struct rp_outgoing *out);

/* What ncurses writes between the two is a piece; wrapped: it appears as one picture. */
void rp_outgoing__begin(struct rp_outgoing *out);
void rp_outgoing__end(struct rp_outgoing *out, bool wrapped);

/* Write on what is left, as far as it is taken. */
void rp_outgoing__write(struct rp_outgoing *out);
/* Nothing is left, and not too much on its way: more may be said. */
bool rp_outgoing__is_free(struct rp_outgoing *out);
/* When to look again; ns. */
uint64_t rp_outgoing__next(const struct rp_outgoing *out);

#endif
