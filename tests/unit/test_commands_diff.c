// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace diff, of files and of runs that it makes; a run is made up here. */
#include "commands_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include "instances_fixture.h"
#include "late_fixture.h"
#include "record/writer.h"
#include "run/run.h"

#define GOLDEN "tests/golden/record.rpt"

/* ---- a run -------------------------------------------------------------------------------------
 */

/* What the processes of runs leave behind, in memory that they share with this one. */
static struct {
	unsigned runs;
	char command[32][32];
	char record[32][256];
	bool has_output[32];
	unsigned fails; /* this run, counted from 1 */
	int rc, status; /* ... so */
	bool dies, is_told_to_end;
	volatile enum { NO_TERMINAL, PRESSES, PRESSED, IS_HEARD } terminal;
	int heard;	/* the signal that ... */
	unsigned times; /* that the second command takes so long; 0: both have the same record */
} * made;

static int take_block(void *fd, const struct rp_block_header *header, const void *payload)
{
	return write(*(int *)fd, header, sizeof(*header)) == sizeof(*header) &&
			       write(*(int *)fd, payload, header->stored) == header->stored
		       ? 0
		       : -EIO;
}

/* Of calls that take so many us. */
static void write_record(int fd, uint64_t us)
{
	const struct rp_writer_opts opts = {
		.run = (uint64_t)getpid(), .fn = take_block, .ctx = &fd};
	struct rp_writer *writer;
	struct rp_event_sink sink;

	if (rp_writer__new(&opts, &writer))
		abort();
	sink = rp_writer__sink(writer);
	tell_run(&sink, NULL);
	tell_region(&sink, 1, "outer", RP_KIND_FUNCTION);
	tell_thread(&sink, 1, 77, 77, "made-up");
	tell_node(&sink, 2, TOLD_ROOT, 1);
	tell_timed(&sink, 50,
		   (struct rp_event_instance){.ns = us * 1000, .cpu = us, .node = 2, .thread = 1});
	tell_end(&sink, 1000000);
	if (sink.close(sink.ctx))
		abort();
}

/* Tell the process that made this one, which has it to be handed on; the signal that was. */
static int end_both(void)
{
	const struct timespec never = {.tv_sec = 30};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getppid(), SIGTERM);
	return sigtimedwait(&set, NULL, &never);
}

/* A terminal interrupts all that run: the process that waits for a run is about to, or has heard.
 */
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	const struct timespec at_most = {.tv_sec = timeout / 1000,
					 .tv_nsec = timeout % 1000 * 1000000l};
	siginfo_t info = {.si_signo = SIGINT, .si_code = SI_KERNEL};

	if (made->terminal == PRESSED)
		made->terminal = IS_HEARD;
	if (made->terminal == PRESSES) {
		made->terminal = PRESSED;
		syscall(SYS_rt_sigqueueinfo, getpid(), SIGINT, &info);
	}
	return ppoll(fds, n, timeout < 0 ? NULL : &at_most, NULL);
}

/* The signal that was handed on, or 0. */
static int wait_for_terminal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (made->terminal != IS_HEARD)
		usleep(1000);
	sigpending(&set);
	return sigismember(&set, SIGINT) ? SIGINT : 0;
}

int rp_run__live(const struct rp_opts *opts, const struct rp_baseline *baseline, rp_say_fn say,
		 int *command_status, struct rp_err *err)
{
	static char bytes[8192];
	unsigned n = made->runs++;
	int in = open(GOLDEN, O_RDONLY | O_CLOEXEC), out;
	ssize_t got = read(in, bytes, sizeof(bytes));

	(void)baseline;
	snprintf(made->command[n], sizeof(made->command[n]), "%s", opts->argv[0]);
	snprintf(made->record[n], sizeof(made->record[n]), "%s", opts->record);
	made->has_output[n] = opts->output;
	say("tracing", NULL);
	close(in);
	out = open(opts->record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (made->times)
		write_record(out, !strcmp(opts->argv[0], "two") ? made->times : 1);
	else if (got > 0 && write(out, bytes, (size_t)got) != got)
		got = -1;
	close(out);
	if (made->is_told_to_end)
		made->heard = end_both();
	if (made->terminal)
		made->heard |= wait_for_terminal();
	if (made->fails != n + 1)
		return 0;
	if (made->dies)
		raise(SIGKILL);
	*command_status = made->status;
	return made->rc ? rp_err__set(err, RP_EXIT_DENIED, made->rc, "try it", "it went wrong") : 0;
}

static int make_shared(void **state)
{
	(void)state;
	made = mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return made == MAP_FAILED ? -1 : 0;
}

static int begin(void **state)
{
	(void)state;
	memset(made, 0, sizeof(*made));
	return 0;
}

/* ---- of files ----------------------------------------------------------------------------------
 */

static void files_are_compared(void **state)
{
	(void)state;
	assert_int_equal(run(rp_diff__run, "rptrace diff --format csv " GOLDEN " -- " GOLDEN),
			 RP_EXIT_OK);
	assert_int_equal(strncmp(ran.out, "name,kind,count_a,", 18), 0);
	assert_prints("outer,function,30.000,21870.000");
	assert_int_equal(made->runs, 0);
	assert_int_equal(run(rp_diff__run, "rptrace diff " GOLDEN " " GOLDEN), RP_EXIT_OK);
	assert_int_equal(run(rp_diff__run, "rptrace diff " GOLDEN " /no/such/file"),
			 RP_EXIT_FAILED);
	assert_failed("/no/such/file: No such file", "rptrace record --help");
	assert_int_equal(run(rp_diff__run, "rptrace diff /no/such/file /nor/this"), RP_EXIT_FAILED);
	assert_failed("/no/such/file: No such file", "rptrace record --help");
}

static size_t rows_with(const char *text)
{
	size_t n = 0;

	for (const char *at = ran.out; (at = strstr(at, text)); at++)
		n++;
	return n;
}

/* One run of each cannot tell. */
static void a_gate_wants_more_runs(void **state)
{
	(void)state;
	assert_int_equal(run(rp_diff__run,
			     "rptrace diff --format csv --max-regression 5 " GOLDEN " -- " GOLDEN),
			 RP_EXIT_CANNOT_TELL);
	assert_int_equal(rows_with(",uncertain,"), 2);
	/* Of the regions that are judged. */
	assert_int_equal(run(rp_diff__run, "rptrace diff --format csv --max-regression 5 --region "
					   "outer " GOLDEN " -- " GOLDEN),
			 RP_EXIT_CANNOT_TELL);
	assert_int_equal(rows_with(",uncertain,"), 1);
	assert_int_equal(run(rp_diff__run, "rptrace diff --max-regression 5 " GOLDEN " -- " GOLDEN),
			 RP_EXIT_CANNOT_TELL);
	assert_failed("", "rptrace diff --help");
}

static void no_record_is_written_over(void **state)
{
	char line[256], path[] = "/tmp/rptrace-diff-XXXXXX", bytes[8192];
	int copy = mkstemp(path), in = open(GOLDEN, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(in, bytes, sizeof(bytes));
	struct stat st;

	(void)state;
	close(in);
	assert_int_equal(write(copy, bytes, (size_t)n), n);
	for (int second = 0; second < 2; second++) {
		snprintf(line, sizeof(line), "rptrace diff -o %s %s %s", path,
			 second ? GOLDEN : path, second ? path : GOLDEN);
		assert_int_equal(run(rp_diff__run, line), RP_EXIT_USAGE);
		assert_failed("is a record that is to be read", "-o rptrace.out");
		assert_int_equal(fstat(copy, &st), 0);
		assert_int_equal(st.st_size, n);
	}
	close(copy);
	unlink(path);
}

static void what_closing_tells_is_an_error(void **state)
{
	char line[128], path[] = "/tmp/rptrace-diff-XXXXXX";
	int status;

	(void)state;
	close(mkstemp(path));
	snprintf(line, sizeof(line), "rptrace diff -o %s " GOLDEN " " GOLDEN, path);
	late = path;
	status = run(rp_diff__run, line);
	late = NULL;
	unlink(path);
	assert_int_equal(status, RP_EXIT_FAILED);
	assert_failed("Disk quota exceeded", "");
	assert_non_null(strstr(ran.line.err.cause, path));
}

/* ---- of runs -----------------------------------------------------------------------------------
 */

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* A warm-up of both, then pairs; the table is apart from what the commands print. */
static void runs_are_made_in_turns(void **state)
{
	unsigned n[2] = {0};

	(void)state;
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 3 -o - -- one x --- two y"),
			 RP_EXIT_OK);
	assert_int_equal(made->runs, 8);
	assert_string_equal(made->command[0], "one");
	assert_string_equal(made->command[1], "two");
	for (unsigned i = 0; i < 8; i++) {
		bool is_b = !strcmp(made->command[i], "two");
		const char *name = strrchr(made->record[i], '/');

		n[is_b]++;
		if (i % 2)
			assert_string_not_equal(made->command[i], made->command[i - 1]);
		assert_string_equal(name, is_b ? "/b.rpt" : "/a.rpt");
		assert_false(made->has_output[i]);
		/* Nobody wants to keep them, nor the folder. */
		assert_false(exists(made->record[i]));
		*strrchr(made->record[i], '/') = '\0';
		assert_false(exists(made->record[i]));
	}
	assert_int_equal(n[0], 4);
	assert_int_equal(n[1], 4);
	assert_says("pair 1 of 3\npair 2 of 3\npair 3 of 3\n");
	assert_prints("outer");
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 1 -- one x --- two y"), RP_EXIT_OK);
	assert_string_equal(ran.out, "");
	/* Records that nobody keeps are where files of a short life are to be. */
	setenv("TMPDIR", "/tmp/.", 1);
	memset(made, 0, sizeof(*made));
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 1 -o - -- one x --- two y"),
			 RP_EXIT_OK);
	unsetenv("TMPDIR");
	assert_int_equal(strncmp(made->record[0], "/tmp/./", 7), 0);
}

static void records_are_kept_where_wanted(void **state)
{
	char line[256], path[128], folder[] = "/tmp/rptrace-diff-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(line, sizeof(line),
		 "rptrace diff --run 2 --record %s/kept -o - -- one x --- two y", folder);
	assert_int_equal(run(rp_diff__run, line), RP_EXIT_OK);
	for (unsigned i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/kept.%c%u.rpt", folder, "ab"[i % 2], i / 2 + 1);
		assert_true(exists(path));
		unlink(path);
	}
	/* The warm-up is not among them. */
	assert_false(exists(made->record[0]));
	assert_int_equal(rmdir(folder), 0);
}

/* The first run that fails is the last one. */
static void a_run_that_fails_ends_it(void **state)
{
	(void)state;
	made->fails = 4;
	made->status = 9;
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 3 -o - -- one x --- two y"),
			 RP_EXIT_FAILED);
	assert_int_equal(made->runs, 4);
	assert_failed("1: the command has failed, with 9", made->command[3]);

	memset(made, 0, sizeof(*made));
	made->fails = 1;
	made->rc = -EPERM;
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 3 -o - -- one x --- two y"),
			 RP_EXIT_DENIED);
	assert_int_equal(made->runs, 1);
	assert_failed("it went wrong", "try it");

	memset(made, 0, sizeof(*made));
	made->fails = 1;
	made->dies = true;
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 3 -o - -- one x --- two y"),
			 RP_EXIT_FAILED);
	assert_failed("the warm-up has ended before it was over", "rptrace doctor");
	assert_false(exists(made->record[0]));
}

/* Whoever ends rptrace ends what it runs, whose figures are none then. */
static void an_end_is_handed_on(void **state)
{
	(void)state;
	made->is_told_to_end = true;
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 3 -o - -- one x --- two y"),
			 RP_EXIT_OK);
	assert_int_equal(made->heard, SIGTERM);
	assert_int_equal(made->runs, 1);
	assert_false(exists(made->record[0]));
}

/* The command has had it by itself: it is not handed on, and yet is the end. */
static void an_end_that_all_have_is_not_handed_on(void **state)
{
	(void)state;
	made->terminal = PRESSES;
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 3 -o - -- one x --- two y"),
			 RP_EXIT_OK);
	assert_int_equal(made->terminal, IS_HEARD);
	assert_int_equal(made->heard, 0);
	assert_int_equal(made->runs, 1);
}

/* What the gate wants is told by the number of runs that would decide it. */
static void more_pairs_are_proposed(void **state)
{
	(void)state;
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 2 --max-regression 5 -o - -- one x "
					   "--- two y"),
			 RP_EXIT_CANNOT_TELL);
	assert_failed("2 pairs of runs, and it takes 5", "--run 5 -- one x --- two y");
}

/* Where one is certain, what to look at is the last run that was slow, if it was kept. */
static void what_is_slower_is_looked_at(void **state)
{
	char folder[] = "/tmp/rptrace-diff-XXXXXX", line[256], path[128];

	(void)state;
	made->times = 3;
	assert_int_equal(run(rp_diff__run, "rptrace diff --run 5 --max-regression 5 --region outer "
					   "-o - -- one x --- two y"),
			 RP_EXIT_REGRESSION);
	assert_failed("outer", "--record rptrace");
	assert_non_null(mkdtemp(folder));
	made->runs = 0;
	snprintf(line, sizeof(line),
		 "rptrace diff --run 5 --max-regression 5 --region outer --record %s/kept -o - -- "
		 "one x --- two y",
		 folder);
	assert_int_equal(run(rp_diff__run, line), RP_EXIT_REGRESSION);
	snprintf(path, sizeof(path), "rptrace report --slowest 3 --region outer %s/kept.b5.rpt",
		 folder);
	assert_failed("outer", path);
	for (unsigned i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "%s/kept.%c%u.rpt", folder, "ab"[i % 2], i / 2 + 1);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(files_are_compared, begin),
		cmocka_unit_test_setup(a_gate_wants_more_runs, begin),
		cmocka_unit_test_setup(no_record_is_written_over, begin),
		cmocka_unit_test_setup(what_closing_tells_is_an_error, begin),
		cmocka_unit_test_setup(runs_are_made_in_turns, begin),
		cmocka_unit_test_setup(records_are_kept_where_wanted, begin),
		cmocka_unit_test_setup(a_run_that_fails_ends_it, begin),
		cmocka_unit_test_setup(an_end_is_handed_on, begin),
		cmocka_unit_test_setup(an_end_that_all_have_is_not_handed_on, begin),
		cmocka_unit_test_setup(more_pairs_are_proposed, begin),
		cmocka_unit_test_setup(what_is_slower_is_looked_at, begin),
	};

	return cmocka_run_group_tests(tests, make_shared, NULL);
}
