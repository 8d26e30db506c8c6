/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Where the region stack of a thread is kept: in a slot by its pid, or in its task storage where
 * another thread has that slot, or with the goroutines where the kernel gives it no storage. What
 * is above its first frames is in segments of its own.
 */
#ifndef RP_THREADS_BPF_H
#define RP_THREADS_BPF_H

#include <linux/errno.h>

#include "rp_nodes.bpf.h"

/* Where Go code keeps the address of the goroutine that runs. */
#ifdef __TARGET_ARCH_x86
#define GOROUTINE(ctx) ((ctx)->r14)
#else
#define GOROUTINE(ctx) (((const struct user_pt_regs *)(ctx))->regs[28])
#endif

#define FRAME_ROOT 0xfu /* role of frame 0, which nothing closes */

static __always_inline struct rp_segment_key segment_key(__u64 goroutine, __u32 i)
{
	struct rp_segment_key key = {.owner = goroutine, .segment = i / RP_SEGMENT_FRAMES};

	if (goroutine)
		key.segment |= (__u64)current_tgid() << 32;
	else
		key.owner = bpf_get_current_task();
	return key;
}

static __always_inline struct rp_frame *segment_frame(const struct rp_segment_key *key, __u32 i)
{
	struct rp_stack_segment *segment = bpf_map_lookup_elem(&thread_segments, key);

	if (!segment)
		return NULL;
	barrier_var(segment); /* or the address is computed before the check */
	return &segment->frames[i % RP_SEGMENT_FRAMES];
}

static __noinline struct rp_frame *frame_deep(__u64 goroutine, __u32 i)
{
	struct rp_segment_key key = segment_key(goroutine, i);

	return segment_frame(&key, i);
}

/* Make room for frame i, the first of a segment. Where there is none frame_at gives none. */
static __noinline void frame_make_room(struct rp_thread *t, __u32 i)
{
	struct rp_segment_key key = segment_key(t->goroutine, i);
	__u32 only = 0, segment = i / RP_SEGMENT_FRAMES;
	struct rp_stack_segment *fresh = bpf_map_lookup_elem(&new_segment, &only);

	if (!fresh || segment <= t->segments ||
	    !place_take(RP_SHARED_SEGMENTS, &segments_used, RP_SEGMENTS_MAX))
		return;
	if (bpf_map_update_elem(&thread_segments, &key, fresh, BPF_ANY))
		place_give_back(RP_SHARED_SEGMENTS, &segments_used);
	else
		t->segments = segment;
}

static long segment_drop_step(__u32 i, struct rp_segment_key *key)
{
	key->segment++;
	if (!bpf_map_delete_elem(&thread_segments, key))
		place_give_back(RP_SHARED_SEGMENTS, &segments_used);
	return 0;
}

static __always_inline void thread_drop_segments(struct rp_thread *t)
{
	struct rp_segment_key key = segment_key(t->goroutine, 0);

	bpf_loop(t->segments, segment_drop_step, &key, 0);
}

/* Frame i of the current thread; past the first RP_SEGMENT_FRAMES they are elsewhere. */
static __always_inline struct rp_frame *frame_at(struct rp_thread *t, __u32 i)
{
	if (i >= RP_SEGMENT_FRAMES)
		return frame_deep(t->goroutine, i);
	barrier_var(i); /* or the mask, which is for the verifier alone, is optimised away */
	return &t->frames[i % RP_SEGMENT_FRAMES];
}

/* The whole system is traced: a process counts as tracked from its first region on. */
static __always_inline bool track_found(__u32 tgid)
{
	__u32 none = 0;
	long rc;

	if (!cfg_track_all || tgid == cfg_own_tgid)
		return false;
	rc = bpf_map_update_elem(&tracked, &tgid, &none, BPF_NOEXIST);
	if (!rc)
		send_event(RP_EVENT_FOUND, tgid, 0);
	else if (rc != -EEXIST)
		count_lost(RP_LOST_THREADS);
	return !rc || rc == -EEXIST;
}

/* Frame i of any thread, which is none of the goroutines; frame_at() is for the current one. */
static __always_inline struct rp_frame *thread_frame(struct rp_thread *t, __u64 task, __u32 i)
{
	struct rp_segment_key key = {.owner = task, .segment = i / RP_SEGMENT_FRAMES};

	if (i < RP_SEGMENT_FRAMES) {
		barrier_var(i);
		return &t->frames[i % RP_SEGMENT_FRAMES];
	}
	return segment_frame(&key, i);
}

/* The root of the current thread, which begins to be traced; 0: it is not to be, or there is no
 * room. */
static __always_inline __u32 thread_root(void)
{
	__u32 tgid = current_tgid(), root;

	if (!bpf_map_lookup_elem(&tracked, &tgid) && !track_found(tgid))
		return 0;
	root = node_root();
	if (!root)
		count_lost(RP_LOST_NODES);
	return root;
}

static __always_inline struct rp_thread *thread_slot(__u32 pid)
{
	__u32 slot = pid % THREAD_SLOTS;

	return bpf_map_lookup_elem(&thread_slots, &slot);
}

/*
 * The kernel refuses a thread its storage while another, preempted on the same CPU, is getting its
 * own. It then stays with the goroutines, under its own address.
 */
static __always_inline struct rp_goroutine_key stray_key(struct task_struct *task)
{
	return (struct rp_goroutine_key){.goroutine = (__u64)task, .tgid = tgid_of(task)};
}

static __noinline struct rp_thread *stray_of(struct task_struct *task)
{
	struct rp_goroutine_key key = stray_key(task);

	return bpf_map_lookup_elem(&goroutines, &key);
}

static __always_inline struct rp_thread *fresh_in_goroutines(const struct rp_goroutine_key *key)
{
	__u32 only = 0;
	struct rp_thread *fresh = bpf_map_lookup_elem(&new_goroutine, &only);

	if (!fresh || !place_take(RP_SHARED_GOROUTINES, &goroutine_places_used, RP_GOROUTINES_MAX))
		return NULL;
	goroutines_used = true;
	if (bpf_map_update_elem(&goroutines, key, fresh, BPF_NOEXIST))
		place_give_back(RP_SHARED_GOROUTINES, &goroutine_places_used);
	return bpf_map_lookup_elem(&goroutines, key);
}

static __always_inline struct rp_thread *thread_at(struct task_struct *task, __u32 pid)
{
	struct rp_thread *t = thread_slot(pid);

	if (t && t->owner == (__u64)task)
		return t;
	t = bpf_task_storage_get(&threads, task, NULL, 0);
	return t || !goroutines_used ? t : stray_of(task);
}

/*
 * The state of any thread, where it has one: the one place that knows where that is kept. It may
 * have no root yet (grouping_serial 0), when its stack is empty.
 */
static __always_inline struct rp_thread *thread_of(struct task_struct *task)
{
	return thread_at(task, task->pid);
}

/* Give a thread a place for its state, unless it has one. NULL: there is no memory. */
static __noinline struct rp_thread *thread_place(struct task_struct *task)
{
	struct rp_thread *t = thread_of(task);
	struct rp_goroutine_key key;

	if (t)
		return t;
	t = thread_slot(task->pid);
	if (t && !__sync_val_compare_and_swap(&t->owner, 0, (__u64)task))
		return t;
	t = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (t)
		return t;
	key = stray_key(task);
	return fresh_in_goroutines(&key);
}

static __always_inline struct rp_thread *thread_init(struct rp_thread *t, __u32 root)
{
	if (!t) {
		count_lost(RP_LOST_THREADS);
		return NULL;
	}
	t->depth = 0;
	t->lost_entries = 0;
	t->segments = 0;
	t->begun = 0;
	t->shallowest = 0;
	t->goroutine = 0;
	t->serial = 0;
	t->asleep = RP_ASLEEP_NOT;
	t->stacks_share = t->stacks_interleave = 0;
	t->sleep_in = 0;
	t->woken_by = 0;
	t->stack_start = t->stack_end = 0;
	t->has_coroutines = 0;
	t->frames[0].node = root;
	t->frames[0].sp = ~0ull;
	t->frames[0].region = FRAME_ROOT << 24;
	t->grouping_serial = grouping_serial;
	return t;
}

/* Give the current thread its state. 0: it is not traced, or counted as lost. */
__noinline int thread_create(void)
{
	__u32 root = thread_root();

	return root && thread_init(thread_place(bpf_get_current_task_btf()), root);
}

/* The state of the current thread; NULL: not traced, or counted as lost. */
static __always_inline struct rp_thread *thread_get(struct task_struct *task)
{
	struct rp_thread *t = thread_of(task);

	if (t && t->grouping_serial)
		return t;
	return thread_create() ? thread_of(task) : NULL;
}

/* The same for a goroutine. */
__noinline int goroutine_create(__u64 goroutine)
{
	struct rp_goroutine_key key = {.goroutine = goroutine, .tgid = current_tgid()};
	__u32 root = thread_root();
	struct rp_thread *t = root ? thread_init(fresh_in_goroutines(&key), root) : NULL;

	if (t)
		t->goroutine = goroutine;
	return t != NULL;
}

/*
 * The state of the goroutine that runs, whose address the runtime keeps in a register and which
 * begins with the bounds of its stack. *sp becomes relative to the end of that, as stacks move when
 * they grow. Where that is no goroutine (old versions of Go), the thread's.
 */
static __noinline struct rp_thread *goroutine_get(__u64 goroutine, __u64 *sp)
{
	struct rp_goroutine_key key = {.goroutine = goroutine, .tgid = current_tgid()};
	struct rp_thread *t;
	struct {
		__u64 start, end;
	} stack;

	if (bpf_probe_read_user(&stack, sizeof(stack), (void *)(unsigned long)goroutine) ||
	    *sp < stack.start || *sp >= stack.end)
		return thread_get(bpf_get_current_task_btf());
	*sp -= stack.end;
	t = bpf_map_lookup_elem(&goroutines, &key);
	if (!t && goroutine_create(goroutine))
		t = bpf_map_lookup_elem(&goroutines, &key);
	return t;
}

/* The thread is at its root: take the one of the grouping that is asked for now. */
static __noinline void thread_regroup(struct rp_thread *t)
{
	__u32 serial = grouping_serial, root = node_root();

	if (!root)
		return;
	t->grouping_serial = serial;
	t->frames[0].node = root;
}

#endif
