// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The record of a run: when it begins, how far it is, and what is said of it at the end. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "opts/cure.h"
#include "run/internal.h"
#include "run/output.h"
#include "util/caller.h"
#include "util/clock.h"

#define PROGRESS_NS RP_NS_PER_S

uint32_t rp_run__ring_bytes(const struct rp_opts *opts)
{
	uint32_t bytes = (uint32_t)sysconf(_SC_PAGESIZE);

	if (!opts->record && !opts->stream)
		return 0;
	while (bytes < opts->max_ring)
		bytes *= 2;
	return bytes;
}

/* The options by which the record has only a part of the run; NULL: it has all. Returns buf. */
static const char *kept(const struct rp_opts *opts, char *buf, size_t size)
{
	char every[32] = "", slower[48] = "", last[48] = "";

	if (opts->every > 1)
		snprintf(every, sizeof(every), " --every %u", opts->every);
	if (opts->slower_than > 0)
		snprintf(slower, sizeof(slower), " --slower-than %gs", opts->slower_than);
	if (opts->last > 0)
		snprintf(last, sizeof(last), " --last %gs", opts->last);
	snprintf(buf, size, "%s%s%s", every, slower, last);
	return buf[0] ? buf + 1 : NULL;
}

/* --slower-than keeps slow calls only, and a sample is written before its call is over. */
static bool has_samples(const struct rp_opts *opts)
{
	return opts->sample_hz && (!(opts->slower_than > 0) || opts->last > 0);
}

/* Memory for texts that a description points to. */
struct description_texts {
	char kept[128];
	struct rp_command_line options;
};

/* The texts must outlive the description. */
static struct rp_event_run description(const struct rp_run *run, struct description_texts *texts)
{
	struct rp_meta meta = rp_run__meta(run);

	meta.kept = kept(run->opts, texts->kept, sizeof(texts->kept));
	meta.options = rp_command_line__of_told(&texts->options, run->opts);
	return (struct rp_event_run){
		.meta = meta,
		.start = run->began,
		.sample_hz = has_samples(run->opts) ? run->opts->sample_hz : 0,
		.wall = run->began_wall,
	};
}

/* The file to name in messages. */
static const char *file_of(const struct rp_opts *opts)
{
	return opts->record ? opts->record : opts->stream;
}

/* Adds the cure to an error of the file, which is the stream or else the record: another name. */
static int choose_another(const struct rp_run *run, bool stream, int rc, struct rp_err *err)
{
	bool alone = run->opts->command == RP_COMMAND_RECORD;

	if (!rc || !err || rc == -ENOMEM)
		return rc;
	if (stream)
		return rp_err__line(err, rc, "stream", "--stream",
				    rp_output__instead("/var/tmp/rptrace.trace.json",
						       "/var/tmp/rptrace.%p.trace.json"));
	return rp_err__line(err, rc, alone ? "output" : "record", alone ? "-o" : "--record",
			    rc == -EBUSY ? "rptrace.%p.rpt"
					 : rp_output__instead("/var/tmp/rptrace.rpt",
							      "/var/tmp/rptrace.%p.rpt"));
}

int rp_run__open_record(struct rp_run *run, struct rp_err *err)
{
	const struct rp_recording_opts opts = {
		.path = run->opts->record ? run->opts->record : "/dev/null",
		.stream = run->opts->stream,
		.slower_than = (uint64_t)(run->opts->slower_than * RP_NS_PER_S),
		.max_bytes = run->opts->max_size,
		.keep = run->opts->rotate,
		.last = (uint64_t)(run->opts->last * RP_NS_PER_S),
	};

	int rc;

	if (!file_of(run->opts))
		return 0;
	if (run->out && rp_caller__is_file(fileno(run->out), opts.path))
		rc = rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL,
				 "the final summary would overwrite the record, %s", opts.path);
	else if (run->out && opts.stream && rp_caller__is_file(fileno(run->out), opts.stream))
		rc = rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL,
				 "the final summary would overwrite the stream, %s", opts.stream);
	else
		rc = rp_recording__new(&opts, &run->recording, err);
	return choose_another(run, !run->opts->record, rc, err);
}

int rp_run__record_samples(struct rp_run *run, struct rp_err *err)
{
	if (!run->recording || !has_samples(run->opts))
		return 0;
	return rp_recording__add_samples(run->recording, run->collect.samples)
		       ? rp_err__no_memory(err)
		       : 0;
}

int rp_run__start_record(struct rp_run *run, struct rp_err *err)
{
	struct rp_event_run event;
	struct description_texts texts;

	/* A run that was ended before it began leaves an older file as it is. */
	if (!run->recording || run->cut_short)
		return 0;
	event = description(run, &texts);
	return choose_another(run, !run->opts->record,
			      rp_recording__start(run->recording, run->session, &event, err), err);
}

/* ---- while it runs --------------------------------------------------------------------------- */

/* Bytes, in three digits or so; returns buf. */
static const char *size_text(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 1000 && i + 1 < sizeof(units) / sizeof(units[0]); i++)
		value /= 1000;
	snprintf(buf, size, i && value < 100 ? "%.1f %s" : "%.0f %s", value, units[i]);
	return buf;
}

static uint64_t lost(const struct rp_run *run)
{
	return rp_session__lost(run->session, RP_LOST_INSTANCES);
}

/* The line ends without a newline and with a return: a message writes over it. */
static void show_progress(struct rp_run *run, const struct rp_recording_figures *figures,
			  uint64_t now)
{
	struct record_progress *progress = &run->progress;
	double seconds = (double)(now - progress->looked) / (double)RP_NS_PER_S;
	uint64_t more = figures->instances - progress->before.instances;
	char count[16], rate[16], bytes[16], missing[48] = "";

	if (lost(run))
		snprintf(missing, sizeof(missing), ", %" PRIu64 " lost", lost(run));
	fprintf(stderr, "\r\033[Krecording: %s instances, %s/s, %s%s\r",
		rp_text__count((double)figures->instances, count, sizeof(count)),
		rp_text__count((double)more / seconds, rate, sizeof(rate)),
		size_text(figures->bytes, bytes, sizeof(bytes)), missing);
	fflush(stderr);
	progress->before = *figures;
	progress->looked = now;
	progress->shown = true;
}

void rp_run__end_progress(struct rp_run *run)
{
	if (run->progress.shown)
		fputs("\r\033[K", stderr);
	run->progress.shown = false;
}

static void say_ended(struct rp_run *run, const struct rp_recording_figures *figures)
{
	char line[256];

	if (figures->rc)
		snprintf(line, sizeof(line), "%.160s ends early, as it cannot be written: %s",
			 figures->failed, strerror(-figures->rc));
	else
		snprintf(line, sizeof(line), "%.160s ends here: it has reached --max-size",
			 file_of(run->opts));
	rp_run__say(run, line, NULL);
	run->progress.told = true;
}

static void say_dumped(struct rp_run *run)
{
	unsigned number = rp_recording__written(run->recording).last;
	char path[PATH_MAX], line[512];

	if (!run->opts->last || number == run->progress.dumps)
		return;
	run->progress.dumps = number;
	snprintf(line, sizeof(line), "the last instances are in %.400s",
		 rp_recording__path(run->recording, number, path));
	rp_run__say(run, line, NULL);
}

/* Where the record cannot go on, `rptrace record` has nothing left to do, and ends. */
static int on_progress(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;
	struct rp_recording_figures figures = rp_recording__figures(run->recording);
	bool has_ended = figures.rc || figures.full;

	say_dumped(run);

	if (has_ended && run->opts->command != RP_COMMAND_LIVE) {
		rp_loop__stop(run->loop);
		return 0;
	}
	if (has_ended && !run->progress.told)
		say_ended(run, &figures);
	if (!has_ended && run->opts->command == RP_COMMAND_RECORD && isatty(STDERR_FILENO))
		show_progress(run, &figures, now);
	rp_timer__set(run->progress.timer, now + PROGRESS_NS);
	return 0;
}

int rp_run__watch_record(struct rp_run *run)
{
	int rc;

	if (!run->recording)
		return 0;
	rc = rp_loop__timer(run->loop, on_progress, run, &run->progress.timer);
	if (!rc) {
		run->progress.looked = run->began;
		rp_timer__set(run->progress.timer, run->began + PROGRESS_NS);
	}
	return rc;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void say_lost(struct rp_run *run)
{
	struct rp_err told = {0};
	uint64_t n = lost(run);

	rp_err__set(&told, RP_EXIT_OK, 0, NULL,
		    "%" PRIu64 " instance%s found no room on %s way to %.200s", n,
		    n == 1 ? "" : "s", n == 1 ? "its" : "their", file_of(run->opts));
	rp_err__line(&told, 0, "max-ring", "--max-ring", "256M");
	rp_cure__fill(run->opts, &told);
	run->say(told.cause, told.cure);
}

static bool is_outermost(const struct rp_counts *counts, const struct rp_node *node)
{
	return node->parent && counts->nodes[node->parent - 1].node.region == RP_REGION_NONE;
}

/* The region of all outermost calls; NULL: there are several. */
static const char *only_outermost(const struct rp_counts *counts)
{
	const struct rp_id_names *names = &counts->names;
	uint32_t region = RP_REGION_NONE;

	for (size_t i = 0; i < counts->n_nodes; i++) {
		const struct rp_node *node = &counts->nodes[i].node;

		if (!counts->nodes[i].figures.unsampled || !is_outermost(counts, node))
			continue;
		if (region != RP_REGION_NONE && region != node->region)
			return NULL;
		region = node->region;
	}
	return region - 1 < names->n_regions ? names->regions[region - 1].name : NULL;
}

/* --every chooses among outermost calls: with few of them, as of main, it may choose none. */
static void say_none_chosen(struct rp_run *run)
{
	const struct rp_counts *counts = run->last.counts;
	const char *outermost = only_outermost(counts);
	struct rp_err told = {0};
	uint64_t n = 0;

	for (size_t i = 0; i < counts->n_nodes; i++)
		if (is_outermost(counts, &counts->nodes[i].node))
			n += counts->nodes[i].figures.unsampled;
	if (!n)
		return;
	rp_err__set(&told, RP_EXIT_OK, 0, NULL,
		    "--every %u has chosen none of the outermost calls%s%.200s: %" PRIu64
		    " left out, and all that ran inside",
		    run->opts->every, outermost ? ", which were of " : "",
		    outermost ? outermost : "", n);
	rp_err__line(&told, 0, outermost ? NULL : "every", outermost ? "-x" : NULL, outermost);
	rp_cure__fill(run->opts, &told);
	run->say(told.cause, told.cure);
}

/* "and 3 k samples"; returns buf. */
static const char *samples_text(uint64_t samples, char *buf, size_t size)
{
	char n[16];

	buf[0] = '\0';
	if (samples)
		snprintf(buf, size, " and %s sample%s",
			 rp_text__count((double)samples, n, sizeof(n)), samples == 1 ? "" : "s");
	return buf;
}

/* Where it is, and how it is read. */
static void say_files(struct rp_run *run, const struct rp_recording_figures *figures,
		      const char *count)
{
	struct rp_recording_files files = rp_recording__written(run->recording);
	char first[PATH_MAX], last[PATH_MAX], text[2 * 160 + 8], bytes[24], samples[32], line[512];
	bool has_all = run->opts->last > 0 || files.first == 1;
	struct rp_command_line next = {0};

	rp_recording__path(run->recording, files.first, first);
	rp_recording__path(run->recording, files.last, last);
	if (files.first == files.last)
		snprintf(text, sizeof(text), "%.300s", first);
	else
		snprintf(text, sizeof(text), "%.160s to %.160s", first, last);
	snprintf(line, sizeof(line), "%s instance%s%s%s in %s%s%s", count,
		 figures->instances == 1 ? "" : "s",
		 samples_text(figures->samples, samples, sizeof(samples)),
		 has_all ? "" : ", the last of them", text, has_all ? ", " : "",
		 has_all ? size_text(figures->bytes, bytes, sizeof(bytes)) : "");
	rp_command_line__add(&next, "rptrace");
	rp_command_line__add(&next, "report");
	for (unsigned i = files.first; i <= files.last; i++)
		rp_command_line__add(&next, rp_recording__path(run->recording, i, last));
	run->say(line, next.fits ? next.text : NULL);
}

static void say_recorded(struct rp_run *run)
{
	struct rp_recording_figures figures = rp_recording__figures(run->recording);
	char line[512], count[16];

	rp_text__count((double)figures.instances, count, sizeof(count));
	if (run->opts->stream) {
		snprintf(line, sizeof(line), "%s instance%s in %.300s, for ui.perfetto.dev", count,
			 figures.instances == 1 ? "" : "s", run->opts->stream);
		run->say(line, NULL);
	}
	if (!run->opts->record)
		return;
	say_files(run, &figures, count);
	if (!figures.instances && run->opts->every > 1)
		say_none_chosen(run);
}

int rp_run__finish_record(struct rp_run *run, struct rp_err *err)
{
	struct rp_open_entries open = {0};
	struct rp_recording_end end;
	struct description_texts texts;
	const char *failed;
	int rc;

	if (!run->recording || run->cut_short)
		return 0;
	/* The record must agree with the summary, so both use one reading where there is one. */
	rc = run->last.counts ? 0 : rp_run__read(run, &run->last);
	if (rc)
		rp_err__no_memory(err);
	end = (struct rp_recording_end){
		.run = description(run, &texts), .counts = run->last.counts, .cpu = run->last.cpu};
	/* Where the kernel cannot tell what is open, the record does without. */
	if (!run->source.open_frames(run->source.ctx, &open))
		end.open = &open;
	if (!rc) {
		/* Open instances last to the end of the run, which is before they were read. */
		open.time = run->last.counts->time;
		rc = rp_recording__finish(run->recording, &end, err);
		failed = rp_recording__figures(run->recording).failed;
		rc = choose_another(run, failed == run->opts->stream, rc, err);
	}
	if (lost(run))
		say_lost(run);
	if (!rc && run->opts->command != RP_COMMAND_DIFF)
		say_recorded(run);
	rp_open_entries__free(&open);
	return rc;
}
