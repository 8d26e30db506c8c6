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
 * The tracepoints keep the set of tracked processes and unwind what ends or execs in mid-region.
 * The iterator (rp_open.bpf.h) shows what is open.
 */
#include "rp_open.bpf.h"
#include "rp_spans.bpf.h"
#include "rp_values.bpf.h"

char LICENSE[] SEC("license")
= "Dual BSD/GPL";

/* Where Go code keeps the address of the goroutine that runs. */
#ifdef __TARGET_ARCH_x86
#define GOROUTINE(ctx) ((ctx)->r14)
#else
#define GOROUTINE(ctx) (((const struct user_pt_regs *)(ctx))->regs[28])
#endif

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

static __always_inline __u32 site_state(__u64 cookie)
{
	return site_group_state[RP_COOKIE_SITE_GROUP(cookie) & (RP_SITE_GROUPS_MAX - 1)];
}

static __always_inline bool site_is_current(__u64 cookie)
{
	return site_state(cookie) == RP_COOKIE_GENERATION(cookie);
}

static __always_inline bool role_is_exit(__u32 role)
{
	return role == RP_ROLE_RET_SITE || role == RP_ROLE_END || role == RP_ROLE_SCOPE_END ||
	       role == RP_ROLE_NAME_END || role == RP_ROLE_SPAN_END;
}

/*
 * A site group is replaced without a gap: links of the next generation are attached beside the old
 * ones, and then its state is set to that generation. From then on the new links count. A hit that
 * both generations see is delivered to the links attached last first; those note on the thread
 * which site they took, so that the old links skip that hit. The old links still count the sites
 * that the new generation lacks, except entries into the regions that were left out.
 */
__noinline int site_counts_in_swap(__u64 cookie, __u32 is_return)
{
	__u64 key = (__u64)RP_COOKIE_SITE_GROUP(cookie) << 32 | RP_COOKIE_REGION(cookie);
	struct rp_thread *t = thread_get(bpf_get_current_task_btf());
	__u32 state = site_state(cookie);
	__u32 behind = (state - RP_COOKIE_GENERATION(cookie)) & RP_GENERATION_MASK;

	if (!behind) {
		if (t && state & RP_GENERATION_SWAPPING) {
			t->swapped_site = RP_COOKIE_SITE(cookie);
			t->swapped_state = state;
		}
		return 1;
	}
	if (behind > 1 || !t || !(state & RP_GENERATION_SWAPPING) ||
	    (t->swapped_site == RP_COOKIE_SITE(cookie) && t->swapped_state == state))
		return 0;
	return is_return || role_is_exit(RP_COOKIE_ROLE(cookie)) ||
	       !bpf_map_lookup_elem(&left_out, &key);
}

static __always_inline bool site_counts(__u64 cookie, bool is_return)
{
	return site_is_current(cookie) || site_counts_in_swap(cookie, is_return);
}

/* Label and outcomes of what is entered; what cannot be wanted any more takes no label. */
static __always_inline void look_at_entry(struct pt_regs *ctx, __u64 cookie, struct rp_query *q,
					  bool labels)
{
	if (cfg_where.n && !region_is_own(q->region))
		q->outcomes = outcomes_of(ctx, RP_COOKIE_SPEC(cookie), RP_OPERAND_ARG);
	if (labels && RP_COOKIE_FLAGS(cookie) & RP_SITE_LABEL && where_may_hold(q->outcomes))
		q->label_flags = read_label(ctx, RP_COOKIE_SPEC(cookie), &q->label);
}

/* The same of what is left, as far as its exit tells. */
static __always_inline void look_at_exit(struct pt_regs *ctx, __u64 cookie, struct rp_query *q)
{
	if (cfg_where.n && RP_COOKIE_SPEC(cookie))
		q->outcomes = outcomes_of(ctx, RP_COOKIE_SPEC(cookie), RP_OPERAND_RET);
	if (cfg_label_returned && RP_COOKIE_FLAGS(cookie) & RP_SITE_LABEL)
		q->label_flags = read_label(ctx, RP_COOKIE_SPEC(cookie), &q->label);
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

/* true: the return is wanted. */
static __always_inline bool call_enter(struct pt_regs *ctx, struct task_struct *task, __u64 cookie,
				       __u32 role)
{
	struct rp_query q = {
		.role = role, .region = RP_COOKIE_REGION(cookie), .sp = PT_REGS_SP(ctx)};
	struct rp_thread *t = call_thread(ctx, task, cookie, role, &q.sp);
	int opened;

	if (!t)
		return false;
	if (role == RP_ROLE_CALL && task->utask->depth >= RETURN_PROBES_MAX) {
		count_lost(RP_LOST_RETURNS);
		return false;
	}
	look_at_entry(ctx, cookie, &q, !cfg_label_returned);
	opened = frame_push(t, &q);
	barrier_var(opened); /* or it is taken as it comes, when to the verifier it is any number */
	return opened;
}

/* sp: the stack pointer as it was at the entry of the function that is left. */
static __always_inline void call_exit(struct pt_regs *ctx, struct task_struct *task,
				      struct rp_thread *t, __u64 cookie, __u32 role, __u64 sp,
				      __u64 now)
{
	struct rp_query q = {.role = role, .region = RP_COOKIE_REGION(cookie), .key = sp, .sp = sp};

	look_at_exit(ctx, cookie, &q);
	if (t && !frame_leave(t, &q, now) && site_is_current(cookie) &&
	    !(role == RP_ROLE_CALL && cfg_returns_of_all))
		exit_unmatched(task, t, q.region, sp);
}

/* The kernel reports a return. */
static __always_inline void call_return(struct pt_regs *ctx, struct task_struct *task, __u64 cookie)
{
	__u64 now = bpf_ktime_get_ns();

	call_exit(ctx, task, thread_get(task), cookie, RP_ROLE_CALL,
		  PT_REGS_SP(ctx) - RETURN_ADDRESS_BYTES, now);
}

/* At an instruction that leaves the function. */
static __always_inline void call_leave(struct pt_regs *ctx, struct task_struct *task, __u64 cookie)
{
	__u64 now = bpf_ktime_get_ns(), sp = PT_REGS_SP(ctx);
	struct rp_thread *t = call_thread(ctx, task, cookie, RP_ROLE_CALL_SITE, &sp);

	call_exit(ctx, task, t, cookie, RP_ROLE_CALL_SITE, sp, now);
}

/* A return is reported to the program that wanted it at the entry, whatever counts by now. */
SEC("?uprobe")
int rp_session(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 cookie;

	keep_to_thread_stack(ctx, &no_sessions);
	cookie = session_cookie(ctx, task);
	if (session_is_return(ctx, task)) {
		if (!swaps_under_way || site_counts(cookie, true))
			call_return(ctx, task, cookie);
		return 0;
	}
	/* 1: the kernel need not report this call's return. */
	return !(ready && site_counts(cookie, false) &&
		 call_enter(ctx, task, cookie, RP_ROLE_CALL));
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
	struct rp_query q = {.role = role, .region = RP_COOKIE_REGION(cookie)};

	if (!t)
		return;
	q.sp = PT_REGS_SP(ctx);
	q.loose = !!(RP_COOKIE_FLAGS(cookie) & RP_SITE_LOOSE);
	if (role == RP_ROLE_NAME_BEGIN) {
		q.region = name_region(ctx, RP_COOKIE_SPEC(cookie));
		if (!q.region) {
			t->missed++;
			return;
		}
	} else if (role == RP_ROLE_SCOPE_BEGIN) {
		if (!read_arg(ctx, RP_COOKIE_SPEC(cookie), &q.key))
			q.key = q.sp;
	} else {
		if (!(RP_COOKIE_FLAGS(cookie) & RP_SITE_NESTED))
			q.ip = PT_REGS_IP(ctx);
		look_at_entry(ctx, cookie, &q, true);
	}
	frame_push(t, &q);
}

static __always_inline void region_end(struct pt_regs *ctx, struct task_struct *task, __u64 cookie,
				       __u32 role)
{
	__u64 now = bpf_ktime_get_ns();
	struct rp_thread *t = thread_get(task);
	struct rp_query q = {
		.role = RP_ROLE_BEGIN, .region = RP_COOKIE_REGION(cookie), .sp = PT_REGS_SP(ctx)};

	if (!t)
		return;
	if (role == RP_ROLE_NAME_END) {
		q.role = RP_ROLE_NAME_BEGIN;
		q.region = name_region(ctx, RP_COOKIE_SPEC(cookie));
		if (!q.region)
			return;
	} else if (role == RP_ROLE_SCOPE_END) {
		q.role = RP_ROLE_SCOPE_BEGIN;
		read_arg(ctx, RP_COOKIE_SPEC(cookie), &q.key);
	}
	if (frame_leave(t, &q, now))
		return;
	/* Ends of blocks come from those that are not traced, too. */
	if (site_is_current(cookie) &&
	    (role != RP_ROLE_SCOPE_END ||
	     !(blocks_left_out || RP_COOKIE_FLAGS(cookie) & RP_SITE_SOME)))
		exit_unmatched(task, t, q.region, 0);
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
	case RP_ROLE_CALL:
		call_enter(ctx, task, cookie, RP_ROLE_CALL);
		break;
	case RP_ROLE_CALL_SITE:
		call_enter(ctx, task, cookie, RP_ROLE_CALL_SITE);
		break;
	case RP_ROLE_CALL_AND_RET:
		if (call_enter(ctx, task, cookie, RP_ROLE_CALL_SITE))
			call_leave(ctx, task, cookie);
		break;
	case RP_ROLE_RET_SITE:
		call_leave(ctx, task, cookie);
		break;
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
	}
	return 0;
}

/* ---- spans -------------------------------------------------------------------------------- */

SEC("?uprobe")
int rp_span(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie;
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_span_key key = {.tgid = task->tgid};
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
	if (has_id && !begins && span_end(&key, now))
		return 0;
	t = thread_get(task);
	if (!t)
		return 0;
	if (begins && has_id)
		span_begin(task, t, &key);
	else if (begins)
		span_missed();
	else if (!has_id)
		count_lost(RP_LOST_SPANS);
	else if (site_is_current(cookie))
		span_unmatched(task, &key);
	return 0;
}

/* ---- life of processes ---------------------------------------------------------------------- */

static __always_inline bool is_tracked(__u32 tgid)
{
	return bpf_map_lookup_elem(&tracked, &tgid);
}

/*
 * From 7.0 on programs on tracepoints can be preempted, and the kernel leaves one out on a CPU
 * where it is under way already. So each of these is there twice: what one misses, the other does,
 * and what both see is done once.
 */
#define TWICE(hook, name, handler, ...)                                                            \
	SEC("tp_btf/" hook)                                                                        \
	int BPF_PROG(name, __VA_ARGS__)                                                            \
	{                                                                                          \
		return handler;                                                                    \
	}                                                                                          \
	SEC("tp_btf/" hook)                                                                        \
	int BPF_PROG(name##_again, __VA_ARGS__)                                                    \
	{                                                                                          \
		return handler;                                                                    \
	}

static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = child->tgid, program = TRACKED_EXEC(child);
	bool is_thread = child->pid != child->tgid;

	if (!(cfg_follow || is_thread) || !is_tracked(parent->tgid))
		return 0;
	/* Now rather than at a probe hit, when more threads are at it: see stray_key(). */
	thread_place(child);
	if (is_thread)
		return 0;
	if (bpf_map_lookup_elem(&tracked, &tgid))
		return 0;
	if (bpf_map_update_elem(&tracked, &tgid, &program, BPF_ANY))
		count_lost(RP_LOST_LATE);
	send_event(RP_EVENT_FORK, tgid, parent->tgid);
	return 0;
}
TWICE("sched_process_fork", rp_fork, on_fork(parent, child), struct task_struct *parent,
      struct task_struct *child)

static long goroutine_end(void *map, const struct rp_goroutine_key *key, struct rp_thread *t,
			  const __u32 *tgid)
{
	if (key->tgid != *tgid)
		return 0;
	frames_unwind(t, 0);
	thread_drop_pieces(t);
	bpf_map_delete_elem(map, key);
	return 0;
}

/* The goroutines of the current process are gone. */
static __always_inline void goroutines_end(__u32 tgid)
{
	if (goroutines_used)
		bpf_for_each_map_elem(&goroutines, goroutine_end, &tgid, 0);
}

static __always_inline int on_exec(struct task_struct *task, __u32 old_pid)
{
	__u32 tgid = task->tgid, *known = bpf_map_lookup_elem(&tracked, &tgid);
	/* The thread that execs takes the pid of the first one. */
	struct rp_thread *t = thread_at(task, old_pid);

	if (t)
		thread_end(t);
	if (!known || (*known & ~RP_TRACKED_MAP_PENDING) == TRACKED_EXEC(task))
		return 0;
	*known = TRACKED_EXEC(task) | (*known & RP_TRACKED_MAP_PENDING);
	goroutines_end(tgid);
	spans_end(tgid);
	send_event(RP_EVENT_EXEC, tgid, 0);
	return 0;
}
TWICE("sched_process_exec", rp_exec, on_exec(task, old_pid), struct task_struct *task, int old_pid)

/*
 * How far the clock of the programs is ahead of the scheduler's, which task_cpu() mixes: where it
 * is called twice that cancels out. User space runs this right after it has made the scheduler
 * bring the figures of its own thread up to date.
 */
SEC("?raw_tp")
int rp_clocks(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	clock_ahead = task_cpu(task, bpf_ktime_get_ns()) - task->se.sum_exec_runtime;
	return 0;
}

/*
 * CPU time of a process whose last thread this is. What other threads used was added up when the
 * kernel let go of them: first threads stay for as long, and of those that end right now it is not
 * there yet.
 */
static __always_inline __u64 process_cpu(struct task_struct *task)
{
	struct task_struct *first = task->group_leader;
	__u64 cpu = task->signal->sum_sched_runtime +
		    task_cpu(task, bpf_ktime_get_ns() - clock_ahead);

	return first == task ? cpu : cpu + first->se.sum_exec_runtime;
}

static long slot_end(void *map, const __u32 *slot, struct rp_thread *t, __u64 *owner)
{
	if (t->owner != *owner)
		return 0;
	thread_end(t);
	return 1;
}

/*
 * An exec that fails too late to return to the program has given the thread the pid of the first
 * one, and ends the process without a word: the thread's slot is still the one by its former pid.
 */
static __always_inline void slot_of_former_pid_end(struct task_struct *task)
{
	__u32 tgid = task->tgid, *known = bpf_map_lookup_elem(&tracked, &tgid);
	__u64 owner = (__u64)task;

	if (known && task->pid == task->tgid &&
	    (*known & ~RP_TRACKED_MAP_PENDING) != TRACKED_EXEC(task))
		bpf_for_each_map_elem(&thread_slots, slot_end, &owner, 0);
}

static __always_inline int on_exit(struct task_struct *task)
{
	struct rp_goroutine_key key = stray_key(task);
	__u32 tgid = task->tgid;
	struct rp_thread *t;

	/* Threads that end together may come here after the process has ended below. */
	t = thread_of(task);
	if (t) {
		thread_end(t);
		if (goroutines_used)
			bpf_map_delete_elem(&goroutines, &key);
	} else {
		slot_of_former_pid_end(task);
	}
	/* All of these may count as the last one: it is the one that takes this away. */
	if (task->signal->live.counter == 0 && is_tracked(tgid) &&
	    !bpf_map_delete_elem(&tracked, &tgid)) {
		goroutines_end(tgid);
		spans_end(tgid);
		send_event(RP_EVENT_EXIT, tgid, process_cpu(task));
	}
	return 0;
}
TWICE("sched_process_exit", rp_exit, on_exit(task), struct task_struct *task)

/* The one tracepoint that every mmap passes; what was mapped is for user space to look up. */
SEC("?tp_btf/vm_unmapped_area")
int BPF_PROG(rp_map)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u32 *pending = bpf_map_lookup_elem(&tracked, &tgid);

	if (ready && pending && !(*pending & RP_TRACKED_MAP_PENDING)) {
		*pending |= RP_TRACKED_MAP_PENDING;
		send_event(RP_EVENT_MAP, tgid, 0);
	}
	return 0;
}
