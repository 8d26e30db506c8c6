/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Telling user space what happens. While rptrace is kept from reading, a process that starts one
 * program after the other could fill the ring, and what others do would not be told. So each
 * process has a share of the ring, too (rp_shares.h): what it does beyond that is counted as lost,
 * and the process is named.
 */
#ifndef RP_EVENTS_BPF_H
#define RP_EVENTS_BPF_H

#include "rp_pids.bpf.h"

/* Whose they are: by the kernel's own number, as that takes no call, of which 8 may be nested. */
static __always_inline __u32 sharer(struct task_struct *task)
{
	return task->tgid;
}

static const struct rp_shares none_taken = {};

/* Processes that came when there was no room for any more shares have one together. */
static __always_inline struct rp_shares *shares_of(struct task_struct *task)
{
	__u32 process = sharer(task);
	struct rp_shares *shares = bpf_map_lookup_elem(&process_shares, &process);

	if (shares)
		return shares;
	bpf_map_update_elem(&process_shares, &process, &none_taken, BPF_NOEXIST);
	shares = bpf_map_lookup_elem(&process_shares, &process);
	return shares ? shares : &shares_of_rest;
}

/* Room for one in the ring, to be submitted, with all but its path filled in. */
static __always_inline struct rp_event *reserve_any_event(__u32 length, __u32 type, __u32 pid,
							  __u32 dev, __u64 detail)
{
	struct rp_event *e = bpf_ringbuf_reserve(&events, length, 0);

	if (!e) {
		count_lost(RP_LOST_EVENTS);
		return NULL;
	}
	e->header.type = type;
	e->header.length = length;
	e->pid = pid;
	e->dev = dev;
	e->detail = detail;
	e->time = bpf_ktime_get_ns();
	return e;
}

/* Once for each process: what it goes on to want is counted as lost, or goes with the others. */
static __always_inline void tell_of_share(struct task_struct *task, struct rp_shares *shares,
					  __u32 kind)
{
	__u32 what = rp_shared__told_as(kind);
	struct rp_event *e;

	if (__sync_fetch_and_or(&shares->told, 1u << what) & 1u << what)
		return;
	e = reserve_any_event(sizeof(*e), RP_EVENT_SHARE, tgid_inline(task), 0, what);
	if (!e)
		return;
	if (bpf_probe_read_kernel_str(e->path, RP_COMM_LEN, task->comm) < 0)
		e->path[0] = '\0';
	bpf_ringbuf_submit(e, 0);
}

/* May the current process tell so much? Threads of it that do so at once may make it a bit more. */
static __always_inline bool may_tell(__u32 length)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_shares *shares;

	if (!cfg_shares)
		return true;
	shares = shares_of(task);
	if (rp_ring_share__take(&shares->events, bpf_ringbuf_query(&events, BPF_RB_CONS_POS),
				bpf_ringbuf_query(&events, BPF_RB_PROD_POS), RP_EVENTS_BYTES,
				length + BPF_RINGBUF_HDR_SZ))
		return true;
	count_lost(RP_LOST_EVENTS);
	tell_of_share(task, shares, RP_SHARED_EVENTS);
	return false;
}

static __always_inline struct rp_event *reserve_event(__u32 length, __u32 type, __u32 pid,
						      __u32 dev, __u64 detail)
{
	return may_tell(length) ? reserve_any_event(length, type, pid, dev, detail) : NULL;
}

/* false: it is lost. */
static __always_inline bool send_event_of(__u32 type, __u32 pid, __u32 dev, __u64 detail)
{
	struct rp_event *e = reserve_event(RP_EVENT_SHORT, type, pid, dev, detail);

	if (e)
		bpf_ringbuf_submit(e, 0);
	return e;
}

static __always_inline bool send_event(__u32 type, __u32 pid, __u64 detail)
{
	return send_event_of(type, pid, 0, detail);
}

/* For all processes: it is on no process's account. */
static __always_inline void send_grow(void)
{
	struct rp_event_header e = {.type = RP_EVENT_GROW, .length = sizeof(e)};

	if (bpf_ringbuf_output(&events, &e, sizeof(e), 0))
		count_lost(RP_LOST_EVENTS);
}

#endif
