// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* At each size of a terminal: what the cursor is on is on the screen, and its name can be read. */
#include <locale.h>

#include "screen_grid.h"

#define LEVELS	 20 /* one region in the other */
#define ROWS_MIN 12 /* below, a menu may have no line */

/* A path of regions, each in the one before, of which the innermost is chosen. */
static void show_deep(void)
{
	uint32_t node, region;

	fixture_init(&server);
	region = fixture_region(&server, "Zeal", RP_KIND_MARKER, "");
	node = fixture_root(&server, 0, "");
	for (size_t level = 0; level < LEVELS; level++) {
		node = fixture_node(&server, node, region);
		fixture_frames(&server, node, 1, 1000, level + 1 < LEVELS ? 1000 : 0, 0, 0);
	}
	rp_state__init(&s, &(struct rp_state_opts){.sort = rp_column__find("total"),
						   .interval = 1,
						   .utf8 = true,
						   .tree = true});
	rp_state__resize(&s, ROWS_MAX, 80);
	update(10);
}

static void draw_at(size_t rows, size_t width)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4];

	rp_terminal__clear();
	draw(&(struct size){width, rows}, false, text);
}

/* Cells of a line between two columns that have a style. */
static size_t count_style(size_t y, size_t from, size_t to, enum rp_style style)
{
	size_t n = 0;

	for (size_t x = from; x < to; x++)
		n += grid[y][x].style == style;
	return n;
}

static void assert_is_chosen(size_t from, size_t to, size_t x, size_t end)
{
	size_t n = 0;

	for (size_t y = from; y < to; y++)
		n += count_style(y, x, end, RP_STYLE_SELECTED) > 0;
	if (n != 1)
		fail_msg("%zu lines are chosen of %zu to %zu", n, from, to);
}

/* Wherever the cursor is in a list, and however few lines that has. */
static void test_choice_of_menus_is_shown(void **state)
{
	static const int menus[] = {RP_KEY_F0 + 6, 'g', 'c'};

	(void)state;
	for (size_t m = 0; m < 3; m++) {
		key(menus[m]);
		for (size_t rows = ROWS_MIN; rows < 40; rows++) {
			rp_state__resize(&s, rows, 80);
			key(RP_KEY_HOME);
			for (size_t i = 0; i < s.columns.n + 2; i++, key(RP_KEY_DOWN)) {
				draw_at(rows, 80);
				assert_is_chosen(s.layout.titles + 1, s.layout.bar, s.layout.menu_x,
						 80);
				assert_int_equal(rp_menu__at(&s, s.layout.titles + 1 + s.menu -
									 rp_menu__first(&s)),
						 s.menu);
			}
		}
		key(RP_KEY_ESCAPE);
	}
}

/* And with its name, however deep it is. */
static void test_chosen_row_is_shown(void **state)
{
	(void)state;
	rp_state__free(&s);
	show_deep();
	for (size_t rows = ROWS_MIN; rows < 40; rows++)
		for (size_t level = 0; level < LEVELS; level++) {
			const struct rp_cell_place *name = &s.layout.cell[0];
			bool is_named = false;

			rp_state__resize(&s, rows, 80);
			rp_state__move_to(&s, level);
			draw_at(rows, 80);
			assert_is_chosen(s.layout.table, s.layout.table + s.layout.n_table, 0, 1);
			for (size_t y = s.layout.table; y < s.layout.table + s.layout.n_table; y++)
				for (size_t x = name->x; x < name->x + name->width; x++)
					is_named |= grid[y][x].style == RP_STYLE_SELECTED &&
						    *grid[y][x].bytes == 'Z';
			assert_true(is_named);
		}
}

/* An icicle shows as many levels as it has lines, and the chosen one among them. */
static void test_chosen_path_is_shown(void **state)
{
	(void)state;
	rp_state__free(&s);
	show_deep();
	key(RP_KEY_ENTER);
	while (s.pane != RP_PANE_ICICLE)
		key(RP_KEY_TAB);
	for (size_t rows = 20; rows < 40; rows++)
		for (size_t level = 0; level < LEVELS; level++) {
			const struct rp_layout *l = &s.layout;

			rp_state__resize(&s, rows, 80);
			rp_state__move_to(&s, level);
			draw_at(rows, 80);
			/* The last line tells of it. */
			assert_is_chosen(l->pane + 1, l->pane + l->n_pane - 1, 0, 80);
		}
}

/* Two windows of a record, one of which ends where the other begins, share no cell of the time. */
static void test_windows_do_not_overlap(void **state)
{
	struct rp_axis axis = {.end = 100 * S};
	size_t width, y;

	(void)state;
	s.axis = &axis;
	draw_at(30, 80);
	width = rp_axis__width(&s);
	y = s.layout.axis + 1;
	axis.end = width * S;
	for (size_t cell = 1; cell < width; cell++) {
		axis.from = 0;
		axis.to = cell * S;
		draw_at(30, 80);
		assert_int_equal(count_style(y, RP_AXIS_X, RP_AXIS_X + width, RP_STYLE_STRONG),
				 cell);
		axis.from = axis.to;
		axis.to = axis.end;
		draw_at(30, 80);
		assert_int_equal(count_style(y, RP_AXIS_X, RP_AXIS_X + width, RP_STYLE_STRONG),
				 width - cell);
	}
	s.axis = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_choice_of_menus_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chosen_row_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chosen_path_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_windows_do_not_overlap, setup, teardown),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
