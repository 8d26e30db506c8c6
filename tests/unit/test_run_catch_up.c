// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* When a terminal that was behind is looked at again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/catch_up.h"

/* ---- a loop and a screen that are made up -------------------------------------------------------
 */

struct rp_timer {
	rp_timer_fn fn;
	void *ctx;
	uint64_t due;
};

static struct rp_timer timer;
static rp_watch_fn before_wait;
static void *before_ctx;
static int timer_error, wait_error;
static uint64_t next; /* what the screen wants */
static unsigned asked;
static int of_screen; /* its address stands for the screen */

int rp_loop__timer(struct rp_loop *loop, rp_timer_fn fn, void *ctx, struct rp_timer **out)
{
	(void)loop;
	timer = (struct rp_timer){.fn = fn, .ctx = ctx};
	*out = &timer;
	return timer_error;
}

void rp_timer__set(struct rp_timer *of, uint64_t at)
{
	assert_ptr_equal(of, &timer);
	of->due = at;
}

int rp_loop__before_wait(struct rp_loop *loop, rp_watch_fn fn, void *ctx)
{
	(void)loop;
	before_wait = fn;
	before_ctx = ctx;
	return wait_error;
}

uint64_t rp_screen__catch_up(struct rp_screen *screen)
{
	assert_ptr_equal(screen, &of_screen);
	asked++;
	return next;
}

static struct rp_catch_up catch_up;

static int watch(void)
{
	catch_up = (struct rp_catch_up){0};
	before_wait = NULL;
	asked = 0;
	return rp_catch_up__watch(&catch_up, NULL, (struct rp_screen *)&of_screen);
}

/* ---- tests -------------------------------------------------------------------------------------
 */

static void it_is_asked_before_each_wait(void **state)
{
	(void)state;
	assert_int_equal(watch(), 0);
	next = UINT64_MAX;
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(before_wait(before_ctx), 0);
		assert_int_equal(asked, i);
		assert_true(timer.due == RP_LOOP_NEVER);
	}
}

/* Once it has said when, not before that. */
static void it_is_asked_when_it_has_said(void **state)
{
	(void)state;
	assert_int_equal(watch(), 0);
	next = 1000;
	assert_int_equal(before_wait(before_ctx), 0);
	assert_int_equal(timer.due, 1000);
	assert_int_equal(before_wait(before_ctx), 0);
	assert_int_equal(asked, 1);
	next = 2000;
	assert_int_equal(timer.fn(timer.ctx, 1000), 0);
	assert_int_equal(asked, 2);
	assert_int_equal(timer.due, 2000);
	assert_int_equal(before_wait(before_ctx), 0);
	assert_int_equal(asked, 2);
	next = UINT64_MAX;
	assert_int_equal(timer.fn(timer.ctx, 2000), 0);
	assert_true(timer.due == RP_LOOP_NEVER);
	assert_int_equal(before_wait(before_ctx), 0);
	assert_int_equal(asked, 4);
}

static void errors_are_told(void **state)
{
	(void)state;
	timer_error = -ENOMEM;
	assert_int_equal(watch(), -ENOMEM);
	assert_null(before_wait);
	timer_error = 0;
	wait_error = -EMFILE;
	assert_int_equal(watch(), -EMFILE);
	wait_error = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_asked_before_each_wait),
		cmocka_unit_test(it_is_asked_when_it_has_said),
		cmocka_unit_test(errors_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
