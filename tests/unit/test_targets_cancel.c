// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Looking for objects is given up as soon as that is asked for, whatever there is left to do. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "targets/targets.h"

static unsigned questions, allowed;

static bool is_cancelled(void)
{
	return questions++ >= allowed;
}

/* In a process that maps this program and its libraries. Returns how many of them were planned. */
static size_t objects_of(void)
{
	static const char *const functions[] = {"*"};
	struct rp_plan_opts plan = {.functions = functions, .n_functions = 1};
	struct rp_targets_opts opts = {.is_cancelled = is_cancelled};
	struct rp_targets_stats stats;
	struct rp_targets *targets;
	struct rp_err err;
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	questions = 0;
	assert_int_equal(rp_plan__new(&plan, &opts.plan, &err), 0);
	targets = rp_targets__new(&opts);
	assert_non_null(targets);
	assert_int_equal(rp_targets__add(targets, &pid, 1, 0, &err), 0);
	rp_targets__stats(targets, &stats);
	rp_targets__free(targets);
	rp_plan__free(opts.plan);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return stats.objects;
}

static void nothing_once_it_is_asked_for(void **state)
{
	(void)state;
	allowed = UINT32_MAX;
	assert_true(objects_of() > 0);
	allowed = 0;
	assert_int_equal(objects_of(), 0);
}

static void a_named_object_is_an_error(void **state)
{
	static const char *const functions[] = {"/proc/self/exe:main"};
	struct rp_plan_opts plan = {.functions = functions, .n_functions = 1};
	struct rp_targets_opts opts = {.is_cancelled = is_cancelled};
	struct rp_targets *targets;
	struct rp_err err;

	(void)state;
	allowed = questions = 0;
	assert_int_equal(rp_plan__new(&plan, &opts.plan, &err), 0);
	targets = rp_targets__new(&opts);
	assert_true(rp_targets__add_named(targets, &err) < 0);
	rp_targets__free(targets);
	rp_plan__free(opts.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_once_it_is_asked_for),
		cmocka_unit_test(a_named_object_is_an_error),
	};

	return cmocka_run_group_tests_name("targets_cancel", tests, NULL, NULL);
}
