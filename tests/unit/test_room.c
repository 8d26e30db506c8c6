// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Shares of room, and of time, by process and by user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/clock.h"
#include "util/room.h"
#include "util/time_share.h"

#define NOW (1000 * RP_NS_PER_S)

static struct rp_owner owner(uint64_t process, uint64_t user)
{
	return (struct rp_owner){.process = process, .user = user};
}

static uint64_t take_all(struct rp_room *room, struct rp_owner owner)
{
	uint64_t n = 0;

	while (rp_room__take(room, owner, 1))
		n++;
	return n;
}

/* A half of what is left is for a process, three quarters for a user. */
static void test_shares(void **state)
{
	struct rp_room *room = rp_room__new(1024, true);

	(void)state;
	assert_non_null(room);
	assert_int_equal(take_all(room, owner(1, 7)), 512);
	assert_int_equal(take_all(room, owner(2, 7)), 256);
	assert_int_equal(take_all(room, owner(3, 7)), 0);
	assert_int_equal(take_all(room, owner(4, 8)), 128);
	/* What one gives back is there for others. */
	rp_room__give(room, owner(1, 7), 512);
	assert_true(rp_room__take(room, owner(5, 7), 256));
	assert_false(rp_room__take(room, owner(6, 9), 400));
	rp_room__free(room);
}

/* An amount is taken whole, and is its owner's share from then on. */
static void test_amounts(void **state)
{
	struct rp_room *room = rp_room__new(1000, true);

	(void)state;
	assert_non_null(room);
	assert_false(rp_room__take(room, owner(1, 7), UINT64_MAX));
	assert_false(rp_room__take(room, owner(1, 7), 501));
	assert_true(rp_room__take(room, owner(1, 7), 500));
	assert_false(rp_room__take(room, owner(1, 7), 1));
	/* So is what it gives back, however often. */
	for (int i = 0; i < 10; i++) {
		rp_room__give(room, owner(1, 7), 500);
		assert_true(rp_room__take(room, owner(1, 7), 500));
	}
	rp_room__free(room);
}

static void test_one_process_alone(void **state)
{
	struct rp_room *room = rp_room__new(100, false);

	(void)state;
	assert_non_null(room);
	assert_int_equal(take_all(room, owner(1, 7)), 100);
	rp_room__give(room, owner(1, 7), 50);
	assert_int_equal(take_all(room, owner(1, 7)), 50);
	rp_room__free(room);
}

/* What a process has cost it pays off in sixteen times as much time; others go on. */
static void test_pace_of_a_process(void **state)
{
	struct rp_time_share *share = rp_time_share__new();

	(void)state;
	assert_non_null(share);
	assert_true(rp_time_share__allows(share, owner(1, 7), NOW));
	rp_time_share__charge(share, owner(1, 7), NOW, RP_NS_PER_S);
	assert_true(rp_time_share__allows(share, owner(1, 7), NOW));
	rp_time_share__charge(share, owner(1, 7), NOW, RP_NS_PER_S);
	assert_false(rp_time_share__allows(share, owner(1, 7), NOW + 15 * RP_NS_PER_S));
	assert_true(rp_time_share__allows(share, owner(1, 7), NOW + 16 * RP_NS_PER_S));
	assert_true(rp_time_share__allows(share, owner(2, 7), NOW));
	rp_time_share__free(share);
}

/* Processes without number are still one user's. */
static void test_pace_of_a_user(void **state)
{
	struct rp_time_share *share = rp_time_share__new();
	uint64_t process = 0;

	(void)state;
	assert_non_null(share);
	while (process < 100000 && rp_time_share__allows(share, owner(process, 7), NOW))
		rp_time_share__charge(share, owner(process++, 7), NOW, RP_NS_PER_MS);
	assert_int_equal(process, 4001);
	assert_true(rp_time_share__allows(share, owner(process, 8), NOW));
	assert_true(rp_time_share__allows(share, owner(process, 7), NOW + RP_NS_PER_S));
	rp_time_share__free(share);
}

/* So many processes are known; what has gone first is forgotten, while its user is not. */
static void test_pace_of_many_processes(void **state)
{
	enum { KNOWN = 4096 };
	struct rp_time_share *share = rp_time_share__new();

	(void)state;
	assert_non_null(share);
	rp_time_share__charge(share, owner(0, 7), NOW, 5 * RP_NS_PER_S);
	rp_time_share__charge(share, owner(1, 8), NOW, 5 * RP_NS_PER_S);
	for (uint64_t process = 2; process < KNOWN; process++)
		rp_time_share__charge(share, owner(process, 1000 + process), NOW, 1);
	assert_false(rp_time_share__allows(share, owner(0, 9), NOW));
	rp_time_share__charge(share, owner(KNOWN, 1000), NOW, 1);
	assert_true(rp_time_share__allows(share, owner(0, 9), NOW));
	assert_false(rp_time_share__allows(share, owner(0, 7), NOW));
	assert_false(rp_time_share__allows(share, owner(1, 9), NOW));
	/* Paid off by now, what comes then counts from then on. */
	rp_time_share__charge(share, owner(1, 8), NOW + 1000 * RP_NS_PER_S, 1);
	assert_true(rp_time_share__allows(share, owner(1, 8), NOW + 1000 * RP_NS_PER_S));
	rp_time_share__free(share);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_amounts),
		cmocka_unit_test(test_one_process_alone),
		cmocka_unit_test(test_pace_of_a_process),
		cmocka_unit_test(test_pace_of_a_user),
		cmocka_unit_test(test_pace_of_many_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
