// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace report: records, as any view shows them. Nothing is traced, and no rights are needed. */
#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/records.h"
#include "commands/report_internal.h"
#include "commands/run_files.h"
#include "export/split.h"
#include "opts/command_line.h"
#include "record/reader.h"
#include "record/relay.h"
#include "run/table.h"
#include "util/clock.h"

static FILE *file_of(const struct report *r)
{
	return rp_report_output__file(&r->output);
}

static uint64_t ns_of(double seconds)
{
	return (uint64_t)(seconds * RP_NS_PER_S + 0.5);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int close_part(void *ctx)
{
	struct part *part = ctx;
	int rc = part->next.close(part->next.ctx);

	return rc ? rc : rp_report_output__end(part->output);
}

static int open_part(void *ctx, struct rp_event_sink *sink)
{
	struct report *r = ctx;
	int rc = rp_report_output__begin_part(&r->output, r->err);

	if (!rc)
		rc = r->opts->export->open(file_of(r), &r->part.next);
	if (rc)
		return rc;
	r->part.output = &r->output;
	*sink = rp_event_relay(&r->part);
	sink->close = close_part;
	return 0;
}

/* The sink that makes the output: export, slowest instances, screen or table. */
static int open_last(struct report *r, struct rp_event_sink *last)
{
	const struct rp_split_opts split = {.most = r->opts->split, .open = open_part, .ctx = r};
	const struct rp_opts *o = r->opts;

	if (o->export && o->split)
		return rp_split__open(&split, last);
	if (o->export)
		return o->export->open(file_of(r), last);
	if (o->slowest) {
		r->slowest = rp_slowest__new(o->slowest);
		if (r->slowest)
			*last = rp_slowest__finder(r->slowest);
		return r->slowest ? 0 : -ENOMEM;
	}
	if (r->on_screen) {
		r->timeline = rp_timeline__new();
		if (r->timeline)
			*last = rp_timeline__sink(r->timeline);
		return r->timeline ? 0 : -ENOMEM;
	}
	r->counts = rp_instance_counts__new(r->by);
	if (r->counts)
		*last = rp_instance_counts__sink(r->counts);
	return r->counts ? 0 : -ENOMEM;
}

struct rp_event_filter *rp_report__filter(const struct report *r, uint64_t from, uint64_t to,
					  const struct rp_event_sink *last)
{
	const struct rp_opts *o = r->opts;
	const struct rp_event_filter_opts opts = {.from = from,
						  .to = to,
						  .thread = o->thread,
						  .regions = o->regions.items,
						  .n_regions = o->regions.n,
						  .text = r->part_of};

	return rp_event_filter__new(&opts, last);
}

/* For the screen all of the time is read: its window is chosen with keys. */
static int open_sink(struct report *r, struct rp_err *err)
{
	uint64_t from = r->on_screen ? 0 : r->from, to = r->on_screen ? 0 : r->to;
	struct rp_event_filter *filter;
	struct rp_event_sink last;
	int rc = open_last(r, &last);

	if (rc)
		return rc;
	filter = rp_report__filter(r, from, to, &last);
	if (!filter) {
		last.close(last.ctx);
		return rp_err__no_memory(err);
	}
	r->sink = rp_event_filter__sink(filter);
	r->filter = filter;
	return 0;
}

/* A file that is named twice would count each of its instances twice. */
static int refuse_twice(const struct report *r, size_t again, struct rp_err *err)
{
	const struct rp_texts *files = &r->opts->files;
	struct rp_command_line once = {0};

	rp_command_line__add(&once, "rptrace");
	rp_command_line__add(&once, "report");
	for (size_t i = 0; i < files->n; i++)
		if (i != again)
			rp_command_line__add(&once, files->items[i]);
	return rp_err__set(err, RP_EXIT_USAGE, -EINVAL,
			   once.fits ? once.text : "rptrace report --help",
			   "%s is of the same run as another record here", files->items[again]);
}

/* Are all of them records, and none of what another one has? */
static int check_files(struct report *r, struct rp_err *err)
{
	size_t twice;
	int n = rp_records__sort(&r->opts->files, r->say, &r->records, &twice, err);

	r->n_records = n > 0 ? (size_t)n : 0;
	return n == -EEXIST ? refuse_twice(r, twice, err) : n < 0 ? n : 0;
}

/* Returns how many of the records that run has. */
static int read_run(const struct report *r, size_t first, const struct rp_event_sink *sink,
		    struct rp_err *err)
{
	struct rp_reader *reader;
	int n = rp_records__open_run(&r->records[first], r->n_records - first, &reader, err), rc;

	if (n < 0)
		return n;
	if (r->window)
		rp_reader__skip(reader, rp_window__skips, r->window);
	rc = rp_reader__read(reader, sink, err);
	if (!rc && sink == &r->sink)
		rp_records__tell_missing(r->say, reader);
	rp_reader__free(reader);
	return rc ? rc : n;
}

int rp_report__read(const struct report *r, const struct rp_event_sink *sink, struct rp_err *err)
{
	int n;

	for (size_t i = 0; i < r->n_records; i += (size_t)n) {
		n = read_run(r, i, sink, err);
		if (n < 0)
			return n;
	}
	return 0;
}

/* ---- printing -------------------------------------------------------------------------------- */

struct rp_snapshot_opts rp_report__snapshot_opts(const struct report *r)
{
	struct rp_snapshot_opts opts = {.by = r->by,
					.meta = *rp_instance_counts__meta(r->counts),
					.since = r->from,
					.compensate = r->opts->compensate,
					.baseline = r->baseline};

	opts.meta.group_by = rp_by__name(r->by);
	return opts;
}

/*
 * A record has the target's CPU time for the run as a whole only. So the share that the probes took
 * is known where the report is about all of it.
 */
struct rp_reading rp_report__reading(const struct report *r)
{
	struct rp_counts_source source = rp_instance_counts__source(r->counts);
	const char *kept = rp_instance_counts__meta(r->counts)->kept;
	bool is_whole = !r->part_of && !r->from && !r->to && !kept &&
			!rp_instance_counts__lost(r->counts);

	return (struct rp_reading){.counts = source.read(source.ctx),
				   .cpu = is_whole ? rp_instance_counts__cpu(r->counts) : 0};
}

static int print_snapshot(const struct report *r, FILE *out)
{
	const struct rp_opts *o = r->opts;
	struct rp_reading now = rp_report__reading(r), start = {0};
	struct rp_table_opts opts = {.view = o->format,
				     .sort = o->sort,
				     .columns = &o->columns,
				     .tree = o->tree,
				     .snapshot = rp_report__snapshot_opts(r)};
	int rc = -ENOMEM;

	if (now.counts)
		rc = rp_table__print(out, &now, &start, NULL, &opts);
	rp_counts__free(now.counts);
	return rc;
}

/* Reads the records again, for what ran inside the instances that were found to be slowest. */
static int print_slowest(const struct report *r, FILE *out, struct rp_err *err)
{
	struct rp_event_sink gatherer = rp_slowest__gatherer(r->slowest);
	int rc = rp_report__read(r, &gatherer, err);

	if (rc)
		return rc;
	if (!strcmp(r->opts->format->name, "json"))
		return rp_slowest__print_json(r->slowest, out);
	return rp_slowest__print(r->slowest, out, !strcmp(nl_langinfo(CODESET), "UTF-8"));
}

static int refuse_format(const struct report *r, struct rp_err *err)
{
	rp_err__set(err, RP_EXIT_NOTHING, -ENODATA, NULL,
		    "%s has no samples, which --format %s is of: they come by record --sample",
		    r->opts->files.items[0], r->opts->format->name);
	return rp_err__line(err, -ENODATA, "format", "--format", "region-flamegraph");
}

/* Complete an export, or print what was read. */
static int finish(struct report *r, struct rp_err *err)
{
	FILE *out = file_of(r);
	int rc = r->sink.close(r->sink.ctx);

	r->sink.close = NULL;
	if (!rc && r->counts && r->opts->format->of_samples &&
	    !rp_instance_counts__has_samples(r->counts))
		rc = refuse_format(r, err);
	if (!rc && !r->opts->export)
		rc = rp_report_output__begin(&r->output, err);
	if (!rc && r->timeline)
		rc = rp_report__show(r, err);
	if (!rc && r->counts)
		rc = print_snapshot(r, out);
	if (!rc && r->slowest)
		rc = print_slowest(r, out, err);
	return rc ? rc : rp_report_output__end(&r->output);
}

static void tell_lost(const struct report *r)
{
	uint64_t lost = r->counts ? rp_instance_counts__lost(r->counts) : 0;
	char line[96];

	if (!lost)
		return;
	snprintf(line, sizeof(line),
		 "lost: %" PRIu64 " instance%s that the recorder had no room for", lost,
		 lost == 1 ? "" : "s");
	r->say(line, NULL);
}

/*
 * An export is written while records are read, so an error of reading them may be one of writing:
 * then the message names the output, not the record.
 */
static int tell_failed(const struct report *r, int rc, struct rp_err *err)
{
	if (err->cause[0] && !r->output.failed && !ferror(file_of(r)))
		return rc;
	if (rc == -ENOMEM)
		return rp_err__no_memory(err);
	rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "the report could not be written to %s: %s",
		    r->output.path ? r->output.path : "standard output", strerror(-rc));
	return rp_err__line(err, rc, "output", "-o", "rptrace.out");
}

/*
 * A --region or --thread that matches nothing is taken for a mistake, and not shown as an empty
 * report.
 */
static int check_selection(const struct report *r, struct rp_err *err)
{
	const char *glob = rp_event_filter__unmatched(r->filter);
	uint32_t thread = rp_event_filter__unseen_thread(r->filter);

	if (glob)
		rp_err__set(err, RP_EXIT_NOTHING, -ENOENT, NULL,
			    "--region: no region that was recorded is called '%s'", glob);
	else if (thread)
		rp_err__set(err, RP_EXIT_NOTHING, -ENOENT, NULL,
			    "--thread: no thread %" PRIu32 " was recorded", thread);
	else
		return 0;
	return rp_err__line(err, -ENOENT, glob ? "region" : "thread", NULL, NULL);
}

static void free_report(struct report *r)
{
	if (r->sink.close)
		r->sink.close(r->sink.ctx);
	free(r->records);
	rp_report_output__free(&r->output);
	rp_instance_counts__free(r->counts);
	rp_timeline__free(r->timeline);
	rp_slowest__free(r->slowest);
	rp_run_summary__free(&r->before);
}

/* As with a program that runs: on a terminal, unless something else is asked for. */
static bool wants_screen(const struct rp_opts *o)
{
	return !o->batch && !o->format_given && !o->json && !o->slowest && !o->output &&
	       rp_screen__is_able();
}

int rp_report__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	struct rp_command_line part;
	struct report r = {.opts = opts,
			   .part_of = rp_command_line__of_told(&part, opts),
			   .say = say,
			   .err = err,
			   .output = {.opts = opts},
			   .on_screen = wants_screen(opts),
			   .by = opts->by,
			   .from = ns_of(opts->from),
			   .to = ns_of(opts->to)};
	int rc = opts->split ? 0 : rp_report_output__open(&r.output, err);

	if (!rc)
		rc = check_files(&r, err);
	if (!rc)
		rc = rp_run_file__read_baseline(opts, say, &r.before, &r.baseline, err);
	/* An export is written while the records are read. For all else the file of -o keeps what
	 * is in it until they were, as there may be nothing to report. */
	if (!rc && opts->export && !opts->split)
		rc = rp_report_output__begin(&r.output, err);
	if (!rc)
		rc = open_sink(&r, err);
	if (!rc)
		rc = rp_report__read(&r, &r.sink, err);
	if (!rc)
		rc = check_selection(&r, err);
	if (!rc)
		rc = finish(&r, err);
	if (!rc)
		tell_lost(&r);
	if (rc)
		tell_failed(&r, rc, err);
	free_report(&r);
	return rc ? (int)err->exit : RP_EXIT_OK;
}
