// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* When a run looks at what the system maps, and for how long it looks away then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/internal.h"
#include "util/clock.h"

#define EVENTS	 3 /* descriptors */
#define MAPPINGS 4
#define TARGETS	 5

#define REST_NS	 (2 * RP_NS_PER_MS)
#define LOOK_NS	 (20 * RP_NS_PER_MS)

/* ---- a loop and a kernel that are made up ---------------------------------------------------- */

static struct {
	int fd;
	rp_watch_fn fn;
	bool paused;
} watches[8];
static size_t n_watches;

struct rp_timer {
	rp_timer_fn fn;
	uint64_t due;
} timers[8];
static size_t n_timers;

static rp_watch_fn before_wait;
static unsigned drained, collected;
static int rescan_ms;
static struct rp_run run;

int rp_loop__watch(struct rp_loop *loop, int fd, rp_watch_fn fn, void *ctx, struct rp_watch **out)
{
	(void)loop;
	assert_ptr_equal(ctx, &run);
	watches[n_watches].fd = fd;
	watches[n_watches].fn = fn;
	watches[n_watches].paused = false;
	if (out)
		*out = (struct rp_watch *)&watches[n_watches];
	n_watches++;
	return 0;
}

int rp_watch__pause(struct rp_watch *watch, bool paused)
{
	((__typeof__(&watches[0]))watch)->paused = paused;
	return 0;
}

int rp_loop__timer(struct rp_loop *loop, rp_timer_fn fn, void *ctx, struct rp_timer **out)
{
	(void)loop;
	assert_ptr_equal(ctx, &run);
	timers[n_timers] = (struct rp_timer){.fn = fn, .due = RP_LOOP_NEVER};
	*out = &timers[n_timers++];
	return 0;
}

void rp_timer__set(struct rp_timer *timer, uint64_t at)
{
	timer->due = at;
}

int rp_loop__before_wait(struct rp_loop *loop, rp_watch_fn fn, void *ctx)
{
	(void)loop;
	assert_ptr_equal(ctx, &run);
	before_wait = fn;
	return 0;
}

int rp_mappings__fd(const struct rp_mappings *mappings)
{
	(void)mappings;
	return MAPPINGS;
}

uint64_t rp_mappings__drain(struct rp_mappings *mappings, rp_mapping_fn fn, void *ctx, bool *missed)
{
	(void)fn;
	assert_ptr_equal(mappings, run.events.mappings);
	assert_ptr_equal(ctx, &run);
	drained++;
	*missed = false;
	return 0;
}

int rp_session__event_fd(const struct rp_session *session)
{
	(void)session;
	return EVENTS;
}

int rp_collect_events(struct rp_session *session, rp_event_fn fn, void *ctx)
{
	(void)session;
	(void)fn;
	assert_ptr_equal(ctx, &run);
	collected++;
	return 0;
}

int rp_targets__fd(const struct rp_targets *targets)
{
	(void)targets;
	return TARGETS;
}

int rp_targets__rescan(struct rp_targets *targets)
{
	(void)targets;
	return rescan_ms;
}

/* What is only named here: without samples, and nothing is said. */
void rp_run__say(struct rp_run *of, const char *line, const char *cure)
{
	(void)of;
	(void)cure;
	fail_msg("%s", line);
}

int rp_session__sample_fd(const struct rp_session *session)
{
	(void)session;
	return -1;
}

void rp_session__count_lost(struct rp_session *session, enum rp_lost reason)
{
	(void)session;
	(void)reason;
}

void rp_targets__on_event(struct rp_targets *targets, const struct rp_event *event)
{
	(void)targets;
	(void)event;
}

void rp_targets__on_mapping(struct rp_targets *targets, pid_t pid, const struct rp_mapped *mapped,
			    uint64_t time)
{
	(void)targets;
	(void)pid;
	(void)mapped;
	(void)time;
}

void rp_targets__missed_mappings(struct rp_targets *targets)
{
	(void)targets;
}

void rp_run__tell_share(struct rp_run *of, const struct rp_event *event)
{
	(void)of;
	(void)event;
}

void rp_sampling__on_event(struct rp_sampling *s, const struct rp_event *event)
{
	(void)s;
	(void)event;
}

void rp_sampling__on_mapping(struct rp_sampling *s, pid_t pid, const struct rp_mapped *mapped,
			     uint64_t time)
{
	(void)s;
	(void)pid;
	(void)mapped;
	(void)time;
}

const char *rp_sampling__unknown_python(struct rp_sampling *s)
{
	(void)s;
	return NULL;
}

unsigned rp_sampling__unnamed_percent(struct rp_sampling *s, pid_t *pid)
{
	(void)s;
	(void)pid;
	return 0;
}

int rp_sampling__drain(struct rp_sampling *s)
{
	(void)s;
	return 0;
}

static int begin(void **state)
{
	static int mappings;

	(void)state;
	n_watches = n_timers = 0;
	drained = collected = 0;
	rescan_ms = -1;
	run = (struct rp_run){.events.mappings = (struct rp_mappings *)&mappings};
	assert_int_equal(rp_run__watch_events(&run), 0);
	return 0;
}

static __typeof__(&watches[0]) watch_of(int fd)
{
	for (size_t i = 0; i < n_watches; i++)
		if (watches[i].fd == fd)
			return &watches[i];
	fail_msg("nobody looks at descriptor %d", fd);
	return NULL;
}

#define assert_due_after(timer, before, ns)                                                        \
	assert_in_range((timer)->due, (before) + (ns), rp_clock__now() + (ns))

/* ---- tests ----------------------------------------------------------------------------------- */

/* Programs that start all the time wake nobody more often. */
static void it_looks_away_for_a_while(void **state)
{
	__typeof__(&watches[0]) mappings = watch_of(MAPPINGS);
	uint64_t before = rp_clock__now();

	(void)state;
	assert_int_equal(mappings->fn(&run), 0);
	assert_int_equal(drained, 1);
	assert_true(mappings->paused);
	assert_due_after(run.events.rest, before, REST_NS);
	/* And looks again, at what comes from now on and at what has come. */
	assert_int_equal(run.events.rest->fn(&run, before + REST_NS), 0);
	assert_false(mappings->paused);
	assert_int_equal(drained, 1);
	assert_false(watch_of(EVENTS)->paused);
}

/* Whatever wakes it or does not: what has come is looked for all the same. */
static void what_has_come_is_looked_for(void **state)
{
	(void)state;
	assert_int_equal(run.events.look->due, 0);
	assert_int_equal(run.events.look->fn(&run, 1000), 0);
	assert_int_equal(run.events.look->due, 1000 + LOOK_NS);
	assert_int_equal(drained, 1);
	assert_int_equal(collected, 1);
	assert_int_equal(watch_of(EVENTS)->fn(&run), 0);
	assert_int_equal(drained, 1);
	assert_int_equal(collected, 2);
}

/* As soon as the targets have said. */
static void targets_are_looked_at_when_they_want_it(void **state)
{
	uint64_t before = rp_clock__now();

	(void)state;
	assert_int_equal(before_wait(&run), 0);
	assert_true(run.events.rescan->due == RP_LOOP_NEVER);
	rescan_ms = 30;
	assert_int_equal(before_wait(&run), 0);
	assert_due_after(run.events.rescan, before, 30 * RP_NS_PER_MS);
	assert_int_equal(watch_of(TARGETS)->fn(&run), 0);
}

#define TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_looks_away_for_a_while),
		TEST(what_has_come_is_looked_for),
		TEST(targets_are_looked_at_when_they_want_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
