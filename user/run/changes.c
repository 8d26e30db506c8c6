// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is traced changes while the trace runs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "run/internal.h"
#include "util/kernel_file.h"

static size_t count_traced(const struct rp_plan *plan)
{
	size_t n, traced = 0;
	const struct rp_region *regions = rp_plan__regions(plan, &n);

	for (size_t i = 0; i < n; i++)
		traced += regions[i].sites && !regions[i].left_out &&
			  !rp_region__is_half(&regions[i]);
	return traced;
}

/* Why nothing was added, where that is known. */
static int check_added(const struct rp_run *run, size_t refusals, size_t added, struct rp_err *err)
{
	size_t n;
	const struct rp_refusal *refusal = rp_plan__refusals(run->plan, &n);

	if (added || n <= refusals)
		return 0;
	refusal += refusals;
	return rp_err__set(err, RP_EXIT_NOTHING, -ENOTSUP, NULL, "not traced: %s: %s",
			   refusal->name, refusal->reason);
}

int rp_run__add_regions(struct rp_run *run, const char *glob, size_t *added, struct rp_err *err)
{
	size_t before = count_traced(run->plan), refusals;
	int rc;

	rp_plan__refusals(run->plan, &refusals);
	rc = rp_targets__select(run->targets, glob, err);
	*added = count_traced(run->plan) - before;
	if (*added)
		rp_run__try_regions(run);
	return rc ? rc : check_added(run, refusals, *added, err);
}

static bool awaits_returns(const struct rp_plan *plan)
{
	size_t n;
	const struct rp_site *sites = rp_plan__sites(plan, &n);

	for (size_t i = 0; i < n; i++)
		if (sites[i].role == RP_ROLE_CALL)
			return true;
	return false;
}

static bool panics_when_hung(void)
{
	char text[16];

	return rp_kernel_file__read_line("/proc/sys/kernel/hung_task_panic", text, sizeof(text)) >
		       0 &&
	       atoi(text);
}

/*
 * Kernels that have sessions let go of a return probe only when no thread is busy with such calls
 * (attach/detach.h). A thread of rptrace's own may wait for that; not so where this holds up all
 * perf events of the system, or is taken for a reason to panic.
 */
static int check_detaching(const struct rp_run *run, struct rp_err *err)
{
	if (!run->features.session || !awaits_returns(run->plan))
		return 0;
	if (rp_session__mode(run->session) == RP_ATTACH_PERF)
		return rp_err__set(err, RP_EXIT_DENIED, -ENOTSUP, "leave --attach perf out",
				   "perf events cannot be detached safely while the trace runs");
	if (panics_when_hung())
		return rp_err__set(err, RP_EXIT_DENIED, -ENOTSUP, "use --exit ret-sites",
				   "this kernel may panic where detaching takes long "
				   "(kernel.hung_task_panic)");
	return 0;
}

int rp_run__drop_regions(struct rp_run *run, const uint32_t *regions, size_t n, struct rp_err *err)
{
	int rc;

	for (size_t i = 0; i < n; i++)
		if (regions[i] >= RP_REGION_DYNAMIC)
			return rp_err__set(err, RP_EXIT_DENIED, -ENOTSUP, NULL,
					   "regions that are named at run time share their "
					   "probes: one of them cannot be left out");
	rc = check_detaching(run, err);
	return rc ? rc : rp_targets__leave_out(run->targets, regions, n, err);
}
