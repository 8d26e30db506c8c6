// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "compare/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/internal.h"
#include "compare/quantiles.h"
#include "compare/statistics.h"
#include "util/array.h"
#include "util/glob.h"

/* ---- metrics --------------------------------------------------------------------------------- */

static const struct {
	const char *name, *about;
	enum rp_figure figure;
} metrics[] = {
	[RP_METRIC_MEDIAN] = {"median", "median CPU time (spans: wall time)", RP_FIGURE_CPU},
	[RP_METRIC_CPU] = {"cpu", "median CPU time", RP_FIGURE_CPU},
	[RP_METRIC_P50] = {"p50", "median wall time", RP_FIGURE_P50},
	[RP_METRIC_P99] = {"p99", "99th percentile of wall time", RP_FIGURE_P99},
	[RP_METRIC_MEAN] = {"mean", "mean wall time", RP_FIGURE_MEAN},
	[RP_METRIC_SELF] = {"self", "self time", RP_FIGURE_SELF},
	[RP_METRIC_TOTAL] = {"total", "total time", RP_FIGURE_TOTAL},
	[RP_METRIC_COUNT] = {"count", "count", RP_FIGURE_COUNT},
};

const char *rp_metric__name(unsigned metric)
{
	return metric < sizeof(metrics) / sizeof(metrics[0]) ? metrics[metric].name : NULL;
}

const char *rp_metric__about(enum rp_metric metric)
{
	return metrics[metric].about;
}

/* Which figure of a region is judged. */
static enum rp_figure figure_of(enum rp_metric metric, enum rp_kind kind)
{
	return metric == RP_METRIC_MEDIAN && kind == RP_KIND_SPAN ? RP_FIGURE_P50
								  : metrics[metric].figure;
}

/* It is about one instance, not about all of a run. */
static bool is_of_instance(enum rp_figure figure)
{
	return figure >= RP_FIGURE_MEAN;
}

/* The value of a side that is judged; 0: it has none. */
static double value_of(const struct rp_change *change, enum rp_metric metric, bool of_b)
{
	return (of_b ? change->b : change->a)[figure_of(metric, change->kind)];
}

const char *rp_outcome__text(enum rp_outcome verdict, enum rp_metric metric)
{
	bool is_time = is_of_instance(metrics[metric].figure);

	switch (verdict) {
	case RP_OUTCOME_NONE:
		break;
	case RP_OUTCOME_NEW:
		return "new";
	case RP_OUTCOME_GONE:
		return "gone";
	case RP_OUTCOME_SLOWER:
		return is_time ? "slower" : "more";
	case RP_OUTCOME_FASTER:
		return is_time ? "faster" : "less";
	case RP_OUTCOME_SAME:
		return "same";
	case RP_OUTCOME_UNCERTAIN:
		return "cannot tell";
	}
	return "";
}

const char *rp_gate__text(enum rp_gate gate)
{
	static const char *const texts[] = {
		[RP_GATE_NONE] = "",
		[RP_GATE_WITHIN] = "within",
		[RP_GATE_EXCEEDED] = "exceeded",
		[RP_GATE_UNCERTAIN] = "uncertain",
	};

	return texts[gate];
}

/* ---- regions of all runs --------------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
	const struct rp_run_summary *x = a, *y = b;

	return (x->wall > y->wall) - (x->wall < y->wall);
}

static size_t count_regions(const struct rp_side *side)
{
	size_t n = 0;

	for (size_t i = 0; i < side->n; i++)
		n += side->run[i].n_regions;
	return n;
}

static void list_regions(const struct rp_side *side, struct rp_run_region *out, size_t *n)
{
	for (size_t i = 0; i < side->n; i++)
		for (size_t k = 0; k < side->run[i].n_regions; k++)
			out[(*n)++] = side->run[i].region[k];
}

/* A change for each name, however many runs have it. */
static int name_changes(struct rp_comparison *c)
{
	size_t n = 0, most = count_regions(c->a) + count_regions(c->b);
	struct rp_run_region *all = calloc(most + 1, sizeof(*all));

	c->change = calloc(most + 1, sizeof(*c->change));
	if (!all || !c->change) {
		free(all);
		return -ENOMEM;
	}
	list_regions(c->a, all, &n);
	list_regions(c->b, all, &n);
	rp_array__sort(all, n, sizeof(*all), rp_run_region__compare);
	for (size_t i = 0; i < n; i++)
		if (!i || rp_run_region__compare(&all[i - 1], &all[i]))
			c->change[c->n++] = (struct rp_change){.name = all[i].name,
							       .kind = all[i].kind};
	free(all);
	return 0;
}

/*
 * Means over the runs that have the region. Returns what its probes add to an instance, ns,
 * likewise.
 */
static double average(const struct rp_side *side, const struct rp_change *change,
		      double out[RP_FIGURES])
{
	double probes = 0, n = 0;

	for (size_t i = 0; i < side->n; i++) {
		const struct rp_run_region *region = rp_run_summary__find(
			&side->run[i], change->name, change->kind);

		if (!region || !(region->figure[RP_FIGURE_COUNT] > 0))
			continue;
		for (size_t k = 0; k < RP_FIGURES; k++)
			out[k] += region->figure[k];
		probes += region->probes;
		n++;
	}
	for (size_t k = 0; k < RP_FIGURES && n > 0; k++)
		out[k] /= n;
	return n > 0 ? probes / n : 0;
}

/* ---- a region -------------------------------------------------------------------------------- */

/*
 * Below that a change is none, whatever the test says: what a histogram cannot tell apart, and what
 * the probes themselves take more or less of it, as where more regions are entered inside.
 */
static double floor_of(const struct rp_change *change, enum rp_metric metric, double probes)
{
	enum rp_figure figure = figure_of(metric, change->kind);
	double value = change->a[figure], least = RP_COMPARE_FLOOR;

	if (!is_of_instance(figure) || !(value > 0))
		return least;
	if (figure != RP_FIGURE_MEAN)
		least = fmax(least, rp_quantiles__resolution(value) / value);
	return fmax(least, probes / value);
}

static void fill_change(const struct rp_comparison *c, struct rp_change *change)
{
	double probes_a = average(c->a, change, change->a);
	double probes_b = average(c->b, change, change->b);
	double a = value_of(change, c->opts.metric, false);
	double b = value_of(change, c->opts.metric, true);

	change->floor = floor_of(change, c->opts.metric, fabs(probes_b - probes_a));
	change->ratio.value = a > 0 && b > 0 ? b / a : 0;
	if (!(change->a[RP_FIGURE_COUNT] > 0))
		change->verdict = RP_OUTCOME_NEW;
	else if (!(change->b[RP_FIGURE_COUNT] > 0))
		change->verdict = RP_OUTCOME_GONE;
}

static double log_of(const struct rp_run_summary *run, const struct rp_change *change,
		     enum rp_metric metric)
{
	const struct rp_run_region *region = rp_run_summary__find(run, change->name, change->kind);
	double value = region ? region->figure[figure_of(metric, change->kind)] : 0;

	return value > 0 ? log(value) : NAN;
}

/* room: of twice as many as there are pairs. */
static struct rp_paired pair_up(const struct rp_comparison *c, const struct rp_change *change,
				double *room)
{
	double *a = room, *b = room + c->pairs;
	size_t n = 0;

	for (size_t i = 0; i < c->pairs; i++) {
		a[n] = log_of(&c->a->run[i], change, c->opts.metric);
		b[n] = log_of(&c->b->run[i], change, c->opts.metric);
		n += !isnan(a[n]) && !isnan(b[n]);
	}
	return rp_paired__of(a, b, n);
}

static bool is_wanted(const struct rp_comparison *c, const struct rp_change *change)
{
	bool any = !c->opts.n_regions;

	for (size_t i = 0; i < c->opts.n_regions; i++)
		any |= rp_glob__match(c->opts.regions[i], change->name);
	return any && change->verdict == RP_OUTCOME_NONE;
}

/* ---- the tests ------------------------------------------------------------------------------- */

/* A change of exactly the floor, such as one step of a clock, must not be above it by rounding. */
#define ROUNDING 1e-9

/* One for each region that has pairs enough. */
struct test {
	struct rp_paired pairs;
	struct rp_change *change;
};

struct tests {
	struct test *test;
	struct rp_holm *holm;
	size_t n;
};

static struct rp_ratio ratio_of(const struct rp_paired *pairs, double level)
{
	double error = rp_paired__error(pairs, level);

	return (struct rp_ratio){.value = exp(pairs->mean),
				 .low = exp(pairs->mean - error),
				 .high = exp(pairs->mean + error)};
}

/* Against no change at all. */
static void judge(const struct test *test, const struct rp_holm *holm)
{
	struct rp_change *change = test->change;
	double away = fabs(test->pairs.mean), floor = log1p(change->floor);

	change->ratio = ratio_of(&test->pairs, holm->level);
	change->p = holm->adjusted;
	if (holm->adjusted <= RP_COMPARE_ALPHA && away > floor + ROUNDING)
		change->verdict = test->pairs.mean > 0 ? RP_OUTCOME_SLOWER : RP_OUTCOME_FASTER;
	else if (away + rp_paired__error(&test->pairs, holm->level) <= floor + ROUNDING)
		change->verdict = RP_OUTCOME_SAME;
	else
		change->verdict = RP_OUTCOME_UNCERTAIN;
	if (change->verdict == RP_OUTCOME_UNCERTAIN)
		change->more = rp_paired__more(&test->pairs, holm->level,
					       away > floor ? away : floor - away, RP_COMPARE_MORE);
}

static double bound_of(const struct rp_comparison *c, const struct rp_change *change)
{
	return log1p(fmax(c->opts.max_regression, change->floor));
}

/*
 * Against the bound. That one of many regions is past it wants to be certain over all of them; that
 * all are within it is as certain as the least certain of them is, without a correction.
 */
static void judge_bound(const struct rp_comparison *c, const struct test *test,
			const struct rp_holm *holm)
{
	struct rp_change *change = test->change;
	double bound = bound_of(c, change);
	bool is_past = test->pairs.mean > bound;
	double level = is_past ? holm->level : RP_COMPARE_ALPHA;

	change->gate_ratio = ratio_of(&test->pairs, level);
	if ((is_past ? holm->adjusted : holm->p) <= RP_COMPARE_ALPHA)
		change->gate = is_past ? RP_GATE_EXCEEDED : RP_GATE_WITHIN;
	else
		change->gate = RP_GATE_UNCERTAIN;
	if (change->gate == RP_GATE_UNCERTAIN)
		change->gate_more = rp_paired__more(
			&test->pairs, level, fabs(test->pairs.mean - bound), RP_COMPARE_MORE);
}

static void run_tests(struct rp_comparison *c, struct tests *tests, bool of_bound)
{
	for (size_t i = 0; i < tests->n; i++) {
		double null = of_bound ? bound_of(c, tests->test[i].change) : 0;

		tests->holm[i] = (struct rp_holm){.p = rp_paired__p(&tests->test[i].pairs, null),
						  .index = i};
	}
	rp_holm__adjust(tests->holm, tests->n, RP_COMPARE_ALPHA);
	for (size_t i = 0; i < tests->n; i++) {
		const struct test *test = &tests->test[tests->holm[i].index];

		if (of_bound)
			judge_bound(c, test, &tests->holm[i]);
		else
			judge(test, &tests->holm[i]);
	}
}

/* Too few pairs have values. More runs help only where there are values at all: spans, for one,
 * have no CPU time in any. */
static void leave_undecided(struct rp_comparison *c, struct rp_change *change)
{
	if (!(change->ratio.value > 0))
		change->more = RP_COMPARE_MORE;
	else if (change->pairs < RP_COMPARE_PAIRS)
		change->more = RP_COMPARE_PAIRS - change->pairs;
	if (c->is_judged)
		change->verdict = RP_OUTCOME_UNCERTAIN;
	if (!(c->opts.max_regression > 0))
		return;
	change->gate = RP_GATE_UNCERTAIN;
	change->gate_more = change->more;
}

static int judge_all(struct rp_comparison *c)
{
	struct tests tests = {.test = calloc(c->n + 1, sizeof(*tests.test)),
			      .holm = calloc(c->n + 1, sizeof(*tests.holm))};
	double *room = calloc(2 * c->pairs + 1, sizeof(*room));
	int rc = tests.test && tests.holm && room ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < c->n; i++) {
		struct rp_change *change = &c->change[i];
		struct rp_paired pairs;

		if (!is_wanted(c, change))
			continue;
		c->n_judged++;
		pairs = pair_up(c, change, room);
		change->pairs = pairs.n;
		if (c->is_judged && pairs.n >= RP_COMPARE_PAIRS)
			tests.test[tests.n++] = (struct test){pairs, change};
		else
			leave_undecided(c, change);
	}
	if (!rc)
		run_tests(c, &tests, false);
	if (!rc && c->opts.max_regression > 0)
		run_tests(c, &tests, true);
	free(tests.test);
	free(tests.holm);
	free(room);
	return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int by_verdict(const void *a, const void *b)
{
	static const int rank[] = {
		[RP_OUTCOME_SLOWER] = 0, [RP_OUTCOME_FASTER] = 1,    [RP_OUTCOME_NEW] = 2,
		[RP_OUTCOME_GONE] = 3,	 [RP_OUTCOME_UNCERTAIN] = 4, [RP_OUTCOME_SAME] = 4,
		[RP_OUTCOME_NONE] = 4,
	};
	const struct rp_change *x = a, *y = b;
	double x_total = fmax(x->a[RP_FIGURE_TOTAL], x->b[RP_FIGURE_TOTAL]);
	double y_total = fmax(y->a[RP_FIGURE_TOTAL], y->b[RP_FIGURE_TOTAL]);

	if (rank[x->verdict] != rank[y->verdict])
		return rank[x->verdict] - rank[y->verdict];
	if (x_total < y_total || x_total > y_total)
		return x_total < y_total ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* The worst of all; of those that cannot be told the one that would take most. */
static void close_gate(struct rp_comparison *c)
{
	c->gate = c->n_judged ? RP_GATE_WITHIN : RP_GATE_UNCERTAIN;
	for (size_t i = 0; i < c->n; i++) {
		const struct rp_change *change = &c->change[i];

		if (change->gate == RP_GATE_EXCEEDED &&
		    (c->gate != RP_GATE_EXCEEDED ||
		     change->gate_ratio.low > c->worst->gate_ratio.low)) {
			c->gate = RP_GATE_EXCEEDED;
			c->worst = change;
		}
		if (change->gate == RP_GATE_UNCERTAIN && c->gate != RP_GATE_EXCEEDED &&
		    (!c->worst || change->gate_more > c->worst->gate_more)) {
			c->gate = RP_GATE_UNCERTAIN;
			c->worst = change;
		}
	}
}

static bool are_records(const struct rp_side *side)
{
	for (size_t i = 0; i < side->n; i++)
		if (!side->run[i].is_record)
			return false;
	return true;
}

int rp_compare(struct rp_side *a, struct rp_side *b, const struct rp_compare_opts *opts,
	       struct rp_comparison *out)
{
	int rc;

	rp_array__sort(a->run, a->n, sizeof(*a->run), by_start);
	rp_array__sort(b->run, b->n, sizeof(*b->run), by_start);
	*out = (struct rp_comparison){
		.opts = *opts, .a = a, .b = b, .pairs = a->n < b->n ? a->n : b->n};
	out->is_judged = out->pairs >= RP_COMPARE_PAIRS && are_records(a) && are_records(b);
	rc = name_changes(out);
	for (size_t i = 0; !rc && i < out->n; i++)
		fill_change(out, &out->change[i]);
	if (!rc)
		rc = judge_all(out);
	if (!rc)
		rc = rp_sample_changes__make(out, &out->samples);
	if (!rc)
		rc = rp_comparison__warn(out);
	if (rc) {
		rp_comparison__free(out);
		return rc;
	}
	rp_array__sort(out->change, out->n, sizeof(*out->change), by_verdict);
	if (opts->max_regression > 0)
		close_gate(out);
	return 0;
}

void rp_comparison__free(struct rp_comparison *comparison)
{
	free(comparison->change);
	free(comparison->warnings);
	free(comparison->notes);
	rp_sample_changes__free(&comparison->samples);
	rp_arena__free(&comparison->strings);
	*comparison = (struct rp_comparison){0};
}
