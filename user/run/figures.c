// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The figures of a run: read, and printed as tables and as the summary. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "opts/cure.h"
#include "run/internal.h"
#include "run/output.h"

int rp_run__read(struct rp_run *run, struct rp_reading *out)
{
	out->counts = run->source.read(run->source.ctx);
	out->cpu = rp_targets__cpu(run->targets);
	return out->counts ? 0 : -ENOMEM;
}

static void learn_cgroups(struct rp_run *run, const struct rp_counts *counts)
{
	for (size_t i = 0; i < counts->n_nodes; i++) {
		const struct rp_node *node = &counts->nodes[i].node;

		if (node->flags & RP_NODE_VALID && node->region == RP_REGION_NONE)
			rp_cgroups__learn(run->cgroups, node->label, (pid_t)node->tgid);
	}
}

struct rp_meta rp_run__meta(const struct rp_run *run)
{
	struct rp_meta meta = run->description.meta;
	struct rp_targets_stats stats;

	rp_targets__stats(run->targets, &stats);
	meta.probes = stats.sites;
	meta.slow_sites = stats.slow_sites;
	meta.processes = stats.processes;
	meta.group_by = rp_by__name(run->grouping.by);
	return meta;
}

struct rp_snapshot_opts rp_run__snapshot_opts(struct rp_run *run, const struct rp_counts *counts)
{
	struct rp_snapshot_opts opts = {.by = run->grouping.by,
					.meta = rp_run__meta(run),
					.since = run->began,
					.cgroups = run->cgroups,
					.compensate = run->opts->compensate,
					.baseline = run->baseline};

	if (opts.by == RP_BY_CGROUP)
		learn_cgroups(run, counts);
	return opts;
}

/* ---- what is open ---------------------------------------------------------------------------- */

static void run_on_stuck(struct rp_run *run, const struct rp_open_regions *open)
{
	struct rp_command_line more;
	size_t skipped;
	int rc = rp_on_stuck__run(run->on_stuck, open, &skipped);
	char line[128];

	if (rc) {
		snprintf(line, sizeof(line), "--on-stuck: /bin/sh cannot be run: %s",
			 strerror(-rc));
		rp_run__say(run, line, NULL);
	} else if (skipped) {
		snprintf(line, sizeof(line),
			 "--on-stuck: too many commands run already: none for %zu stuck region%s",
			 skipped, skipped == 1 ? "" : "s");
		rp_run__say(run, line, rp_cure__with(run->opts, "--max-on-stuck", "64", &more));
	}
}

int rp_run__read_open(struct rp_run *run, struct rp_open_regions **open)
{
	struct rp_open_entries entries;
	bool is_wanted = run->opts->stuck > 0;
	int rc;

	*open = NULL;
	if (run->screen)
		is_wanted |= rp_screen__is_open_wanted(rp_live_screen__screen(run->screen));
	if (!is_wanted)
		return 0;
	rc = run->source.open_frames(run->source.ctx, &entries);
	if (!rc)
		*open = rp_open_regions__build(&entries, (uint64_t)(run->opts->stuck * 1e9));
	rp_open_entries__free(&entries);
	if (!rc && !*open)
		rc = -ENOMEM;
	if (!rc && run->opts->last && (*open)->n_stuck)
		rp_recording__dump(run->recording, true);
	if (!rc && run->on_stuck)
		run_on_stuck(run, *open);
	return rc;
}

/* ---- printed views --------------------------------------------------------------------------- */

/* With -- COMMAND, standard output belongs to the command. */
static bool is_summary_on_stdout(const struct rp_opts *o)
{
	return o->output ? !strcmp(o->output, "-") : !o->argv;
}

/* One object a line and interval, for a program that reads them as they come. */
static bool is_json_lines(const struct rp_opts *o)
{
	return (o->interval_given || o->iterations) && !strcmp(o->format->name, "json") &&
	       is_summary_on_stdout(o) && !isatty(STDOUT_FILENO);
}

/* A single interval would show what the summary shows. */
static bool has_one_interval(const struct rp_opts *o)
{
	return o->iterations == 1 || (o->duration > 0 && o->duration <= o->interval);
}

bool rp_run__shows_intervals(const struct rp_opts *o)
{
	bool is_table = !strcmp(o->format->name, "table");

	if (o->command == RP_COMMAND_RECORD || o->command == RP_COMMAND_DIFF)
		return false;
	if (is_summary_on_stdout(o) && !is_table)
		return is_json_lines(o);
	if (is_summary_on_stdout(o) && has_one_interval(o))
		return false;
	return !o->argv || o->interval_given || o->iterations;
}

static int print_since(struct rp_run *run, FILE *out, struct rp_reading *before, const char *title,
		       const struct rp_view *view)
{
	struct rp_table_opts opts = {.view = view,
				     .sort = run->opts->sort,
				     .columns = &run->opts->columns,
				     .tree = run->opts->tree,
				     .title = title,
				     .one_line = is_json_lines(run->opts),
				     .summary = is_json_lines(run->opts) && !before->counts &&
						before != &run->table_before};
	struct rp_open_regions *open;
	struct rp_reading now;
	int rc = rp_run__read(run, &now);

	if (rc)
		return rc;
	opts.snapshot = rp_run__snapshot_opts(run, now.counts);
	rc = rp_run__read_open(run, &open);
	if (!rc)
		rc = rp_table__print(out, &now, before, open, &opts);
	rp_reading__swap(before, &now);
	rp_counts__free(now.counts);
	return rc;
}

int rp_run__print_interval(struct rp_run *run)
{
	char title[64];
	time_t wall = time(NULL);
	struct tm tm;
	int rc;

	strftime(title, sizeof(title), "%H:%M:%S", localtime_r(&wall, &tm));
	rc = print_since(run, stdout, &run->table_before, title,
			 is_json_lines(run->opts) ? run->opts->format : rp_view__find("table"));
	return rc == -EINTR ? 0 : rc; /* the run is about to end by a signal */
}

static int print_summary(struct rp_run *run, FILE *out)
{
	/* diff --run prints one comparison after all runs, so a single run prints nothing. */
	if (run->opts->command == RP_COMMAND_DIFF)
		return 0;
	/* These lines are all that was asked for. */
	if (is_json_lines(run->opts) && rp_run__has_all_intervals(run))
		return 0;
	run->grouping.by = rp_grouping__of_whole_run(&run->grouping);
	return print_since(run, out, &run->last, "final summary", run->opts->format);
}

int rp_run__print_summary(struct rp_run *run, struct rp_err *err)
{
	const struct rp_opts *o = run->opts;
	FILE *out = run->out ? run->out : o->argv && !o->output ? stderr : stdout;
	const char *name = run->out	   ? o->output
			   : out == stderr ? "standard error"
					   : "standard output";
	int rc = rp_output__begin(run->out, o->output);

	if (!rc)
		rc = print_summary(run, out);
	if (run->out && fclose(run->out) && !rc)
		rc = -errno;
	run->out = NULL;
	if (!rc)
		return 0;
	rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "the summary could not be written to %s: %s",
		    name, strerror(-rc));
	return rp_err__line(err, rc, "output", "-o", "rptrace.out");
}

/* Losses go to standard error where no table for people has shown them. */
void rp_run__tell_lost(struct rp_run *run)
{
	const struct rp_opts *o = run->opts;
	char line[256], text[RP_LOST_SIZE];

	if (!strcmp(o->format->name, "table") && !o->output && o->command != RP_COMMAND_DIFF)
		return;
	for (enum rp_lost i = 0; i < RP_LOST_COUNT; i++) {
		uint64_t n = rp_session__lost(run->session, i);

		if (!n)
			continue;
		snprintf(line, sizeof(line), "lost: %s", rp_lost__text(i, n, text));
		run->say(line, NULL);
	}
}
