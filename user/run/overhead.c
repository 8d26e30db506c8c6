// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* --max-overhead: what the budget's verdict does to the trace, and what is said of it. */
#include <stdio.h>

#include "run/internal.h"
#include "util/clock.h"

#define PERIOD_NS RP_NS_PER_S

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
	if (rp_run__drop_regions(run, regions, verdict->n, &err))
		say_cannot_be_kept(run, err.cause);
	else
		say_left_out(run, verdict);
}

static int judge(struct rp_run *run)
{
	struct rp_snapshot_opts opts = {.by = RP_BY_NONE, .idle_rows = true, .since = run->began};
	struct rp_verdict verdict;
	struct rp_reading now;
	int rc;

	if (!rp_budget__can_judge(&run->overhead.budget, rp_targets__cpu(run->targets)))
		return 0;
	rc = rp_run__read(run, &now);
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

static int on_period(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;

	rp_timer__set(run->overhead.timer, now + PERIOD_NS);
	return judge(run);
}

int rp_run__watch_overhead(struct rp_run *run)
{
	struct overhead_limit *limit = &run->overhead;
	int rc = rp_loop__timer(run->loop, on_period, run, &limit->timer);

	limit->budget.share = run->opts->max_overhead;
	if (!rc && limit->budget.share > 0)
		rp_timer__set(limit->timer, 0);
	return rc;
}
