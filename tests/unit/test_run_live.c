// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Whole runs, from the command line to the last table, on a kernel that is made up: each time its
 * ring is looked at, a region has been run through ten times.
 */
#include "libbpf_fixture.h"

#include "commands_fixture.h"
#include "probed_functions.h"
#include "terminal_fixture.h"
#include "util/sanitizer.h"

#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static pid_t target; /* a process of this program, that waits */

/* ---- what happens in the kernel
 * ------------------------------------------------------------------ */

#define NS		1000ull /* of each call */
#define EXIT_OF_COMMAND 7
#define ADDED		"added: 1 region"

static struct {
	uint64_t calls;
	unsigned drains, end_after; /* then it is interrupted, as by ^C; 0: never */
	unsigned ends_target;	    /* then what is traced ends */
	uint64_t lost_depth;
	bool is_idle;
	const char *keys; /* that are typed one after the other; NULL: there is no screen */
} kernel;

static void put(int fd, const void *bytes, size_t n, size_t at)
{
	if (pwrite(fd, bytes, n, (off_t)at) != (ssize_t)n)
		abort();
}

static void put_node(uint32_t id, uint32_t parent, uint32_t region)
{
	struct rp_node node = {.parent = parent,
			       .region = region,
			       .flags = RP_NODE_VALID,
			       .tgid = 77,
			       .comm = "made-up"};

	put(fake_map_named("nodes")->fd, &node, sizeof(node), id * sizeof(node));
}

/* Of the first shard of the first chunk: the third and the fourth file, behind two templates. */
static void put_figures(uint32_t id, uint64_t count)
{
	size_t shard = id * (size_t)4;
	struct rp_figures f = {.entries = count,
			       .count = count,
			       .total = count * NS,
			       .self = count * NS,
			       .cpu = count * NS,
			       .min_inv = ~NS,
			       .max = NS};

	put(fake.chunks[2], &f, sizeof(f), shard * sizeof(f));
}

/* What the screen shows is taken from it, or it would get no more. */
static void type_next(void)
{
	struct pollfd line = {.fd = pty.master, .events = POLLIN};
	ssize_t got;

	while (poll(&line, 1, 0) > 0 && (line.revents & POLLIN) && pty.n + 1 < sizeof(pty.text)) {
		got = read(pty.master, pty.text + pty.n, sizeof(pty.text) - 1 - pty.n);
		pty.n += got > 0 ? (size_t)got : 0;
	}
	pty.text[pty.n] = '\0';
	/* The end is not asked for before what it would hide was shown, or never will be. */
	if (*kernel.keys == 'q' && !strstr(pty.text, ADDED) && kernel.drains < 1000)
		return;
	if (kernel.drains > 2 && *kernel.keys)
		type(kernel.keys++, 1);
}

static void run_on(void)
{
	if (kernel.keys)
		type_next();
	if (kernel.is_idle)
		return;
	put_node(1, 0, RP_REGION_NONE);
	put_node(2, 1, 1);
	fake_bss->nodes_used = 2;
	kernel.calls += 10;
	put_figures(2, kernel.calls);
	fake_bss->lost[RP_LOST_DEPTH] = kernel.lost_depth;
	if (++kernel.drains == kernel.end_after)
		kill(getpid(), SIGINT);
	if (kernel.drains == kernel.ends_target)
		kill(target, SIGKILL);
}

/* ---- a process that is traced
 * -------------------------------------------------------------------- */

static int begin_target(void **state)
{
	(void)state;
	memset(&fake_linked, 0, sizeof(fake_linked));
	memset(&kernel, 0, sizeof(kernel));
	fake.inner_maps = 0;
	fake.cpus = 4;
	fake.on_drain = run_on;
	target = fork();
	if (!target) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			probed_one(probed_two(pause()));
	}
	return target < 0;
}

static int end_target(void **state)
{
	(void)state;
	fake.on_drain = NULL;
	kill(target, SIGKILL);
	return waitpid(target, NULL, 0) != target;
}

static int live(const char *words)
{
	char text[512];

	for (int i = 0; i < fake.inner_maps && i < 8; i++)
		close(fake.chunks[i]);
	fake.inner_maps = 0;
	kernel.calls = kernel.drains = 0;
	fake_linked.n = 0;
	snprintf(text, sizeof(text), "rptrace %s", words);
	return run(rp_live__run, text);
}

/* Of the process; `words` come behind it. */
static int trace(const char *words)
{
	char text[320];

	snprintf(text, sizeof(text), "-p %d %s", (int)target, words);
	return live(text);
}

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
	unsigned n;

	(void)state;
	assert_int_equal(trace("-b -n 2 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_says("tracing 1 region at ");
	assert_prints("final summary\nREGION      COUNT    TOTAL     SELF");
	assert_prints_count("\nprobed_one%7" PRIu64, kernel.calls);
	assert_prints(" (session)");
	/* Programs get the intervals, which are less than all. */
	assert_int_equal(trace("--json -n 3 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_in_range(sum_of_counts(&n), 30, kernel.calls);
	assert_int_equal(n, 3);
	/* Without intervals there is one object at the end, of all. */
	assert_int_equal(trace("--json -d 50ms -f probed_one"), RP_EXIT_OK);
	assert_prints_count("\"count\": %" PRIu64 ",", kernel.calls);
	assert_null(strstr(ran.out, "probed_two"));
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
	kernel.lost_depth = 3;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_prints("lost: 3 ");
	assert_int_equal(trace("--json -d 20ms -f probed_one"), RP_EXIT_OK);
	assert_prints("\"depth\": 3,");
}

static void what_is_selected_decides(void **state)
{
	(void)state;
	assert_int_equal(trace("-b -i 20ms -f probed_onf"), RP_EXIT_NOTHING);
	assert_failed("nothing in the target matches 'probed_onf'; nearest names: probed_one",
		      "-f probed_one");
	assert_int_equal(trace("-b -i 20ms -f probed_one --within other"), RP_EXIT_NOTHING);
	assert_failed("--within: no region that is selected", "rptrace list -p");
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
	bool shown, is_summed;
	char line[256];
	int status;

	(void)state;
	snprintf(line, sizeof(line), "rptrace -p %d -i 20ms --no-setup -f probed_one", (int)target);
	parse_good(&ran.line, line);
	fake_linked.n = 0;
	kernel.keys = "Paprobed_t\t\rq"; /* Tab knows the rest */
	begin();
	status = rp_live__run(&ran.line.opts, ran_say, &ran.line.err);
	is_summed = receive("final summary");
	shown = strstr(pty.text, "probed_one") && strstr(pty.text, "1 region ") &&
		strstr(pty.text, ADDED);
	end();
	rp_opts__free(&ran.line.opts);
	assert_int_equal(status, RP_EXIT_OK);
	assert_true(shown);
	assert_true(is_summed);
	assert_true(is_linked(2));
	assert_int_equal(*kernel.keys, '\0');
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin_target, end_target)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(intervals_add_up_to_the_summary),
		TEST(a_signal_ends_it_with_the_summary),
		TEST(losses_are_told),
		TEST(what_is_selected_decides),
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
