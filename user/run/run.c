// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A run in phases: what needs no kernel is checked, the programs are loaded, targets are probed,
 * the trace is activated, a command is let go; then the loop goes round until the run is over; then
 * the summary, and only then the probes are taken away, which may take long.
 */
#include "run/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/internal.h"
#include "run/opt_in.h"
#include "run/output.h"
#include "run/selection.h"
#include "run/startup.h"
#include "sample/sampler.h"
#include "screen/terminal.h"
#include "util/clock.h"
#include "util/cpu_time.h"

void rp_run__say(struct rp_run *run, const char *line, const char *cure)
{
	if (run->screen)
		rp_live_screen__say(run->screen, line, cure);
	else
		run->say(line, cure);
}

static int prepare_on_stuck(struct rp_run *run, struct rp_err *err)
{
	struct rp_on_stuck_opts opts = {.command = run->opts->on_stuck,
					.max = run->opts->max_on_stuck,
					.limits = &run->limits,
					.keep = run->on_screen};

	if (opts.command)
		run->on_stuck = rp_on_stuck__new(&opts);
	return opts.command && !run->on_stuck ? rp_err__no_memory(err) : 0;
}

/* Programs are loaded and verified and all is attached while it is there already, which takes a
 * while for many functions, or on a busy machine. */
static int open_screen(struct rp_run *run, struct rp_err *err)
{
	rp_description__fill(&run->description, run->opts, NULL);
	return rp_run__open_screen(run, err);
}

/* There is no way back to what is being done, and to what was counted. */
static void end_unheard(void *ctx)
{
	const struct rp_run *run = ctx;

	if (run->on_screen)
		rp_terminal__close();
	run->say("ended without its figures: a process keeps the kernel from its memory",
		 "grep '^State:.*D' /proc/[0-9]*/task/*/status");
	/* A worker that stays behind has them open, too, and somebody may wait for their end. */
	close_range(STDIN_FILENO, STDERR_FILENO, 0);
	_exit(RP_EXIT_FAILED);
}

static uint64_t waited_for_cpus(void *ctx)
{
	const struct rp_run *run = ctx;

	return rp_cpu_time__waited(getpid()) + rp_cpu_time__waited(rp_helper__pid(run->helper)) +
	       rp_sampler__waited_for_cpus();
}

static int start(struct rp_run *run, struct rp_err *err)
{
	struct rp_launch_opts launch = {.argv = run->opts->argv, .limits = &run->limits};
	const struct rp_signals_opts signals = {
		.on_screen = run->on_screen,
		.on_unheard = end_unheard,
		.waited = waited_for_cpus,
		.ctx = run,
	};
	const char *command = NULL;
	struct rp_user user;
	int rc = rp_selection__check(run->opts, err);

	if (!rc && run->opts->user)
		rc = rp_user__find(run->opts->user, &user, err);
	/* Before anything is attached: a summary that cannot be written costs nobody a run. */
	if (!rc)
		rc = rp_output__open(run->opts->output, &run->out, err);
	if (!rc)
		rc = rp_run__open_record(run, err);
	if (!rc)
		rc = prepare_on_stuck(run, err);
	/* Before there is much to copy, and before there are threads, whose locks a fork may copy
	   as they are, for good; it begins while the programs are loaded. */
	if (!rc)
		run->helper = rp_helper__new(rp_run__is_cancelled);
	if (!rc && !run->helper)
		rc = rp_err__no_memory(err);
	if (!rc)
		rc = rp_signals__new(&signals, &run->signals, err);
	if (!rc && launch.argv) {
		launch.mask = rp_signals__inherited(run->signals);
		launch.user = run->opts->user ? &user : NULL;
		rc = rp_launch__new(&launch, &run->launch, &command, err);
	}
	if (!rc && run->on_screen)
		rc = open_screen(run, err);
	if (!rc)
		rc = rp_run__offer_samples(run, err);
	if (!rc)
		rc = rp_run__open(run, err);
	if (!rc)
		rc = rp_run__attach(run, command, err);
	return rc;
}

static void look_at_command(void *ctx, pid_t pid)
{
	rp_sampling__look_at_command(ctx, pid);
}

static int release(struct rp_run *run, struct rp_err *err)
{
	pid_t pid = rp_launch__pid(run->launch);
	bool is_followed = run->sampling && rp_startup__seize(pid);
	int rc = rp_launch__release(run->launch, err);

	if (!rc && is_followed)
		rp_startup__follow(pid, look_at_command, run->sampling);
	return rc;
}

static int activate(struct rp_run *run, struct rp_err *err)
{
	int rc;

	rp_description__fill(&run->description, run->opts,
			     rp_attach_mode__name(rp_session__mode(run->session)));
	run->began = rp_clock__now();
	run->began_wall = rp_clock__wall();
	rc = rp_run__start_record(run, err);
	if (rc)
		return rc;
	rp_targets__begin_cpu(run->targets);
	rp_session__activate(run->session);
	/* The loop is about to take the signal, which a command then has without having begun. */
	if (run->cut_short)
		return 0;
	rp_run__say_started(run);
	rc = run->launch ? release(run, err) : 0;
	/* Behind the start, which it need not delay. */
	if (!rc)
		rp_run__start_costs(run);
	return rc;
}

/* ---- while it runs --------------------------------------------------------------------------- */

/* Without --last the signal was meant for another run: by default it would end this one. */
static void dump_record(struct rp_run *run)
{
	if (run->opts->last > 0)
		rp_recording__dump(run->recording, false);
	else
		rp_run__say(run, "SIGUSR1 writes a record with --last T alone", NULL);
}

static int on_signals(void *ctx)
{
	struct rp_run *run = ctx;
	struct signalfd_siginfo info;

	while (rp_signals__take(run->signals, &info)) {
		int signal = (int)info.ssi_signo;

		if (signal == SIGCHLD && run->on_stuck)
			rp_on_stuck__reap(run->on_stuck);
		if (signal == SIGUSR1)
			dump_record(run);
		if (run->screen)
			rp_screen__signal(rp_live_screen__screen(run->screen), signal);
		if (run->launch && rp_signals__is_for_command(&info))
			kill(rp_launch__pid(run->launch), signal);
		if (rp_signals__is_end(signal))
			rp_loop__stop(run->loop);
	}
	return 0;
}

static int watch_signals(struct rp_run *run)
{
	return rp_loop__watch(run->loop, rp_signals__fd(run->signals), on_signals, run, NULL);
}

/* Signals come first: whatever else there is to do does not hold them up. */
static int watch(struct rp_run *run, struct rp_err *err)
{
	int rc = rp_loop__new(NULL, &run->loop);

	if (!rc)
		rc = watch_signals(run);
	if (!rc)
		rc = rp_run__watch_events(run);
	if (!rc)
		rc = rp_run__watch_screen(run, err);
	if (!rc)
		rc = rp_run__watch_costs(run);
	if (!rc)
		rc = rp_run__watch_overhead(run);
	if (!rc)
		rc = rp_run__watch_auto(run);
	if (!rc)
		rc = rp_run__watch_record(run);
	if (!rc)
		rc = rp_run__watch_refresh(run);
	/* What is read from here on are names of samples, and programs that have just begun. */
	rp_helper__stop_when(run->helper, rp_run__is_late);
	if (!rc)
		rc = rp_loop__run(run->loop);
	rp_run__close_screen(run);
	if (rc && !err->cause[0])
		rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "tracing stopped: %s", strerror(-rc));
	return rc;
}

/* ---- the end --------------------------------------------------------------------------------- */

static int check_something_was_traced(struct rp_run *run, struct rp_err *err)
{
	struct rp_targets_stats stats;
	size_t n_sites;

	rp_targets__stats(run->targets, &stats);
	rp_plan__sites(run->plan, &n_sites);
	if (run->cut_short || (run->events.mappings ? stats.came : n_sites > 0) ||
	    rp_run__may_do_without_regions(run))
		return 0;
	return rp_err__set(
		err, RP_EXIT_NOTHING, -ENOENT, NULL,
		"nothing was traced: what was selected never appeared, or had gone before "
		"it could be probed");
}

/*
 * Probes of an interpreter that has to be told to hit them (opt_in.h) show 0: say why, once. In
 * that much CPU time one that hits them has done so.
 */
#define SILENT_CPU_NS RP_NS_PER_S

void rp_run__tell_of_silent_probes(struct rp_run *run, bool ends)
{
	struct rp_counts *counts;
	const char *silent;

	if (!ends && (run->silent_looked || rp_targets__cpu(run->targets) < SILENT_CPU_NS))
		return;
	run->silent_looked = true;
	counts = run->source.read(run->source.ctx);
	for (size_t i = 0; counts && i < rp_opt_in__kinds; i++) {
		silent = run->silent_told & 1u << i ? NULL : rp_opt_in__silent(i, counts);
		if (!silent)
			continue;
		run->silent_told |= 1u << i;
		rp_run__say(run, silent, NULL);
	}
	rp_counts__free(counts);
}

/* err may be NULL: something else has failed before. */
static int finish(struct rp_run *run, struct rp_err *err)
{
	int rc, recorded;

	/* Programs that came and went since the last look are late, too: all are counted. */
	rp_helper__stop_when(run->helper, rp_run__is_cancelled);
	rp_run__drain_all(run);
	rp_session__deactivate(run->session);
	/* What is left to be read are names. */
	rp_helper__stop_when(run->helper, rp_run__is_late);
	rp_run__end_progress(run);
	rc = rp_run__print_summary(run, err);
	/* A record may be a while in coming to the disk, and its thread is waited for. */
	rp_signals__unwatch(run->signals);
	recorded = rp_run__finish_record(run, rc ? NULL : err);
	if (!rc)
		rc = recorded;
	if (!rc)
		rc = check_something_was_traced(run, err);
	rp_run__tell_lost(run);
	rp_run__warn_of_debugger(run);
	rp_run__warn_of_traps(run);
	rp_run__tell_of_hidden_kernel(run);
	rp_run__tell_of_silent_probes(run, true);
	rp_run__tell_of_short_auto(run);
	/* From here on they end rptrace, whatever the command does. */
	rp_signals__free(run->signals);
	run->signals = NULL;
	/* The command goes on unharmed and untraced, if it has not ended. */
	rp_targets__free(run->targets);
	run->targets = NULL;
	if (run->launch)
		run->status = rp_launch__wait(run->launch);
	return rc;
}

static void free_run(struct rp_run *run)
{
	struct signalfd_siginfo late;

	rp_run__close_screen(run);
	rp_loop__free(run->loop);
	rp_targets__free(run->targets);
	rp_sampling__free(run->sampling);
	rp_cgroups__free(run->cgroups);
	rp_mappings__free(run->events.mappings);
	rp_run__end_costs(run);
	rp_recording__free(run->recording);
	rp_session__free(run->session);
	rp_plan__free(run->plan);
	rp_counts__free(run->table_before.counts);
	rp_counts__free(run->last.counts);
	rp_counts__free(run->overhead.budget.before.counts);
	rp_launch__free(run->launch);
	rp_on_stuck__free(run->on_stuck);
	if (run->out)
		fclose(run->out);
	/* One that nobody has heard would end rptrace before it has told why the run has failed. */
	while (run->signals && rp_signals__take(run->signals, &late))
		;
	rp_signals__free(run->signals);
	rp_helper__free(run->helper); /* until here they ask how long it has waited */
	rp_setup_file__free(run->setup);
}

/* The grouping is needed before the screen is. */
static void take_setup(struct rp_run *run)
{
	run->setup = rp_setup_file__open(run->opts);
	if (!run->setup || run->opts->by != RP_BY_NONE)
		return;
	run->grouping.by = rp_setup__by(rp_setup_file__setup(run->setup));
	run->grouping.kernel = rp_grouping__of(run->grouping.by);
}

int rp_run__live(const struct rp_opts *opts, const struct rp_baseline *baseline, rp_say_fn say,
		 int *status, struct rp_err *err)
{
	struct rp_run run = {
		.opts = opts,
		.baseline = baseline,
		.say = say,
		.grouping = {.by = opts->by, .kernel = rp_grouping__of(opts->by)},
		.on_screen = rp_run__wants_screen(opts),
	};
	int rc;

	if (run.on_screen)
		take_setup(&run);
	rp_limits__raise(&run.limits);
	rc = start(&run, err);
	if (!rc)
		rc = activate(&run, err);
	if (!rc) {
		rc = watch(&run, err);
		/* What was measured so far is shown all the same. */
		if (rc)
			finish(&run, NULL);
		else
			rc = finish(&run, err);
	}
	free_run(&run);
	*status = run.status;
	return rc;
}
