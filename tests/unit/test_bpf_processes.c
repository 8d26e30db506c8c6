// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Whose hits count: of which processes, groups and generations of probes; and what is open. */
#include "bpf_fixture.h"

/* A grouping that is asked for anew holds from the next call on that is the outermost. */
static void test_groups(void **state)
{
	__u64 label;

	(void)state;
	first.task.start_time = 5ull << 20;
	second.task.start_time = 9ull << 20;
	hit(ENTER, A, SP, 1000);
	group_by = RP_GROUP_THREAD;
	grouping_serial++;
	hit(ENTER, B, SP - 10, 1000);
	hit(LEAVE, B, SP - 10, 1100);
	hit(LEAVE, A, SP, 1200);
	assert_int_equal(fake_figures(node(FAKE_ROOT, A), B).count, 1);
	hit(ENTER, A, SP, 1300);
	hit(LEAVE, A, SP, 1400);
	label = PROCESS | 5ull << 32;
	assert_int_equal(fake_figures(fake_node(0, 0, label), A).count, 1);
	fake_run(&second);
	hit(ENTER, A, SP, 1300);
	hit(LEAVE, A, SP, 1400);
	label = (PROCESS + 1) | 9ull << 32;
	assert_int_equal(fake_figures(fake_node(0, 0, label), A).count, 1);
	assert_int_equal(fake_figures(FAKE_ROOT, A).count, 1);
}

/* Whose roots are one: of two threads of a process, and of a process of the same command. */
static void test_groupings(void **state)
{
	enum { THREADS = 3 };
	const __u64 of_first = PROCESS | 5ull << 32, of_second = (PROCESS + 1) | 9ull << 32,
		    of_other = (PROCESS + 50) | 7ull << 32;
	const char command[8] = "lead";
	const struct {
		__u32 by;
		__u64 label[THREADS];
		const char *name_of_second;
	} cases[] = {
		{RP_GROUP_NONE, {0, 0, 0}, "lead"},
		{RP_GROUP_PROCESS, {of_first, of_first, of_other}, "lead"},
		{RP_GROUP_THREAD, {of_first, of_second, of_other}, "work"},
		{RP_GROUP_COMMAND, {}, "lead"},
		{RP_GROUP_CGROUP, {77, 77, 77}, "lead"},
	};
	struct fake_thread other, *threads[THREADS] = {&first, &second, &other};
	__u32 tgid = PROCESS + 50, none = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_setup(state);
		fake_thread_init(&other, &other, PROCESS + 50, PROCESS + 50);
		bpf_map_update_elem(&tracked, &tgid, &none, BPF_ANY);
		memcpy(first.task.comm, "lead", 5);
		memcpy(second.task.comm, "work", 5);
		memcpy(other.task.comm, "lead", 5);
		first.task.start_time = 5ull << 20;
		second.task.start_time = 9ull << 20;
		other.task.start_time = 7ull << 20;
		group_by = cases[i].by;
		for (int k = 0; k < THREADS; k++) {
			__u64 label = cases[i].label[k], before;
			struct rp_node *root;
			__u32 id;

			if (cases[i].by == RP_GROUP_COMMAND)
				memcpy(&label, command, sizeof(label));
			id = fake_node(0, 0, label);
			before = fake_figures(id, A).count;
			fake_run(threads[k]);
			hit(ENTER, A, SP, 1000);
			hit(LEAVE, A, SP, 1100);
			id = fake_node(0, 0, label);
			assert_int_equal(fake_figures(id, A).count, before + 1);
			root = bpf_map_lookup_elem(&nodes, &id);
			assert_string_equal(root->comm, k == 1 ? cases[i].name_of_second : "lead");
		}
		assert_int_equal(fake.submitted, cases[i].by == RP_GROUP_CGROUP);
	}
}

/* While probes are replaced each call counts once: by the new one where both are hit. */
static void test_swap(void **state)
{
	(void)state;
	site_group_state[0] = 2 | RP_GENERATION_SWAPPING;
	fake.now = 1000;
	fake_hit(rp_probe, RP_COOKIE(A, ENTER, 0, 0, 0, 2), fake_sp(0, SP));
	fake_hit(rp_probe, RP_COOKIE(A, ENTER, 0, 0, 0, 1), fake_sp(0, SP));
	assert_int_equal(fake_figures(FAKE_ROOT, A).entries, 1);
	/* The new ones lack B, which is not left out; C is. */
	fake_hit(rp_probe, RP_COOKIE(B, ENTER, 0, 0, 0, 1), fake_sp(0, SP - 10));
	assert_int_equal(fake_figures(node(FAKE_ROOT, A), B).entries, 1);
	fake_hit(rp_probe, RP_COOKIE(C, ENTER, 0, 0, 0, 1), fake_sp(0, SP - 20));
	bpf_map_update_elem(&left_out, &(__u64){C}, &(__u8){0}, BPF_ANY);
	fake_hit(rp_probe, RP_COOKIE(C, ENTER, 0, 0, 0, 1), fake_sp(0, SP - 30));
	assert_int_equal(depth(), 3);
	/* What it has open still ends by its exit. */
	fake_hit(rp_probe, RP_COOKIE(C, LEAVE, 0, 0, 0, 1), fake_sp(0, SP - 20));
	assert_int_equal(depth(), 2);
	fake_hit(rp_probe, RP_COOKIE(B, LEAVE, 0, 0, 0, 1), fake_sp(0, SP - 10));
	assert_int_equal(depth(), 1);
	/* Over: the old ones count no more. */
	site_group_state[0] = 2;
	fake_hit(rp_probe, RP_COOKIE(B, ENTER, 0, 0, 0, 1), fake_sp(0, SP - 10));
	assert_int_equal(depth(), 1);
	ready = false;
	fake_hit(rp_probe, RP_COOKIE(B, ENTER, 0, 0, 0, 2), fake_sp(0, SP - 10));
	assert_int_equal(depth(), 1);
}

/* What runs is followed where it is to be, and nothing else is traced. */
static void test_processes(void **state)
{
	const struct rp_event *event = (void *)fake.ring[0];
	struct fake_thread child, stranger;
	__u32 tgid;

	(void)state;
	fake_thread_init(&child, &child, PROCESS + 1, PROCESS + 1);
	fake_thread_init(&stranger, &stranger, PROCESS + 2, PROCESS + 2);
	cfg_follow = false;
	rp_fork((unsigned long long[]){(__u64)&first.task, (__u64)&child.task});
	tgid = PROCESS + 1;
	assert_null(bpf_map_lookup_elem(&tracked, &tgid));
	cfg_follow = true;
	rp_fork((unsigned long long[]){(__u64)&first.task, (__u64)&child.task});
	rp_fork_again((unsigned long long[]){(__u64)&first.task, (__u64)&child.task});
	assert_non_null(bpf_map_lookup_elem(&tracked, &tgid));
	assert_int_equal(fake.submitted, 1);
	assert_int_equal(event->header.type, RP_EVENT_FORK);
	assert_int_equal(event->pid, PROCESS + 1);
	assert_int_equal(event->detail, PROCESS);
	fake_run(&stranger);
	hit(ENTER, A, SP, 1000);
	assert_int_equal(nodes_used, 0);
	fake_run(&child);
	hit(ENTER, A, SP, 1000);
	assert_int_equal(fake_figures(FAKE_ROOT, A).entries, 1);
	/* The last thread takes what is open with it. */
	child.signal = (struct signal_struct){.group_exit_code = 0x8b, .sum_sched_runtime = 40};
	child.task.se.exec_start = 700;
	fake.now = 1000;
	rp_exit((unsigned long long[]){(__u64)&child.task});
	rp_exit_again((unsigned long long[]){(__u64)&child.task});
	event = (void *)fake.ring[1];
	assert_int_equal(fake.submitted, 2);
	assert_int_equal(event->header.type, RP_EVENT_EXIT);
	assert_int_equal(event->signal, 0x0b);
	assert_int_equal(event->detail, 340);
	assert_int_equal(fake_figures(FAKE_ROOT, A).unwound, 1);
	assert_null(bpf_map_lookup_elem(&tracked, &tgid));
}

/* Where the state of a thread is: its slot, else its storage, else beside that of goroutines. */
static void test_places_of_threads(void **state)
{
	enum { IN_SLOT, IN_STORAGE, BESIDE, NOWHERE, THREADS };
	struct fake_thread threads[THREADS];

	(void)state;
	first.signal.live.counter = 1;
	for (int i = 0; i < THREADS; i++) {
		fake_thread_init(&threads[i], &first, PROCESS, PROCESS + (int)THREAD_SLOTS * i);
		threads[i].signal.live.counter = 1;
		fake_run(&threads[i]);
		fake.full = i == BESIDE ? 1 : i == NOWHERE ? 2 : 0;
		hit(ENTER, A, SP, 1000);
		fake.full = 0;
		assert_int_equal(lost[RP_LOST_THREADS], i == NOWHERE);
		assert_int_equal(goroutine_places_used, i >= BESIDE);
	}
	for (int i = 0; i < NOWHERE; i++) {
		fake_run(&threads[i]);
		assert_int_equal(depth(), 1);
		hit(LEAVE, A, SP, 1100);
		assert_int_equal(fake_figures(FAKE_ROOT, A).count, i + 1);
		rp_exit((unsigned long long[]){(__u64)&threads[i].task});
	}
	assert_int_equal(goroutine_places_used, 0);
	/* The slot is free for another one. */
	fake_run(&threads[NOWHERE]);
	hit(ENTER, A, SP, 2000);
	assert_int_equal(depth(), 1);
	assert_int_equal(lost[RP_LOST_THREADS], 1);
}

/* What is open, as user space reads it: from the outermost in. */
static void test_open(void **state)
{
	const struct rp_open_stack *stack = (void *)fake.ring[0];
	const struct rp_open_frame *frame;
	struct bpf_iter_meta meta = {0};
	struct bpf_iter__task walk = {.meta = &meta, .task = &first.task};

	(void)state;
	rp_open_threads(&walk);
	assert_int_equal(fake.submitted, 0);
	hit(ENTER, A, SP, 1000);
	hit(ENTER, B, SP - 10, 1100);
	rp_open_threads(&walk);
	assert_int_equal(fake.submitted, 3);
	assert_int_equal(stack->frames, 2);
	assert_int_equal(stack->tgid, PROCESS);
	assert_int_equal(stack->tid, PROCESS);
	for (__u32 i = 0; i < 2; i++) {
		frame = (void *)fake.ring[1 + i];
		assert_int_equal(frame->start, 1000 + 100 * i);
		assert_int_equal(frame->region & RP_REGION_MASK, i ? B : A);
		assert_int_equal(frame->node, i ? node(node(FAKE_ROOT, A), B) : node(FAKE_ROOT, A));
	}
	/* All of a deep one. */
	fake.submitted = 0;
	for (int i = 2; i < 50; i++)
		hit(ENTER, B, SP - 10 * i, 1000 + 100 * (__u64)i);
	rp_open_threads(&walk);
	assert_int_equal(fake.submitted, 51);
	for (__u32 i = 0; i < 50; i++)
		assert_int_equal(((struct rp_open_frame *)fake.ring[1 + i])->start, 1000 + 100 * i);
	fake.submitted = 3;
	walk.task = &second.task;
	rp_open_threads(&walk);
	assert_int_equal(fake.submitted, 3);
}

/*
 * A thread has a number in each namespace around it; by ours it is known, whichever that is, and
 * what is behind the numbers is none of them.
 */
static void test_numbers_in_namespaces(void **state)
{
	struct pid_namespace namespaces[] = {{{501}}, {{502}}, {{503}}, {{504}}};
	struct pid *pid = calloc(1, sizeof(*pid) + 4 * sizeof(*pid->numbers));

	(void)state;
	assert_non_null(pid);
	pid->level = 2;
	for (int i = 0; i < 4; i++) {
		pid->numbers[i].nr = 70 + i;
		pid->numbers[i].ns = &namespaces[i];
	}
	first.task.thread_pid = pid;
	assert_int_equal(tid_of(&first.task), PROCESS);
	for (__u32 i = 0; i < 4; i++) {
		__u32 number = i <= pid->level ? 70 + i : 0;

		cfg_pid_namespace = namespaces[i].ns.inum;
		assert_int_equal(tid_of(&first.task), number);
		assert_int_equal(tgid_of(&first.task), number);
		assert_int_equal(tgid_inline(&first.task), number);
	}
	free(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_groups),
		TEST(test_groupings),
		TEST(test_swap),
		TEST(test_processes),
		TEST(test_places_of_threads),
		TEST(test_numbers_in_namespaces),
		TEST(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
