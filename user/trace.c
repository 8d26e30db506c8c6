// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/calibrate.h"
#include "collect/collect.h"
#include "launch.h"
#include "targets.h"

struct trace {
	const struct rp_opts *opts;
	rp_say_fn say;
	struct rp_features features;
	struct rp_plan *plan;
	struct rp_session *session;
	struct rp_targets *targets;
	struct rp_launch *launch;
	int signals; /* signalfd */
	FILE *out;   /* of -o FILE */

	struct rp_meta meta;
	struct utsname host;
	char target[256];
	uint64_t began;		/* ns, CLOCK_MONOTONIC */
	struct rp_costs costs;	/* of the probes */
	struct rp_counts *last; /* of the table before */
	uint64_t last_cpu;	/* ns that the target had used then */
	unsigned long tables;
	int status; /* of the command */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int no_memory(struct rp_err *err)
{
	return rp_err__set(err, RP_EXIT_FAILED, -ENOMEM, NULL, "out of memory");
}

/* ---- views
 * ---------------------------------------------------------------------------------------- */

static void describe_target(struct trace *tr)
{
	const struct rp_opts *o = tr->opts;
	size_t at = 0;

	tr->target[0] = '\0';
	if (o->argv) {
		snprintf(tr->target, sizeof(tr->target), "%s", o->argv[0]);
		return;
	}
	for (size_t i = 0; i < o->n_pids && at < sizeof(tr->target); i++)
		at += snprintf(tr->target + at, sizeof(tr->target) - at, "%s%d", i ? "," : "PID ",
			       (int)o->pids[i]);
}

static void describe_run(struct trace *tr)
{
	struct timespec wall;
	struct tm tm;
	size_t n;

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
	tr->meta.group_by = rp_by__name(tr->opts->by);
	tr->meta.target = tr->target;
}

static int terminal_width(int fd)
{
	struct winsize size;

	return isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size) ? size.ws_col : 0;
}

static int print_view(struct trace *tr, FILE *out, const struct rp_view *view,
		      const struct rp_counts *counts, const struct rp_counts *before,
		      const char *title)
{
	struct rp_snapshot_opts snap = {
		.by = tr->opts->by, .since = tr->began, .compensate = tr->opts->compensate};
	struct rp_view_opts opts = {
		.tree = tr->opts->tree,
		.width = terminal_width(fileno(out)),
		.title = title,
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
	};
	uint64_t cpu = rp_targets__cpu(tr->targets) - (before ? tr->last_cpu : 0);
	struct rp_targets_stats stats;
	struct rp_snapshot *snapshot;
	int rc;

	rp_targets__stats(tr->targets, &stats);
	tr->meta.probes = stats.sites;
	tr->meta.slow_sites = stats.slow_sites;
	snap.meta = tr->meta;
	snapshot = rp_snapshot__build(counts, before, &snap);
	if (!snapshot)
		return -ENOMEM;
	if (snapshot->count)
		snapshot->meta.ns_per_region = snapshot->probe_ns / (double)snapshot->count;
	if (cpu)
		snapshot->meta.cpu_share = snapshot->probe_ns / (double)cpu;
	rp_snapshot__sort(snapshot, tr->opts->sort, false);
	rc = view->print(out, snapshot, &opts);
	if (!rc && fflush(out))
		rc = -errno;
	rp_snapshot__free(snapshot);
	return rc;
}

/* Tables go by on stdout, unless that is where a summary for machines goes or the command writes.
 */
static bool shows_tables(const struct rp_opts *o)
{
	if (o->argv)
		return o->interval_given || o->iterations;
	return o->output || !strcmp(o->format->name, "table");
}

static int print_table(struct trace *tr)
{
	struct rp_counts *counts = rp_collect(tr->session, tr->plan, &tr->costs);
	char title[64];
	time_t wall = time(NULL);
	struct tm tm;
	int rc;

	if (!counts)
		return -ENOMEM;
	strftime(title, sizeof(title), "%H:%M:%S", localtime_r(&wall, &tm));
	rc = print_view(tr, stdout, rp_view__find("table"), counts, tr->last, title);
	rp_counts__free(tr->last);
	tr->last = counts;
	tr->last_cpu = rp_targets__cpu(tr->targets);
	tr->tables++;
	return rc;
}

/*
 * Before anything is attached, so that a summary that cannot be written costs nobody a run. The file
 * is never followed through a link somebody left there.
 */
static int open_output(struct trace *tr, struct rp_err *err)
{
	const char *path = tr->opts->output;
	int fd;

	if (!path || !strcmp(path, "-"))
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	tr->out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (tr->out)
		return 0;
	rp_err__set(err, RP_EXIT_FAILED, -errno, "choose another file with -o", "%s: %s", path,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	return -EIO;
}

static int print_summary(struct trace *tr, struct rp_err *err)
{
	const struct rp_opts *o = tr->opts;
	FILE *out = tr->out ? tr->out : o->argv && !o->output ? stderr : stdout;
	struct rp_counts *counts;
	int rc;

	counts = rp_collect(tr->session, tr->plan, &tr->costs);
	rc = counts ? print_view(tr, out, o->format, counts, NULL, "final summary") : -ENOMEM;
	rp_counts__free(counts);
	if (tr->out && fclose(tr->out) && !rc)
		rc = -errno;
	tr->out = NULL;
	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL,
				   "the summary could not be written: %s", strerror(-rc));
	return 0;
}

/* ---- the run
 * ----------------------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct rp_event *event)
{
	struct trace *tr = ctx;

	rp_targets__on_event(tr->targets, event);
}

static bool is_over(struct trace *tr)
{
	struct rp_targets_stats stats;

	rp_targets__stats(tr->targets, &stats);
	return !stats.processes;
}

/* ms until a moment in ns; at least 0. */
static int until(uint64_t moment, uint64_t now)
{
	return moment <= now ? 0 : (int)((moment - now + 999999) / 1000000);
}

static void shorten(int *timeout, int ms)
{
	if (ms >= 0 && (*timeout < 0 || ms < *timeout))
		*timeout = ms;
}

/*
 * A signal ends the run. One that was sent to rptrace alone (not by the terminal, which the command
 * hears too) is passed on to the command. false: a child has ended.
 */
static bool take_signal(struct trace *tr)
{
	struct signalfd_siginfo info;

	if (read(tr->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	if (info.ssi_signo == SIGCHLD)
		return false;
	if (tr->launch && info.ssi_code != SI_KERNEL)
		kill(rp_launch__pid(tr->launch), info.ssi_signo);
	return true;
}

static bool command_ended(struct trace *tr)
{
	siginfo_t info = {0};

	return tr->launch &&
	       !waitid(P_PID, rp_launch__pid(tr->launch), &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid;
}

static int watch(struct trace *tr)
{
	const struct rp_opts *o = tr->opts;
	uint64_t step = o->interval * 1e9, next = tr->began + step;
	uint64_t end = o->duration ? tr->began + (uint64_t)(o->duration * 1e9) : UINT64_MAX;
	struct pollfd fds[] = {
		{.fd = tr->signals, .events = POLLIN},
		{.fd = rp_session__event_fd(tr->session), .events = POLLIN},
	};

	for (;;) {
		uint64_t now = now_ns();
		int timeout = -1, rc;

		rc = rp_session__drain(tr->session, on_event, tr);
		if (rc)
			return rc;
		shorten(&timeout, rp_targets__rescan(tr->targets));
		if (now >= next) {
			rp_targets__reap(tr->targets);
			if (shows_tables(o)) {
				rc = print_table(tr);
				if (rc)
					return rc;
				if (o->iterations && tr->tables >= o->iterations)
					return 0;
			}
			next += step * ((now - next) / step + 1);
		}
		if (now >= end || command_ended(tr) || is_over(tr))
			return 0;
		shorten(&timeout, until(next, now));
		if (o->duration)
			shorten(&timeout, until(end, now));
		if (poll(fds, 2, timeout) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents && take_signal(tr))
			return 0;
	}
}

static int block_signals(struct trace *tr, struct rp_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tr->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return tr->signals >= 0 ? 0
				: rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "signalfd: %s",
					      strerror(errno));
}

static enum rp_group group_of(enum rp_by by)
{
	switch (by) {
	case RP_BY_PROCESS:
		return RP_GROUP_PROCESS;
	case RP_BY_THREAD:
		return RP_GROUP_THREAD;
	case RP_BY_COMMAND:
		return RP_GROUP_COMMAND;
	case RP_BY_CGROUP:
		return RP_GROUP_CGROUP;
	default:
		return RP_GROUP_NONE;
	}
}

static int open_session(struct trace *tr, struct rp_err *err)
{
	const struct rp_opts *o = tr->opts;
	struct rp_session_opts opts = {
		.group = group_of(o->by),
		.follow = o->follow,
		.max_depth = o->max_depth,
		.max_nodes = o->max_nodes,
		.max_labels = o->max_labels,
		.max_names = o->max_names,
		.min_duration = (uint64_t)(o->min_duration * 1e9),
		.verbose = o->verbose,
	};
	int rc;

	rp_features__probe(&tr->features);
	rc = rp_features__mode(&tr->features, o->attach, &opts.mode, err);
	if (!rc)
		rc = rp_trace__plan(o, &tr->features, &tr->plan, err);
	if (!rc)
		rc = rp_session__new(&opts, &tr->session, err);
	if (rc)
		return rc;
	tr->targets = rp_targets__new(tr->session, tr->plan, o->follow);
	return tr->targets ? 0 : no_memory(err);
}

static int attach(struct trace *tr, const char *command, struct rp_err *err)
{
	struct rp_targets_stats stats;
	size_t n_regions;
	int rc = 0;

	if (tr->launch)
		rc = rp_targets__add_command(tr->targets, rp_launch__pid(tr->launch), command, err);
	for (size_t i = 0; !rc && i < tr->opts->n_pids; i++)
		rc = rp_targets__add(tr->targets, tr->opts->pids[i], err);
	if (!rc)
		rc = rp_targets__add_named(tr->targets, err);
	if (rc)
		return rc;
	rp_targets__stats(tr->targets, &stats);
	rp_plan__regions(tr->plan, &n_regions);
	if (!stats.sites) {
		struct rp_err nothing;

		rc = rp_trace__nothing(tr->opts, tr->plan, stats.stripped, &nothing);
		if (!tr->launch) {
			*err = nothing;
			return rc;
		}
		/* What the command starts may match yet. */
		tr->say(nothing.cause, nothing.cure);
	}
	return 0;
}

static void say_started(struct trace *tr)
{
	struct rp_targets_stats stats;
	const struct rp_refusal *refusals;
	size_t n_regions, n_refusals;
	char line[512];

	rp_targets__stats(tr->targets, &stats);
	rp_plan__regions(tr->plan, &n_regions);
	refusals = rp_plan__refusals(tr->plan, &n_refusals);
	if (n_refusals) {
		snprintf(line, sizeof(line), "%zu selected, but not traced: %s: %s%s", n_refusals,
			 refusals[0].name, refusals[0].reason, n_refusals > 1 ? " ..." : "");
		tr->say(line, n_refusals > 1 ? "rptrace list shows them all" : NULL);
	}
	snprintf(line, sizeof(line), "tracing %zu region%s at %zu site%s in %s", n_regions,
		 n_regions == 1 ? "" : "s", stats.sites, stats.sites == 1 ? "" : "s", tr->target);
	tr->say(line, NULL);
}

static int finish(struct trace *tr, struct rp_err *err)
{
	struct rp_targets_stats stats;
	int rc;

	rp_session__drain(tr->session, on_event, tr);
	rp_session__deactivate(tr->session);
	rc = print_summary(tr, err);
	rp_targets__stats(tr->targets, &stats);
	/* The command goes on unharmed and untraced, if it has not ended. */
	rp_targets__free(tr->targets);
	tr->targets = NULL;
	if (tr->launch)
		tr->status = rp_launch__wait(tr->launch);
	if (!rc && !stats.sites)
		rc = rp_trace__nothing(tr->opts, tr->plan, stats.stripped, err);
	return rc;
}

static int run(struct trace *tr, struct rp_err *err)
{
	const char *command = NULL;
	int rc = 0;

	if (!tr->opts->n_pids && !tr->opts->argv)
		return rp_err__set(err, RP_EXIT_USAGE, -EINVAL, "give -p PID, or -- COMMAND",
				   "no target");
	rc = open_output(tr, err);
	if (!rc && tr->opts->argv)
		rc = rp_launch__new(tr->opts->argv, &tr->launch, &command, err);
	if (!rc)
		rc = block_signals(tr, err);
	if (!rc)
		rc = open_session(tr, err);
	if (!rc)
		rc = attach(tr, command, err);
	if (rc)
		return rc;
	describe_target(tr);
	describe_run(tr);
	tr->began = now_ns();
	rp_session__activate(tr->session);
	say_started(tr);
	if (tr->launch)
		rc = rp_launch__release(tr->launch, err);
	if (rc)
		return rc;
	/* Behind the start, which it need not delay; without it the costs are not known, no more. */
	rp_calibrate(tr->session, &tr->costs, NULL);
	rc = watch(tr);
	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "tracing stopped: %s",
				   strerror(-rc));
	return finish(tr, err);
}

int rp_trace__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	struct trace tr = {.opts = opts, .say = say, .signals = -1};
	int rc = run(&tr, err);

	rp_targets__free(tr.targets);
	rp_session__free(tr.session);
	rp_plan__free(tr.plan);
	rp_counts__free(tr.last);
	rp_launch__free(tr.launch);
	if (tr.out)
		fclose(tr.out);
	if (tr.signals >= 0)
		close(tr.signals);
	return rc ? (int)err->exit : tr.status;
}
