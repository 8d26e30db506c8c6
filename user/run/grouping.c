// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/grouping.h"

enum rp_group rp_grouping__of(enum rp_by by)
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

/* Labels are kept apart whatever the grouping. */
static bool needs_no_group(enum rp_by by)
{
	return rp_grouping__of(by) == RP_GROUP_NONE;
}

bool rp_grouping__can_show(const struct rp_grouping *grouping, enum rp_by by)
{
	return needs_no_group(by) || rp_grouping__of(by) == grouping->kernel;
}

enum rp_by rp_grouping__of_whole_run(const struct rp_grouping *grouping)
{
	return grouping->changed && !needs_no_group(grouping->by) ? RP_BY_NONE : grouping->by;
}
