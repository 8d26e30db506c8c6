// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The command of --on-stuck: for which frames, how many at a time, and what it is told. */
#include "counts_fixture.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/on_stuck.h"

static int ends[2]; /* commands write a line each into this pipe */

static int set_up(void **state)
{
	char number[16];

	(void)state;
	if (pipe(ends))
		return -errno;
	snprintf(number, sizeof(number), "%d", ends[1]);
	return setenv("OUT", number, 1);
}

static int tear_down(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static struct rp_on_stuck *new_on_stuck(const char *command, size_t max)
{
	struct rp_on_stuck_opts opts = {.command = command, .max = max};
	struct rp_on_stuck *s = rp_on_stuck__new(&opts);

	assert_non_null(s);
	return s;
}

/* Returns how many got no command. */
static size_t look(struct rp_on_stuck *s, const struct rp_open_regions *open)
{
	size_t skipped;

	assert_int_equal(rp_on_stuck__run(s, open, &skipped), 0);
	return skipped;
}

/* Wait until the commands have ended, and have them taken note of. */
static void reap(struct rp_on_stuck *s)
{
	siginfo_t info;

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOWAIT))
		rp_on_stuck__reap(s);
	assert_int_equal(errno, ECHILD);
}

/* All that was written so far. */
static const char *written(void)
{
	static char text[4096];
	struct pollfd ready = {.fd = ends[0], .events = POLLIN};
	size_t n = 0;

	while (poll(&ready, 1, 0) > 0 && n + 1 < sizeof(text)) {
		ssize_t got = read(ends[0], text + n, sizeof(text) - 1 - n);

		assert_true(got > 0);
		n += (size_t)got;
	}
	text[n] = '\0';
	return text;
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void once_for_each_stuck_frame(void **state)
{
	struct rp_open_regions *open = fixture_open();
	struct rp_on_stuck *s = new_on_stuck("eval \"echo x >&$OUT\"", 8);

	(void)state;
	assert_int_equal(open->n_stuck, 2);
	assert_int_equal(look(s, open), 0);
	reap(s);
	assert_int_equal(lines(written()), 2);
	/* They are known: whatever comes along beside them. */
	assert_int_equal(look(s, open), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	open->n_stuck = 3;
	assert_int_equal(look(s, open), 0);
	reap(s);
	assert_int_equal(lines(written()), 1);
	rp_on_stuck__free(s);
	rp_open_regions__free(open);
}

/* A frame that is missed once may have moved while its stack was read; one that is missed twice
 * has been left, and another that looks the same is a new one. */
static void forgotten_once_it_has_gone(void **state)
{
	struct rp_open_regions *open = fixture_open(), none = {0};
	struct rp_on_stuck *s = new_on_stuck("eval \"echo x >&$OUT\"", 8);

	(void)state;
	look(s, open);
	reap(s);
	look(s, &none);
	look(s, open);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	look(s, &none);
	look(s, &none);
	look(s, open);
	reap(s);
	assert_int_equal(lines(written()), 4);
	rp_on_stuck__free(s);
	rp_open_regions__free(open);
}

/* As soon as the same thread is stuck in the same region once more. */
static void each_time_it_is_stuck(void **state)
{
	struct rp_open_regions *open = fixture_open();
	struct rp_on_stuck *s = new_on_stuck("eval \"echo x >&$OUT\"", 8);

	(void)state;
	look(s, open);
	reap(s);
	assert_int_equal(lines(written()), 2);
	open->row[0].start++;
	look(s, open);
	reap(s);
	assert_int_equal(lines(written()), 1);
	rp_on_stuck__free(s);
	rp_open_regions__free(open);
}

static void no_more_than_allowed_at_a_time(void **state)
{
	struct rp_open_regions *open = fixture_open();
	struct rp_on_stuck *s = new_on_stuck("eval \"echo x >&$OUT\"", 1);

	(void)state;
	assert_int_equal(look(s, open), 1);
	reap(s);
	assert_int_equal(lines(written()), 1);
	/* The one that got none gets none later either. */
	assert_int_equal(look(s, open), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	rp_on_stuck__free(s);
	rp_open_regions__free(open);
}

/* Names are the target's: no shell obeys them, no terminal either. */
static void told_in_its_environment(void **state)
{
	struct rp_open_regions *open = fixture_open();
	struct rp_on_stuck *s = new_on_stuck(
		"eval 'echo \"$RPTRACE_REGION|$RPTRACE_PID|$RPTRACE_TID|$RPTRACE_AGE_NS|"
		"$RPTRACE_PATH\" >&'$OUT",
		8);
	const char *text;

	(void)state;
	open->n_stuck = 1;
	assert_int_equal(setenv("RPTRACE_REGION", "of the caller", 1), 0);
	look(s, open);
	reap(s);
	text = written();
	assert_non_null(strstr(text, "|42|"));
	assert_non_null(strstr(text, "|request > "));
	assert_null(strchr(text, '\x1b'));
	assert_null(strstr(text, "of the caller"));
	rp_on_stuck__free(s);
	rp_open_regions__free(open);
}

/* Every fact has its variable; of a span, and of a goroutine, those that it has. */
static void all_facts(void **state)
{
	static const struct {
		enum rp_kind kind;
		uint32_t tid;
		const char *facts;
	} cases[] = {
		{RP_KIND_MARKER, 43, "marker|43||"},
		{RP_KIND_SPAN, 43, "span|43|99|"},
		{RP_KIND_FUNCTION, 0, "function|||"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_open_regions *open = fixture_open();
		struct rp_on_stuck *s = new_on_stuck(
			"eval 'echo \"$RPTRACE_KIND|$RPTRACE_TID|$RPTRACE_SPAN|\" >&'$OUT", 8);

		open->n_stuck = 1;
		open->row[0].kind = cases[i].kind;
		open->row[0].tid = cases[i].tid;
		open->row[0].span = 99;
		look(s, open);
		reap(s);
		assert_non_null(strstr(written(), cases[i].facts));
		rp_on_stuck__free(s);
		rp_open_regions__free(open);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Behind a screen it goes nowhere else, and each time there is more its last line is told once. */
static void last_line_is_kept(void **state)
{
	static const struct {
		const char *command, *line; /* NULL: there is none */
	} cases[] = {
		{"echo one; echo two >&2; echo", "two"},
		{"printf 'no newline'", "no newline"},
		{"echo; echo", NULL},
		{"printf '%4095s\\n%s' x end", "end"},
		{"printf '%9000s\\nlast' x", "last"},
	};
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_on_stuck_opts opts = {
			.command = cases[i].command, .max = 1, .keep = true};
		struct rp_on_stuck *s = rp_on_stuck__new(&opts);
		struct rp_open_regions *open = fixture_open();

		assert_non_null(s);
		assert_false(rp_on_stuck__last_line(s, line, sizeof(line)));
		open->n_stuck = 1;
		look(s, open);
		reap(s);
		assert_int_equal(rp_on_stuck__last_line(s, line, sizeof(line)),
				 cases[i].line != NULL);
		if (cases[i].line)
			assert_string_equal(line, cases[i].line);
		assert_false(rp_on_stuck__last_line(s, line, sizeof(line)));
		rp_on_stuck__free(s);
		rp_open_regions__free(open);
	}
}

/* The file begins anew before it is too long: what comes then is told as before. */
static void output_is_bounded(void **state)
{
	static const char command[] =
		"echo $RPTRACE_PID; [ $RPTRACE_PID != 1 ] || "
		"{ head -c 1100000 /dev/zero | tr '\\0' x; echo; echo much; }";
	struct rp_on_stuck_opts opts = {.command = command, .max = 1, .keep = true};
	struct rp_on_stuck *s = rp_on_stuck__new(&opts);
	struct rp_open_regions *open = fixture_open();
	char line[64];

	(void)state;
	assert_non_null(s);
	open->n_stuck = 1;
	for (uint32_t pid = 1; pid < 4; pid++) {
		open->row[0].pid = pid;
		look(s, open);
		reap(s);
		assert_true(rp_on_stuck__last_line(s, line, sizeof(line)));
		assert_string_equal(line, pid == 1 ? "much" : pid == 2 ? "2" : "3");
	}
	rp_on_stuck__free(s);
	rp_open_regions__free(open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(once_for_each_stuck_frame), TEST(forgotten_once_it_has_gone),
		TEST(each_time_it_is_stuck),	 TEST(no_more_than_allowed_at_a_time),
		TEST(told_in_its_environment),	 TEST(all_facts),
		TEST(last_line_is_kept),	 TEST(output_is_bounded),
	};

	return cmocka_run_group_tests_name("run_on_stuck", tests, NULL, NULL);
}
