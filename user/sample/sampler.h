/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* From samples as the kernel takes them to calls with names, in a store. */
#ifndef RP_SAMPLER_H
#define RP_SAMPLER_H

#include "aggregate/sample_store.h"
#include "discover/proc.h"
#include "rp_sample.h"
#include "sample/unwind_tables.h"

struct rp_sampler;

/* Is there a probe at that place of a file? */
typedef bool (*rp_is_probe_fn)(void *ctx, const struct rp_file_id *file, uint64_t offset);

/*
 * Store, helper and tables, which it keeps up, have to outlive it. is_shared: no process or user
 * takes all of the room. is_cancelled: whether to stop waiting for names. NULL: out of memory.
 */
struct rp_sampler *rp_sampler__new(struct rp_sample_store *store, struct rp_unwind_tables *tables,
				   struct rp_helper *helper, rp_is_probe_fn is_probe, void *ctx,
				   bool is_shared, bool (*is_cancelled)(void));
void rp_sampler__free(struct rp_sampler *sampler);

/*
 * Where threads sleep in the kernel is to be told, too, by the symbols in /proc/kallsyms. false:
 * its addresses are not for us, and these frames are left out.
 */
bool rp_sampler__read_kernel(struct rp_sampler *sampler, const char *symbols);

/* A record of the ring. false: it is none that is whole, and was left. */
bool rp_sampler__take(struct rp_sampler *sampler, const void *record, size_t size);

/* Samples in code that is in no file, and that its process does not name. */
struct rp_unnamed_code {
	uint64_t samples;
	pid_t pid; /* of the last one */
};
struct rp_unnamed_code rp_sampler__unnamed_code(const struct rp_sampler *sampler);

/* What the processes have mapped: to be kept up with what happens to them. */
struct rp_spaces *rp_sampler__spaces(struct rp_sampler *sampler);

/* ns for which what reads names has waited for a CPU while it was waited for, so far. */
uint64_t rp_sampler__waited_for_cpus(void);

#endif
