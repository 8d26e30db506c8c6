/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Short programs in files that nobody has seen before: many of them come and go while the links of
 * their file are being created. Each makes balanced calls, so nothing may be unwound or unmatched,
 * and each one that was not counted whole is told as late.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

#define FILES 6
#define CALLS 100

/* burst PROGRAM FOLDER RUNS: copies of a program, each run many times in a row. */
#define BURST                                                                                      \
	"for file in 1 2 3 4 5 6; do\n"                                                            \
	"cp \"$1\" \"$2/burst$file\"\n"                                                            \
	"run=0\n"                                                                                  \
	"while [ $run -lt $3 ]; do \"$2/burst$file\" 100 </dev/null >$2/said; run=$((run + 1)); "  \
	"done\n"                                                                                   \
	"done\n"

/* Where these files are on a file system that nobody else sees. */
#define HIDDEN_BURST "mount -t tmpfs none /mnt\nset -- \"$1\" /mnt \"$3\"\n" BURST

static unsigned runs(void)
{
	return live_times(40, 334);
}

static void check(json_t *json, const char *region, uint64_t programs)
{
	uint64_t late = live_u64(json_object_get(json, "lost"), "late");
	json_t *row = live_find(json, region);
	uint64_t counted = row ? live_u64(row, "count") : 0;

	print_message("%ju of %ju calls, %ju late\n", (uintmax_t)counted,
		      (uintmax_t)programs * CALLS, (uintmax_t)late);
	/* None, where the machine is too busy to see one while it lives. */
	assert_true(counted <= programs * CALLS);
	assert_true(programs * CALLS - counted <= late * CALLS);
	if (!row)
		return;
	assert_int_equal(live_u64(row, "open"), 0);
	assert_int_equal(live_u64(row, "unwound"), 0);
	assert_int_equal(live_u64(row, "unmatched"), 0);
}

static const char *folder(void)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s", live_path("x"));
	path[strlen(path) - 2] = '\0';
	return path;
}

/* Where all that others start meanwhile fills the ring of events, they are in its counter instead.
 */
static uint64_t late_or_untold_in(const char *path)
{
	const json_t *lost = json_object_get(live_load(path), "lost");

	return live_u64(lost, "late") + live_u64(lost, "events");
}

static void of_the_system(void **state)
{
	const char *script = live_script("burst", *state);
	struct live_proc *rptrace = live_rptrace_ready("--format json -o %s", live_path("o.json"));
	struct live_proc *burst = live_start("/usr/bin/unshare --mount %s %s %s %u", script,
					     live_target_path("system"), folder(), runs());

	assert_int_equal(live_wait(burst), 0);
	assert_int_equal(kill(rptrace->pid, SIGINT), 0);
	if (live_wait(rptrace) == 3) /* on a machine that is too busy to see one while it lives */
		assert_in_range(late_or_untold_in(live_path("o.json")), FILES * runs(), UINT32_MAX);
	else
		check(live_figures(rptrace, live_path("o.json")), "sys_marker", FILES * runs());
}

/* They came and went while rptrace was held up, which ends then. */
static void before_the_end(void **state)
{
	const char *script = live_script("burst", HIDDEN_BURST);
	struct live_proc *rptrace = live_rptrace_ready("--format json -o %s", live_path("o.json"));

	(void)state;
	assert_int_equal(kill(rptrace->pid, SIGSTOP), 0);
	assert_int_equal(live_wait(live_start("/usr/bin/unshare --mount %s %s %s 1", script,
					      live_target_path("system"), folder())),
			 0);
	assert_int_equal(kill(rptrace->pid, SIGINT), 0);
	assert_int_equal(kill(rptrace->pid, SIGCONT), 0);
	live_wait(rptrace); /* 3, unless something else here carries markers */
	assert_in_range(late_or_untold_in(live_path("o.json")), FILES, UINT32_MAX);
}

static void of_a_command(void **state)
{
	const char *script = live_script("burst", BURST), *region = *state;
	struct live_proc *rptrace = live_rptrace(
		"--format json -o %s %s -- %s %s %s %u", live_path("o.json"),
		strstr(region, "work") ? "-f sys_work" : "", script, live_target_path("system"),
		folder(), runs());

	assert_int_equal(live_wait(rptrace), 0);
	check(live_load(live_path("o.json")), region, FILES * runs());
}

/*
 * loaders PROGRAM FOLDER RUNS: it loads a library that nobody has seen, each many times in a row.
 */
#define LOADERS                                                                                    \
	"for file in 1 2 3 4 5 6; do\n"                                                            \
	"cp \"${1%/*}/plugin.so\" \"$2/burst$file.so\"\n"                                          \
	"run=0\n"                                                                                  \
	"while [ $run -lt $3 ]; do \"$1\" from \"$2/burst$file.so\" 100; run=$((run + 1)); done\n" \
	"done\n"

/* No process may live long enough for its library to be found. */
static void of_libraries(void **state)
{
	const char *script = live_script("loaders", LOADERS);
	uint64_t programs = FILES * runs(), counted, late;
	struct live_proc *rptrace = live_rptrace(
		"--format json -o %s -f *:plug_work -- %s %s %s %u", live_path("o.json"), script,
		live_target_path("dlopener"), folder(), runs());
	int status = live_wait(rptrace);
	json_t *json, *row;

	(void)state;
	assert_true(!status || status == 3); /* it was not found at all */
	json = live_load(live_path("o.json"));
	row = live_find(json, "plug_work");
	counted = row ? live_u64(row, "count") : 0;
	late = live_u64(json_object_get(json, "lost"), "late");
	print_message("%ju of %ju calls, %ju late\n", (uintmax_t)counted,
		      (uintmax_t)programs * CALLS, (uintmax_t)late);
	assert_true(counted <= programs * CALLS);
	assert_true(programs * CALLS - counted <= late * CALLS);
}

/*
 * come-and-go PROGRAM FOLDER RUNS: a copy each, which runs as it is new and once more, and goes
 * with its last process; a line for ten. A program without regions, of whose file it often has the
 * number, was there before.
 */
#define COME_AND_GO                                                                                \
	"run=0\n"                                                                                  \
	"while [ $run -lt $3 ]; do\n"                                                              \
	"cp /bin/sleep \"$2/other\"; \"$2/other\" 0.05; rm \"$2/other\"\n"                         \
	"cp \"$1\" \"$2/one$run\"\n"                                                               \
	"\"$2/one$run\" 100 </dev/null >$2/said\n"                                                 \
	"sleep 0.05\n"                                                                             \
	"\"$2/one$run\" 100 </dev/null >$2/said\n"                                                 \
	"rm \"$2/one$run\"\n"                                                                      \
	"run=$((run + 1))\n"                                                                       \
	"[ $((run % 10)) != 0 ] || echo ten\n"                                                     \
	"done\n"

#define WARM 20 /* tens, after which what rptrace holds does not grow */

static uint64_t held_kib(pid_t pid)
{
	unsigned long kib = 0;
	char path[64], *at, *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = live_slurp(path);
	at = status ? strstr(status, "VmRSS:") : NULL;
	assert_non_null(at);
	kib = strtoul(at + strlen("VmRSS:"), NULL, 10);
	free(status);
	return kib;
}

static unsigned open_files(pid_t pid)
{
	unsigned n = 0;
	char path[64];
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	fds = opendir(path);
	assert_non_null(fds);
	while (readdir(fds))
		n++;
	closedir(fds);
	return n;
}

/*
 * What it holds does not grow with the programs that were there. Rows are held to the end: those of
 * other programs on the machine are left out, by names with and without their provider (rptrace).
 */
static void come_and_go(void **state)
{
	unsigned files_seen = live_times(300, 36000), files = 0;
	const char *script = live_script("come-and-go", COME_AND_GO);
	struct live_proc *rptrace = live_rptrace_ready(
				 "-x [!rs]* -x s[!y]* -x r[!p]* --format json -o %s",
				 live_path("o.json")),
			 *coming;
	uint64_t kib = 0;

	(void)state;
	coming = live_start("%s %s %s %u", script, live_target_path("system"), folder(),
			    files_seen);
	for (unsigned tens = 1; tens <= files_seen / 10; tens++) {
		live_expect_line(coming, "ten", tens);
		if (tens == WARM) {
			kib = held_kib(rptrace->pid);
			files = open_files(rptrace->pid);
		}
	}
	assert_in_range(held_kib(rptrace->pid), 0, kib + kib / 4);
	assert_in_range(open_files(rptrace->pid), 0, 2 * files); /* by how many come a second */
	assert_int_equal(live_wait(coming), 0);
	assert_int_equal(kill(rptrace->pid, SIGINT), 0);
	check(live_figures(rptrace, live_path("o.json")), "sys_marker", 2 * files_seen);
}

int main(void)
{
	static const char visible[] = BURST, hidden[] = HIDDEN_BURST;
	const struct CMUnitTest tests[] = {
		live_test(of_the_system, visible, "system"),
		live_test(of_the_system, hidden, "system_own_mounts"),
		cmocka_unit_test(before_the_end),
		live_test(of_a_command, "sys_marker", "command_markers"),
		live_test(of_a_command, "sys_work", "command_functions"),
		cmocka_unit_test(of_libraries),
		cmocka_unit_test(come_and_go),
	};

	return live_main("short", tests, LIVE_COUNT(tests));
}
