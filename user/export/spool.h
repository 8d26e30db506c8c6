/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Lists of items that are read from the last to the first, and may be larger than memory: what a
 * list has many of is in a temporary file without a name. Internal to export/.
 *
 * Instances come as they ended, what ran inside before what is around it. Read backwards, what is
 * around comes first: then a stack as deep as they nest is enough to tell begins, ends and parents.
 */
#ifndef RP_SPOOL_H
#define RP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* All zero but the size of an item: empty. */
struct rp_spool {
	size_t item;
	struct rp_spool_list *list;
	size_t n, room;
	FILE *file;
	uint64_t end; /* of what is in it */
};

/* 0 or a negative errno. A list begins with its first item. */
int rp_spool__add(struct rp_spool *spool, uint32_t list, const void *item);

bool rp_spool__has(const struct rp_spool *spool, uint32_t list);

/* All of a list, from the last one on, until a call returns what is not 0. */
int rp_spool__back(const struct rp_spool *spool, uint32_t list,
		   int (*fn)(void *ctx, const void *item), void *ctx);

/* All lists are empty again. */
void rp_spool__clear(struct rp_spool *spool);
void rp_spool__free(struct rp_spool *spool);

#endif
