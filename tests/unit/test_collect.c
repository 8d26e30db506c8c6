// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is read from the kernel becomes plain counts: names, hits astray, wakers, what is open. */
#include "libbpf_fixture.h"

#include "plan_fixture.h"

#include <sys/prctl.h>

#include "collect/collect.h"
#include "collect/instances.h"
#include "rp_stack.h"

static struct fixture planned;
static struct rp_session *session;
static struct rp_collect collect;
static struct rp_counts_source source;

#define MAP(map) (session->skel->maps.map)

static char comm[RP_COMM_LEN]; /* of this process */

static int begin(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "alpha"), C(1, "beta")};
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);

	prctl(PR_GET_NAME, comm);
	make_image(state);
	planned = fixture();
	select_function(&planned, "*");
	run_symbols(&planned, symbols, 2);
	opts.open_stacks = true;
	opts.max_wakers = 64;
	session = fake_session(&opts);
	fake.to_read = memfd_create("stacks", MFD_CLOEXEC);
	collect = (struct rp_collect){.session = session, .plan = planned.plan};
	source = rp_collect__source(&collect);
	return 0;
}

static int end(void **state)
{
	(void)state;
	close(fake.to_read);
	rp_session__free(session);
	rp_plan__free(planned.plan);
	return 0;
}

static void put(struct bpf_map *m, const void *key, uint32_t key_size, const void *value,
		uint32_t value_size)
{
	fake_sizes(m, key_size, value_size, 64);
	assert_int_equal(bpf_map_update_elem(m->fd, key, value, BPF_ANY), 0);
}

/* ---- counts --------------------------------------------------------------------------------- */

static struct rp_counts *read_counts(void)
{
	struct rp_counts *c = source.read(source.ctx);

	assert_non_null(c);
	return c;
}

static void regions_have_their_names(void **state)
{
	struct rp_counts *c = read_counts();

	(void)state;
	assert_int_equal(c->names.n_regions, 2);
	assert_string_equal(c->names.regions[0].name, "alpha");
	assert_string_equal(c->names.regions[1].name, "beta");
	assert_string_equal(c->names.regions[0].object, EXE);
	assert_int_equal(c->names.regions[0].kind, RP_KIND_FUNCTION);
	assert_null(c->names.regions[0].usdt);
	assert_null(c->wakers);
	assert_null(c->samples);
	rp_counts__free(c);
}

/* Each is told what the plan has of it, be it of one site alone. */
static void regions_are_as_planned(void **state)
{
	struct rp_region *first = &planned.plan->regions[0], *second = first + 1;
	struct rp_counts *c;

	(void)state;
	first->slow_sites = 0;
	second->slow_sites = 1;
	second->left_out = first->ends_at_jump = true;
	c = read_counts();
	assert_false(c->names.regions[0].slow);
	assert_true(c->names.regions[1].slow);
	assert_false(c->names.regions[0].left_out);
	assert_true(c->names.regions[1].left_out);
	assert_true(c->names.regions[0].ends_at_jump);
	assert_false(c->names.regions[1].ends_at_jump);
	rp_counts__free(c);
}

static void put_stray(uint32_t region, uint64_t hits)
{
	struct rp_stray_hits stray = {.hits = hits, .unmatched = hits - 1};

	put(MAP(stray_hits), &region, sizeof(region), &stray, sizeof(stray));
}

/* Those of regions that nobody knows are nobody's. */
static void hits_astray_are_those_of_their_region(void **state)
{
	struct rp_overlap overlap = {.hits = 9};
	const uint32_t none = RP_REGION_NONE, first = 1, second = 2, third = 3;
	struct rp_counts *c;

	(void)state;
	fake_bss->names_used = 1;
	/* First, so that any other that is taken for it stands in its place. */
	put_stray(RP_REGION_NONE, 60);
	put_stray(1, 10);
	put_stray(2, 20);
	put_stray(3, 30);
	put_stray(RP_REGION_DYNAMIC, 40);
	put_stray(RP_REGION_DYNAMIC + 1, 50);
	put(MAP(overlaps), &second, 4, &overlap, sizeof(overlap));
	put(MAP(overlaps), &third, 4, &overlap, sizeof(overlap));
	put(MAP(overlaps), &none, 4, &overlap, sizeof(overlap));
	overlap.hits = 8;
	put(MAP(overlaps), &first, 4, &overlap, sizeof(overlap));
	c = read_counts();
	assert_int_equal(c->names.regions[0].stray.hits, 10);
	assert_int_equal(c->names.regions[0].stray.unmatched, 9);
	assert_int_equal(c->names.regions[1].stray.hits, 20);
	assert_int_equal(c->names.n_dynamic, 1);
	assert_int_equal(c->names.dynamic[0].stray.hits, 40);
	assert_int_equal(c->names.unknown.stray.hits, 60);
	assert_int_equal(c->names.regions[0].overlap.hits, 8);
	assert_int_equal(c->names.regions[1].overlap.hits, 9);
	rp_counts__free(c);
}

static void wakers_are_read_once_they_are_watched(void **state)
{
	struct rp_waker_key key = {.node = 5, .waker = 1};
	struct rp_waker_figures figures = {.count = 3, .ns = 400};
	struct rp_counts *c;

	(void)state;
	session->wakers_since = 1234;
	for (; key.waker <= 40; key.waker++) {
		figures.count = key.waker;
		put(MAP(wakers), &key, sizeof(key), &figures, sizeof(figures));
	}
	c = read_counts();
	assert_non_null(c->wakers);
	assert_int_equal(c->wakers->since, 1234);
	assert_int_equal(c->wakers->n, 40);
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(c->wakers->item[i].key.node, 5);
		assert_int_equal(c->wakers->item[i].key.waker, i + 1);
		assert_int_equal(c->wakers->item[i].figures.count, i + 1);
		assert_int_equal(c->wakers->item[i].figures.ns, 400);
	}
	rp_counts__free(c);
}

static void losses_are_read(void **state)
{
	struct rp_counts *c;

	(void)state;
	for (int i = 0; i < RP_LOST_COUNT; i++)
		fake_bss->lost[i] = 100 + (uint64_t)i;
	rp_session__add_late_ns(session, 70);
	collect.samples = rp_sample_store__new(1024, 1 << 16, false);
	collect.sample_hz = 997;
	collect.off_cpu = true;
	c = read_counts();
	for (int i = 0; i < RP_LOST_COUNT; i++)
		assert_int_equal(c->lost[i], 100 + i);
	assert_int_equal(c->late_ns, 70);
	assert_int_equal(c->samples->lost, 100 + RP_LOST_SAMPLES);
	assert_int_equal(c->samples->hz, 997);
	assert_true(c->samples->off_cpu);
	rp_counts__free(c);
	rp_sample_store__put(collect.samples);
}

/* What the kernel has of nodes from 1 on: the first shard of each. */
static void put_nodes(const struct rp_session *s, const struct rp_node *nodes,
		      const struct rp_figures *figures, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t id = i + 1, shard = id * s->figure_shards;

		assert_int_equal(pwrite(s->skel->maps.nodes->fd, &nodes[i], sizeof(nodes[i]),
					(off_t)(id * sizeof(nodes[i]))),
				 sizeof(nodes[i]));
		/* Behind two templates. */
		assert_int_equal(pwrite(fake.chunks[2], &figures[i], sizeof(figures[i]),
					(off_t)(shard * sizeof(figures[i]))),
				 sizeof(figures[i]));
	}
	fake_bss->nodes_used = n;
}

/* In the kernel it is that of the innermost alone. */
static void sleep_is_that_of_all_around(void **state)
{
	static const struct rp_node nodes[] = {
		{.flags = RP_NODE_VALID},
		{.flags = RP_NODE_VALID, .parent = 1, .region = 1},
		{.flags = RP_NODE_VALID, .parent = 2, .region = 2},
		{.parent = 2, .region = 2}, /* it is being made */
	};
	static const struct rp_figures figures[] = {{.asleep = 1, .asleep_untold = 10},
						    {.asleep = 2, .asleep_untold = 20},
						    {.asleep = 4, .asleep_untold = 40},
						    {.asleep = 8, .asleep_untold = 80}};
	struct rp_counts *c;

	(void)state;
	put_nodes(session, nodes, figures, 4);
	c = read_counts();
	assert_int_equal(c->n_nodes, 4);
	assert_int_equal(c->nodes[2].figures.asleep, 4);
	assert_int_equal(c->nodes[1].figures.asleep, 4 + 2);
	assert_int_equal(c->nodes[0].figures.asleep, 4 + 2 + 1);
	assert_int_equal(c->nodes[1].figures.asleep_untold, 40 + 20);
	assert_int_equal(c->nodes[0].figures.asleep_untold, 40 + 20 + 10);
	rp_counts__free(c);
}

/* Names that are met at run time are of markers, and so is what matches no name. */
static void probes_of_names_cost_what_markers_do(void **state)
{
	const struct rp_costs costs = {.call = {.inside = 1, .whole = 2},
				       .mark = {.inside = 3, .whole = 5}};
	struct rp_counts *c;

	(void)state;
	collect.costs = &costs;
	fake_bss->names_used = 1;
	c = read_counts();
	assert_true(c->names.dynamic[0].cost.inside == 3);
	assert_true(c->names.dynamic[0].cost.whole == 5);
	assert_true(c->names.unknown.cost.inside == 3);
	assert_true(c->names.unknown.cost.whole == 5);
	rp_counts__free(c);
}

/* ---- what is open --------------------------------------------------------------------------- */

static void put_stack(const struct rp_open_stack *stack, const struct rp_open_frame *frames)
{
	size_t n = stack->frames * sizeof(*frames);

	assert_int_equal(write(fake.to_read, stack, sizeof(*stack)), sizeof(*stack));
	assert_int_equal(write(fake.to_read, frames, n), n);
}

static struct rp_open_entries read_open(void)
{
	struct rp_open_entries open;

	assert_int_equal(source.open_frames(source.ctx, &open), 0);
	return open;
}

static void frames_of_threads_are_open(void **state)
{
	const struct rp_open_frame frames[] = {
		{.region = 1, .node = 2, .start = 100},
		{.region = 1, .node = 3, .start = 0}, /* left meanwhile */
		{.region = RP_REGION_CALIBRATE, .node = 4, .start = 100},
		{.region = 2, .node = 5, .start = 100, .flags = RP_FRAME_LEFT_OUT},
		{.region = 2, .node = 6, .start = 200, .flags = RP_FRAME_UNSAMPLED},
	};
	struct rp_open_stack stack = {
		.tgid = 77, .tid = 78, .frames = 5, .serial = 9, .comm = "thread"};
	struct rp_open_entries open;

	(void)state;
	put_stack(&stack, frames);
	stack.serial = 10;
	put_stack(&stack, frames);
	open = read_open();
	assert_int_equal(open.n, 4);
	assert_int_equal(open.item[0].start, 100);
	assert_int_equal(open.item[0].region, 1);
	assert_int_equal(open.item[0].node, 2);
	assert_int_equal(open.item[0].depth, 1);
	assert_int_equal(open.item[0].pid, 77);
	assert_int_equal(open.item[0].tid, 78);
	assert_int_equal(open.item[0].serial, 9);
	assert_string_equal(open.item[0].comm, "thread");
	assert_false(open.item[0].unsampled);
	assert_int_equal(open.item[1].depth, 5);
	assert_int_equal(open.item[1].node, 6);
	assert_true(open.item[1].unsampled);
	assert_int_equal(open.item[3].serial, 10);
	assert_true(open.time > 0);
	assert_int_equal(open.names.n_regions, 2);
	rp_open_entries__free(&open);
}

/* A goroutine has no name: that of its process, which may be gone. */
static void goroutines_are_called_after_their_process(void **state)
{
	const struct rp_open_frame frame = {.region = 1, .node = 2, .start = 100};
	struct rp_open_stack stack = {.goroutine = 0xc000, .tgid = (uint32_t)getpid(), .frames = 1};
	struct rp_open_entries open;

	(void)state;
	put_stack(&stack, &frame);
	stack.tgid = INT32_MAX;
	put_stack(&stack, &frame);
	open = read_open();
	assert_int_equal(open.n, 2);
	assert_int_equal(open.item[0].goroutine, 0xc000);
	assert_string_equal(open.item[0].comm, comm);
	assert_string_equal(open.item[1].comm, "");
	rp_open_entries__free(&open);
}

static void put_span(uint64_t id, uint32_t node, uint32_t unsampled)
{
	struct rp_span span = {.key = {.id = id, .region = 2, .tgid = (uint32_t)getpid()},
			       .start = 300,
			       .node = node,
			       .tid = 79,
			       .begun_by = 11,
			       .unsampled = unsampled};

	put(MAP(spans), &span.key, sizeof(span.key), &span, sizeof(span));
}

static void spans_are_open(void **state)
{
	struct rp_open_entries open;

	(void)state;
	put_span(1, 4, 0);
	put_span(2, RP_SPAN_OUTSIDE, 0); /* of --within */
	put_span(3, 0, 1);
	open = read_open();
	assert_int_equal(open.n, 2);
	assert_int_equal(open.item[0].span, 1);
	assert_int_equal(open.item[0].node, 4);
	assert_int_equal(open.item[0].region, 2);
	assert_int_equal(open.item[0].start, 300);
	assert_int_equal(open.item[0].pid, getpid());
	assert_int_equal(open.item[0].tid, 79);
	assert_int_equal(open.item[0].serial, 11);
	assert_int_equal(open.item[0].depth, 0);
	assert_string_equal(open.item[0].comm, comm);
	assert_false(open.item[0].unsampled);
	assert_int_equal(open.item[1].span, 3);
	assert_true(open.item[1].unsampled);
	rp_open_entries__free(&open);
}

/* What cannot be told is none, rather than a part. */
static void stacks_that_end_within_a_frame_are_an_error(void **state)
{
	const struct rp_open_stack stack = {.tgid = 77, .tid = 78, .frames = 5};
	struct rp_open_entries open;

	(void)state;
	assert_int_equal(write(fake.to_read, &stack, sizeof(stack)), sizeof(stack));
	assert_int_equal(source.open_frames(source.ctx, &open), -EPROTO);
	rp_open_entries__free(&open);
}

/* ---- instances ------------------------------------------------------------------------------ */

static struct rp_event_instance told[4];
static size_t n_told;

static int take_instance(void *ctx, const struct rp_event_instance *instance)
{
	assert_ptr_equal(ctx, &n_told);
	assert_true(n_told < 4);
	told[n_told++] = *instance;
	return 0;
}

static const void *one_instance(const struct bpf_map *ring, size_t *bytes)
{
	static struct rp_instance frame = {.start = 100,
					   .ns = 50,
					   .child = 20,
					   .cpu = 30,
					   .wait = 5,
					   .thread = 7,
					   .node = 3,
					   .cpu_number = 2},
				  span = {.kind = RP_INSTANCE_SPAN,
					  .start = 200,
					  .ns = 60,
					  .wait = 6,
					  .thread = 8,
					  .node = 4};
	static const struct rp_instance *const instances[] = {&frame, &span, NULL};

	assert_string_equal(ring->name, "instances");
	span.span = 99;
	span.begun_by = 6;
	*bytes = sizeof(frame);
	return instances[n_told];
}

/* A span is begun by one thread and ended by another, and has no more than its time. */
static void instances_are_those_of_their_threads(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_event_sink sink = {.ctx = &n_told, .instance = take_instance};
	struct rp_instance_feed_opts feed_opts = {.sink = &sink};
	struct rp_instance_feed *feed;

	(void)state;
	opts.record_bytes = 1 << 16;
	feed_opts.session = fake_session(&opts);
	n_told = 0;
	fake.more = one_instance;
	assert_int_equal(rp_instance_feed__new(&feed_opts, &feed), 0);
	assert_int_equal(rp_instance_feed__drain(feed), 0);
	fake.more = NULL;
	assert_int_equal(n_told, 2);
	assert_false(told[0].is_span);
	assert_int_equal(told[0].thread, 7);
	assert_int_equal(told[0].end_thread, 7);
	assert_int_equal(told[0].child, 20);
	assert_int_equal(told[0].cpu, 30);
	assert_int_equal(told[0].wait, 5);
	assert_int_equal(told[0].node, 3);
	assert_int_equal(told[0].cpu_number, 2);
	assert_true(told[1].is_span);
	assert_int_equal(told[1].thread, 6);
	assert_int_equal(told[1].end_thread, 8);
	assert_int_equal(told[1].span, 99);
	assert_int_equal(told[1].start, 200);
	assert_int_equal(told[1].ns, 60);
	assert_int_equal(told[1].child, 0);
	assert_int_equal(told[1].cpu, 0);
	assert_int_equal(told[1].node, 4);
	rp_instance_feed__free(feed);
	rp_session__free(feed_opts.session);
}

static struct {
	uint32_t node;
	uint64_t lost, left_out;
} missing[8];
static size_t n_missing;

static int take_lost(void *ctx, uint32_t node, uint64_t n)
{
	(void)ctx;
	assert_true(n_missing < 8);
	missing[n_missing].node = node;
	missing[n_missing++].lost = n;
	return 0;
}

static int take_left_out(void *ctx, uint32_t node, uint64_t n)
{
	(void)ctx;
	assert_true(n_missing < 8);
	missing[n_missing].node = node;
	missing[n_missing++].left_out = n;
	return 0;
}

/* Each is told once, by its path. */
static void what_is_missing_is_told_by_node(void **state)
{
	static const struct rp_node nodes[] = {
		{.flags = RP_NODE_VALID},
		{.flags = RP_NODE_VALID, .parent = 1, .region = RP_REGION_DYNAMIC}};
	struct rp_figures figures[] = {{0}, {.unrecorded = 5, .skipped = 3, .unsampled = 4}};
	struct rp_event_sink sink = {.lost = take_lost, .left_out = take_left_out};
	struct rp_instance_feed_opts opts = {.session = session, .sink = &sink};
	struct rp_instance_feed *feed;
	struct rp_counts *c;

	(void)state;
	n_missing = 0;
	memset(missing, 0, sizeof(missing));
	put_nodes(session, nodes, figures, 2);
	assert_int_equal(rp_instance_feed__new(&opts, &feed), 0);
	assert_int_equal(rp_instance_feed__tell_lost(feed), 0);
	assert_int_equal(n_missing, 0); /* none is known to be */
	fake_bss->lost[RP_LOST_INSTANCES] = 5;
	assert_int_equal(rp_instance_feed__tell_lost(feed), 0);
	assert_int_equal(rp_instance_feed__tell_lost(feed), 0);
	assert_int_equal(n_missing, 1);
	assert_int_equal(missing[0].node, 2);
	assert_int_equal(missing[0].lost, 5);
	/* And what has come since. */
	fake_bss->lost[RP_LOST_INSTANCES] = figures[1].unrecorded = 7;
	put_nodes(session, nodes, figures, 2);
	c = read_counts();
	assert_int_equal(rp_instance_feed__tell_counts(feed, c), 0);
	assert_int_equal(n_missing, 3);
	assert_int_equal(missing[1].node, 2);
	assert_int_equal(missing[1].left_out, 3 + 4);
	assert_int_equal(missing[2].node, 2);
	assert_int_equal(missing[2].lost, 2);
	rp_counts__free(c);
	rp_instance_feed__free(feed);
}

/* What is still open ends with the record; calls that --every leaves out are in none. */
static void what_is_open_is_told_as_chosen(void **state)
{
	static const struct rp_node nodes[] = {
		{.flags = RP_NODE_VALID},
		{.flags = RP_NODE_VALID, .parent = 1, .region = RP_REGION_DYNAMIC}};
	struct rp_open_entry item[] = {
		{.node = 2, .start = 100, .serial = 7, .depth = 1},
		{.node = 2, .start = 110, .serial = 8, .depth = 1, .unsampled = true},
		{.node = 0, .start = 120, .serial = 9, .depth = 1},
		{.node = 2, .start = 170, .serial = 9, .span = 5}};
	const struct rp_open_entries open = {.item = item, .n = 4, .time = 150};
	struct rp_event_sink sink = {.ctx = &n_told, .instance = take_instance};
	struct rp_instance_feed_opts opts = {.session = session, .sink = &sink};
	struct rp_figures figures[] = {{0}, {0}};
	struct rp_instance_feed *feed;

	(void)state;
	n_told = 0;
	put_nodes(session, nodes, figures, 2);
	assert_int_equal(rp_instance_feed__new(&opts, &feed), 0);
	assert_int_equal(rp_instance_feed__tell_open(feed, &open), 0);
	assert_int_equal(n_told, 2);
	assert_true(told[0].open);
	assert_int_equal(told[0].thread, 7);
	assert_int_equal(told[0].ns, 50);
	assert_false(told[0].is_span);
	assert_int_equal(told[1].span, 5);
	assert_int_equal(told[1].ns, 0); /* it was entered as the stacks were read */
	assert_true(told[1].is_span);
	rp_instance_feed__free(feed);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(regions_have_their_names),
		TEST(regions_are_as_planned),
		TEST(hits_astray_are_those_of_their_region),
		TEST(wakers_are_read_once_they_are_watched),
		TEST(losses_are_read),
		TEST(sleep_is_that_of_all_around),
		TEST(probes_of_names_cost_what_markers_do),
		TEST(frames_of_threads_are_open),
		TEST(goroutines_are_called_after_their_process),
		TEST(spans_are_open),
		TEST(stacks_that_end_within_a_frame_are_an_error),
		cmocka_unit_test(instances_are_those_of_their_threads),
		TEST(what_is_missing_is_told_by_node),
		TEST(what_is_open_is_told_as_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
