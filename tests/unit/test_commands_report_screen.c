// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The screen on a record: keys choose a window of its time, and the command
 * that has it again. */
#include "commands_fixture.h"
#include "terminal_fixture.h"

#include <pthread.h>
#include <signal.h>

#define GOLDEN "tests/golden/record.rpt"

/* What is typed once something was shown since the step before. */
struct step {
	const char *shown, *keys;
};

static bool done, all_shown;

static void *use(void *steps)
{
	for (const struct step *s = steps; s->shown; s++) {
		if (!receive(s->shown)) {
			all_shown = false;
			kill(getpid(), SIGINT);
			break;
		}
		pty.n = 0;
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

static int show(const struct step *steps, const char *words)
{
	pthread_t user;
	char line[256];
	int status;

	snprintf(line, sizeof(line), "rptrace report %s --no-setup %s", GOLDEN, words);
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

static void the_whole_is_shown(void **state)
{
	static const struct step steps[] = {{"RECORD", "q"}, {"COUNT", ""}, {NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
	/* Nothing is to be said of a window that is all. */
	assert_null(strstr(ran.said, "the figures are of"));
}

static void a_window_can_be_had_again(void **state)
{
	static const struct step steps[] = {{"RECORD", "+q"}, {NULL, NULL}};

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
	static const struct step quit[] = {{"RECORD", "q"}, {NULL, NULL}};

	assert_int_equal(show(quit, "--from 1024ns --to 2047ns"), RP_EXIT_OK);
	assert_says("the figures are of 1.024e-06 s to 2.047e-06 s");
	assert_cures("--from 0.000001024 --to 0.000002047");
	/* All of it again. */
	static const struct step back[] = {{"RECORD", "+0q"}, {NULL, NULL}};

	assert_int_equal(show(back, ""), RP_EXIT_OK);
	assert_null(strstr(ran.said, "the figures are of"));
}

/* From its first ns, whatever else is read with it; and of all again, however soon one quits. */
static void figures_are_of_the_window(void **state)
{
	static const struct step part[] = {
		{"RECORD", "q"}, {"outer          25", ""}, {NULL, NULL}};
	static const struct step all[] = {
		{"RECORD", "0q"}, {"outer          30", ""}, {NULL, NULL}};

	(void)state;
	assert_int_equal(show(part, "--from 10us"), RP_EXIT_OK);
	assert_true(all_shown);
	assert_int_equal(show(all, "--from 10us"), RP_EXIT_OK);
	assert_true(all_shown);
}

static void what_a_record_has_not_is_told(void **state)
{
	static const struct step steps[] = {
		{"RECORD", "gg"},
		{"a record does not tell control groups", "a"},
		{"a live view adds them", "q"},
		{NULL, NULL},
	};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
}

static void rows_are_grouped(void **state)
{
	static const struct step steps[] = {{"RECORD", "gp"}, {"PROCESS", "q"}, {NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
}

static void panes_show_the_window(void **state)
{
	static const struct step steps[] = {
		{"RECORD", "\r"}, {"[46m Histogram ", "\t"}, {"[46m Heat map ", "q"}, {NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
}

/* One of a day is in the other region alone. */
static void the_heat_map_is_of_the_region(void **state)
{
	static const struct step steps[] = {{"RECORD", "\r\t"},
					    {"[46m Heat map ", "j"},
					    {"512 ns", "q"}, /* where the map begins */
					    {NULL, NULL}};

	(void)state;
	assert_int_equal(show(steps, ""), RP_EXIT_OK);
	assert_true(all_shown);
}

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
