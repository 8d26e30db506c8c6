/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include "methods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_DENIED 4

const struct live_method live_methods[LIVE_METHODS] = {
	{"--attach auto --exit auto", BY_AUTO},
	{"--attach session --exit return", BY_RETURN},
	{"--attach multi --exit return", BY_RETURN},
	{"--attach perf --exit return", BY_RETURN | BY_PERF},
	{"--attach session --exit ret-sites", BY_SITES},
	{"--attach multi --exit ret-sites", BY_SITES},
	{"--attach perf --exit ret-sites", BY_SITES | BY_PERF},
};

struct test {
	const struct live_case *c;
	const struct live_method *method;
};

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
	static enum { UNKNOWN, WORKS, REFUSED } known[LIVE_METHODS];
	size_t i = (size_t)(method - live_methods);

	if (known[i] == UNKNOWN) {
		struct live_proc *rptrace = live_rptrace("%s -f leaf -- %s exit 0", method->options,
							 live_target_path("functions"));
		int status = live_wait(rptrace);

		if (status != 0 && status != EXIT_DENIED)
			fail_msg("%s: status %d", method->options, status);
		known[i] = status ? REFUSED : WORKS;
		if (status)
			fprintf(stderr, "SKIPPED: %s: refused here\n", method->options);
	}
	if (known[i] == WORKS)
		return;
	skip();
}

/* The command line with the folder of the targets for %s. */
static const char *in_folder(const char *line)
{
	static char full[512];
	const char *at = strstr(line, "%s");

	if (!at)
		return line;
	snprintf(full, sizeof(full), "%.*s%s%s", (int)(at - line), line, live_target_path("."),
		 at + 2);
	return full;
}

/* What a target said but for its "code PID NAME ADDRESS", which is new each time. */
static char *lasting(const char *said)
{
	char *kept = strdup(said), *to = kept;

	assert_non_null(kept);
	for (const char *at = said, *next; *at; at = next) {
		next = at + strcspn(at, "\n");
		next += *next == '\n';
		if (strncmp(at, "code ", 5) != 0)
			to = mempcpy(to, at, (size_t)(next - at));
	}
	*to = '\0';
	return kept;
}

static void assert_same(const char *a, const char *b)
{
	char *x = lasting(a), *y = lasting(b);
	bool same = strcmp(x, y) == 0;

	free(x);
	free(y);
	if (!same)
		fail_msg("the target does not say what it says alone");
}

struct live_run live_unharmed(const struct live_case *c, const struct live_method *method)
{
	const char *path = live_path("snapshot.json");
	struct live_proc *alone;
	const char *target;
	struct live_run run;

	target = in_folder(c->target);
	live_need_target(target);
	live_need_method(method);
	alone = live_target("%s", target);
	live_release(alone);
	live_wait(alone);

	unlink(path);
	run.target = live_target("%s", target);
	run.rptrace = live_rptrace_ready("-p %d %s %s --format json -o %s", run.target->pid,
					 method->options, c->selection, path);
	live_release(run.target);
	assert_int_equal(live_wait(run.target), alone->status);
	assert_same(run.target->out, alone->out);
	assert_same(run.target->err, alone->err);
	run.said = run.target->out;
	run.json = live_figures(run.rptrace, path);
	return run;
}

static void run_row(void **state)
{
	const struct test *test = *state;
	struct live_run run = live_unharmed(test->c, test->method);

	live_assert_nothing_lost_but(run.json, test->c->lost);
	if (test->c->holds) {
		test->c->holds(&run);
	} else {
		live_assert_expected(&run, 0);
		live_assert_sound(run.json);
	}
}

int live_main_methods(const char *group, const struct live_case *cases, size_t n_cases,
		      const struct CMUnitTest *single, size_t n_single)
{
	size_t room = n_cases * LIVE_METHODS, n = 0;
	struct test *tests = calloc(room, sizeof(*tests));
	struct CMUnitTest *all = calloc(room + n_single, sizeof(*all));
	const char *only = getenv("LIVE_METHODS");
	int failed = 1;

	for (size_t i = 0; tests && all && i < room; i++) {
		const struct live_case *c = &cases[i / LIVE_METHODS];
		const struct live_method *method = &live_methods[i % LIVE_METHODS];
		struct test *test = &tests[n];

		if (method->by & ~c->by || (only && !strstr(method->options, only)))
			continue;
		*test = (struct test){.c = c, .method = method};
		all[n++] = live_test(run_row, test, "%s: %s %s", c->target, c->selection,
				     method->options);
	}
	if (tests && all) {
		memcpy(&all[n], single, n_single * sizeof(*single));
		failed = live_main(group, all, n + n_single);
	}
	free(tests);
	free(all);
	return failed;
}
