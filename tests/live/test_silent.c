// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Files that take whoever reads them with them: on a file system that does not answer any more, and
 * with a reader that is killed time and again.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/elf_image.h"

#include "live.h"

#define HELPER "rptrace-files"

/* A program in full swing on a file system that falls silent then. */
struct silent {
	struct live_proc *files, *program;
};

static void skip_without_fuse(void)
{
	if (!access("/dev/fuse", R_OK | W_OK))
		return;
	fputs("SKIPPED: no /dev/fuse here\n", stderr);
	skip();
}

static struct silent fall_silent(void)
{
	const char *folder = live_path("silent");
	struct silent s;

	skip_without_fuse();
	s.files = live_target("silent_files %s %s", folder, live_target_path("functions"));
	s.program = live_target("%s/program forever", folder);
	live_release(s.program);
	live_expect_line(s.program, "running", 1);
	live_release(s.files);
	live_expect_line(s.files, "silent", 1);
	return s;
}

/* Before the program ends, which may have to be read for that. */
static void end(const struct silent *s)
{
	live_close(s->files);
	assert_int_equal(live_wait(s->files), 0);
}

static void others_are_traced_all_the_same(void **state)
{
	const struct silent s = fall_silent();
	const char *path = live_path("others.json");
	struct live_proc *other = live_target("functions counts 1 600");
	struct live_proc *rptrace = live_rptrace_ready("-p %d,%d -f leaf --format json -o %s",
						       (int)s.program->pid, (int)other->pid, path);
	json_t *json;

	(void)state;
	live_finish(other);
	kill(rptrace->pid, SIGINT);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "leaf", "count"), 600);
	assert_true(live_u64(json_object_get(json, "lost"), "files") >= 1);
	live_assert_nothing_lost_but(json, "files");
	assert_non_null(strstr(rptrace->err, "/program: its file system does not answer"));
	end(&s);
}

static void list_names_it(void **state)
{
	const struct silent s = fall_silent();
	struct live_proc *rptrace = live_rptrace("list -p %d -f leaf", (int)s.program->pid);

	(void)state;
	assert_int_equal(live_wait(rptrace), 3);
	assert_non_null(strstr(rptrace->err, "/program: its file system does not answer"));
	end(&s);
}

static void a_signal_is_heard_while_it_is_waited_for(void **state)
{
	const struct silent s = fall_silent();
	struct live_proc *rptrace = live_rptrace("-p %d -f leaf", (int)s.program->pid);

	(void)state;
	live_expect_line(s.files, "asked", 1);
	kill(rptrace->pid, SIGINT);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "interrupted before"));
	end(&s);
}

/*
 * Debug links lead to a file system that never answers, which their owner has mounted beside the
 * objects: what lies on the objects' own file system is not left for that, and one is followed.
 */
static void a_debug_link_blames_nobody_else(void **state)
{
	const char *path = live_path("blamed.json"), *linked = live_path("linked");
	struct live_proc *files, *hostile, *other, *rptrace;
	struct image img;
	json_t *json;

	(void)state;
	skip_without_fuse();
	linked_image(&img, "linked.debug", 0x12345678);
	write_file(live_path(""), "linked", img.bytes, img.size);
	write_file(live_path(""), "linked_too", img.bytes, img.size);
	files = live_target("silent_files %s %s", live_path(".debug"),
			    live_target_path("functions"));
	live_release(files);
	live_expect_line(files, "silent", 1);
	hostile = live_target("maps %s %s_too", linked, linked);
	other = live_target("%s counts 1 600", live_copy("functions", "same"));
	rptrace = live_rptrace_ready("-p %d,%d -f linked*:* -f leaf --format json -o %s",
				     (int)hostile->pid, (int)other->pid, path);
	live_expect_line(files, "asked", 1);
	live_finish(other);
	kill(rptrace->pid, SIGINT);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "leaf", "count"), 600);
	assert_true(live_u64(json_object_get(json, "lost"), "files") < 2);
	live_finish(hostile);
	live_close(files);
	assert_int_equal(live_wait(files), 0);
}

static struct silent run_from(const char *mode)
{
	const char *folder = live_path("silent");
	struct silent s;

	skip_without_fuse();
	s.files = live_target("silent_files %s %s %s", folder, live_target_path("functions"), mode);
	s.program = live_target("%s/program forever", folder);
	live_release(s.program);
	live_expect_line(s.program, "running", 1);
	return s;
}

/* How often it has gone to sleep, as it does after each round of calls. */
static unsigned long rounds_of(const struct silent *s)
{
	static const char key[] = "\nvoluntary_ctxt_switches:";
	char path[64], *text, *at;
	unsigned long n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)s->program->pid);
	text = live_slurp(path);
	at = strstr(text, key);
	assert_non_null(at);
	n = strtoul(at + strlen(key), NULL, 10);
	free(text);
	return n;
}

static void await_a_round(const struct silent *s)
{
	unsigned long now = rounds_of(s);
	uint64_t until = live_deadline();

	while (rounds_of(s) < now + 2)
		assert_true(live_tick(until));
}

static void one_is_traced_beside(const char *mode, bool is_left)
{
	const struct silent s = run_from(mode);
	const char *path = live_path("beside.json");
	struct live_proc *other = live_target("functions counts 1 600"), *rptrace;
	json_t *json;

	rptrace = live_rptrace_ready("-p %d,%d -f program:leaf -f functions:leaf --format json "
				     "-o %s",
				     (int)s.program->pid, (int)other->pid, path);
	live_expect_line(s.files, "asked", 1);
	await_a_round(&s);
	live_finish(other);
	kill(rptrace->pid, SIGINT);
	json = live_figures(rptrace, path);
	assert_int_equal(live_u64(json_object_get(json, "lost"), "files") > 0, is_left);
	assert_int_equal(live_sum(json, "leaf", "count") > 600, !is_left);
	assert_true(live_sum(json, "leaf", "count") >= 600);
	end(&s);
}

/* Not even a file that is closed is waited for. */
static void what_cannot_be_closed_is_left(void **state)
{
	(void)state;
	one_is_traced_beside("close", true);
}

/* Whatever a file system is asked, rptrace itself does not wait for the answer. */
static void only_others_ask(void **state)
{
	(void)state;
	one_is_traced_beside("named", false);
}

/* Nor does who reads what it prints, when it has ended. */
static void its_reader_is_not_kept(void **state)
{
	const struct silent s = run_from("named");
	struct live_proc *piped = live_start("%s %s -p %d -f leaf -b -d 1",
					     live_script("piped", "\"$@\" | cat\n"), live_program(),
					     (int)s.program->pid);

	(void)state;
	assert_int_equal(live_wait(piped), 0);
	live_expect_line(s.files, "asked", 1);
	end(&s);
}

/* ---- killed ---------------------------------------------------------------------------------- */

/* The child of rptrace that reads files; 0: there is none now. */
static pid_t helper_of(pid_t rptrace)
{
	char path[300], comm[32];
	pid_t child = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)rptrace, (int)rptrace);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1) {
		FILE *name;

		snprintf(path, sizeof(path), "/proc/%d/comm", (int)child);
		name = fopen(path, "re");
		if (name && fgets(comm, sizeof(comm), name) && !strcmp(comm, HELPER "\n")) {
			fclose(name);
			fclose(file);
			return child;
		}
		if (name)
			fclose(name);
	}
	if (file)
		fclose(file);
	return 0;
}

#define KILLS	 100 /* each costs one file at most */
#define PROGRAMS (KILLS + 1)
#define CALLS	 50

/* What is sampled is read by processes without rights: a file that is silent to those holds up no
 * end. */
static void names_are_not_waited_for(void **state)
{
	const struct silent s = run_from("root");
	const char *path = live_path("unnamed.json");
	struct live_proc *rptrace;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -f leaf --sample --format json -o %s",
				     (int)s.program->pid, path);
	live_expect_line(s.files, "asked", 1);
	await_a_round(&s);
	kill(rptrace->pid, SIGINT);
	assert_true(live_sum(live_figures(rptrace, path), "leaf", "count") > 0);
	end(&s);
}

/* Each brings a file that nobody has seen. */
static const char *new_program(unsigned i)
{
	char name[32];

	snprintf(name, sizeof(name), "program-%u", i);
	return live_copy("functions", name);
}

/*
 * The helper is killed as fast as others come, while the files of many programs are looked at. Each
 * program waits until its file was.
 */
static void nothing_is_missed_but_what_is_counted(void **state)
{
	const char *path = live_path("killed.json");
	struct live_proc *programs[PROGRAMS], *rptrace;
	char pids[PROGRAMS * 12] = "";
	uint64_t counted, files, until = live_deadline();
	unsigned killed = 0;
	json_t *json;

	(void)state;
	for (unsigned i = 0; i < PROGRAMS; i++) {
		programs[i] = live_target("%s counts 1 %d", new_program(i), CALLS);
		snprintf(pids + strlen(pids), sizeof(pids) - strlen(pids), "%s%d", i ? "," : "",
			 (int)programs[i]->pid);
	}
	rptrace = live_rptrace("-p %s -f leaf --format json -o %s", pids, path);
	for (live_read(rptrace); !strstr(rptrace->err, "rptrace: tracing"); live_read(rptrace)) {
		pid_t helper = killed < KILLS ? helper_of(rptrace->pid) : 0;

		if (helper)
			killed += !kill(helper, SIGKILL);
		if (rptrace->done || live_now() > until)
			fail_msg("%s does not trace: %s", rptrace->line, rptrace->err);
	}
	for (unsigned i = 0; i < PROGRAMS; i++)
		live_finish(programs[i]);
	json = live_figures(rptrace, path);
	counted = live_find(json, "leaf") ? live_sum(json, "leaf", "count") : 0;
	files = live_u64(json_object_get(json, "lost"), "files");
	print_message("killed %u times: %ju of %d calls, %ju files left\n", killed,
		      (uintmax_t)counted, PROGRAMS * CALLS, (uintmax_t)files);
	assert_true(killed > 0);
	assert_int_equal(counted % CALLS, 0);
	assert_true(PROGRAMS - counted / CALLS <= files);
	live_assert_nothing_lost_but(json, "files");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_traced_all_the_same),
		cmocka_unit_test(list_names_it),
		cmocka_unit_test(a_signal_is_heard_while_it_is_waited_for),
		cmocka_unit_test(names_are_not_waited_for),
		cmocka_unit_test(a_debug_link_blames_nobody_else),
		cmocka_unit_test(what_cannot_be_closed_is_left),
		cmocka_unit_test(only_others_ask),
		cmocka_unit_test(its_reader_is_not_kept),
		cmocka_unit_test(nothing_is_missed_but_what_is_counted),
	};

	return live_main("silent", tests, LIVE_COUNT(tests));
}
