// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * --max-overhead: what the budget's verdict does to the trace, and what is said of it. What a
 * region costs is not known before it is traced. So the first period with it is short: as soon as
 * it tells anything, what costs too much is left out.
 */
#include <math.h>
#include <stdio.h>

#include "run/internal.h"
#include "util/clock.h"

#define PERIOD_NS     RP_NS_PER_S
#define TRIAL_NS      (RP_NS_PER_S / 10)

#define KEPT_FOR_SURE 1.25 /* what is asked for, of what was measured: calls come unevenly */

static void say_left_out(struct rp_run *run, const struct rp_verdict *verdict)
{
	char line[512];
	size_t at;

	at = (size_t)snprintf(line, sizeof(line),
			      "probes took %.1f %% of the target's CPU: no longer traced: ",
			      (verdict->share < 1 ? verdict->share : 1) * 100);
	for (size_t i = 0; i < verdict->n && at < sizeof(line) / 2; i++) {
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%.160s", i ? ", " : "",
				       verdict->rows[i]->name);
		if (at >= sizeof(line) / 2 && i + 1 < verdict->n)
			snprintf(line + at, sizeof(line) - at, " and %zu more", verdict->n - i - 1);
	}
	rp_run__say(run, line, NULL);
}

/* An empty table needs a reason, and what to do about it, if anything. */
static void say_none_left(struct rp_run *run, const struct rp_verdict *verdict)
{
	const char *name = verdict->rows[verdict->n - 1]->name;
	double needed = ceil(verdict->alone * 100 * KEPT_FOR_SURE);
	char line[512], cure[64] = "";

	if (needed < 100)
		snprintf(cure, sizeof(cure), "; --max-overhead %.0f keeps it", needed);
	snprintf(line, sizeof(line),
		 "nothing that is called is traced any more: %.160s costs least, %.1f %% of the "
		 "target's "
		 "CPU%s",
		 name, verdict->alone * 100, cure);
	rp_run__say(run, line, NULL);
}

/* Once: it would be true again in every period. */
static void say_cannot_be_kept(struct rp_run *run, const char *why)
{
	char line[sizeof(((struct rp_err *)0)->cause) + 64];

	if (run->overhead.told)
		return;
	snprintf(line, sizeof(line), "--max-overhead cannot be kept: %s", why);
	rp_run__say(run, line, NULL);
	run->overhead.told = true;
}

static void leave_out(struct rp_run *run, const struct rp_verdict *verdict)
{
	uint32_t regions[RP_BUDGET_AT_ONCE];
	struct rp_err err;

	for (size_t i = 0; i < verdict->n; i++)
		regions[i] = verdict->rows[i]->region;
	if (rp_run__drop_regions(run, regions, verdict->n, &err)) {
		say_cannot_be_kept(run, err.cause);
		return;
	}
	say_left_out(run, verdict);
	if (verdict->alone > 0)
		say_none_left(run, verdict);
}

static int begin_period(struct rp_run *run)
{
	struct rp_reading now;
	int rc = rp_run__read(run, &now);

	if (rc)
		return rc;
	rp_reading__swap(&run->overhead.budget.before, &now);
	rp_counts__free(now.counts);
	return 0;
}

static int judge(struct rp_run *run)
{
	struct rp_snapshot_opts opts = {.by = RP_BY_NONE, .idle_rows = true, .since = run->began};
	struct rp_verdict verdict;
	struct rp_reading now;
	int rc = rp_run__read(run, &now);

	if (rc)
		return rc;
	rc = rp_budget__judge(&run->overhead.budget, &now, &opts, &verdict);
	rp_counts__free(now.counts);
	if (rc)
		return rc;
	if (!(run->cost_meter.costs.mark.whole > 0))
		say_cannot_be_kept(run, "what probes cost could not be measured");
	if (verdict.n)
		leave_out(run, &verdict);
	rp_snapshot__free(verdict.period);
	return 0;
}

/* What has not run enough to be judged goes on with the period, and is looked at again as soon. */
static int on_period(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;
	struct overhead_limit *limit = &run->overhead;
	bool begins = limit->trial, ends;

	ends = !begins && rp_budget__can_judge(&limit->budget, rp_targets__cpu(run->targets));
	if (begins || ends)
		limit->period = begins ? TRIAL_NS : PERIOD_NS;
	limit->trial = false;
	rp_timer__set(limit->timer, now + limit->period);
	if (begins)
		return begin_period(run);
	return ends ? judge(run) : 0;
}

void rp_run__try_regions(struct rp_run *run)
{
	struct overhead_limit *limit = &run->overhead;

	if (!(limit->budget.share > 0))
		return;
	limit->trial = true;
	rp_timer__set(limit->timer, 0);
}

int rp_run__watch_overhead(struct rp_run *run)
{
	int rc = rp_loop__timer(run->loop, on_period, run, &run->overhead.timer);

	run->overhead.budget.share = run->opts->max_overhead;
	if (!rc)
		rp_run__try_regions(run);
	return rc;
}
