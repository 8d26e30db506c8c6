// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a run says while it goes on: of shares, of what is stuck, of samples. */
#include "run_fixture.h"

#include <sys/sysmacros.h>

#include "discover/proc.h"
#include "rp_shares.h"

static size_t lines_with(const char *text)
{
	size_t n = 0;

	for (const char *at = ran.said; (at = strstr(at, text)); at++)
		n++;
	return n;
}

/* ---- shares of bounds ----------------------------------------------------------------------- */

static struct rp_event share(uint32_t type, uint64_t of)
{
	return (struct rp_event){.header = {.type = type, .length = sizeof(struct rp_event)},
				 .pid = 77,
				 .user = 1000,
				 .detail = of,
				 .path = "made-up"};
}

static int trace_with(const struct rp_event *event, unsigned times, const char *words)
{
	kernel.coming[0].ring = "events";
	kernel.coming[0].record = event;
	kernel.coming[0].bytes = event->header.length;
	kernel.coming[0].times = times;
	return trace(words);
}

static void shares_are_told_with_a_cure(void **state)
{
	static const struct {
		enum rp_shared of;
		const char *says, *cure; /* NULL: nothing at all; no cure */
	} bounds[] = {
		/* There are as many as there may be. */
		{RP_SHARED_NODES, "--max-nodes: its entries on other paths are lost", NULL},
		{RP_SHARED_NAMES, "--max-names: its regions of other names are lost",
		 "--max-names "},
		{RP_SHARED_SPANS, "--max-spans: more that it begins now are lost", "--max-spans "},
		{RP_SHARED_WAKERS, "--max-wakers: who ends more of its sleeps is not told",
		 "--max-wakers "},
		{RP_SHARED_LABELS, "--max-labels: its other labels share the row 'other'",
		 "--max-labels "},
		{RP_SHARED_SEGMENTS, "the room for deep stacks: what it enters there now is lost",
		 NULL},
		{RP_SHARED_GOROUTINES, "the room for goroutines: what it enters on others is lost",
		 NULL},
		{RP_SHARED_EVENTS, "the ring of events: what it starts and maps now is found later",
		 NULL},
		{RP_SHARED_LATE_LABELS, NULL, NULL},
		{RP_SHARED_TEXTS, NULL, NULL},
		{RP_SHARED_COUNT, NULL, NULL},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct rp_event event = share(RP_EVENT_SHARE, bounds[i].of);

		assert_int_equal(trace_with(&event, 1, "-b -n 1 -i 20ms -f probed_one"), 0);
		snprintf(text, sizeof(text), "process 77 (made-up) has had its share of %s\n",
			 bounds[i].says);
		assert_int_equal(lines_with(text), bounds[i].says != NULL);
		assert_int_equal(lines_with("has had its share"), bounds[i].says != NULL);
		assert_int_equal(!!strstr(ran.cures, bounds[i].cure ? bounds[i].cure : "--max-"),
				 bounds[i].cure != NULL);
	}
}

/* Four times as much, up to what there may be. */
static void the_cure_is_a_larger_bound(void **state)
{
	struct rp_event event = share(RP_EVENT_USER_SHARE, RP_SHARED_SPANS);

	(void)state;
	assert_int_equal(trace_with(&event, 1, "-b -n 1 -i 20ms --max-spans 100 -f probed_one"), 0);
	assert_says("user 1000 (process 77, made-up) has had its share of --max-spans: ");
	assert_cures("--max-spans 400");
	event = share(RP_EVENT_SHARE, RP_SHARED_NODES);
	assert_int_equal(trace_with(&event, 1, "-b -n 1 -i 20ms --max-nodes 65000 -f probed_one"),
			 0);
	assert_cures("--max-nodes 65536");
}

/* Programs without end do not flood the terminal. */
static void shares_are_told_so_often(void **state)
{
	struct rp_event event = share(RP_EVENT_SHARE, RP_SHARED_EVENTS);

	(void)state;
	assert_int_equal(trace_with(&event, 40, "-b -n 1 -i 20ms -f probed_one"), 0);
	assert_int_equal(lines_with("has had its share"), 32);
}

/* ---- what is stuck -------------------------------------------------------------------------- */

#define STUCK_BYTES (sizeof(struct rp_open_stack) + sizeof(struct rp_open_frame))

/* A thread whose one region is open, behind so many others. */
static void put_stuck(uint32_t others)
{
	struct rp_open_stack stack = {.tid = 77 + others,
				      .tgid = 77,
				      .frames = 1,
				      .serial = 1 + others,
				      .comm = "made-up"};
	struct rp_open_frame frame = {.region = 1, .node = ONE, .start = 1 + others};

	put(fake.to_read, &stack, sizeof(stack), others * STUCK_BYTES);
	put(fake.to_read, &frame, sizeof(frame), others * STUCK_BYTES + sizeof(stack));
}

/* Open for a minute, which is not the hour that was asked for. */
static void what_is_open_is_not_stuck_at_once(void **state)
{
	struct rp_open_frame frame = {
		.region = 1, .node = ONE, .start = rp_clock__now() - 60 * RP_NS_PER_S};

	(void)state;
	put_stuck(0);
	put(fake.to_read, &frame, sizeof(frame), sizeof(struct rp_open_stack));
	assert_int_equal(trace("-b -n 1 -i 20ms --stuck 1h -f probed_one"), RP_EXIT_OK);
	assert_null(strstr(ran.out, "stuck"));
	assert_int_equal(trace("-b -n 1 -i 20ms --stuck 50s -f probed_one"), RP_EXIT_OK);
	assert_prints("stuck");
}

static char stuck_file[64];

static void see_stuck(void)
{
	if (!access(stuck_file, F_OK))
		end_soon();
}

static void the_command_for_stuck_regions_runs(void **state)
{
	char words[256];

	(void)state;
	put_stuck(0);
	snprintf(stuck_file, sizeof(stuck_file), "/tmp/rptrace-stuck-%d", (int)getpid());
	snprintf(words, sizeof(words), "-b -i 1h --stuck 10ms --on-stuck 'mkdir %s' -f probed_one",
		 stuck_file);
	kernel.then = see_stuck;
	assert_int_equal(trace(words), RP_EXIT_OK);
	assert_int_equal(rmdir(stuck_file), 0);
	assert_prints("stuck");
}

static char stuck_files[2][72];
static unsigned stuck_looks;

/* The command has written its pid, and is there no more. */
static bool has_gone(const char *path)
{
	FILE *file = fopen(path, "re");
	int pid = 0;
	bool has_pid = file && fscanf(file, "%d", &pid) == 1;

	if (file)
		fclose(file);
	return has_pid && kill(pid, 0);
}

/* A second one comes once the command for the first is over, and nobody's zombie. */
static void see_one_after_the_other(void)
{
	struct stat st;

	if (++stuck_looks > 2000 || has_gone(stuck_files[1]))
		end_soon();
	if (fstat(fake.to_read, &st) || st.st_size > (off_t)STUCK_BYTES ||
	    !has_gone(stuck_files[0]))
		return;
	put_stuck(1);
}

static void commands_for_stuck_regions_make_room_for_others(void **state)
{
	char words[256];

	(void)state;
	put_stuck(0);
	snprintf(stuck_file, sizeof(stuck_file), "/tmp/rptrace-stuck-%d", (int)getpid());
	for (int i = 0; i < 2; i++)
		snprintf(stuck_files[i], sizeof(stuck_files[i]), "%s.%d", stuck_file, 77 + i);
	snprintf(words, sizeof(words),
		 "-b -i 1h --stuck 10ms --max-on-stuck 1 --on-stuck 'echo $$ >%s.$RPTRACE_TID' "
		 "-f probed_one",
		 stuck_file);
	stuck_looks = 0;
	kernel.then = see_one_after_the_other;
	assert_int_equal(trace(words), RP_EXIT_OK);
	assert_int_equal(unlink(stuck_files[0]), 0);
	assert_int_equal(unlink(stuck_files[1]), 0);
	assert_null(strstr(ran.said, "too many commands"));
}

/* ---- samples -------------------------------------------------------------------------------- */

static struct rp_sample sample;
static uintptr_t unnamed; /* an address that samples are of; 0: that of a function */

static int trace_samples_of(pid_t pid, uint64_t time, unsigned times, const char *words)
{
	sample = (struct rp_sample){.kind = RP_SAMPLE_KIND_SAMPLE,
				    .tgid = (uint32_t)pid,
				    .tid = (uint32_t)pid,
				    .time = time,
				    .node = ONE,
				    .end = RP_UNWIND_END_COMPLETE,
				    .addresses = 1,
				    .address = {unnamed ? unnamed : (uintptr_t)probed_one + 1}};
	kernel.coming[0].ring = "samples";
	kernel.coming[0].record = &sample;
	kernel.coming[0].bytes = RP_SAMPLE_BYTES(1);
	kernel.coming[0].times = times;
	return trace(words);
}

static int trace_sampled(unsigned times, const char *words)
{
	return trace_samples_of(target, 1, times, words);
}

static void samples_have_lines(void **state)
{
	(void)state;
	assert_int_equal(trace_sampled(150, "--json -d 50ms --sample -f probed_one"), RP_EXIT_OK);
	assert_prints("\"taken\": 150");
	assert_prints("\"function\": \"probed_one\"");
	assert_prints("\"hz_wanted\": 997");
	/* Each thread has a clock, which is set anew after so many. */
	assert_int_equal(fake_perf.event[0].pid, target);
	assert_int_equal(fake_perf.event[0].attr.sample_period, 1000000000 / 997);
	assert_int_not_equal(fake_perf.event[0].period, 0);
}

static void sleeps_are_shown_where_they_are_looked_at(void **state)
{
	(void)state;
	assert_int_equal(trace("--json -d 20ms --off-cpu -f probed_one"), RP_EXIT_OK);
	assert_prints("\"off_cpu\": {");
	assert_int_equal(trace("--json -d 20ms --sample -f probed_one"), RP_EXIT_OK);
	assert_null(strstr(ran.out, "\"off_cpu\": {"));
}

/*
 * All is over when it is told, be it while samples are taken, or the end first, as that came
 * through another ring: there is no such process.
 */
static void assert_told_late(bool while_taken, bool end_first)
{
	const uint64_t late = UINT64_MAX / 2;
	const pid_t child = 1 << 30;
	struct rp_event began = {.header = {.type = RP_EVENT_FORK, .length = RP_EVENT_SHORT},
				 .pid = (uint32_t)child,
				 .detail = (uint64_t)target,
				 .time = late},
			ended = {.header = {.type = RP_EVENT_EXIT, .length = RP_EVENT_SHORT},
				 .pid = (uint32_t)child,
				 .time = late + 2};

	kernel.coming[1].ring = kernel.coming[2].ring = "events";
	kernel.coming[1].bytes = kernel.coming[2].bytes = RP_EVENT_SHORT;
	kernel.coming[1].times = kernel.coming[2].times = 1;
	kernel.coming[1].record = end_first ? &ended : &began;
	kernel.coming[2].record = end_first ? &began : &ended;
	kernel.coming[1].after = kernel.coming[2].after = while_taken ? &kernel.coming[0].times
								      : NULL;
	assert_int_equal(
		trace_samples_of(child, late + 1, 1, "--json -d 50ms --sample -f probed_one"),
		RP_EXIT_OK);
	assert_prints("\"taken\": 1,");
	assert_prints("\"unresolved\": 0,");
	assert_prints("\"function\": \"probed_one\"");
}

static void samples_are_of_the_code_of_their_time(void **state)
{
	(void)state;
	assert_told_late(false, false);
	assert_told_late(true, false);
	assert_told_late(false, true);
}

/* Of a program that another one has taken the place of, nothing is left to be seen. */
static void no_sample_is_of_a_later_program(void **state)
{
	const uint64_t late = UINT64_MAX / 2;
	static struct rp_event execs[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		execs[i] = (struct rp_event){
			.header = {.type = RP_EVENT_EXEC, .length = sizeof(execs[i])},
			.pid = (uint32_t)target,
			.time = late + 2 * i};
		kernel.coming[1 + i].ring = "events";
		kernel.coming[1 + i].bytes = sizeof(execs[i]);
		kernel.coming[1 + i].times = 1;
		kernel.coming[1 + i].record = &execs[i];
	}
	assert_int_equal(
		trace_samples_of(target, late + 1, 1, "--json -d 50ms --sample -f probed_one"),
		RP_EXIT_OK);
	assert_prints("\"taken\": 1,");
	assert_prints("\"unresolved\": 1,");
}

/* Nor of one that came while nothing could be told. */
static void no_sample_is_of_what_was_lost(void **state)
{
	(void)state;
	kernel.lost[RP_LOST_EVENTS] = 1;
	assert_int_equal(trace_sampled(1, "--json -d 50ms --sample -f probed_one"), RP_EXIT_OK);
	assert_prints("\"taken\": 1,");
	assert_prints("\"unresolved\": 1,");
	kernel.lost[RP_LOST_EVENTS] = 1;
	assert_int_equal(trace_samples_of(target, UINT64_MAX / 2, 1,
					  "--json -d 50ms --sample -f probed_one"),
			 RP_EXIT_OK);
	assert_prints("\"unresolved\": 0,");
}

static int trace_mapped(uint64_t mapped, uint64_t sampled)
{
	static struct rp_event maps = {
		.header = {.type = RP_EVENT_LIBRARY, .length = RP_EVENT_NAMED}};
	struct rp_mapped_list list;

	assert_int_equal(rp_proc__mapped("/proc", target, &list), 0);
	maps.pid = (uint32_t)target;
	maps.dev = major(list.items[0].dev) << RP_DEV_MINOR_BITS | minor(list.items[0].dev);
	maps.detail = list.items[0].ino;
	maps.time = mapped;
	rp_proc__mapped_free(&list);
	kernel.coming[1].ring = "events";
	kernel.coming[1].bytes = RP_EVENT_NAMED;
	kernel.coming[1].times = 1;
	kernel.coming[1].record = &maps;
	return trace_samples_of(target, sampled, 1, "--json -d 50ms --sample -f probed_one");
}

/* Another file may have been at that address before. */
static void no_sample_is_of_what_is_mapped_later(void **state)
{
	(void)state;
	assert_int_equal(trace_mapped(2, 1), RP_EXIT_OK);
	assert_prints("\"taken\": 1,");
	assert_prints("\"unresolved\": 1,");
	assert_int_equal(trace_mapped(1, 2), RP_EXIT_OK);
	assert_prints("\"taken\": 1,");
	assert_prints("\"unresolved\": 0,");
}

/* What is no sample is none, and is counted. */
static bool may_double;

static void see_doubles(void)
{
	may_double |= fake_bss->samples_may_double;
}

/* Only where a process is found while it runs may two events be of one thread. */
static void samples_may_double_where_a_process_is_late(void **state)
{
	struct rp_event found = {.header = {.type = RP_EVENT_FOUND, .length = RP_EVENT_SHORT},
				 .pid = (uint32_t)target,
				 .time = UINT64_MAX / 2};

	(void)state;
	may_double = false;
	kernel.then = see_doubles;
	assert_int_equal(trace("--json -d 50ms --sample -f probed_one"), RP_EXIT_OK);
	assert_false(may_double);
	assert_int_equal(trace_with(&found, 1, "--json -d 50ms --sample -f probed_one"),
			 RP_EXIT_OK);
	assert_true(may_double);
}

static void damaged_samples_are_counted(void **state)
{
	static const uint32_t other[8] = {99};

	(void)state;
	kernel.coming[1].ring = "samples";
	kernel.coming[1].record = other;
	kernel.coming[1].bytes = sizeof(other);
	kernel.coming[1].times = 3;
	assert_int_equal(trace_sampled(1, "--json -d 50ms --sample -f probed_one"), RP_EXIT_OK);
	assert_prints("\"taken\": 1,");
	assert_says("lost: 3 ");
}

static void end_after_more(void)
{
	if (kernel.drains > 4)
		end_soon();
}

/* Code that was compiled at run time, of which most samples are: it is told once. */
static void code_without_names_is_told_once(void **state)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(code != MAP_FAILED);
	assert_int_equal(end_target(state), 0);
	assert_int_equal(begin_target(state), 0);
	unnamed = (uintptr_t)code + 8;
	kernel.then = end_after_more;
	assert_int_equal(trace_sampled(150, "-b -i 1h --sample -f probed_one"), RP_EXIT_OK);
	unnamed = 0;
	munmap(code, 4096);
	assert_int_equal(lines_with(" compiles code at run time"), 1);
	assert_says("100 % of the samples are [unknown]: process ");
}

static void threads_that_cannot_be_sampled_are_told(void **state)
{
	(void)state;
	fake_perf.refuses = EMFILE;
	assert_int_equal(trace_sampled(1, "--json -d 50ms --sample -f probed_one"), RP_EXIT_FAILED);
	assert_failed("too many threads to sample: each takes an open file", "ulimit -n unlimited");
	assert_int_equal(open_events(), 0);
}

static void refuse_more(void)
{
	fake_perf.refuses = EMFILE;
	if (kernel.drains > 4)
		end_soon();
}

/* Nor can a process that has come since. */
static void a_process_that_cannot_be_sampled_is_told(void **state)
{
	struct rp_event began = {.header = {.type = RP_EVENT_FORK, .length = RP_EVENT_SHORT},
				 .pid = (uint32_t)getpid(),
				 .detail = (uint64_t)target,
				 .time = rp_clock__now()};

	(void)state;
	kernel.then = refuse_more;
	assert_int_equal(trace_with(&began, 1, "-b -i 1h --sample -f probed_one"), RP_EXIT_OK);
	fake_perf.refuses = 0;
	assert_says("too many threads to sample: each takes an open file");
	assert_cures("ulimit -n unlimited");
}

static void samples_are_recorded(void **state)
{
	char folder[] = "/tmp/rptrace-told-XXXXXX", words[256], path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/run.rpt", folder);
	snprintf(words, sizeof(words), "-b -d 50ms --sample -f probed_one --record %s", path);
	kernel.records = true;
	assert_int_equal(trace_sampled(7, words), RP_EXIT_OK);
	assert_says(" and 7 samples in /tmp/rptrace-told-");
	assert_int_equal(trace_sampled(1, words), RP_EXIT_OK);
	assert_says(" and 1 sample in /tmp/rptrace-told-");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void end_when_chosen(void)
{
	if (strstr(ran.said, "--auto"))
		end_soon();
}

static void functions_are_chosen_by_samples(void **state)
{
	uint64_t began = rp_clock__now();

	(void)state;
	kernel.then = end_when_chosen;
	assert_int_equal(trace_sampled(150, "-b -i 1h --auto"), RP_EXIT_OK);
	assert_says("--auto: no function of the target is hot and worth it; left out: ");
	assert_true(rp_clock__now() - began > 2 * RP_NS_PER_S);
	/* Too few tell nothing. */
	assert_int_equal(trace_sampled(99, "-b -i 1h --auto"), RP_EXIT_OK);
	assert_says("--auto waits for 100 samples, and has 99: the target is idle, or its threads "
		    "end before they are sampled\n");
}

/* ---- the start ------------------------------------------------------------------------------ */

static void what_is_not_measured_is_told(void **state)
{
	uint64_t offset[3] = {0};

	(void)state;
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one -f nosuch"), RP_EXIT_OK);
	assert_says("nothing in the target matches 'nosuch'\n");
	assert_cures("rptrace list -p");
	/* Sites that the kernel refuses, one by one. */
	assert_int_equal(trace("-b -n 1 -i 20ms -f 'probed_*'"), RP_EXIT_OK);
	assert_null(strstr(ran.said, "refused"));
	for (size_t i = 0; i < fake_linked.n; i++)
		if (RP_COOKIE_REGION(fake_linked.site[i].cookie) <= 2)
			offset[RP_COOKIE_REGION(fake_linked.site[i].cookie)] =
				fake_linked.site[i].offset;
	assert_true(offset[1] && offset[2]);
	fake_linked.error = -EINVAL;
	fake_linked.refused[0] = offset[1];
	assert_int_equal(trace("-b -n 1 -i 20ms -f 'probed_*'"), RP_EXIT_OK);
	assert_says("1 site was refused by the kernel: its region is not measured\n");
	assert_cures("--verbose");
}

static void who_wakes_cannot_be_seen_everywhere(void **state)
{
	(void)state;
	assert_int_equal(trace("-b -n 1 -i 20ms --wakers -f probed_one"), RP_EXIT_DENIED);
	assert_failed("who wakes threads cannot be seen: No such file or directory",
		      "-f probed_one");
	assert_null(strstr(ran.line.err.cure, "--wakers"));
}

static void a_script_is_its_interpreter(void **state)
{
	char path[] = "/tmp/rptrace-script-XXXXXX", words[128];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	put(fd, "#! /bin/sh\nexit 3\n", 18, 0);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	kernel.is_idle = true;
	snprintf(words, sizeof(words), "-o /dev/null -f nothing -- %s", path);
	assert_int_equal(live(words), RP_EXIT_NOTHING);
	assert_says(" is a script: what is traced is its interpreter, /bin/sh, and what that "
		    "starts\n");
	assert_int_equal(unlink(path), 0);
}

/* A program that copies its code takes breakpoints with it. */
static void an_end_by_a_trap_is_told(void **state)
{
	struct rp_event event = {.header = {.type = RP_EVENT_EXIT, .length = RP_EVENT_SHORT},
				 .pid = (uint32_t)target,
				 .signal = SIGTRAP};

	(void)state;
	assert_int_equal(trace_with(&event, 1, "-b -i 20ms -f probed_one"), RP_EXIT_OK);
	assert_says("1 traced process ended by SIGTRAP: a program that copies or moves its own "
		    "code, to huge pages say, takes the breakpoints of probes with it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shares_are_told_with_a_cure),
		TEST(the_cure_is_a_larger_bound),
		TEST(shares_are_told_so_often),
		TEST(what_is_open_is_not_stuck_at_once),
		TEST(the_command_for_stuck_regions_runs),
		TEST(commands_for_stuck_regions_make_room_for_others),
		TEST(samples_have_lines),
		TEST(sleeps_are_shown_where_they_are_looked_at),
		TEST(samples_are_of_the_code_of_their_time),
		TEST(no_sample_is_of_a_later_program),
		TEST(no_sample_is_of_what_was_lost),
		TEST(no_sample_is_of_what_is_mapped_later),
		TEST(samples_may_double_where_a_process_is_late),
		TEST(damaged_samples_are_counted),
		TEST(code_without_names_is_told_once),
		TEST(threads_that_cannot_be_sampled_are_told),
		TEST(a_process_that_cannot_be_sampled_is_told),
		TEST(samples_are_recorded),
		TEST(functions_are_chosen_by_samples),
		TEST(what_is_not_measured_is_told),
		TEST(who_wakes_cannot_be_seen_everywhere),
		TEST(a_script_is_its_interpreter),
		TEST(an_end_by_a_trap_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
