/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Numbers of site groups: given again and again, and never to two at a time. Works on attach/
 * itself, on a function of this program.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "attach/session.h"
#include "live.h"

#define NUMBERS 64
#define CYCLES	5000 /* more than the numbers that there were without recycling */

#define REGION	1

__attribute__((noinline, used)) static void probed(void)
{
	__asm__ volatile("nop");
}

static struct rp_session *session;
static struct rp_links_req req;
static struct rp_site site = {.region = REGION, .role = RP_ROLE_CALL};

static void begin(void)
{
	struct rp_session_opts opts = {
		.max_site_groups = NUMBERS,
		.max_depth = 16,
		.max_nodes = 256,
		.max_labels = 1,
		.max_names = 1,
		.max_spans = 1,
		.links_change = true,
	};
	struct rp_features features;
	struct rp_err err;

	rp_features__probe(&features);
	assert_int_equal(rp_features__mode(&features, RP_ATTACH_AUTO, &opts.mode, &err), 0);
	assert_int_equal(rp_session__new(&opts, &session, &err), 0);
	site.offset = rp_own_offset((const void *)probed);
	req = (struct rp_links_req){.pid = getpid(), .sites = &site, .n = 1};
	req.fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(req.fd >= 0);
	assert_int_equal(rp_session__track(session, getpid()), 0);
	rp_session__activate(session);
}

static void end(void)
{
	close(req.fd);
	rp_session__free(session);
}

static int attach(struct rp_links **links)
{
	struct rp_err err;
	int refused = 0, rc;

	rc = rp_links__new(session, &req, &refused, links, &err);
	assert_int_equal(refused, 0);
	return rc;
}

/* One that the detacher still works on is free soon. */
static struct rp_links *attach_soon(void)
{
	struct rp_links *links = NULL;
	uint64_t until = live_deadline();
	int rc;

	while ((rc = attach(&links)) == -ENOSPC)
		assert_true(live_tick(until));
	assert_int_equal(rc, 0);
	return links;
}

static uint64_t counted(void)
{
	uint64_t count = 0;
	uint32_t shards;

	for (uint32_t id = 1; id <= rp_session__nodes_used(session); id++) {
		const struct rp_figures *f = rp_session__figures(session, id, &shards);

		for (uint32_t i = 0; f && i < shards; i++)
			if (rp_session__node(session, id)->region == REGION)
				count += f[i].count;
	}
	return count;
}

static void more_than_there_are_numbers(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < CYCLES; i++) {
		struct rp_links *links = attach_soon();

		if (i % 100 == 0) {
			uint64_t before = counted();

			probed(); /* not started yet */
			assert_int_equal(counted(), before);
			rp_links__start(links);
			probed();
			assert_int_equal(counted(), before + 1);
		}
		rp_links__free(links);
		probed();
	}
	end();
}

static void none_is_given_twice(void **state)
{
	struct rp_links *links[NUMBERS], *one_more = NULL;
	uint64_t before;

	(void)state;
	begin();
	before = counted();
	for (int i = 0; i < NUMBERS; i++) {
		links[i] = attach_soon();
		rp_links__start(links[i]);
	}
	assert_int_equal(attach(&one_more), -ENOSPC);
	assert_true(rp_session__lost(session, RP_LOST_PROBES) > 0);
	probed();
	assert_int_equal(counted(), before + 1);
	/* The others go on, whichever goes. */
	for (int i = NUMBERS - 1; i > 0; i--) {
		rp_links__free(links[i]);
		probed();
	}
	assert_int_equal(counted(), before + NUMBERS);
	rp_links__free(links[0]);
	probed();
	assert_int_equal(counted(), before + NUMBERS);
	end();
}

/* Generations come round, too, and the one that counts is the last. */
static void generations_come_round(void **state)
{
	uint64_t until = live_deadline(), before;
	struct rp_links *links;

	(void)state;
	begin();
	links = attach_soon();
	rp_links__start(links);
	for (int i = 0; i < 40; i++) {
		struct rp_generation_swap swap = {.old = &links, .n = 1};
		struct rp_links *fresh = NULL;
		int rc;

		req.replaces = links;
		while ((rc = attach(&fresh)) == -EBUSY)
			assert_true(live_tick(until));
		assert_int_equal(rc, 0);
		before = counted();
		probed();
		assert_int_equal(rp_session__swap_generation(session, &swap), 0);
		probed();
		rp_session__detach_old_generation(session, &swap);
		while (rp_session__detaches_old_generation(session, &swap))
			assert_true(live_tick(until));
		rp_session__end_swap(session, &swap);
		probed();
		assert_int_equal(counted(), before + 3);
		links = fresh;
	}
	req.replaces = NULL;
	rp_links__free(links);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_than_there_are_numbers),
		cmocka_unit_test(none_is_given_twice),
		cmocka_unit_test(generations_come_round),
	};

	return live_main("site_groups", tests, LIVE_COUNT(tests));
}
