/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Short programs in files that nobody has seen before: many of them come and go while the links of
 * their file are being created. Each makes balanced calls, so nothing may be unwound or unmatched,
 * and each one that was not counted whole is told as late.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "live.h"

#define FILES 6
#define RUNS  40
#define CALLS 100

/* burst PROGRAM FOLDER: copies of a program, each run many times in a row. */
#define BURST                                                                                      \
	"for file in 1 2 3 4 5 6; do\n"                                                            \
	"cp \"$1\" \"$2/burst$file\"\n"                                                            \
	"run=0\n"                                                                                  \
	"while [ $run -lt 40 ]; do \"$2/burst$file\" 100 </dev/null >$2/said; run=$((run + 1)); "  \
	"done\n"                                                                                   \
	"done\n"

/* Where these files are on a file system that nobody else sees. */
#define HIDDEN_BURST "mount -t tmpfs none /mnt\nset -- \"$1\" /mnt\n" BURST

static void check(json_t *json, const char *region, uint64_t programs)
{
	uint64_t late = live_u64(json_object_get(json, "lost"), "late");
	json_t *row = live_find(json, region);
	uint64_t counted = row ? live_u64(row, "count") : 0;

	assert_true(counted <= programs * CALLS);
	assert_true(programs * CALLS - counted <= late * CALLS);
	assert_true(counted > 0);
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

static void of_the_system(void **state)
{
	const char *script = live_script("burst", *state);
	struct live_proc *rptrace = live_rptrace_ready("--format json -o %s", live_path("o.json"));
	struct live_proc *burst = live_start("/usr/bin/unshare --mount %s %s %s", script,
					     live_target_path("system"), folder());

	assert_int_equal(live_wait(burst), 0);
	assert_int_equal(kill(rptrace->pid, SIGINT), 0);
	check(live_figures(rptrace, live_path("o.json")), "sys_marker", FILES * RUNS);
}

static void of_a_command(void **state)
{
	const char *script = live_script("burst", BURST), *region = *state;
	struct live_proc *rptrace = live_rptrace("--format json -o %s %s -- %s %s %s",
						 live_path("o.json"),
						 strstr(region, "work") ? "-f sys_work" : "",
						 script, live_target_path("system"), folder());

	assert_int_equal(live_wait(rptrace), 0);
	check(live_load(live_path("o.json")), region, FILES * RUNS);
}

int main(void)
{
	static const char visible[] = BURST, hidden[] = HIDDEN_BURST;
	const struct CMUnitTest tests[] = {
		live_test(of_the_system, visible, "system"),
		live_test(of_the_system, hidden, "system_own_mounts"),
		live_test(of_a_command, "sys_marker", "command_markers"),
		live_test(of_a_command, "sys_work", "command_functions"),
	};

	return live_main("short", tests, LIVE_COUNT(tests));
}
