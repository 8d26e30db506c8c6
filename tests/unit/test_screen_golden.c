// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What the screen looks like, as text: the terminal is a grid of cells here, each with the bytes of
 * its character and its style. tests/golden/screen-*.txt have it for terminals of several widths.
 */
#include <locale.h>

#include "screen_fixture.h"

#include "screen/draw.h"

#define ROWS	  16
#define WIDTH_MAX 200

static struct {
	char bytes[5];
	enum rp_style style;
} grid[ROWS][WIDTH_MAX];

void rp_terminal__put(enum rp_style style, size_t y, size_t x, const char *text)
{
	while (*text) {
		size_t len = 1;

		while (((unsigned char)text[len] & 0xc0) == 0x80)
			len++;
		assert_true(y < ROWS && x < WIDTH_MAX && len < sizeof(grid[y][x].bytes));
		snprintf(grid[y][x].bytes, sizeof(grid[y][x].bytes), "%.*s", (int)len, text);
		grid[y][x++].style = style;
		text += len;
	}
}

void rp_terminal__fill(enum rp_style style, size_t y, size_t x, size_t width)
{
	while (width--)
		rp_terminal__put(style, y, x++, " ");
}

void rp_terminal__clear(void)
{
	for (size_t y = 0; y < ROWS; y++)
		for (size_t x = 0; x < WIDTH_MAX; x++) {
			strcpy(grid[y][x].bytes, " ");
			grid[y][x].style = RP_STYLE_NORMAL;
		}
}

void rp_terminal__flush(size_t y, long x)
{
	(void)y;
	(void)x;
}

/* Lines without the blanks at their ends; or the style of each cell, as a letter. */
static void draw(size_t width, bool styles, char *text)
{
	static const char letters[RP_STYLES + 1] = ".sTOS*kWfgrwbhHHHH";

	rp_state__resize(&s, ROWS, width);
	rp_draw(&s);
	for (size_t y = 0; y < ROWS; y++) {
		char *end = text;

		for (size_t x = 0; x < width; x++) {
			const char *cell = grid[y][x].bytes;

			if (styles)
				*text++ = letters[grid[y][x].style];
			else
				text = stpcpy(text, cell);
			if (styles ? text[-1] != '.' : *cell != ' ')
				end = text;
		}
		text = stpcpy(end, "\n");
	}
}

static void spread(size_t i, uint64_t n, uint64_t second)
{
	struct rp_hist_part *hist = &server.nodes[i].hist;

	hist->bucket[rp_hist_index(20000)] += n / 4;
	hist->bucket[rp_hist_index(900000)] += n - n / 4;
	hist->bucket[rp_hist_index(30000000)] += second % 10 == 0;
}

/* Half a minute of a rate that rises, one that is level and one that stops; the cursor is on a row.
 */
static void show(bool utf8)
{
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .interval = 1, .utf8 = utf8});
	rp_state__resize(&s, ROWS, 80);
	for (uint64_t second = 10; second < 42; second++) {
		uint64_t more[] = {0, second, 50, second < 30 ? 20 : 0};

		for (size_t i = 1; i < 4; i++) {
			struct rp_figures *f = &server.nodes[i].figures;

			f->count += more[i];
			f->entries += more[i];
			f->total += more[i] * 1000000;
			f->self += more[i] * 1000000;
			f->cpu += more[i] * 1000000 * i / 4;
			f->wait += more[i] * 1000000 / 8;
			/* Two modes, and one that comes now and then. */
			spread(i, more[i], second);
		}
		update(second);
	}
	key(RP_KEY_DOWN);
	key(RP_KEY_DOWN);
}

static void check(size_t width, bool utf8, bool styles, const char *golden)
{
	static char text[ROWS * WIDTH_MAX * 4];

	show(utf8);
	draw(width, styles, text);
	assert_golden(golden, text);
	rp_state__free(&s);
}

/* The same after some keys. */
static void check_keys(size_t width, bool utf8, bool styles, const int *keys, const char *golden)
{
	static char text[ROWS * WIDTH_MAX * 4];

	show(utf8);
	rp_state__resize(&s, ROWS, width);
	while (*keys)
		key(*keys++);
	draw(width, styles, text);
	assert_golden(golden, text);
	rp_state__free(&s);
}

static void test_panes(void **state)
{
	static const int hist[] = {RP_KEY_UP, RP_KEY_ENTER, 0},
			 heat[] = {RP_KEY_UP, RP_KEY_ENTER, RP_KEY_TAB, 0},
			 icicle[] = {RP_KEY_ENTER, RP_KEY_TAB, RP_KEY_TAB, 0};

	(void)state;
	check_keys(80, true, false, hist, "screen-80-histogram.txt");
	check_keys(160, true, false, hist, "screen-160-histogram.txt");
	check_keys(120, true, false, heat, "screen-120-heat.txt");
	check_keys(120, true, true, heat, "screen-120-heat-styles.txt");
	check_keys(120, false, false, heat, "screen-120-heat-ascii.txt");
	check_keys(120, true, false, icicle, "screen-120-icicle.txt");
	check_keys(200, false, false, icicle, "screen-200-icicle-ascii.txt");
}

static void test_menus(void **state)
{
	static const int sort[] = {RP_KEY_F0 + 6, 0}, columns[] = {'c', 0}, group[] = {'g', 0},
			 question[] = {RP_KEY_F0 + 9, 0}, help[] = {'?', 0};

	(void)state;
	check_keys(80, true, false, sort, "screen-80-sort.txt");
	check_keys(120, true, false, columns, "screen-120-columns.txt");
	check_keys(80, false, false, group, "screen-80-group-ascii.txt");
	check_keys(80, true, false, question, "screen-80-detach.txt");
	check_keys(80, true, false, help, "screen-80-help.txt");
}

static void test_widths(void **state)
{
	(void)state;
	check(80, true, false, "screen-80.txt");
	check(120, true, false, "screen-120.txt");
	check(140, true, false, "screen-140.txt");
	check(200, true, false, "screen-200.txt");
}

static void test_ascii(void **state)
{
	(void)state;
	check(120, false, false, "screen-120-ascii.txt");
}

static void test_styles(void **state)
{
	(void)state;
	check(120, true, true, "screen-120-styles.txt");
}

/* The columns that each width promises, with nothing of what the next one adds. */
static void test_promised_columns(void **state)
{
	static const struct {
		size_t width;
		const char *last;
	} promised[] = {{80, "MAX"}, {120, "TREND"}, {140, "BLOCKED"}};

	(void)state;
	show(true);
	for (size_t i = 0; i < 3; i++) {
		const char *last;

		rp_state__resize(&s, ROWS, promised[i].width);
		last = s.layout.cell[s.layout.n_cells - 1].column->title;
		assert_string_equal(last, promised[i].last);
		assert_true(s.layout.more);
	}
	rp_state__free(&s);
}

/* Columns that were asked for, in that order and no others, however wide the terminal is. */
static void test_asked_columns(void **state)
{
	static const char *const titles[] = {"REGION", "TREND", "%TIME", "BLOCKED"};
	struct rp_column_list list;

	(void)state;
	assert_null(rp_column_list__parse("trend,share,blocked,trend", &list));
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){.sort = rp_column__find("total"),
						   .columns = &list,
						   .interval = 1,
						   .utf8 = true});
	rp_state__resize(&s, ROWS, 200);
	update(10);
	assert_int_equal(s.layout.n_cells, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(s.layout.cell[i].column->title, titles[i]);
	rp_state__free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),	      cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_styles),	      cmocka_unit_test(test_promised_columns),
		cmocka_unit_test(test_asked_columns), cmocka_unit_test(test_panes),
		cmocka_unit_test(test_menus),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
