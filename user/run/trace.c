// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/internal.h"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * Before anything is attached, so that a summary that cannot be written costs nobody a run. The
 * file is never followed through a link somebody left there.
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

/* ---- the run ---------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct rp_event *event)
{
	struct trace *tr = ctx;

	if (event->header.type == RP_EVENT_CGROUP)
		rp_cgroups__note(tr->cgroups, event->pid);
	else
		rp_targets__on_event(tr->targets, event);
}

static void on_mapping(void *ctx, pid_t pid, const struct rp_mapped *mapped)
{
	struct trace *tr = ctx;

	rp_targets__on_mapping(tr->targets, pid, mapped);
}

/*
 * A machine that starts programs all the time wakes us no more often than this, which is also how
 * long a new one may run without its probes.
 */
#define REST_NS 2000000

static void drain_mappings(struct trace *tr)
{
	uint64_t lost;
	bool missed;

	if (!tr->mappings || now_ns() < tr->rested)
		return;
	lost = rp_mappings__drain(tr->mappings, on_mapping, tr, &missed);
	while (lost--)
		rp_session__count_lost(tr->session, RP_LOST_EVENTS);
	if (missed)
		rp_targets__missed_mappings(tr->targets);
	tr->rested = now_ns() + REST_NS;
}

/* The whole system has no end. */
static bool is_over(struct trace *tr)
{
	struct rp_targets_stats stats;

	if (tr->mappings)
		return false;
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

/* Stop as anybody would, but with the terminal as it was. */
static void stop_for_now(struct trace *tr)
{
	rp_screen__suspend(tr->screen);
	kill(getpid(), SIGSTOP);
	rp_screen__resume(tr->screen);
}

/*
 * A signal ends the run. One that was sent to rptrace alone (not by the terminal, which the command
 * hears too) is passed on to the command. false: a child has ended, or it was for the screen.
 */
static bool take_signal(struct trace *tr)
{
	struct signalfd_siginfo info;

	if (read(tr->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	switch (info.ssi_signo) {
	case SIGCHLD:
		if (tr->on_stuck)
			rp_on_stuck__reap(tr->on_stuck);
		return false;
	case SIGWINCH:
		if (tr->screen)
			rp_screen__resize(tr->screen);
		return false;
	case SIGCONT:
		if (tr->screen)
			rp_screen__resume(tr->screen);
		return false;
	case SIGTSTP:
		if (tr->screen)
			stop_for_now(tr);
		return false;
	}
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

#define STEP_MIN_NS 1000000
/* The first picture on the screen has next to nothing in it: the second comes no later. */
#define SECOND_PICTURE_NS 1000000000

static uint64_t step_of(const struct trace *tr)
{
	double s = tr->screen ? rp_screen__interval(tr->screen) : tr->opts->interval;

	return s * 1e9 > STEP_MIN_NS ? (uint64_t)(s * 1e9) : STEP_MIN_NS;
}

/* Show the figures of now; a screen that is frozen takes new ones only where a key asks for them.
 */
static int show(struct trace *tr, bool asked)
{
	struct rp_open_regions *open = NULL;
	int rc;

	rp_targets__reap(tr->targets);
	if (tr->screen && (asked || !rp_screen__is_frozen(tr->screen)))
		return rp_trace__refresh(tr);
	if (!tr->screen && rp_trace__shows_tables(tr->opts))
		return rp_trace__print_table(tr);
	rc = tr->on_stuck ? rp_trace__read_open(tr, &open) : 0;
	rp_open_regions__free(open);
	return rc;
}

/* On the screen what was found stays, for as long as the user likes. */
static bool is_finished(struct trace *tr)
{
	if (tr->opts->iterations && tr->tables >= tr->opts->iterations)
		return true;
	if (command_ended(tr))
		return true;
	if (!is_over(tr))
		return false;
	if (!tr->screen)
		return true;
	rp_trace__end_screen(tr);
	return false;
}

static void await_mappings(const struct trace *tr, struct pollfd *fd, int *timeout)
{
	uint64_t now = now_ns();

	if (!tr->mappings)
		return;
	fd->fd = now < tr->rested ? -1 : rp_mappings__fd(tr->mappings);
	if (now < tr->rested)
		shorten(timeout, until(tr->rested, now));
}

static int watch(struct trace *tr)
{
	uint64_t step = step_of(tr), next = tr->began + (tr->screen ? 0 : step);
	uint64_t second = tr->began + SECOND_PICTURE_NS;
	uint64_t end = tr->opts->duration ? tr->began + (uint64_t)(tr->opts->duration * 1e9)
					  : UINT64_MAX;
	enum rp_screen_want want = RP_SCREEN_GO_ON;
	struct pollfd fds[] = {
		{.fd = tr->signals, .events = POLLIN},
		{.fd = rp_session__event_fd(tr->session), .events = POLLIN},
		{.fd = tr->screen ? STDIN_FILENO : -1, .events = POLLIN},
		{.fd = rp_targets__fd(tr->targets), .events = POLLIN},
		{.fd = -1, .events = POLLIN},
	};

	for (;;) {
		uint64_t now = now_ns();
		int timeout = -1, rc;

		drain_mappings(tr);
		rp_calibration__update(tr->calibration, now, &tr->costs);
		rc = rp_collect_events(tr->session, on_event, tr);
		if (rc)
			return rc;
		shorten(&timeout, rp_targets__rescan(tr->targets));
		if (tr->opts->max_overhead > 0) {
			rc = now >= tr->check ? rp_trace__limit_overhead(tr, now) : 0;
			if (rc)
				return rc;
			shorten(&timeout, until(tr->check, now));
		}
		if (now >= next || want == RP_SCREEN_REFRESH) {
			rc = show(tr, want == RP_SCREEN_REFRESH);
			if (rc)
				return rc;
			step = step_of(tr);
			next = now >= next ? next + step * ((now - next) / step + 1) : now + step;
			if (tr->screen && now < second && next > second)
				next = second;
		}
		if (now >= end || is_finished(tr))
			return 0;
		shorten(&timeout, until(next, now));
		shorten(&timeout, tr->opts->duration ? until(end, now) : -1);
		await_mappings(tr, &fds[4], &timeout);
		if (poll(fds, 5, timeout) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents && take_signal(tr))
			return 0;
		want = fds[2].revents ? rp_screen__input(tr->screen) : RP_SCREEN_GO_ON;
		if (want == RP_SCREEN_QUIT || fds[2].revents & (POLLERR | POLLHUP | POLLNVAL))
			return 0;
	}
}

static int block_signals(struct trace *tr, struct rp_err *err)
{
	static const int always[] = {SIGINT, SIGTERM, SIGCHLD};
	static const int on_screen[] = {SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		sigaddset(&set, always[i]);
	for (size_t i = 0; tr->on_screen && i < sizeof(on_screen) / sizeof(on_screen[0]); i++)
		sigaddset(&set, on_screen[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tr->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return tr->signals >= 0 ? 0
				: rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "signalfd: %s",
					      strerror(errno));
}

enum rp_group rp_trace__group_of(enum rp_by by)
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
		.group = rp_trace__group_of(o->by),
		.follow = o->follow || rp_opts__is_system(o),
		.track_all = rp_opts__is_system(o),
		.max_depth = o->max_depth,
		.max_nodes = o->max_nodes,
		.max_labels = o->max_labels,
		.text_labels = o->label.flags & RP_ARG_TEXT,
		.label_returned = o->label.kind == RP_OPERAND_RET,
		.where = &o->where.filter,
		.max_names = o->max_names,
		.max_spans = o->max_spans,
		.min_duration = (uint64_t)(o->min_duration * 1e9),
		.links_change = tr->on_screen || o->max_overhead > 0,
		.spans = tr->on_screen || o->n_usdts || !o->n_functions,
		.verbose = o->verbose,
	};
	struct rp_targets_opts targets = {.ops = &rp_trace__session_ops, .follow = o->follow};
	int rc;

	rp_features__probe(&tr->features);
	opts.map_events = tr->features.map_tracepoint;
	opts.open_stacks = tr->features.task_iterator && (tr->on_screen || o->stuck);
	rc = rp_features__mode(&tr->features, o->attach, &opts.mode, err);
	if (!rc && o->stuck && !opts.open_stacks)
		rc = rp_err__set(err, RP_EXIT_DENIED, -ENOTSUP, "leave --stuck out",
				 "this kernel cannot tell which regions are open: it has no "
				 "iterators over tasks");
	if (!rc)
		rc = rp_trace__plan(o, &tr->features, &tr->plan, err);
	if (!rc)
		rc = rp_session__new(&opts, &tr->session, err);
	if (!rc && opts.track_all)
		rc = rp_mappings__new(&tr->mappings, err);
	if (rc)
		return rc;
	targets.session = tr->session;
	targets.plan = tr->plan;
	targets.link_per_site = opts.mode == RP_ATTACH_PERF;
	tr->targets = rp_targets__new(&targets);
	tr->cgroups = rp_cgroups__new("/proc", NULL);
	return tr->targets && tr->cgroups ? 0 : rp_err__no_memory(err);
}

static int attach(struct trace *tr, const char *command, struct rp_err *err)
{
	struct rp_targets_stats stats;
	int rc = 0;

	if (tr->launch)
		rc = rp_targets__add_command(tr->targets, rp_launch__pid(tr->launch), command, err);
	for (size_t i = 0; !rc && i < tr->opts->n_pids; i++)
		rc = rp_targets__add(tr->targets, tr->opts->pids[i], err);
	if (!rc)
		rc = rp_targets__add_named(tr->targets, err);
	if (!rc && tr->mappings)
		rc = rp_targets__add_system(tr->targets, err);
	if (rc)
		return rc;
	rp_targets__stats(tr->targets, &stats);
	if (!stats.sites) {
		struct rp_err nothing;

		rc = rp_trace__nothing(tr->opts, tr->plan, &stats, &nothing);
		/* A file that is there has nothing more to offer later. */
		if (!tr->launch && (!tr->mappings || rp_plan__object_path(tr->plan, 0))) {
			*err = nothing;
			return rc;
		}
		/* What is started may match yet. */
		if (tr->launch)
			tr->say(nothing.cause, nothing.cure);
	}
	return 0;
}

static void say_waiting(struct trace *tr, const struct rp_targets_stats *stats)
{
	struct rp_err nothing;
	char line[sizeof(nothing.cause) + sizeof(tr->target) + 64];

	rp_trace__nothing(tr->opts, tr->plan, stats, &nothing);
	snprintf(line, sizeof(line), "tracing %s: waiting, as %s so far", tr->target,
		 nothing.cause);
	tr->say(line, nothing.cure);
}

static void say_started(struct trace *tr)
{
	struct rp_targets_stats stats;
	const struct rp_refusal *refusals;
	size_t n_regions, n_refusals;
	char line[512];

	rp_targets__stats(tr->targets, &stats);
	if (tr->mappings && !stats.sites) {
		say_waiting(tr, &stats);
		return;
	}
	rp_plan__regions(tr->plan, &n_regions);
	refusals = rp_plan__refusals(tr->plan, &n_refusals);
	if (n_refusals) {
		snprintf(line, sizeof(line), "%zu selected, but not traced: %s: %s%s", n_refusals,
			 refusals[0].name, refusals[0].reason, n_refusals > 1 ? " ..." : "");
		tr->say(line, n_refusals > 1 ? "rptrace list shows them all" : NULL);
	}
	if (stats.refused) {
		snprintf(line, sizeof(line),
			 "%zu sites were refused by the kernel: their regions are not measured",
			 stats.refused);
		tr->say(line, "another tracer may be on them; -v shows what the kernel says");
	}
	snprintf(line, sizeof(line), "tracing %zu region%s%s at %zu site%s in %s", n_regions,
		 n_regions == 1 ? "" : "s", stats.names ? " and those named at run time" : "",
		 stats.sites, stats.sites == 1 ? "" : "s", tr->target);
	tr->say(line, NULL);
}

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What a debugger finds where it sets a breakpoint, it puts back when it takes that away. */
static void warn_of_debugger(struct trace *tr)
{
	char comm[64] = "?", line[256];
	pid_t debugger, pid = rp_targets__debugged(tr->targets, &debugger);

	if (!pid)
		return;
	rp_proc__comm("/proc", debugger, comm, sizeof(comm));
	snprintf(line, sizeof(line),
		 "process %d has a debugger, %d (%s): breakpoints that it has set on traced "
		 "functions meanwhile may leave those of rptrace behind",
		 (int)pid, (int)debugger, comm);
	tr->say(line,
		"delete such breakpoints before the process goes on: it would end by SIGTRAP");
}

static int finish(struct trace *tr, struct rp_err *err)
{
	struct rp_targets_stats stats;
	size_t n_sites;
	int rc;

	rp_collect_events(tr->session, on_event, tr);
	rp_session__deactivate(tr->session);
	rc = rp_trace__print_summary(tr, err);
	rp_targets__stats(tr->targets, &stats);
	rp_plan__sites(tr->plan, &n_sites);
	warn_of_debugger(tr);
	/* The command goes on unharmed and untraced, if it has not ended. */
	unblock_signals(); /* from here on they end rptrace, whatever the command does */
	rp_targets__free(tr->targets);
	tr->targets = NULL;
	if (tr->launch)
		tr->status = rp_launch__wait(tr->launch);
	if (!rc && !(tr->mappings ? stats.came : n_sites > 0))
		rc = rp_err__set(err, RP_EXIT_NOTHING, -ENOENT, NULL,
				 "nothing was traced: what was selected never appeared");
	return rc;
}

static int prepare_on_stuck(struct trace *tr, struct rp_err *err)
{
	struct rp_on_stuck_opts opts = {.command = tr->opts->on_stuck,
					.max = tr->opts->max_on_stuck,
					.quiet = tr->on_screen};

	if (opts.command)
		tr->on_stuck = rp_on_stuck__new(&opts);
	return opts.command && !tr->on_stuck ? rp_err__no_memory(err) : 0;
}

static int run(struct trace *tr, struct rp_err *err)
{
	const char *command = NULL;
	int rc = 0;

	rc = rp_trace__check(tr->opts, err);
	if (!rc)
		rc = open_output(tr, err);
	if (!rc)
		rc = prepare_on_stuck(tr, err);
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
	rp_trace__describe(tr);
	tr->began = now_ns();
	tr->collect = (struct rp_collect){
		.session = tr->session, .plan = tr->plan, .costs = &tr->costs};
	tr->source = rp_collect__source(&tr->collect);
	rp_session__activate(tr->session);
	say_started(tr);
	if (tr->launch)
		rc = rp_launch__release(tr->launch, err);
	if (rc)
		return rc;
	/* Behind the start, which it need not delay; without it the costs are not known, no more.
	 */
	rp_calibration__new(tr->session, &tr->calibration, &tr->costs, NULL);
	if (tr->on_screen)
		rc = rp_trace__open_screen(tr, err);
	if (rc)
		return rc;
	rc = watch(tr);
	rp_trace__close_screen(tr);
	if (rc) {
		/* What was measured so far is shown all the same. */
		finish(tr, NULL);
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "tracing stopped: %s",
				   strerror(-rc));
	}
	return finish(tr, err);
}

int rp_trace__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	struct trace tr = {
		.opts = opts,
		.say = say,
		.signals = -1,
		.by = opts->by,
		.group = rp_trace__group_of(opts->by),
		.on_screen = rp_trace__wants_screen(opts),
	};
	int rc = run(&tr, err);

	rp_trace__close_screen(&tr);
	rp_targets__free(tr.targets);
	rp_cgroups__free(tr.cgroups);
	rp_mappings__free(tr.mappings);
	rp_calibration__free(tr.calibration);
	rp_session__free(tr.session);
	rp_plan__free(tr.plan);
	rp_plan__free(tr.names);
	rp_counts__free(tr.last);
	rp_counts__free(tr.base);
	rp_counts__free(tr.checked);
	rp_launch__free(tr.launch);
	rp_on_stuck__free(tr.on_stuck);
	if (tr.out)
		fclose(tr.out);
	if (tr.signals >= 0)
		close(tr.signals);
	return rc ? (int)err->exit : tr.status;
}
