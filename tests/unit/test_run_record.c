// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Runs that are recorded: what is in the file, and what is said of it and of what is not. */
#include "run_fixture.h"

#include <limits.h>
#include <sys/stat.h>

#include "run/record_files.h"

static char folder[64], path[96];

static int begin_file(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/rptrace-record-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/run.rpt", folder);
	if (begin_target(state))
		return -1;
	kernel.records = true;
	return 0;
}

static int end_file(void **state)
{
	unlink(path);
	return end_target(state) || rmdir(folder);
}

/* `rptrace record` of the process; the file comes behind `words`. */
static int record(const char *words)
{
	char text[384];

	snprintf(text, sizeof(text), "record -p %d -f probed_one %s %s", (int)target, words, path);
	return run_words(rp_record__run, text);
}

/* The same beside tables. */
static int trace_to(const char *words)
{
	char text[320];

	snprintf(text, sizeof(text), "-f probed_one %s %s", words, path);
	return trace(text);
}

static unsigned recorded(void)
{
	return kernel.told ? kernel.told - 1 : 0; /* the thread is one */
}

#define assert_says_text(...)                                                                      \
	do {                                                                                       \
		char text_[256];                                                                   \
                                                                                                   \
		snprintf(text_, sizeof(text_), __VA_ARGS__);                                       \
		assert_says(text_);                                                                \
	} while (0)

static void report(const char *words)
{
	char text[256];

	snprintf(text, sizeof(text), "rptrace report %s %s", path, words);
	assert_int_equal(run(rp_report__run, text), RP_EXIT_OK);
}

/* ---- what is in it -------------------------------------------------------------------------- */

static void end_after_two(void)
{
	if (recorded() >= 2)
		end_soon();
}

static void instances_are_written(void **state)
{
	(void)state;
	kernel.then = end_after_two;
	assert_int_equal(record("-o"), RP_EXIT_OK);
	assert_says_text("%u instances in %s, ", recorded(), path);
	assert_says(" kB\n");
	assert_null(strstr(ran.said, "found no room"));
	report("--format instances-csv");
	assert_prints("probed_one");
	assert_prints("made-up");
}

static void one_instance_is_one(void **state)
{
	(void)state;
	kernel.records = false;
	kernel.instances = 0;
	kernel.end_after = 3;
	assert_int_equal(record("-o"), RP_EXIT_OK);
	assert_says_text("0 instances in %s, ", path);
	kernel.lost[RP_LOST_INSTANCES] = 1;
	assert_int_equal(record("-o"), RP_EXIT_OK);
	assert_says_text("1 instance found no room on its way to %s\n", path);
	assert_cures("--max-ring 256M");
	kernel.lost[RP_LOST_INSTANCES] = 3;
	assert_int_equal(record("-o"), RP_EXIT_OK);
	assert_says_text("3 instances found no room on their way to %s\n", path);
}

static void what_none_was_chosen_of_is_told(void **state)
{
	(void)state;
	kernel.records = false;
	kernel.unsampled = 30;
	kernel.end_after = 3;
	assert_int_equal(record("--every 5 -o"), RP_EXIT_OK);
	assert_says("--every 5 has chosen none of the outermost calls, which were of probed_one: "
		    "30 left out, and all that ran inside\n");
	assert_cures("-x probed_one");
	/* Some were chosen. */
	kernel.records = true;
	kernel.then = end_after_two;
	assert_int_equal(record("--every 5 -o"), RP_EXIT_OK);
	assert_null(strstr(ran.said, "has chosen none"));
}

static void slow_ones_are_kept(void **state)
{
	(void)state;
	kernel.then = end_after_two;
	assert_int_equal(record("--slower-than 1ms -o"), RP_EXIT_OK);
	assert_says_text("0 instances in %s, ", path);
	kernel.ns = 5 * RP_NS_PER_MS;
	assert_int_equal(record("--slower-than 1ms -o"), RP_EXIT_OK);
	assert_says_text("%u instances in %s, ", recorded(), path);
}

static void a_stream_has_them_too(void **state)
{
	char text[4096] = "";
	FILE *file;

	(void)state;
	kernel.then = end_after_two;
	assert_int_equal(trace_to("-b --stream"), RP_EXIT_OK);
	assert_says_text("%u instances in %s, for ui.perfetto.dev\n", recorded(), path);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_non_null(strstr(text, "\"probed_one\""));
}

/* The recorder's own looks at its ring: at least 10 ms apart, and all is written after 0.5 s. */
static unsigned rounds;
static bool is_there;

static const void *more_in_rounds(const struct bpf_map *ring, size_t *bytes)
{
	const void *record = more(ring, bytes);

	if (!record && !strcmp(ring->name, "instances"))
		__atomic_fetch_add(&rounds, 1, __ATOMIC_RELAXED);
	return record;
}

static void end_once_it_is_there(void)
{
	char text[4096] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	__atomic_store_n(&kernel.instances, 3, __ATOMIC_RELEASE);
	is_there = fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 &&
		   strstr(text, "\"probed_one\"");
	close(fd);
	if (is_there || __atomic_load_n(&rounds, __ATOMIC_RELAXED) > 100)
		end_soon();
}

/* However little it is: it opens while it grows. */
static void a_stream_is_written_meanwhile(void **state)
{
	(void)state;
	rounds = 0;
	kernel.records = false;
	kernel.then = end_once_it_is_there;
	fake.more = more_in_rounds;
	assert_int_equal(trace_to("-b --stream"), RP_EXIT_OK);
	assert_true(is_there);
}

/* ---- a part of the run ---------------------------------------------------------------------- */

static void ask_for_a_file(void)
{
	if (kernel.drains == 3)
		kill(getpid(), SIGUSR1);
	end_after_two();
}

static void the_last_are_written_in_the_end(void **state)
{
	(void)state;
	kernel.then = end_after_two;
	assert_int_equal(record("--last 1m -o"), RP_EXIT_OK);
	assert_says_text("%u instances in %s, ", recorded(), path);
	report("--json");
	assert_prints("\"probed_one\"");
	/* Nothing is to be asked of a record that has all. */
	kernel.then = ask_for_a_file;
	kernel.records = false;
	kernel.end_after = 8;
	assert_int_equal(record("-o"), RP_EXIT_OK);
	assert_says("SIGUSR1 writes a record with --last T alone\n");
}

/* The first file that is asked for, then the one at the end. */
static void a_signal_has_the_last_written(void **state)
{
	char second[PATH_MAX];

	(void)state;
	snprintf(second, sizeof(second), "%s.2", path);
	kernel.then = ask_for_a_file;
	assert_int_equal(record("--last 1m -o"), RP_EXIT_OK);
	if (access(second, F_OK)) /* both wishes at once */
		return;
	assert_says_text("in %s.2", path);
	assert_int_equal(unlink(second), 0);
}

static void a_slow_one_has_the_last_written(void **state)
{
	char second[PATH_MAX];

	(void)state;
	snprintf(second, sizeof(second), "%s.2", path);
	kernel.then = end_after_two;
	kernel.ns = 5 * RP_NS_PER_MS;
	assert_int_equal(record("--last 1m --slower-than 1ms -o"), RP_EXIT_OK);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(second), 0);
}

/* It was told, and a second later there is nothing new. */
static void end_a_look_later(void)
{
	static uint64_t told;

	if (kernel.drains == 3)
		kill(getpid(), SIGUSR1);
	if (!strstr(ran.said, "the last instances are in"))
		told = 0;
	else if (!told)
		told = rp_clock__now();
	else if (rp_clock__now() > told + 3 * RP_NS_PER_S / 2)
		end_soon();
}

static void each_file_is_told_once(void **state)
{
	const char *line;
	char second[PATH_MAX];

	(void)state;
	snprintf(second, sizeof(second), "%s.2", path);
	kernel.then = end_a_look_later;
	assert_int_equal(record("--last 1m -o"), RP_EXIT_OK);
	assert_int_equal(unlink(second), 0);
	line = strstr(ran.said, "the last instances are in");
	assert_non_null(line);
	assert_null(strstr(line + 1, "the last instances are in"));
}

/* Slow ones go on while the first file has them all: the next would have them twice. */
static void end_many_slow_ones_later(void)
{
	static unsigned then;

	if (access(path, F_OK))
		then = recorded();
	else if (recorded() > then + 200)
		end_soon();
}

static void slow_ones_in_a_row_are_in_one_file(void **state)
{
	char second[PATH_MAX], third[PATH_MAX];

	(void)state;
	snprintf(second, sizeof(second), "%s.2", path);
	snprintf(third, sizeof(third), "%s.3", path);
	kernel.then = end_many_slow_ones_later;
	kernel.ns = 5 * RP_NS_PER_MS;
	assert_int_equal(record("--last 1m --slower-than 1ms -o"), RP_EXIT_OK);
	assert_int_equal(unlink(second), 0);
	assert_int_not_equal(unlink(third), 0);
}

/* ---- what cannot be written ------------------------------------------------------------------ */

static void one_file_is_not_two(void **state)
{
	char words[192];

	(void)state;
	snprintf(words, sizeof(words), "-o %s --record", path);
	assert_int_equal(trace_to(words), RP_EXIT_USAGE);
	assert_failed("the final summary would overwrite the record, ", "--record");
	snprintf(words, sizeof(words), "-o %s --stream", path);
	assert_int_equal(trace_to(words), RP_EXIT_USAGE);
	assert_failed("the final summary would overwrite the stream, ",
		      "--stream /var/tmp/rptrace.");
	snprintf(words, sizeof(words), "-b --stream %s --record", path);
	assert_int_equal(trace_to(words), RP_EXIT_USAGE);
	assert_failed("the stream would overwrite the record, ", "--record");
}

/* What is written over would be lost before. */
static void a_baseline_is_not_written_over(void **state)
{
	static const char *const options[] = {"-o", "--record", "--stream"};
	char words[256];

	(void)state;
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		snprintf(words, sizeof(words), "-b --baseline %s %s", path, options[i]);
		assert_int_equal(trace_to(words), RP_EXIT_USAGE);
		assert_failed("run.rpt is both the baseline and what -", "-f probed_one");
		assert_non_null(strstr(ran.line.err.cause, options[i]));
	}
}

static void a_place_that_is_none_is_told(void **state)
{
	char words[192];

	(void)state;
	snprintf(words, sizeof(words), "record -p %d -f probed_one -o /no/such/folder/x",
		 (int)target);
	assert_int_equal(run_words(rp_record__run, words), RP_EXIT_FAILED);
	assert_failed("/no/such/folder/x: ", "-o /var/tmp/rptrace.");
	snprintf(words, sizeof(words), "record -p %d -f probed_one --last 1s -o /no/such/folder/x",
		 (int)target);
	assert_int_equal(run_words(rp_record__run, words), RP_EXIT_FAILED);
	assert_failed("/no/such/folder/x: ", "-o /var/tmp/rptrace.");
	assert_int_equal(trace("-b -f probed_one --record /no/such/folder/x"), RP_EXIT_FAILED);
	assert_failed("/no/such/folder/x: ", "--record /var/tmp/rptrace.");
	assert_int_equal(trace("-b -f probed_one --stream /no/such/folder/x"), RP_EXIT_FAILED);
	assert_failed("/no/such/folder/x: ", "--stream /var/tmp/rptrace.");
}

static void two_do_not_write_one_file(void **state)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int ready[2];
	char byte;
	pid_t other;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	other = fork();
	if (!other) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fd < 0 || fcntl(fd, F_SETLK, &whole) || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(record("-o"), RP_EXIT_FAILED);
	assert_failed(" is being written by another rptrace", "-o rptrace.%p.rpt");
	assert_int_equal(record("--last 1s -o"), RP_EXIT_FAILED);
	assert_failed(" is being written by another rptrace", "-o rptrace.%p.rpt");
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

static void remove_it(void)
{
	if (kernel.drains == 2)
		unlink(path);
	end_after_two();
}

static void a_file_that_is_gone_is_told(void **state)
{
	(void)state;
	kernel.then = remove_it;
	assert_int_equal(record("-o"), RP_EXIT_FAILED);
	assert_failed("run.rpt is not there any more: it was removed or moved, or its file system "
		      "was unmounted",
		      "-o ");
}

/* The recorder may end before it was told of any. */
static void a_full_device_is_told(void **state)
{
	(void)state;
	kernel.then = end_soon;
	assert_int_equal(trace("-b -f probed_one --stream /dev/full"), RP_EXIT_FAILED);
	assert_failed("/dev/full ends early, as it cannot be written: No space left on device",
		      "--stream /var/tmp/rptrace.");
}

/* Its reader, who takes nothing. */
static int make_full_pipe(void)
{
	static const char zeros[4096];
	int reader;

	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	while (write(reader, zeros, sizeof(zeros)) > 0)
		;
	return reader;
}

static bool waits_for_ever;

/* It is waited for until the run is to end. */
static void a_full_pipe_is_given_up(void **state)
{
	static const struct rp_block_header header;
	struct rp_record_files files;
	sigset_t end, before;
	int reader = make_full_pipe(), rc = 0;

	(void)state;
	rp_record_files__init(&files, path, 0);
	assert_int_equal(rp_record_files__next(&files), 0);
	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigprocmask(SIG_BLOCK, &end, &before);
	raise(SIGINT);
	waits_for_ever = !(fcntl(files.fd, F_GETFL) & O_NONBLOCK);
	if (!waits_for_ever)
		rc = rp_record_files__write(&files, &header, NULL);
	sigwaitinfo(&end, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	rp_record_files__close(&files);
	close(reader);
	assert_false(waits_for_ever);
	assert_int_equal(rc, -EINTR);
}

/* Whoever waits for room the next time is interrupted, as by ^C. */
static bool interrupts;

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	const struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	if (interrupts && n == 1 && fds->events == POLLOUT) {
		interrupts = false;
		kill(getpid(), SIGINT);
	}
	return ppoll(fds, n, ms < 0 ? NULL : &left, NULL);
}

static void a_full_pipe_is_told(void **state)
{
	int reader, status;

	(void)state;
	assert_false(waits_for_ever);
	reader = make_full_pipe();
	interrupts = true;
	status = record("-o");
	close(reader);
	assert_int_equal(status, RP_EXIT_FAILED);
	assert_failed("run.rpt cannot be written: Interrupted system call", "-o ");
}

/* ---- a second or more -------------------------------------------------------------------------
 */

static void fill(void)
{
	__atomic_fetch_add(&kernel.instances, 10000, __ATOMIC_RELEASE);
}

static void a_full_record_ends_its_run(void **state)
{
	(void)state;
	kernel.then = fill;
	assert_int_equal(record("--max-size 64k -o"), RP_EXIT_OK);
	assert_says_text(" instances in %s, ", path);
}

static void end_where_it_was_told(void)
{
	fill();
	if (strstr(ran.said, "--max-size"))
		end_soon();
}

static void a_full_record_leaves_the_tables(void **state)
{
	(void)state;
	kernel.then = end_where_it_was_told;
	assert_int_equal(trace_to("-b --max-size 64k --record"), RP_EXIT_OK);
	assert_says_text("%s ends here: it has reached --max-size\n", path);
	assert_prints("final summary");
}

/* Nothing more comes after the first line. */
#define PROGRESS "recording: "

/* The next line from `text` on that has a count. NULL: none has. */
static const char *progress(const char *text)
{
	const char *line = strstr(text, PROGRESS);

	while (line && line[strlen(PROGRESS)] == '0')
		line = strstr(line + 1, PROGRESS);
	return line;
}

/* Instances come once; until their count is seen, a second's look is half a second late. */
static void see_progress(void)
{
	const char *line;

	type_next();
	line = progress(pty.text);
	if (line && progress(line + 1))
		end_soon();
	__atomic_store_n(&kernel.instances, 301, __ATOMIC_RELEASE);
	usleep(line ? 0 : 1500000);
}

/* And nothing of it stays. */
static void a_terminal_shows_how_far_it_is(void **state)
{
	double count, rate, count_before;
	int before = dup(STDERR_FILENO), status, is_gone;
	const char *line;

	(void)state;
	kernel.keys = "";
	kernel.then = see_progress;
	kernel.lost[RP_LOST_INSTANCES] = 7;
	begin();
	dup2(pty.line, STDERR_FILENO);
	status = record("-o");
	fputs("end", stderr); /* the next line would clear it, too */
	dup2(before, STDERR_FILENO);
	is_gone = receive("lost\r\r\033[Kend");
	end();
	close(before);
	assert_int_equal(status, RP_EXIT_OK);
	assert_shown("\r\033[Krecording: ");
	assert_shown("/s, ");
	assert_shown(", 7 lost\r");
	/* It is of the time since the look before, and of what came in it. */
	line = progress(pty.text);
	assert_int_equal(sscanf(line, PROGRESS "%lf instances, %lf", &count, &rate), 2);
	assert_true(rate > 0 && rate * 1.4 <= count);
	count_before = count;
	line = progress(line + 1);
	assert_int_equal(sscanf(line, PROGRESS "%lf instances, %lf", &count, &rate), 2);
	assert_true(rate <= count - count_before + 0.5); /* it was rounded */
	assert_true(is_gone);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, begin_file, end_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(instances_are_written),
		FILE_TEST(one_instance_is_one),
		FILE_TEST(what_none_was_chosen_of_is_told),
		FILE_TEST(slow_ones_are_kept),
		FILE_TEST(a_stream_has_them_too),
		FILE_TEST(a_stream_is_written_meanwhile),
		FILE_TEST(the_last_are_written_in_the_end),
		FILE_TEST(a_signal_has_the_last_written),
		FILE_TEST(a_slow_one_has_the_last_written),
		FILE_TEST(each_file_is_told_once),
		FILE_TEST(slow_ones_in_a_row_are_in_one_file),
		FILE_TEST(one_file_is_not_two),
		FILE_TEST(a_baseline_is_not_written_over),
		FILE_TEST(a_place_that_is_none_is_told),
		FILE_TEST(two_do_not_write_one_file),
		FILE_TEST(a_file_that_is_gone_is_told),
		FILE_TEST(a_full_device_is_told),
		FILE_TEST(a_full_pipe_is_given_up),
		FILE_TEST(a_full_pipe_is_told),
		FILE_TEST(a_full_record_ends_its_run),
		FILE_TEST(a_full_record_leaves_the_tables),
		FILE_TEST(a_terminal_shows_how_far_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
