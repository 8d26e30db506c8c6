// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Spans in the kernel: what a begin and an end count, whose they are, and what else ends them. */
#include "bpf_fixture.h"

enum { SPAN = 7, ID = 1 };
enum { BEGIN = RP_ROLE_SPAN_BEGIN, END = RP_ROLE_SPAN_END };

/* Of another process. */
static struct fake_thread other;

static void span_hit(struct fake_thread *t, __u32 role, __u64 id, __u64 now)
{
	fake_run(t);
	fake.now = now;
	fake_arg(ID, id);
	fake_hit(rp_span, RP_COOKIE(SPAN, role, 0, ID, 0, 0), fake_sp(0, 100));
}

static struct rp_figures figures(void)
{
	return fake_figures(FAKE_ROOT, SPAN);
}

static size_t spans_there(void)
{
	size_t n = 0;

	for (struct fake_element *e = fake.elements; e; e = e->next)
		n += e->map == &spans && !e->deleted;
	return n;
}

static void assert_figures(struct rp_figures want)
{
	struct rp_figures f = figures();

	assert_int_equal(f.entries, want.entries);
	assert_int_equal(f.count, want.count);
	assert_int_equal(f.unwound, want.unwound);
	assert_int_equal(f.skipped, want.skipped);
	assert_int_equal(f.total, want.total);
	assert_int_equal(f.self, want.total);
	assert_int_equal(spans_there(), want.entries - want.count - want.unwound - want.skipped);
}

static void test_ends_on_another_thread(void **state)
{
	(void)state;
	span_hit(&first, BEGIN, 5, 1000);
	span_hit(&first, BEGIN, 6, 1500);
	assert_figures((struct rp_figures){.entries = 2});
	span_hit(&second, END, 5, 1700);
	assert_figures((struct rp_figures){.entries = 2, .count = 1, .total = 700});
	span_hit(&second, END, 6, 1800);
	assert_figures((struct rp_figures){.entries = 2, .count = 2, .total = 1000});
	assert_int_equal(~figures().min_inv, 300);
	assert_int_equal(figures().max, 700);
	assert_int_equal(fake_strays(SPAN).hits, 0);
}

/* The same id in another process is another span. */
static void test_of_their_process(void **state)
{
	__u32 tgid = PROCESS + 50, none = 0;

	(void)state;
	fake_thread_init(&other, &other, PROCESS + 50, PROCESS + 50);
	bpf_map_update_elem(&tracked, &tgid, &none, BPF_ANY);
	span_hit(&first, BEGIN, 5, 1000);
	span_hit(&other, BEGIN, 5, 1100);
	assert_figures((struct rp_figures){.entries = 2});
	span_hit(&other, END, 5, 1200);
	span_hit(&first, END, 5, 1900);
	assert_figures((struct rp_figures){.entries = 2, .count = 2, .total = 1000});
}

static void test_same_id_again(void **state)
{
	(void)state;
	cfg_record = true;
	span_hit(&first, BEGIN, 5, 1000);
	span_hit(&second, BEGIN, 5, 1500);
	assert_figures((struct rp_figures){.entries = 2, .unwound = 1});
	span_hit(&first, END, 5, 1600);
	assert_figures((struct rp_figures){.entries = 2, .unwound = 1, .count = 1, .total = 100});
}

/* In a record: who began it and who ended it, in that order. */
static void test_record(void **state)
{
	const struct rp_thread_info *thread = (void *)fake.ring[0];
	const struct rp_instance *instance = (void *)fake.ring[2];

	(void)state;
	cfg_record = true;
	span_hit(&first, BEGIN, 5, 1000);
	fake.cpu = 0;
	span_hit(&second, END, 5, 1700);
	assert_int_equal(fake.submitted, 3);
	assert_int_equal(thread->kind, RP_INSTANCE_THREAD);
	assert_int_equal(thread->tid, PROCESS);
	assert_int_equal(thread->serial, 1);
	assert_int_equal(thread[0].tgid, PROCESS);
	thread = (void *)fake.ring[1];
	assert_int_equal(thread->tid, PROCESS + 1);
	assert_int_equal(thread->serial, 2);
	assert_int_equal(instance->kind, RP_INSTANCE_SPAN);
	assert_int_equal(instance->span, 5);
	assert_int_equal(instance->begun_by, 1);
	assert_int_equal(instance->thread, 2);
	assert_int_equal(instance->start, 1000);
	assert_int_equal(instance->ns, 700);
	assert_int_equal(instance->wait, 0);
}

static void test_left_out_of_record(void **state)
{
	(void)state;
	cfg_record = true;
	cfg_every = 2;
	fake.random = 1; /* not chosen */
	span_hit(&first, BEGIN, 5, 1000);
	span_hit(&first, END, 5, 1700);
	assert_int_equal(fake.submitted, 1); /* the thread */
	assert_int_equal(figures().unsampled, 1);
	assert_int_equal(figures().unrecorded, 0);
	fake.ring_full = true;
	fake.random = 2;
	span_hit(&first, BEGIN, 5, 2000);
	span_hit(&first, END, 5, 2700);
	assert_int_equal(figures().unsampled, 1);
	assert_int_equal(figures().unrecorded, 1);
	assert_int_equal(lost[RP_LOST_INSTANCES], 1);
	assert_int_equal(figures().count, 2);
}

/* What is too short is over all the same. */
static void test_filtered(void **state)
{
	(void)state;
	cfg_min_duration = 500;
	span_hit(&first, BEGIN, 5, 1000);
	span_hit(&first, END, 5, 1499);
	assert_figures((struct rp_figures){.entries = 1, .skipped = 1});
	span_hit(&first, BEGIN, 5, 2000);
	span_hit(&first, END, 5, 2500);
	assert_figures((struct rp_figures){.entries = 2, .skipped = 1, .count = 1, .total = 500});
}

/* An end that finds no span is a surprise where its begin should have been seen. */
static void test_unmatched(void **state)
{
	static const struct {
		bool begun_before, process_is_new;
		__u32 additions;
		__u64 lost_begins;
		__u64 unmatched;
	} cases[] = {
		{.unmatched = 0},
		{.begun_before = true, .unmatched = 1},
		{.process_is_new = true, .unmatched = 1},
		{.begun_before = true, .additions = 1, .unmatched = 0},
		{.process_is_new = true, .additions = 1, .unmatched = 0},
		{.begun_before = true, .lost_begins = 1, .unmatched = 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_setup(state);
		if (cases[i].begun_before) {
			span_hit(&first, BEGIN, 5, 1000);
			span_hit(&first, END, 5, 1100);
		}
		ready_time = 500;
		first.task.start_time = cases[i].process_is_new ? 500 : 499;
		additions = cases[i].additions;
		lost_span_begins = cases[i].lost_begins;
		span_hit(&first, END, 5, 2000);
		assert_int_equal(fake_strays(SPAN).hits, 1);
		assert_int_equal(fake_strays(SPAN).unmatched, cases[i].unmatched);
		assert_int_equal(lost[RP_LOST_UNMATCHED], cases[i].unmatched);
		assert_int_equal(lost_span_begins, 0);
	}
}

/* Only the first end without a begin is none: then it is known that such spans are seen. */
static void test_unmatched_is_not_remembered_of_ends(void **state)
{
	(void)state;
	ready_time = 500;
	span_hit(&first, END, 5, 1000);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 0);
	span_hit(&first, END, 5, 1000);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 1);
	span_hit(&first, END, 6, 1000);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 1);
}

/* Places are given back as spans end, however they end. */
static void test_places(void **state)
{
	(void)state;
	fake_share(&first, 1000);
	fake_share(&second, 1000);
	cfg_max_spans = 8;
	for (int round = 0; round < 20; round++) {
		span_hit(&first, BEGIN, 5, 1000);
		assert_int_equal(spans_open, 1);
		span_hit(&first, BEGIN, 5, 1000);
		assert_int_equal(spans_open, 1);
		span_hit(&second, END, 5, 1700);
		assert_int_equal(spans_open, 0);
	}
	assert_int_equal(lost[RP_LOST_SPANS], 0);
	assert_int_equal(figures().count, 20);
	assert_int_equal(figures().unwound, 20);
	/* That of a begin without room, too. */
	fake.full = 1;
	span_hit(&first, BEGIN, 5, 1000);
	assert_int_equal(lost[RP_LOST_SPANS], 1);
	assert_int_equal(spans_open, 0);
	fake.full = 0;
	span_hit(&first, BEGIN, 5, 1000);
	assert_int_equal(spans_open, 1);
	fake_run(&first);
	rp_exit((unsigned long long[]){(__u64)&first.task});
	assert_int_equal(spans_open, 0);
}

static void test_no_room(void **state)
{
	(void)state;
	span_hit(&first, BEGIN, 1, 1000); /* the node is there */
	span_hit(&first, END, 1, 1000);
	fake.full = 1;
	span_hit(&first, BEGIN, 5, 1000);
	assert_int_equal(lost[RP_LOST_SPANS], 1);
	assert_int_equal(fake_strays(SPAN).hits, 1);
	assert_int_equal(figures().entries, 1);
	assert_int_equal(lost_span_begins, 1);
	span_hit(&first, END, 5, 1100);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 0);
	assert_int_equal(lost_span_begins, 0);
}

static void test_no_node(void **state)
{
	(void)state;
	cfg_max_nodes = 2; /* one for the root */
	span_hit(&first, BEGIN, 5, 1000);
	assert_int_equal(lost[RP_LOST_NODES], 1);
	assert_int_equal(fake_strays(SPAN).hits, 2);
	assert_int_equal(spans_there(), 1);
	span_hit(&first, END, 5, 1100);
	assert_int_equal(fake_strays(SPAN).hits, 2);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 0);
	assert_int_equal(spans_there(), 0);
}

static void test_id_unreadable(void **state)
{
	(void)state;
	fake_arg_unreadable(ID);
	fake_hit(rp_span, RP_COOKIE(SPAN, BEGIN, 0, ID, 0, 0), fake_sp(0, 100));
	assert_int_equal(lost[RP_LOST_SPANS], 1);
	assert_int_equal(lost_span_begins, 1);
	fake_hit(rp_span, RP_COOKIE(SPAN, END, 0, ID, 0, 0), fake_sp(0, 100));
	assert_int_equal(lost[RP_LOST_SPANS], 2);
	assert_int_equal(lost_span_begins, 1);
	assert_int_equal(fake_strays(SPAN).hits, 2);
	assert_int_equal(spans_there(), 0);
}

/* What was begun outside of --within is remembered, and counts nowhere, wherever it ends. */
static void test_outside(void **state)
{
	__u32 around = 9;
	__u8 none = 0;

	(void)state;
	cfg_within = true;
	bpf_map_update_elem(&within, &around, &none, BPF_ANY);
	span_hit(&first, BEGIN, 5, 1000);
	assert_int_equal(fake_strays(SPAN).hits, 1);
	fake_hit(rp_probe, RP_COOKIE(around, RP_ROLE_BEGIN, 0, 0, 0, 0), fake_sp(0, 100));
	span_hit(&first, BEGIN, 6, 1000);
	span_hit(&first, END, 5, 1100);
	assert_int_equal(fake_strays(SPAN).hits, 2);
	fake_hit(rp_probe, RP_COOKIE(around, RP_ROLE_END, 0, 0, 0, 0), fake_sp(0, 100));
	span_hit(&first, END, 6, 1300);
	assert_figures((struct rp_figures){.entries = 1, .count = 1, .total = 300});
	span_hit(&first, END, 6, 1400);
	assert_int_equal(fake_strays(SPAN).hits, 3);
	assert_int_equal(lost[RP_LOST_UNMATCHED], 0);
}

/* They end with their process, or its program, and with no other. */
static void test_process_ends(void **state)
{
	__u32 tgid = PROCESS + 50, none = 0;
	struct super_block disk = {.s_dev = 3};
	struct inode inode = {.i_sb = &disk, .i_ino = 8};
	struct file file = {.f_inode = &inode};
	struct linux_binprm program = {.interp = "/bin/next"};
	const struct rp_event *event = (void *)fake.ring[0];

	(void)state;
	fake_thread_init(&other, &other, PROCESS + 50, PROCESS + 50);
	bpf_map_update_elem(&tracked, &tgid, &none, BPF_ANY);
	span_hit(&first, BEGIN, 5, 1000);
	span_hit(&other, BEGIN, 5, 1000);
	first.mm.exe_file = &file;
	first.task.self_exec_id = 1;
	fake_run(&first);
	rp_exec((unsigned long long[]){(__u64)&first.task, PROCESS, (__u64)&program});
	rp_exec_again((unsigned long long[]){(__u64)&first.task, PROCESS, (__u64)&program});
	assert_int_equal(figures().unwound, 1);
	assert_int_equal(spans_there(), 1);
	assert_int_equal(fake.submitted, 1);
	assert_int_equal(event->header.type, RP_EVENT_EXEC);
	assert_int_equal(event->pid, PROCESS);
	assert_int_equal(event->dev, 3);
	assert_int_equal(event->detail, 8);
	assert_string_equal(event->path, "/bin/next");
	span_hit(&other, END, 5, 1400);
	assert_figures((struct rp_figures){.entries = 2, .unwound = 1, .count = 1, .total = 400});
	span_hit(&first, BEGIN, 5, 1500);
	fake_run(&first);
	rp_exit((unsigned long long[]){(__u64)&first.task});
	assert_int_equal(figures().unwound, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ends_on_another_thread),
		TEST(test_of_their_process),
		TEST(test_same_id_again),
		TEST(test_record),
		TEST(test_left_out_of_record),
		TEST(test_filtered),
		TEST(test_unmatched),
		TEST(test_unmatched_is_not_remembered_of_ends),
		TEST(test_places),
		TEST(test_no_room),
		TEST(test_no_node),
		TEST(test_id_unreadable),
		TEST(test_outside),
		TEST(test_process_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
