/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A flame graph: what stacks took, as a picture that a browser can zoom and search. */
#ifndef RP_FLAMES_H
#define RP_FLAMES_H

#include <stdbool.h>
#include <stdio.h>

#include "aggregate/sampled.h"

struct rp_flame {
	struct rp_stack stack; /* the names are their owner's */
	uint64_t value;	       /* samples or ns of the innermost call itself */
};

/* All zero: no stacks, values are samples. */
struct rp_flames {
	struct rp_flame *item;
	size_t n, room;
	bool of_time; /* ns, not samples */
};

/* Adds a flame with an empty stack, to be filled in. -ENOMEM. */
int rp_flames__add(struct rp_flames *flames, uint64_t value, struct rp_stack **stack);
/* As SVG; puts them in order. title: not escaped; NULL: none. -ENOMEM, or why the stream failed. */
int rp_flames__draw(struct rp_flames *flames, const char *title, FILE *out);
void rp_flames__free(struct rp_flames *flames);

#endif
