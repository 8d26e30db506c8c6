// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Regions in the kernel: what their entries and exits count, at which path, and what is lost. */
#include "bpf_fixture.h"

static void assert_figures(__u32 parent, __u32 region, struct rp_figures want)
{
	struct rp_figures f = fake_figures(parent, region);

	assert_int_equal(f.entries, want.entries);
	assert_int_equal(f.count, want.count);
	assert_int_equal(f.unwound, want.unwound);
	assert_int_equal(f.skipped, want.skipped);
	assert_int_equal(f.total, want.total);
	assert_int_equal(f.self, want.self);
	assert_int_equal(f.cpu, want.cpu);
	assert_int_equal(f.wait, want.wait);
}

static void test_functions(void **state)
{
	struct rp_hist *hist;

	(void)state;
	hit(ENTER, A, SP, 1000);
	hit(ENTER, B, SP - 10, 1100);
	first.task.se.sum_exec_runtime = 0;
	hit(LEAVE, B, SP - 10, 1300);
	hit(ENTER, B, SP - 10, 1400);
	hit(LEAVE, B, SP - 10, 1450);
	hit(LEAVE, A, SP, 2000);
	assert_figures(FAKE_ROOT, A,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 1000, .self = 750, .cpu = 1000});
	assert_figures(node(FAKE_ROOT, A), B,
		       (struct rp_figures){
			       .entries = 2, .count = 2, .total = 250, .self = 250, .cpu = 250});
	hist = node_hist(node(FAKE_ROOT, A));
	assert_int_equal(hist->bucket[rp_hist_index(1000)], 1);
	hist = node_hist(node(node(FAKE_ROOT, A), B));
	assert_int_equal(hist->bucket[rp_hist_index(200)], 1);
	assert_int_equal(hist->bucket[rp_hist_index(50)], 1);
	assert_int_equal(depth(), 0);
}

/* Of the time on a CPU and that of waiting for one, what is in the call. */
static void test_clocks(void **state)
{
	(void)state;
	first.task.se = (struct sched_entity){
		.cfs_rq = &fake_cfs_rq, .sum_exec_runtime = 5000, .exec_start = 900};
	first.task.sched_info.run_delay = 70;
	hit(ENTER, A, SP, 1000);
	/* It slept, waited, and is on a CPU again since 1800. */
	first.task.se = (struct sched_entity){
		.cfs_rq = &fake_cfs_rq, .sum_exec_runtime = 5300, .exec_start = 1800};
	first.task.sched_info.run_delay = 120;
	hit(LEAVE, A, SP, 2000);
	assert_figures(FAKE_ROOT, A,
		       (struct rp_figures){.entries = 1,
					   .count = 1,
					   .total = 1000,
					   .self = 1000,
					   .cpu = 400,
					   .wait = 50});
}

static void test_recursion(void **state)
{
	__u32 parent;

	(void)state;
	for (int i = 0; i < 3; i++)
		hit(ENTER, A, SP - 10 * i, 1000 + 100 * (__u64)i);
	for (int i = 2; i >= 0; i--)
		hit(LEAVE, A, SP - 10 * i, 2000);
	parent = FAKE_ROOT;
	for (__u64 i = 0; i < 3; i++) {
		assert_figures(parent, A,
			       (struct rp_figures){.entries = 1,
						   .count = 1,
						   .total = 1000 - 100 * i,
						   .self = i < 2 ? 100 : 800,
						   .cpu = 1000 - 100 * i});
		parent = node(parent, A);
	}
}

/* What a longjmp left is known by the next hit, is unwound, and in no time. */
static void test_left(void **state)
{
	(void)state;
	hit(ENTER, A, SP, 1000);
	hit(ENTER, B, SP - 10, 1100);
	hit(ENTER, C, SP - 20, 1200);
	assert_int_equal(depth(), 3);
	hit(ENTER, B, SP - 5, 1300);
	assert_int_equal(depth(), 2);
	hit(LEAVE, B, SP - 5, 1400);
	hit(LEAVE, A, SP, 2000);
	assert_figures(node(FAKE_ROOT, A), B,
		       (struct rp_figures){.entries = 2,
					   .count = 1,
					   .unwound = 1,
					   .total = 100,
					   .self = 100,
					   .cpu = 100});
	assert_figures(node(node(FAKE_ROOT, A), B), C,
		       (struct rp_figures){.entries = 1, .unwound = 1});
	assert_figures(FAKE_ROOT, A,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 1000, .self = 900, .cpu = 1000});
}

/* An exit ends all that was tail called on the way to it. */
static void test_tail_call(void **state)
{
	(void)state;
	hit(ENTER, A, SP, 1000);
	hit(RP_ROLE_TAIL_JUMP, A, SP, 1100);
	hit(ENTER, B, SP, 1110);
	assert_int_equal(depth(), 2);
	hit(LEAVE, B, SP, 1500);
	assert_int_equal(depth(), 0);
	assert_figures(FAKE_ROOT, A,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 500, .self = 110, .cpu = 500});
	assert_figures(node(FAKE_ROOT, A), B,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 390, .self = 390, .cpu = 390});
	/* Without the jump the one has taken the place of the other. */
	hit(ENTER, A, SP, 2000);
	hit(ENTER, B, SP, 2100);
	assert_int_equal(depth(), 1);
	assert_int_equal(fake_figures(FAKE_ROOT, A).unwound, 1);
}

/* Regions that need not nest: the inner one goes on, below the parent of the one that ended. */
static void test_overlapping(void **state)
{
	(void)state;
	hit(RP_ROLE_BEGIN, C, SP, 1000);
	hit_flagged(RP_ROLE_BEGIN, A, RP_SITE_LOOSE, SP, 1100);
	hit_flagged(RP_ROLE_BEGIN, B, RP_SITE_LOOSE, SP, 1300);
	hit(RP_ROLE_END, A, SP, 1700);
	assert_int_equal(depth(), 2);
	hit(RP_ROLE_END, B, SP, 1900);
	hit(RP_ROLE_END, C, SP, 2000);
	/* In C: 1,000, of which 800 in A or B, 600 and 600 of these, 400 in both. */
	assert_figures(FAKE_ROOT, C,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 1000, .self = 200, .cpu = 1000});
	assert_figures(node(FAKE_ROOT, C), A,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 600, .self = 200, .cpu = 600});
	assert_figures(node(FAKE_ROOT, C), B,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 600, .self = 600, .cpu = 600});
	assert_figures(node(node(FAKE_ROOT, C), A), B, (struct rp_figures){0});
}

/* By what it returned: nothing of the call stays where it was before that was known. */
static void test_labelled_by_return(void **state)
{
	struct rp_figures f;

	(void)state;
	cfg_label_returned = true;
	fake_arg(1, 42);
	hit_flagged(ENTER, A, RP_SITE_LABEL, SP, 1000);
	hit_flagged(LEAVE, A, RP_SITE_LABEL, SP, 1500);
	assert_figures(FAKE_ROOT, A, (struct rp_figures){0});
	f = *(struct rp_figures *)node_figures(fake_node(FAKE_ROOT, A, 42));
	assert_int_equal(f.entries, 1);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.total, 500);
	/* One that is too short has no label. */
	cfg_min_duration = 500;
	hit_flagged(ENTER, A, RP_SITE_LABEL, SP, 2000);
	hit_flagged(LEAVE, A, RP_SITE_LABEL, SP, 2499);
	assert_figures(FAKE_ROOT, A, (struct rp_figures){.entries = 1, .skipped = 1});
}

static void test_labelled(void **state)
{
	(void)state;
	for (__u64 label = 1; label <= 2; label++) {
		fake_arg(1, label);
		hit_flagged(ENTER, A, RP_SITE_LABEL, SP, 1000);
		hit(LEAVE, A, SP, 1000 + 100 * label);
		assert_int_equal(
			((struct rp_figures *)node_figures(fake_node(FAKE_ROOT, A, label)))->total,
			100 * label);
	}
	fake_arg_unreadable(1);
	hit_flagged(ENTER, A, RP_SITE_LABEL, SP, 1000);
	assert_int_equal(lost[RP_LOST_LABEL_READS], 1);
}

/* Past the depth that is allowed: entries are lost, and their exits are no surprise. */
static void test_depth(void **state)
{
	(void)state;
	cfg_max_depth = 2;
	for (int i = 0; i < 5; i++)
		hit(ENTER, A + (__u32)i, SP - 10 * i, 1000);
	assert_int_equal(depth(), 2);
	assert_int_equal(lost[RP_LOST_DEPTH], 3);
	for (int i = 4; i >= 0; i--)
		hit(LEAVE, A + (__u32)i, SP - 10 * i, 2000);
	assert_int_equal(lost[RP_LOST_DEPTH], 3);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 0);
	assert_int_equal(fake_strays(C).hits, 2);
	assert_int_equal(fake_figures(FAKE_ROOT, A).count, 1);
	assert_int_equal(fake_figures(node(FAKE_ROOT, A), B).count, 1);
	/* One exit more than entries were lost is a surprise. */
	hit(LEAVE, C, SP - 20, 2100);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 1);
}

/* Stacks that are deeper than what every thread has room for. */
static void test_deep(void **state)
{
	enum { DEEP = 3 * RP_SEGMENT_FRAMES };
	__u32 parent = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < DEEP; i++)
			hit(ENTER, A, SP - 10 * i, 1000);
		assert_int_equal(depth(), DEEP);
		for (int i = DEEP - 1; i >= 0; i--)
			hit(LEAVE, A, SP - 10 * i, 1100);
		assert_int_equal(depth(), 0);
	}
	for (int i = 0; i < DEEP; i++) {
		parent = i ? node(parent, A) : node(FAKE_ROOT, A);
		assert_int_equal(((struct rp_figures *)node_figures(parent))->count, 2);
	}
	assert_int_equal(segments_used, DEEP / RP_SEGMENT_FRAMES);
	assert_int_equal(lost[RP_LOST_DEPTH], 0);
	first.signal.live.counter = 1;
	rp_exit((unsigned long long[]){(__u64)&first.task});
	assert_int_equal(segments_used, 0);
}

static void test_no_node(void **state)
{
	(void)state;
	cfg_max_nodes = 2; /* one for the root */
	hit(ENTER, A, SP, 1000);
	assert_int_equal(lost[RP_LOST_NODES], 1);
	assert_int_equal(fake_strays(A).hits, 2);
	hit(LEAVE, A, SP, 1500);
	assert_int_equal(fake_strays(A).hits, 2);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 0);
	assert_int_equal(depth(), 0);
}

/* An exit without its entry: a surprise where the entry should have been seen. */
static void test_unmatched(void **state)
{
	static const struct {
		bool entered_before, added_since;
		__u64 thread_starts, probed; /* when; or 0 */
		__u64 unmatched;
	} cases[] = {
		{.unmatched = 0},
		{.entered_before = true, .unmatched = 1},
		{.entered_before = true, .added_since = true, .unmatched = 0},
		{.thread_starts = 499, .unmatched = 0},
		{.thread_starts = 500, .unmatched = 1},
		/* A library that came later: what was called before has no entry either. */
		{.thread_starts = 500, .probed = 550, .unmatched = 0},
		{.thread_starts = 549, .probed = 550, .unmatched = 0},
		{.thread_starts = 550, .probed = 550, .unmatched = 1},
		{.thread_starts = 499, .probed = 450, .unmatched = 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_setup(state);
		ready_time = 500;
		site_group_start[0] = cases[i].probed;
		second.task.start_time = cases[i].thread_starts;
		fake_run(&second);
		if (cases[i].entered_before) {
			hit(RP_ROLE_BEGIN, A, SP, 600);
			hit(RP_ROLE_END, A, SP, 700);
		}
		additions += cases[i].added_since;
		hit(RP_ROLE_END, A, SP, 2000);
		assert_int_equal(fake_strays(A).hits, 1);
		assert_int_equal(fake_strays(A).unmatched, cases[i].unmatched);
		assert_int_equal(lost[RP_LOST_UNMATCHED], cases[i].unmatched);
	}
}

static void test_too_short(void **state)
{
	(void)state;
	cfg_min_duration = 100;
	hit(ENTER, A, SP, 1000);
	hit(ENTER, B, SP - 10, 1000);
	hit(LEAVE, B, SP - 10, 1099);
	hit(ENTER, B, SP - 10, 1200);
	hit(LEAVE, B, SP - 10, 1300);
	hit(LEAVE, A, SP, 1500);
	assert_figures(node(FAKE_ROOT, A), B,
		       (struct rp_figures){.entries = 2,
					   .count = 1,
					   .skipped = 1,
					   .total = 100,
					   .self = 100,
					   .cpu = 100});
	/* Its time is a child's all the same. */
	assert_int_equal(fake_figures(FAKE_ROOT, A).self, 301);
}

/* What is entered inside counts, with no node of what is around it. */
static void test_within(void **state)
{
	__u32 inside = B;
	__u8 none = 0;

	(void)state;
	cfg_within = true;
	bpf_map_update_elem(&within, &inside, &none, BPF_ANY);
	hit(ENTER, A, SP, 1000);
	hit(ENTER, B, SP - 10, 1100);
	hit(ENTER, C, SP - 20, 1200);
	hit(LEAVE, C, SP - 20, 1300);
	hit(LEAVE, B, SP - 10, 1400);
	hit(ENTER, C, SP - 10, 1500);
	hit(LEAVE, C, SP - 10, 1600);
	hit(LEAVE, A, SP, 2000);
	assert_int_equal(node(FAKE_ROOT, A), 0);
	assert_figures(FAKE_ROOT, B,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 300, .self = 200, .cpu = 300});
	assert_figures(node(FAKE_ROOT, B), C,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 100, .self = 100, .cpu = 100});
	assert_int_equal(node(FAKE_ROOT, C), 0);
	assert_int_equal(fake_strays(A).hits, 2);
	assert_int_equal(fake_strays(C).hits, 2);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 0);
}

/*
 * Calls of the calibration tell what probes cost: they are measured whatever is asked for, and take
 * nothing of what the target may have.
 */
static void test_calibration(void **state)
{
	(void)state;
	cfg_within = true;
	cfg_min_duration = 1000;
	cfg_max_nodes = 2; /* one for the root */
	fake_arg(1 + 1, 0);
	cfg_where = (struct rp_filter){
		.n = 1,
		.table = rp_filter__bits_of(0),
		.atom = {{.kind = RP_OPERAND_ARG, .accepts = RP_GREATER, .value = 7}}};
	hit(ENTER, RP_REGION_CALIBRATE, SP, 1000);
	hit(LEAVE, RP_REGION_CALIBRATE, SP, 1100);
	assert_figures(FAKE_ROOT, RP_REGION_CALIBRATE,
		       (struct rp_figures){
			       .entries = 1, .count = 1, .total = 100, .self = 100, .cpu = 100});
	assert_int_equal(fake_strays(RP_REGION_CALIBRATE).hits, 0);
	assert_int_equal(nodes_used - nodes_own, 1);
	for (int i = 0; i < RP_LOST_COUNT; i++)
		assert_int_equal(lost[i], 0);
}

/* Names of run time: a number each, and what has none is counted. */
static void test_names(void **state)
{
	static const char *const names_met[] = {"one", "two", "one", "three"};
	static const __u32 numbers[] = {0, 1, 0};

	(void)state;
	cfg_max_names = 2;
	for (int i = 0; i < 4; i++) {
		fake_arg(1, (__u64)(unsigned long)names_met[i]);
		hit(RP_ROLE_NAME_BEGIN, 0, SP, 1000);
		assert_int_equal(depth(), i < 3);
		hit(RP_ROLE_NAME_END, 0, SP, 1100);
		assert_int_equal(depth(), 0);
		if (i < 3)
			assert_int_not_equal(node(FAKE_ROOT, RP_REGION_DYNAMIC + numbers[i]), 0);
	}
	assert_int_equal(fake_figures(FAKE_ROOT, RP_REGION_DYNAMIC).count, 2);
	assert_int_equal(fake_figures(FAKE_ROOT, RP_REGION_DYNAMIC + 1).total, 100);
	assert_int_equal(lost[RP_LOST_NAMES], 2);
	assert_int_equal(fake_strays(RP_REGION_NONE).hits, 2);
	assert_int_equal(lost[RP_LOST_NAME_READS], 0);
	fake_arg_unreadable(1);
	hit(RP_ROLE_NAME_BEGIN, 0, SP, 1000);
	fake_arg(1, 8); /* no address */
	hit(RP_ROLE_NAME_END, 0, SP, 1000);
	assert_int_equal(lost[RP_LOST_NAME_READS], 2);
	assert_int_equal(fake_strays(RP_REGION_NONE).hits, 4);
}

/* A block is ended by its key, whatever was begun in it. */
static void test_blocks(void **state)
{
	(void)state;
	fake_arg(1, 77);
	hit(RP_ROLE_SCOPE_BEGIN, A, SP, 1000);
	fake_arg(1, 78);
	hit(RP_ROLE_SCOPE_BEGIN, B, SP - 10, 1100);
	fake_arg(1, 77);
	hit(RP_ROLE_SCOPE_END, 0, SP, 1500);
	assert_int_equal(depth(), 0);
	assert_int_equal(fake_figures(FAKE_ROOT, A).total, 500);
	assert_int_equal(fake_figures(node(FAKE_ROOT, A), B).unwound, 1);
}

static void test_record(void **state)
{
	const struct rp_thread_info *thread = (void *)fake.ring[0];
	const struct rp_instance *inner = (void *)fake.ring[1], *last = (void *)fake.ring[2],
				 *left = (void *)fake.ring[3], *outer = (void *)fake.ring[4];

	(void)state;
	cfg_record = true;
	first.task.start_time = 12;
	first.task.sched_info.run_delay = 0;
	hit(ENTER, A, SP, 1000);
	hit(ENTER, B, SP - 10, 1100);
	first.task.se.sum_exec_runtime = 0;
	first.task.se.exec_start = 100;
	first.task.sched_info.run_delay = 30;
	hit(LEAVE, B, SP - 10, 1300);
	hit(ENTER, C, SP - 10, 1400);
	hit(ENTER, B, SP - 20, 1999);
	hit(LEAVE, A, SP, 2000);
	assert_int_equal(fake.submitted, 5);
	assert_int_equal(thread->start_time, 12);
	assert_int_equal(thread->process_start_time, 12);
	assert_string_equal(thread->comm, "fake");
	assert_int_equal(inner->node, node(node(FAKE_ROOT, A), B));
	assert_int_equal(inner->start, 1100);
	assert_int_equal(inner->ns, 200);
	assert_int_equal(inner->child, 0);
	assert_int_equal(inner->cpu, 100);
	assert_int_equal(inner->wait, 30);
	assert_int_equal(inner->thread, 1);
	assert_int_equal(inner->kind, 0);
	assert_int_equal(left->kind, RP_INSTANCE_UNWOUND);
	/* Inside of what it was called from, in the order of their ends, too. */
	assert_int_equal(left->ns, 599);
	assert_int_equal(last->start, 1999);
	assert_int_equal(last->ns, 0);
	assert_int_equal(left->cpu, 0);
	assert_int_equal(left->wait, 0);
	assert_int_equal(outer->start, 1000);
	assert_int_equal(outer->ns, 1000);
	assert_int_equal(outer->child, 200);
	assert_int_equal(outer->cpu, 900);
}

/* The ring was full when a thread entered its first region: who it is comes with its first
 * instance.
 */
static void test_thread_is_told_later(void **state)
{
	const struct rp_thread_info *thread = (void *)fake.ring[0];
	const struct rp_instance *instance = (void *)fake.ring[1];

	(void)state;
	cfg_record = true;
	fake.ring_full = true;
	hit(ENTER, A, SP, 1000);
	fake.ring_full = false;
	hit(LEAVE, A, SP, 1500);
	assert_int_equal(fake.submitted, 2);
	assert_int_equal(thread->kind, RP_INSTANCE_THREAD);
	assert_int_equal(thread->tid, PROCESS);
	assert_int_equal(instance->kind, 0);
	assert_int_equal(instance->thread, thread->serial);
}

/* What the record lacks is told at its node: a tree that was not chosen, or what was lost. */
static void test_missing_in_record(void **state)
{
	(void)state;
	cfg_record = true;
	cfg_every = 2;
	fake.random = 1; /* not chosen */
	hit(ENTER, A, SP, 1000);
	fake.random = 2;
	hit(ENTER, B, SP - 10, 1000);
	hit(LEAVE, B, SP - 10, 1100);
	hit(LEAVE, A, SP, 1200);
	assert_int_equal(fake.submitted, 1); /* the thread */
	assert_int_equal(fake_figures(FAKE_ROOT, A).unsampled, 1);
	assert_int_equal(fake_figures(node(FAKE_ROOT, A), B).unsampled, 1);
	fake.ring_full = true;
	hit(ENTER, A, SP, 1000);
	hit(LEAVE, A, SP, 1200);
	assert_int_equal(fake_figures(FAKE_ROOT, A).unrecorded, 1);
	assert_int_equal(fake_figures(FAKE_ROOT, A).count, 2);
	assert_int_equal(lost[RP_LOST_INSTANCES], 1);
}

/* The kernel reports returns: of calls that it took note of, 64 of them at most. */
static void test_return_probes(void **state)
{
	(void)state;
	hit(RP_ROLE_CALL, A, SP, 1000);
	fake.now = 1600;
	fake_hit(rp_return, RP_COOKIE(A, RP_ROLE_CALL, 0, 0, 0, 0), fake_sp(0, SP + 1));
	assert_int_equal(fake_figures(FAKE_ROOT, A).total, 600);
	assert_int_equal(depth(), 0);
	/* A region that ran on another stack has RET sites, too: these take it. */
	hit(ENTER, A, SP, 1000);
	hit(RP_ROLE_CALL, A, SP, 1000);
	assert_int_equal(depth(), 1);
	hit(LEAVE, A, SP, 1100);
	assert_int_equal(depth(), 0);
	assert_int_equal(fake_figures(FAKE_ROOT, A).entries, 2);
	assert_int_equal(fake_figures(FAKE_ROOT, A).unwound, 0);
	first.utask.depth = 63;
	hit(ENTER, B, SP + 10, 1000);
	hit(LEAVE, B, SP + 10, 1000);
	hit(RP_ROLE_CALL, A, SP, 1000);
	assert_int_equal(depth(), 1);
	first.utask.depth = 64;
	hit(RP_ROLE_CALL, A, SP - 10, 1000);
	assert_int_equal(depth(), 1);
	assert_int_equal(lost[RP_LOST_RETURNS], 1);
	assert_int_equal(fake_strays(A).hits, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_functions),
		TEST(test_clocks),
		TEST(test_recursion),
		TEST(test_left),
		TEST(test_tail_call),
		TEST(test_overlapping),
		TEST(test_labelled_by_return),
		TEST(test_labelled),
		TEST(test_depth),
		TEST(test_deep),
		TEST(test_no_node),
		TEST(test_unmatched),
		TEST(test_too_short),
		TEST(test_within),
		TEST(test_calibration),
		TEST(test_names),
		TEST(test_blocks),
		TEST(test_record),
		TEST(test_thread_is_told_later),
		TEST(test_missing_in_record),
		TEST(test_return_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
