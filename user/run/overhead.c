// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* --max-overhead: what costs most is left out while all of it costs too much. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aggregate/over_budget.h"
#include "run/internal.h"
#include "view/view.h"

#define PERIOD_NS    1000000000
#define CPU_LEAST_NS 50000000 /* the kernel tells what a process used in steps of 10 ms */
#define AT_ONCE	     64

static void say(struct trace *tr, const char *line, const char *cure)
{
	if (tr->screen)
		rp_screen__say(tr->screen, line);
	else
		tr->say(line, cure);
}

static void say_left_out(struct trace *tr, double share, const struct rp_row *const *rows, size_t n)
{
	char line[512];
	size_t at;

	at = (size_t)snprintf(line, sizeof(line),
			      "probes took %.1f %% of the target's CPU: no longer traced: ",
			      (share < 1 ? share : 1) * 100);
	for (size_t i = 0; i < n && at < sizeof(line) / 2; i++) {
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%.160s", i ? ", " : "",
				       rows[i]->name);
		if (at >= sizeof(line) / 2 && i + 1 < n)
			snprintf(line + at, sizeof(line) - at, " and %zu more", n - i - 1);
	}
	say(tr, line, NULL);
}

static void say_beyond_help(struct trace *tr, const char *why)
{
	char line[512];

	if (!tr->beyond_help) {
		snprintf(line, sizeof(line), "--max-overhead cannot be kept: %s", why);
		say(tr, line, NULL);
	}
	tr->beyond_help = true;
}

static void limit(struct trace *tr, const struct rp_snapshot *period, uint64_t cpu)
{
	const struct rp_row *rows[AT_ONCE];
	double share = period->probe_ns / (double)cpu;
	size_t n = rp_over_budget(period, cpu, tr->opts->max_overhead, rows, AT_ONCE);
	uint32_t regions[AT_ONCE];
	struct rp_err err;

	for (size_t i = 0; i < n; i++)
		regions[i] = rows[i]->region;
	if (n && rp_trace__drop_regions(tr, regions, n, &err))
		say_beyond_help(tr, err.cause);
	else if (n)
		say_left_out(tr, share, rows, n);
}

int rp_trace__limit_overhead(struct trace *tr, uint64_t now)
{
	uint64_t cpu = rp_targets__cpu(tr->targets) - tr->checked_cpu;
	struct rp_snapshot_opts opts = {.by = RP_BY_NONE, .since = tr->began};
	struct rp_snapshot *period;
	struct rp_counts *counts;

	tr->check = now + PERIOD_NS;
	if (cpu < CPU_LEAST_NS)
		return 0;
	counts = tr->source.read(tr->source.ctx);
	period = counts ? rp_snapshot__build(counts, tr->checked, &opts) : NULL;
	if (!period) {
		rp_counts__free(counts);
		return -ENOMEM;
	}
	if (!(tr->costs.mark.whole > 0))
		say_beyond_help(tr, "what probes cost could not be measured");
	limit(tr, period, cpu);
	rp_snapshot__free(period);
	rp_counts__free(tr->checked);
	tr->checked = counts;
	tr->checked_cpu += cpu;
	return 0;
}
