/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What each failure looks like: the right exit code, one line of cause, one of cure, and a target
 * that is as it was.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

#define LEAF_CODE 16 /* bytes of leaf that may hold its probes */

/*
 * In options "@" stands for the pid of a live target, "^" for the pid of one that has ended, and
 * "~" for a folder with objects that are not as they should be.
 */
struct error_case {
	const char *options;
	int status;
	bool cure;	  /* there must be a hint */
	const char *says; /* what standard error has to name; NULL */
};

static const struct error_case cases[] = {
	/* usage */
	{"--no-such-option", 2, false, "no-such-option"},
	{"-p", 2, false, NULL},
	{"-p 12x", 2, false, "12x"},
	{"-p 0", 2, false, NULL},
	{"-p -5", 2, false, NULL},
	{"-p 99999999999999999999 -f leaf", 2, false, NULL},
	{"-p @ -i 0 -f leaf", 2, false, NULL},
	{"-p @ -i soon -f leaf", 2, false, "soon"},
	{"-p @ -n 1.5 -f leaf", 2, false, "1.5"},
	{"-p @ -d -1 -f leaf", 2, false, NULL},
	{"-p @ --by nonsense -f leaf", 2, false, "nonsense"},
	{"-p @ --sort nonsense -f leaf", 2, false, "nonsense"},
	{"-p @ --format nonsense -f leaf", 2, false, "nonsense"},
	{"-p @ --attach nonsense -f leaf", 2, false, "nonsense"},
	{"-p @ --exit nonsense -f leaf", 2, false, "nonsense"},
	{"-p @ --label arg6 -f leaf", 2, false, "arg6"},
	{"-p @ --label dur -f leaf", 2, false, "ret"},
	{"-p @ --label ret --compensate -f leaf", 2, false, "--compensate"},
	{"-p @ --where arg0>x -f leaf", 2, false, "at 'x'"},
	{"-p @ --min-duration soon -f leaf", 2, false, "soon"},
	{"-p @ -u provider", 2, false, "provider"},
	{"-p @ stray", 2, false, "stray"},
	{"-p @ -f leaf -- true", 2, false, NULL},
	{"-p @ @ -f leaf", 2, true, ","},
	{"@ -f leaf", 2, true, "-p"},
	{"lst -p @", 2, true, "rptrace list -p"},
	{"-f leaf --", 2, true, "--"},
	{"--json -- true", 2, true, "-o"},
	{"-p no-such-name -f leaf", 1, true, "no-such-name"},
	/* targets that are not there */
	{"-p ^", 1, true, NULL},
	{"-p ^ -f leaf", 1, true, NULL},
	/* nothing to trace */
	{"-p @ -f leaff", 3, true, "leaf"},
	{"-p @ -f oter", 3, true, "outer"},
	{"-p @ -f part_?", 3, true, "part_"},
	{"-p @ -f leaf -x l*", 3, true, "-x 'l*'"},
	{"-p @ -f no-such-object.so:leaf", 3, true, "no-such-object.so"},
	{"-p @ -u no_such:probe__start", 3, true, "no_such"},
	{"-p @", 3, true, NULL},
	{"-p @ -f ~/stripped:leaf", 3, true, "stripped"},
	/* objects that are none */
	{"-p @ -f /etc/passwd:main", 1, true, "/etc/passwd"},
	{"-p @ -f ~/truncated:leaf", 1, true, "truncated"},
	{"-p @ -f ~/garbled:leaf", 1, true, "garbled"},
	{"-p @ -f ~/empty:leaf", 1, true, "empty"},
	{"-p @ -f ~/no-such-file:leaf", 1, true, "no-such-file"},
	{"-p @ -f leaf -o ~/no-such-folder/file", 1, true, "no-such-folder"},
	/* commands that cannot run */
	{"-f leaf -- ~/no-such-command", 127, false, "no-such-command"},
	{"-f leaf -- no-such-command", 127, false, "no-such-command"},
	{"-f leaf -- ~/truncated", 126, false, "truncated"},
	{"-f leaf -- ~", 126, false, NULL},
};

/* ---- objects --------------------------------------------------------------------------------- */

/* The first `size` bytes of functions, or all of it; `garble` overwrites the section headers. */
static void write_copy(const char *name, size_t size, bool garble)
{
	int in = open(live_target_path("functions"), O_RDONLY | O_CLOEXEC);
	int out = open(live_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *bytes = malloc(1 << 20);
	ssize_t got = read(in, bytes, 1 << 20);

	assert_true(got > 4096);
	if (size < (size_t)got)
		got = (ssize_t)size;
	if (garble)
		memset(bytes + 16, 0xff, (size_t)got - 16);
	assert_int_equal(write(out, bytes, (size_t)got), got);
	free(bytes);
	close(in);
	close(out);
}

static const char *objects(void)
{
	write_copy("empty", 0, false);
	write_copy("truncated", 300, false);
	write_copy("garbled", SIZE_MAX, true);
	live_stripped("functions");
	return live_path("");
}

static const char *expand(const char *options, pid_t pid, pid_t gone, char *out, size_t size)
{
	size_t n = 0;
	const char *dir = objects();

	for (; *options && n + 1 < size; options++) {
		if (*options == '@')
			n += (size_t)snprintf(out + n, size - n, "%d", pid);
		else if (*options == '^')
			n += (size_t)snprintf(out + n, size - n, "%d", gone);
		else if (*options == '~')
			n += (size_t)snprintf(out + n, size - n, "%.*s", (int)strlen(dir) - 1, dir);
		else
			out[n++] = *options;
	}
	assert_true(n < size);
	out[n] = '\0';
	return out;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* "rptrace: CAUSE", then "rptrace: hint: CURE" where there is one, and not a line more. */
static void assert_message(const char *err, const struct error_case *c)
{
	static const char begin[] = "rptrace: ", hint[] = "rptrace: hint: ";
	const char *second = strchr(err, '\n');

	assert_int_equal(strncmp(err, begin, sizeof(begin) - 1), 0);
	assert_int_not_equal(strncmp(err, hint, sizeof(hint) - 1), 0);
	assert_non_null(second++);
	if (*second) {
		if (c->status != 2)
			assert_int_equal(strncmp(second, hint, sizeof(hint) - 1), 0);
		assert_non_null(strchr(second, '\n'));
		assert_int_equal(*(strchr(second, '\n') + 1), '\0');
	}
	if (c->cure)
		assert_true(*second);
	if (c->says)
		assert_non_null(strstr(err, c->says));
}

static void assert_untouched(struct live_proc *target)
{
	assert_int_equal(live_probes(target, "leaf", LEAF_CODE), 0);
	live_release(target);
	live_expect_line(target, "running", 1);
	live_close(target);
	assert_int_equal(live_wait(target), 0);
}

static void failure(void **state)
{
	const struct error_case *c = *state;
	/* Who traces several processes of one file has probes in all of them. */
	struct live_proc *target = live_target("%s forever", live_copy("functions", "functions")),
			 *rptrace;
	char options[256];

	rptrace = live_rptrace(
		"%s", expand(c->options, target->pid, live_ended_pid(), options, sizeof(options)));
	assert_int_equal(live_wait(rptrace), c->status);
	assert_message(rptrace->err, c);
	assert_int_equal(strlen(rptrace->out), 0);
	assert_untouched(target);
}

/* ---- what needs another target --------------------------------------------------------------- */

static void stripped_target(void **state)
{
	static const struct error_case c = {.status = 3, .cure = true, .says = "symbol"};
	struct live_proc *target = live_target("%s forever", live_stripped("functions")), *rptrace;

	(void)state;
	rptrace = live_rptrace("-p %d -f leaf", target->pid);
	assert_int_equal(live_wait(rptrace), c.status);
	assert_message(rptrace->err, &c);
	assert_untouched(target);
}

/* What has the names is told. */
static void nothing_is_selected_of_a_stripped_target(void **state)
{
	static const struct error_case c = {
		.status = 3, .cure = true, .says = "/usr/lib/debug/.build-id/"};
	struct live_proc *target = live_target("%s forever", live_stripped("functions")), *rptrace;

	(void)state;
	rptrace = live_rptrace("-p %d", target->pid);
	assert_int_equal(live_wait(rptrace), c.status);
	assert_message(rptrace->err, &c);
	assert_untouched(target);
}

static void markers_compiled_out(void **state)
{
	static const struct error_case c = {.status = 3, .cure = true};
	struct live_proc *target = live_target("marks_none"), *rptrace;

	(void)state;
	rptrace = live_rptrace("-p %d", target->pid);
	assert_int_equal(live_wait(rptrace), c.status);
	assert_message(rptrace->err, &c);
	live_finish(target);
}

/* Not permitted to look into the target, and not permitted to trace although it may look. */
static void not_permitted(void **state)
{
	static const struct error_case c = {.status = 4, .cure = true};
	static const char *const targets[] = {"", LIVE_AS_NOBODY};
	/* The folders that these were built in may be closed to others. */
	const char *functions = live_copy("functions", "functions"), *own = live_copy_program();

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(targets); i++) {
		struct live_proc *target = live_target("%s%s forever", targets[i], functions);
		struct live_proc *rptrace = live_start(LIVE_AS_NOBODY "%s -p %d -f leaf", own,
						       target->pid);

		assert_int_equal(live_wait(rptrace), c.status);
		assert_message(rptrace->err, &c);
		assert_null(strstr(rptrace->err, "hint: rptrace"));
		assert_untouched(target);
	}
}

/* It would start commands and write files as root, for anybody. */
static void setuid_is_refused(void **state)
{
	static const struct error_case c = {.status = 4, .cure = true};
	const char *own = live_copy_program(), *path = live_path("owned.json");
	struct live_proc *rptrace;

	(void)state;
	assert_int_equal(chmod(own, 04755), 0);
	rptrace = live_start(LIVE_AS_NOBODY "%s --format json -o %s -- /bin/echo ran", own, path);
	assert_int_equal(live_wait(rptrace), c.status);
	assert_message(rptrace->err, &c);
	assert_string_equal(rptrace->out, "");
	assert_int_equal(access(path, F_OK), -1);
}

/* The command runs although nothing matches it, with a warning; the end says that nothing did. */
static void command_without_regions(void **state)
{
	struct live_proc *rptrace = live_rptrace("-f no_such_function -- %s exit 0",
						 live_target_path("functions"));

	(void)state;
	assert_int_equal(live_wait(rptrace), 3);
	assert_non_null(strstr(rptrace->out, "ready"));
	assert_non_null(strstr(rptrace->err, "no_such_function"));
}

/* What runs is the interpreter. */
static void command_is_a_script(void **state)
{
	const char *path = live_path("script");
	FILE *file = fopen(path, "we");
	struct live_proc *rptrace;

	(void)state;
	assert_non_null(file);
	fputs("#!/bin/sh\nexit 0\n", file);
	fclose(file);
	assert_int_equal(chmod(path, 0700), 0);
	rptrace = live_rptrace("-f no_such_function -- %s", path);
	assert_int_equal(live_wait(rptrace), 3);
	assert_non_null(strstr(rptrace->err, "is a script"));
	assert_non_null(strstr(rptrace->err, "/bin/sh"));
}

/* What was in the file of -o before is there until there is something to write. */
static void failed_run_leaves_its_file(void **state)
{
	const char *path = live_path("old");
	struct live_proc *rptrace;
	char found[8] = "";
	FILE *file = fopen(path, "we");

	(void)state;
	assert_non_null(file);
	fputs("old\n", file);
	fclose(file);
	rptrace = live_rptrace("-p 2 -f no_such_function -o %s", path);
	assert_int_equal(live_wait(rptrace), 3);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(found, sizeof(found), file));
	fclose(file);
	assert_string_equal(found, "old\n");
}

/* Nobody must take what was not written for an answer. */
static void full_device(void **state)
{
	static const char *const commands[] = {"--help",	"list --help",	 "--version",
					       "doctor",	"doctor --json", "list -p",
					       "list --json -p"};
	struct live_proc *target = live_target("functions forever");
	const char *script = live_script("full", "exec \"$@\" >/dev/full\n");

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(commands); i++) {
		const char *pid = strstr(commands[i], "-p");
		struct live_proc *full;

		if (pid)
			full = live_start("%s %s %s %d", script, live_program(), commands[i],
					  target->pid);
		else
			full = live_start("%s %s %s", script, live_program(), commands[i]);
		assert_int_equal(live_wait(full), 1);
		assert_non_null(strstr(full->err, "No space left"));
		assert_non_null(strstr(full->err, "hint: rptrace"));
	}
}

static const struct CMUnitTest single[] = {
	cmocka_unit_test(stripped_target),
	cmocka_unit_test(nothing_is_selected_of_a_stripped_target),
	cmocka_unit_test(markers_compiled_out),
	cmocka_unit_test(not_permitted),
	cmocka_unit_test(setuid_is_refused),
	cmocka_unit_test(command_without_regions),
	cmocka_unit_test(command_is_a_script),
	cmocka_unit_test(failed_run_leaves_its_file),
	cmocka_unit_test(full_device),
};

int main(void)
{
	static struct CMUnitTest tests[LIVE_COUNT(cases) + LIVE_COUNT(single)];
	size_t n = 0;

	for (; n < LIVE_COUNT(cases); n++)
		tests[n] = live_test(failure, &cases[n], "%s", cases[n].options);
	memcpy(&tests[n], single, sizeof(single));
	return live_main("errors", tests, LIVE_COUNT(tests));
}
