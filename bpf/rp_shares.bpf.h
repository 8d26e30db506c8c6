/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Taking one of a bounded number: of nodes, labels, names, spans. Where several processes are
 * traced that may have nothing to do with each other, each of them has a share (rp_shares.h).
 */
#ifndef RP_SHARES_BPF_H
#define RP_SHARES_BPF_H

#include "rp_pids.bpf.h"

/* Whose they are: by the kernel's own number, as that takes no call, of which 8 may be nested. */
static __always_inline __u32 sharer(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

static const struct rp_shares none_taken = {};

static __always_inline struct rp_shares *own_shares(void)
{
	__u32 process = sharer();
	struct rp_shares *shares = bpf_map_lookup_elem(&process_shares, &process);

	if (shares)
		return shares;
	bpf_map_update_elem(&process_shares, &process, &none_taken, BPF_NOEXIST);
	return bpf_map_lookup_elem(&process_shares, &process);
}

/* Once for each process: what it goes on to want is counted as lost, or goes with the others. */
static __always_inline void tell_of_share(struct rp_shares *shares, __u32 kind)
{
	__u32 what = rp_shared__told_as(kind);
	struct rp_event *e;

	if (__sync_fetch_and_or(&shares->told, 1u << what) & 1u << what)
		return;
	e = reserve_event(sizeof(*e), RP_EVENT_SHARE, current_tgid_inline(), 0, what);
	if (!e)
		return;
	if (bpf_get_current_comm(e->path, RP_COMM_LEN))
		e->path[0] = '\0';
	bpf_ringbuf_submit(e, 0);
}

/* For the current process, of what there are so many left for all. */
static __always_inline bool share_take(enum rp_shared kind, __u32 left)
{
	struct rp_shares *shares;

	if (!cfg_shares)
		return left > 0;
	shares = own_shares();
	if (!shares)
		return false;
	if (rp_shares__allow(shares->taken[kind], left)) {
		__sync_fetch_and_add(&shares->taken[kind], 1);
		return true;
	}
	tell_of_share(shares, kind);
	return false;
}

static __always_inline void share_give_back(enum rp_shared kind)
{
	struct rp_shares *shares = cfg_shares ? own_shares() : NULL;

	if (shares)
		__sync_fetch_and_add(&shares->taken[kind], -1);
}

/* The current process ends. What it has taken, beside spans, is not free again. */
static __always_inline void shares_end(void)
{
	__u32 process = sharer();

	if (cfg_shares)
		bpf_map_delete_elem(&process_shares, &process);
}

/* Of a bounded number of places; exact, whoever takes one at the same time. */
static __always_inline bool place_take(enum rp_shared kind, __u32 *used, __u32 places)
{
	__u32 before = *used;

	if (before >= places || !share_take(kind, places - before))
		return false;
	if (__sync_fetch_and_add(used, 1) < places)
		return true;
	__sync_fetch_and_add(used, -1);
	share_give_back(kind);
	return false;
}

/* The current process did not need it. */
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
