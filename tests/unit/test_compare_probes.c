// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What probes themselves take of a region is no change of it; and the table of one region, narrow.
 */
#include "compare/compare.h"
#include "compare/forms.h"
#include "instances_fixture.h"

#define PAIRS 8
#define NAME  "sixteen_letters_" /* as many as a narrow terminal leaves of a name */

/* Runs in which all calls take as long, of which the probes are so much. */
static void make_probed(struct rp_side *side, uint64_t ns, double cost)
{
	const struct rp_region_name region = {.name = NAME,
					      .kind = RP_KIND_FUNCTION,
					      .object = "/bin/app",
					      .cost = {.inside = cost, .whole = cost}};

	*side = (struct rp_side){.run = calloc(PAIRS, sizeof(*side->run))};
	assert_non_null(side->run);
	for (; side->n < PAIRS; side->n++) {
		struct rp_run_summing *summing = rp_run_summing__new();
		struct rp_event_sink sink;

		assert_non_null(summing);
		sink = rp_run_summing__sink(summing);
		tell_run(&sink, NULL);
		assert_int_equal(RP_TELL(&sink, region, 1, &region), 0);
		tell_thread(&sink, 1, 10, 11, "app");
		tell_node(&sink, 2, TOLD_ROOT, 1);
		tell_timed(&sink, 10,
			   (struct rp_event_instance){.thread = 1, .node = 2, .ns = ns, .cpu = ns});
		tell_end(&sink, 1000000);
		assert_int_equal(rp_run_summing__finish(summing, "run", &side->run[side->n]), 0);
		rp_run_summing__free(summing);
	}
}

static void free_side(struct rp_side *side)
{
	for (size_t i = 0; i < side->n; i++)
		rp_run_summary__free(&side->run[i]);
	free(side->run);
}

static enum rp_outcome verdict_of_probed(double cost)
{
	const struct rp_compare_opts opts = {.metric = RP_METRIC_MEDIAN};
	enum rp_outcome verdict;
	struct rp_comparison c;
	struct rp_side a, b;

	make_probed(&a, 10000, 0);
	make_probed(&b, 10280, cost);
	assert_int_equal(rp_compare(&a, &b, &opts, &c), 0);
	assert_int_equal(c.n, 1);
	verdict = c.change[0].verdict;
	rp_comparison__free(&c);
	free_side(&a);
	free_side(&b);
	return verdict;
}

/* Dearer probes, as of another kernel, make a region longer by what they take, and no slower. */
static void test_what_probes_add_is_no_change(void **state)
{
	(void)state;
	assert_int_equal(verdict_of_probed(300), RP_OUTCOME_SAME);
	assert_int_equal(verdict_of_probed(0), RP_OUTCOME_SLOWER);
}

/* Words of the first line. */
static size_t titles_in(const char *text)
{
	size_t n = 0;

	for (size_t i = 0; text[i] && text[i] != '\n'; i++)
		n += text[i] != ' ' && (!i || text[i - 1] == ' ');
	return n;
}

static char *table_of(const struct rp_comparison *c, int width)
{
	const struct rp_diff_form_opts opts = {.width = width};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(rp_diff_forms[RP_DIFF_FORM_TABLE].print(out, c, &opts), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Titles are two blanks apart. */
static const char *end_of_title(const char *at)
{
	while (*at != '\n' && strncmp(at, "  ", 2) != 0)
		at++;
	return at;
}

/* What is in the row of NAME below the title that is at `at` of the first line, and up to its end.
 */
static void cell_below(const char *text, const char *at, char cell[64])
{
	const char *row = strstr(text, "\n" NAME " "), *begin = at;

	assert_non_null(row);
	while (begin > text && begin[-1] == ' ')
		begin--;
	row += 1 + (begin - text);
	snprintf(cell, 64, "%.*s", (int)(end_of_title(at) - begin), row);
}

/* Figures are below their own titles, whichever columns are left out. */
static void assert_same_cells(const char *narrow, const char *wide)
{
	size_t n = 0;

	for (const char *at = narrow + strcspn(narrow, " "); *(at += strspn(at, " ")) != '\n';) {
		char title[64], cell[64], wanted[64];
		const char *there;

		snprintf(title, sizeof(title), "  %.*s", (int)(end_of_title(at) - at), at);
		there = strstr(wide, title);
		assert_non_null(there);
		cell_below(narrow, at, cell);
		cell_below(wide, there + 2, wanted);
		assert_string_equal(cell, wanted);
		n++;
		at = end_of_title(at);
	}
	assert_true(n > 0);
}

/* Columns go before a name is cut. */
static void test_name_is_whole_at_each_width(void **state)
{
	const struct rp_compare_opts how = {.metric = RP_METRIC_MEDIAN};
	struct rp_side a, b;
	struct rp_comparison c;
	size_t columns = 0, before;
	char *wide;

	(void)state;
	make_probed(&a, 10000, 0);
	make_probed(&b, 20000, 0);
	assert_int_equal(rp_compare(&a, &b, &how, &c), 0);
	wide = table_of(&c, 250);
	for (int width = 80; width < 200; width++) {
		char *text = table_of(&c, width);

		assert_non_null(strstr(text, "\n" NAME " "));
		assert_same_cells(text, wide);
		/* No more of them than have to. */
		before = columns;
		columns = titles_in(text);
		assert_true(!before || columns <= before + 2); /* "CPU P50" is two words */
		free(text);
	}
	free(wide);
	rp_comparison__free(&c);
	free_side(&a);
	free_side(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_probes_add_is_no_change),
		cmocka_unit_test(test_name_is_whole_at_each_width),
	};

	return cmocka_run_group_tests_name("compare_probes", tests, NULL, NULL);
}
