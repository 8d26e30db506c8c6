/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Which functions are worth being regions, by samples of the target: those that much of the time
 * goes through, that return, and that say something their callers do not. Pure.
 */
#ifndef RP_HOT_FUNCTIONS_H
#define RP_HOT_FUNCTIONS_H

#include "aggregate/sampled.h"

struct rp_hot_function {
	const struct rp_place *place;
	uint64_t inclusive, self; /* samples */
};

struct rp_hot_functions {
	struct rp_hot_function *item; /* the hottest first */
	size_t n;
	/* How many were left out, and why. */
	size_t roots;	 /* they do not return: main, or the loop of a thread */
	size_t wrappers; /* they take as long as what calls them */
	size_t leaves;	 /* they call next to nothing: short, and called often */
	size_t more;	 /* past the number that was asked for */
};

/* At most so many of what is named. To be freed. -ENOMEM. */
int rp_hot_functions__choose(const struct rp_sampled *sampled, size_t most,
			     struct rp_hot_functions *out);
void rp_hot_functions__free(struct rp_hot_functions *functions);

#endif
