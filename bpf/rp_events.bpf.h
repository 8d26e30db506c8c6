/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Telling user space what happens. While rptrace is kept from reading, a process that starts one
 * program after the other could fill the ring, and what others do would not be told. So each
 * process and each user has a share of the ring, too (rp_shares.h): what they do beyond that is
 * counted as lost, and they are named.
 */
#ifndef RP_EVENTS_BPF_H
#define RP_EVENTS_BPF_H

#include "rp_pids.bpf.h"

/* Whose they are: by the kernel's own number, as that takes no call, of which 8 may be nested. */
static __always_inline __u32 sharer(struct task_struct *task)
{
	return task->tgid;
}

/* User namespaces may be nested so deep. */
#define USER_LEVELS_MAX 33

/*
 * And which user's: the real one, as set-user-id programs are run by anybody. In a user namespace a
 * process can become any of the users that it has there, so that all of them are its owner; what
 * counts is the outermost namespace, as anybody can make others inside it.
 */
static __always_inline __u32 sharing_user(struct task_struct *task)
{
	const struct cred *cred = untrusted(task)->real_cred;
	const struct user_namespace *ns = cred->user_ns;
	__u32 user = cred->uid.val;

	for (int i = 0; i < USER_LEVELS_MAX && ns->level > 0; i++) {
		user = ns->owner.val;
		ns = ns->parent;
	}
	return user;
}

static const struct rp_shares none_taken = {};

static __always_inline struct rp_shares *get_shares(void *map, __u32 number)
{
	struct rp_shares *shares = bpf_map_lookup_elem(map, &number);

	if (shares)
		return shares;
	bpf_map_update_elem(map, &number, &none_taken, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, &number);
}

/* NULL: there is no room for any more; what its user has still bounds it. */
static __always_inline struct rp_shares *shares_of(struct task_struct *task)
{
	return get_shares(&process_shares, sharer(task));
}

static __always_inline struct rp_shares *shares_of_user(__u32 user)
{
	struct rp_shares *shares = get_shares(&user_shares, user);

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

/*
 * Once for each process (RP_EVENT_SHARE) and user (RP_EVENT_USER_SHARE): what it goes on to want is
 * counted as lost, or goes with the others.
 */
static __always_inline void tell_of_share(struct task_struct *task, struct rp_shares *shares,
					  __u32 type, __u32 user, __u32 kind)
{
	__u32 what = rp_shared__told_as(kind);
	struct rp_event *e;

	if (__sync_fetch_and_or(&shares->told, 1u << what) & 1u << what)
		return;
	e = reserve_any_event(sizeof(*e), type, tgid_inline(task), user, what);
	if (!e)
		return;
	if (bpf_probe_read_kernel_str(e->path, RP_COMM_LEN, task->comm) < 0)
		e->path[0] = '\0';
	bpf_ringbuf_submit(e, 0);
}

/* Threads that do so at once may make it a bit more. */
static __always_inline bool take_of_ring(struct rp_shares *shares, __u32 length,
					 enum rp_sharer sharer)
{
	return rp_ring_share__take(&shares->events, bpf_ringbuf_query(&events, BPF_RB_CONS_POS),
				   bpf_ringbuf_query(&events, BPF_RB_PROD_POS), RP_EVENTS_BYTES,
				   length + BPF_RINGBUF_HDR_SZ, sharer);
}

/* May the current process tell so much? */
static __always_inline bool may_tell(__u32 length)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_shares *of_process, *of_user;
	__u32 user;

	if (!cfg_shares)
		return true;
	user = sharing_user(task);
	of_process = shares_of(task);
	of_user = shares_of_user(user);
	if (of_process && !take_of_ring(of_process, length, RP_SHARER_PROCESS))
		tell_of_share(task, of_process, RP_EVENT_SHARE, 0, RP_SHARED_EVENTS);
	else if (!take_of_ring(of_user, length, RP_SHARER_USER))
		tell_of_share(task, of_user, RP_EVENT_USER_SHARE, user, RP_SHARED_EVENTS);
	else
		return true;
	count_lost(RP_LOST_EVENTS);
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
