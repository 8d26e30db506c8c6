// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Threads with several stacks: coroutines, handlers on a signal stack, stacks lent for more room.
 */
#include "bpf_fixture.h"

#define TRAMPOLINE 0x7ffff000
#define RETURNS_TO 0x401234

static void hit_on(int stack, __u32 role, __u32 region, int words, __u64 now)
{
	fake.now = now;
	fake_hit(rp_probe, RP_COOKIE(region, role, 0, 1, 0, 0), fake_sp(stack, words));
}

static void assert_timed(__u32 parent, __u32 region, __u64 total, __u64 self)
{
	struct rp_figures f = fake_figures(parent, region);

	assert_int_equal(f.entries, 1);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.unwound, 0);
	assert_int_equal(f.total, total);
	assert_int_equal(f.self, self);
}

/* Each goes on with its own calls: below those, and not below the other's. */
static void test_coroutines(void **state)
{
	(void)state;
	for (int lower = 0; lower < 2; lower++) {
		fake_setup(state);
		hit_on(lower, ENTER, A, SP, 1000);
		hit_on(!lower, ENTER, B, SP, 1100);
		hit_on(lower, ENTER, C, SP - 10, 1200);
		assert_int_equal(depth(), 3);
		/* Known as soon as they take turns. */
		assert_int_equal(fake_figures(FAKE_ROOT, B).entries, 1);
		assert_int_equal(fake_figures(node(FAKE_ROOT, A), C).entries, 1);
		hit_on(!lower, LEAVE, B, SP, 1300);
		hit_on(lower, LEAVE, C, SP - 10, 1400);
		hit_on(lower, LEAVE, A, SP, 2000);
		assert_int_equal(depth(), 0);
		assert_int_equal(fake_figures(FAKE_ROOT, A).unwound, 0);
		assert_timed(FAKE_ROOT, B, 200, 200);
		assert_timed(node(FAKE_ROOT, A), C, 200, 200);
		assert_int_equal(fake_figures(FAKE_ROOT, A).total, 1000);
		assert_int_equal(lost[RP_LOST_UNMATCHED], 0);
	}
}

/* A stack that is but lent for more room: its calls are below those that it was lent to. */
static void test_lent(void **state)
{
	(void)state;
	hit_on(0, ENTER, A, SP, 1000);
	hit_on(1, ENTER, B, SP, 1100);
	hit_on(1, ENTER, C, SP - 10, 1200);
	hit_on(1, LEAVE, C, SP - 10, 1300);
	hit_on(1, LEAVE, B, SP, 1500);
	hit_on(0, LEAVE, A, SP, 2000);
	assert_timed(FAKE_ROOT, A, 1000, 600);
	assert_timed(node(FAKE_ROOT, A), B, 400, 300);
	assert_timed(node(node(FAKE_ROOT, A), B), C, 100, 100);
}

static void set_signal_stack(int stack)
{
	first.task.sas_ss_sp = fake_sp(stack, 0);
	first.task.sas_ss_size = sizeof(fake.stacks[stack]);
}

/* A handler is in what it interrupts, wherever its stack lies, and is left once that goes on. */
static void test_signal_stack(void **state)
{
	for (int handler = 0; handler < 2; handler++) {
		fake_setup(state);
		set_signal_stack(handler);
		hit_on(!handler, ENTER, A, SP, 1000);
		hit_on(handler, ENTER, B, SP, 1100);
		hit_on(handler, ENTER, C, SP - 10, 1200);
		assert_int_equal(depth(), 3);
		hit_on(handler, LEAVE, C, SP - 10, 1300);
		/* It jumps out of itself. */
		hit_on(!handler, ENTER, C, SP - 20, 1500);
		assert_int_equal(depth(), 2);
		hit_on(!handler, LEAVE, C, SP - 20, 1600);
		hit_on(!handler, LEAVE, A, SP, 2000);
		assert_timed(FAKE_ROOT, A, 1000, 900);
		assert_int_equal(fake_figures(node(FAKE_ROOT, A), B).unwound, 1);
		assert_timed(node(node(FAKE_ROOT, A), B), C, 100, 100);
		assert_timed(node(FAKE_ROOT, A), C, 100, 100);
	}
}

/* Would the return of a call, if it is awaited, have the kernel forget others? */
static void test_safe_returns(void **state)
{
	/* What is pending, what is called, which stack is that of signals; -1: none. */
	static const struct {
		int pending, called, signals;
		bool breaks;
	} cases[] = {
		{0, 0, -1, false}, {0, 1, -1, true}, {1, 0, -1, true}, {0, 1, 1, true},
		{1, 0, 0, false},  {1, 1, 1, false}, {1, 0, 1, false}, {-1, 0, -1, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct return_instance pending = {0};
		struct rp_thread *t;

		fake_setup(state);
		hit_on(0, ENTER, A, SP, 1000);
		t = thread_of(&first.task);
		if (cases[i].pending >= 0) {
			pending.stack = fake_sp(cases[i].pending, SP);
			first.utask.return_instances = &pending;
		}
		if (cases[i].signals >= 0)
			set_signal_stack(cases[i].signals);
		assert_int_equal(
			return_breaks_others(&first.task, t, fake_sp(cases[i].called, SP - 20)),
			cases[i].breaks);
	}
}

/* It is told once of each region, and the frame ends unwound. */
static void test_unsafe_return(void **state)
{
	struct return_instance pending = {.stack = fake_sp(1, SP)};
	const struct rp_event *event = (void *)fake.ring[0];

	(void)state;
	for (int i = 0; i < 2; i++) {
		hit_on(0, RP_ROLE_CALL, A, SP - i, 1000);
		first.utask.return_instances = &pending;
		assert_false(return_is_safe(A, fake_sp(0, SP - i)));
		assert_int_equal(lost[RP_LOST_STACKS], 1 + i);
		assert_int_equal(fake.submitted, 1);
	}
	assert_int_equal(event->header.type, RP_EVENT_STACK);
	assert_int_equal(event->detail, A);
	assert_true(has_ret_sites(A));
	assert_false(has_ret_sites(B));
	first.utask.return_instances = NULL;
	assert_true(return_is_safe(A, fake_sp(0, SP)));
}

/* A call is alive while its return is pending: not one whose return nobody waits for. */
static void test_awaited_returns(void **state)
{
	static const struct {
		__u32 role, flags;
		__u64 ip, word; /* its return address, if it is known; what is on the stack */
		bool share, awaits;
	} cases[] = {
		{RP_ROLE_CALL, 0, 0, TRAMPOLINE, true, true},
		{RP_ROLE_CALL, 0, 0, TRAMPOLINE, false, false},
		{RP_ROLE_CALL, 0, 0, RETURNS_TO, true, false},
		{RP_ROLE_CALL, RP_FRAME_NO_RETURN, 0, TRAMPOLINE, true, false},
		{RP_ROLE_CALL_SITE, 0, RETURNS_TO, RETURNS_TO, true, true},
		{RP_ROLE_CALL_SITE, 0, RETURNS_TO, RETURNS_TO, false, false},
		{RP_ROLE_CALL_SITE, 0, RETURNS_TO, TRAMPOLINE, true, false},
		{RP_ROLE_CALL_SITE, 0, 0, 0, true, false},
		{RP_ROLE_BEGIN, 0, RETURNS_TO, RETURNS_TO, true, false},
	};
	struct xol_area area = {.vaddr = TRAMPOLINE};

	(void)state;
	hit_on(0, ENTER, A, SP, 1000);
	first.mm.uprobes_state.xol_area = &area;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_thread *t = thread_of(&first.task);
		struct rp_frame f = *frame_at(t, t->depth);

		f.flags = cases[i].flags;
		f.ip = cases[i].ip;
		f.sp = fake_sp(0, SP - 20);
		f.region = A | cases[i].role << 24;
		*(__u64 *)(unsigned long)f.sp = cases[i].word;
		t->stacks_share = cases[i].share;
		assert_int_equal(awaits_return(t, &f), cases[i].awaits);
	}
	first.mm.uprobes_state.xol_area = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_coroutines),	 TEST(test_lent),	   TEST(test_signal_stack),
		TEST(test_safe_returns), TEST(test_unsafe_return), TEST(test_awaited_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
