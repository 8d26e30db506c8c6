// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "discover/proc.h"
#include "run/internal.h"

static void describe_target(struct trace *tr)
{
	const struct rp_opts *o = tr->opts;
	size_t at = 0;

	snprintf(tr->target, sizeof(tr->target), "the whole system");
	if (o->argv) {
		snprintf(tr->target, sizeof(tr->target), "%s", o->argv[0]);
		return;
	}
	for (size_t i = 0; i < o->n_pids && at < sizeof(tr->target); i++) {
		char comm[RP_COMM_LEN] = "";

		rp_proc__comm("/proc", o->pids[i], comm, sizeof(comm));
		at += snprintf(tr->target + at, sizeof(tr->target) - at, "%s%d%s%s",
			       i ? ", " : "PID ", (int)o->pids[i], comm[0] ? " " : "", comm);
	}
}

void rp_trace__describe(struct trace *tr)
{
	struct timespec wall;
	struct tm tm;
	size_t n;

	describe_target(tr);
	uname(&tr->host);
	clock_gettime(CLOCK_REALTIME, &wall);
	localtime_r(&wall.tv_sec, &tm);
	n = strftime(tr->meta.start_time, sizeof(tr->meta.start_time), "%Y-%m-%dT%H:%M:%S%z", &tm);
	if (n >= 2 && n + 1 < sizeof(tr->meta.start_time)) {
		/* RFC 3339 has a colon in the offset. */
		memmove(&tr->meta.start_time[n - 1], &tr->meta.start_time[n - 2], 3);
		tr->meta.start_time[n - 2] = ':';
	}
	tr->meta.version = RP_VERSION;
	tr->meta.host = tr->host.nodename;
	tr->meta.kernel = tr->host.release;
	tr->meta.attach_mode = rp_attach_mode__name(rp_session__mode(tr->session));
	tr->meta.target = tr->target;
}

bool rp_trace__shows_tables(const struct rp_opts *o)
{
	if (o->argv)
		return o->interval_given || o->iterations;
	return o->output || !strcmp(o->format->name, "table");
}

static void learn_cgroups(struct trace *tr, const struct rp_counts *counts)
{
	for (size_t i = 0; i < counts->n_nodes; i++) {
		const struct rp_node *node = &counts->nodes[i].node;

		if (node->flags & RP_NODE_VALID && node->region == RP_REGION_NONE)
			rp_cgroups__learn(tr->cgroups, node->label, (pid_t)node->tgid);
	}
}

struct rp_snapshot *rp_trace__snapshot(struct trace *tr, const struct rp_counts *counts,
				       const struct rp_counts *before, uint64_t cpu)
{
	struct rp_snapshot_opts opts = {.by = tr->by,
					.since = tr->began,
					.cgroups = tr->cgroups,
					.compensate = tr->opts->compensate};
	struct rp_targets_stats stats;
	struct rp_snapshot *snapshot;

	rp_targets__stats(tr->targets, &stats);
	tr->meta.probes = stats.sites;
	tr->meta.slow_sites = stats.slow_sites;
	tr->meta.processes = stats.processes;
	tr->meta.group_by = rp_by__name(tr->by);
	if (tr->by == RP_BY_CGROUP)
		learn_cgroups(tr, counts);
	opts.meta = tr->meta;
	snapshot = rp_snapshot__build(counts, before, &opts);
	if (!snapshot)
		return NULL;
	if (snapshot->count)
		snapshot->meta.ns_per_region = snapshot->probe_ns / (double)snapshot->count;
	if (cpu)
		snapshot->meta.cpu_share = snapshot->probe_ns / (double)cpu;
	return snapshot;
}

/* ---- what is open ----------------------------------------------------------------------- */

static void run_on_stuck(struct trace *tr, const struct rp_open_regions *open)
{
	size_t skipped;
	int rc = rp_on_stuck__run(tr->on_stuck, open, &skipped);
	char line[128] = "";

	if (rc)
		snprintf(line, sizeof(line), "--on-stuck: /bin/sh cannot be run: %s",
			 strerror(-rc));
	else if (skipped)
		snprintf(line, sizeof(line),
			 "--on-stuck: too many commands run already: none for %zu stuck region%s",
			 skipped, skipped == 1 ? "" : "s");
	if (line[0] && tr->screen)
		rp_screen__say(tr->screen, line);
	else if (line[0])
		tr->say(line, rc ? NULL : "--max-on-stuck allows more");
}

int rp_trace__read_open(struct trace *tr, struct rp_open_regions **open)
{
	struct rp_open_entries entries;
	int rc;

	*open = NULL;
	if (!tr->opts->stuck && !(tr->screen && rp_screen__is_open_wanted(tr->screen)))
		return 0;
	rc = tr->source.open_frames(tr->source.ctx, &entries);
	if (!rc)
		*open = rp_open_regions__build(&entries, (uint64_t)(tr->opts->stuck * 1e9));
	rp_open_entries__free(&entries);
	if (!rc && !*open)
		rc = -ENOMEM;
	if (!rc && tr->on_stuck)
		run_on_stuck(tr, *open);
	return rc;
}

/* ---- printed views ---------------------------------------------------------------------- */

static int terminal_width(int fd)
{
	struct winsize size;

	return isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size) ? size.ws_col : 0;
}

static int print_view(struct trace *tr, FILE *out, const struct rp_view *view,
		      const struct rp_counts *counts, const struct rp_counts *before, uint64_t cpu,
		      const char *title)
{
	struct rp_view_opts opts = {
		.tree = tr->opts->tree,
		.width = terminal_width(fileno(out)),
		.title = title,
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
	};
	struct rp_snapshot *snapshot;
	int rc;

	snapshot = rp_trace__snapshot(tr, counts, before, cpu - (before ? tr->last_cpu : 0));
	if (!snapshot)
		return -ENOMEM;
	rp_snapshot__sort(snapshot, tr->opts->sort, false);
	rc = rp_trace__read_open(tr, &snapshot->open);
	if (!rc)
		rc = view->print(out, snapshot, &opts);
	if (!rc && fflush(out))
		rc = -errno;
	rp_snapshot__free(snapshot);
	return rc;
}

int rp_trace__print_table(struct trace *tr)
{
	struct rp_counts *counts = tr->source.read(tr->source.ctx);
	uint64_t cpu = rp_targets__cpu(tr->targets);
	char title[64];
	time_t wall = time(NULL);
	struct tm tm;
	int rc;

	if (!counts)
		return -ENOMEM;
	strftime(title, sizeof(title), "%H:%M:%S", localtime_r(&wall, &tm));
	rc = print_view(tr, stdout, rp_view__find("table"), counts, tr->last, cpu, title);
	rp_counts__free(tr->last);
	tr->last = counts;
	tr->last_cpu = cpu;
	tr->tables++;
	return rc;
}

int rp_trace__print_summary(struct trace *tr, struct rp_err *err)
{
	const struct rp_opts *o = tr->opts;
	FILE *out = tr->out ? tr->out : o->argv && !o->output ? stderr : stdout;
	struct rp_counts *counts;
	int rc;

	/* Of all the time: groups that were there for a part of it would not add up. */
	if (tr->regrouped && tr->by != RP_BY_LABEL)
		tr->by = RP_BY_NONE;
	counts = tr->source.read(tr->source.ctx);
	rc = counts ? print_view(tr, out, o->format, counts, NULL, rp_targets__cpu(tr->targets),
				 "final summary")
		    : -ENOMEM;
	rp_counts__free(counts);
	if (tr->out && fclose(tr->out) && !rc)
		rc = -errno;
	tr->out = NULL;
	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL,
				   "the summary could not be written: %s", strerror(-rc));
	return 0;
}
