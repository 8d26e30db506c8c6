// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Runs of A against runs of B: what is judged, and how it is printed. */
#include <math.h>

#include "compare/forms.h"
#include "compare/quantiles.h"
#include "counts_fixture.h"
#include "instances_fixture.h"
#include "util/array.h"

#define PAIRS 8

/* How the runs scatter, in per mille: pairs differ by it, once. */
static const int noise[2][PAIRS] = {{3, -4, 1, 0, -2, 5, -1, 2}, {-1, 2, 4, -3, 0, -2, 3, 1}};

struct made {
	const char *name;
	enum rp_kind kind;
	uint64_t ns, n;
	int noise; /* so many times */
};

static const struct made before[] = {
	{"same", RP_KIND_FUNCTION, 40000, 10, 1},   {"slower", RP_KIND_MARKER, 100000, 10, 1},
	{"faster", RP_KIND_USDT, 30000, 10, 1},	    {"often", RP_KIND_FUNCTION, 50000, 10, 1},
	{"noisy", RP_KIND_FUNCTION, 20000, 10, 60}, {"gone", RP_KIND_FUNCTION, 700, 10, 1},
	{"latency", RP_KIND_SPAN, 90000, 10, 1},
};
static const struct made after[] = {
	{"same", RP_KIND_FUNCTION, 40000, 10, 1},   {"slower", RP_KIND_MARKER, 105000, 10, 1},
	{"faster", RP_KIND_USDT, 20000, 10, 1},	    {"often", RP_KIND_FUNCTION, 50000, 20, 1},
	{"noisy", RP_KIND_FUNCTION, 20200, 10, 60}, {"new|`\x1b", RP_KIND_FUNCTION, 900, 10, 1},
	{"latency", RP_KIND_SPAN, 99000, 10, 1},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t scattered(const struct made *made, const int *of, unsigned i)
{
	return (uint64_t)((int64_t)made->ns +
			  (int64_t)made->ns * made->noise * of[i % PAIRS] / 1000);
}

static void tell_build(const struct rp_event_sink *sink, uint32_t id, const struct made *made,
		       const char *build)
{
	struct rp_region_name region = {
		.name = made->name, .kind = made->kind, .object = "/bin/app", .build_id = build};

	assert_int_equal(RP_TELL(sink, region, id, &region), 0);
}

static void tell_made(const struct rp_event_sink *sink, const struct made *made, size_t n,
		      const int *of, unsigned number, const char *build)
{
	tell_thread(sink, 1, 10, 11, "app");
	for (uint32_t i = 0; i < n; i++) {
		bool is_span = made[i].kind == RP_KIND_SPAN;
		uint64_t ns = scattered(&made[i], of, number);

		tell_build(sink, i + 1, &made[i], build);
		tell_node(sink, i + 2, TOLD_ROOT, i + 1);
		/* A wait that comes and goes is not judged, but of a span. */
		for (uint64_t k = 0; k < made[i].n; k++)
			tell(sink, (struct rp_event_instance){
					   .start = 1000000 * k,
					   .thread = 1,
					   .node = i + 2,
					   .ns = is_span ? ns : ns + ns * ((number + k) % 3),
					   .cpu = is_span ? 0 : ns,
					   .is_span = is_span});
	}
	tell_end(sink, 100000000);
}

struct side_opts {
	const struct made *made;
	size_t n;
	unsigned runs, first, step; /* when they began */
	const char *host;
	char letter;
};

static void make_side(struct rp_side *side, const struct side_opts *o)
{
	*side = (struct rp_side){0};
	for (unsigned i = 0; i < o->runs; i++) {
		struct rp_run_summing *summing = rp_run_summing__new();
		struct rp_event_run run = {.start = TOLD_START,
					   .wall = 1000 + o->first + o->step * i,
					   .meta = {.host = o->host, .kernel = "6.18"}};
		struct rp_event_sink sink;
		struct rp_node root = {.flags = RP_NODE_VALID};
		bool is_other = !strcmp(o->host, "there");
		char name[16];

		assert_non_null(summing);
		run.meta.options = is_other ? "--function x" : NULL;
		sink = rp_run_summing__sink(summing);
		assert_int_equal(RP_TELL(&sink, run, &run), 0);
		assert_int_equal(RP_TELL(&sink, node, TOLD_ROOT, &root), 0);
		tell_made(&sink, o->made, o->n, noise[o->letter == 'b'], i,
			  is_other && i == 3 ? "bb" : "aa");
		assert_int_equal(rp_array__fit(&side->run, side->n + 1, sizeof(*side->run)), 0);
		snprintf(name, sizeof(name), "%c%u.rpt", o->letter, i + 1);
		assert_int_equal(rp_run_summing__finish(summing, name, &side->run[side->n++]), 0);
		rp_run_summing__free(summing);
	}
}

static void free_side(struct rp_side *side)
{
	for (size_t i = 0; i < side->n; i++)
		rp_run_summary__free(&side->run[i]);
	free(side->run);
}

struct both {
	struct rp_side a, b;
	struct rp_comparison c;
};

/* One run of each after the other. */
static void compare_runs(struct both *both, unsigned runs, const struct rp_compare_opts *opts)
{
	const struct side_opts a = {before, COUNT(before), runs, 0, 20, "here", 'a'};
	const struct side_opts b = {after, COUNT(after), runs, 10, 20, "here", 'b'};

	make_side(&both->a, &a);
	make_side(&both->b, &b);
	assert_int_equal(rp_compare(&both->a, &both->b, opts, &both->c), 0);
}

static void free_both(struct both *both)
{
	rp_comparison__free(&both->c);
	free_side(&both->a);
	free_side(&both->b);
}

static const struct rp_change *change_of(const struct rp_comparison *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->change[i].name, name))
			return &c->change[i];
	fail_msg("no change of %s", name);
	return NULL;
}

static enum rp_outcome verdict_of(const struct rp_comparison *c, const char *name)
{
	return change_of(c, name)->verdict;
}

static const struct rp_compare_opts defaults = {.metric = RP_METRIC_MEDIAN};

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

/* ---- warnings -------------------------------------------------------------------------------- */

static void test_warnings(void **state)
{
	const struct side_opts a = {before, COUNT(before), 6, 0, 20, "here", 'a'};
	const struct side_opts b = {after, COUNT(after), 5, 200, 20, "there", 'b'};
	struct both both;

	(void)state;
	make_side(&both.a, &a);
	make_side(&both.b, &b);
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	assert_int_equal(both.c.n_warnings, 5);
	assert_string_equal(both.c.warnings[0], "hosts differ: here in a1.rpt, there in b1.rpt");
	assert_string_equal(both.c.warnings[1],
			    "options differ: none in a1.rpt, --function x in b1.rpt");
	assert_string_equal(both.c.warnings[2],
			    "/bin/app is of one build in b1.rpt, and of another in b4.rpt");
	assert_string_equal(both.c.warnings[3], "1 of A has no partner, and is not judged");
	assert_non_null(strstr(both.c.warnings[4], "not run alternately"));
	free_both(&both);
}

/* Of a change of the program that is what there is to expect: no warning, and once for all regions
 * of a file. */
static void test_notes(void **state)
{
	struct both both;

	(void)state;
	compare_runs(&both, 2, &defaults);
	assert_int_equal(both.c.n_notes, 0);
	rp_comparison__free(&both.c);
	for (size_t k = 0; k < both.b.run[0].n_regions; k++)
		both.b.run[0].region[k].build_id = "bb";
	for (size_t i = 0; i < 2; i++) {
		both.b.run[1].region[i].build_id = both.b.run[0].region[i].build_id;
		/* Where it is not known, a run has no part in the mean. */
		both.a.run[i].ns_per_region = i ? 800 : 0;
		both.b.run[i].ns_per_region = 1000;
	}
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	assert_int_equal(both.c.n_notes, 2);
	assert_string_equal(both.c.notes[0], "another build: app aa in A, app bb in B");
	assert_non_null(strstr(both.c.notes[1], "800 ns a region in A, 1000 ns in B"));
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

static void test_same_run_twice(void **state)
{
	const struct side_opts a = {before, COUNT(before), 1, 0, 20, "here", 'a'};
	struct both both;

	(void)state;
	make_side(&both.a, &a);
	make_side(&both.b, &a);
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	assert_int_equal(both.c.n_warnings, 1);
	assert_string_equal(both.c.warnings[0], "a1.rpt and a1.rpt are of the same run");
	free_both(&both);
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
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_no_runs),
		cmocka_unit_test(test_same_run_twice),
		cmocka_unit_test(test_snapshots),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_figures_past_all_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
