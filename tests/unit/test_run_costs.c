// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What probes cost is looked at each second, from the first one of the run on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/internal.h"
#include "util/clock.h"

#define BEGAN 5000

/* ---- a run that is made up ------------------------------------------------------------------- */

static struct {
	rp_timer_fn fn;
	uint64_t due, updated;
	bool fails;
	unsigned freed;
} made;

static struct rp_run run;
static int calibration;

int rp_loop__timer(struct rp_loop *loop, rp_timer_fn fn, void *ctx, struct rp_timer **out)
{
	(void)loop;
	assert_ptr_equal(ctx, &run);
	made.fn = fn;
	*out = NULL;
	return 0;
}

void rp_timer__set(struct rp_timer *timer, uint64_t at)
{
	(void)timer;
	made.due = at;
}

int rp_calibration__new(struct rp_session *s, struct rp_calibration **out, struct rp_costs *costs,
			struct rp_err *err)
{
	(void)s;
	(void)err;
	if (made.fails)
		return -1;
	costs->mark.whole = 100;
	*out = (struct rp_calibration *)&calibration;
	return 0;
}

void rp_calibration__update(struct rp_calibration *c, uint64_t now, struct rp_costs *costs)
{
	assert_ptr_equal(c, &calibration);
	made.updated = now;
	costs->mark.whole = 200;
}

void rp_calibration__free(struct rp_calibration *c)
{
	made.freed += c != NULL;
}

static int begin(void **state)
{
	(void)state;
	made.fn = NULL;
	made.due = made.updated = 0;
	made.fails = false;
	made.freed = 0;
	run = (struct rp_run){.began = BEGAN};
	return 0;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void each_second(void **state)
{
	(void)state;
	rp_run__start_costs(&run);
	assert_int_equal(rp_run__watch_costs(&run), 0);
	assert_true(run.cost_meter.costs.mark.whole == 100);
	assert_int_equal(made.due, BEGAN + RP_NS_PER_S);
	assert_int_equal(made.fn(&run, 7000), 0);
	assert_int_equal(made.updated, 7000);
	assert_int_equal(made.due, 7000 + RP_NS_PER_S);
	assert_true(run.cost_meter.costs.mark.whole == 200);
	rp_run__end_costs(&run);
	rp_run__end_costs(&run);
	assert_int_equal(made.freed, 1);
}

/* Where they cannot be measured, nobody asks again. */
static void never_without_a_first_time(void **state)
{
	(void)state;
	made.fails = true;
	rp_run__start_costs(&run);
	assert_int_equal(rp_run__watch_costs(&run), 0);
	assert_int_equal(made.due, 0);
	assert_true(run.cost_meter.costs.mark.whole == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_second, begin),
		cmocka_unit_test_setup(never_without_a_first_time, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
