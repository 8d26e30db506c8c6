/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The files that sampled code is in, and what functions are where in them. */
#ifndef RP_SAMPLE_OBJECTS_H
#define RP_SAMPLE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/sample_store.h"
#include "discover/proc.h"
#include "helper/helper.h"
#include "util/owner.h"

struct rp_sample_objects;

/*
 * The store gets the places. It has to outlive this. is_shared: no process or user takes all of the
 * room for files. NULL: out of memory.
 */
struct rp_sample_objects *rp_sample_objects__new(struct rp_sample_store *store,
						 struct rp_helper *helper, bool is_shared,
						 bool (*is_cancelled)(void));
void rp_sample_objects__free(struct rp_sample_objects *objects);

/*
 * The number of a file that a process maps, from 1 on; it is opened for when it is needed. 0: there
 * is no room for one more of that owner, or out of memory.
 */
uint32_t rp_sample_objects__get(struct rp_sample_objects *objects, struct rp_owner owner,
				const struct rp_mapped *mapped);

/* Likewise that of the vDSO, which is in all processes. *size: in memory; 0: there is none. */
uint32_t rp_sample_objects__vdso(struct rp_sample_objects *objects, uint64_t *size);

/*
 * The numbers of the places in the store that run at that offset of the file, for a sample of that
 * owner: the function first, then what is inlined there. Returns how many; 0: the file could not be
 * opened, or out of memory. *named: they have a symbol.
 */
size_t rp_sample_objects__places(struct rp_sample_objects *objects, struct rp_owner owner,
				 uint32_t object, uint64_t offset, uint32_t *places, size_t most,
				 bool *named);

/* Which file it is, as the maps of processes show it. */
const struct rp_file_id *rp_sample_objects__mapped(const struct rp_sample_objects *objects,
						   uint32_t object);

/* Which file it is, as stat(2) shows it; false: it could not be opened. */
bool rp_sample_objects__id(const struct rp_sample_objects *objects, uint32_t object,
			   struct rp_file_id *id);

#endif
