/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The code of an object's functions as far as exits need it: who ends in a jump to whom. */
#ifndef RP_BODY_H
#define RP_BODY_H

#include "plan/plan_internal.h"

/* The code that begins at some place, mostly a function. */
struct rp_body {
	uint64_t offset;       /* in the file */
	uint64_t size;	       /* 0: not known */
	const char *why;       /* not NULL: its exits are not known, for this reason */
	struct rp_exits exits; /* offsets from its start */
	uint32_t region;       /* its entry is probed, for this region */
	uint32_t owner;	       /* the only region that needs its exits, or several */
	uint32_t visited;      /* number of the last search that came here */
	bool is_callee;	       /* of a tail call of a function that is planned */
	struct rp_body *next;  /* in its bucket */
};

/* All that were looked at. */
struct rp_bodies {
	const struct rp_plan_object *object;
	struct rp_body **buckets; /* by offset */
	struct rp_body **items;	  /* in the order in which they were found */
	size_t n, capacity;
	uint32_t search; /* number of the last one */
};

int rp_bodies__init(struct rp_bodies *bodies, const struct rp_plan_object *object);
void rp_bodies__free(struct rp_bodies *bodies);

/* The code at an offset, analysed once. NULL: out of memory. */
struct rp_body *rp_bodies__get(struct rp_bodies *bodies, uint64_t offset);

/* All that are there, one after the other; *at begins as 0. NULL: no more. */
struct rp_body *rp_bodies__next(const struct rp_bodies *bodies, size_t *at);

/* The code that a tail call goes on in. */
struct rp_body *rp_bodies__callee(struct rp_bodies *bodies, const struct rp_body *from,
				  const struct rp_exit_site *exit);

/* Where a tail call leads here, are the exits of this code those of the caller, too? */
bool rp_body__returns_for_caller(const struct rp_body *body);

/*
 * Take the code of all tail calls from here, and theirs, as needed for a region. *ends_at_jump:
 * some lead to code whose exits are not known. 0 or -ENOMEM.
 */
int rp_bodies__reach(struct rp_bodies *bodies, struct rp_body *from, uint32_t region,
		     bool *ends_at_jump);

#endif
