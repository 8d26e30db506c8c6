// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The clocks of threads that are sampled: which there are, how they run, what is said of none. */
#include "perf_fixture.h"

#include <pthread.h>
#include <stdlib.h>

#include "sample/threads.h"
#include "util/clock.h"

#define PROGRAM 41

static const struct rp_sample_threads_opts opts = {.program = PROGRAM, .hz = 1000, .follow = true};

static struct rp_sample_threads *threads;
static bool may_double;
static struct rp_err err;

static int add(pid_t pid)
{
	memset(&err, 0, sizeof(err));
	return rp_sample_threads__add(threads, pid, &may_double, &err);
}

static int start(void **state)
{
	(void)state;
	forget_events();
	threads = rp_sample_threads__new(&opts);
	return !threads;
}

/* Whatever has gone wrong, no clock outlasts them. */
static int stop(void **state)
{
	(void)state;
	rp_sample_threads__free(threads);
	return open_events() != 0;
}

static const struct fake_event *clock_of(pid_t tid)
{
	for (size_t i = 0; i < fake_perf.n; i++)
		if (fake_perf.event[i].pid == tid && is_open(fake_perf.event[i].fd))
			return &fake_perf.event[i];
	return NULL;
}

static pthread_barrier_t barrier;
static pid_t second;

static void *wait_a_while(void *arg)
{
	second = gettid();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return arg;
}

static void each_thread_has_a_clock(void **state)
{
	const struct fake_event *e;
	pthread_t thread;

	(void)state;
	pthread_barrier_init(&barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, wait_a_while, NULL), 0);
	pthread_barrier_wait(&barrier);
	assert_int_equal(add(getpid()), 0);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(fake_perf.n, 2);
	assert_false(may_double);
	assert_non_null(clock_of(second));
	e = clock_of(getpid());
	assert_non_null(e);
	assert_int_equal(e->attr.type, PERF_TYPE_SOFTWARE);
	assert_int_equal(e->attr.config, PERF_COUNT_SW_TASK_CLOCK);
	assert_int_equal(e->attr.size, sizeof(e->attr));
	assert_int_equal(e->attr.sample_period, RP_NS_PER_MS);
	assert_int_equal(e->attr.inherit, 1);
	assert_int_equal(e->attr.inherit_thread, 0);
	assert_int_equal(e->cpu, -1);
	assert_int_equal(e->group, -1);
	assert_int_equal(e->flags, PERF_FLAG_FD_CLOEXEC);
	assert_int_equal(e->program, PROGRAM);
}

static void children_are_left_out_where_they_are_to_be(void **state)
{
	struct rp_sample_threads_opts alone = opts;

	(void)state;
	rp_sample_threads__free(threads);
	alone.follow = false;
	threads = rp_sample_threads__new(&alone);
	assert_int_equal(add(getpid()), 0);
	assert_int_equal(fake_perf.event[0].attr.inherit_thread, 1);
}

/* Its number may be that of another one by now. */
static void a_thread_has_one_clock(void **state)
{
	(void)state;
	assert_int_equal(add(getpid()), 0);
	assert_int_equal(add(getpid()), 0);
	assert_int_equal(fake_perf.n, 2);
	assert_false(is_open(fake_perf.event[0].fd));
	assert_true(is_open(fake_perf.event[1].fd));
}

static void what_has_ended_is_no_error(void **state)
{
	(void)state;
	fake_perf.refuses = ESRCH;
	assert_int_equal(add(getpid()), 0);
	assert_int_equal(fake_perf.asked, 1);
	assert_int_equal(add(INT32_MAX), 0); /* no such process */
	assert_int_equal(fake_perf.asked, 1);
	assert_false(may_double);
}

static void refusals_are_told(void **state)
{
	(void)state;
	fake_perf.refuses = EMFILE;
	assert_int_equal(add(getpid()), -EMFILE);
	assert_int_equal(err.exit, RP_EXIT_FAILED);
	assert_string_equal(err.cause, "too many threads to sample: each takes an open file");
	assert_string_equal(err.cure, "ulimit -n unlimited");
	fake_perf.refuses = EACCES;
	assert_int_equal(add(getpid()), -EACCES);
	assert_int_equal(err.exit, RP_EXIT_DENIED);
	assert_string_equal(err.cause, "threads cannot be sampled: Permission denied");
	assert_string_equal(err.cure, "rptrace doctor");
	/* A clock without the program would interrupt for nothing. */
	fake_perf.refuses = 0;
	fake_perf.refuses_program = EINVAL;
	assert_int_equal(add(getpid()), -EINVAL);
	assert_string_equal(err.cause, "threads cannot be sampled: Invalid argument");
	assert_int_equal(open_events(), 0);
}

/* Shorter and longer by turns, each for so many samples. */
static void clocks_are_set_anew_by_and_by(void **state)
{
	struct fake_event *e = &fake_perf.event[0];
	uint64_t first;

	(void)state;
	assert_int_equal(add(getpid()), 0);
	for (int i = 0; i < 127; i++)
		rp_sample_threads__sampled(threads, getpid());
	rp_sample_threads__sampled(threads, INT32_MAX); /* of a child, which has inherited it */
	assert_int_equal(e->period, 0);
	rp_sample_threads__sampled(threads, getpid());
	first = e->period;
	assert_in_range(first, RP_NS_PER_MS * 7 / 8, RP_NS_PER_MS - 1);
	for (int i = 0; i < 127; i++)
		rp_sample_threads__sampled(threads, getpid());
	assert_int_equal(e->period, first);
	rp_sample_threads__sampled(threads, getpid());
	assert_int_equal(e->period + first, 2 * RP_NS_PER_MS);
	rp_sample_threads__free(NULL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_thread_has_a_clock), TEST(children_are_left_out_where_they_are_to_be),
		TEST(a_thread_has_one_clock),  TEST(what_has_ended_is_no_error),
		TEST(refusals_are_told),       TEST(clocks_are_set_anew_by_and_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
