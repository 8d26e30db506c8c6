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
		cmocka_unit_test(test_none),   cmocka_unit_test(test_set_anew),
		cmocka_unit_test(test_list),   cmocka_unit_test(test_line),
		cmocka_unit_test(test_rights), cmocka_unit_test(test_line_that_cannot_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
