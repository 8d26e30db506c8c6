/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include "live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCS_MAX   128
#define STRINGS_MAX 512
#define WORDS_MAX   64
#define DEADLINE_S  300 /* generous: it bounds failures, nothing waits for it */
#define TICK_NS	    2000000

/* One program runs one test at a time. */
static struct {
	char dir[64];
	char *targets; /* folder, absolute */
	struct live_proc procs[PROCS_MAX];
	size_t n_procs;
	char *strings[STRINGS_MAX]; /* freed with the test */
	size_t n_strings;
	json_t *jsons[PROCS_MAX];
	size_t n_jsons;
	bool passed;
} live;

/* ---- the test's frame ---------------------------------------------------------------------- */

static const char *keep(char *string)
{
	assert_non_null(string);
	assert_true(live.n_strings < STRINGS_MAX);
	live.strings[live.n_strings++] = string;
	return string;
}

const char *live_path(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", live.dir, name) > 0);
	return keep(path);
}

static void proc_file(const struct live_proc *proc, const char *stream, char *path, size_t size)
{
	snprintf(path, size, "%s/%zu.%s", live.dir, (size_t)(proc - live.procs), stream);
}

/* Not by print_error(), which cuts what is long. */
static void show(const struct live_proc *proc)
{
	fprintf(stderr, "---- %s\n", proc->line);
	if (proc->done)
		fprintf(stderr, "status %d\n", proc->status);
	if (proc->out && *proc->out)
		fprintf(stderr, "stdout:\n%.4000s\n", proc->out);
	if (proc->err && *proc->err)
		fprintf(stderr, "stderr:\n%.4000s\n", proc->err);
}

static void end_proc(struct live_proc *proc)
{
	if (!proc->done)
		waitpid(proc->pid, NULL, 0);
	if (proc->in >= 0)
		close(proc->in);
	free(proc->out);
	free(proc->err);
}

/* rptrace ends before its targets, as the last one started is the first one ended. */
static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < live.n_procs && !live.passed; i++) {
		live_read(&live.procs[i]);
		show(&live.procs[i]);
	}
	/* Before any is waited for: one may wait for a file system that another one serves. */
	for (size_t i = live.n_procs; i--;)
		if (!live.procs[i].done)
			kill(live.procs[i].pid, SIGKILL);
	while (live.n_procs)
		end_proc(&live.procs[--live.n_procs]);
	while (live.n_strings)
		free(live.strings[--live.n_strings]);
	while (live.n_jsons)
		json_decref(live.jsons[--live.n_jsons]);
	return 0;
}

struct CMUnitTest live_test(CMUnitTestFunction test, const void *state, const char *format, ...)
{
	va_list args;
	char *name;

	va_start(args, format);
	if (vasprintf(&name, format, args) < 0)
		abort();
	va_end(args);
	return (struct CMUnitTest){.name = name, .test_func = test, .initial_state = (void *)state};
}

static void run_one(void **state)
{
	const struct CMUnitTest *test = *state;

	live.passed = false;
	*state = test->initial_state;
	test->test_func(state);
	live.passed = true;
}

static void skip_test(void **state)
{
	(void)state;
	skip();
}

static const char *why_not(void)
{
	if (geteuid() != 0)
		return "live tests need root";
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		return "this kernel has no BTF (/sys/kernel/btf/vmlinux)";
	return NULL;
}

static void remove_dir(void)
{
	DIR *dir = opendir(live.dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(live.dir);
}

int live_main(const char *group, const struct CMUnitTest *tests, size_t n)
{
	struct CMUnitTest *wrapped = calloc(n, sizeof(*wrapped));
	const char *reason = why_not(), *targets = getenv("RPT_TARGETS");
	int failed;

	if (!wrapped)
		return 1;
	if (reason)
		fprintf(stderr, "SKIPPED: %s: %s\n", group, reason);
	for (size_t i = 0; i < n; i++) {
		wrapped[i].name = tests[i].name;
		wrapped[i].test_func = reason ? skip_test : run_one;
		wrapped[i].teardown_func = teardown;
		wrapped[i].initial_state = (void *)&tests[i];
	}
	if (getenv("LIVE_FILTER"))
		cmocka_set_test_filter(getenv("LIVE_FILTER"));
	signal(SIGPIPE, SIG_IGN);
	snprintf(live.dir, sizeof(live.dir), "/tmp/rptrace-live-XXXXXX");
	live.targets = realpath(targets ? targets : "build/targets", NULL);
	if (!reason && (!live.targets || !mkdtemp(live.dir))) {
		perror(live.targets ? live.dir : "RPT_TARGETS");
		return 1;
	}
	chmod(live.dir, 0755); /* tests look in as another user */
	umask(022);
	failed = _cmocka_run_group_tests(group, wrapped, n, NULL, NULL);
	remove_dir();
	free(live.targets);
	free(wrapped);
	return failed != 0;
}

/* ---- processes ------------------------------------------------------------------------------- */

uint64_t live_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

unsigned live_times(unsigned usual, unsigned thorough)
{
	return getenv("LIVE_THOROUGH") ? thorough : usual;
}

uint64_t live_deadline(void)
{
	const char *seconds = getenv("LIVE_SECONDS");

	return live_now() + (seconds ? strtoull(seconds, NULL, 10) : DEADLINE_S) * 1000000000;
}

bool live_tick(uint64_t until)
{
	struct timespec ts = {.tv_nsec = TICK_NS};

	nanosleep(&ts, NULL);
	return live_now() < until;
}

char *live_slurp(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0, room = 4096;
	char *text = malloc(room);
	ssize_t got;

	while (fd >= 0 && text && (got = read(fd, text + size, room - size - 1)) > 0) {
		size += (size_t)got;
		if (room - size > 1)
			continue;
		room *= 2;
		text = realloc(text, room);
	}
	if (fd >= 0)
		close(fd);
	assert_non_null(text);
	text[size] = '\0';
	return text;
}

void live_read(struct live_proc *proc)
{
	char path[128];

	free(proc->out);
	free(proc->err);
	proc->out = proc->err = NULL;
	proc_file(proc, "out", path, sizeof(path));
	proc->out = live_slurp(path);
	proc_file(proc, "err", path, sizeof(path));
	proc->err = live_slurp(path);
}

static _Noreturn void child(const struct live_proc *proc, const int fds[3])
{
	char *words[WORDS_MAX + 1], *line = strdup(proc->line);
	size_t n = 0;

	for (char *w = strtok(line, " "); w && n < WORDS_MAX; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL); /* tests may run under nohup */
	for (int i = 0; i < 3; i++)
		dup2(fds[i], i);
	execvp(words[0], words);
	dprintf(STDERR_FILENO, "%s: %s\n", words[0], strerror(errno));
	_exit(127);
}

/* Made by the parent: what it reads must not be of the test before. */
static int create(const struct live_proc *proc, const char *stream)
{
	char path[128];
	int fd;

	proc_file(proc, stream, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

/* `silent`: standard input is at its end from the start. The line is kept. */
static struct live_proc *start(bool silent, const char *line)
{
	struct live_proc *proc = &live.procs[live.n_procs];
	int in[2], fds[3];

	assert_true(live.n_procs < PROCS_MAX);
	*proc = (struct live_proc){.line = line, .in = -1};
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	fds[0] = in[0];
	fds[1] = create(proc, "out");
	fds[2] = create(proc, "err");
	proc->pid = fork();
	if (proc->pid == 0)
		child(proc, fds);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	proc->in = in[1];
	if (silent)
		live_close(proc);
	assert_true(proc->pid > 0);
	live.n_procs++;
	return proc;
}

static const char *vformat(const char *format, va_list args)
{
	char *line;

	assert_true(vasprintf(&line, format, args) >= 0);
	return keep(line);
}

struct live_proc *live_start(const char *format, ...)
{
	const char *line;
	va_list args;

	va_start(args, format);
	line = vformat(format, args);
	va_end(args);
	return start(false, line);
}

const char *live_target_path(const char *line)
{
	char *full;

	if (line[0] == '/')
		return line;
	assert_true(asprintf(&full, "%s/%s", live.targets, line) > 0);
	return keep(full);
}

struct live_proc *live_target(const char *format, ...)
{
	struct live_proc *proc;
	const char *line;
	va_list args;

	va_start(args, format);
	line = vformat(format, args);
	va_end(args);
	proc = start(false, live_target_path(line));
	live_expect_line(proc, "ready", 1);
	return proc;
}

/* Sleeps in its event loop, or has ended; of a screen, whatever is between it and us does. */
static bool is_idle(const struct live_proc *proc)
{
	char path[64], place[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/wchan", proc->pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	if (!fgets(place, sizeof(place), file))
		place[0] = '\0';
	fclose(file);
	return strstr(place, "epoll") || strstr(place, "ep_poll") ||
	       strncmp(proc->line, live_program(), strlen(live_program())) != 0;
}

void live_await_idle(void)
{
	uint64_t until = live_deadline();

	for (size_t i = 0; i < live.n_procs; i++)
		while (!live.procs[i].done && !is_idle(&live.procs[i]))
			if (!live_tick(until))
				fail_msg("%s is busy", live.procs[i].line);
}

const char *live_program(void)
{
	const char *program = getenv("RPTRACE");

	return program ? program : "build/rptrace";
}

static struct live_proc *rptrace(const char *format, va_list args)
{
	char *line;

	assert_true(asprintf(&line, "%s %s", live_program(), vformat(format, args)) > 0);
	return start(true, keep(line));
}

struct live_proc *live_rptrace(const char *format, ...)
{
	struct live_proc *proc;
	va_list args;

	va_start(args, format);
	proc = rptrace(format, args);
	va_end(args);
	return proc;
}

static const char *line_at(const char *text, const char *begin, unsigned nth)
{
	size_t len = strlen(begin);

	for (const char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : at)
		if (strncmp(at, begin, len) == 0 && strchr(at, '\n') && --nth == 0)
			return at + len;
	return NULL;
}

static bool ended(struct live_proc *proc)
{
	int status;

	if (!proc->done && waitpid(proc->pid, &status, WNOHANG) == proc->pid) {
		proc->done = true;
		proc->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return proc->done;
}

/* Wait for a line on one of the streams; the process must live to write it. */
static const char *await_line(struct live_proc *proc, bool err, const char *begin, unsigned nth)
{
	uint64_t until = live_deadline();
	const char *found;
	bool gone;

	do {
		gone = ended(proc);
		live_read(proc);
		found = line_at(err ? proc->err : proc->out, begin, nth);
		if (found)
			return found;
	} while (!gone && live_tick(until));
	fail_msg("%s: %s without writing \"%s\"", proc->line, gone ? "ended" : "time is up", begin);
	return NULL;
}

struct live_proc *live_rptrace_ready(const char *format, ...)
{
	struct live_proc *proc;
	va_list args;

	va_start(args, format);
	proc = rptrace(format, args);
	va_end(args);
	await_line(proc, true, "rptrace: tracing", 1);
	return proc;
}

struct live_proc *live_screen(const char *format, ...)
{
	struct live_proc *proc;
	va_list args;
	char *line;

	va_start(args, format);
	assert_true(asprintf(&line, "%s %s --no-setup %s", live_target_path("terminal"),
			     live_program(), vformat(format, args)) > 0);
	va_end(args);
	proc = start(false, keep(line));
	await_line(proc, false, "keys", 1);
	return proc;
}

void live_keys(struct live_proc *proc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	assert_true(vdprintf(proc->in, format, args) > 0);
	va_end(args);
}

const char *live_expect_line(struct live_proc *proc, const char *begin, unsigned nth)
{
	return await_line(proc, false, begin, nth);
}

const char *live_expect_error(struct live_proc *proc, const char *begin, unsigned nth)
{
	return await_line(proc, true, begin, nth);
}

void live_release(struct live_proc *proc)
{
	assert_int_equal(write(proc->in, "\n", 1), 1);
}

void live_close(struct live_proc *proc)
{
	close(proc->in);
	proc->in = -1;
}

int live_wait(struct live_proc *proc)
{
	uint64_t until = live_deadline();

	while (!ended(proc))
		if (!live_tick(until))
			fail_msg("%s: does not end", proc->line);
	live_read(proc);
	return proc->status;
}

void live_finish(struct live_proc *target)
{
	live_release(target);
	assert_int_equal(live_wait(target), 0);
}

pid_t live_ended_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

/* ---- runs ------------------------------------------------------------------------------------ */

json_t *live_load(const char *path)
{
	json_error_t error;
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	assert_true(live.n_jsons < PROCS_MAX);
	live.jsons[live.n_jsons++] = json;
	assert_string_equal(live_str(json, "schema"), "rptrace-snapshot/1");
	return json;
}

json_t *live_figures(struct live_proc *rptrace, const char *path)
{
	assert_int_equal(live_wait(rptrace), 0);
	return live_load(path);
}

struct live_run live_trace(enum live_mode mode, const char *target, const char *options)
{
	struct live_run run = {0};
	const char *path = live_path("snapshot.json");

	unlink(path);
	if (mode == LIVE_COMMAND) {
		run.rptrace = live_rptrace("%s --format json -o %s -- %s", options, path,
					   live_target_path(target));
	} else {
		run.target = live_target("%s", target);
		run.rptrace = live_rptrace_ready("-p %d %s --format json -o %s", run.target->pid,
						 options, path);
		live_finish(run.target);
	}
	run.json = live_figures(run.rptrace, path);
	run.said = run.target ? run.target->out : run.rptrace->out;
	return run;
}
