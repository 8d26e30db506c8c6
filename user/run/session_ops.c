// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The kernel, as targets/ reaches it. */
#include "run/internal.h"
#include "util/cpu_time.h"

const struct rp_targets_ops rp_run__session_ops = {
	.track = rp_session__track,
	.untrack = rp_session__untrack,
	.tracked = rp_session__tracked,
	.map_seen = rp_session__map_seen,
	.cpu = rp_cpu_time__process,
	.link = rp_links__new,
	.start = rp_links__start,
	.unlink = rp_links__free,
	.added = rp_session__added,
	.swap_generation = rp_session__swap_generation,
	.detach_old_generation = rp_session__detach_old_generation,
	.detaches_old_generation = rp_session__detaches_old_generation,
	.end_swap = rp_session__end_swap,
	.any_open = rp_session__any_open,
	.reap = rp_session__reap,
	.is_detaching = rp_session__is_detaching,
	.lost = rp_session__lost,
	.count_lost = rp_session__count_lost,
	.add_late_ns = rp_session__add_late_ns,
};
