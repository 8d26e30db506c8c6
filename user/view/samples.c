// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Hot functions and lines: below the table of regions, and as a profile of its own. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"
#include "view/internal.h"

/* Of what is hot, for a region beside others, and for the target as a whole. */
#define LINES_OF_REGION 5
#define LINES_OF_ALL	25

/* Of what sleeps: functions of a region, stacks of all, and frames of a stack. */
#define LINES_ASLEEP 8
#define STACKS_SHOWN 5
#define FRAMES_SHOWN 12

#define HZ_MORE	     10000 /* reaches threads of a tenth of a millisecond */

/* A place as people know it: "function  file:line", or the object where no line is known. */
static int print_place(FILE *out, const struct rp_place *place, bool utf8)
{
	bool has_line = *place->file || place->line;
	char *function = rp_escape__copy(place->function, utf8);
	char *where = rp_escape__copy(has_line ? place->file : place->object, utf8);
	int err = function && where ? 0 : -ENOMEM;

	if (!err) {
		fputs(function, out);
		if (*where)
			fprintf(out, "  %s", where);
		if (has_line)
			fprintf(out, ":%" PRIu32, place->line);
		fputc('\n', out);
	}
	free(function);
	free(where);
	return err;
}

/*
 * CPU time that so many of the samples stand for, or their number where that is not known;
 * right-aligned.
 */
static void print_time(FILE *out, const struct rp_profile *profile, uint64_t samples, bool utf8)
{
	double each = profile->samples ? (double)profile->cpu / (double)profile->samples : 0;
	char text[32];
	int pad;

	if (each > 0)
		rp_text__ns(each * (double)samples, text, sizeof(text));
	else
		rp_text__count((double)samples, text, sizeof(text));
	pad = 12 - (int)strlen(text);
	fprintf(out, "%*s%s", pad > 0 ? pad : 1, "",
		utf8 ? rp_text__micro(text, sizeof(text)) : text);
}

/* Time asleep is measured; what is sampled has an error by chance, which is told with it. */
static int print_line(FILE *out, const struct rp_profile *profile, const struct rp_line *line,
		      bool is_sampled, bool utf8)
{
	double low, high;

	fprintf(out, "%7.1f", 100.0 * (double)line->self / (double)profile->samples);
	rp_sampled__interval(line->self, profile->samples, &low, &high);
	if (is_sampled)
		fprintf(out, "  %5.1f", 100 * (high - low) / 2);
	print_time(out, profile, line->cumulative, utf8);
	print_time(out, profile, line->self, utf8);
	fputs("  ", out);
	return print_place(out, line->place, utf8);
}

static int print_lines(FILE *out, const struct rp_profile *profile, const struct rp_lines *lines,
		       size_t most, bool utf8)
{
	size_t n = lines->n < most ? lines->n : most;
	int err = 0;

	fprintf(out, "%7s  %5s  %10s  %10s  %s\n", "%TIME", "+-", "CUMULATIVE", "SELF", "WHERE");
	for (size_t i = 0; i < n && !err; i++)
		err = print_line(out, profile, &lines->item[i], true, utf8);
	return err;
}

static bool has_lines(const struct rp_profile *profile)
{
	for (size_t i = 0; i < profile->lines.n; i++)
		if (profile->lines.item[i].place->line)
			return true;
	return false;
}

static int print_profile(FILE *out, const struct rp_profile *profile, const char *of, size_t most,
			 bool both, bool utf8)
{
	char *name = rp_escape__copy(of, utf8);
	bool lines = has_lines(profile);
	int err = name ? 0 : -ENOMEM;

	if (!err && (both || !lines)) {
		fprintf(out, "hot functions%s%s, of %" PRIu64 " samples\n", *name ? " in " : "",
			name, profile->samples);
		err = print_lines(out, profile, &profile->functions, most, utf8);
	}
	if (!err && lines) {
		fprintf(out, "hot lines%s%s, of %" PRIu64 " samples\n", *name ? " in " : "", name,
			profile->samples);
		err = print_lines(out, profile, &profile->lines, most, utf8);
	}
	free(name);
	return err;
}

static void print_stacks(FILE *out, const struct rp_sampled *sampled)
{
	const struct rp_sample_totals *t = &sampled->totals;

	if (t->dropped)
		fprintf(out, "; %" PRIu64 " without room for their stacks", t->dropped);
	if (t->unresolved)
		fprintf(out, "; %" PRIu64 " in code without a name", t->unresolved);
	if (t->probes)
		fprintf(out, "; %" PRIu64 " at probes", t->probes);
	fputc('\n', out);
	for (size_t i = 0; i < RP_UNWIND_END_COUNT; i++)
		if (t->ends[i] && i != RP_UNWIND_END_COMPLETE)
			fprintf(out, "stacks cut off: %" PRIu64 ", %s\n", t->ends[i],
				rp_stack_ends[i].meaning);
	if (t->no_room)
		fprintf(out,
			"stacks may be cut off in %" PRIu64
			" files, mappings or processes past the "
			"bounds of unwind tables\n",
			t->no_room);
}

static void print_totals(FILE *out, const struct rp_sampled *sampled)
{
	fprintf(out, "samples: %" PRIu64 ", %u a second of CPU time wanted", sampled->totals.taken,
		sampled->hz_wanted);
	if (sampled->hz_achieved > 0)
		fprintf(out, ", %.0f achieved", sampled->hz_achieved);
	if (sampled->lost)
		fprintf(out, "; %" PRIu64 " lost", sampled->lost);
	print_stacks(out, sampled);
}

/* ---- time asleep ----------------------------------------------------------------------------- */

/* What all threads slept in by way of other functions, such as main(), says nothing. */
static int print_asleep_lines(FILE *out, const struct rp_profile *profile, bool utf8)
{
	const struct rp_lines *functions = &profile->functions;
	size_t shown = 0;
	int err = 0;

	fprintf(out, "%7s  %10s  %10s  %s\n", "%TIME", "CUMULATIVE", "SELF", "WHERE");
	for (size_t i = 0; i < functions->n && shown < LINES_ASLEEP && !err; i++) {
		const struct rp_line *line = &functions->item[i];

		if (!line->self && line->cumulative == profile->samples)
			continue;
		err = print_line(out, profile, line, false, utf8);
		shown++;
	}
	return err;
}

static int print_asleep_row(FILE *out, const struct rp_row *row, bool utf8)
{
	char *name = rp_escape__copy(row->name, utf8);
	char all[32], untold[32];
	int err = name ? 0 : -ENOMEM;

	if (!err) {
		fprintf(out, "asleep in %s for %s", name,
			rp_text__ns((double)row->f.asleep, all, sizeof(all)));
		if (row->f.asleep_untold)
			fprintf(out, ", of which %s without a stack",
				rp_text__ns((double)row->f.asleep_untold, untold, sizeof(untold)));
		fputc('\n', out);
		if (row->sleeps.samples)
			err = print_asleep_lines(out, &row->sleeps, utf8);
	}
	free(name);
	return err;
}

/* The call in which most time was slept, of those with less than `below`, or as much and later. */
static size_t next_stack(const struct rp_sampled *asleep, size_t last)
{
	uint64_t below = last ? asleep->self[last] : UINT64_MAX;
	size_t found = 0;

	for (size_t i = 1; i < asleep->n_calls; i++) {
		uint64_t ns = asleep->self[i];

		if (ns && (ns < below || (ns == below && i > last)) &&
		    (!found || ns > asleep->self[found]))
			found = i;
	}
	return found;
}

static int print_stack(FILE *out, const struct rp_sampled *asleep, size_t call, bool utf8)
{
	struct rp_stack stack = {0};
	int err = rp_sampled__stack(asleep, (uint32_t)call, &stack);
	size_t shown = stack.n < FRAMES_SHOWN ? stack.n : FRAMES_SHOWN;

	fprintf(out, "%7.1f", 100.0 * (double)asleep->self[call] / (double)asleep->all.samples);
	print_time(out, &asleep->all, asleep->self[call], utf8);
	for (size_t i = 0; i < shown && !err; i++) {
		char *name = rp_escape__copy(stack.name[stack.n - 1 - i], utf8);

		err = name ? 0 : -ENOMEM;
		fprintf(out, "%s%s", i ? " < " : "  ", name ? name : "");
		free(name);
	}
	fputs(shown < stack.n ? " < ...\n" : "\n", out);
	free(stack.name);
	return err;
}

int rp_asleep__print(FILE *out, const struct rp_snapshot *snapshot, bool utf8)
{
	const struct rp_sampled *asleep = snapshot->asleep;
	size_t call = 0;
	int err = 0;

	for (size_t i = 0; i < snapshot->n_rows && !err; i++)
		if (snapshot->rows[i].f.asleep)
			err = print_asleep_row(out, &snapshot->rows[i], utf8);
	if (asleep->all.samples)
		fprintf(out, "%7s  %10s  %s\n", "%TIME", "ASLEEP",
			"STACK, from where it slept outwards");
	for (size_t i = 0; i < STACKS_SHOWN && !err; i++) {
		call = next_stack(asleep, call);
		if (!call)
			break;
		err = print_stack(out, asleep, call, utf8);
	}
	fprintf(out, "stacks of sleeps: %" PRIu64, asleep->totals.taken);
	if (asleep->lost)
		fprintf(out, ", of %" PRIu64 " sleeps", asleep->totals.taken + asleep->lost);
	print_stacks(out, asleep);
	return err;
}

/* ---- as a whole ------------------------------------------------------------------------------ */

/* First of all: the reader would take what follows for the whole. */
static void print_unseen(FILE *out, const struct rp_sampled *sampled)
{
	char period[32];

	rp_text__ns(1e9 / sampled->hz_wanted, period, sizeof(period));
	fprintf(out,
		"most CPU time is in no sample: threads that use less than %s each get few, or "
		"none",
		period);
	if (sampled->hz_wanted < HZ_MORE)
		fprintf(out, "; --sample=%d tells more", HZ_MORE);
	fputc('\n', out);
}

int rp_samples__print(FILE *out, const struct rp_snapshot *snapshot, bool utf8)
{
	const struct rp_sampled *sampled = snapshot->sampled;
	int err = 0;

	if (sampled->most_unseen)
		print_unseen(out, sampled);
	/* With most samples outside of regions, the profile of the whole target says more. */
	if (2 * sampled->outside > sampled->all.samples)
		err = print_profile(out, &sampled->all, "", LINES_OF_ALL, true, utf8);
	for (size_t i = 0; i < snapshot->n_rows && !err; i++) {
		const struct rp_row *row = &snapshot->rows[i];

		if (row->profile.samples)
			err = print_profile(out, &row->profile, row->name, LINES_OF_REGION, false,
					    utf8);
	}
	if (!err)
		print_totals(out, sampled);
	return err;
}

int rp_samples__print_csv(FILE *out, const struct rp_snapshot *snapshot)
{
	const struct rp_profile *all = &snapshot->sampled->all;
	int err = 0;

	fputs("function,file,line,object,self,cumulative\n", out);
	for (size_t i = 0; i < all->lines.n && !err; i++) {
		const struct rp_line *line = &all->lines.item[i];

		err = rp_csv__text(out, line->place->function);
		fputc(',', out);
		if (!err)
			err = rp_csv__text(out, line->place->file);
		fprintf(out, ",%" PRIu32 ",", line->place->line);
		if (!err)
			err = rp_csv__text(out, line->place->object);
		fprintf(out, ",%" PRIu64 ",%" PRIu64 "\n", line->self, line->cumulative);
	}
	if (err)
		return err;
	rp_view__print_missing(out, "# ", snapshot);
	return rp_view__end(out);
}
