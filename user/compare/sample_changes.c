// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "compare/sample_changes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/sampled.h"
#include "compare/compare.h"
#include "compare/statistics.h"
#include "util/array.h"

struct build {
	const struct rp_comparison *c;
	const struct rp_side *side[2];
	struct rp_sample_changes *out;
	double runs[2]; /* that have samples */
	double all[2];	/* self of all places a run */
	double *room;	/* values of the pairs: A, then B */
	struct rp_holm *holm;
	struct rp_paired *pairs;
};

bool rp_sample_change__is_large(const struct rp_sample_change *change)
{
	return fmax(change->share[0], change->share[1]) >= RP_SAMPLE_SHARE;
}

/* ---- places of all runs ---------------------------------------------------------------------- */

static void count_runs(struct build *b)
{
	b->out->has_cpu = true;
	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < b->side[s]->n; i++) {
			const struct rp_run_profile *profile = &b->side[s]->run[i].profile;

			if (!(profile->samples > 0))
				continue;
			b->runs[s]++;
			b->out->samples[s] += profile->samples;
			if (!(profile->each > 0))
				b->out->has_cpu = false;
		}
}

/* What is compared of a run's place: CPU time, or the share of all. */
static double value_of(const struct build *b, const struct rp_run_profile *profile, double self)
{
	return b->out->has_cpu ? self * profile->each : self / profile->samples;
}

static void average(struct build *b, struct rp_sample_change *change)
{
	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < b->side[s]->n; i++) {
			const struct rp_run_profile *profile = &b->side[s]->run[i].profile;
			double self = rp_run_profile__self(profile, &change->place);

			if (!(profile->samples > 0))
				continue;
			change->share[s] += self / profile->samples / b->runs[s];
			if (b->out->has_cpu)
				change->self[s] += self * profile->each / b->runs[s];
		}
}

/* A change for each place, however many runs have it. */
static int name_places(struct build *b)
{
	struct rp_sample_changes *out = b->out;
	struct rp_run_place *all;
	size_t n = 0;

	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < b->side[s]->n; i++)
			n += b->side[s]->run[i].profile.n;
	all = calloc(n + 1, sizeof(*all));
	out->item = calloc(n + 1, sizeof(*out->item));
	if (!all || !out->item) {
		free(all);
		return -ENOMEM;
	}
	n = 0;
	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < b->side[s]->n; i++) {
			const struct rp_run_profile *profile = &b->side[s]->run[i].profile;

			for (size_t k = 0; k < profile->n; k++)
				all[n++] = profile->place[k];
		}
	rp_array__sort(all, n, sizeof(*all), rp_run_place__compare);
	for (size_t i = 0; i < n; i++)
		if (!i || rp_run_place__compare(&all[i - 1], &all[i])) {
			out->item[out->n].place = all[i];
			average(b, &out->item[out->n++]);
			out->n_functions += !all[i].line;
		}
	free(all);
	return 0;
}

/* ---- how certain it is ----------------------------------------------------------------------- */

static double compared(const struct build *b, const struct rp_sample_change *change, size_t s)
{
	return b->out->has_cpu ? change->self[s] : change->share[s];
}

static void set_ratio(struct rp_sample_change *change, double a, double more, double error)
{
	if (a > 0)
		change->ratio = (struct rp_ratio){.value = (a + more) / a,
						  .low = fmax(a + more - error, 0) / a,
						  .high = (a + more + error) / a};
}

/* By chance in sampling, of all runs of a side together. */
static void estimate(const struct build *b, struct rp_sample_change *change)
{
	double error = 0, a = compared(b, change, 0);

	for (size_t s = 0; s < 2; s++) {
		double low, high, self = change->share[s] * b->out->samples[s];
		double scale = change->share[s] > 0 ? compared(b, change, s) / change->share[s]
						    : b->all[s];

		rp_sampled__interval((uint64_t)(self + 0.5), (uint64_t)b->out->samples[s], &low,
				     &high);
		error = hypot(error, (high - low) / 2 * scale);
	}
	set_ratio(change, a, compared(b, change, 1) - a, error);
}

/* Differences of CPU times, not of their logarithms: a function may have no sample in a run. */
static struct rp_paired pair_up(const struct build *b, const struct rp_sample_change *change,
				double *mean_a)
{
	double *x = b->room, *y = b->room + b->c->pairs, sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < b->c->pairs; i++) {
		const struct rp_run_profile *a = &b->c->a->run[i].profile;
		const struct rp_run_profile *other = &b->c->b->run[i].profile;

		if (!(a->samples > 0) || !(other->samples > 0))
			continue;
		x[n] = value_of(b, a, rp_run_profile__self(a, &change->place));
		y[n] = value_of(b, other, rp_run_profile__self(other, &change->place));
		sum += x[n++];
	}
	*mean_a = n ? sum / (double)n : 0;
	return rp_paired__of(x, y, n);
}

static void judge(const struct build *b, const struct rp_holm *holm)
{
	struct rp_sample_change *change = &b->out->item[holm->index];
	const struct rp_paired *pairs = &b->pairs[holm->index];
	double a, error = rp_paired__error(pairs, holm->level);
	double floor;

	pair_up(b, change, &a);
	floor = RP_COMPARE_FLOOR * a;
	set_ratio(change, a, pairs->mean, error);
	change->p = holm->adjusted;
	if (holm->adjusted <= RP_COMPARE_ALPHA && fabs(pairs->mean) > floor)
		change->verdict = !(a > 0)		   ? RP_OUTCOME_NEW
				  : !(a + pairs->mean > 0) ? RP_OUTCOME_GONE
				  : pairs->mean > 0	   ? RP_OUTCOME_SLOWER
							   : RP_OUTCOME_FASTER;
	else
		change->verdict = fabs(pairs->mean) + error <= floor ? RP_OUTCOME_SAME
								     : RP_OUTCOME_UNCERTAIN;
}

static size_t sampled_pairs(const struct rp_comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->pairs; i++)
		n += c->a->run[i].profile.samples > 0 && c->b->run[i].profile.samples > 0;
	return n;
}

/*
 * Holm's correction is over functions, or over lines: who asks for one does not ask for the other.
 */
static void judge_some(struct build *b, size_t from, size_t end)
{
	size_t n = 0;
	double a;

	for (size_t i = from; i < end; i++) {
		if (!rp_sample_change__is_large(&b->out->item[i]))
			continue;
		b->pairs[i] = pair_up(b, &b->out->item[i], &a);
		b->holm[n++] = (struct rp_holm){.p = rp_paired__p(&b->pairs[i], 0), .index = i};
	}
	rp_holm__adjust(b->holm, n, RP_COMPARE_ALPHA);
	for (size_t i = 0; i < n; i++)
		judge(b, &b->holm[i]);
}

static int judge_all(struct build *b)
{
	struct rp_sample_changes *out = b->out;
	int rc;

	out->is_judged = b->c->is_judged && sampled_pairs(b->c) >= RP_COMPARE_PAIRS;
	for (size_t i = 0; !out->is_judged && i < out->n; i++)
		estimate(b, &out->item[i]);
	if (!out->is_judged)
		return 0;
	b->room = calloc(2 * b->c->pairs + 1, sizeof(*b->room));
	b->holm = calloc(out->n + 1, sizeof(*b->holm));
	b->pairs = calloc(out->n + 1, sizeof(*b->pairs));
	rc = b->room && b->holm && b->pairs ? 0 : -ENOMEM;
	if (!rc) {
		judge_some(b, 0, out->n_functions);
		judge_some(b, out->n_functions, out->n);
	}
	free(b->room);
	free(b->holm);
	free(b->pairs);
	return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int by_change(const void *a, const void *b)
{
	const struct rp_sample_change *x = a, *y = b;
	double x_more = fabs(x->self[1] - x->self[0]), y_more = fabs(y->self[1] - y->self[0]);

	if (!(x_more > 0) && !(y_more > 0)) {
		x_more = fabs(x->share[1] - x->share[0]);
		y_more = fabs(y->share[1] - y->share[0]);
	}
	if (x_more < y_more || x_more > y_more)
		return x_more < y_more ? 1 : -1;
	return rp_run_place__compare(&x->place, &y->place);
}

int rp_sample_changes__make(const struct rp_comparison *c, struct rp_sample_changes *out)
{
	struct build b = {.c = c, .side = {c->a, c->b}, .out = out};
	int rc;

	*out = (struct rp_sample_changes){0};
	count_runs(&b);
	if (!(b.runs[0] > 0) || !(b.runs[1] > 0))
		return 0;
	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < b.side[s]->n; i++) {
			const struct rp_run_profile *profile = &b.side[s]->run[i].profile;

			if (profile->samples > 0)
				b.all[s] += value_of(&b, profile, profile->samples) / b.runs[s];
		}
	rc = name_places(&b);
	if (!rc)
		rc = judge_all(&b);
	if (rc) {
		rp_sample_changes__free(out);
		return rc;
	}
	rp_array__sort(out->item, out->n_functions, sizeof(*out->item), by_change);
	rp_array__sort(out->item + out->n_functions, out->n - out->n_functions, sizeof(*out->item),
		       by_change);
	return 0;
}

void rp_sample_changes__free(struct rp_sample_changes *changes)
{
	free(changes->item);
	*changes = (struct rp_sample_changes){0};
}
