// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Keys of nodes as the BPF programs make them: no two paths may share one. And who gets how many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rp_nodes.h"
#include "rp_shares.h"

/* Every bit of parent and region matters, and the node comes back whole. */
static void test_recent_words(void **state)
{
	static const uint32_t parents[] = {1, 2, 0x100, 0x8000, RP_NODES_MAX - 1};
	static const uint32_t regions[] = {
		1, 2, 0x10000, 0x7fffff, RP_REGION_DYNAMIC, RP_REGION_MASK};
	static const uint32_t nodes[] = {1, 2, 0x8000, RP_NODES_MAX - 1};

	(void)state;
	for (size_t p = 0; p < 5; p++)
		for (size_t r = 0; r < 6; r++)
			for (size_t n = 0; n < 4; n++) {
				uint64_t word = rp_recent_word(parents[p], regions[r], nodes[n]);

				assert_int_equal(rp_recent_node(word, parents[p], regions[r]),
						 nodes[n]);
				for (int bit = 0; bit < 16; bit++)
					assert_int_equal(rp_recent_node(word,
									parents[p] ^ 1u << bit,
									regions[r]),
							 0);
				for (int bit = 0; bit < 24; bit++)
					assert_int_equal(rp_recent_node(word, parents[p],
									regions[r] ^ 1u << bit),
							 0);
			}
}

/* What is empty is of nobody: every parent is a node, and nodes start at 1. */
static void test_empty_word(void **state)
{
	(void)state;
	assert_int_equal(rp_recent_node(0, 1, 1), 0);
	assert_int_equal(rp_recent_node(0, 1, 0), 0);
	assert_int_equal(rp_recent_node(0, 0, 1), 0);
}

/* Children of one node do not all fall on a few slots. */
static void test_slots(void **state)
{
	static uint8_t used[1 << RP_RECENT_BITS];
	int n = 0;

	(void)state;
	for (uint32_t region = 1; region <= 1000; region++) {
		uint32_t slot = rp_recent_slot(7, region);

		assert_true(slot < 1 << RP_RECENT_BITS);
		n += !used[slot]++;
	}
	assert_true(n > 800);
}

/* All 16 bytes of a name tell commands apart. */
static void test_commands(void **state)
{
	char name[RP_COMM_LEN] = "abcdefghijklmno";
	struct rp_node_key key = {0}, other;

	(void)state;
	rp_node_key__set_command(&key, name);
	assert_int_equal(key.parent, 0);
	for (int i = 0; i < RP_COMM_LEN; i++) {
		char changed[RP_COMM_LEN];

		memcpy(changed, name, sizeof(changed));
		changed[i] ^= 1;
		other = (struct rp_node_key){0};
		rp_node_key__set_command(&other, changed);
		assert_memory_not_equal(&other, &key, sizeof(key));
		assert_int_equal(other.parent, 0);
	}
}

/* Only two strings that are known say that two calls are not one. */
static void test_names_of_ends(void **state)
{
	const uint32_t text = RP_NODE_LABELED | RP_NODE_TEXT;
	const uint32_t other = RP_NODE_LABELED | RP_NODE_OTHER;

	(void)state;
	assert_true(rp_label__may_be(text, 7, text, 7));
	assert_false(rp_label__may_be(text, 7, text, 8));
	assert_true(rp_label__may_be(text, RP_TEXT_UNREAD, text, 8));
	assert_true(rp_label__may_be(text, 7, text, RP_TEXT_NULL));
	assert_true(rp_label__may_be(text, 7, other, 0));
	assert_true(rp_label__may_be(other, 0, text, 7));
	assert_true(rp_label__may_be(0, 0, text, 7));
	assert_true(rp_label__may_be(RP_NODE_LABELED, 7, text, 8));
}

/* ---- labels past the bound ----------------------------------------------------------------- */

static uint64_t words[1 << RP_VOTE_BITS];

static uint64_t vote(uint64_t label)
{
	uint64_t hash = rp_label_hash(&label, sizeof(label));

	return rp_vote(&words[rp_vote_slot(hash)], hash);
}

/* A label of one call in fifty gets through; of those that come once none ever has two votes. */
static void test_frequent_labels(void **state)
{
	uint64_t votes = 0;

	(void)state;
	memset(words, 0, sizeof(words));
	for (uint64_t i = 0; i < 50000; i++) {
		if (i % 50)
			assert_in_range(vote(1000000 + i), 0, 1);
		else
			votes = vote(7);
	}
	assert_in_range(votes, 900, 1000);
	/* Another one takes its word when it is not called any more. */
	for (uint64_t i = 0; i < 2100; i++)
		rp_vote(&words[rp_vote_slot(rp_label_hash(&(uint64_t){7}, 8))],
			rp_label_hash(&(uint64_t){7}, 8) ^ 1ull << 40);
	assert_int_equal(vote(7), 0);
}

static void test_votes_do_not_run_over(void **state)
{
	uint64_t word = 0, hash = rp_label_hash(&(uint64_t){7}, 8);

	(void)state;
	for (unsigned i = 0; i < 70000; i++)
		rp_vote(&word, hash);
	assert_int_equal(word, hash | RP_VOTE_COUNT_MASK);
}

/* Places become dearer, and are never beyond what can be counted. */
static void test_votes_needed(void **state)
{
	(void)state;
	assert_int_equal(rp_votes_needed(0, 260), 64);
	assert_int_equal(rp_votes_needed(130, 260), 64 << 4);
	assert_int_equal(rp_votes_needed(259, 260), 64 << 7);
	assert_true(rp_votes_needed(3, 4) < RP_VOTE_COUNT_MASK);
}

/* ---- shares ---------------------------------------------------------------------------------- */

/* As many as a process gets that wants all that is left. */
static uint32_t take_all(uint32_t left, enum rp_sharer sharer)
{
	uint32_t taken = 0;

	while (rp_shares__allow(taken, left - taken, sharer))
		taken++;
	return taken;
}

/* Each leaves as much as it takes, down to the last one. */
static void test_shares_halve(void **state)
{
	uint32_t left = 1024;

	(void)state;
	for (uint32_t share = 512; share; share /= 2) {
		assert_int_equal(take_all(left, RP_SHARER_PROCESS), share);
		left -= share;
	}
	assert_int_equal(left, 1);
	assert_int_equal(take_all(left, RP_SHARER_PROCESS), 1);
	assert_int_equal(take_all(0, RP_SHARER_PROCESS), 0);
}

/* Two that want all, of one user, have three quarters together: the next user has a quarter. */
static void test_a_user_leaves_a_quarter(void **state)
{
	uint32_t left = 1024;

	(void)state;
	assert_int_equal(take_all(left, RP_SHARER_USER), 768);
	left -= 768;
	assert_int_equal(take_all(left, RP_SHARER_USER), 192);
	assert_int_equal(take_all(0, RP_SHARER_USER), 0);
	assert_true(rp_shares__allow(UINT32_MAX - 1, UINT32_MAX / 2, RP_SHARER_USER));
}

/* Many that want little get all of it. */
static void test_small_shares(void **state)
{
	uint32_t left = 1000;

	(void)state;
	for (uint32_t process = 0; process < 199; process++)
		for (uint32_t taken = 0; taken < 5; taken++, left--)
			assert_true(rp_shares__allow(taken, left, RP_SHARER_PROCESS));
	assert_int_equal(left, 5);
}

/* An option is told of once. */
static void test_shares_are_told_by_option(void **state)
{
	(void)state;
	assert_int_equal(rp_shared__told_as(RP_SHARED_NODES), RP_SHARED_NODES);
	assert_int_equal(rp_shared__told_as(RP_SHARED_SPANS), RP_SHARED_SPANS);
	for (enum rp_shared kind = RP_SHARED_LABELS; kind <= RP_SHARED_TEXTS; kind++)
		assert_int_equal(rp_shared__told_as(kind), RP_SHARED_LABELS);
	for (enum rp_shared kind = RP_SHARED_SEGMENTS; kind < RP_SHARED_COUNT; kind++)
		assert_int_equal(rp_shared__told_as(kind), kind);
}

/* A ring whose reader is at `read`, and who writes there: 40 bytes each time. */
struct ring {
	uint64_t read, written;
};
#define RING_BYTES 4000u

static uint32_t events_of(struct rp_ring_share *share, struct ring *ring, uint32_t wanted)
{
	uint32_t n = 0;

	while (n < wanted && rp_ring_share__take(share, ring->read, ring->written, RING_BYTES, 40,
						 RP_SHARER_PROCESS)) {
		ring->written += 40;
		n++;
	}
	return n;
}

/* While nobody reads each leaves as much of the ring as it takes. */
static void test_shares_of_a_ring_halve(void **state)
{
	struct rp_ring_share a = {0}, b = {0}, c = {0};
	struct ring ring = {1 << 20, 1 << 20};

	(void)state;
	assert_int_equal(events_of(&a, &ring, 1000), 50);
	assert_int_equal(events_of(&b, &ring, 1000), 25);
	assert_int_equal(events_of(&a, &ring, 1000), 0);
	assert_int_equal(events_of(&c, &ring, 3), 3);
	assert_int_equal(events_of(&b, &ring, 1000), 0);
}

/* What was read is given back; a reader that keeps up is never in the way. */
static void test_shares_of_a_ring_come_back(void **state)
{
	struct rp_ring_share a = {0};
	struct ring ring = {0};

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(events_of(&a, &ring, 10), 10);
		ring.read = ring.written - 400;
	}
	assert_int_not_equal(events_of(&a, &ring, 1000), 1000);
	ring.read = ring.written;
	assert_in_range(events_of(&a, &ring, 1000), 25, 50);
}

/* Others that fill it leave less to everybody. */
static void test_a_full_ring_has_no_shares(void **state)
{
	struct rp_ring_share a = {0};
	struct ring ring = {0, RING_BYTES - 80};

	(void)state;
	assert_int_equal(events_of(&a, &ring, 10), 1);
	ring.written = RING_BYTES;
	assert_int_equal(events_of(&(struct rp_ring_share){0}, &ring, 10), 0);
	ring.written += RING_BYTES; /* not at all, but nothing comes of it */
	assert_int_equal(events_of(&(struct rp_ring_share){0}, &ring, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frequent_labels),
		cmocka_unit_test(test_votes_do_not_run_over),
		cmocka_unit_test(test_votes_needed),
		cmocka_unit_test(test_recent_words),
		cmocka_unit_test(test_empty_word),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_names_of_ends),
		cmocka_unit_test(test_shares_halve),
		cmocka_unit_test(test_a_user_leaves_a_quarter),
		cmocka_unit_test(test_small_shares),
		cmocka_unit_test(test_shares_are_told_by_option),
		cmocka_unit_test(test_shares_of_a_ring_halve),
		cmocka_unit_test(test_shares_of_a_ring_come_back),
		cmocka_unit_test(test_a_full_ring_has_no_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
