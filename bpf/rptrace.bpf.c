// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The BPF programs. A hit is told what it means by its attach cookie (rp_abi.h), so one program
 * serves every kind of site; the flavours differ in how the kernel reports function exits:
 *
 *   rp_session   entry and return of a function in one program (uprobe session, 6.13)
 *   rp_probe     entries, RET sites, USDT and marker begins and ends (uprobe)
 *   rp_return    function returns (uretprobe)
 *   rp_span      begins and ends of spans (uprobe)
 *
 *   rp_take_sample   interrupts of threads by their CPU time (perf event, rp_sample.bpf.h)
 *   rp_switch        threads that go to sleep and come back (rp_asleep.bpf.h)
 *   rp_waking, rp_waker_switch
 *                    who ends the sleep of threads in regions (rp_wakers.bpf.h)
 *
 * The tracepoints (rp_processes.bpf.h) keep the set of tracked processes and unwind what ends in
 * mid-region. The iterator (rp_open.bpf.h) shows what is open.
 */
#include "rp_asleep.bpf.h"
#include "rp_open.bpf.h"
#include "rp_overlaps.bpf.h"
#include "rp_processes.bpf.h"
#include "rp_sample.bpf.h"
#include "rp_swap.bpf.h"
#include "rp_values.bpf.h"
#include "rp_wakers.bpf.h"

char LICENSE[] SEC("license")
= "Dual BSD/GPL";

/* What the return address takes on the stack: popped once the function has returned. */
#ifdef __TARGET_ARCH_x86
#define RETURN_ADDRESS_BYTES 8
#else
#define RETURN_ADDRESS_BYTES 0
#endif

/* Return probes that the kernel allows to be pending on a thread. */
#define RETURN_PROBES_MAX 64

/*
 * Kernels from 6.13 on take the stack of a program that needs much of it from memory of its own,
 * one piece a CPU, in the belief that the program cannot run twice at once there. On uprobes it
 * can: a thread is preempted in it, another one hits a probe, and the first goes on with what the
 * other left. Kernels 6.17 to 7.2 died of that where they preempt. A program that has a tail call,
 * be it one that is never made, keeps to the thread's kernel stack.
 */
static __always_inline void keep_to_thread_stack(void *ctx, void *no_programs)
{
	if (cfg_tail_call)
		bpf_tail_call(ctx, no_programs, 0);
}

/* Label and outcomes of what is entered; what cannot be wanted any more takes no label. */
static __always_inline void look_at_entry(struct pt_regs *ctx, struct rp_thread *t, __u64 cookie,
					  struct rp_hit *hit, bool labels)
{
	if (!is_inside(frame_at(t, t->depth), hit->region))
		return;

	if (cfg_where.n && !rp_region_is_own(hit->region))
		hit->outcomes = outcomes_of(to_global(ctx), RP_COOKIE_SPEC(cookie), RP_OPERAND_ARG);
	if (labels && RP_COOKIE_FLAGS(cookie) & RP_SITE_LABEL && !entry_is_ruled_out(hit))
		hit->label_flags = read_label(to_global(ctx), RP_COOKIE_SPEC(cookie), &hit->label);
}

/* The same of what is left, as far as its exit tells. */
static __always_inline void look_at_exit(struct pt_regs *ctx, __u64 cookie, struct rp_hit *hit)
{
	if (cfg_where.n && RP_COOKIE_SPEC(cookie))
		hit->outcomes = outcomes_of(to_global(ctx), RP_COOKIE_SPEC(cookie), RP_OPERAND_RET);
	if (cfg_label_returned && RP_COOKIE_FLAGS(cookie) & RP_SITE_LABEL)
		hit->label_flags = read_label(to_global(ctx), RP_COOKIE_SPEC(cookie), &hit->label);
}

/* ---- functions -------------------------------------------------------------------------- */

/* The region stack that a function's frames are on. */
static __always_inline struct rp_thread *call_thread(struct pt_regs *ctx, struct task_struct *task,
						     __u64 cookie, __u32 role, __u64 *sp)
{
	if (role == RP_ROLE_CALL_SITE && RP_COOKIE_FLAGS(cookie) & RP_SITE_GO)
		return goroutine_get(GOROUTINE(ctx), sp);
	return thread_get(task);
}

/* Of a function at its entry; 0: it is in no memory. */
static __always_inline __u64 return_address(__u64 sp)
{
	__u64 address = 0;

	if (RETURN_ADDRESS_BYTES)
		bpf_probe_read_user(&address, sizeof(address), (void *)(unsigned long)sp);
	return address;
}

/*
 * true: the return is wanted. A region that ran on another stack gets RET sites beside its return
 * probe. These are linked last, so they are hit first at an entry, and note that they have taken
 * it: the other probe leaves it alone, from the very first that they count.
 */
static __always_inline bool call_enter(struct pt_regs *ctx, struct task_struct *task, __u64 cookie,
				       __u32 role)
{
	struct rp_hit hit = {
		.role = role, .region = RP_COOKIE_REGION(cookie), .sp = PT_REGS_SP(ctx)};
	struct rp_thread *t = call_thread(ctx, task, cookie, role, &hit.sp);
	int opened;

	if (!t)
		return false;
	if (role == RP_ROLE_CALL_SITE)
		t->taken_ip = PT_REGS_IP(ctx);
	else if (t->taken_ip == PT_REGS_IP(ctx))
		return false;
	if (role == RP_ROLE_CALL_SITE && t->stacks_share && !t->goroutine)
		hit.ip = return_address(hit.sp);
	look_at_entry(ctx, t, cookie, &hit, !cfg_label_returned);
	if (role == RP_ROLE_CALL && untrusted(task)->utask->depth >= RETURN_PROBES_MAX) {
		if (!entry_is_ruled_out(&hit) && is_inside(frame_at(t, t->depth), hit.region))
			count_lost(RP_LOST_RETURNS);
		count_stray(hit.region, 1, 0);
		return false;
	}
	opened = frame_push(t, &hit);
	barrier_var(opened); /* or it is taken as it comes, when to the verifier it is any number */
	return opened;
}

/* Calls of the region may have been ended by a RET site before the kernel reports their return. */
static __noinline bool has_ret_sites(__u32 region)
{
	return bpf_map_lookup_elem(&other_stacks, &region);
}

/* hit->sp: the stack pointer as it was at the entry of the function that is left. */
static __always_inline void call_exit(struct pt_regs *ctx, struct task_struct *task,
				      struct rp_thread *t, __u64 cookie, struct rp_hit *hit)
{
	bool shared = hit->role == RP_ROLE_CALL ? cfg_returns_of_all
						: RP_COOKIE_FLAGS(cookie) & RP_SITE_SHARED;

	look_at_exit(ctx, cookie, hit);
	if (t && !frame_leave(t, hit) && hit->region && !shared && site_is_current(cookie) &&
	    !(hit->role == RP_ROLE_CALL && has_ret_sites(hit->region)))
		exit_unmatched(t, hit, site_counts_since(cookie));
}

/* The kernel reports a return. */
static __always_inline void call_return(struct pt_regs *ctx, struct task_struct *task, __u64 cookie)
{
	__u64 now = bpf_ktime_get_ns(), sp = PT_REGS_SP(ctx) - RETURN_ADDRESS_BYTES;
	struct rp_hit hit = {.role = RP_ROLE_CALL,
			     .region = RP_COOKIE_REGION(cookie),
			     .key = sp,
			     .sp = sp,
			     .now = now};

	call_exit(ctx, task, thread_get(task), cookie, &hit);
}

/* At an instruction that leaves the function, and with it those that it was tail called by. */
static __always_inline void call_leave(struct pt_regs *ctx, struct task_struct *task, __u64 cookie)
{
	struct rp_hit hit = {.now = bpf_ktime_get_ns(),
			     .role = RP_ROLE_CALL_SITE,
			     .region = RP_COOKIE_REGION(cookie),
			     .sp = PT_REGS_SP(ctx)};
	struct rp_thread *t = call_thread(ctx, task, cookie, RP_ROLE_CALL_SITE, &hit.sp);

	hit.key = hit.sp;
	call_exit(ctx, task, t, cookie, &hit);
	hit.region = RP_REGION_NONE;
	if (t)
		frames_leave(t, &hit);
}

/* At a tail call to a function whose entry is probed. */
static __always_inline void call_jump(struct pt_regs *ctx, struct task_struct *task, __u64 cookie)
{
	__u64 sp = PT_REGS_SP(ctx);
	struct rp_thread *t = call_thread(ctx, task, cookie, RP_ROLE_CALL_SITE, &sp);

	if (t)
		frame_jump(t, sp);
}

/*
 * A site of a function that is an entry, an exit, or both. Each step stands here once, for all
 * roles that take it: the verifier follows every copy of them with all that may come before.
 */
static __always_inline void call_hit(struct pt_regs *ctx, struct task_struct *task, __u64 cookie,
				     __u32 role)
{
	bool taken = !rp_role_may_jump(role) || jump_is_taken(ctx, cookie);

	if (role != RP_ROLE_RET_SITE && role != RP_ROLE_TAIL_JUMP &&
	    !call_enter(ctx, task, cookie, role == RP_ROLE_CALL ? role : RP_ROLE_CALL_SITE))
		return;
	if (!taken)
		return;
	if (role == RP_ROLE_RET_SITE || role == RP_ROLE_CALL_AND_RET)
		call_leave(ctx, task, cookie);
	else if (role == RP_ROLE_TAIL_JUMP || role == RP_ROLE_CALL_AND_JUMP)
		call_jump(ctx, task, cookie);
}

/*
 * Where it is not, the frame stays and ends unwound, and user space is told once, so that it can
 * observe the exits of the region otherwise. Only a session can leave the return of a call alone.
 */
__noinline int return_is_safe(__u32 region, __u64 sp)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_thread *t = thread_get(task);
	struct rp_frame *f;
	__u8 none = 0;

	if (!t || !return_breaks_others(task, t, sp))
		return true;
	f = frame_at(t, t->depth);
	if (f)
		f->flags |= RP_FRAME_NO_RETURN;
	if (!f || !rp_frame__is_left_out(f))
		count_lost(RP_LOST_STACKS);
	/* What could not be told is told at the next call. */
	if (!bpf_map_update_elem(&other_stacks, &region, &none, BPF_NOEXIST) &&
	    !send_event(RP_EVENT_STACK, current_tgid(), region))
		bpf_map_delete_elem(&other_stacks, &region);
	return false;
}

/*
 * A return is reported to the program that wanted it at the entry, whatever counts by now. Once
 * nothing is measured any more, what is open stays open: figures and record say the same then.
 */
SEC("?uprobe")
int rp_session(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 cookie;
	int is_safe;

	keep_to_thread_stack(ctx, &no_sessions);
	cookie = session_cookie(ctx, task);
	if (session_is_return(ctx, task)) {
		if (ready && (!swaps_under_way || site_counts(cookie, true)))
			call_return(ctx, task, cookie);
		return 0;
	}
	/* 1: the kernel need not report this call's return. */
	if (!ready || !site_counts(cookie, false) || !call_enter(ctx, task, cookie, RP_ROLE_CALL))
		return 1;
	is_safe = return_is_safe(RP_COOKIE_REGION(cookie), PT_REGS_SP(ctx));
	barrier_var(is_safe); /* as in call_enter() */
	return !is_safe;
}

SEC("?uretprobe")
int rp_return(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);

	keep_to_thread_stack(ctx, &no_programs);
	if (ready && site_counts(cookie, true))
		call_return(ctx, bpf_get_current_task_btf(), cookie);
	return 0;
}

/* ---- USDT probes and markers -------------------------------------------------------------- */

static __always_inline void region_begin(struct pt_regs *ctx, struct task_struct *task,
					 __u64 cookie, __u32 role)
{
	struct rp_thread *t = thread_get(task);
	struct rp_hit hit = {.role = role, .region = RP_COOKIE_REGION(cookie)};

	if (!t)
		return;
	hit.sp = PT_REGS_SP(ctx);
	if (RP_COOKIE_FLAGS(cookie) & RP_SITE_LOOSE)
		hit.flags = RP_FRAME_LOOSE;
	if (role == RP_ROLE_NAME_BEGIN) {
		hit.region = name_region(ctx, RP_COOKIE_SPEC(cookie));
		if (!hit.region || hit.region == RP_NAME_EXCLUDED) {
			t->lost_entries += !hit.region;
			count_stray(RP_REGION_NONE, 1, 0);
			return;
		}
	} else if (role == RP_ROLE_SCOPE_BEGIN) {
		if (!read_arg(ctx, RP_COOKIE_SPEC(cookie), &hit.key))
			hit.key = hit.sp;
	} else {
		if (!(RP_COOKIE_FLAGS(cookie) & RP_SITE_NESTED))
			hit.ip = PT_REGS_IP(ctx);
		look_at_entry(ctx, t, cookie, &hit, true);
		if (RP_COOKIE_FLAGS(cookie) & RP_SITE_IDS)
			overlap_look(to_global(ctx), t, &hit, RP_COOKIE_SPEC(cookie), true);
	}
	frame_push(t, &hit);
}

static __always_inline void region_end(struct pt_regs *ctx, struct task_struct *task, __u64 cookie,
				       __u32 role)
{
	__u64 now = bpf_ktime_get_ns();
	struct rp_thread *t = thread_get(task);
	struct rp_hit hit = {.now = now,
			     .role = RP_ROLE_BEGIN,
			     .region = RP_COOKIE_REGION(cookie),
			     .sp = PT_REGS_SP(ctx)};

	if (!t)
		return;
	if (role == RP_ROLE_NAME_END) {
		hit.role = RP_ROLE_NAME_BEGIN;
		hit.region = name_region(ctx, RP_COOKIE_SPEC(cookie));
		if (!hit.region || hit.region == RP_NAME_EXCLUDED) {
			count_stray(RP_REGION_NONE, 1, 0);
			return;
		}
	} else if (role == RP_ROLE_SCOPE_END) {
		hit.role = RP_ROLE_SCOPE_BEGIN;
		read_arg(ctx, RP_COOKIE_SPEC(cookie), &hit.key);
	} else {
		if (RP_COOKIE_FLAGS(cookie) & RP_SITE_LABEL)
			hit.label_flags = read_label(to_global(ctx), RP_COOKIE_SPEC(cookie),
						     &hit.label);
		if (RP_COOKIE_FLAGS(cookie) & RP_SITE_IDS && overlaps_seen)
			overlap_look(to_global(ctx), t, &hit, RP_COOKIE_SPEC(cookie), false);
	}
	if (frame_leave(t, &hit))
		return;
	/* Ends of blocks come from those that are not traced, too. */
	if (site_is_current(cookie) &&
	    (role != RP_ROLE_SCOPE_END ||
	     !(blocks_left_out || RP_COOKIE_FLAGS(cookie) & RP_SITE_SOME)))
		exit_unmatched(t, &hit, site_counts_since(cookie));
	else
		count_stray(hit.region, 1, 0);
}

SEC("?uprobe")
int rp_probe(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 cookie;
	__u32 role;

	keep_to_thread_stack(ctx, &no_programs);
	if (!ready)
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	if (!site_counts(cookie, false))
		return 0;
	role = RP_COOKIE_ROLE(cookie);
	switch (role) {
	case RP_ROLE_BEGIN:
	case RP_ROLE_SCOPE_BEGIN:
	case RP_ROLE_NAME_BEGIN:
		region_begin(ctx, task, cookie, role);
		break;
	case RP_ROLE_END:
	case RP_ROLE_SCOPE_END:
	case RP_ROLE_NAME_END:
		region_end(ctx, task, cookie, role);
		break;
	default:
		call_hit(ctx, task, cookie, role);
	}
	return 0;
}

/* ---- spans -------------------------------------------------------------------------------- */

SEC("?uprobe")
int rp_span(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie;
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_span_key key = {.tgid = tgid_of(task)};
	struct rp_thread *t;
	bool begins, has_id;

	keep_to_thread_stack(ctx, &no_programs);
	if (!ready)
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	if (!site_counts(cookie, false))
		return 0;
	begins = RP_COOKIE_ROLE(cookie) == RP_ROLE_SPAN_BEGIN;
	key.region = RP_COOKIE_REGION(cookie);
	has_id = read_arg(ctx, RP_COOKIE_SPEC(cookie), &key.id);
	if (has_id && !begins && span_end(task, &key, now))
		return 0;
	t = thread_get(task);
	if (!t)
		return 0;
	/* A span has nothing to compare but its duration. */
	if (is_ruled_out(key.region, 0, RP_TOLD_AT_BEGIN))
		count_stray(key.region, 1, 0);
	else if (!is_inside(frame_at(t, t->depth), key.region))
		span_outside(&key, begins && has_id, task);
	else if (begins && has_id)
		span_begin(task, t, &key);
	else if (begins)
		span_begin_lost(key.region);
	else if (!has_id)
		span_end_lost(key.region);
	else if (site_is_current(cookie))
		span_unmatched(task, &key, site_counts_since(cookie));
	return 0;
}
