// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace report: records, as any view shows them. Nothing is traced, and no rights are needed. */
#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "export/slowest.h"
#include "opts/command_line.h"
#include "record/counts_of_instances.h"
#include "record/event_filter.h"
#include "record/reader.h"
#include "run/output.h"
#include "run/table.h"
#include "util/caller.h"
#include "util/clock.h"

struct report {
	const struct rp_opts *opts;
	rp_say_fn say;
	FILE *out;
	char *beside; /* the name of `out`, which is to take the place of the output; NULL: it is
			 that */
	struct rp_instance_counts *counts; /* NULL, as the next one, if not asked for */
	struct rp_slowest *slowest;
	struct rp_event_sink sink;	      /* where the records are read to */
	const struct rp_event_filter *filter; /* the first of it, until it is closed */
};

static uint64_t ns_of(double seconds)
{
	return (uint64_t)(seconds * RP_NS_PER_S + 0.5);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* What all of it is for. */
static int open_last(struct report *r, struct rp_event_sink *last)
{
	const struct rp_opts *o = r->opts;

	if (o->export)
		return o->export->open(r->out ? r->out : stdout, last);
	if (o->slowest) {
		r->slowest = rp_slowest__new(o->slowest);
		if (r->slowest)
			*last = rp_slowest__finder(r->slowest);
		return r->slowest ? 0 : -ENOMEM;
	}
	r->counts = rp_instance_counts__new(o->by);
	if (r->counts)
		*last = rp_instance_counts__sink(r->counts);
	return r->counts ? 0 : -ENOMEM;
}

static int open_sink(struct report *r, struct rp_err *err)
{
	const struct rp_opts *o = r->opts;
	struct rp_event_filter_opts opts = {.from = ns_of(o->from),
					    .to = ns_of(o->to),
					    .thread = o->thread,
					    .regions = o->regions.items,
					    .n_regions = o->regions.n};
	struct rp_event_filter *filter;
	struct rp_event_sink last;
	int rc = open_last(r, &last);

	if (rc)
		return rc;
	filter = rp_event_filter__new(&opts, &last);
	if (!filter) {
		last.close(last.ctx);
		return rp_err__no_memory(err);
	}
	r->sink = rp_event_filter__sink(filter);
	r->filter = filter;
	return 0;
}

/* A stretch that had no instances, for all that is known, has no time. */
static void tell_damage(const struct report *r, const char *file, uint64_t start,
			const struct rp_damage *damage)
{
	double from = damage->t0 > start ? (double)(damage->t0 - start) / RP_NS_PER_S : 0;
	double to = ((double)damage->t1 - (double)start) / RP_NS_PER_S;
	char line[512];
	int n = snprintf(line, sizeof(line), "%s: %" PRIu64 " bytes at %" PRIu64 " are damaged",
			 file, damage->bytes, damage->offset);

	if (damage->t1 > damage->t0 && n > 0 && (size_t)n < sizeof(line))
		snprintf(line + n, sizeof(line) - (size_t)n,
			 ": what ended from %.6f s to %.6f s may be missing", from, to);
	r->say(line, NULL);
}

/* What is not in the figures. */
static void tell_missing(const struct report *r, const char *file, const struct rp_reader *reader)
{
	const struct rp_reader_figures *f = rp_reader__figures(reader);
	size_t room = sizeof(f->damage) / sizeof(f->damage[0]);
	uint64_t start = rp_reader__run(reader)->start;
	char line[512];

	for (size_t i = 0; i < f->n_damaged && i < room; i++)
		tell_damage(r, file, start, &f->damage[i]);
	if (f->n_damaged > room) {
		snprintf(line, sizeof(line), "%s: %" PRIu64 " more places are damaged", file,
			 f->n_damaged - room);
		r->say(line, NULL);
	}
	if (f->unknown_blocks) {
		snprintf(line, sizeof(line),
			 "%s: %" PRIu64 " blocks are of a later version of rptrace", file,
			 f->unknown_blocks);
		r->say(line, NULL);
	}
	if (f->cut) {
		snprintf(line, sizeof(line), "%s: the record ends before its run did", file);
		r->say(line, NULL);
	}
}

/* Each call in it would count as two. */
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
			   "%s is the same record as another one here", files->items[again]);
}

static int check_once(const struct report *r, int fd, const char *file, struct rp_err *err)
{
	const char *const *files = r->opts->files.items;
	size_t i = 0;

	while (files[i] != file)
		i++;
	for (size_t other = 0; other < i; other++)
		if (rp_caller__is_file(fd, files[other]))
			return refuse_twice(r, i, err);
	return 0;
}

/* Without a sink: only whether it is a record. */
static int read_file(const struct report *r, const char *file, const struct rp_event_sink *sink,
		     struct rp_err *err)
{
	struct rp_reader *reader = NULL;
	int fd = rp_caller__open(file), rc;

	if (fd < 0)
		return rp_err__set(err, RP_EXIT_FAILED, fd, "rptrace record --help", "%s: %s", file,
				   strerror(-fd));
	rc = rp_reader__open(fd, file, &reader, err);
	if (!rc && !sink)
		rc = check_once(r, fd, file, err);
	if (!rc && sink)
		rc = rp_reader__read(reader, sink, err);
	if (!rc && sink == &r->sink)
		tell_missing(r, file, reader);
	rp_reader__free(reader);
	close(fd);
	return rc;
}

static int read_all(const struct report *r, const struct rp_event_sink *sink, struct rp_err *err)
{
	const struct rp_texts *files = &r->opts->files;
	int rc = 0;

	for (size_t i = 0; !rc && i < files->n; i++)
		rc = read_file(r, files->items[i], sink, err);
	return rc;
}

/* ---- printing -------------------------------------------------------------------------------- */

static int print_snapshot(const struct report *r, FILE *out)
{
	const struct rp_opts *o = r->opts;
	struct rp_counts_source source = rp_instance_counts__source(r->counts);
	struct rp_reading now = {.counts = source.read(source.ctx)}, start = {0};
	struct rp_table_opts opts = {.view = o->format,
				     .sort = o->sort,
				     .columns = &o->columns,
				     .tree = o->tree,
				     .snapshot = {.by = o->by,
						  .meta = *rp_instance_counts__meta(r->counts),
						  .since = ns_of(o->from),
						  .compensate = o->compensate}};
	int rc = -ENOMEM;

	opts.snapshot.meta.group_by = rp_by__name(o->by);
	if (now.counts)
		rc = rp_table__print(out, &now, &start, NULL, &opts);
	rp_counts__free(now.counts);
	return rc;
}

/* What is inside the slowest is known after they are. */
static int print_slowest(const struct report *r, FILE *out, struct rp_err *err)
{
	struct rp_event_sink gatherer = rp_slowest__gatherer(r->slowest);
	int rc = read_all(r, &gatherer, err);

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
	return rp_err__line(err, -ENODATA, "format", "--format", "folded");
}

/* What is left of an export; a view of all that was read. */
static int finish(struct report *r, struct rp_err *err)
{
	FILE *out = r->out ? r->out : stdout;
	int rc = r->sink.close(r->sink.ctx);

	r->sink.close = NULL;
	if (!rc && r->counts && r->opts->format->of_samples &&
	    !rp_instance_counts__has_samples(r->counts))
		rc = refuse_format(r, err);
	if (!rc && r->counts)
		rc = print_snapshot(r, out);
	if (!rc && r->slowest)
		rc = print_slowest(r, out, err);
	if (r->out && fclose(r->out) && !rc)
		rc = -errno;
	r->out = NULL;
	if (!rc && r->beside)
		rc = rp_caller__replace(r->beside, r->opts->output);
	return rc;
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

/* Where writing failed, as of an export while it reads, the record is not to blame. */
static int tell_failed(const struct report *r, int rc, struct rp_err *err)
{
	if (err->cause[0] && !ferror(r->out ? r->out : stdout))
		return rc;
	if (rc == -ENOMEM)
		return rp_err__no_memory(err);
	rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "the report could not be written to %s: %s",
		    r->opts->output ? r->opts->output : "standard output", strerror(-rc));
	return rp_err__line(err, rc, "output", "-o", "rptrace.out");
}

/* A name that nothing has is a mistake, however valid the empty report is. */
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

/* The output is emptied before the records are read: one of them would be lost for its report. */
static int open_output(struct report *r, struct rp_err *err)
{
	const struct rp_opts *o = r->opts;
	int rc = rp_output__open(o->output, &r->out, err);

	if (!rc && !r->out && o->export && o->export->is_binary && isatty(STDOUT_FILENO)) {
		rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL,
			    "--format %s is for a file, no terminal can show it", o->export->name);
		return rp_err__line(err, -EINVAL, "output", "-o", "rptrace.out");
	}
	if (rc || !r->out)
		return rc;
	for (size_t i = 0; i < o->files.n; i++) {
		if (!rp_caller__is_file(fileno(r->out), o->files.items[i]))
			continue;
		rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL,
			    "%s is a record that is to be reported", o->output);
		return rp_err__line(err, -EINVAL, "output", "-o", "rptrace.out");
	}
	return 0;
}

/* The output is about to be written. */
static int begin_output(struct report *r, struct rp_err *err)
{
	const struct rp_opts *o = r->opts;

	if (o->export && o->export->whole) {
		fclose(r->out);
		return rp_output__open_beside(o->output, &r->out, &r->beside, err);
	}
	return rp_output__begin(r->out, o->output)
		       ? rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "%s: %s", o->output,
				     strerror(errno))
		       : 0;
}

static void free_report(struct report *r)
{
	if (r->sink.close)
		r->sink.close(r->sink.ctx);
	if (r->out)
		fclose(r->out);
	if (r->beside)
		unlink(r->beside); /* where it has not taken its place */
	free(r->beside);
	rp_instance_counts__free(r->counts);
	rp_slowest__free(r->slowest);
}

int rp_report__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	struct report r = {.opts = opts, .say = say};
	int rc = open_output(&r, err);

	/* The file of -o keeps what is in it where there is nothing to report. */
	if (!rc)
		rc = read_all(&r, NULL, err);
	if (!rc)
		rc = begin_output(&r, err);
	if (!rc)
		rc = open_sink(&r, err);
	if (!rc)
		rc = read_all(&r, &r.sink, err);
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
