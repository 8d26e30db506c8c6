// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What probes cost is measured at the start, and again now and then. */
#include "run/internal.h"
#include "util/clock.h"

static int update(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;
	struct cost_meter *m = &run->cost_meter;

	rp_calibration__update(m->calibration, now, &m->costs);
	rp_timer__set(m->timer, now + RP_NS_PER_S);
	return 0;
}

/* Without it the costs are not known, no more. */
void rp_run__start_costs(struct rp_run *run)
{
	struct cost_meter *m = &run->cost_meter;

	rp_calibration__new(run->session, &m->calibration, &m->costs, NULL);
}

void rp_run__end_costs(struct rp_run *run)
{
	rp_calibration__free(run->cost_meter.calibration);
	run->cost_meter.calibration = NULL;
}

int rp_run__watch_costs(struct rp_run *run)
{
	int rc = rp_loop__timer(run->loop, update, run, &run->cost_meter.timer);

	if (!rc && run->cost_meter.calibration)
		rp_timer__set(run->cost_meter.timer, run->began + RP_NS_PER_S);
	return rc;
}
