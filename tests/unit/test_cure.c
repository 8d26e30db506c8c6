// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Remedies become commands: the line that was typed, changed as the error asks. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "opts/cure.h"

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

/* The cure of `err` under this line. */
static void expect_cure(char **argv, struct rp_err *err, const char *cure)
{
	struct rp_opts opts;
	struct rp_err mistake = {0};
	int argc = 0;

	while (argv[argc])
		argc++;
	if (rp_opts__parse(&opts, argc, argv, &mistake))
		fail_msg("%s", mistake.cause);
	rp_cure__fill(&opts, err);
	assert_string_equal(err->cure, cure);
	rp_opts__free(&opts);
}

static void test_none(void **state)
{
	struct rp_err err = {0};

	(void)state;
	rp_err__set(&err, RP_EXIT_FAILED, -EIO, NULL, "it failed");
	expect_cure(WORDS("rptrace", "-p", "1"), &err, "");
	rp_err__set(&err, RP_EXIT_FAILED, -EIO, "true", "it failed");
	expect_cure(WORDS("rptrace", "-p", "1"), &err, "true");
}

/* A remedy does not outlive the error that it was for. */
static void test_set_anew(void **state)
{
	struct rp_err err = {0};

	(void)state;
	rp_err__set(&err, RP_EXIT_DENIED, -EPERM, NULL, "it failed");
	assert_int_equal(rp_err__remedy(&err, -EPERM, RP_REMEDY_LIST), -EPERM);
	rp_err__set(&err, RP_EXIT_FAILED, -EIO, "true", "it failed");
	expect_cure(WORDS("rptrace", "-p", "1"), &err, "true");
	assert_int_equal(rp_err__remedy(NULL, -EPERM, RP_REMEDY_LIST), -EPERM);
	assert_int_equal(rp_err__line(NULL, -EPERM, "attach", NULL, NULL), -EPERM);
}

static void test_list(void **state)
{
	struct rp_err err = {.remedy = RP_REMEDY_LIST};

	(void)state;
	expect_cure(WORDS("rptrace", "-p", "1,2", "-f", "x"), &err, "rptrace list -p 1,2");
	expect_cure(WORDS("rptrace", "-f", "x", "--", "a b", "c"), &err, "rptrace list -- 'a b' c");
	expect_cure(WORDS("rptrace", "-f", "*.so:x"), &err, RP_CURE_PROCESSES);
}

/* Without options in each of the ways to type one, and with others before the command. */
static void test_line(void **state)
{
	struct rp_err err = {0};

	(void)state;
	rp_err__line(&err, 0, "attach", NULL, NULL);
	expect_cure(WORDS("rptrace", "--attach", "perf", "-f", "*"), &err, "rptrace -f '*'");
	expect_cure(WORDS("rptrace", "-f", "x", "--att=perf"), &err, "rptrace -f x");
	expect_cure(WORDS("rptrace", "--attach=perf", "-f", "x", "--attach", "multi"), &err,
		    "rptrace -f x");
	rp_err__line(&err, 0, "stuck on-stuck", NULL, NULL);
	expect_cure(WORDS("rptrace", "--on-stuck", "true", "-p", "1", "--stuck=5"), &err,
		    "rptrace -p 1");
	rp_err__line(&err, 0, "output", "-o", "file");
	expect_cure(WORDS("rptrace", "-o/x/y", "-f", "x", "--", "-o", "z"), &err,
		    "rptrace -f x -o file -- -o z");
	expect_cure(WORDS("rptrace", "-p", "1", "-o", "/x/y"), &err, "rptrace -p 1 -o file");
	rp_err__line(&err, 0, NULL, "--verbose", NULL);
	expect_cure(WORDS("rptrace", "-p", "1"), &err, "rptrace -p 1 --verbose");
}

static void test_line_that_cannot_be_told(void **state)
{
	struct rp_err err = {0};

	(void)state;
	rp_err__line(&err, 0, NULL, "--verbose", NULL);
	expect_cure(WORDS("rptrace", "-f", "a\nb"), &err, "rptrace --help");
}

/* ---- lines that are shown -------------------------------------------------------------------- */

static void parse(struct rp_opts *opts, char **argv)
{
	struct rp_err mistake = {0};
	int argc = 0;

	while (argv[argc])
		argc++;
	if (rp_opts__parse(opts, argc, argv, &mistake))
		fail_msg("%s", mistake.cause);
}

/* To list what the selection has found, and the same line with an option more. */
static void test_lines_of_a_selection(void **state)
{
	const struct {
		char **argv;
		const char *list, *with;
	} cases[] = {
		{WORDS("rptrace", "-p", "7", "-f", "a*", "--tree", "-u", "x:y", "-f", "b"),
		 "rptrace list -p 7 -f 'a*' -f b -u x:y",
		 "rptrace -p 7 -f 'a*' --tree -u x:y -f b --trap 1us"},
		{WORDS("rptrace", "-f", "a", "--", "cmd", "-f", "b"),
		 "rptrace list -f a -- cmd -f b", "rptrace -f a --trap 1us -- cmd -f b"},
		{WORDS("rptrace", "-f", "a\nb", "-p", "7"), "rptrace list -p 7", "rptrace --help"},
		{WORDS("rptrace", "-f", "a\nb"), RP_CURE_PROCESSES, "rptrace --help"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_command_line line;
		struct rp_opts opts;

		parse(&opts, cases[i].argv);
		assert_string_equal(rp_cure__list(&opts, &line), cases[i].list);
		assert_string_equal(rp_cure__with(&opts, "--trap", "1us", &line), cases[i].with);
		rp_opts__free(&opts);
	}
}

/* More functions than a line has room for. */
static void test_line_of_many_functions(void **state)
{
	char *argv[2 * 100 + 4] = {"rptrace", "-p", "7"}, many[64 * 8] = "";
	struct rp_command_line line;
	struct rp_opts opts;
	const char *cure;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		argv[3 + 2 * i] = "-f";
		argv[4 + 2 * i] = "x";
	}
	for (size_t i = 0; i < 31; i++)
		strcat(many, " -f x");
	parse(&opts, argv);
	cure = rp_cure__list(&opts, &line);
	assert_memory_equal(cure, "rptrace list -p 7 -f x", strlen("rptrace list -p 7 -f x"));
	assert_string_equal(cure + strlen("rptrace list -p 7"), many);
	rp_opts__free(&opts);
}

/* The options that decided, as a record tells them. */
static void test_line_of_what_was_told(void **state)
{
	static const char rest[] = " --auto --where 'a == 1'";
	const char *items[] = {"every", "10", "auto", NULL, "where", "a == 1"};
	struct rp_opts opts = {.told = {.items = items, .n = 0}};
	struct rp_command_line line;
	char value[sizeof(line.text)];
	const char *text;

	(void)state;
	assert_null(rp_command_line__of_told(&line, &opts));
	opts.told.n = 6;
	assert_string_equal(rp_command_line__of_told(&line, &opts),
			    "--every 10 --auto --where 'a == 1'");
	/* It ends in dots where not all of it fits. */
	memset(value, 'x', sizeof(value));
	for (size_t left = sizeof(rest); left > 0; left--) {
		value[sizeof(value) - strlen("--every ") - left] = '\0';
		items[1] = value;
		text = rp_command_line__of_told(&line, &opts);
		assert_true(strlen(text) < sizeof(line.text));
		assert_memory_equal(text, "--every xxx", strlen("--every xxx"));
		assert_int_equal(!strcmp(text + strlen(text) - 4, " ..."), left < sizeof(rest));
		value[sizeof(value) - strlen("--every ") - left] = 'x';
	}
}

/* ---- rights ---------------------------------------------------------------------------------- */

static void write_program(const char *folder, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(chmod(path, 0700), 0);
}

/* In a process of its own, which gives its rights up: cmocka's own must stay who they are. */
static void test_rights(void **state)
{
	char folder[] = "/tmp/rptrace-cure-XXXXXX", sudo[64];
	struct rp_err err = {.remedy = RP_REMEDY_RIGHTS};
	char *path = strdup(getenv("PATH"));

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	setenv("PATH", folder, 1);
	if (!geteuid()) {
		expect_cure(WORDS("./rptrace", "-p", "7", "-f", "x"), &err, "rptrace doctor -p 7");
		expect_cure(WORDS("./rptrace", "--", "true"), &err, "rptrace doctor");
		assert_int_equal(seteuid(65534), 0);
	}
	expect_cure(WORDS("./rptrace", "-f", "a'b", "--", "c d"), &err,
		    "su -c './rptrace -f '\"'\"'a'\"'\"'\"'\"'\"'\"'\"'\"'b'\"'\"' -- "
		    "'\"'\"'c d'\"'\"''");
	assert_int_equal(seteuid(getuid()), 0);
	write_program(folder, "sudo");
	snprintf(sudo, sizeof(sudo), "%s/sudo", folder);
	assert_int_equal(chmod(sudo, 0755), 0);
	if (!geteuid())
		assert_int_equal(seteuid(65534), 0);
	expect_cure(WORDS("./rptrace", "-f", "*", "--", "c d"), &err,
		    "sudo ./rptrace -f '*' -- 'c d'");
	assert_int_equal(seteuid(getuid()), 0);
	unlink(sudo);
	rmdir(folder);
	setenv("PATH", path, 1);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_of_a_selection),
		cmocka_unit_test(test_line_of_many_functions),
		cmocka_unit_test(test_line_of_what_was_told),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_set_anew),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_line_that_cannot_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
