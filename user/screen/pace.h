/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * How much may be written to a slow line to the terminal. What is written waits in the line until
 * it has been carried, and so does the answer to a key behind it. So no more is written than what
 * the line carries in a fifth of a second; the rest of a picture waits here, where it can still
 * change.
 *
 * The line's speed is what its modes say: a serial line tells what is on its way, but not through
 * sudo or ssh, which put a pseudo terminal in between, with the same modes. These have 38400 baud
 * unless somebody has said something else, so that this and more tells nothing; nor do 9600 of a
 * pseudo terminal, which is what ssh hands on from macOS and where it does not know. Pure.
 */
#ifndef RP_PACE_H
#define RP_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct rp_pace {
	uint64_t speed;	    /* bytes a second; 0: not known to be slow */
	uint64_t in_flight; /* bytes, at this time: */
	uint64_t time;	    /* ns */
	uint64_t rest;	    /* ns: until then no other picture begins */
};

/* baud: of the line, or 0. */
void rp_pace__init(struct rp_pace *pace, unsigned baud);
bool rp_pace__is_slow(const struct rp_pace *pace);

/* So many bytes were written; queued: what the line says is on its way, or 0. */
void rp_pace__wrote(struct rp_pace *pace, uint64_t bytes, uint64_t now);
void rp_pace__queued(struct rp_pace *pace, uint64_t bytes, uint64_t now);
/* When more may be written; it is `now` or before that if it may at once. */
uint64_t rp_pace__next(const struct rp_pace *pace, uint64_t now);

/* A picture of so many bytes has been written: the line is free as long for what keys ask for. */
void rp_pace__rest(struct rp_pace *pace, uint64_t bytes, uint64_t now);
bool rp_pace__rests(const struct rp_pace *pace, uint64_t now);

#endif
