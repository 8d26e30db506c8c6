// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The live screen between a terminal and a trace that both are made up: what it asks of them, and
 * what it says. tests/golden/screen-*.txt have it step by step.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "samples_fixture.h"
#include "screen_grid.h"

#include "screen/screen.h"
#include "screen/terminal.h"

/* ---- what was asked of others ---------------------------------------------------------------- */

static FILE *out;

static int refuses; /* what keys ask for, with this error */

static int answer(struct rp_err *err)
{
	return refuses ? rp_err__set(err, RP_EXIT_FAILED, refuses, "a cure", "a cause") : 0;
}

static void tell_regions(const char *what, const uint32_t *regions, size_t n)
{
	fprintf(out, "  %s", what);
	for (size_t i = 0; i < n; i++)
		fprintf(out, " %u", regions[i]);
	fputc('\n', out);
}

static size_t adds; /* regions, for a glob */

static int add(void *ctx, const char *glob, size_t *added, struct rp_err *err)
{
	(void)ctx;
	fprintf(out, "  add %s\n", glob);
	*added = adds;
	return answer(err);
}

static int choose(void *ctx, struct rp_err *err)
{
	(void)ctx;
	fprintf(out, "  choose\n");
	return answer(err);
}

static int drop(void *ctx, const uint32_t *regions, size_t n, struct rp_err *err)
{
	(void)ctx;
	tell_regions("drop", regions, n);
	return answer(err);
}

static int undo_drop(void *ctx, const uint32_t *regions, size_t n, struct rp_err *err)
{
	(void)ctx;
	tell_regions("undo", regions, n);
	return answer(err);
}

static int group(void *ctx, enum rp_by by, struct rp_err *err)
{
	(void)ctx;
	fprintf(out, "  group by %d\n", (int)by);
	return answer(err);
}

static int reset(void *ctx, struct rp_err *err)
{
	(void)ctx;
	fprintf(out, "  reset\n");
	return answer(err);
}

static struct rp_snapshot *recent(void *ctx)
{
	(void)ctx;
	fprintf(out, "  recent\n");
	return refuses ? NULL : fixture_snapshot(&server, RP_BY_NONE);
}

static void window(void *ctx, uint64_t from, uint64_t to)
{
	(void)ctx;
	fprintf(out, "  window %lu %lu\n", from, to);
}

static const struct rp_heat *heat(void *ctx, uint32_t region, size_t columns)
{
	(void)ctx;
	fprintf(out, "  heat of %u in %zu\n", region, columns);
	return NULL;
}

static int watch_wakers(void *ctx, struct rp_err *err)
{
	(void)ctx;
	fprintf(out, "  watch wakers\n");
	return answer(err);
}

static size_t complete(void *ctx, const char *text, const char **names, size_t max)
{
	(void)ctx;
	fprintf(out, "  complete %s, %zu at most\n", text, max);
	names[0] = "parse_body";
	names[1] = "parse_head";
	return 2;
}

static const struct rp_source *source(void *ctx, uint32_t region)
{
	(void)ctx;
	fprintf(out, "  source of %u\n", region);
	return NULL;
}

static const struct rp_screen_ops ops = {
	.add = add,
	.choose = choose,
	.drop = drop,
	.undo_drop = undo_drop,
	.group = group,
	.reset = reset,
	.recent = recent,
	.window = window,
	.heat = heat,
	.watch_wakers = watch_wakers,
	.complete = complete,
	.source = source,
};

/* ---- the terminal ---------------------------------------------------------------------------- */

static struct size size;
static bool is_behind;
static int open_fails;

/* What is typed, and clicks, which are the characters from '\1' on. */
static const char *typed = "";

bool rp_terminal__is_able(void)
{
	return true;
}

int rp_terminal__open(bool mouse, struct rp_err *err)
{
	(void)err;
	fprintf(out, "  open%s\n", mouse ? " with the mouse" : "");
	return open_fails;
}

void rp_terminal__close(void)
{
	fprintf(out, "  close\n");
}

void rp_terminal__leave(void)
{
	fprintf(out, "  leave\n");
}

void rp_terminal__enter(void)
{
	fprintf(out, "  enter\n");
}

void rp_terminal__size(size_t *rows, size_t *width)
{
	*rows = size.rows;
	*width = size.width;
}

void rp_terminal__send(bool by_key)
{
	fprintf(out, "  send%s\n", by_key ? " by key" : "");
}

bool rp_terminal__is_behind(void)
{
	return is_behind;
}

void rp_terminal__resume(void)
{
	fprintf(out, "  resume\n");
}

uint64_t rp_terminal__next(void)
{
	return 4711;
}

bool rp_terminal__read(struct rp_input *input)
{
	if (!*typed)
		return false;
	*input = (struct rp_input){.key = *typed};
	if (*typed == '\1') /* the second row of the table */
		*input = (struct rp_input){.button = RP_BUTTON_CLICK, .y = 5, .x = 3};
	typed++;
	return true;
}

bool rp_terminal__hold(const int *keys, size_t n)
{
	bool has_quit = false, has_f10 = false;

	for (size_t i = 0; i < n; i++) {
		has_quit |= keys[i] == 'q';
		has_f10 |= keys[i] == RP_KEY_F0 + 10;
	}
	assert_true(has_quit && has_f10);
	return !strcmp(typed, "q");
}

/* ---- the process ----------------------------------------------------------------------------- */

int kill(pid_t pid, int sig)
{
	fprintf(out, "  signal %d%s\n", sig, pid == getpid() ? " to itself" : "");
	return 0;
}

#define NOW 1767323045 /* 2026-01-02 03:04:05 */

time_t time(time_t *to)
{
	if (to)
		*to = NOW;
	return NOW;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static struct rp_screen *screen;
static char *text;
static size_t length;
static char lines_before[ROWS_MAX][WIDTH_MAX * 4 + 1];

/* Lines at the top and at the bottom that are others than before; the rows are tested elsewhere. */
static void tell_lines(void)
{
	for (size_t y = 0; y < size.rows; y++) {
		char line[WIDTH_MAX * 4 + 1] = "", *end = line;

		for (size_t x = 0; x < size.width; x++) {
			size_t len = strlen(strcat(end, grid[y][x].bytes));

			end += len;
		}
		while (end > line && end[-1] == ' ')
			*--end = '\0';
		if (strcmp(line, lines_before[y]) != 0 && (y < 4 || y + 1 == size.rows))
			fprintf(out, "  %zu|%s\n", y, line);
		strcpy(lines_before[y], line);
	}
}

static void tell(const char *what)
{
	fprintf(out, "%s: frozen %d, recent %d, open %d, every %g s\n", what,
		rp_screen__is_frozen(screen), rp_screen__is_recent(screen),
		rp_screen__is_open_wanted(screen), rp_screen__interval(screen));
	tell_lines();
}

static void begin(const struct rp_screen_opts *opts)
{
	struct rp_err err = {0};

	out = open_memstream(&text, &length);
	assert_non_null(out);
	memset(lines_before, 0, sizeof(lines_before));
	rp_terminal__clear();
	size = (struct size){100, 24};
	is_behind = false;
	refuses = 0;
	fixture_server(&server);
	assert_int_equal(rp_screen__new(opts, &screen, &err), 0);
	tell("new");
}

static void end(const char *golden)
{
	rp_screen__free(screen);
	fclose(out);
	assert_golden(golden, text);
	free(text);
}

static void show(uint64_t at, enum rp_by by)
{
	server.counts.time = at * S;
	assert_int_equal(
		rp_screen__show(screen, fixture_snapshot(&server, by), NULL, at * S, at * S / 2),
		0);
	tell("show");
}

static void type(const char *keys)
{
	static const char *const wants[] = {[RP_SCREEN_GO_ON] = "",
					    [RP_SCREEN_REFRESH] = " wants figures",
					    [RP_SCREEN_QUIT] = " quits"};
	char what[64];

	typed = keys;
	snprintf(what, sizeof(what), "%s%s", keys, wants[rp_screen__input(screen)]);
	for (char *c = what; *c; c++)
		*c = *c < ' ' ? '~' : *c;
	tell(what);
}

#define OPTS(...)                                                                                  \
	&(struct rp_screen_opts)                                                                   \
	{                                                                                          \
		.ops = &ops, .sort = rp_column__find("total"), .interval = 1,                      \
		.target = "PID 4711", __VA_ARGS__                                                  \
	}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_begin_and_end(void **state)
{
	(void)state;
	begin(OPTS(.no_mouse = true, .tree = true, .budget = 0.5));
	rp_screen__tell_start(screen, "reading symbols");
	tell("start");
	typed = "q";
	assert_true(rp_screen__is_quit_typed());
	typed = "";
	assert_false(rp_screen__is_quit_typed());
	show(10, RP_BY_NONE);
	rp_screen__tell_start(screen, "too late");
	tell("start");
	show(11, RP_BY_NONE);
	rp_screen__say(screen, "something is said");
	show(12, RP_BY_NONE);
	rp_screen__set_budget(screen, 0.0001);
	show(13, RP_BY_NONE);
	type("p");
	type("p+");
	type("o");
	type("o");
	rp_screen__end(screen);
	tell("end");
	type("a");
	type("xq?");
	end("screen-begin-and-end.txt");
}

static void test_regions(void **state)
{
	(void)state;
	begin(OPTS());
	show(10, RP_BY_NONE);
	type("z");
	type("d");
	type("z");
	type("z");
	type("  d");
	refuses = -EPERM;
	type("z");
	refuses = 0;
	type("z");
	type("\1d");
	refuses = -EPERM;
	type("d");
	type("axy\n");
	refuses = 0;
	for (adds = 0; adds < 3; adds++)
		type("axy\n");
	type("apa\t");
	type("\n");
	samples_init(&server, 2);
	type("A");
	show(11, RP_BY_NONE);
	type("A");
	refuses = -EAGAIN;
	type("A");
	samples_free(&server);
	end("screen-regions.txt");
}

static void test_figures(void **state)
{
	(void)state;
	begin(OPTS());
	show(20, RP_BY_NONE);
	type("gt");
	show(21, RP_BY_NONE);
	type("gt");
	refuses = -EPERM;
	type("gp");
	type("r");
	type("i");
	refuses = 0;
	type("ii");
	type("i");
	type("r");
	show(19, RP_BY_NONE);
	show(22, RP_BY_NONE);
	end("screen-figures.txt");
}

static void test_panes(void **state)
{
	(void)state;
	begin(OPTS());
	show(10, RP_BY_NONE);
	type("\n\t\t\t\t\t");
	type("j");
	refuses = -EPERM;
	type("\t");
	type("\t\t\t\t\t\t\t");
	refuses = 0;
	show(11, RP_BY_NONE);
	end("screen-panes.txt");
	begin(OPTS());
	show(10, RP_BY_NONE);
	type("\n\t\t\t\t\t\t");
	show(11, RP_BY_NONE);
	type("\t\t\t\t\t\t\t");
	end("screen-wakers.txt");
}

static void test_record(void **state)
{
	const struct rp_axis axis = {.end = 100 * S, .from = 40 * S, .to = 60 * S};

	(void)state;
	begin(OPTS(.axis = &axis));
	show(10, RP_BY_NONE);
	type(".");
	type("0");
	type("\n\t");
	type("j");
	type("a");
	size.width = 10;
	rp_screen__signal(screen, SIGWINCH);
	tell("narrow");
	end("screen-of-record.txt");
}

/* What the terminal does not take is not drawn, but what keys ask for is. */
static void test_slow_terminal(void **state)
{
	(void)state;
	begin(OPTS());
	show(10, RP_BY_NONE);
	is_behind = true;
	show(11, RP_BY_NONE);
	assert_int_equal(rp_screen__catch_up(screen), 4711);
	tell("catch up");
	type("jI");
	show(12, RP_BY_NONE);
	is_behind = false;
	assert_true(rp_screen__catch_up(screen) == UINT64_MAX);
	tell("catch up");
	assert_true(rp_screen__catch_up(screen) == UINT64_MAX);
	tell("catch up");
	end("screen-slow-terminal.txt");
}

static void test_signals(void **state)
{
	(void)state;
	begin(OPTS());
	show(10, RP_BY_NONE);
	size = (struct size){60, 10};
	rp_screen__signal(screen, SIGWINCH);
	tell("smaller");
	rp_screen__signal(screen, SIGTSTP);
	tell("stopped");
	size = (struct size){80, 12};
	rp_screen__signal(screen, SIGCONT);
	tell("goes on");
	rp_screen__signal(screen, SIGUSR1);
	tell("another");
	type("\f");
	end("screen-signals.txt");
}

static void test_terminal_that_cannot_be_had(void **state)
{
	struct rp_err err = {0};

	(void)state;
	out = open_memstream(&text, &length);
	open_fails = -ENOTTY;
	assert_int_equal(rp_screen__new(OPTS(), &screen, &err), -ENOTTY);
	open_fails = 0;
	fclose(out);
	assert_string_equal(text, "  open with the mouse\n");
	free(text);
	rp_screen__free(NULL);
}

/* What is kept goes before what is asked for; what is asked for is not kept. */
static void test_setup(void **state)
{
	struct rp_setup setup = {0}, kept = {0};

	(void)state;
	strcpy(setup.value[RP_SETUP_SORT], "count");
	strcpy(setup.value[RP_SETUP_TREE], "yes");
	begin(OPTS(.setup = &setup));
	show(10, RP_BY_NONE);
	assert_false(rp_screen__keep_setup(screen, &kept));
	type("I");
	assert_false(rp_screen__keep_setup(screen, NULL));
	assert_true(rp_screen__keep_setup(screen, &kept));
	assert_false(rp_screen__keep_setup(screen, &kept));
	assert_string_equal(kept.value[RP_SETUP_SORT], "");
	assert_string_equal(kept.value[RP_SETUP_ORDER], "inverted");
	end("screen-setup.txt");
}

/* Each in a new file of its own, which is no other's. */
static void test_saving(void **state)
{
	static const char *const files[] = {"rptrace-20260102-030405.json",
					    "rptrace-20260102-030405-2.json"};
	int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char folder[] = "/tmp/rptrace-unit-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(folder));
	begin(OPTS());
	show(10, RP_BY_NONE);
	assert_int_equal(chdir(folder), 0);
	type("w");
	type("w");
	for (size_t i = 0; i < 2; i++) {
		struct stat st;

		assert_int_equal(stat(files[i], &st), 0);
		assert_true(st.st_size > 1000);
		assert_int_equal(unlink(files[i]), 0);
	}
	assert_int_equal(rmdir(folder), 0);
	type("w");
	assert_int_equal(fchdir(before), 0);
	close(before);
	end("screen-saving.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin_and_end),
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_panes),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_slow_terminal),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_terminal_that_cannot_be_had),
		cmocka_unit_test(test_setup),
		cmocka_unit_test(test_saving),
	};

	setenv("TZ", "UTC", 1);
	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
