/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What is open: every frame, once, with its thread, its path and an age that the target confirms.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "methods.h"

#define CHAIN "-f request -f compute -f lock_wait"

/* ---- exact: what the target says, and no more ------------------------------------------------ */

/* "open FROM TO TID PATH" */
struct said {
	uint64_t from, to;
	int tid;
	char path[16384];
};

static bool next_said(const char **at, struct said *said)
{
	unsigned long long from, to;
	const char *line = strstr(*at, "open ");
	int path = 0;
	size_t len;

	if (!line)
		return false;
	assert_int_equal(sscanf(line, "open %llu %llu %d %n", &from, &to, &said->tid, &path), 3);
	said->from = from;
	said->to = to;
	len = strcspn(line + path, "\n");
	assert_true(len < sizeof(said->path));
	memcpy(said->path, line + path, len);
	said->path[len] = '\0';
	*at = line + path + len;
	return true;
}

/* Control characters as rptrace prints them. */
static void escape(char *text)
{
	char *at = strchr(text, 0x1b), rest[64];

	if (!at)
		return;
	assert_true(strlen(at) < sizeof(rest));
	strcpy(rest, at + 1);
	sprintf(at, "\\x1b%s", rest);
}

/* The end of a text that is as long as another one. */
static const char *end_like(const char *text, const char *other)
{
	size_t len = strlen(text), own = strlen(other);

	return own <= len ? text + len - own : text;
}

static bool is_row_of(const json_t *row, const struct said *said)
{
	const json_t *tid = json_object_get(row, "tid");
	uint64_t start = live_u64(row, "start_ns");

	return (json_is_null(tid) ? 0 : json_integer_value(tid)) == said->tid &&
	       start >= said->from && start <= said->to &&
	       strcmp(live_str(row, "path"), said->path) == 0;
}

/* Goroutines have no number: the times of two may fit the row of either. */
static void assert_has(json_t *rows, bool *seen, const struct said *said)
{
	size_t i, found = 0;
	json_t *row;

	json_array_foreach (rows, i, row) {
		if (!is_row_of(row, said))
			continue;
		assert_string_equal(end_like(said->path, live_str(row, "name")),
				    live_str(row, "name"));
		assert_true(!seen[i] || !said->tid);
		seen[i] = true;
		found++;
	}
	if (said->tid ? found != 1 : !found)
		fail_msg("%zu of %zu rows: %d %s", found, json_array_size(rows), said->tid,
			 said->path);
}

static void assert_open(json_t *json, struct live_proc *target, uint64_t begin, uint64_t end)
{
	json_t *rows = live_array(json, "stuck"), *row;
	size_t n = json_array_size(rows), n_said = 0, i;
	bool *seen = calloc(n + 1, sizeof(*seen));
	uint64_t age = UINT64_MAX, time = 0;
	const char *at;
	struct said said;

	assert_non_null(seen);
	live_read(target);
	for (at = target->out; next_said(&at, &said); n_said++) {
		escape(said.path);
		assert_has(rows, seen, &said);
	}
	assert_true(n_said > 0);
	assert_int_equal(n, n_said);
	json_array_foreach (rows, i, row) {
		assert_true(seen[i]);
		assert_int_equal(live_u64(row, "pid"), target->pid);
		assert_true(live_u64(row, "age_ns") <= age);
		age = live_u64(row, "age_ns");
		if (!i)
			time = age + live_u64(row, "start_ns");
		assert_int_equal(age + live_u64(row, "start_ns"), time);
	}
	assert_true(time >= begin && time <= end);
	free(seen);
}

/* Trace a target until it is stuck, end rptrace then: what its summary has is what is open. */
static json_t *stuck_summary(const char *target_line, const char *options, const char *stuck)
{
	const char *path = live_path("snapshot.json");
	struct live_proc *target, *rptrace;
	uint64_t begin;
	json_t *json;

	live_need_target(target_line);
	unlink(path);
	target = live_target("%s", target_line);
	rptrace = live_rptrace_ready("-p %d %s --stuck %s --format json -o %s", target->pid,
				     options, stuck, path);
	live_release(target);
	live_expect_line(target, "stuck", 1);
	begin = live_now();
	kill(rptrace->pid, SIGINT);
	json = live_figures(rptrace, path);
	live_assert_nothing_lost(json);
	if (!strcmp(stuck, "1ns"))
		assert_open(json, target, begin, live_now());
	live_finish(target);
	return json;
}

struct open_case {
	const char *target, *options;
	const struct live_method *method; /* NULL: any */
};

static const struct open_case cases[] = {
	{.target = "stuck threads 1000", .options = CHAIN},
	{.target = "stuck spin", .options = CHAIN},
	{.target = "stuck deep 500", .options = "-f nest --exit ret-sites"},
	{.target = "stuck marks", .options = "--attach multi"},
	{.target = "stuck marks", .options = "--attach perf"},
	{.target = "stuck span", .options = ""},
	{.target = "go-stuck 20 3", .options = "-f main.request -f main.nest"},
	{.target = "go-stuck 3 200", .options = "-f main.request -f main.nest"},
};

static const struct open_case by_methods[] = {
	{.target = "stuck blocked", .options = CHAIN},
	{.target = "stuck deep 60", .options = "-f nest"},
};

static void exact(void **state)
{
	const struct open_case *c = *state;
	char options[256];

	if (c->method)
		live_need_method(c->method);
	snprintf(options, sizeof(options), "%s %s", c->method ? c->method->options : "",
		 c->options);
	stuck_summary(c->target, options, "1ns");
}

/* ---- what is young is not stuck -------------------------------------------------------------- */

static void nothing_is_as_old(void **state)
{
	json_t *json = stuck_summary("stuck blocked", CHAIN, "1000000s");

	(void)state;
	assert_int_equal(json_array_size(live_array(json, "stuck")), 0);
	assert_int_equal(live_u64(live_region(json, "lock_wait"), "open"), 1);
}

static void no_list_without_the_option(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "functions counts 1 10", "-f leaf");

	(void)state;
	assert_null(json_object_get(run.json, "stuck"));
}

/* ---- beside tables --------------------------------------------------------------------------- */

/*
 * Until rptrace has told that often of what is stuck, and commands have run, and then to the end:
 * it does not wait for commands.
 */
static void stuck_for(struct live_proc *target, struct live_proc *rptrace, unsigned lines,
		      unsigned commands)
{
	live_release(target);
	live_expect_line(target, "stuck", 1);
	live_expect_line(rptrace, "stuck ", lines);
	if (commands)
		live_expect_error(rptrace, "ran=", commands);
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 0);
}

/* Each table has it, for as long as it lasts. */
static void lines_below_each_table(void **state)
{
	struct live_proc *target = live_target("stuck blocked");
	struct live_proc *rptrace = live_rptrace_ready("-p %d " CHAIN " -b -i 0.1 --stuck 1ns",
						       target->pid);
	char line[256];

	(void)state;
	stuck_for(target, rptrace, 9, 0);
	snprintf(line, sizeof(line), "  lock_wait  thread %d of %d stuck  request > compute > %s\n",
		 target->pid, target->pid, "lock_wait");
	assert_non_null(strstr(rptrace->out, line));
	assert_null(strstr(strstr(rptrace->out, "final summary"), "\nstuck "));
}

/* What a table says of a frame that was entered inside another: the younger comes after it. */
static void assert_in_order(const char *line, const char *before)
{
	char name = strrchr(line, ' ')[1], name_before = strrchr(before, ' ')[1];

	if (strchr("pq", name) && strchr("ab", name_before))
		fail_msg("%s\n%s", before, line);
}

/*
 * Frames that come and go while they are read are shown as they were, or not at all: at the top of
 * a deep stack, where most of them have gone by the time their turn comes.
 */
static void never_a_wrong_frame(void **state)
{
	static const char *const ends[] = {" > n > p", " > n > q", " > n > p > a", " > n > q > b"};
	struct live_proc *target = live_target("stuck flip 300 50000"), *rptrace;
	char *last = NULL, *line;
	size_t n = 0;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -b -i 0.01 --stuck 1ns", target->pid);
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 0);
	for (line = strtok(rptrace->out, "\n"); line; line = strtok(NULL, "\n")) {
		bool stuck = strncmp(line, "stuck ", 6) == 0, known = false;

		if (stuck && !strstr(line, "  n  ")) {
			for (size_t i = 0; i < LIVE_COUNT(ends); i++)
				known |= strcmp(end_like(line, ends[i]), ends[i]) == 0;
			if (!known)
				fail_msg("%s", line);
			if (last)
				assert_in_order(line, last);
			n++;
		}
		last = stuck ? line : NULL;
	}
	assert_true(n > 0);
}

/* ---- --on-stuck ------------------------------------------------------------------------------ */

static unsigned lines_with(const char *text, const char *word)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, word)); at++)
		n++;
	return n;
}

/* Once a frame, with its facts; not again while it lasts. */
static void a_command_for_each(void **state)
{
	const char *command = live_script("tell",
					  "echo \"ran=$RPTRACE_REGION=$RPTRACE_PATH="
					  "$RPTRACE_PID=$RPTRACE_TID=$RPTRACE_COMMAND="
					  "$RPTRACE_KIND=$RPTRACE_LABEL=${RPTRACE_OBJECT##*/}="
					  "$RPTRACE_START_NS=$RPTRACE_AGE_NS\"");
	struct live_proc *target = live_target("stuck blocked"), *rptrace;
	unsigned long long start, age;
	const char *at, *path = "";
	struct said said;
	char *line;

	(void)state;
	rptrace = live_rptrace_ready("-p %d " CHAIN " -b -i 0.05 --stuck 1ns --on-stuck %s",
				     target->pid, command);
	stuck_for(target, rptrace, 12, 3);
	for (at = target->out; next_said(&at, &said);) {
		path = strrchr(said.path, ' ') ? strrchr(said.path, ' ') + 1 : said.path;
		assert_true(asprintf(&line, "ran=%s=%s=%d=%d=stuck=function==stuck=", path,
				     said.path, target->pid, target->pid) > 0);
		assert_int_equal(lines_with(rptrace->err, line), 1);
		assert_int_equal(sscanf(strstr(rptrace->err, line) + strlen(line), "%llu=%llu",
					&start, &age),
				 2);
		assert_true(start >= said.from && start <= said.to);
		assert_true(start + age <= live_now());
		free(line);
	}
	assert_int_equal(lines_with(rptrace->err, "ran="), 3);
	assert_string_equal(path, "lock_wait");
}

/* A name is no part of the command, whatever it holds. */
static void names_are_not_obeyed(void **state)
{
	struct live_proc *target = live_target("stuck shell"), *rptrace;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -b -i 0.05 --stuck 1ns --on-stuck %s", target->pid,
				     live_script("tell", "echo \"ran=$RPTRACE_REGION=\""));
	stuck_for(target, rptrace, 3, 1);
	assert_int_equal(lines_with(rptrace->err, "ran=$(touch obeyed);`touch obeyed`='\"\\x0a="),
			 1);
	assert_int_not_equal(access("obeyed", F_OK), 0);
}

/* No more of them at a time than allowed; the trace goes on meanwhile, and ends before them. */
static void not_too_many(void **state)
{
	struct live_proc *target = live_target("stuck threads 20"), *rptrace;
	const char *fifo = live_path("gate"), *command;
	char text[256];

	(void)state;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	snprintf(text, sizeof(text), "echo ran=; read x <%s", fifo);
	command = live_script("wait", text);
	rptrace = live_rptrace_ready("-p %d -f request -b -i 0.05 --stuck 1ns --on-stuck %s "
				     "--max-on-stuck 3",
				     target->pid, command);
	stuck_for(target, rptrace, 200, 3);
	assert_int_equal(lines_with(rptrace->err, "ran="), 3);
	assert_non_null(strstr(rptrace->err, "too many commands run already"));
	/* They end as their input does. */
	fclose(fopen(fifo, "w+"));
	unlink(fifo);
}

static void on_stuck_wants_stuck(void **state)
{
	struct live_proc *rptrace = live_rptrace("-p 1 --on-stuck true");

	(void)state;
	assert_int_equal(live_wait(rptrace), 2);
	assert_non_null(strstr(rptrace->err, "--on-stuck needs --stuck"));
}

static const struct CMUnitTest single[] = {
	cmocka_unit_test(nothing_is_as_old),	  cmocka_unit_test(no_list_without_the_option),
	cmocka_unit_test(lines_below_each_table), cmocka_unit_test(never_a_wrong_frame),
	cmocka_unit_test(a_command_for_each),	  cmocka_unit_test(names_are_not_obeyed),
	cmocka_unit_test(not_too_many),		  cmocka_unit_test(on_stuck_wants_stuck),
};

int main(void)
{
	static struct open_case all[LIVE_COUNT(cases) + LIVE_COUNT(by_methods) * LIVE_METHODS];
	static struct CMUnitTest tests[LIVE_COUNT(all) + LIVE_COUNT(single)];
	size_t n = LIVE_COUNT(cases);

	memcpy(all, cases, sizeof(cases));
	for (size_t i = 0; i < LIVE_COUNT(by_methods) * LIVE_METHODS; i++) {
		all[n] = by_methods[i / LIVE_METHODS];
		all[n++].method = &live_methods[i % LIVE_METHODS];
	}
	for (size_t i = 0; i < n; i++)
		tests[i] = live_test(exact, &all[i], "%s: %s %s", all[i].target, all[i].options,
				     all[i].method ? all[i].method->options : "");
	memcpy(&tests[n], single, sizeof(single));
	return live_main("open", tests, LIVE_COUNT(tests));
}
