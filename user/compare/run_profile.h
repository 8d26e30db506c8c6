/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the samples of a run come to: how many of them ended in each function and line. Functions
 * are told by their names, whatever file they are in, and source files by theirs, whatever folder:
 * those of another build have others. Pure.
 */
#ifndef RP_RUN_PROFILE_H
#define RP_RUN_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"

/* A function as a whole has no file, and line 0. */
struct rp_run_place {
	const char *function, *file;
	uint32_t line;
	double self; /* samples */
};

/* All zero: there are no samples. */
struct rp_run_profile {
	double samples;
	double each; /* ns of CPU time that one stands for; 0: not known */
	struct rp_run_place *place;
	size_t n, room; /* functions first, then lines; of both by name */
};

/* Copies the strings of a line to the arena. -ENOMEM. */
int rp_run_profile__add(struct rp_run_profile *profile, struct rp_arena *strings,
			const struct rp_run_place *line);
/* All lines are there. -ENOMEM. */
int rp_run_profile__finish(struct rp_run_profile *profile);
void rp_run_profile__free(struct rp_run_profile *profile);

/* As they are ordered. */
int rp_run_place__compare(const void *a, const void *b);
/* How many samples ended there. */
double rp_run_profile__self(const struct rp_run_profile *profile, const struct rp_run_place *place);

#endif
