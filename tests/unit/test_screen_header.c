// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the top of the screen says of the run, and what stands in for rows where there are none. */
#include <locale.h>

#include "screen_grid.h"

static char text[1 << 17], *at;

/* The lines above the rows, and the first of these, with what is not in the usual style below. */
static void note(const char *what, size_t width)
{
	static char lines[ROWS_MAX * WIDTH_MAX * 4], styles[ROWS_MAX * WIDTH_MAX * 4];
	const struct size size = {width, 24};
	char *line = lines, *style = styles;

	rp_terminal__clear();
	draw(&size, false, lines);
	draw(&size, true, styles);
	at += sprintf(at, "%s, %zu columns\n", what, width);
	for (size_t y = 0; y < 5; y++) {
		char *end = strchr(line, '\n'), *style_end = strchr(style, '\n');

		if (y != 3)
			at += sprintf(at, "|%.*s\n", (int)(end - line), line);
		if (y < 3 && style_end > style)
			at += sprintf(at, "|%.*s\n", (int)(style_end - style), style);
		line = end + 1;
		style = style_end + 1;
	}
	assert_in_range(at - text, 0, sizeof(text) / 2);
}

static int begin(void **state)
{
	int rc = setup(state);

	at = text;
	return rc;
}

static void test_widths(void **state)
{
	(void)state;
	for (size_t width = 10; width < 200; width += 15)
		note("usual", width);
	note("usual", 99);
	assert_golden("header-widths.txt", text);
}

static void test_of_the_run(void **state)
{
	struct rp_meta *meta = &s.total->meta;

	(void)state;
	meta->processes = 1;
	note("one process", 100);
	meta->processes = 2;
	meta->slow_sites = 0;
	note("two, none slow", 100);
	meta->probes = 1;
	meta->attach_mode = NULL;
	meta->ns_per_region = 0.5;
	note("one probe, of no cost", 100);
	s.total->duration = 3600 * 27 * S + 61 * S;
	note("a day", 100);
	s.paused = true;
	note("paused", 100);
	s.ended = true;
	note("ended", 100);
	s.interval = 0.2;
	s.invert = true;
	s.tree = true;
	strcpy(s.since, "03:04:05");
	rp_state__sort(&s);
	note("a tree", 120);
	assert_golden("header-run.txt", text);
}

static void test_losses(void **state)
{
	(void)state;
	s.losing = true;
	note("losing", 100);
	note("losing", 180);
	memset(s.total->lost, 0, sizeof(s.total->lost));
	note("nothing is lost", 180);
	for (size_t i = 0; i < RP_LOST_COUNT; i++) {
		s.total->lost[i] = 1000 * (i + 1);
		if (i == 0 || i == 3 || i + 1 == RP_LOST_COUNT)
			note("more and more", 180);
	}
	assert_golden("header-losses.txt", text);
}

/* Above the budget it says what takes it, if there is anything, and has the last minute no more. */
static void test_overhead(void **state)
{
	(void)state;
	s.budget = 0.25;
	s.overhead = 0.25;
	note("as much as the budget", 130);
	s.overhead = 0.2512;
	note("above it, without a culprit", 130);
	for (size_t i = 0; i < s.total->n_rows; i++) {
		s.total->rows[i].probe_ns = 1000;
		s.total->rows[i].history->rate = (double)(1 + i);
	}
	for (size_t width = 70; width < 150; width += 10)
		note("with one", width);
	s.total->rows[1].history->rate = 1e9;
	note("another", 160);
	s.total->rows[1].left_out = true;
	note("it is left out", 160);
	assert_golden("header-overhead.txt", text);
}

static void test_no_rows(void **state)
{
	static const struct rp_axis axis = {.end = 100 * S, .from = 0, .to = 100 * S};

	(void)state;
	s.total->n_rows = 0;
	rp_state__arrange(&s);
	note("nothing was entered", 80);
	s.total->meta.probes = 0;
	note("nothing is traced", 80);
	s.axis = &axis;
	note("of a record", 80);
	s.axis = NULL;
	s.regrouped = true;
	note("grouped anew", 80);
	strcpy(s.filter, "nowhere");
	note("filtered", 80);
	note("filtered", 8);
	assert_golden("header-no-rows.txt", text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_widths),   TEST(test_of_the_run), TEST(test_losses),
		TEST(test_overhead), TEST(test_no_rows),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
