// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The start of a run: the BPF programs are loaded, targets are found and probed, and all is told.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "discover/proc.h"
#include "opts/cure.h"
#include "run/internal.h"
#include "run/selection.h"

/* On the screen, files have their names without the folder. */
static void tell_work(void *ctx, const char *doing, const char *path)
{
	struct rp_run *run = ctx;
	const char *name = strrchr(path, '/');
	char line[160];

	if (!run->screen)
		return;
	snprintf(line, sizeof(line), "%s %s", doing, name ? name + 1 : path);
	rp_live_screen__tell_start(run->screen, line);
}

/* What is traced may be of several who do not trust each other. */
static bool is_shared(const struct rp_opts *o)
{
	return rp_opts__is_system(o) || o->n_pids > 1;
}

static int tell_events(void *ctx)
{
	return rp_run__collect_events(ctx);
}

static void say_unsampled(void *ctx, const char *cause, const char *cure)
{
	rp_run__say(ctx, cause, cure);
}

static int open_sampling(struct rp_run *run, struct rp_err *err)
{
	const struct rp_sampling_opts opts = {
		.session = run->session,
		.plan = run->plan,
		.targets = run->targets,
		.helper = run->helper,
		.hz = run->opts->sample_hz,
		.off_cpu = run->opts->off_cpu > 0,
		.follow = !run->opts->no_follow || rp_opts__is_system(run->opts),
		.is_shared = is_shared(run->opts),
		.tell = tell_events,
		.say = say_unsampled,
		.ctx = run,
	};

	if (!opts.hz && !opts.off_cpu)
		return 0;
	run->sampling = rp_sampling__new(&opts);
	if (!run->sampling)
		return rp_err__no_memory(err);
	run->collect.samples = rp_sampling__store(run->sampling);
	run->collect.sample_hz = opts.hz;
	run->collect.off_cpu = opts.off_cpu;
	return rp_run__record_samples(run, err);
}

static int refuse_stuck(struct rp_err *err)
{
	int rc = rp_err__set(err, RP_EXIT_DENIED, -ENOTSUP, NULL,
			     "this kernel cannot tell which regions are open: it has no iterators "
			     "over tasks");

	return rp_err__line(err, rc, "stuck on-stuck", NULL, NULL);
}

int rp_run__watch_wakers(struct rp_run *run, struct rp_err *err)
{
	int rc = rp_session__watch_wakers(run->session);

	if (!rc)
		return 0;
	if (rc == -ENODATA)
		rp_err__set(
			err, RP_EXIT_DENIED, rc, NULL,
			"who wakes threads cannot be told from what is merely interrupted: this "
			"kernel's BTF does not say where a CPU counts its interrupts");
	else
		rp_err__set(err, RP_EXIT_DENIED, rc, NULL, "who wakes threads cannot be seen: %s",
			    strerror(-rc));
	return rp_err__line(err, rc, "wakers", NULL, NULL);
}

/* The plan tells what of the BPF programs is needed. */
static int open_session(struct rp_run *run, struct rp_session_opts *opts, struct rp_err *err)
{
	int rc = rp_selection__plan(run->opts, &run->features, &run->plan, err);

	if (rc)
		return rc;
	if (run->recording)
		rp_recording__follow(run->recording, run->plan);
	opts->excludes = run->opts->excludes.items;
	opts->n_excludes = (uint32_t)run->opts->excludes.n;
	opts->is_late = rp_signals__is_end_late;
	opts->spans = run->on_screen || rp_plan__may_have_spans(run->plan);
	rc = rp_session__new(opts, &run->session, err);
	if (!rc && run->opts->wakers)
		rc = rp_run__watch_wakers(run, err);
	if (!rc && opts->track_all)
		rc = rp_mappings__new(&run->events.mappings, err);
	return rc;
}

/* Without a session: they are looked at, and nothing is probed. */
static struct rp_targets_opts targets_opts(struct rp_run *run)
{
	return (struct rp_targets_opts){
		.helper = run->helper,
		.follow = !run->opts->no_follow,
		.is_cancelled = rp_run__is_cancelled,
		.on_work = tell_work,
		.ctx = run,
	};
}

static bool may_offer(const struct rp_run *run)
{
	const struct rp_opts *o = run->opts;

	return run->screen && o->n_pids && !o->functions.n && !o->usdts.n && !o->excludes.n &&
	       !o->sample_hz && !o->record;
}

static bool has_no_regions(const struct rp_plan *plan, const struct rp_targets *targets)
{
	struct rp_targets_stats stats;
	size_t n;

	rp_targets__stats(targets, &stats);
	rp_plan__regions(plan, &n);
	return !n && !stats.names;
}

static void sample(struct rp_run *run, const struct rp_err *nothing)
{
	rp_run__say(run, nothing->cause, nothing->cure);
	run->with_samples = *run->opts;
	run->with_samples.sample_hz = RP_AUTO_HZ;
	if (!(run->with_samples.max_overhead > 0))
		run->with_samples.max_overhead = RP_AUTO_OVERHEAD;
	run->opts = &run->with_samples;
	rp_screen__set_budget(rp_live_screen__screen(run->screen), run->opts->max_overhead);
}

/* Before anything is loaded, which differs with samples. What cannot be found out fails later. */
int rp_run__offer_samples(struct rp_run *run, struct rp_err *err)
{
	struct rp_targets_opts opts = targets_opts(run);
	struct rp_targets *targets;
	struct rp_err nothing = {0};
	int rc;

	if (!may_offer(run))
		return 0;
	rc = rp_selection__plan(run->opts, &run->features, &opts.plan, err);
	if (rc)
		return rc;
	targets = rp_targets__new(&opts);
	if (!targets)
		rc = rp_err__no_memory(err);
	else if (!rp_targets__add(targets, run->opts->pids, run->opts->n_pids, run->opts->n_found,
				  &nothing) &&
		 has_no_regions(opts.plan, targets) && !rp_run__is_cancelled())
		rp_selection__nothing(run->opts, opts.plan, targets, &nothing);
	if (nothing.exit == RP_EXIT_NOTHING)
		sample(run, &nothing);
	rp_targets__free(targets);
	rp_plan__free(opts.plan);
	return rc;
}

int rp_run__open(struct rp_run *run, struct rp_err *err)
{
	const struct rp_opts *o = run->opts;
	struct rp_session_opts opts = {
		.group = run->grouping.kernel,
		.follow = !o->no_follow || rp_opts__is_system(o),
		.track_all = rp_opts__is_system(o),
		.max_depth = o->max_depth,
		.max_nodes = o->max_nodes,
		.max_labels = o->max_labels,
		.text_labels = o->label.flags & RP_ARG_TEXT,
		.label_returned = o->label.kind == RP_OPERAND_RET,
		.where = &o->where,
		.within = o->within ? &o->within_pattern : NULL,
		.text_lengths = o->label.length || rp_where__has_lengths(&o->where),
		.max_names = o->max_names,
		.max_spans = o->max_spans,
		.shares = is_shared(o),
		.min_duration = (uint64_t)(o->min_duration * 1e9),
		.links_change = run->on_screen || o->max_overhead > 0,
		.samples = o->sample_hz > 0,
		.sleeps = o->off_cpu,
		.kernel_frames = o->off_cpu > 0,
		.max_wakers = o->wakers || run->on_screen ? o->max_wakers : 0,
		.record_bytes = rp_run__ring_bytes(o),
		.record_every = o->every,
		.verbose = o->verbose,
	};
	struct rp_targets_opts targets = targets_opts(run);
	struct rp_pid_namespace pids;
	int rc = rp_run__pid_namespace(o, &pids, err);

	if (rc)
		return rc;
	opts.pid_namespace = pids.inode;
	targets.others_hidden = pids.inode != 0;
	if (run->screen)
		rp_live_screen__tell_start(run->screen, "loading the BPF programs");
	rp_features__probe(&run->features);
	opts.map_events = run->features.map_tracepoint;
	opts.open_stacks = run->features.task_iterator &&
			   (run->on_screen || o->stuck || o->record || o->stream);
	rc = rp_features__mode(&run->features, o->attach, &opts.mode, err);
	if (!rc && o->stuck && !opts.open_stacks)
		rc = refuse_stuck(err);
	if (!rc)
		rc = open_session(run, &opts, err);
	if (rc)
		return rc;
	run->collect = (struct rp_collect){
		.session = run->session, .plan = run->plan, .costs = &run->cost_meter.costs};
	run->source = rp_collect__source(&run->collect);
	targets.ops = &rp_run__session_ops;
	targets.session = run->session;
	targets.plan = run->plan;
	targets.link_per_site = opts.mode == RP_ATTACH_PERF;
	run->targets = rp_targets__new(&targets);
	run->cgroups = rp_cgroups__new("/proc", NULL);
	return run->targets && run->cgroups ? open_sampling(run, err) : rp_err__no_memory(err);
}

/* A script is traced as the program that runs it, which is seldom what was meant. */
static void tell_of_script(struct rp_run *run, const char *path)
{
	char first[128] = "", line[384];
	FILE *file = fopen(path, "re");

	if (!file)
		return;
	if (fgets(first, sizeof(first), file) && !strncmp(first, "#!", 2)) {
		first[strcspn(first, "\n")] = '\0';
		snprintf(line, sizeof(line),
			 "%s is a script: what is traced is its interpreter,%s%s, and what that "
			 "starts",
			 path, first[2] == ' ' ? "" : " ", first + 2);
		rp_run__say(run, line, NULL);
	}
	fclose(file);
}

/*
 * A --within that no region matches would count nothing: an error. Names made at run time may match
 * later.
 */
static int check_within(const struct rp_run *run, const struct rp_targets_stats *stats,
			struct rp_err *err)
{
	size_t n;
	const struct rp_region *regions = rp_plan__regions(run->plan, &n);
	struct rp_command_line line;
	bool any = !run->opts->within || stats->names;

	for (size_t i = 0; i < n; i++)
		any |= regions[i].within;
	if (any)
		return 0;
	return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT,
			   rp_cure__of_target(run->opts, "list", &line),
			   "--within: no region that is selected, as by -f, is called '%s'",
			   run->opts->within);
}

static void say_all_the_same(struct rp_run *run, const struct rp_err *nothing)
{
	char line[sizeof(nothing->cause) + 64];

	snprintf(line, sizeof(line), "%s (the command runs all the same)", nothing->cause);
	rp_run__say(run, line, nothing->cure);
}

bool rp_run__may_do_without_regions(const struct rp_run *run)
{
	return run->opts->sample_hz && !run->events.mappings && rp_plan__is_default(run->plan);
}

int rp_run__attach(struct rp_run *run, const char *command, struct rp_err *err)
{
	struct rp_targets_stats stats;
	struct rp_err nothing;
	char left[512];
	int rc = 0;

	if (run->launch)
		tell_of_script(run, command);
	if (run->launch)
		rc = rp_targets__add_command(run->targets, rp_launch__pid(run->launch), command,
					     err);
	if (!rc)
		rc = rp_targets__add(run->targets, run->opts->pids, run->opts->n_pids,
				     run->opts->n_found, err);
	if (!rc)
		rc = rp_targets__add_named(run->targets, err);
	if (!rc && run->events.mappings)
		rc = rp_targets__add_system(run->targets, err);
	run->cut_short = rp_run__is_cancelled();
	if (run->cut_short)
		rp_run__say(run, "interrupted before all that was selected was found", NULL);
	if (!rc && !run->cut_short && run->sampling)
		rc = rp_sampling__start(run->sampling, err);
	if (rc || run->cut_short)
		return run->cut_short ? 0 : rc;
	if (rp_selection__left(run->targets, left, sizeof(left)))
		rp_run__say(run, left, NULL);
	rp_targets__stats(run->targets, &stats);
	if (!stats.sites && !(rp_run__may_do_without_regions(run) && !stats.denied)) {
		rc = rp_selection__nothing(run->opts, run->plan, run->targets, &nothing);
		/* A file that is there has nothing more to offer later. */
		if (!run->launch && (!run->events.mappings || rp_plan__object_path(run->plan, 0))) {
			*err = nothing;
			return rc;
		}
		/* What is started may match yet. */
		if (run->launch)
			say_all_the_same(run, &nothing);
		return 0;
	}
	rc = check_within(run, &stats, &nothing);
	if (rc && !run->launch && !run->events.mappings) {
		*err = nothing;
		return rc;
	}
	if (rc)
		rp_run__say(run, nothing.cause, nothing.cure);
	return 0;
}

static void say_waiting(struct rp_run *run)
{
	struct rp_err nothing;
	char line[sizeof(nothing.cause) + sizeof(run->description.target) + 64];

	rp_selection__nothing(run->opts, run->plan, run->targets, &nothing);
	snprintf(line, sizeof(line), "tracing %s: waiting, as %s so far", run->description.target,
		 nothing.cause);
	rp_run__say(run, line, nothing.cure);
}

/* Reports what was asked for but is not measured. */
static void say_left(struct rp_run *run, const struct rp_targets_stats *stats)
{
	const char *unmatched = rp_plan__unmatched(run->plan);
	const struct rp_refusal *refusals;
	struct rp_command_line cure;
	char line[512];
	size_t n;

	refusals = rp_plan__refusals(run->plan, &n);
	if (n) {
		snprintf(line, sizeof(line), "%zu selected, but not traced: %s: %s%s", n,
			 refusals[0].name, refusals[0].reason, n > 1 ? " ..." : "");
		rp_run__say(run, line, rp_cure__list(run->opts, &cure));
	}
	/* If nothing at all matches, rp_selection__nothing() reports it. */
	if (unmatched && stats->sites && !run->events.mappings) {
		snprintf(line, sizeof(line), "nothing in the target matches '%s'%s", unmatched,
			 run->launch ? " so far" : "");
		rp_run__say(run, line, rp_cure__of_target(run->opts, "list", &cure));
	}
	if (stats->refused) {
		snprintf(line, sizeof(line),
			 stats->refused == 1
				 ? "%zu site was refused by the kernel: its region is not measured"
				 : "%zu sites were refused by the kernel: their regions are not "
				   "measured",
			 stats->refused);
		rp_run__say(run, line, rp_cure__with(run->opts, "--verbose", NULL, &cure));
	}
	if (stats->moved) {
		snprintf(line, sizeof(line),
			 "%zu site%s not in the code that runs, and never hit: the program has "
			 "moved or copied it (to huge pages?), or mapped it MAP_SHARED: start it "
			 "without that, as node --use-largepages=off",
			 stats->moved, stats->moved == 1 ? " is" : "s are");
		rp_run__say(run, line, NULL);
	}
}

/* Views of samples that a record does not keep are told before the run, not missed after it. */
static void say_not_recorded(struct rp_run *run)
{
	const struct rp_opts *o = run->opts;
	char line[160];

	if (!run->recording || !(o->off_cpu || o->wakers))
		return;
	snprintf(line, sizeof(line), "%s%s%s: this run shows that, but the %s will not have it",
		 o->off_cpu ? "--off-cpu" : "", o->off_cpu && o->wakers ? ", " : "",
		 o->wakers ? "--wakers" : "", o->record ? "record" : "stream");
	rp_run__say(run, line, NULL);
}

void rp_run__say_started(struct rp_run *run)
{
	struct rp_targets_stats stats;
	char line[512];
	size_t n;

	say_not_recorded(run);
	rp_targets__stats(run->targets, &stats);
	if (run->events.mappings && !stats.sites) {
		say_waiting(run);
		return;
	}
	say_left(run, &stats);
	if (!stats.sites && rp_run__may_do_without_regions(run)) {
		snprintf(line, sizeof(line), "tracing %s, which has no regions: samples at %u Hz",
			 run->description.target, run->opts->sample_hz);
		rp_run__say(run, line, NULL);
		return;
	}
	if (!stats.sites && run->launch)
		return; /* that is told */
	rp_plan__regions(run->plan, &n);
	snprintf(line, sizeof(line), "tracing %zu region%s%s at %zu site%s in %s", n,
		 n == 1 ? "" : "s", stats.names ? " and those named at run time" : "", stats.sites,
		 stats.sites == 1 ? "" : "s", run->description.target);
	rp_run__say(run, line, NULL);
}

/* Sleeping threads are in the kernel, of which less can be said then. */
void rp_run__tell_of_hidden_kernel(struct rp_run *run)
{
	if (run->sampling && rp_sampling__is_kernel_hidden(run->sampling))
		run->say("--off-cpu: where threads sleep in the kernel is left out, as "
			 "/proc/kallsyms has no addresses",
			 "sudo sysctl kernel.kptr_restrict=1");
}

void rp_run__warn_of_traps(struct rp_run *run)
{
	struct rp_targets_stats stats;
	char line[256];

	rp_targets__stats(run->targets, &stats);
	if (!stats.trapped)
		return;
	snprintf(line, sizeof(line),
		 "%zu traced process%s ended by SIGTRAP: a program that copies or moves its own "
		 "code, to huge pages say, takes the breakpoints of probes with it: start it "
		 "without that, as node --use-largepages=off",
		 stats.trapped, stats.trapped == 1 ? "" : "es");
	run->say(line, NULL);
}

/* What a debugger finds where it sets a breakpoint, it puts back when it takes that away. */
void rp_run__warn_of_debugger(struct rp_run *run)
{
	char comm[64] = "?", line[384];
	pid_t debugger, pid = rp_targets__debugged(run->targets, &debugger);

	if (!pid)
		return;
	rp_proc__comm("/proc", debugger, comm, sizeof(comm));
	snprintf(line, sizeof(line),
		 "process %d has a debugger, %d (%s): breakpoints that it has set on traced "
		 "functions meanwhile may leave those of rptrace behind: delete them in the "
		 "debugger before the process goes on, or it ends by SIGTRAP",
		 (int)pid, (int)debugger, comm);
	run->say(line, NULL);
}
