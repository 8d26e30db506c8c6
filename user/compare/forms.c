// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "compare/forms_internal.h"
#include "util/escape.h"
#include "view/view.h"

const struct rp_diff_form rp_diff_forms[] = {
	[RP_DIFF_FORM_TABLE] = {"table", rp_diff__table},
	[RP_DIFF_FORM_CSV] = {"csv", rp_diff__csv},
	[RP_DIFF_FORM_JSON] = {"json", rp_diff__json},
	[RP_DIFF_FORM_MARKDOWN] = {"markdown", rp_diff__markdown},
};

const char *rp_diff_form__name(unsigned i)
{
	return i < sizeof(rp_diff_forms) / sizeof(rp_diff_forms[0]) ? rp_diff_forms[i].name : NULL;
}

const struct rp_diff_column rp_diff_columns[RP_FIGURES] = {
	{"COUNT", RP_FIGURE_COUNT, "count"},	  {"TOTAL", RP_FIGURE_TOTAL, "total_ns"},
	{"SELF", RP_FIGURE_SELF, "self_ns"},	  {"MEAN", RP_FIGURE_MEAN, "mean_ns"},
	{"P50", RP_FIGURE_P50, "p50_ns"},	  {"P99", RP_FIGURE_P99, "p99_ns"},
	{"CPU P50", RP_FIGURE_CPU, "cpu_p50_ns"},
};

/* ---- cells ----------------------------------------------------------------------------------- */

/* "+5.2 %", "x 12" where per cent are no help. */
static const char *percent(double ratio, char *buf, size_t size)
{
	double tenths = round(1000 * (ratio - 1));

	if (ratio >= 9.995)
		snprintf(buf, size, "x %.0f", ratio);
	else
		snprintf(buf, size, "%+.1f %%", fabs(tenths) < 1 ? 0 : tenths / 10);
	return buf;
}

const char *rp_diff__figure(const struct rp_change *change, enum rp_figure figure, bool utf8,
			    char *buf, size_t size)
{
	double a = change->a[figure], b = change->b[figure];
	char value[32], more[32] = "";

	if (!(b > 0)) {
		snprintf(buf, size, "-");
		return buf;
	}
	if (figure == RP_FIGURE_COUNT)
		rp_text__count(round(b), value, sizeof(value));
	else
		rp_text__ns(b, value, sizeof(value));
	if (a > 0)
		percent(b / a, more, sizeof(more));
	snprintf(buf, size, "%s %9s", utf8 ? rp_text__micro(value, sizeof(value)) : value, more);
	return buf;
}

const char *rp_diff__ratio(const struct rp_ratio *ratio, bool utf8, char *buf, size_t size)
{
	char change[32];

	if (!(ratio->value > 0))
		snprintf(buf, size, "-");
	else if (!(ratio->low > 0))
		snprintf(buf, size, "%s", percent(ratio->value, change, sizeof(change)));
	else
		snprintf(buf, size, "%s %s %.1f %%", percent(ratio->value, change, sizeof(change)),
			 utf8 ? "±" : "+-", 50 * (ratio->high - ratio->low));
	return buf;
}

static const char *more_pairs(size_t more, char *buf, size_t size)
{
	if (more >= RP_COMPARE_MORE)
		snprintf(buf, size, "%d more pairs would not do", RP_COMPARE_MORE);
	else
		snprintf(buf, size, "%zu more pair%s", more, more == 1 ? "" : "s");
	return buf;
}

const char *rp_diff__verdict(const struct rp_comparison *c, const struct rp_change *change,
			     char *buf, size_t size)
{
	char more[48];

	snprintf(buf, size, "%s%s%s", rp_outcome__text(change->verdict, c->opts.metric),
		 change->verdict == RP_OUTCOME_UNCERTAIN ? ": " : "",
		 change->verdict == RP_OUTCOME_UNCERTAIN
			 ? more_pairs(change->more, more, sizeof(more))
			 : "");
	return buf;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const char *not_judged(const struct rp_comparison *c, char *buf, size_t size)
{
	if (c->pairs >= RP_COMPARE_PAIRS)
		snprintf(buf, size, "not judged: only records are, which have every instance");
	else
		snprintf(buf, size, "not judged: %zu pair%s of runs, and it takes %d", c->pairs,
			 c->pairs == 1 ? "" : "s", RP_COMPARE_PAIRS);
	return buf;
}

static void print_uncertain(const struct rp_change *worst, bool utf8, char *buf, size_t size)
{
	char ratio[64], more[48];

	more_pairs(worst->gate_more, more, sizeof(more));
	if (worst->gate_ratio.low > 0)
		snprintf(buf, size, "%s; %s",
			 rp_diff__ratio(&worst->gate_ratio, utf8, ratio, sizeof(ratio)), more);
	else
		snprintf(buf, size, "it is in %zu pair%s; %s", worst->pairs,
			 worst->pairs == 1 ? "" : "s", more);
}

const char *rp_comparison__gate_text(const struct rp_comparison *c, bool utf8, char *buf,
				     size_t size)
{
	const char *slower = rp_outcome__text(RP_OUTCOME_SLOWER, c->opts.metric);
	double bound = 100 * c->opts.max_regression;
	const struct rp_change *worst = c->worst;
	char detail[128];

	if (!c->is_judged)
		return not_judged(c, buf, size);
	if (c->gate == RP_GATE_WITHIN) {
		snprintf(buf, size, "nothing is more than %g %% %s", bound, slower);
	} else if (!worst) {
		snprintf(buf, size, "no region of that name is in both A and B");
	} else if (c->gate == RP_GATE_EXCEEDED) {
		snprintf(buf, size, "%s is more than %g %% %s: %s", worst->name, bound, slower,
			 rp_diff__ratio(&worst->gate_ratio, utf8, detail, sizeof(detail)));
	} else {
		print_uncertain(worst, utf8, detail, sizeof(detail));
		snprintf(buf, size, "whether %s is more than %g %% %s cannot be told: %s",
			 worst->name, bound, slower, detail);
	}
	return buf;
}

__attribute__((format(printf, 2, 3))) static int note(const struct rp_diff_notes *n,
						      const char *format, ...)
{
	char line[1024], *escaped;
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	escaped = rp_escape__copy(line, n->utf8);
	if (!escaped)
		return -ENOMEM;
	fputs(n->before, n->out);
	for (const char *c = escaped; *c; c++) {
		if (n->special && strchr(n->special, *c))
			fputc('\\', n->out);
		fputc(*c, n->out);
	}
	fputc('\n', n->out);
	free(escaped);
	return 0;
}

static int note_side(const struct rp_diff_notes *n, char letter, const struct rp_side *side)
{
	if (!side->n)
		return note(n, "%c: no run", letter);
	if (side->n == 1)
		return note(n, "%c: %s", letter, side->run[0].name);
	return note(n, "%c: %zu runs, %s to %s", letter, side->n, side->run[0].name,
		    side->run[side->n - 1].name);
}

static int note_samples(const struct rp_diff_notes *n, const struct rp_sample_changes *samples)
{
	const char *sign = n->utf8 ? "±" : "+-";

	if (samples->is_judged)
		return note(
			n,
			"samples: self CPU time a run, %.0f of A and %.0f of B, judged by pairs "
			"of runs; %s is for %.0f %% over functions, or lines, of %.0f %% and more",
			samples->samples[0], samples->samples[1], sign,
			100 * (1 - RP_COMPARE_ALPHA), 100 * RP_SAMPLE_SHARE);
	return note(n,
		    "samples: self CPU time a run, %.0f of A and %.0f of B; not judged: %s is what "
		    "chance in sampling makes of it",
		    samples->samples[0], samples->samples[1], sign);
}

int rp_diff__print_notes(const struct rp_diff_notes *n, const struct rp_comparison *c)
{
	bool many = c->a->n + c->b->n > 2;
	char text[512];
	int rc = note_side(n, 'A', c->a);

	if (!rc)
		rc = note_side(n, 'B', c->b);
	if (!rc)
		rc = note(n, "figures are of B%s, per cent against A",
			  many ? ", means of its runs" : "");
	if (!rc && c->is_judged)
		rc = note(n,
			  "judged by %s, %zu pairs of runs; %s is for %.0f %% over %zu region%s; "
			  "less than %.0f %% is no change",
			  rp_metric__about(c->opts.metric), c->pairs, n->utf8 ? "±" : "+-",
			  100 * (1 - RP_COMPARE_ALPHA), c->n_judged, c->n_judged == 1 ? "" : "s",
			  100 * RP_COMPARE_FLOOR);
	else if (!rc)
		rc = note(n, "%s", not_judged(c, text, sizeof(text)));
	if (!rc && c->opts.max_regression > 0)
		rc = note(n, "bound: %s", rp_comparison__gate_text(c, n->utf8, text, sizeof(text)));
	if (!rc && c->samples.n)
		rc = note_samples(n, &c->samples);
	for (size_t i = 0; !rc && i < c->n_notes; i++)
		rc = note(n, "note: %s", c->notes[i]);
	for (size_t i = 0; !rc && i < c->n_warnings; i++)
		rc = note(n, "warning: %s", c->warnings[i]);
	return rc;
}
