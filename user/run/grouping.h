/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What rows are shown for, and what the kernel keeps apart so that they can be. Pure. */
#ifndef RP_GROUPING_H
#define RP_GROUPING_H

#include <stdbool.h>

#include "aggregate/snapshot.h"
#include "rp_abi.h"

struct rp_grouping {
	enum rp_by by;
	enum rp_group kernel;
	bool changed; /* the kernel kept other things apart before */
};

/* What the kernel has to keep apart. */
enum rp_group rp_grouping__of(enum rp_by by);

/* Rows of this kind can be shown from what the kernel keeps apart. */
bool rp_grouping__can_show(const struct rp_grouping *grouping, enum rp_by by);

/* For figures of the whole run: groups that were kept apart for a part of it would not add up. */
enum rp_by rp_grouping__of_whole_run(const struct rp_grouping *grouping);

#endif
