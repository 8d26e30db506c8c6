/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Every instance, told to user space while a run is recorded. The figures of nodes do not depend on
 * it: an instance is sent right after it was added to those of its node, and one that finds the
 * ring full is counted at the node. So for each node, what was recorded and what was lost is what
 * was counted, those that were unwound included. Nothing waits for user space, and nobody is woken:
 * user space looks now and then. Where nothing is recorded the verifier removes all of this.
 */
#ifndef RP_INSTANCES_BPF_H
#define RP_INSTANCES_BPF_H

#include "rp_instances.h"
#include "rp_nodes.bpf.h"

/* Chosen at random for each tree: those that come at regular times are not met in step. */
static __always_inline bool tree_is_unsampled(void)
{
	return cfg_every && bpf_get_prandom_u32() % cfg_every;
}

static __always_inline void count_unsampled(__u32 node)
{
	struct rp_figures *figures = node_figures(node);

	if (figures)
		__sync_fetch_and_add(&figures->unsampled, 1);
}

/* Room for one of a node, to be submitted, with what all have in common. */
static __always_inline struct rp_instance *instance_reserve(__u32 node, __u32 kind, __u64 start,
							    __u64 ns)
{
	struct rp_instance *i = bpf_ringbuf_reserve(&instances, sizeof(*i), 0);
	struct rp_figures *figures;

	if (!i) {
		figures = node_figures(node);
		if (figures)
			__sync_fetch_and_add(&figures->unrecorded, 1);
		count_lost(RP_LOST_INSTANCES);
		return NULL;
	}
	i->start = start;
	i->ns = ns;
	i->node = node;
	i->cpu_number = bpf_get_smp_processor_id();
	i->kind = kind;
	return i;
}

/*
 * Introduce the current thread, or goroutine, before its first instance. Where the ring is full, it
 * stays without a number, and the next instance tries again; but not one that is unwound, where
 * calls are nested as deep as the verifier allows.
 */
__noinline int thread_introduce(struct rp_thread *t)
{
	struct task_struct *task = bpf_get_current_task_btf(),
			   *leader = untrusted(task)->group_leader;
	struct rp_thread_info *info;

	if (!t || t->serial)
		return 0;
	info = bpf_ringbuf_reserve(&instances, sizeof(*info), 0);
	if (!info)
		return 0;
	t->serial = __sync_fetch_and_add(&thread_serials, 1) + 1;
	info->start_time = task->start_time;
	info->goroutine = t->goroutine;
	bpf_probe_read_kernel_str(info->comm, sizeof(info->comm), task->comm);
	info->tid = t->goroutine ? 0 : tid_of(task);
	info->tgid = tgid_of(task);
	info->serial = t->serial;
	info->reserved = 0;
	info->cpu_number = bpf_get_smp_processor_id();
	info->kind = RP_INSTANCE_THREAD;
	info->process_start_time = leader->start_time;
	bpf_probe_read_kernel_str(info->process_comm, sizeof(info->process_comm), leader->comm);
	bpf_ringbuf_submit(info, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Room for a frame that ends; NULL: none, or it is not to be recorded. */
static __always_inline struct rp_instance *
frame_reserve(const struct rp_thread *t, const struct rp_frame *f, __u64 ns, __u32 kind)
{
	struct rp_instance *i;

	if (f->flags & RP_FRAME_UNSAMPLED) {
		count_unsampled(f->node);
		return NULL;
	}
	i = instance_reserve(f->node, kind, f->start, ns);
	if (i)
		i->thread = t->serial;
	return i;
}

/* Once it was added to the figures of its node. */
static __always_inline void frame_submit(struct rp_instance *i, const struct rp_taken *taken)
{
	i->child = taken->child;
	i->cpu = taken->cpu;
	i->wait = taken->wait;
	bpf_ringbuf_submit(i, BPF_RB_NO_WAKEUP);
}

/*
 * A frame that was left without its exit, at `end`. Of its CPU time nothing is known. A function of
 * its own, for the stack that its callers have (rp_walks.bpf.h).
 */
__noinline int frame_record_unwound(struct rp_thread *t, const struct rp_frame *f, __u64 end)
{
	struct rp_instance *i;

	if (!t || !f)
		return 0;
	i = frame_reserve(t, f, end > f->start ? end - f->start : 0, RP_INSTANCE_UNWOUND);
	if (!i)
		return 0;
	i->child = f->child;
	i->cpu = 0;
	i->wait = 0;
	bpf_ringbuf_submit(i, BPF_RB_NO_WAKEUP);
	return 0;
}

/* A span that ends now. thread: that ends it, by its serial. */
__noinline int span_record(const struct rp_span *span, __u32 thread, __u64 now, __u32 kind)
{
	struct rp_instance *i;

	if (!span || !span->node)
		return 0;
	if (span->unsampled) {
		count_unsampled(span->node);
		return 0;
	}
	i = instance_reserve(span->node, RP_INSTANCE_SPAN | kind, span->start, now - span->start);
	if (!i)
		return 0;
	i->span = span->key.id;
	i->begun_by = span->begun_by;
	i->wait = 0;
	i->thread = thread;
	bpf_ringbuf_submit(i, BPF_RB_NO_WAKEUP);
	return 0;
}

#endif
