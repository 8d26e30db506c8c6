/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Runs of A and of B, made by hand, and what comes of comparing them. */
#ifndef RP_COMPARE_FIXTURE_H
#define RP_COMPARE_FIXTURE_H

#include "compare/compare.h"
#include "counts_fixture.h"
#include "instances_fixture.h"
#include "util/array.h"

#define PAIRS 8

/* How the runs scatter, in per mille: pairs differ by it, once. */
static const int noise[2][PAIRS] = {{3, -4, 1, 0, -2, 5, -1, 2}, {-1, 2, 4, -3, 0, -2, 3, 1}};

struct made {
	const char *name;
	enum rp_kind kind;
	uint64_t ns, n;
	int noise; /* so many times */
};

static const struct made before[] = {
	{"same", RP_KIND_FUNCTION, 40000, 10, 1},   {"slower", RP_KIND_MARKER, 100000, 10, 1},
	{"faster", RP_KIND_USDT, 30000, 10, 1},	    {"often", RP_KIND_FUNCTION, 50000, 10, 1},
	{"noisy", RP_KIND_FUNCTION, 20000, 10, 60}, {"gone", RP_KIND_FUNCTION, 700, 10, 1},
	{"latency", RP_KIND_SPAN, 90000, 10, 1},
};
static const struct made after[] = {
	{"same", RP_KIND_FUNCTION, 40000, 10, 1},   {"slower", RP_KIND_MARKER, 105000, 10, 1},
	{"faster", RP_KIND_USDT, 20000, 10, 1},	    {"often", RP_KIND_FUNCTION, 50000, 20, 1},
	{"noisy", RP_KIND_FUNCTION, 20200, 10, 60}, {"new|`\x1b", RP_KIND_FUNCTION, 900, 10, 1},
	{"latency", RP_KIND_SPAN, 99000, 10, 1},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline uint64_t scattered(const struct made *made, const int *of, unsigned i)
{
	return (uint64_t)((int64_t)made->ns +
			  (int64_t)made->ns * made->noise * of[i % PAIRS] / 1000);
}

static inline void tell_build(const struct rp_event_sink *sink, uint32_t id,
			      const struct made *made, const char *build)
{
	struct rp_region_name region = {
		.name = made->name, .kind = made->kind, .object = "/bin/app", .build_id = build};

	assert_int_equal(RP_TELL(sink, region, id, &region), 0);
}

static inline void tell_made(const struct rp_event_sink *sink, const struct made *made, size_t n,
			     const int *of, unsigned number, const char *build)
{
	tell_thread(sink, 1, 10, 11, "app");
	for (uint32_t i = 0; i < n; i++) {
		bool is_span = made[i].kind == RP_KIND_SPAN;
		uint64_t ns = scattered(&made[i], of, number);

		tell_build(sink, i + 1, &made[i], build);
		tell_node(sink, i + 2, TOLD_ROOT, i + 1);
		/* A wait that comes and goes is not judged, but of a span. */
		for (uint64_t k = 0; k < made[i].n; k++)
			tell(sink, (struct rp_event_instance){
					   .start = 1000000 * k,
					   .thread = 1,
					   .node = i + 2,
					   .ns = is_span ? ns : ns + ns * ((number + k) % 3),
					   .cpu = is_span ? 0 : ns,
					   .is_span = is_span});
	}
	tell_end(sink, 100000000);
}

struct side_opts {
	const struct made *made;
	size_t n;
	unsigned runs, first, step; /* when they began */
	const char *host;
	char letter;
};

static inline void make_side(struct rp_side *side, const struct side_opts *o)
{
	*side = (struct rp_side){0};
	for (unsigned i = 0; i < o->runs; i++) {
		struct rp_run_summing *summing = rp_run_summing__new();
		struct rp_event_run run = {.start = TOLD_START,
					   .wall = 1000 + o->first + o->step * i,
					   .meta = {.host = o->host, .kernel = "6.18"}};
		struct rp_event_sink sink;
		struct rp_node root = {.flags = RP_NODE_VALID};
		bool is_other = !strcmp(o->host, "there");
		char name[16];

		assert_non_null(summing);
		run.meta.options = is_other ? "--function x" : NULL;
		sink = rp_run_summing__sink(summing);
		assert_int_equal(RP_TELL(&sink, run, &run), 0);
		assert_int_equal(RP_TELL(&sink, node, TOLD_ROOT, &root), 0);
		tell_made(&sink, o->made, o->n, noise[o->letter == 'b'], i,
			  is_other && i == 3 ? "bb" : "aa");
		assert_int_equal(rp_array__fit(&side->run, side->n + 1, sizeof(*side->run)), 0);
		snprintf(name, sizeof(name), "%c%u.rpt", o->letter, i + 1);
		assert_int_equal(rp_run_summing__finish(summing, name, &side->run[side->n++]), 0);
		rp_run_summing__free(summing);
	}
}

static inline void free_side(struct rp_side *side)
{
	for (size_t i = 0; i < side->n; i++)
		rp_run_summary__free(&side->run[i]);
	free(side->run);
}

struct both {
	struct rp_side a, b;
	struct rp_comparison c;
};

/* One run of each after the other. */
static inline void compare_runs(struct both *both, unsigned runs,
				const struct rp_compare_opts *opts)
{
	const struct side_opts a = {before, COUNT(before), runs, 0, 20, "here", 'a'};
	const struct side_opts b = {after, COUNT(after), runs, 10, 20, "here", 'b'};

	make_side(&both->a, &a);
	make_side(&both->b, &b);
	assert_int_equal(rp_compare(&both->a, &both->b, opts, &both->c), 0);
}

static inline void free_both(struct both *both)
{
	rp_comparison__free(&both->c);
	free_side(&both->a);
	free_side(&both->b);
}

static inline const struct rp_change *change_of(const struct rp_comparison *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->change[i].name, name))
			return &c->change[i];
	fail_msg("no change of %s", name);
	return NULL;
}

static inline enum rp_outcome verdict_of(const struct rp_comparison *c, const char *name)
{
	return change_of(c, name)->verdict;
}

static const struct rp_compare_opts defaults = {.metric = RP_METRIC_MEDIAN};

#endif
