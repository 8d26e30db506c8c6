// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The rules of a region stack: what a hit proves left, what an exit closes, what outlives it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rp_stack.h"

#define STACK 0x7ff000000000ull /* where the mapping of the hit's stack begins */
#define SP    (STACK + 0x10000)

static struct rp_frame frame(uint32_t role, uint32_t region, uint64_t sp)
{
	return (struct rp_frame){.region = region | role << 24, .sp = sp};
}

static struct rp_hit hit(uint32_t role, uint32_t region, uint64_t sp)
{
	return (struct rp_hit){.role = role, .region = region, .sp = sp};
}

static const uint32_t functions[] = {RP_ROLE_CALL, RP_ROLE_CALL_SITE};

/* ---- left ----------------------------------------------------------------------------------- */

static void assert_left(struct rp_frame f, struct rp_hit h, enum rp_left left)
{
	assert_int_equal(rp_frame__is_left(&f, &h, STACK), left);
}

static void test_deeper_functions_are_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (uint64_t by = 8; by < 0x10000; by *= 2) {
			assert_left(frame(functions[i], 1, SP - by), hit(RP_ROLE_CALL, 2, SP),
				    RP_LEFT);
			assert_left(frame(functions[i], 1, SP - by), hit(RP_ROLE_BEGIN, 2, SP),
				    RP_LEFT);
			assert_left(frame(functions[i], 1, SP + by), hit(RP_ROLE_CALL, 2, SP),
				    RP_LEFT_NOT);
		}
	assert_left(frame(RP_ROLE_SCOPE_BEGIN, 1, SP - 8), hit(RP_ROLE_CALL, 2, SP), RP_LEFT);
	assert_left(frame(RP_ROLE_SCOPE_BEGIN, 1, SP), hit(RP_ROLE_CALL, 2, SP), RP_LEFT_NOT);
}

/* At one depth a function takes the place of another, unless that waits behind a tail call. */
static void test_functions_at_one_depth(void **state)
{
	(void)state;
	assert_left(frame(RP_ROLE_CALL_SITE, 1, SP), hit(RP_ROLE_CALL_SITE, 1, SP),
		    RP_LEFT_UNLESS_JUMPED);
	assert_left(frame(RP_ROLE_CALL_SITE, 1, SP), hit(RP_ROLE_CALL, 2, SP),
		    RP_LEFT_UNLESS_JUMPED);
	assert_left(frame(RP_ROLE_CALL, 1, SP), hit(RP_ROLE_CALL, 2, SP), RP_LEFT_UNLESS_TAIL_CALL);
	/* A marker in the function itself. */
	assert_left(frame(RP_ROLE_CALL, 1, SP), hit(RP_ROLE_BEGIN, 2, SP), RP_LEFT_NOT);
	assert_left(frame(RP_ROLE_CALL_SITE, 1, SP), hit(RP_ROLE_BEGIN, 2, SP), RP_LEFT_NOT);
}

static void test_jumped(void **state)
{
	struct rp_frame f = frame(RP_ROLE_CALL_SITE, 1, SP);

	(void)state;
	assert_false(rp_frame__has_jumped(&f));
	assert_false(rp_frame__is_loose(&f));
	f.flags |= RP_FRAME_JUMPED;
	assert_true(rp_frame__has_jumped(&f));
	assert_false(rp_frame__is_loose(&f));
	assert_int_equal(rp_frame__region(&f), 1);
	assert_int_equal(rp_frame__role(&f), RP_ROLE_CALL_SITE);
}

/* Each condition of x86 and its opposite, over all flags, as the manual has them. */
static void test_conditions(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags < 1u << 12; flags++) {
		bool cf = flags & 0x1, pf = flags & 0x4, zf = flags & 0x40, sf = flags & 0x80,
		     of = flags & 0x800;
		const bool even[] = {of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of};

		for (uint32_t i = 0; i < 8; i++) {
			assert_int_equal(rp_condition__holds(2 * i, flags), even[i]);
			assert_int_equal(rp_condition__holds(2 * i + 1, flags), !even[i]);
		}
	}
}

/* What is marked as left is left to whatever comes, and no exit closes it. */
static void test_gone(void **state)
{
	struct rp_frame f = frame(RP_ROLE_CALL_SITE, 1, SP);
	struct rp_hit h = hit(RP_ROLE_CALL_SITE, 1, SP);

	(void)state;
	h.key = SP;
	assert_true(rp_frame__is_closed_by(&f, &h));
	f.flags |= RP_FRAME_GONE;
	assert_false(rp_frame__is_closed_by(&f, &h));
	assert_left(f, hit(RP_ROLE_CALL, 2, SP - 64), RP_LEFT);
	assert_left(f, hit(RP_ROLE_BEGIN, 2, SP), RP_LEFT);
}

/* A search for a frame of just any function ends at one that was entered further out. */
static void test_search_ends(void **state)
{
	struct rp_hit h = hit(RP_ROLE_CALL_SITE, RP_REGION_NONE, SP);
	struct rp_frame out = frame(RP_ROLE_CALL_SITE, 1, SP + 8),
			in = frame(RP_ROLE_CALL_SITE, 1, SP - 8),
			marker = frame(RP_ROLE_BEGIN, 1, SP + 8);

	(void)state;
	h.key = SP;
	assert_true(rp_frame__ends_search(&out, &h));
	assert_false(rp_frame__ends_search(&in, &h));
	assert_false(rp_frame__ends_search(&marker, &h));
	h.region = 1;
	assert_false(rp_frame__ends_search(&out, &h));
}

/* A stack below, such as a fiber's, tells nothing; nor does one above. */
static void test_other_stacks(void **state)
{
	static const uint64_t others[] = {STACK - 8, STACK - 0x100000, 0x10000, SP + 0x10000000};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 2; k++) {
			assert_left(frame(functions[k], 1, others[i]), hit(RP_ROLE_CALL, 2, SP),
				    RP_LEFT_NOT);
			assert_left(frame(RP_ROLE_SCOPE_BEGIN, 1, others[i]),
				    hit(RP_ROLE_CALL, 2, SP), RP_LEFT_NOT);
		}
}

/* A begin of the same region from the same place and depth is a new round, a call of another is
 * not. */
static void test_begins_anew(void **state)
{
	struct rp_frame f = frame(RP_ROLE_BEGIN, 1, SP);
	struct rp_hit h = hit(RP_ROLE_BEGIN, 1, SP);

	(void)state;
	f.ip = h.ip = 0x401000;
	assert_left(f, h, RP_LEFT);
	h.region = 2;
	assert_left(f, h, RP_LEFT_NOT);
	h.region = 1;
	h.ip = 0x401001;
	assert_left(f, h, RP_LEFT_NOT);
	/* Calls of an interpreter, which nest at one depth, tell no address. */
	f.ip = h.ip = 0;
	assert_left(f, h, RP_LEFT_NOT);
	/* Of a marker the stack pointer alone says nothing. */
	assert_left(frame(RP_ROLE_BEGIN, 1, SP - 64), hit(RP_ROLE_CALL, 2, SP), RP_LEFT_NOT);
	assert_left(frame(RP_ROLE_NAME_BEGIN, 1, SP - 64), hit(RP_ROLE_CALL, 2, SP), RP_LEFT_NOT);
}

/* ---- closed --------------------------------------------------------------------------------- */

static bool closes(struct rp_frame f, struct rp_hit h)
{
	return rp_frame__is_closed_by(&f, &h);
}

static void test_returns_close_their_own_call(void **state)
{
	struct rp_hit h = hit(RP_ROLE_CALL, 1, SP);

	(void)state;
	h.key = SP;
	assert_true(closes(frame(RP_ROLE_CALL, 1, SP), h));
	assert_false(closes(frame(RP_ROLE_CALL, 1, SP - 8), h));
	assert_false(closes(frame(RP_ROLE_CALL, 2, SP), h));
	assert_false(closes(frame(RP_ROLE_CALL_SITE, 1, SP), h));
	assert_false(closes(frame(RP_ROLE_BEGIN, 1, SP), h));
}

/* A region that got RET sites in mid-call; not what just any function returns through. */
static void test_ret_sites_close_calls_begun_before(void **state)
{
	struct rp_hit h = hit(RP_ROLE_CALL_SITE, 1, SP);

	(void)state;
	h.key = SP;
	assert_true(closes(frame(RP_ROLE_CALL, 1, SP), h));
	assert_false(closes(frame(RP_ROLE_CALL, 1, SP - 8), h));
	assert_false(closes(frame(RP_ROLE_CALL, 2, SP), h));
	h.region = RP_REGION_NONE;
	assert_false(closes(frame(RP_ROLE_CALL, 1, SP), h));
}

static void test_ends_close_by_name(void **state)
{
	(void)state;
	assert_true(closes(frame(RP_ROLE_BEGIN, 1, SP), hit(RP_ROLE_BEGIN, 1, SP - 64)));
	assert_false(closes(frame(RP_ROLE_BEGIN, 2, SP), hit(RP_ROLE_BEGIN, 1, SP)));
	assert_false(closes(frame(RP_ROLE_NAME_BEGIN, 1, SP), hit(RP_ROLE_BEGIN, 1, SP)));
	/* Flags beside the region are no part of it. */
	struct rp_frame loose = frame(RP_ROLE_BEGIN, 1, SP);

	loose.flags |= RP_FRAME_LOOSE;
	assert_true(rp_frame__is_loose(&loose));
	assert_true(closes(loose, hit(RP_ROLE_BEGIN, 1, SP)));
}

/* A block is found by its key, whatever its region. */
static void test_blocks_close_by_key(void **state)
{
	struct rp_frame f = frame(RP_ROLE_SCOPE_BEGIN, 7, SP);
	struct rp_hit h = hit(RP_ROLE_SCOPE_BEGIN, RP_REGION_NONE, SP + 8);

	(void)state;
	f.ip = h.key = 0x7fffffffe000;
	assert_true(closes(f, h));
	h.key += 4;
	assert_false(closes(f, h));
}

/* What sites of each role are. */
static void test_roles(void **state)
{
	enum { FUNCTION = 1, JUMP = 2, EXIT = 4 };
	static const uint8_t are[16] = {
		[RP_ROLE_CALL] = FUNCTION,
		[RP_ROLE_CALL_SITE] = FUNCTION,
		[RP_ROLE_RET_SITE] = JUMP | EXIT,
		[RP_ROLE_CALL_AND_RET] = JUMP,
		[RP_ROLE_TAIL_JUMP] = JUMP,
		[RP_ROLE_CALL_AND_JUMP] = JUMP,
		[RP_ROLE_END] = EXIT,
		[RP_ROLE_SCOPE_END] = EXIT,
		[RP_ROLE_NAME_END] = EXIT,
		[RP_ROLE_SPAN_END] = EXIT,
	};

	(void)state;
	for (uint32_t role = 0; role < 16; role++) {
		assert_int_equal(rp_role_is_function(role), (are[role] & FUNCTION) != 0);
		assert_int_equal(rp_role_may_jump(role), (are[role] & JUMP) != 0);
		assert_int_equal(rp_role_is_exit(role), (are[role] & EXIT) != 0);
	}
}

/* Frame 0 stands for the root. */
static void test_nothing_closes_the_root(void **state)
{
	static const uint32_t roles[] = {RP_ROLE_CALL, RP_ROLE_CALL_SITE, RP_ROLE_BEGIN,
					 RP_ROLE_SCOPE_BEGIN, RP_ROLE_NAME_BEGIN};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_false(closes(frame(0xf, 0, UINT64_MAX), hit(roles[i], 0, UINT64_MAX)));
}

/* ---- outliving ------------------------------------------------------------------------------ */

static void assert_ends(struct rp_frame f, bool live_above, bool ends, bool live)
{
	bool seen = live_above;

	struct rp_hit h = hit(RP_ROLE_BEGIN, 9, SP);

	assert_int_equal(rp_frame__ends_with(&f, &h, STACK, &seen), ends);
	assert_int_equal(seen, live_above || live);
}

static void test_what_ends_with_a_frame_below(void **state)
{
	struct rp_frame loose = frame(RP_ROLE_BEGIN, 1, SP - 64);

	(void)state;
	loose.flags |= RP_FRAME_LOOSE;
	for (size_t i = 0; i < 2; i++) {
		assert_ends(frame(functions[i], 1, SP - 64), false, true, false);
		assert_ends(frame(functions[i], 1, SP), false, false, true);
		assert_ends(frame(functions[i], 1, SP + 64), false, false, true);
		assert_ends(frame(functions[i], 1, STACK - 64), false, false, true);
		/* A live function above says nothing of one that is not. */
		assert_ends(frame(functions[i], 1, SP - 64), true, true, false);
	}
	assert_ends(frame(RP_ROLE_SCOPE_BEGIN, 1, SP - 64), false, true, false);
	assert_ends(frame(RP_ROLE_SCOPE_BEGIN, 1, SP), false, false, true);
	/* Markers end, unless a function goes on that was entered in them. */
	assert_ends(frame(RP_ROLE_BEGIN, 1, SP - 64), false, true, false);
	assert_ends(frame(RP_ROLE_BEGIN, 1, SP - 64), true, false, false);
	assert_ends(frame(RP_ROLE_NAME_BEGIN, 1, SP), false, true, false);
	assert_ends(loose, false, false, false);
}

/* An end that names its call ends those made later on its stack, not those of another fiber. */
/* Where coroutines take turns: calls above on the stack, and marks made anywhere on it. */
static void test_what_encloses(void **state)
{
	struct rp_frame call = frame(RP_ROLE_CALL_SITE, 1, SP), mark = frame(RP_ROLE_BEGIN, 1, SP);

	(void)state;
	assert_true(rp_frame__encloses(&call, SP - 64, STACK, SP + 1));
	assert_true(rp_frame__encloses(&call, SP, STACK, SP + 1));
	assert_false(rp_frame__encloses(&call, SP + 64, STACK, SP + 4096));
	assert_true(rp_frame__encloses(&mark, SP + 64, STACK, SP + 4096));
	assert_false(rp_frame__encloses(&call, SP - 64, STACK, SP));
	assert_false(rp_frame__encloses(&mark, SP + 64, SP + 1, SP + 4096));
	call.flags |= RP_FRAME_GONE;
	assert_false(rp_frame__encloses(&call, SP - 64, STACK, SP + 1));
}

static void test_what_a_named_end_ends(void **state)
{
	static const struct {
		uint32_t region;
		uint64_t sp;
		bool ends;
	} cases[] = {{1, SP, true},	  {1, SP - 64, true},	       {1, STACK - 64, false},
		     {1, SP + 64, false}, {1, SP + 0x10000000, false}, {2, SP, false},
		     {2, SP - 64, false}};
	struct rp_hit h = hit(RP_ROLE_BEGIN, 1, SP);
	bool live = false;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_frame f = frame(RP_ROLE_BEGIN, cases[i].region, cases[i].sp);

		f.flags |= RP_FRAME_LOOSE;
		h.label_flags = 0;
		assert_false(rp_frame__ends_with(&f, &h, STACK, &live));
		h.label_flags = 1;
		assert_int_equal(rp_frame__ends_with(&f, &h, STACK, &live), cases[i].ends);
		assert_false(live);
	}
}

/* ---- other stacks --------------------------------------------------------------------------- */

static void test_frames_of_another_stack_are_told_apart(void **state)
{
	struct rp_frame here = frame(RP_ROLE_CALL, 1, SP), signal = here, unawaited = here;

	(void)state;
	signal.flags |= RP_FRAME_ON_SIGNAL_STACK;
	unawaited.flags |= RP_FRAME_NO_RETURN;
	assert_false(rp_frame__is_aside(&here));
	assert_true(rp_frame__is_aside(&signal));
	assert_true(rp_frame__is_aside(&unawaited));
	/* The signal stack may be a part of the mapping that the thread's own stack is in. */
	assert_false(rp_frame__shares_stack(&signal, false, STACK, SP + 1));
	assert_true(rp_frame__shares_stack(&signal, true, SP + 4096, SP + 8192));
	assert_true(rp_frame__shares_stack(&unawaited, false, STACK, SP + 1));
	assert_false(rp_frame__shares_stack(&unawaited, false, STACK, SP));
	assert_false(rp_frame__shares_stack(&unawaited, false, SP + 1, SP + 4096));
	/* The marks are no part of what a frame is. */
	assert_int_equal(rp_frame__region(&signal), 1);
	assert_int_equal(rp_frame__role(&unawaited), RP_ROLE_CALL);
	assert_false(rp_frame__is_loose(&signal));
	assert_false(rp_frame__is_loose(&unawaited));
}

/* ---- exits of what was entered before ------------------------------------------------------- */

static void test_functions_entered_before(void **state)
{
	struct rp_thread t = {.shallowest = 0x1000};

	(void)state;
	assert_true(rp_thread__has_entered_before(&t, 1, 0x1001, false));
	assert_false(rp_thread__has_entered_before(&t, 1, 0x1000, false));
	assert_false(rp_thread__has_entered_before(&t, 1, 0xfff, false));
	/* As often as there are such: their depth tells. */
	assert_true(rp_thread__has_entered_before(&t, 1, 0x1001, false));
}

/* The first end alone may be of one that was begun before. */
static void test_regions_begun_before(void **state)
{
	struct rp_thread t = {.begun = 1ull << 5};

	(void)state;
	assert_true(rp_thread__has_entered_before(&t, 4, 0, false));
	assert_false(rp_thread__has_entered_before(&t, 4, 0, false));
	assert_false(rp_thread__has_entered_before(&t, 5, 0, false));
	assert_false(rp_thread__has_entered_before(&t, 64 + 5, 0, false));
	assert_false(rp_thread__has_entered_before(&t, 6, 0, true));
	assert_true(rp_thread__has_entered_before(&t, 6, 0, false));
}

/* Of regions that come while it is traced: what it has done before was not seen. */
static void test_regions_that_come_later(void **state)
{
	struct rp_thread t = {.additions = 2, .shallowest = 0x1000, .begun = ~0ull};

	(void)state;
	rp_thread__note_additions(&t, 2);
	assert_false(rp_thread__has_entered_before(&t, 4, 0, false));
	assert_false(rp_thread__has_entered_before(&t, 4, 0x900, false));
	rp_thread__note_additions(&t, 3);
	assert_true(rp_thread__has_entered_before(&t, 4, 0, false));
	assert_true(rp_thread__has_entered_before(&t, 4, 0x900, false));
	rp_thread__note_additions(&t, 3);
	assert_false(rp_thread__has_entered_before(&t, 4, 0, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_deeper_functions_are_left),
		cmocka_unit_test(test_functions_at_one_depth),
		cmocka_unit_test(test_jumped),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_search_ends),
		cmocka_unit_test(test_other_stacks),
		cmocka_unit_test(test_begins_anew),
		cmocka_unit_test(test_returns_close_their_own_call),
		cmocka_unit_test(test_ret_sites_close_calls_begun_before),
		cmocka_unit_test(test_ends_close_by_name),
		cmocka_unit_test(test_blocks_close_by_key),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_nothing_closes_the_root),
		cmocka_unit_test(test_what_ends_with_a_frame_below),
		cmocka_unit_test(test_frames_of_another_stack_are_told_apart),
		cmocka_unit_test(test_what_a_named_end_ends),
		cmocka_unit_test(test_what_encloses),
		cmocka_unit_test(test_functions_entered_before),
		cmocka_unit_test(test_regions_begun_before),
		cmocka_unit_test(test_regions_that_come_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
