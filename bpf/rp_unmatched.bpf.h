/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Exits that close no frame. Most are no surprise: what they end was entered before tracing began,
 * or its entry was lost and counted as such. The rest is told as unmatched, by region, as it says
 * that two probes are no pair, or that exits are seen where entries are not.
 */
#ifndef RP_UNMATCHED_BPF_H
#define RP_UNMATCHED_BPF_H

#include "rp_filter.bpf.h"
#include "rp_threads.bpf.h"

/*
 * An exit that closes nothing; hit->key: of a function its stack pointer at the entry; since: when
 * its sites began to count.
 */
__noinline int exit_unmatched(struct rp_thread *t, const struct rp_hit *hit, __u64 since)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool surprise = false;
	__u64 sp;

	if (!t || !hit)
		return 0;
	sp = rp_role_is_function(hit->role) ? hit->key : 0;
	if (t->lost_entries) {
		t->lost_entries--;
	} else {
		bool is_new = task->start_time >= since && task->pid != task->tgid;

		rp_thread__note_additions(t, additions);
		surprise = !rp_thread__has_entered_before(t, hit->region, sp, is_new) &&
			   !is_ruled_out(hit->region, hit->outcomes, RP_TOLD_AT_RETURN) &&
			   is_inside(frame_at(t, t->depth), hit->region);
	}
	/* A stack between, higher up in the same mapping, made its frame look left (rp_stack.h). */
	if (surprise && sp) {
		count_crossed(hit->region);
		t->stacks_share = 1;
	}
	count_stray(hit->region, 1, surprise);
	return 0;
}

#endif
