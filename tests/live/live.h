/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Harness of the live tests: runs the real rptrace as root on small targets and reads what it
 * wrote. $RPTRACE is the program (build/rptrace), $RPT_TARGETS the folder of the targets
 * (build/targets), $LIVE_FILTER a glob on the names of tests. Command lines are split at blanks.
 * Whatever a test started is ended by its process id when the test ends, and its output is shown
 * when the test failed.
 */
#ifndef LIVE_H
#define LIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>
#include <jansson.h>

#define LIVE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct live_proc {
	pid_t pid;
	int in;		  /* its standard input: one byte releases a target */
	int status;	  /* once done: exit status, 128 + signal where one ended it */
	bool done;	  /* it has been waited for */
	const char *line; /* what was run */
	char *out;	  /* what it wrote so far; see live_read */
	char *err;
};

/* How rptrace gets at a target. */
enum live_mode { LIVE_PID, LIVE_COMMAND };

/* One traced run of a target from its start to its end. */
struct live_run {
	struct live_proc *target; /* NULL under LIVE_COMMAND */
	struct live_proc *rptrace;
	const char *said; /* what the target printed */
	json_t *json;
};

/* Run a table of tests as main() does; skips them all, loudly, where nothing can be traced. */
int live_main(const char *group, const struct CMUnitTest *tests, size_t n);

/* One of a table: its name lives as long as the program, its state must. */
struct CMUnitTest live_test(CMUnitTestFunction test, const void *state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- processes: all of them fail the test past the deadline -------------------------------- */

struct live_proc *live_start(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A target by its name in $RPT_TARGETS or its path, with arguments; returns when it is ready. */
struct live_proc *live_target(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same name as a path, to be put into another command line. */
const char *live_target_path(const char *line);

/* rptrace with these arguments; live_rptrace_ready returns when its probes are in place. */
struct live_proc *live_rptrace(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct live_proc *live_rptrace_ready(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with its live screen, on a terminal; live_keys types there. */
struct live_proc *live_screen(const char *format, ...) __attribute__((format(printf, 1, 2)));
void live_keys(struct live_proc *proc, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Its path, to start it in another way. */
const char *live_program(void);

/* Until every rptrace of the test waits for something to happen: what it probes counts then. */
void live_await_idle(void);

/* Before a command line: as a user without rights. */
#define LIVE_AS_NOBODY "/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups "

/* Let a target that waits go on; live_close ends its input, live_finish waits for its good end. */
void live_release(struct live_proc *proc);
void live_close(struct live_proc *proc);
void live_finish(struct live_proc *target);

/* Wait for the nth line of standard output, or error, that begins so; returns what follows it. */
const char *live_expect_line(struct live_proc *proc, const char *begin, unsigned nth);
const char *live_expect_error(struct live_proc *proc, const char *begin, unsigned nth);

/* Wait for the end; returns the status as a shell gives it, output and err are complete then. */
int live_wait(struct live_proc *proc);

/* Read again what the process wrote so far. */
void live_read(struct live_proc *proc);

/* A process id that nobody has: of a child that was waited for. */
pid_t live_ended_pid(void);

/* To wait for other things: pause shortly; false once the deadline is past. */
uint64_t live_deadline(void);
bool live_tick(uint64_t until);

/* ns, on the clock of rptrace's own figures. */
uint64_t live_now(void);

/* How often a test does what it does: as often as it usually does, or in `make thorough`. */
unsigned live_times(unsigned usual, unsigned thorough);

/* ---- files ---------------------------------------------------------------------------------- */

/* A file in the folder of this program's run; the string lives until the test ends. */
const char *live_path(const char *name);
char *live_slurp(const char *path);

/* Write what one file holds into another; flags are those of open(2). */
void live_write(const char *from, const char *to, int flags);

/* A target's program as a file that nobody has seen, in that folder; its path. */
const char *live_copy(const char *target, const char *name);
/* The same of rptrace; of a target, without its symbols; of lines that the shell runs. */
const char *live_copy_program(void);
const char *live_stripped(const char *target);
const char *live_script(const char *name, const char *text);

/*
 * A copy of a target, ready, in a container whose image holds it: its file has a device of its own
 * there. namespaces: options of unshare(1), --mount at the least.
 */
struct live_proc *live_contained(const char *namespaces, const char *image, const char *args);

/* ---- runs and their figures ----------------------------------------------------------------- */

json_t *live_load(const char *path);

/* The figures that rptrace writes to `path` as it ends, which must be well. */
json_t *live_figures(struct live_proc *rptrace, const char *path);

/* Trace `target` from start to end with `options`: both end well, the figures are loaded. */
struct live_run live_trace(enum live_mode mode, const char *target, const char *options);

/* A region's row; live_find gives NULL where live_region fails the test. */
json_t *live_find(json_t *snapshot, const char *name);
json_t *live_region(json_t *snapshot, const char *name);
json_t *live_array(json_t *snapshot, const char *key);
uint64_t live_u64(const json_t *object, const char *key);
const char *live_str(const json_t *object, const char *key);

/*
 * Rows of a region, of which there are several under --by, and the sum of a figure over all of
 * them, over those of one group, and over those of one process under --by process.
 */
size_t live_rows(json_t *snapshot, const char *name);
uint64_t live_sum(json_t *snapshot, const char *name, const char *key);
uint64_t live_sum_of(json_t *snapshot, const char *name, const char *group, const char *key);
uint64_t live_sum_pid(json_t *snapshot, const char *name, pid_t pid, const char *key);

/* The count a target printed for a region as "expect REGION COUNT". */
uint64_t live_expected(const char *said, const char *name);

/*
 * Every "expect REGION COUNT" and "unwound REGION COUNT" of the target holds, there are `n` of the
 * first kind (0: some), and nothing else was counted or unwound.
 */
void live_assert_expected(const struct live_run *run, size_t n);

/* Nothing was lost, for any reason, or for any other than this one. */
void live_assert_nothing_lost(json_t *snapshot);
void live_assert_nothing_lost_but(json_t *snapshot, const char *reasons);

/* What holds of any rows when nothing is open (order, sums), and of the tree beside them. */
void live_assert_rows(json_t *snapshot);
void live_assert_sound(json_t *snapshot);

/* ---- the code of a target ------------------------------------------------------------------- */

/*
 * Probes in place within `len` bytes from function `name` of a target that printed
 * "code PID NAME ADDRESS": places where memory differs from the file.
 */
unsigned live_probes(struct live_proc *target, const char *name, size_t len);

/* Wait until there are that many, or with 0 until the code is as the file has it. */
void live_await_probes(struct live_proc *target, const char *name, size_t len, unsigned n);

#endif
