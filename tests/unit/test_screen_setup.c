// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What keys made of the screen, from one run to the next. */
#include "screen_fixture.h"

#include <errno.h>

#include "screen/setup.h"

static struct rp_setup began, kept;

static int begin(void **state)
{
	int rc = setup(state);

	kept = (struct rp_setup){0};
	rp_setup__of(&s, &began);
	return rc;
}

static bool keep(void)
{
	struct rp_setup now;

	rp_setup__of(&s, &now);
	return rp_setup__keep(&kept, &began, &now);
}

/* Another run: what was kept goes through the text. */
static void again(void)
{
	char text[RP_SETUP_BYTES];
	struct rp_setup read;
	size_t bytes = rp_setup__print(&kept, text);

	assert_int_equal(bytes, strlen(text));
	assert_int_equal(rp_setup__parse(text, &read), 0);
	assert_memory_equal(&read, &kept, sizeof(kept));
	rp_state__free(&s);
	show_server(30);
	rp_setup__apply(&read, &s);
	rp_setup__of(&s, &began);
	update(10);
}

static const char *sort_of_column(size_t i)
{
	return s.columns.item[i].column->sort;
}

static void test_nothing_changed(void **state)
{
	(void)state;
	keys("jj/walk\n\\leaf\n");
	assert_false(keep());
	for (size_t i = 0; i < RP_SETUP_ITEMS; i++)
		assert_string_equal(kept.value[i], "");
}

static void test_keys_are_kept(void **state)
{
	(void)state;
	keys("PIti\n\t\t\nl");
	assert_true(keep());
	again();
	assert_string_equal(s.sort->sort, "cpu");
	assert_true(s.invert && s.tree && s.recent);
	assert_false(keep());
}

static void test_pane_and_scale(void **state)
{
	(void)state;
	keys("\nl\t");
	assert_true(keep());
	again();
	assert_int_equal(s.pane, RP_PANE_HEAT);
	assert_true(s.log_scale);
	assert_true(s.layout.n_pane);
}

/* The tree that the icicle brings goes with it, in the next run, too. */
static void test_icicle(void **state)
{
	(void)state;
	keys("\n\t\t");
	assert_int_equal(s.pane, RP_PANE_ICICLE);
	assert_true(keep());
	again();
	assert_int_equal(s.pane, RP_PANE_ICICLE);
	assert_true(s.tree);
	key('\n');
	assert_false(s.tree);
}

static void test_columns(void **state)
{
	(void)state;
	key('c');
	key(RP_KEY_DOWN);
	key(RP_KEY_DOWN);
	key(' '); /* hides %TIME */
	key(RP_KEY_DOWN);
	key('<'); /* RATE/S comes before it */
	key('\n');
	assert_true(keep());
	again();
	assert_string_equal(sort_of_column(0), "name");
	assert_string_equal(sort_of_column(2), "rate");
	assert_string_equal(sort_of_column(3), "share");
	assert_int_equal(s.columns.item[3].choice, RP_CHOICE_HIDE);
	for (size_t i = 0; i < s.layout.n_cells; i++)
		assert_string_not_equal(s.layout.cell[i].column->sort, "share");
}

/* Of another version: what it does not name is there all the same, behind what it does. */
static void test_columns_of_another_version(void **state)
{
	size_t n = s.columns.n;

	(void)state;
	strcpy(kept.value[RP_SETUP_COLUMNS], "name of_tomorrow -p99 +min count");
	again();
	assert_int_equal(s.columns.n, n);
	assert_string_equal(sort_of_column(1), "p99");
	assert_string_equal(sort_of_column(2), "min");
	assert_int_equal(s.columns.item[2].choice, RP_CHOICE_SHOW);
	assert_string_equal(sort_of_column(3), "count");
}

/* Columns of a run with a baseline are its own: an order of other runs would put them last. */
static void test_columns_with_a_baseline(void **state)
{
	(void)state;
	strcpy(kept.value[RP_SETUP_COLUMNS], "name -p99 min count");
	s.compared = true;
	rp_screen_columns__init(&s.columns, true);
	rp_setup__apply(&kept, &s);
	assert_string_equal(sort_of_column(4), "rate_change");
	key('c');
	key(RP_KEY_DOWN);
	key(' ');
	key('\n');
	keep();
	assert_string_equal(kept.value[RP_SETUP_COLUMNS], "name -p99 min count");
}

/* What the command line has told is of this run alone, unless a key changes it. */
static void test_only_what_keys_change(void **state)
{
	(void)state;
	strcpy(kept.value[RP_SETUP_SORT], "p99");
	key('t');
	assert_true(keep());
	assert_string_equal(kept.value[RP_SETUP_SORT], "p99");
	assert_string_equal(kept.value[RP_SETUP_TREE], "yes");
}

/* A record is shown as a whole, or a part of it: it has no last interval. */
static void test_figures_of_a_record(void **state)
{
	static const struct rp_axis axis = {.end = 100 * S, .to = 100 * S};

	(void)state;
	strcpy(kept.value[RP_SETUP_FIGURES], "interval");
	s.axis = &axis;
	rp_setup__apply(&kept, &s);
	assert_false(s.recent);
	s.axis = NULL;
	rp_setup__apply(&kept, &s);
	assert_true(s.recent);
}

static void test_group(void **state)
{
	(void)state;
	assert_int_equal(rp_setup__by(&kept), RP_BY_NONE);
	strcpy(kept.value[RP_SETUP_GROUP], "thread");
	assert_int_equal(rp_setup__by(&kept), RP_BY_THREAD);
	strcpy(kept.value[RP_SETUP_GROUP], "of_tomorrow");
	assert_int_equal(rp_setup__by(&kept), RP_BY_NONE);
}

/* That of samples is there where samples are, which the next run may lack. */
static void test_pane_of_some_runs(void **state)
{
	(void)state;
	strcpy(kept.value[RP_SETUP_PANE], "Samples");
	again();
	assert_int_equal(s.pane, RP_PANE_NONE);
	s.pane = RP_PANE_SAMPLES;
	assert_false(keep());
}

/* All that can be kept, printed in one text and read again. */
static void test_text_of_all(void **state)
{
	char text[RP_SETUP_BYTES];
	struct rp_setup all, read;
	size_t bytes;

	(void)state;
	for (size_t i = 0; i < RP_SETUP_ITEMS; i++)
		snprintf(all.value[i], sizeof(all.value[i]), "value %zu", i);
	bytes = rp_setup__print(&all, text);
	assert_int_equal(bytes, strlen(text));
	assert_string_equal(
		text, "rptrace-setup/1\n"
		      "# What keys have made of rptrace's screen. It is written anew where they "
		      "change it.\n"
		      "sort value 0\norder value 1\ngroup value 2\ntree value 3\nfigures value 4\n"
		      "pane value 5\nscale value 6\ncolumns value 7\nrecord-columns value 8\n");
	assert_int_equal(rp_setup__parse(text, &read), 0);
	for (size_t i = 0; i < RP_SETUP_ITEMS; i++)
		assert_string_equal(read.value[i], all.value[i]);
}

static void test_damaged(void **state)
{
	static const char *const texts[] = {"",
					    "\n",
					    "rptrace-setup/2\nsort cpu\n",
					    "sort cpu\n",
					    "rptrace-setup/1\nsort\n",
					    "\177ELF"};
	static char long_line[RP_SETUP_VALUE + 64] = "rptrace-setup/1\nsort ";
	static char endless[RP_SETUP_BYTES + 16] = "rptrace-setup/1\n";
	static const struct rp_setup none;
	struct rp_setup read;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(rp_setup__parse(texts[i], &read), -EINVAL);
		assert_memory_equal(&read, &none, sizeof(none));
	}
	memset(long_line + strlen(long_line), 'x', RP_SETUP_VALUE);
	assert_int_equal(rp_setup__parse(long_line, &read), -EINVAL);
	/* As long as there is room for, and the text with it. */
	long_line[strlen(long_line) - 1] = '\0';
	assert_int_equal(rp_setup__parse(long_line, &read), 0);
	assert_int_equal(strlen(read.value[RP_SETUP_SORT]), RP_SETUP_VALUE - 1);
	memset(endless + strlen(endless), '\n', RP_SETUP_BYTES - strlen(endless));
	assert_int_equal(rp_setup__parse(endless, &read), -EINVAL);
	endless[RP_SETUP_BYTES - 1] = '\0';
	assert_int_equal(rp_setup__parse(endless, &read), 0);
	assert_int_equal(rp_setup__parse("rptrace-setup/1\nof_tomorrow 1\nsort cpu", &read), 0);
	assert_string_equal(read.value[RP_SETUP_SORT], "cpu");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_changed),
		TEST(test_keys_are_kept),
		TEST(test_pane_and_scale),
		TEST(test_icicle),
		TEST(test_columns),
		TEST(test_columns_of_another_version),
		TEST(test_columns_with_a_baseline),
		TEST(test_only_what_keys_change),
		TEST(test_figures_of_a_record),
		TEST(test_group),
		TEST(test_pane_of_some_runs),
		TEST(test_text_of_all),
		TEST(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
