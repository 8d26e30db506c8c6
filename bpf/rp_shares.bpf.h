/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Taking one of a bounded number: of nodes, labels, names, spans. Where several processes are
 * traced that may have nothing to do with each other, each of them has a share, and so has each
 * user (rp_shares.h).
 */
#ifndef RP_SHARES_BPF_H
#define RP_SHARES_BPF_H

#include "rp_events.bpf.h"

#define GIVE_BACK_TRIES 4

/*
 * What a process takes is counted for the user that it had when it took first: it may have another
 * one by the time that it gives something back.
 */
static __always_inline __u32 paying_user(struct task_struct *task, struct rp_shares *of_process)
{
	__u32 user = of_process ? of_process->payer : 0;

	if (!user) {
		user = sharing_user(task) + 1;
		if (of_process)
			of_process->payer = user;
	}
	return user - 1;
}

/* For the process of a thread, of what there are so many left for all. */
static __always_inline bool share_take_for(struct task_struct *task, enum rp_shared kind,
					   __u32 left)
{
	struct rp_shares *of_process, *of_user;
	__u32 user;

	if (!cfg_shares)
		return left > 0;
	of_process = shares_of(task);
	user = paying_user(task, of_process);
	of_user = shares_of_user(user);
	if (of_process && !rp_shares__allow(of_process->taken[kind], left, RP_SHARER_PROCESS)) {
		tell_of_share(task, of_process, RP_EVENT_SHARE, 0, kind);
		return false;
	}
	if (!rp_shares__allow(of_user->taken[kind], left, RP_SHARER_USER)) {
		tell_of_share(task, of_user, RP_EVENT_USER_SHARE, user, kind);
		return false;
	}
	if (of_process)
		__sync_fetch_and_add(&of_process->taken[kind], 1);
	__sync_fetch_and_add(&of_user->taken[kind], 1);
	return true;
}

/* The same for the current one. */
static __always_inline bool share_take(enum rp_shared kind, __u32 left)
{
	return share_take_for(bpf_get_current_task_btf(), kind, left);
}

/*
 * Never below 0, whoever gives back at the same time: that would count as all there is. Where each
 * try meets another one, a share has one too many.
 */
static __always_inline void give_back(struct rp_shares *shares, enum rp_shared kind)
{
	for (int i = 0; shares && i < GIVE_BACK_TRIES; i++) {
		__u32 taken = *(volatile __u32 *)&shares->taken[kind];

		if (!taken ||
		    __sync_val_compare_and_swap(&shares->taken[kind], taken, taken - 1) == taken)
			return;
	}
}

/* Threads of a process give back after it has ended, too, and then nobody has that share. */
static __always_inline void share_give_back_for(struct task_struct *task, enum rp_shared kind)
{
	__u32 process = sharer(task);

	if (cfg_shares) {
		struct rp_shares *of_process = bpf_map_lookup_elem(&process_shares, &process);

		give_back(of_process, kind);
		give_back(shares_of_user(paying_user(task, of_process)), kind);
	}
}

/*
 * The same for the current one: a function that the verifier looks at once, not on each path to a
 * frame that is given back.
 */
__noinline int share_give_back(enum rp_shared kind)
{
	if ((__u32)kind < RP_SHARED_COUNTED)
		share_give_back_for(bpf_get_current_task_btf(), kind);
	return 0;
}

/*
 * A child of the current process starts with what that has in the ring: or it would go on in its
 * children.
 */
static __always_inline void shares_inherit(__u32 child)
{
	struct rp_shares *shares = cfg_shares ? shares_of(bpf_get_current_task_btf()) : NULL,
			 fresh = {};

	if (!shares)
		return;
	fresh.events = shares->events;
	fresh.told = shares->told & 1u << RP_SHARED_EVENTS;
	bpf_map_update_elem(&process_shares, &child, &fresh, BPF_ANY);
}

/* The current process ends. What it has taken, beside spans, is not free again. */
static __always_inline void shares_end(void)
{
	__u32 process = sharer(bpf_get_current_task_btf());

	if (cfg_shares)
		bpf_map_delete_elem(&process_shares, &process);
}

/* Of a bounded number of places; exact, whoever takes one at the same time. */
static __always_inline bool place_take_for(struct task_struct *task, enum rp_shared kind,
					   __u32 *used, __u32 places)
{
	__u32 before = *used;

	if (before >= places || !share_take_for(task, kind, places - before))
		return false;
	if (__sync_fetch_and_add(used, 1) < places)
		return true;
	__sync_fetch_and_add(used, -1);
	share_give_back_for(task, kind);
	return false;
}

/* It was not needed. */
static __always_inline void place_give_back_for(struct task_struct *task, enum rp_shared kind,
						__u32 *used)
{
	__sync_fetch_and_add(used, -1);
	share_give_back_for(task, kind);
}

static __always_inline bool place_take(enum rp_shared kind, __u32 *used, __u32 places)
{
	return place_take_for(bpf_get_current_task_btf(), kind, used, places);
}

static __always_inline void place_give_back(enum rp_shared kind, __u32 *used)
{
	__sync_fetch_and_add(used, -1);
	share_give_back(kind);
}

/*
 * Names and texts are numbered as they are met. A number from 1 on; 0: there are no more. One that
 * was given back was taken, and paid for, by whoever took it first.
 */
static __always_inline __u32 number_take(__u32 spare_kind, enum rp_shared kind, __u32 *used,
					 __u32 bound)
{
	__u64 *spare = bpf_map_lookup_elem(&spare_numbers, &spare_kind), number = 0;
	__u32 before = *used;

	if (spare && *spare)
		number = __sync_lock_test_and_set(spare, 0);
	if (number)
		return number;
	if (before >= bound || !share_take(kind, bound - before))
		return 0;
	return __sync_fetch_and_add(used, 1) + 1;
}

static __always_inline void number_give_back(__u32 spare_kind, __u32 number)
{
	__u64 *spare = bpf_map_lookup_elem(&spare_numbers, &spare_kind);

	if (spare)
		*spare = number;
}

#endif
