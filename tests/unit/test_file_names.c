/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Names of files with what differs from run to run, and what is none of it. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "opts/opts.h"

static void each_file_has_its_name(void **state)
{
	struct rp_opts opts = {.record = "a.%%.rpt", .stream = "b.%{FILE_NAMES}", .output = "c"};
	struct rp_err err = {0};

	(void)state;
	setenv("FILE_NAMES", "7", 1);
	assert_int_equal(rp_opts__name_files(&opts, &err), 0);
	assert_string_equal(opts.record, "a.%.rpt");
	assert_string_equal(opts.stream, "b.7");
	assert_string_equal(opts.output, "c");
	rp_opts__free(&opts);
	unsetenv("FILE_NAMES");
}

static const char *expanded(const char *file)
{
	static char text[PATH_MAX];
	struct rp_opts opts = {.record = file};
	struct rp_err err = {0};

	assert_int_equal(rp_opts__name_files(&opts, &err), 0);
	snprintf(text, sizeof(text), "%s", opts.record);
	rp_opts__free(&opts);
	return text;
}

static void host_process_and_time(void **state)
{
	char host[256], expected[512], at[2][32];
	const char *got;
	time_t now;

	(void)state;
	/* Which time it is here, whatever the time zone of this machine is. */
	setenv("TZ", "HERE-13:30", 1);
	tzset();
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	snprintf(expected, sizeof(expected), "a.%s.%d.rpt", host, (int)getpid());
	assert_string_equal(expanded("a.%h.%p.rpt"), expected);
	/* The time may go on meanwhile. */
	now = time(NULL);
	strftime(at[0], sizeof(at[0]), "x%Y%m%d-%H%M%S", localtime(&now));
	got = expanded("x%t");
	now = time(NULL);
	strftime(at[1], sizeof(at[1]), "x%Y%m%d-%H%M%S", localtime(&now));
	assert_int_equal(strlen(got), strlen("x20260102-030405"));
	assert_true(strcmp(at[0], got) <= 0 && strcmp(got, at[1]) <= 0);
	unsetenv("TZ");
	tzset();
}

static void mistakes_are_told(void **state)
{
	static const struct {
		const char *record, *stream, *cause;
	} cases[] = {
		{"a.%{}.rpt", NULL, "lacks the name of a variable"},
		{"a.%{NONE_SUCH}", NULL, "the environment has no NONE_SUCH"},
		{"a.%{B", NULL, "lacks its }"},
		{"a%", NULL, "%% one %"},
		{"a%x", NULL, "%% one %"},
		{"%{FILE_NAMES_EMPTY}", NULL, "what it stands for is empty"},
		{"a", "b.%{NONE_SUCH}", "the environment has no NONE_SUCH"},
	};

	(void)state;
	setenv("FILE_NAMES_EMPTY", "", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_opts opts = {.record = cases[i].record, .stream = cases[i].stream};
		struct rp_err err = {0};

		assert_int_equal(rp_opts__name_files(&opts, &err), -EINVAL);
		assert_non_null(strstr(err.cause, cases[i].cause));
		/* A name that would do, for the option that it is of. */
		assert_int_equal(err.remedy, RP_REMEDY_LINE);
		assert_string_equal(err.with[0], cases[i].stream ? "--stream" : "--record");
		assert_string_equal(err.with[1],
				    cases[i].stream ? "rptrace.%p.trace.json" : "rptrace.%p.rpt");
		rp_opts__free(&opts);
	}
}

static void too_long_is_told(void **state)
{
	static char value[PATH_MAX];
	struct rp_opts opts = {.record = "a.%{FILE_NAMES}"};
	struct rp_err err = {0};

	(void)state;
	/* With its end it has to fit: from the last one on that does not. */
	memset(value, 'x', sizeof(value) - 1);
	for (size_t n = PATH_MAX - 1; n >= PATH_MAX - 2; n--) {
		value[n] = '\0';
		setenv("FILE_NAMES", value, 1);
		assert_int_equal(rp_opts__name_files(&opts, &err), -ENAMETOOLONG);
		rp_opts__free(&opts);
		opts.record = "a.%{FILE_NAMES}";
	}
	value[PATH_MAX - 3] = '\0';
	setenv("FILE_NAMES", value, 1);
	assert_int_equal(rp_opts__name_files(&opts, &err), 0);
	assert_int_equal(strlen(opts.record), PATH_MAX - 1);
	rp_opts__free(&opts);
	unsetenv("FILE_NAMES");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_has_its_name),
		cmocka_unit_test(host_process_and_time),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(too_long_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
