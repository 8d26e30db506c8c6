// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The screen on a record: keys choose a window of its time, and the command
 * that has it again. */
#include "commands_fixture.h"
#include "terminal_fixture.h"

#include <pthread.h>
#include <signal.h>

#define GOLDEN "tests/golden/record.rpt"

/* What is done and then typed once something was shown since the step before. */
struct step {
	const char *shown, *keys;
	void (*then)(void);
};

static bool done, all_shown;

/* Of a record and of what a user has kept of the screen. */
static char folder[] = "/tmp/rptrace-screen-XXXXXX", record[64], away[80], kept[80];

static void *use(void *steps)
{
	sigset_t all;

	/* Signals are for the other thread, which takes them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	for (const struct step *s = steps; s->shown; s++) {
		if (!receive(s->shown)) {
			all_shown = false;
			kill(getpid(), SIGINT);
			break;
		}
		pty.n = 0;
		if (s->then)
			s->then();
		if (write(pty.master, s->keys, strlen(s->keys)) < 0)
			break;
	}
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		struct pollfd master = {.fd = pty.master, .events = POLLIN};
		ssize_t more = poll(&master, 1, 10) > 0 ? read(pty.master, pty.text + pty.n,
							       sizeof(pty.text) - 1 - pty.n)
							: 0;

		pty.n += more > 0 ? (size_t)more : 0;
	}
	pty.text[pty.n] = '\0';
	return NULL;
}

static int show_record(const struct step *steps, const char *file, const char *words)
{
	pthread_t user;
	char line[256];
	int status;

	snprintf(line, sizeof(line), "rptrace report %s %s", file, words);
	parse_good(&ran.line, line);
	ran.said[0] = ran.cures[0] = '\0';
	done = false;
	all_shown = true;
	begin();
	if (pthread_create(&user, NULL, use, (void *)steps))
		abort();
	status = rp_report__run(&ran.line.opts, ran_say, &ran.line.err);
	fflush(stdout);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	pthread_join(user, NULL);
	end();
	rp_opts__free(&ran.line.opts);
	return status;
}

static int show(const struct step *steps, const char *words)
{
	char all[256];

	snprintf(all, sizeof(all), "--no-setup %s", words);
	return show_record(steps, GOLDEN, all);
}

static void the_whole_is_shown(void **state)
{
	static const struct step steps[] = {
		{"RECORD", "q", NULL}, {"COUNT", "", NULL}, {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
	/* Nothing is to be said of a window that is all. */
	assert_null(strstr(ran.said, "the figures are of"));
}

static void a_window_can_be_had_again(void **state)
{
	static const struct step steps[] = {{"RECORD", "+q", NULL}, {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_says("the figures are of ");
	assert_cures("rptrace report " GOLDEN);
	assert_cures("--from ");
	assert_cures("--to ");
	/* As a user has asked for, and gone on from there. */
	assert_int_equal(show(steps, "--from 1us --to 2us"), RP_EXIT_OK);
	assert_says("the figures are of ");
	/* To the ns. */
	static const struct step quit[] = {{"RECORD", "q", NULL}, {NULL, NULL, NULL}};

	assert_int_equal(show(quit, "--from 1024ns --to 2047ns"), RP_EXIT_OK);
	assert_says("the figures are of 1.024e-06 s to 2.047e-06 s");
	assert_cures("--from 0.000001024 --to 0.000002047");
	/* Up to the end, with what was open then. */
	assert_int_equal(show(quit, "--from 10us"), RP_EXIT_OK);
	assert_says("the figures are of 1e-05 s to 0.1 s\n");
	assert_cures("--from 0.000010000 --to 0.100000001\n");
	/* All of it again. */
	static const struct step back[] = {{"RECORD", "+0q", NULL}, {NULL, NULL, NULL}};

	assert_int_equal(show(back, ""), RP_EXIT_OK);
	assert_null(strstr(ran.said, "the figures are of"));
}

/* From its first ns, whatever else is read with it; and of all again, however soon one quits. */
static void figures_are_of_the_window(void **state)
{
	static const struct step part[] = {
		{"RECORD", "q", NULL}, {"outer          25", "", NULL}, {NULL, NULL, NULL}};
	static const struct step all[] = {
		{"RECORD", "0q", NULL}, {"outer          30", "", NULL}, {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show(part, "--from 10us"), RP_EXIT_OK);
	assert_true(all_shown);
	assert_int_equal(show(all, "--from 10us"), RP_EXIT_OK);
	assert_true(all_shown);
}

static void what_a_record_has_not_is_told(void **state)
{
	static const struct step steps[] = {
		{"RECORD", "gg", NULL},
		{"a record does not tell control groups", "a", NULL},
		{"a live view adds them", "q", NULL},
		{NULL, NULL, NULL},
	};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
}

static void rows_are_grouped(void **state)
{
	static const struct step steps[] = {
		{"RECORD", "gp", NULL}, {"PROCESS", "q", NULL}, {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
}

static void panes_show_the_window(void **state)
{
	static const struct step steps[] = {{"RECORD", "\r", NULL},
					    {"[46m Histogram ", "\t", NULL},
					    {"[46m Heat map ", "q", NULL},
					    {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
}

/* One of a day is in the other region alone. */
static void the_heat_map_is_of_the_region(void **state)
{
	static const struct step steps[] = {{"RECORD", "\r\t", NULL},
					    {"[46m Heat map ", "j", NULL},
					    {"512 ns", "q", NULL}, /* where the map begins */
					    {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
}

/* ---- files that come and go ------------------------------------------------------------------ */

static void write_kept(const char *text)
{
	FILE *out = fopen(kept, "we");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static const char *read_kept(void)
{
	static char text[4096];
	FILE *in = fopen(kept, "re");
	size_t n = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

	if (in)
		fclose(in);
	text[n] = '\0';
	return text;
}

static int begin_files(void **state)
{
	char command[256], below[64];

	(void)state;
	strcpy(folder, "/tmp/rptrace-screen-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(record, sizeof(record), "%s/record.rpt", folder);
	snprintf(away, sizeof(away), "%s.away", record);
	snprintf(below, sizeof(below), "%s/rptrace", folder);
	snprintf(kept, sizeof(kept), "%s/screen", below);
	snprintf(command, sizeof(command), "cp " GOLDEN " %s", record);
	return mkdir(below, 0700) || setenv("XDG_CONFIG_HOME", folder, 1) || system(command);
}

static int end_files(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void take_away(void)
{
	rename(record, away);
}

static void bring_back(void)
{
	rename(away, record);
}

/* Nothing is there to be drawn meanwhile; what was read once is there without the record. */
static void heat_maps_are_kept_once_they_are_read(void **state)
{
	static const struct step steps[] = {{"RECORD", "\r\t", NULL},
					    {"[46m Heat map ", "j", take_away},
					    {"outer", "l", bring_back},
					    {"512 ns", "?", take_away},
					    {"any other key", "q", NULL},
					    {"512 ns", "q", bring_back},
					    {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show_record(steps, record, "--no-setup"), RP_EXIT_OK);
	assert_true(all_shown);
}

static void a_record_that_is_gone_is_told(void **state)
{
	static const struct step steps[] = {{"RECORD", "gt", take_away}, {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show_record(steps, record, "--no-setup"), RP_EXIT_FAILED);
	assert_failed("/record.rpt: No such file or directory", "");
	bring_back();
}

/* ---- signals --------------------------------------------------------------------------------- */

static void end_it(void)
{
	kill(getpid(), SIGTERM);
}

static void make_wide(void)
{
	struct winsize size = {.ws_row = 30, .ws_col = 120};

	ioctl(pty.master, TIOCSWINSZ, &size);
	kill(getpid(), SIGWINCH);
}

static void signals_are_heard(void **state)
{
	static const struct step steps[] = {{"RECORD", "", make_wide},
					    {"F10", "", end_it},
					    {"\x1b[?1049l", "", NULL},
					    {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
}

static void the_terminal_goes(void **state)
{
	static const struct step steps[] = {{"RECORD", "", hang_up}, {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_FAILED);
	clearerr(stdout);
	assert_failed("could not be written to standard output: Input/output error", "");
}

/* ---- what is kept of the screen ---------------------------------------------------------------
 */

/* How it was grouped last, but where that was by control groups, or something else is asked for. */
static void it_is_grouped_as_before(void **state)
{
	static const struct {
		const char *before, *words, *shown;
	} cases[] = {
		{"process", "", "PROCESS"},
		{"thread", "", "THREAD"},
		{"cgroup", "", "RECORD"},
		{"process", "--by thread", "THREAD"},
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct step steps[] = {{cases[i].shown, "q", NULL}, {NULL, NULL, NULL}};

		snprintf(text, sizeof(text), "rptrace-setup/1\ngroup %s\n", cases[i].before);
		write_kept(text);
		assert_int_equal(show_record(steps, record, cases[i].words), RP_EXIT_OK);
		assert_true(all_shown);
		assert_null(strstr(ran.said, "set-up"));
		/* No key was for that. */
		assert_string_equal(read_kept(), text);
	}
}

static void what_keys_change_is_kept(void **state)
{
	static const struct step steps[] = {
		{"RECORD", "gt", NULL}, {"THREAD", "Pq", NULL}, {NULL, NULL, NULL}};

	(void)state;
	assert_int_equal(show_record(steps, record, ""), RP_EXIT_OK);
	assert_true(all_shown);
	assert_non_null(strstr(read_kept(), "\ngroup thread\n"));
	assert_non_null(strstr(read_kept(), "\nsort cpu\n"));
}

static void what_is_not_taken_is_told_on_the_screen(void **state)
{
	static const struct step steps[] = {
		{"set-up not taken, as it is none that rptrace", "q", NULL}, {NULL, NULL, NULL}};

	(void)state;
	write_kept("root:x:0:0\n");
	assert_int_equal(show_record(steps, record, ""), RP_EXIT_OK);
	assert_true(all_shown);
	assert_string_equal(read_kept(), "root:x:0:0\n");
}

#define FILES_TEST(test) cmocka_unit_test_setup_teardown(test, begin_files, end_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_is_shown),
		cmocka_unit_test(a_window_can_be_had_again),
		cmocka_unit_test(what_a_record_has_not_is_told),
		cmocka_unit_test(figures_are_of_the_window),
		cmocka_unit_test(rows_are_grouped),
		cmocka_unit_test(panes_show_the_window),
		cmocka_unit_test(the_heat_map_is_of_the_region),
		FILES_TEST(heat_maps_are_kept_once_they_are_read),
		FILES_TEST(a_record_that_is_gone_is_told),
		cmocka_unit_test(signals_are_heard),
		cmocka_unit_test(the_terminal_goes),
		FILES_TEST(it_is_grouped_as_before),
		FILES_TEST(what_keys_change_is_kept),
		FILES_TEST(what_is_not_taken_is_told_on_the_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
