// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* A line a region, under the names that JSON has. */
#include <errno.h>
#include <inttypes.h>

#include "compare/forms_internal.h"
#include "view/view.h"

static void print_number(FILE *out, double value, bool is_there)
{
	if (is_there)
		fprintf(out, ",%.6g", value);
	else
		fputc(',', out);
}

static void print_side(FILE *out, const double figures[RP_FIGURES])
{
	for (size_t k = 0; k < RP_FIGURES; k++) {
		double value = figures[rp_diff_columns[k].figure];

		if (value > 0 || rp_diff_columns[k].figure != RP_FIGURE_CPU)
			fprintf(out, ",%.3f", value);
		else
			fputc(',', out);
	}
}

static int print_change(FILE *out, const struct rp_comparison *c, const struct rp_change *change)
{
	bool is_tested = change->ratio.low > 0;
	int rc = rp_csv__text(out, change->name);

	if (rc)
		return rc;
	fprintf(out, ",%s", rp_kind__name(change->kind));
	print_side(out, change->a);
	print_side(out, change->b);
	print_number(out, change->ratio.value - 1, change->ratio.value > 0);
	print_number(out, change->ratio.low - 1, is_tested);
	print_number(out, change->ratio.high - 1, is_tested);
	print_number(out, change->p, is_tested);
	fprintf(out, ",%.6g,%zu,%s,%zu,%s,,\n", change->floor, change->pairs,
		rp_outcome__text(change->verdict, c->opts.metric), change->more,
		rp_gate__text(change->gate));
	return 0;
}

/* Its samples' figures stand where a region has its own: self time, and the change of that. */
static int print_sample(FILE *out, const struct rp_sample_changes *samples,
			const struct rp_sample_change *change)
{
	bool is_known = change->ratio.high > 0;
	char name[1024];
	int rc;

	if (change->place.line)
		snprintf(name, sizeof(name), "%s:%" PRIu32 "  %s", change->place.file,
			 change->place.line, change->place.function);
	else
		snprintf(name, sizeof(name), "%s", change->place.function);
	rc = rp_csv__text(out, name);
	if (rc)
		return rc;
	fprintf(out, ",sampled %s", change->place.line ? "line" : "function");
	for (size_t side = 0; side < 2; side++)
		for (size_t k = 0; k < RP_FIGURES; k++)
			print_number(out, change->self[side],
				     rp_diff_columns[k].figure == RP_FIGURE_SELF &&
					     samples->has_cpu);
	print_number(out, change->ratio.value - 1, is_known);
	print_number(out, change->ratio.low - 1, is_known);
	print_number(out, change->ratio.high - 1, is_known);
	print_number(out, change->p, change->verdict != RP_OUTCOME_NONE);
	fprintf(out, ",,,%s,,,%.6g,%.6g\n", rp_outcome__text(change->verdict, RP_METRIC_COUNT),
		change->share[0], change->share[1]);
	return 0;
}

int rp_diff__csv(FILE *out, const struct rp_comparison *c, const struct rp_diff_form_opts *opts)
{
	const struct rp_diff_notes notes = {.out = out, .before = "# ", .utf8 = true};
	int rc = 0;

	(void)opts;
	fputs("name,kind", out);
	for (size_t side = 0; side < 2; side++)
		for (size_t k = 0; k < RP_FIGURES; k++)
			fprintf(out, ",%s_%c", rp_diff_columns[k].key, side ? 'b' : 'a');
	fputs(",change,change_low,change_high,p,floor,pairs,verdict,more_pairs,bound,share_a,share_"
	      "b\n",
	      out);
	for (size_t i = 0; i < c->n && !rc; i++)
		rc = print_change(out, c, &c->change[i]);
	for (size_t i = 0; i < c->samples.n && !rc; i++)
		rc = print_sample(out, &c->samples, &c->samples.item[i]);
	return rc ? rc : rp_diff__print_notes(&notes, c);
}
