// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Runs of A against runs of B: what is judged, and how it is printed. */
#include <math.h>

#include "compare/forms.h"
#include "compare/quantiles.h"
#include "compare_fixture.h"

/* ---- what is judged -------------------------------------------------------------------------- */

static void test_verdicts(void **state)
{
	const struct rp_change *slower, *often;
	struct both both;

	(void)state;
	compare_runs(&both, PAIRS, &defaults);
	assert_true(both.c.is_judged);
	assert_int_equal(both.c.n_warnings, 0);
	assert_int_equal(both.c.n_judged, 6);
	assert_int_equal(verdict_of(&both.c, "same"), RP_OUTCOME_SAME);
	assert_int_equal(verdict_of(&both.c, "slower"), RP_OUTCOME_SLOWER);
	assert_int_equal(verdict_of(&both.c, "faster"), RP_OUTCOME_FASTER);
	assert_int_equal(verdict_of(&both.c, "latency"), RP_OUTCOME_SLOWER);
	assert_int_equal(verdict_of(&both.c, "often"), RP_OUTCOME_SAME);
	assert_int_equal(verdict_of(&both.c, "noisy"), RP_OUTCOME_UNCERTAIN);
	assert_int_equal(verdict_of(&both.c, "gone"), RP_OUTCOME_GONE);
	assert_int_equal(verdict_of(&both.c, "new|`\x1b"), RP_OUTCOME_NEW);
	slower = change_of(&both.c, "slower");
	assert_true(fabs(slower->ratio.value - 1.05) < 0.003);
	assert_true(slower->ratio.low > 1.03 && slower->ratio.high < 1.07);
	often = change_of(&both.c, "often");
	assert_true(fabs(often->b[RP_FIGURE_COUNT] - 2 * often->a[RP_FIGURE_COUNT]) < 1e-9);
	assert_true(change_of(&both.c, "noisy")->more > 0);
	free_both(&both);
}

static void test_how_often(void **state)
{
	const struct rp_compare_opts opts = {.metric = RP_METRIC_COUNT};
	struct both both;

	(void)state;
	compare_runs(&both, PAIRS, &opts);
	assert_int_equal(verdict_of(&both.c, "often"), RP_OUTCOME_SLOWER);
	assert_string_equal(rp_outcome__text(RP_OUTCOME_SLOWER, RP_METRIC_COUNT), "more");
	assert_int_equal(verdict_of(&both.c, "slower"), RP_OUTCOME_SAME);
	free_both(&both);
}

static void test_too_few_pairs(void **state)
{
	const struct rp_compare_opts opts = {.metric = RP_METRIC_MEDIAN, .max_regression = 10};
	struct both both;

	(void)state;
	compare_runs(&both, RP_COMPARE_PAIRS - 1, &opts);
	assert_false(both.c.is_judged);
	for (size_t i = 0; i < both.c.n; i++)
		assert_true(both.c.change[i].verdict <= RP_OUTCOME_GONE);
	assert_int_equal(both.c.gate, RP_GATE_UNCERTAIN);
	assert_int_equal(both.c.worst->gate_more, 1);
	free_both(&both);
	compare_runs(&both, RP_COMPARE_PAIRS, &opts);
	assert_true(both.c.is_judged);
	assert_int_equal(both.c.gate, RP_GATE_WITHIN);
	free_both(&both);
}

/* What a clock of whole ns cannot tell apart is no change, however sure the test is. */
static void test_shorter_than_can_be_told(void **state)
{
	static const struct made a[] = {{"tiny", RP_KIND_FUNCTION, 20, 10, 0}},
				 b[] = {{"tiny", RP_KIND_FUNCTION, 21, 10, 0}};
	const struct side_opts of_a = {a, 1, PAIRS, 0, 20, "here", 'a'};
	const struct side_opts of_b = {b, 1, PAIRS, 10, 20, "here", 'b'};
	struct both both;

	(void)state;
	make_side(&both.a, &of_a);
	make_side(&both.b, &of_b);
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	assert_true(both.c.change[0].floor >= 0.05);
	assert_int_equal(both.c.change[0].verdict, RP_OUTCOME_SAME);
	free_both(&both);
}

static void test_median(void **state)
{
	struct rp_quantiles q = {0}, other = {0};
	double median;

	(void)state;
	assert_true(rp_quantiles__at(&q, 0.5) < 1e-9);
	for (uint64_t ns = 1; ns <= 1000000; ns *= 10)
		for (uint64_t k = 0; k < 1001; k++)
			assert_int_equal(rp_quantiles__add(ns < 1000 ? &q : &other,
							   ns * (9000 + 2 * k) / 10000),
					 0);
	assert_int_equal(rp_quantiles__join(&q, &other), 0);
	assert_int_equal(q.n, 7 * 1001);
	median = rp_quantiles__at(&q, 0.5);
	assert_true(fabs(median - 1000) < 5);
	assert_true(fabs(rp_quantiles__at(&q, 1) - 1100000) <= rp_quantiles__resolution(1100000));
	assert_true(rp_quantiles__resolution(1000) <= 1000 / 128.0);
	rp_quantiles__free(&q);
	rp_quantiles__free(&other);
	/* From one to the next, at any length. */
	for (double ns = 100; ns < 1e15; ns *= 1.37) {
		assert_int_equal(rp_quantiles__add(&q, (uint64_t)ns), 0);
		assert_true(fabs(rp_quantiles__at(&q, 1) - ns) <= rp_quantiles__resolution(ns) + 1);
	}
	rp_quantiles__free(&q);
}

/* One run in which `inner` is called from nowhere else, or by `outer`. */
static void make_moved(struct rp_side *side, bool is_nested)
{
	struct rp_run_summing *summing = rp_run_summing__new();
	struct rp_event_sink sink;

	assert_non_null(summing);
	sink = rp_run_summing__sink(summing);
	tell_run(&sink, NULL);
	tell_region(&sink, 1, "inner", RP_KIND_FUNCTION);
	tell_region(&sink, 2, "outer", RP_KIND_FUNCTION);
	tell_thread(&sink, 1, 10, 11, "app");
	tell_node(&sink, 2, TOLD_ROOT, 2);
	tell_node(&sink, 3, is_nested ? 2 : TOLD_ROOT, 1);
	tell_timed(&sink, 10,
		   (struct rp_event_instance){.thread = 1, .node = 3, .ns = 1000, .cpu = 1000});
	tell_end(&sink, 100000);
	*side = (struct rp_side){.run = calloc(1, sizeof(*side->run)), .n = 1};
	assert_non_null(side->run);
	assert_int_equal(rp_run_summing__finish(summing, "run", side->run), 0);
	rp_run_summing__free(summing);
}

static void test_called_from_elsewhere(void **state)
{
	struct both both;

	(void)state;
	make_moved(&both.a, false);
	make_moved(&both.b, true);
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	assert_int_equal(change_of(&both.c, "inner")->verdict, RP_OUTCOME_NONE);
	assert_true(fabs(change_of(&both.c, "inner")->ratio.value - 1) < 1e-9);
	free_both(&both);
}

/* ---- the bound ------------------------------------------------------------------------------- */

static enum rp_gate gate_of(double max_regression, const char *region, enum rp_metric metric)
{
	const struct rp_compare_opts opts = {.metric = metric,
					     .regions = &region,
					     .n_regions = region ? 1 : 0,
					     .max_regression = max_regression};
	struct both both;
	enum rp_gate gate;

	compare_runs(&both, PAIRS, &opts);
	gate = both.c.gate;
	if (gate == RP_GATE_UNCERTAIN && both.c.worst)
		assert_true(both.c.worst->gate_more > 0);
	free_both(&both);
	return gate;
}

/* Of spans there is no CPU time, in however many runs. */
static void test_nothing_to_judge(void **state)
{
	const struct rp_compare_opts opts = {.metric = RP_METRIC_CPU, .max_regression = 0.05};
	struct both both;

	(void)state;
	compare_runs(&both, PAIRS, &opts);
	assert_int_equal(change_of(&both.c, "latency")->more, RP_COMPARE_MORE);
	assert_int_equal(change_of(&both.c, "latency")->gate_more, RP_COMPARE_MORE);
	free_both(&both);
}

static void test_bound(void **state)
{
	(void)state;
	assert_int_equal(gate_of(0.03, NULL, RP_METRIC_MEDIAN), RP_GATE_EXCEEDED);
	assert_int_equal(gate_of(0.03, "slower", RP_METRIC_MEDIAN), RP_GATE_EXCEEDED);
	assert_int_equal(gate_of(0.08, "slower", RP_METRIC_MEDIAN), RP_GATE_WITHIN);
	/* Just there: no number of runs like these tells. */
	assert_int_equal(gate_of(0.05, "slower", RP_METRIC_MEDIAN), RP_GATE_UNCERTAIN);
	assert_int_equal(gate_of(0.03, "noisy", RP_METRIC_MEDIAN), RP_GATE_UNCERTAIN);
	assert_int_equal(gate_of(3, NULL, RP_METRIC_MEDIAN), RP_GATE_WITHIN);
	assert_int_equal(gate_of(0.03, "faster", RP_METRIC_MEDIAN), RP_GATE_WITHIN);
	assert_int_equal(gate_of(0.5, "often", RP_METRIC_COUNT), RP_GATE_EXCEEDED);
	/* A region that there is not passes no gate; nor does one that only B has. */
	assert_int_equal(gate_of(0.03, "no such", RP_METRIC_MEDIAN), RP_GATE_UNCERTAIN);
	assert_int_equal(gate_of(0.03, "new*", RP_METRIC_MEDIAN), RP_GATE_UNCERTAIN);
	/* Spans are on no CPU. */
	assert_int_equal(gate_of(0.03, "latency", RP_METRIC_CPU), RP_GATE_UNCERTAIN);
}

/* One pair has no interval: a ratio of which nobody knows how far it is off is not told. */
static void test_in_one_pair(void **state)
{
	static const char *const region = "latency";
	const struct rp_compare_opts opts = {.metric = RP_METRIC_MEDIAN,
					     .regions = &region,
					     .n_regions = 1,
					     .max_regression = 0.05};
	const struct side_opts a = {before, COUNT(before), PAIRS, 0, 20, "here", 'a'};
	struct side_opts with = {after, COUNT(after), 1, 10, 20, "here", 'b'}, without = with;
	struct both both;
	struct rp_side rest;
	char text[256];

	(void)state;
	without.n--;
	without.runs = PAIRS - 1;
	without.first += without.step;
	make_side(&both.a, &a);
	make_side(&both.b, &with);
	make_side(&rest, &without);
	assert_int_equal(rp_array__fit(&both.b.run, PAIRS, sizeof(*both.b.run)), 0);
	memcpy(both.b.run + 1, rest.run, rest.n * sizeof(*rest.run));
	both.b.n = PAIRS;
	free(rest.run);
	assert_int_equal(rp_compare(&both.a, &both.b, &opts, &both.c), 0);
	assert_int_equal(both.c.gate, RP_GATE_UNCERTAIN);
	rp_comparison__gate_text(&both.c, false, text, sizeof(text));
	assert_non_null(strstr(text, "cannot be told: it is in 1 pair; "));
	free_both(&both);
}

/* Each of many regions is as surely within the bound as it would be alone. */
static void test_many_regions_within_bound(void **state)
{
	const struct rp_compare_opts opts = {.metric = RP_METRIC_MEDIAN, .max_regression = 0.05};
	char names[20][8];
	struct made made[COUNT(names)];
	const struct side_opts a = {made, COUNT(made), PAIRS, 0, 20, "here", 'a'};
	const struct side_opts b = {made, COUNT(made), PAIRS, 10, 20, "here", 'b'};
	struct both both;

	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		snprintf(names[i], sizeof(names[i]), "r%zu", i);
		made[i] = (struct made){names[i], RP_KIND_SPAN, 100000, 10, 10};
	}
	make_side(&both.a, &a);
	make_side(&both.b, &b);
	assert_int_equal(rp_compare(&both.a, &both.b, &opts, &both.c), 0);
	assert_int_equal(both.c.n_judged, COUNT(made));
	assert_int_equal(both.c.gate, RP_GATE_WITHIN);
	free_both(&both);
}

/* As where a signal ends it all at once. */
static void test_no_runs(void **state)
{
	const struct rp_compare_opts opts = {.metric = RP_METRIC_MEDIAN, .max_regression = 0.05};
	const struct side_opts a = {before, COUNT(before), 1, 0, 20, "here", 'a'};
	const struct rp_diff_form_opts form = {.utf8 = false};
	struct both both = {0};

	(void)state;
	for (unsigned runs = 0; runs < 2; runs++) {
		char *text = NULL;
		size_t n;
		FILE *out = open_memstream(&text, &n);

		assert_non_null(out);
		if (runs)
			make_side(&both.a, &a);
		assert_int_equal(rp_compare(&both.a, &both.b, &opts, &both.c), 0);
		assert_int_equal(both.c.gate, RP_GATE_UNCERTAIN);
		for (unsigned i = 0; rp_diff_form__name(i); i++)
			assert_int_equal(rp_diff_forms[i].print(out, &both.c, &form), 0);
		assert_int_equal(fclose(out), 0);
		assert_non_null(strstr(text, "B: no run"));
		free(text);
		rp_comparison__free(&both.c);
	}
	free_side(&both.a);
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static const char snapshot[] =
	"{\"schema\": \"rptrace-snapshot/1\", \"host\": \"here\", \"kernel\": \"6.18\","
	"\"start_time\": \"2026-01-02T03:04:05+06:00\", \"regions\": ["
	"{\"name\": \"a\\\\x1b\\\\\\\\b\", \"kind\": \"marker\", \"count\": 3, \"total_ns\": 30,"
	" \"self_ns\": 30, \"mean_ns\": 10.5, \"p50_ns\": 10, \"p99_ns\": 11},"
	"{\"name\": \"two\", \"kind\": \"usdt\", \"count\": 3, \"total_ns\": 30, \"p50_ns\": 4},"
	"{\"name\": \"two\", \"kind\": \"usdt\", \"count\": 4, \"total_ns\": 50, \"p50_ns\": 5},"
	"{\"name\": 7}, 8]}";

static void test_snapshots(void **state)
{
	struct rp_run_summary run;
	const char *why;

	(void)state;
	assert_int_equal(rp_run_summary__of_json(snapshot, strlen(snapshot), "x", &run, &why), 0);
	assert_false(run.is_record);
	assert_int_equal(run.wall, 1767301445ull * 1000000000);
	assert_int_equal(run.n_regions, 2);
	assert_string_equal(run.region[0].name, "a\x1b\\b");
	assert_int_equal(run.region[0].kind, RP_KIND_MARKER);
	assert_true(fabs(run.region[0].figure[RP_FIGURE_MEAN] - 10.5) < 1e-9);
	/* Of several groups. */
	assert_true(fabs(run.region[1].figure[RP_FIGURE_TOTAL] - 80) < 1e-9);
	assert_true(run.region[1].figure[RP_FIGURE_P50] < 1e-9);
	rp_run_summary__free(&run);
	for (const char *const *bad =
		     (const char *const[]){"{", "[]", "{}", "{\"schema\": 3}", NULL};
	     *bad; bad++) {
		assert_int_not_equal(rp_run_summary__of_json(*bad, strlen(*bad), "x", &run, &why),
				     0);
		assert_non_null(why);
	}
}

/* ---- forms ----------------------------------------------------------------------------------- */

static char *printed(const struct rp_comparison *c, unsigned form)
{
	const struct rp_diff_form_opts opts = {.utf8 = false};
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	assert_int_equal(rp_diff_forms[form].print(out, c, &opts), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_form(const struct rp_comparison *c, unsigned form, const char *golden)
{
	char *text = printed(c, form);

	assert_golden(golden, text);
	free(text);
}

static void test_forms(void **state)
{
	const struct rp_compare_opts opts = {.metric = RP_METRIC_MEDIAN, .max_regression = 0.03};
	struct both both;

	(void)state;
	compare_runs(&both, PAIRS, &opts);
	assert_form(&both.c, RP_DIFF_FORM_TABLE, "diff.table");
	assert_form(&both.c, RP_DIFF_FORM_CSV, "diff.csv");
	assert_form(&both.c, RP_DIFF_FORM_JSON, "diff.json");
	assert_form(&both.c, RP_DIFF_FORM_MARKDOWN, "diff.markdown");
	free_both(&both);
	compare_runs(&both, 1, &defaults);
	assert_form(&both.c, RP_DIFF_FORM_TABLE, "diff.two.table");
	free_both(&both);
}

/* What is printed of a region of that name, which has become slower; to be freed. */
static char *printed_with(const char *name, unsigned form)
{
	const struct made a[] = {{name, RP_KIND_FUNCTION, 1000, 10, 0}},
			  b[] = {{name, RP_KIND_FUNCTION, 3000, 10, 0}};
	const struct side_opts of_a = {a, 1, PAIRS, 0, 20, "here", 'a'};
	const struct side_opts of_b = {b, 1, PAIRS, 10, 20, "here", 'b'};
	const struct rp_compare_opts opts = {.metric = RP_METRIC_MEDIAN, .max_regression = 0.05};
	struct both both;
	char *text;

	make_side(&both.a, &of_a);
	make_side(&both.b, &of_b);
	assert_int_equal(rp_compare(&both.a, &both.b, &opts, &both.c), 0);
	text = printed(&both.c, form);
	free_both(&both);
	return text;
}

/* What Markdown would take for a tag or for bold is as it is, in lines as in cells. JSON is UTF-8.
 */
static void test_names(void **state)
{
	char *text = printed_with("map<int>::__at__|", RP_DIFF_FORM_MARKDOWN);

	(void)state;
	assert_non_null(strstr(text, "| `map<int>::__at__\\x7c` |"));
	assert_non_null(strstr(text, "- bound: map\\<int\\>::\\_\\_at\\_\\_\\| is more than 5 % "));
	free(text);
	text = printed_with("größe\xff", RP_DIFF_FORM_JSON);
	assert_non_null(strstr(text, "\"größe\\\\xff\""));
	free(text);
}

/* Whoever wrote the snapshot: JSON has no infinite numbers. */
static void test_figures_past_all_numbers(void **state)
{
	static const char huge[] = "{\"schema\": \"rptrace-snapshot/1\", \"regions\": [{\"name\": "
				   "\"x\", \"kind\": \"marker\", \"count\": 1e308}, {\"name\": "
				   "\"x\", \"kind\": \"marker\", \"count\": 1e308}]}";
	struct rp_run_summary run[2];
	struct both both = {.a = {&run[0], 1}, .b = {&run[1], 1}};
	const char *why;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(rp_run_summary__of_json(huge, strlen(huge), "x", &run[i], &why),
				 0);
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	for (unsigned i = 0; rp_diff_form__name(i); i++)
		free(printed(&both.c, i));
	rp_comparison__free(&both.c);
	rp_run_summary__free(&run[0]);
	rp_run_summary__free(&run[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_how_often),
		cmocka_unit_test(test_too_few_pairs),
		cmocka_unit_test(test_shorter_than_can_be_told),
		cmocka_unit_test(test_median),
		cmocka_unit_test(test_called_from_elsewhere),
		cmocka_unit_test(test_nothing_to_judge),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_in_one_pair),
		cmocka_unit_test(test_many_regions_within_bound),
		cmocka_unit_test(test_no_runs),
		cmocka_unit_test(test_snapshots),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_figures_past_all_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
