/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the tests of the live screen share: a server to show, the screen's state, and keys. */
#ifndef RP_TEST_SCREEN_FIXTURE_H
#define RP_TEST_SCREEN_FIXTURE_H

#include "counts_fixture.h"
#include "screen/keys.h"
#include "screen/state.h"

#define S 1000000000ull

static struct fixture server;
static struct rp_state s;
static struct rp_request request;

static inline void key(int k)
{
	rp_state__key(&s, k, &request);
}

static inline void keys(const char *text)
{
	for (; *text; text++)
		key(*text);
}

/* The server as it is, at a second, and what is open in it. */
static inline void update_with(uint64_t second, struct rp_open_regions *open)
{
	struct rp_snapshot *snapshot;

	server.counts.time = second * S;
	snapshot = fixture_snapshot(&server, s.by);
	snapshot->open = open;
	assert_int_equal(rp_state__update(&s, snapshot, NULL, second * S, second * S / 2), 0);
}

static inline void update(uint64_t second)
{
	update_with(second, NULL);
}

static inline void show_server(size_t height)
{
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .interval = 1, .utf8 = true});
	rp_state__resize(&s, height, 100);
}

static inline int setup(void **state)
{
	(void)state;
	show_server(30);
	update(10);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	rp_state__free(&s);
	return 0;
}

#endif
