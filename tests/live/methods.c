/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include "methods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_DENIED 4

const struct live_method live_methods[] = {
	{"--attach auto --exit auto", BY_AUTO},
	{"--attach session --exit return", BY_RETURN},
	{"--attach multi --exit return", BY_RETURN},
	{"--attach perf --exit return", BY_RETURN},
	{"--attach session --exit ret-sites", BY_SITES},
	{"--attach multi --exit ret-sites", BY_SITES},
	{"--attach perf --exit ret-sites", BY_SITES},
};
const size_t live_n_methods = LIVE_COUNT(live_methods);

struct test {
	const struct live_case *c;
	const struct live_method *method;
	char name[160];
};

static void (*test_fn)(const struct live_case *, const struct live_method *);

void live_need_target(const char *target)
{
	char path[512];

	snprintf(path, sizeof(path), "%.*s", (int)strcspn(target, " "), target);
	if (access(live_target_path(path), X_OK) == 0)
		return;
	fprintf(stderr, "SKIPPED: %s was not built, or is not installed\n", path);
	skip();
}

void live_need_method(const struct live_method *method)
{
	static enum { UNKNOWN, WORKS, REFUSED } known[LIVE_COUNT(live_methods)];
	size_t i = (size_t)(method - live_methods);

	if (known[i] == UNKNOWN) {
		struct live_proc *rptrace = live_rptrace("%s -f leaf -- %s exit 0", method->options,
							 live_target_path("functions"));
		int status = live_wait(rptrace);

		if (status != 0 && status != EXIT_DENIED)
			fail_msg("%s: status %d", method->options, status);
		known[i] = status ? REFUSED : WORKS;
	}
	if (known[i] == WORKS)
		return;
	fprintf(stderr, "SKIPPED: %s is refused here\n", method->options);
	skip();
}

struct live_run live_unharmed(const struct live_case *c, const struct live_method *method)
{
	const char *path = live_path("snapshot.json");
	struct live_proc *alone;
	struct live_run run;

	live_need_target(c->target);
	live_need_method(method);
	alone = live_target("%s", c->target);
	live_release(alone);
	live_wait(alone);

	unlink(path);
	run.target = live_target("%s", c->target);
	run.rptrace = live_rptrace_ready("-p %d %s %s --format json -o %s", run.target->pid,
					 method->options, c->selection, path);
	live_release(run.target);
	assert_int_equal(live_wait(run.target), alone->status);
	assert_string_equal(run.target->out, alone->out);
	assert_string_equal(run.target->err, alone->err);
	assert_int_equal(live_wait(run.rptrace), 0);
	run.said = run.target->out;
	run.json = live_load(path);
	return run;
}

void live_exact(const struct live_case *c, const struct live_method *method)
{
	struct live_run run = live_unharmed(c, method);

	live_assert_expected(&run, 0);
	live_assert_nothing_lost_but(run.json, c->lost);
	live_assert_sound(run.json);
}

static void run_row(void **state)
{
	const struct test *test = *state;

	test_fn(test->c, test->method);
}

int live_main_methods(const char *group, const struct live_case *cases, size_t n_cases,
		      void (*fn)(const struct live_case *, const struct live_method *),
		      const struct CMUnitTest *single, size_t n_single)
{
	size_t room = n_cases * live_n_methods, n = 0;
	struct test *tests = calloc(room, sizeof(*tests));
	struct CMUnitTest *all = calloc(room + n_single, sizeof(*all));
	int failed = 1;

	test_fn = fn;
	for (size_t i = 0; tests && all && i < room; i++) {
		const struct live_case *c = &cases[i / live_n_methods];
		const struct live_method *method = &live_methods[i % live_n_methods];
		struct test *test = &tests[n];

		if (!(c->by & method->by))
			continue;
		*test = (struct test){.c = c, .method = method};
		snprintf(test->name, sizeof(test->name), "%s: %s %s", c->target, c->selection,
			 method->options);
		all[n++] = (struct CMUnitTest){
			.name = test->name, .test_func = run_row, .initial_state = test};
	}
	if (tests && all) {
		memcpy(&all[n], single, n_single * sizeof(*single));
		failed = live_main(group, all, n + n_single);
	}
	free(tests);
	free(all);
	return failed;
}
