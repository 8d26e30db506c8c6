// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace diff: what differs between runs of A and runs of B, and whether that is certain. */
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/diff_runs.h"
#include "commands/records.h"
#include "commands/run_files.h"
#include "compare/forms.h"
#include "opts/cure.h"
#include "run/output.h"
#include "run/table.h"
#include "util/array.h"

struct diff {
	const struct rp_opts *opts;
	rp_say_fn say;
	FILE *out;
	struct rp_side side[2]; /* A, B */
};

/* ---- reading --------------------------------------------------------------------------------- */

static int add_run(struct diff *d, struct rp_side *side, const char *file, const char *name,
		   struct rp_err *err)
{
	struct rp_run_summary run;
	int rc = rp_run_file__read(file, name, d->say, &run, err);

	if (rc)
		return rc;
	if (rp_array__fit(&side->run, side->n + 1, sizeof(*side->run))) {
		rp_run_summary__free(&run);
		return rp_err__no_memory(err);
	}
	side->run[side->n++] = run;
	return 0;
}

static int read_side(struct diff *d, struct rp_side *side, const struct rp_texts *files,
		     struct rp_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < files->n; i++)
		rc = add_run(d, side, files->items[i], files->items[i], err);
	return rc;
}

static int take_run(void *ctx, unsigned side, const char *file, const char *name,
		    struct rp_err *err)
{
	struct diff *d = ctx;

	return add_run(d, &d->side[side], file, name, err);
}

static int read_sides(struct diff *d, struct rp_err *err)
{
	int rc;

	if (d->opts->runs)
		return rp_diff_runs__make(d->opts, d->say, take_run, d, err);
	rc = read_side(d, &d->side[0], &d->opts->files, err);
	return rc ? rc : read_side(d, &d->side[1], &d->opts->other_files, err);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* With --run, standard output belongs to the commands. */
static FILE *stream_of(const struct diff *d)
{
	if (d->out)
		return d->out;
	return d->opts->runs && !d->opts->output ? stderr : stdout;
}

static int print(struct diff *d, const struct rp_comparison *comparison, struct rp_err *err)
{
	FILE *out = stream_of(d);
	const struct rp_diff_form_opts opts = {.width = rp_table__width(out),
					       .utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8")};
	int rc = rp_output__begin(d->out, d->opts->output);

	if (!rc)
		rc = rp_diff_forms[d->opts->diff_form].print(out, comparison, &opts);
	if (!rc && fflush(out))
		rc = -errno;
	if (!rc)
		return 0;
	rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "the comparison could not be written to %s: %s",
		    d->opts->output ? d->opts->output : "standard output", strerror(-rc));
	return rp_err__line(err, rc, "output", "-o", "rptrace.out");
}

/* What to look at next: the slowest of the region, in the last run of B. */
static const char *look_closer(const struct rp_comparison *c, struct rp_command_line *line)
{
	const char *words[] = {"rptrace",
			       "report",
			       "--slowest",
			       "3",
			       "--region",
			       c->worst->name,
			       c->b->run[c->b->n - 1].name,
			       NULL};

	*line = (struct rp_command_line){0};
	rp_command_line__add_all(line, words);
	return line->fits ? line->text : "rptrace report --help";
}

static bool has_records(const struct diff *d)
{
	return !d->opts->runs || d->opts->record;
}

/* Propose the number of pairs that would decide it, unless nobody would make that many. */
static int ask_for_more(const struct diff *d, const struct rp_comparison *c, struct rp_err *err)
{
	size_t more = c->worst ? c->worst->gate_more : RP_COMPARE_MORE;
	char pairs[24];

	if (d->opts->runs && more < RP_COMPARE_MORE) {
		snprintf(pairs, sizeof(pairs), "%zu", d->opts->runs + more);
		rp_err__line(err, -EAGAIN, "run", "--run", pairs);
		/* The cure is written at once, as `pairs` ends with this function. */
		rp_cure__fill(d->opts, err);
		err->remedy = RP_REMEDY_NONE;
		return -EAGAIN;
	}
	snprintf(err->cure, sizeof(err->cure), "rptrace diff --help");
	return -EAGAIN;
}

/* The bound decides the exit status. */
static int check_gate(const struct diff *d, const struct rp_comparison *c, struct rp_err *err)
{
	char text[sizeof(err->cause)];
	struct rp_command_line line;

	if (c->gate == RP_GATE_NONE || c->gate == RP_GATE_WITHIN)
		return 0;
	rp_comparison__gate_text(c, !strcmp(nl_langinfo(CODESET), "UTF-8"), text, sizeof(text));
	if (c->gate == RP_GATE_EXCEEDED) {
		rp_err__set(err, RP_EXIT_REGRESSION, -ERANGE,
			    has_records(d) ? look_closer(c, &line) : NULL, "%s", text);
		/* Without records there is nothing to look at: propose to keep them. */
		return has_records(d) ? -ERANGE
				      : rp_err__line(err, -ERANGE, NULL, "--record", "rptrace");
	}
	rp_err__set(err, RP_EXIT_CANNOT_TELL, -EAGAIN, NULL, "%s", text);
	return ask_for_more(d, c, err);
}

static int compare(struct diff *d, struct rp_err *err)
{
	const struct rp_compare_opts opts = {.metric = d->opts->metric,
					     .regions = d->opts->regions.items,
					     .n_regions = d->opts->regions.n,
					     .max_regression = d->opts->max_regression};
	struct rp_comparison comparison;
	int rc = rp_compare(&d->side[0], &d->side[1], &opts, &comparison);

	if (rc)
		return rp_err__no_memory(err);
	rc = print(d, &comparison, err);
	if (!rc)
		rc = check_gate(d, &comparison, err);
	rp_comparison__free(&comparison);
	return rc;
}

static void free_side(struct rp_side *side)
{
	for (size_t i = 0; i < side->n; i++)
		rp_run_summary__free(&side->run[i]);
	free(side->run);
}

int rp_diff__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	struct diff d = {.opts = opts, .say = say};
	int rc = rp_output__open(opts->output, &d.out, err);

	if (!rc)
		rc = rp_records__check_output(d.out, opts->output, &opts->files, err);
	if (!rc)
		rc = rp_records__check_output(d.out, opts->output, &opts->other_files, err);
	if (!rc)
		rc = read_sides(&d, err);
	if (!rc)
		rc = compare(&d, err);
	if (d.out && fclose(d.out) && !rc)
		rc = rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "%s: %s", opts->output,
				 strerror(errno));
	free_side(&d.side[0]);
	free_side(&d.side[1]);
	return rc ? (int)err->exit : RP_EXIT_OK;
}
