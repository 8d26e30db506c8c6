// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run_fixture.h"

#include <inttypes.h>
#include <jansson.h>

#include "run/internal.h"
#include "run/signals.h"
#include "util/sanitizer.h"

#define EXIT_OF_COMMAND 7
#define ADDED		"added: 1 region"

/* Sites of a function that is not optimised: whether its first instruction is emulated. */
#if defined(__x86_64__)
#define SLOW 0
#else
#define SLOW 1
#endif

#define assert_prints_count(format, count)                                                         \
	do {                                                                                       \
		char text_[64];                                                                    \
                                                                                                   \
		snprintf(text_, sizeof(text_), format, count);                                     \
		assert_prints(text_);                                                              \
	} while (0)

/* ---- runs
 * ---------------------------------------------------------------------------------------- */

/* Objects of the output, one a line. */
static uint64_t sum_of_counts(unsigned *n)
{
	uint64_t sum = 0;
	char *rest = ran.out, *line;

	for (*n = 0; (line = strsep(&rest, "\n"));) {
		json_t *snapshot = *line ? json_loads(line, 0, NULL) : NULL;
		json_t *region = json_array_get(json_object_get(snapshot, "regions"), 0);

		*n += snapshot != NULL;
		sum += (uint64_t)json_integer_value(json_object_get(region, "count"));
		json_decref(snapshot);
	}
	return sum;
}

static void intervals_add_up_to_the_summary(void **state)
{
	const char *last;
	unsigned n;

	(void)state;
	assert_int_equal(trace("-b -n 2 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_says("tracing 1 region at ");
	assert_prints("final summary\nREGION      COUNT    TOTAL     SELF");
	assert_prints_count("\nprobed_one%7" PRIu64, kernel.calls);
	assert_prints(" (session)");
	/* Programs get the intervals, which are less than all. */
	assert_int_equal(trace("--json -n 3 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_null(strstr(ran.out, "\"summary\""));
	assert_in_range(sum_of_counts(&n), 30, kernel.calls);
	assert_int_equal(n, 3);
	/* Where it is not known how many come, the last is of all, and says so. */
	kernel.end_after = 6;
	assert_int_equal(trace("--json -i 20ms -f probed_one"), RP_EXIT_OK);
	kernel.end_after = 0;
	last = strstr(ran.out, "\"summary\": true");
	assert_non_null(last);
	assert_null(strstr(last, "\n{"));
	/* Without intervals there is one object at the end, of all. */
	assert_int_equal(trace("--json -d 50ms -f probed_one"), RP_EXIT_OK);
	assert_prints_count("\"count\": %" PRIu64 ",", kernel.calls);
	assert_null(strstr(ran.out, "probed_two"));
}

/* What is still to be counted has all the time that it takes. */
static void only_names_are_given_up_in_the_end(void **state)
{
	struct signalfd_siginfo info;
	struct rp_signals *s;
	struct rp_err err;

	(void)state;
	assert_int_equal(rp_signals__new(&(struct rp_signals_opts){0}, &s, &err), 0);
	raise(SIGINT);
	assert_true(rp_run__is_cancelled());
	assert_true(rp_signals__take(s, &info));
	while (!rp_run__is_late())
		usleep(1000);
	assert_false(rp_run__is_cancelled());
	rp_signals__free(s);
}

static void a_signal_ends_it_with_the_summary(void **state)
{
	(void)state;
	kernel.end_after = 3;
	assert_int_equal(trace("-b -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_prints("final summary");
	assert_prints_count("\nprobed_one%7" PRIu64, kernel.calls);
	/* So does the end of what is traced. */
	kernel.end_after = 0;
	kernel.ends_target = 2;
	assert_int_equal(trace("-b -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_prints("final summary");
	assert_prints_count("\nprobed_one%7" PRIu64, kernel.calls);
}

/* What the kernel could not count is told. */
static void losses_are_told(void **state)
{
	(void)state;
	kernel.lost[RP_LOST_DEPTH] = 3;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_prints("lost: 3 ");
	assert_int_equal(trace("--json -d 20ms -f probed_one"), RP_EXIT_OK);
	assert_prints("\"depth\": 3,");
}

/* What a machine reads has nothing else in its stream, and a file is nobody's terminal. */
static void losses_are_told_beside_files(void **state)
{
	(void)state;
	kernel.lost[RP_LOST_DEPTH] = 3;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_null(strstr(ran.said, "lost: "));
	assert_int_equal(trace("-b -n 1 -i 20ms -o /dev/null -f probed_one"), RP_EXIT_OK);
	assert_says("lost: 3 ");
	assert_int_equal(trace("--json -d 20ms -f probed_one"), RP_EXIT_OK);
	assert_says("lost: 3 ");
}

static size_t tables(void)
{
	size_t n = 0;

	for (const char *at = ran.out; (at = strstr(at, "REGION ")); at++)
		n++;
	return n;
}

/* What one interval would show is what the summary shows. */
static void a_single_interval_is_the_summary(void **state)
{
	(void)state;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_int_equal(tables(), 1);
	assert_int_equal(trace("-b -n 1 -i 20ms -o - -f probed_one"), RP_EXIT_OK);
	assert_int_equal(tables(), 1);
	assert_int_equal(trace("-b -d 30ms -i 30ms -f probed_one"), RP_EXIT_OK);
	assert_int_equal(tables(), 1);
	assert_int_equal(trace("-b -n 2 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_int_equal(tables(), 3);
}

/* They are over even where none of them is printed. */
static void intervals_are_counted_where_none_is_shown(void **state)
{
	(void)state;
	kernel.end_after = 200;
	assert_int_equal(trace("--format csv -n 2 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_true(kernel.drains < 200);
	assert_int_equal(strncmp(ran.out, "name,", 5), 0);
}

/* -1: there is none. */
static json_int_t number_of(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	return json_is_integer(number) ? json_integer_value(number) : -1;
}

/* As long as it was asked for, and when by the calendar. */
static void a_run_says_when_it_was(void **state)
{
	const json_t *attach;
	json_t *run;
	int date[6], n = 0;
	char sign;

	(void)state;
	assert_int_equal(trace("--json -d 50ms -f probed_one"), RP_EXIT_OK);
	run = json_loads(ran.out, 0, NULL);
	assert_non_null(run);
	assert_true(json_number_value(json_object_get(run, "duration_ns")) >= 50e6);
	attach = json_object_get(run, "attach");
	assert_true(number_of(attach, "probes") > 0);
	if (!RP_UNDER_ASAN) /* it has RET sites probed */
		assert_int_equal(number_of(attach, "slow_sites"), SLOW);
	assert_int_equal(sscanf(json_string_value(json_object_get(run, "start_time")),
				"%4d-%2d-%2dT%2d:%2d:%2d%c%*2d:%*2d%n", &date[0], &date[1],
				&date[2], &date[3], &date[4], &date[5], &sign, &n),
			 7);
	assert_int_equal(n, strlen("2026-01-02T03:04:05+06:00"));
	json_decref(run);
}

static struct rptrace_bpf__rodata settings;

static void keep_settings(void)
{
	settings = *fake_rodata;
}

/* Each option is the setting of its name. */
static void options_are_settings_of_the_programs(void **state)
{
	(void)state;
	kernel.then = keep_settings;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one --min-duration 5us --max-depth 20 "
			       "--max-nodes 3000 --max-labels 40 --max-names 50 --max-spans 60 "
			       "--no-follow"),
			 RP_EXIT_OK);
	assert_int_equal(settings.cfg_min_duration, 5000);
	assert_int_equal(settings.cfg_max_depth, 20);
	assert_int_equal(settings.cfg_max_nodes, 3000);
	assert_int_equal(settings.cfg_max_labels, 40);
	assert_int_equal(settings.cfg_max_names, 50);
	assert_int_equal(settings.cfg_max_spans, 60);
	assert_false(settings.cfg_follow);
	assert_false(settings.cfg_shares);
	assert_false(settings.cfg_record);
	assert_false(settings.cfg_kernel_frames);
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one --off-cpu=100 --every 7 "
			       "--record /dev/null"),
			 RP_EXIT_OK);
	assert_true(settings.cfg_follow);
	assert_true(settings.cfg_record);
	assert_true(settings.cfg_kernel_frames);
	assert_int_equal(settings.cfg_every, 7);
	assert_int_equal(settings.cfg_sleeps_max,
			 (100ull << RP_SLEEPS_WINDOW_BITS) / 1000000000 + 1);
}

static void what_is_selected_decides(void **state)
{
	(void)state;
	assert_int_equal(trace("-b -i 20ms -f probed_onf"), RP_EXIT_NOTHING);
	assert_failed("nothing in the target matches 'probed_onf'; nearest names: probed_one",
		      "-f probed_one");
	assert_int_equal(trace("-b -i 20ms -f probed_one --within other"), RP_EXIT_NOTHING);
	assert_failed("--within: no region that is selected", "rptrace list -p");
	for (size_t i = 0; i < 3; i++) {
		static const char *const forms[] = {"-x 'probed*'", "--exclude 'probed*'",
						    "--exclude='probed*'"};
		char words[64];

		snprintf(words, sizeof(words), "-b -f probed_one %s -i 20ms", forms[i]);
		assert_int_equal(trace(words), RP_EXIT_NOTHING);
		assert_failed("-x 'probed*' leaves nothing of what is selected",
			      "-b -f probed_one -i 20ms");
	}
}

/* So that it is the largest here, and has one instruction. */
__attribute__((used, noinline)) static void largest_of_all_functions(void)
{
	__asm__ volatile(".fill 65536, 4, 0");
}

/* The cure has each option once. */
static void what_there_is_is_offered(void **state)
{
	const char *budget;

	(void)state;
	assert_int_equal(trace("-b -i 20ms"), RP_EXIT_NOTHING);
	assert_failed("the target has neither markers nor pairs of USDT probes", "");
	if (!RP_UNDER_ASAN) /* it has larger ones */
		assert_failed(" functions: largest_of_all_functions, ", "");
	assert_int_equal(trace("-b -i 20ms --max-overhead 7%"), RP_EXIT_NOTHING);
	budget = strstr(ran.line.err.cure, "--max-overhead");
	assert_non_null(budget);
	assert_null(strstr(budget + 1, "--max-overhead"));
}

/* What a file had before is gone, however much it was. */
static void a_summary_takes_the_place_of_an_older_one(void **state)
{
	char path[] = "/tmp/rptrace-summary-XXXXXX", words[128];
	int fd = mkstemp(path);
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	snprintf(words, sizeof(words), "-b -n 1 -i 20ms -f probed_one -o %s", path);
	assert_int_equal(trace(words), RP_EXIT_OK);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
	assert_in_range(st.st_size, 1, 4096);
}

/* A disk that is full is told when the file is closed, at the latest. */
static void a_summary_that_is_lost_is_told(void **state)
{
	(void)state;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one -o /dev/full"), RP_EXIT_FAILED);
	assert_failed("the summary could not be written to /dev/full: No space left on device",
		      "-o rptrace.out");
}

static void links_are_those_of_the_target(void **state)
{
	size_t at_entry = 0, at_return = 0;

	(void)state;
	if (RP_UNDER_ASAN)
		skip(); /* it can switch stacks, which has RET sites probed */
	assert_int_equal(trace("-b -n 1 -i 20ms --attach multi -f probed_one"), RP_EXIT_OK);
	assert_prints(" (multi)");
	for (size_t i = 0; i < fake_linked.n; i++) {
		const struct fake_linked *site = &fake_linked.site[i];

		if (rp_region_is_own(RP_COOKIE_REGION(site->cookie)))
			continue;
		at_entry += !site->is_return;
		at_return += site->is_return;
		assert_int_equal(RP_COOKIE_REGION(site->cookie), 1);
	}
	assert_int_equal(at_entry, 1);
	assert_int_equal(at_return, 1);
}

static void what_is_not_permitted_is_told(void **state)
{
	uint64_t offset = 0;

	(void)state;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one"), RP_EXIT_OK);
	for (size_t i = 0; i < fake_linked.n; i++)
		if (RP_COOKIE_REGION(fake_linked.site[i].cookie) == 1)
			offset = fake_linked.site[i].offset;
	assert_true(offset);
	fake_linked.refused[0] = offset;
	fake_linked.error = -EPERM;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one"), RP_EXIT_DENIED);
	assert_failed("no permission to attach probes", "");
	fake_linked.refused[0] = 0;
	fake.load_error = -E2BIG;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one"), RP_EXIT_DENIED);
	assert_failed("the BPF programs could not be loaded", "--verbose");
	fake.load_error = 0;
}

static void a_command_has_its_own_status(void **state)
{
	char self[256] = "", words[320];

	(void)state;
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(words, sizeof(words), "-o /dev/null -f probed_one -- %s exit", self);
	assert_int_equal(live(words), EXIT_OF_COMMAND);
	/* Nothing was ever there to trace. */
	kernel.is_idle = true;
	assert_int_equal(live("-o /dev/null -f nothing -- /bin/sh -c 'exit 7'"), RP_EXIT_NOTHING);
	assert_says("(the command runs all the same)");
	assert_int_equal(live("-b -f nothing -- /no/such/command"), 127);
	assert_int_equal(live("-b -f nothing -- /etc"), 126);
}

static void a_record_is_written(void **state)
{
	char folder[] = "/tmp/rptrace-live-XXXXXX", words[256], path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/run.rpt", folder);
	snprintf(words, sizeof(words), "-b -n 1 -i 20ms --record %s -f probed_one", path);
	assert_int_equal(trace(words), RP_EXIT_OK);
	assert_says("0 instances in /tmp/rptrace-live-");
	snprintf(words, sizeof(words), "rptrace report %s", path);
	assert_int_equal(run(rp_report__run, words), RP_EXIT_OK);
	assert_prints("test_run_live");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static bool is_linked(uint32_t region)
{
	for (size_t i = 0; i < fake_linked.n; i++)
		if (RP_COOKIE_REGION(fake_linked.site[i].cookie) == region)
			return true;
	return false;
}

/* Keys are served while it runs, and what has gone by is left behind on the terminal. */
static void a_screen_shows_it(void **state)
{
	bool is_summed;
	int status;

	(void)state;
	kernel.keys = "Paprobed_t\t\rq"; /* Tab knows the rest */
	kernel.shown = ADDED;
	is_summed = trace_on_screen("-f probed_one", &status);
	assert_int_equal(status, RP_EXIT_OK);
	assert_shown("probed_one");
	assert_shown("1 region ");
	assert_shown(ADDED);
	assert_true(is_summed);
	assert_true(is_linked(2));
	assert_int_equal(*kernel.keys, '\0');
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(intervals_add_up_to_the_summary),
		TEST(a_signal_ends_it_with_the_summary),
		TEST(only_names_are_given_up_in_the_end),
		TEST(losses_are_told),
		TEST(losses_are_told_beside_files),
		TEST(a_single_interval_is_the_summary),
		TEST(intervals_are_counted_where_none_is_shown),
		TEST(a_run_says_when_it_was),
		TEST(options_are_settings_of_the_programs),
		TEST(what_is_selected_decides),
		TEST(what_there_is_is_offered),
		TEST(a_summary_takes_the_place_of_an_older_one),
		TEST(a_summary_that_is_lost_is_told),
		TEST(links_are_those_of_the_target),
		TEST(what_is_not_permitted_is_told),
		TEST(a_command_has_its_own_status),
		TEST(a_record_is_written),
		TEST(a_screen_shows_it),
	};

	if (argc == 2 && !strcmp(argv[1], "exit"))
		return EXIT_OF_COMMAND;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
