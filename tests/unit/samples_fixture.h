/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Samples of a server, for what shows them. */
#ifndef RP_SAMPLES_FIXTURE_H
#define RP_SAMPLES_FIXTURE_H

#include "counts_fixture.h"

static inline uint32_t sampled_place(struct rp_sample_store *store, const char *function,
				     const char *file, uint32_t line)
{
	const struct rp_place p = {
		.function = function, .file = file, .line = line, .object = "server"};

	return rp_sample_store__place(store, &p);
}

static inline void add_sampled(struct rp_sample_store *store, uint32_t node, unsigned n, uint32_t a,
			       uint32_t b, uint32_t c)
{
	const struct rp_taken_sample sample = {.node = node, .end = RP_UNWIND_END_COMPLETE};
	const uint32_t places[] = {a, b, c};

	while (n--)
		rp_sample_store__add(store, &sample, places, 3);
}

/* In the region of a node, and in none. The counts have them. */
static inline void samples_init(struct fixture *f, uint32_t node)
{
	struct rp_sample_store *store = rp_sample_store__new(1000, UINT64_MAX, false);
	uint32_t main_ = sampled_place(store, "main", "src/main.c", 12),
		 parse = sampled_place(store, "parse<int>;\x1b", "src/parse.c", 40),
		 walk = sampled_place(store, "walk", "src/walk, \"fast\".c", 7);

	add_sampled(store, 0, 20, main_, main_, main_);
	add_sampled(store, node, 70, main_,
		    sampled_place(store, "handle_request", "src/main.c", 30), parse);
	add_sampled(store, node, 30, main_,
		    sampled_place(store, "handle_request", "src/main.c", 31), walk);
	add_sampled(store, node, 1, main_, sampled_place(store, "handle_request", "src/main.c", 31),
		    sampled_place(store, "[libc.so]", "", 0));
	*rp_sample_store__totals(store) = (struct rp_sample_totals){
		.taken = 121,
		.truncated = 2,
		.unresolved = 1,
		.probes = 3,
		.dropped = 4,
		.no_room = 2,
		.ends = {[RP_UNWIND_END_COMPLETE] = 119, [RP_UNWIND_END_NO_ROW] = 2}};
	f->counts.samples = rp_sample_counts__of(store);
	assert_non_null(f->counts.samples);
	f->counts.samples->hz = 997;
	f->counts.samples->lost = 5;
	rp_sample_store__put(store);
}

static inline void samples_free(struct fixture *f)
{
	rp_sample_counts__free(f->counts.samples);
	f->counts.samples = NULL;
}

#endif
