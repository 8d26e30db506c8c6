// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The live screen of a run: its figures, and what its keys do to the trace. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run/internal.h"

/*
 * The command owns the terminal, and so do messages of libbpf. Without a terminal that can do it,
 * tables are printed.
 */
bool rp_trace__wants_screen(const struct rp_opts *o)
{
	if (o->batch || o->argv || (o->verbose && isatty(STDERR_FILENO)))
		return false;
	return rp_screen__is_able();
}

/* ---- what keys ask for ------------------------------------------------------------------ */

static int add_regions(void *ctx, const char *glob, size_t *added, struct rp_err *err)
{
	return rp_trace__add_regions(ctx, glob, added, err);
}

static int drop_regions(void *ctx, const uint32_t *regions, size_t n, struct rp_err *err)
{
	return rp_trace__drop_regions(ctx, regions, n, err);
}

/* Figures on the screen begin here. */
static int rebase(struct trace *tr, struct rp_err *err)
{
	struct rp_counts *counts = tr->source.read(tr->source.ctx);

	if (!counts)
		return rp_err__no_memory(err);
	rp_counts__free(tr->base);
	tr->base = counts;
	rp_counts__free(tr->last);
	tr->last = NULL;
	tr->base_cpu = tr->last_cpu = rp_targets__cpu(tr->targets);
	return 0;
}

static int reset(void *ctx, struct rp_err *err)
{
	return rebase(ctx, err);
}

/* What is known of groups from the grouping that the kernel does. */
static bool is_known(enum rp_by by, enum rp_group group)
{
	return by == RP_BY_NONE || by == RP_BY_LABEL || rp_trace__group_of(by) == group;
}

static int group(void *ctx, enum rp_by by, struct rp_err *err)
{
	struct trace *tr = ctx;
	int rc;

	if (!is_known(by, tr->group) && tr->ended)
		return rp_err__set(err, RP_EXIT_FAILED, -ESRCH, NULL,
				   "the target has ended, and was not grouped so");
	if (!is_known(by, tr->group)) {
		rp_session__set_group(tr->session, rp_trace__group_of(by));
		rc = rebase(tr, err);
		if (rc)
			return rc;
		tr->group = rp_trace__group_of(by);
		tr->regrouped = true;
	}
	tr->by = by;
	return 0;
}

/*
 * A plan that asks for what no object has remembers all names, which is what it is made for. The
 * target is looked at when a name is completed for the first time.
 */
static int learn_names(struct trace *tr)
{
	static const char *const functions[] = {"\x01"}, *const usdts[] = {"\x01:\x01"};
	struct rp_plan_opts opts = {
		.functions = functions, .n_functions = 1, .usdts = usdts, .n_usdts = 1};
	struct rp_targets *targets = NULL;
	struct rp_err err;
	int rc;

	if (tr->names)
		return 0;
	rc = rp_plan__new(&opts, &tr->names, &err);
	if (!rc) {
		targets = rp_targets__new(
			&(struct rp_targets_opts){.plan = tr->names, .follow = tr->opts->follow});
		rc = targets ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !rc && i < tr->opts->n_pids; i++)
		rp_targets__add(targets, tr->opts->pids[i], &err);
	rp_targets__free(targets);
	return rc;
}

static size_t complete(void *ctx, const char *text, const char **names, size_t max)
{
	struct trace *tr = ctx;

	return learn_names(tr) ? 0 : rp_plan__complete(tr->names, text, names, max);
}

static const struct rp_source *source(void *ctx, uint32_t region)
{
	struct trace *tr = ctx;

	if (!tr->source_lines)
		tr->source_lines = rp_source_lines__new(tr->plan, tr->targets);
	return tr->source_lines ? rp_source_lines__of(tr->source_lines, region) : NULL;
}

/* ---- the screen ------------------------------------------------------------------------- */

int rp_trace__open_screen(struct trace *tr, struct rp_err *err)
{
	const struct rp_screen_ops ops = {
		.ctx = tr,
		.add = add_regions,
		.drop = drop_regions,
		.group = group,
		.reset = reset,
		.complete = complete,
		.source = source,
	};
	struct rp_screen_opts opts = {
		.ops = &ops,
		.sort = tr->opts->sort,
		.by = tr->by,
		.tree = tr->opts->tree,
		.interval = tr->opts->interval,
	};

	return rp_screen__new(&opts, &tr->screen, err);
}

/* Without it the figures are shown all the same; of a kernel that cannot tell the list says so. */
static void read_open(struct trace *tr, struct rp_snapshot *snapshot)
{
	int rc = rp_trace__read_open(tr, &snapshot->open);
	char line[128];

	if (!rc || rc == -ENOTSUP)
		return;
	snprintf(line, sizeof(line), "open regions cannot be read: %s", strerror(-rc));
	rp_screen__say(tr->screen, line);
}

/* Of now, and of the last interval where that is what is shown. -ENOMEM: none is there. */
static int build(struct trace *tr, const struct rp_counts *counts, uint64_t cpu,
		 struct rp_snapshot **total, struct rp_snapshot **recent)
{
	const struct rp_counts *before = tr->last ? tr->last : tr->base;

	*recent = NULL;
	*total = rp_trace__snapshot(tr, counts, tr->base, cpu - tr->base_cpu);
	if (!*total)
		return -ENOMEM;
	if (rp_screen__is_recent(tr->screen)) {
		*recent = rp_trace__snapshot(tr, counts, before, cpu - tr->last_cpu);
		if (!*recent) {
			rp_snapshot__free(*total);
			return -ENOMEM;
		}
	}
	read_open(tr, *total);
	return 0;
}

int rp_trace__refresh(struct trace *tr)
{
	struct rp_counts *counts = tr->source.read(tr->source.ctx);
	uint64_t cpu = rp_targets__cpu(tr->targets);
	struct rp_snapshot *total, *recent;
	int rc;

	if (!counts)
		return -ENOMEM;
	if (tr->ended)
		counts->time = tr->ended;
	rc = build(tr, counts, cpu, &total, &recent);
	if (rc) {
		rp_counts__free(counts);
		return rc;
	}
	rc = rp_screen__show(tr->screen, total, recent, counts->time, cpu);
	tr->tables++;
	/* A key may ask for figures right behind others: an interval is not cut short by that. */
	if (tr->last && counts->time - tr->last->time < rp_screen__interval(tr->screen) * 1e9 / 2) {
		rp_counts__free(counts);
		return rc;
	}
	rp_counts__free(tr->last);
	tr->last = counts;
	tr->last_cpu = cpu;
	return rc;
}

void rp_trace__end_screen(struct trace *tr)
{
	struct timespec now;

	if (tr->ended)
		return;
	/* Out of memory: those of the last interval stay. */
	if (!rp_screen__is_frozen(tr->screen))
		rp_trace__refresh(tr);
	clock_gettime(CLOCK_MONOTONIC, &now);
	tr->ended = now.tv_sec * 1000000000ull + now.tv_nsec;
	rp_screen__end(tr->screen);
}

void rp_trace__close_screen(struct trace *tr)
{
	rp_screen__free(tr->screen);
	rp_source_lines__free(tr->source_lines);
	tr->screen = NULL;
	tr->source_lines = NULL;
}
