// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The loop on pipes, with a clock that goes on only where a test says so: no test waits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/loop.h"

static uint64_t fake_now;

static uint64_t fake_clock(void)
{
	return fake_now;
}

/* What was called, in order: a letter each. */
struct log {
	struct rp_loop *loop;
	char calls[64];
	size_t n;
};

struct part {
	struct log *log;
	char name;
	int fd;		/* to read from */
	int rc;		/* to return */
	bool stops;	/* the loop */
	uint64_t again; /* ns after which its timer is due again; 0: never */
	struct rp_timer *timer;
	struct rp_watch *watch, *pauses; /* its own; the one that it pauses */
};

static int called(struct part *p)
{
	assert_true(p->log->n + 1 < sizeof(p->log->calls));
	p->log->calls[p->log->n++] = p->name;
	if (p->pauses)
		rp_watch__pause(p->pauses, true);
	if (p->stops)
		rp_loop__stop(p->log->loop);
	return p->rc;
}

static int on_readable(void *ctx)
{
	struct part *p = ctx;
	char byte;

	assert_int_equal(read(p->fd, &byte, 1), 1);
	return called(p);
}

static int on_timer(void *ctx, uint64_t now)
{
	struct part *p = ctx;

	assert_int_equal(now, fake_now);
	if (p->again)
		rp_timer__set(p->timer, now + p->again);
	return called(p);
}

static int plain(void *ctx)
{
	return called(ctx);
}

struct fixture {
	struct log log;
	int ends[2][2];
	struct part first, second, early, late;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fake_now = 1000;
	assert_int_equal(rp_loop__new(fake_clock, &f->log.loop), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pipe(f->ends[i]), 0);
	f->first = (struct part){.log = &f->log, .name = 'a', .fd = f->ends[0][0]};
	f->second = (struct part){.log = &f->log, .name = 'b', .fd = f->ends[1][0]};
	f->early = (struct part){.log = &f->log, .name = 'e'};
	f->late = (struct part){.log = &f->log, .name = 'l'};
	assert_int_equal(
		rp_loop__watch(f->log.loop, f->first.fd, on_readable, &f->first, &f->first.watch),
		0);
	assert_int_equal(rp_loop__watch(f->log.loop, f->second.fd, on_readable, &f->second,
					&f->second.watch),
			 0);
	assert_int_equal(rp_loop__timer(f->log.loop, on_timer, &f->late, &f->late.timer), 0);
	assert_int_equal(rp_loop__timer(f->log.loop, on_timer, &f->early, &f->early.timer), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	rp_loop__free(f->log.loop);
	for (int i = 0; i < 2; i++)
		for (int end = 0; end < 2; end++)
			close(f->ends[i][end]);
	free(f);
	return 0;
}

static void make_ready(struct fixture *f, int i)
{
	assert_int_equal(write(f->ends[i][1], "x", 1), 1);
}

/* Readiness comes in the order of the watches, not in that of the writes. */
static void descriptors_in_their_order(void **state)
{
	struct fixture *f = *state;

	make_ready(f, 1);
	make_ready(f, 0);
	f->second.stops = true;
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "ab");
}

static void an_error_ends_the_run(void **state)
{
	struct fixture *f = *state;

	make_ready(f, 0);
	make_ready(f, 1);
	f->first.rc = -EIO;
	assert_int_equal(rp_loop__run(f->log.loop), -EIO);
	assert_string_equal(f->log.calls, "a");
}

static void runs_again_after_a_stop(void **state)
{
	struct fixture *f = *state;

	f->first.stops = true;
	for (int i = 0; i < 2; i++) {
		make_ready(f, 0);
		assert_int_equal(rp_loop__run(f->log.loop), 0);
	}
	assert_string_equal(f->log.calls, "aa");
}

/* A timer that is not due is not called, however often the loop goes round. */
static void timers_when_they_are_due(void **state)
{
	struct fixture *f = *state;

	rp_timer__set(f->early.timer, 1000);
	rp_timer__set(f->late.timer, 1001);
	make_ready(f, 0);
	make_ready(f, 1);
	f->second.stops = true;
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "ab"); /* stopped before the timers were looked at */
	f->second.stops = false;
	f->early.stops = true;
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "abe");
	fake_now = 1001;
	f->late.stops = true;
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "abel");
}

static void a_timer_is_due_once_for_each_setting(void **state)
{
	struct fixture *f = *state;

	rp_timer__set(f->early.timer, 0);
	rp_timer__set(f->late.timer, 0);
	rp_timer__set(f->late.timer, RP_LOOP_NEVER);
	make_ready(f, 0);
	assert_int_equal(rp_loop__before_wait(f->log.loop, plain, &f->second), 0);
	f->early.again = 5; /* not due again: the clock stands */
	f->second.name = 'w';
	f->early.stops = true;
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "wae");
	fake_now += 5;
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "waewe");
}

/* What it changes counts for the wait that follows. */
static int sets_a_timer(void *ctx)
{
	struct part *p = ctx;

	rp_timer__set(p->timer, fake_now);
	return called(p);
}

static void before_each_wait(void **state)
{
	struct fixture *f = *state;

	f->late.stops = true;
	assert_int_equal(rp_loop__before_wait(f->log.loop, sets_a_timer, &f->early), 0);
	f->early.timer = f->late.timer;
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "el");
}

static void stopped_before_it_waits(void **state)
{
	struct fixture *f = *state;

	f->first.stops = true;
	assert_int_equal(rp_loop__before_wait(f->log.loop, plain, &f->first), 0);
	assert_int_equal(rp_loop__run(f->log.loop), 0); /* nothing would ever wake it */
	assert_string_equal(f->log.calls, "a");
}

static void paused_watches_are_not_called(void **state)
{
	struct fixture *f = *state;

	make_ready(f, 0);
	make_ready(f, 1);
	f->second.stops = true;
	assert_int_equal(rp_watch__pause(f->first.watch, true), 0);
	assert_int_equal(rp_watch__pause(f->first.watch, true), 0);
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "b");
	f->first.stops = true;
	assert_int_equal(rp_watch__pause(f->first.watch, false), 0);
	assert_int_equal(rp_watch__pause(f->first.watch, false), 0);
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "ba");
}

static void paused_in_the_same_round(void **state)
{
	struct fixture *f = *state;

	make_ready(f, 0);
	make_ready(f, 1);
	f->first.pauses = f->second.watch;
	rp_timer__set(f->early.timer, fake_now);
	f->early.stops = true;
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "ae");
}

/* That nothing is left to be read is for the callback to find out. */
static void an_end_is_told(void **state)
{
	struct fixture *f = *state;
	struct part reader = {.log = &f->log, .name = 'r', .stops = true};
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	close(ends[1]);
	assert_int_equal(rp_loop__watch(f->log.loop, ends[0], plain, &reader, NULL), 0);
	assert_int_equal(rp_loop__run(f->log.loop), 0);
	assert_string_equal(f->log.calls, "r");
	close(ends[0]);
}

static void a_closed_descriptor_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rp_loop__watch(f->log.loop, -1, on_readable, &f->first, NULL), -EBADF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(descriptors_in_their_order),
		TEST(an_error_ends_the_run),
		TEST(runs_again_after_a_stop),
		TEST(timers_when_they_are_due),
		TEST(a_timer_is_due_once_for_each_setting),
		TEST(before_each_wait),
		TEST(stopped_before_it_waits),
		TEST(paused_watches_are_not_called),
		TEST(paused_in_the_same_round),
		TEST(an_end_is_told),
		TEST(a_closed_descriptor_is_refused),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
