// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Threads that sleep in regions: for how long, who wakes them, and the samples of all threads. */
#include "bpf_fixture.h"

static struct rp_waker_figures woken(__u32 waker)
{
	struct rp_waker_key key = {.node = node(FAKE_ROOT, A), .waker = waker};
	struct rp_waker_figures *figures = bpf_map_lookup_elem(&wakers, &key);

	return figures ? *figures : (struct rp_waker_figures){0};
}

typedef int (*switch_program)(unsigned long long *ctx);

/* Off the CPU goes prev, whose state is not 0 where it sleeps; next has run for `ran` by then. */
static void change(switch_program program, bool preempt, struct fake_thread *prev,
		   struct fake_thread *next, unsigned int state, __u64 now)
{
	fake_run(prev);
	fake.now = fake_rq.clock = fake_rq.clock_task = now;
	program((unsigned long long[]){preempt, (__u64)&prev->task, (__u64)&next->task, state});
}

/* A thread has run up to now, and since then it does not. */
static void ran(struct fake_thread *t, __u64 now)
{
	t->task.se.sum_exec_runtime += now - t->task.se.exec_start;
	t->task.se.exec_start = now;
}

/* The first thread sleeps in A from 2000 to 2500, is woken, and gets the CPU at 2600. */
static void sleep_in_a(switch_program program, struct fake_thread *by)
{
	fake_thread_init(&first, &first, PROCESS, PROCESS);
	clock_ahead = 12345; /* has no part in it where the scheduler's own clock is known */
	first.task.se.exec_start = 1000;
	fake_run(&first);
	hit(ENTER, A, SP, 1000);
	ran(&first, 2000);
	change(program, false, &first, &second, 1, 2000);
	if (by) {
		fake_run(by);
		fake.now = 2500;
		rp_waking((unsigned long long[]){(__u64)&first.task});
	}
	first.task.sched_info.last_queued = 2500;
	/* It did not run meanwhile: the kernel has it begin now. */
	first.task.se.exec_start = 2600;
	change(program, false, &second, &first, 1, 2600);
}

static void test_who_wakes(void **state)
{
	static struct fake_thread stranger;
	static const struct {
		__u32 preempt_count, waker;
		bool in_region, is_stranger;
	} cases[] = {
		{0, B, .in_region = true},
		{.waker = RP_WAKER_OUTSIDE},
		{0, RP_WAKER_UNTRACED, .is_stranger = true},
		{0x00010000, RP_WAKER_INTERRUPT, .in_region = true},
		{0x00000100, RP_WAKER_INTERRUPT, .in_region = true},
		{0x00000200, B, .in_region = true}, /* softirqs are disabled */
		{0x01000000, RP_WAKER_UNKNOWN, .in_region = true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_setup(state);
		fake_thread_init(&stranger, &stranger, PROCESS + 9, PROCESS + 9);
		fake_run(&second);
		if (cases[i].in_region)
			hit(ENTER, B, SP, 1000);
		fake_preempt_count = cases[i].preempt_count;
		sleep_in_a(rp_waker_switch, cases[i].is_stranger ? &stranger : &second);
		assert_int_equal(woken(cases[i].waker).count, 1);
		assert_int_equal(woken(cases[i].waker).ns, 500);
	}
}

static void test_nobody_is_seen_to_wake(void **state)
{
	(void)state;
	sleep_in_a(rp_waker_switch, NULL);
	assert_int_equal(woken(RP_WAKER_UNKNOWN).count, 1);
	assert_int_equal(woken(RP_WAKER_UNKNOWN).ns, 500);
	/* Who woke it before has no part in its next sleep. */
	sleep_in_a(rp_waker_switch, &second);
	assert_int_equal(woken(RP_WAKER_OUTSIDE).count, 1);
}

/* What is preempted, or goes on running, does not sleep. */
static void test_no_sleep(void **state)
{
	(void)state;
	hit(ENTER, A, SP, 1000);
	for (int i = 0; i < 2; i++) {
		switch_program program = i ? rp_switch : rp_waker_switch;

		change(program, true, &first, &second, 1, 2000);
		change(program, false, &second, &first, 0, 2600);
		change(program, false, &first, &second, 0, 2700);
		change(program, false, &second, &first, 0, 2900);
	}
	assert_int_equal(wakers_used, 0);
	assert_int_equal(fake_figures(FAKE_ROOT, A).asleep, 0);
}

/* Nor does it in what does not count. */
static void test_sleep_in_what_is_left_out(void **state)
{
	(void)state;
	cfg_within = true;
	sleep_in_a(rp_waker_switch, &second);
	assert_int_equal(wakers_used, 0);
}

static void test_no_room_for_wakers(void **state)
{
	(void)state;
	cfg_max_wakers = 0;
	sleep_in_a(rp_waker_switch, &second);
	assert_int_equal(lost[RP_LOST_WAKERS], 1);
	assert_int_equal(woken(RP_WAKER_OUTSIDE).count, 0);
}

/* Time is told of every sleep, stacks of so many. */
static void test_asleep(void **state)
{
	const struct rp_sample *sample = (void *)fake.ring[0];
	const struct rp_woken *end = (void *)fake.ring[1];

	(void)state;
	cfg_sleeps_max = 1;
	sleep_in_a(rp_switch, NULL);
	assert_int_equal(fake.submitted, 2);
	assert_int_equal(sample->kind, RP_SAMPLE_KIND_SLEEP);
	assert_int_equal(sample->tid, PROCESS);
	assert_int_equal(sample->tgid, PROCESS);
	assert_int_equal(sample->node, node(FAKE_ROOT, A));
	assert_int_equal(sample->time, 2000);
	assert_int_equal(sample->flags, 0);
	assert_int_equal(end->kind, RP_SAMPLE_KIND_WOKEN);
	assert_int_equal(end->tid, PROCESS);
	assert_int_equal(end->ns, 500);
	assert_int_equal(fake_figures(FAKE_ROOT, A).asleep, 500);
	assert_int_equal(fake_figures(FAKE_ROOT, A).asleep_untold, 0);
	sleep_in_a(rp_switch, NULL);
	assert_int_equal(fake.submitted, 2);
	assert_int_equal(lost[RP_LOST_SLEEPS], 1);
	assert_int_equal(fake_figures(FAKE_ROOT, A).asleep, 1000);
	assert_int_equal(fake_figures(FAKE_ROOT, A).asleep_untold, 500);
}

static void test_samples(void **state)
{
	struct bpf_perf_event_data interrupted = {.sample_period = 1000};
	const struct rp_sample *s = (void *)fake.ring[0];
	struct fake_thread stranger;
	struct xol_area area = {.vaddr = 0x7000};

	(void)state;
#ifdef __x86_64__
	interrupted.regs.cs = 0x33;
	fake.regs.rip = 0x7ff8;
#endif
	hit(ENTER, A, SP, 1000);
	rp_take_sample(&interrupted);
	assert_int_equal(fake.submitted, 1);
	assert_int_equal(s->kind, RP_SAMPLE_KIND_SAMPLE);
	assert_int_equal(s->node, node(FAKE_ROOT, A));
	assert_int_equal(s->flags, 0);
	first.mm.uprobes_state.xol_area = &area;
	hit(LEAVE, A, SP, 1000);
	memset(&interrupted.regs, 0, sizeof(interrupted.regs));
	rp_take_sample(&interrupted);
	s = (void *)fake.ring[1];
	assert_int_equal(s->node, 0);
	assert_int_equal(s->flags & RP_SAMPLE_KERNEL, RP_SAMPLE_KERNEL);
	/* Two events of a thread come faster than one can. */
	samples_may_double = true;
	for (__u64 cpu = 5000; cpu < 8000; cpu += 250) {
		first.task.se.sum_exec_runtime = cpu;
		rp_take_sample(&interrupted);
	}
	samples_may_double = false;
	assert_int_equal(fake.submitted, 2 + 6);
	fake.ring_full = true;
	rp_take_sample(&interrupted);
	assert_int_equal(lost[RP_LOST_SAMPLES], 1);
	fake_thread_init(&stranger, &stranger, PROCESS + 9, PROCESS + 9);
	fake_run(&stranger);
	rp_take_sample(&interrupted);
	assert_int_equal(lost[RP_LOST_SAMPLES], 1);
}

/* The pending return that a place on the stack was taken from; where there is none, all are left.
 */
static void test_pending_returns(void **state)
{
	struct return_instance outer = {.stack = 0x5000, .orig_ret_vaddr = 0x405},
			       inner = {.stack = 0x4000, .orig_ret_vaddr = 0x404, .next = &outer};
	struct rp_unwind_walk walk = {.pending = (__u64)(unsigned long)&inner};
	struct rp_unwind_frames frames = {.w = &walk};

	(void)state;
	assert_false(take_pending(&frames, 0x4100, 0x4108));
	assert_true(take_pending(&frames, 0x4000, 0x4008));
	assert_int_equal(walk.regs.ip, 0x404);
	assert_int_equal(walk.regs.sp, 0x4008);
	assert_true(take_pending(&frames, 0x4ff8, 0x5000));
	assert_int_equal(walk.regs.ip, 0x405);
	assert_int_equal(walk.regs.sp, 0x5008);
	assert_false(take_pending(&frames, 0x6000, 0x6008));
}

/* Of each caller, the last byte of its call, not what comes behind it. */
static void test_addresses_of_callers(void **state)
{
	static _Alignas(MEMORY_BLOCK_BYTES) __u64 words[MEMORY_BLOCK_WORDS];
	struct rp_unwind_regs regs = {.ip = 0x401000, .sp = (__u64)words, .fp = (__u64)words};
	struct rp_unwind_out out;
	__u32 end;

	(void)state;
	words[0] = (__u64)&words[2];
	words[1] = 0x402005;
	words[3] = 0x403007;
	forget_memory();
	assert_int_equal(unwind_user(PROCESS, &regs, &out, &end), 3);
	assert_int_equal(end, RP_UNWIND_END_NO_ROW);
	assert_int_equal(out.address[0], 0x401000);
	assert_int_equal(out.address[1], 0x402004);
	assert_int_equal(out.address[2], 0x403006);
}

/* Two processes with different code at the same addresses, all of which are kept at one place. */
static void test_rows_of_processes(void **state)
{
	enum { BASE = 0x400000, BYTES = 0x2000, ROWS = 2, PROCESSES = 2 };
	static const __u32 starts[ROWS] = {0x1000, 0x1401};
	static struct rp_unwind_process processes[PROCESSES];
	const __u64 elsewhere = (__u64)RP_UNWIND_ELSEWHERE << 32;

	(void)state;
	for (__u32 i = 0; i < PROCESSES; i++) {
		void *table = bpf_map_lookup_elem(&unwind_objects, &i);

		for (__u32 k = 0; k < RP_UNWIND_MAPPINGS_MAX; k++)
			processes[i].mappings[k].start = RP_UNWIND_NOWHERE;
		processes[i].serial = 1 + i;
		processes[i].mappings[0] = (struct rp_unwind_mapping){.start = BASE,
								      .end = BASE + BYTES,
								      .bias = BASE,
								      .object = i,
								      .rows = ROWS};
		for (__u32 k = 0; k < ROWS; k++)
			*(__u64 *)bpf_map_lookup_elem(table, &k) = starts[k] |
								   (__u64)(100 + 10 * i + k) << 32;
	}
	for (int round = 0; round < 2; round++)
		for (__u32 k = 0; k < ROWS; k++)
			for (__u32 i = 0; i < PROCESSES; i++)
				assert_int_equal(unwind_row_at(&processes[i], BASE + starts[k]) >>
							 32,
						 100 + 10 * i + k);
	assert_int_equal(unwind_row_at(&processes[0], BASE - 1), elsewhere);
	assert_int_equal(unwind_row_at(&processes[0], BASE + BYTES), elsewhere);
	assert_int_equal(unwind_row_at(&processes[0], BASE + BYTES - 1) >> 32, 101);
}

/* One page, that a thread steps through or returns to: neither before nor behind it. */
static void test_code_of_probes(void **state)
{
	struct xol_area area = {.vaddr = 0x7000};

	(void)state;
	assert_false(is_probe_code(&first.task, 0x7000));
	first.mm.uprobes_state.xol_area = &area;
	assert_false(is_probe_code(&first.task, 0x6fff));
	assert_true(is_probe_code(&first.task, 0x7000));
	assert_true(is_probe_code(&first.task, 0x7fff));
	assert_false(is_probe_code(&first.task, 0x8000));
	first.mm.uprobes_state.xol_area = NULL;
}

#ifdef __x86_64__
/* The stack of a goroutine while something is on it, else that of the thread. */
static void test_stack_that_is_sampled(void **state)
{
	static struct rp_thread of_goroutine;
	const struct rp_goroutine_key key = {.tgid = PROCESS, .goroutine = 0xc000};
	struct rp_thread *t;

	(void)state;
	hit(ENTER, A, SP, 1000);
	fake.regs.r14 = key.goroutine;
	bpf_map_update_elem(&goroutines, &key, &of_goroutine, BPF_ANY);
	t = bpf_map_lookup_elem(&goroutines, &key);
	t->depth = 1;
	assert_ptr_equal(sampled_stack(&first.task, PROCESS), thread_of(&first.task));
	goroutines_used = true;
	assert_ptr_equal(sampled_stack(&first.task, PROCESS), t);
	assert_ptr_equal(sampled_stack(&first.task, PROCESS + 1), thread_of(&first.task));
	t->depth = 0;
	assert_ptr_equal(sampled_stack(&first.task, PROCESS), thread_of(&first.task));
	goroutines_used = false;
}
#endif

/* A block that could not be read is none, and takes the place of what was there. */
static void test_memory_in_blocks(void **state)
{
	static _Alignas(MEMORY_BLOCK_BYTES * MEMORY_BLOCKS) __u64 words[2 * MEMORY_BLOCK_WORDS];
	const __u64 at = (__u64)words, unreadable = 0;
	struct rp_memory *m = memory_of_cpu();
	__u64 value;

	(void)state;
	words[1] = 5;
	words[MEMORY_BLOCK_WORDS] = 6;
	forget_memory();
	assert_true(read_user(m, at + 8, &value));
	assert_int_equal(value, 5);
	assert_true(read_user(m, at + MEMORY_BLOCK_BYTES, &value));
	assert_int_equal(value, 6);
	assert_false(read_user(m, at + 4, &value));
	/* Once it was read it stays, until it is forgotten or another one has its place. */
	words[1] = 7;
	assert_true(read_user(m, at + 8, &value));
	assert_int_equal(value, 5);
	assert_int_equal(block_of(unreadable), block_of(at));
	assert_false(read_user(m, unreadable, &value));
	assert_true(read_user(m, at + 8, &value));
	assert_int_equal(value, 7);
	words[1] = 8;
	forget_memory();
	assert_true(read_user(m, at + 8, &value));
	assert_int_equal(value, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_wakes),
		TEST(test_nobody_is_seen_to_wake),
		TEST(test_no_sleep),
		TEST(test_sleep_in_what_is_left_out),
		TEST(test_no_room_for_wakers),
		TEST(test_asleep),
		TEST(test_samples),
		TEST(test_pending_returns),
		TEST(test_addresses_of_callers),
		TEST(test_rows_of_processes),
		TEST(test_code_of_probes),
#ifdef __x86_64__
		TEST(test_stack_that_is_sampled),
#endif
		TEST(test_memory_in_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
