// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/budget.h"

#include <errno.h>

#include "aggregate/over_budget.h"

#define CPU_LEAST_NS 50000000 /* what is judged is to be more than chance */

bool rp_budget__can_judge(const struct rp_budget *budget, uint64_t cpu)
{
	return cpu - budget->before.cpu >= CPU_LEAST_NS;
}

int rp_budget__judge(struct rp_budget *budget, struct rp_reading *now,
		     const struct rp_snapshot_opts *opts, struct rp_verdict *out)
{
	uint64_t cpu = now->cpu - budget->before.cpu;

	out->period = rp_reading__snapshot(now, &budget->before, opts);
	if (!out->period)
		return -ENOMEM;
	out->share = out->period->meta.cpu_share;
	out->n = rp_over_budget(out->period, cpu, budget->share, out->rows, RP_BUDGET_AT_ONCE);
	out->alone = rp_share_alone(out->period, cpu, out->rows, out->n);
	rp_reading__swap(&budget->before, now);
	return 0;
}
