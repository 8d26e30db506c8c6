/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Which hits count while site groups are replaced. A site group is replaced without a gap: links of
 * the next generation are attached beside the old ones, and then its state is set to that
 * generation. From then on the new links count. A hit that both generations see is delivered to the
 * links attached last first; those note on the thread which site they took, so that the old links
 * skip that hit. The old links still count the sites that the new generation lacks, except entries
 * into the regions that were left out.
 */
#ifndef RP_SWAP_BPF_H
#define RP_SWAP_BPF_H

#include "rp_threads.bpf.h"

static __always_inline __u32 site_state(__u64 cookie)
{
	return site_group_state[RP_COOKIE_SITE_GROUP(cookie)];
}

/* Since when all that a site's group sees has been counted: what began before is not known. */
static __always_inline __u64 site_counts_since(__u64 cookie)
{
	__u64 start = site_group_start[RP_COOKIE_SITE_GROUP(cookie)];

	return start > ready_time ? start : ready_time;
}

static __always_inline bool site_is_current(__u64 cookie)
{
	return site_state(cookie) == RP_COOKIE_GENERATION(cookie);
}

__noinline int site_counts_in_swap(__u64 cookie, __u32 is_return)
{
	__u64 key = (__u64)RP_COOKIE_SITE_GROUP(cookie) << 32 | RP_COOKIE_REGION(cookie);
	struct rp_thread *t = thread_get(bpf_get_current_task_btf());
	__u32 state = site_state(cookie);
	__u32 current = state & RP_GENERATION_MASK, own = RP_COOKIE_GENERATION(cookie);

	if (own == current) {
		if (t && state & RP_GENERATION_SWAPPING) {
			t->swapped_site = RP_COOKIE_SITE(cookie);
			t->swapped_state = state;
		}
		return 1;
	}
	if (!t || !(state & RP_GENERATION_SWAPPING) || RP_GENERATION_NEXT(own) != current ||
	    (t->swapped_site == RP_COOKIE_SITE(cookie) && t->swapped_state == state))
		return 0;
	return is_return || rp_role_is_exit(RP_COOKIE_ROLE(cookie)) ||
	       !bpf_map_lookup_elem(&left_out, &key);
}

static __always_inline bool site_counts(__u64 cookie, bool is_return)
{
	return site_is_current(cookie) || site_counts_in_swap(cookie, is_return);
}

#endif
