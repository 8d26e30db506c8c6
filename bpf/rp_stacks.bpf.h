/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Which stack a thread is on. Frames, and the kernel's pending return probes, are ordered by their
 * stack pointers, and that order says something on one and the same stack only. A thread has others
 * beside its own: the alternate stack of its signal handlers, which the kernel knows
 * (sigaltstack(2)), and those of coroutines, which lie in mappings of their own as a rule.
 */
#ifndef RP_STACKS_BPF_H
#define RP_STACKS_BPF_H

#include "rp_maps.bpf.h"

/* Where the mapping of a stack is not known: stack pointers further apart are on different ones. */
#define RP_STACK_SPAN (64ull << 20)

static __always_inline bool on_signal_stack(struct task_struct *task, __u64 sp)
{
	return sp - task->sas_ss_sp < task->sas_ss_size;
}

struct rp_stack_bounds {
	__u64 start, end;
};

static long take_bounds(struct task_struct *task, struct vm_area_struct *vma,
			struct rp_stack_bounds *bounds)
{
	bounds->start = vma->vm_start;
	bounds->end = vma->vm_end;
	return 0;
}

/*
 * Bounds of the stack that sp is on: those of fibers are mappings of their own. Not 0: they are a
 * guess, as somebody has the lock of the mappings: whoever places probes in the process, say.
 */
static __noinline long stack_find(__u64 sp, struct rp_stack_bounds *bounds)
{
	bounds->start = sp > RP_STACK_SPAN ? sp - RP_STACK_SPAN : 0;
	bounds->end = sp + RP_STACK_SPAN;
	return bpf_find_vma(bpf_get_current_task_btf(), sp, take_bounds, bounds, 0);
}

/*
 * Where it begins. Stack pointers of a goroutine are relative to the end of its stack: all on one.
 * Where that cannot be told now, nothing below is taken to be on it, nor for left.
 */
static __always_inline __u64 stack_start(__u64 goroutine, __u64 sp)
{
	struct rp_stack_bounds bounds;

	if (goroutine)
		return sp > RP_STACK_SPAN ? sp - RP_STACK_SPAN : 0;
	return stack_find(sp, &bounds) ? sp : bounds.start;
}

/* Are both on one stack? Where that cannot be told now, it is as `otherwise` says. */
static __always_inline bool on_one_stack(struct rp_thread *t, __u64 sp, __u64 other, bool otherwise)
{
	struct rp_stack_bounds bounds;

	if (sp - t->stack_start < t->stack_end - t->stack_start &&
	    other - t->stack_start < t->stack_end - t->stack_start)
		return true;
	if (stack_find(sp, &bounds))
		return otherwise;
	t->stack_start = bounds.start;
	t->stack_end = bounds.end;
	return other - bounds.start < bounds.end - bounds.start;
}

/* Where several stacks share a mapping: stack pointers that are closer are taken to be on one. */
#define RP_STACK_NEAR (16ull << 10)
#define PAGE_BYTES    4096ull

/* What is taken to be the stack that sp is on, to find the call that encloses one. */
static __always_inline void stack_around(struct rp_thread *t, __u64 sp,
					 struct rp_stack_bounds *bounds)
{
	if (!t->stacks_share && on_one_stack(t, sp, sp, false)) {
		bounds->start = t->stack_start;
		bounds->end = t->stack_end;
	} else {
		bounds->start = sp > RP_STACK_NEAR ? sp - RP_STACK_NEAR : 0;
		bounds->end = sp + RP_STACK_NEAR;
	}
}

/*
 * The word at the top of the user stack is the kernel's return trampoline: a tail call, or a call
 * whose return is pending.
 */
__noinline int returns_to_trampoline(__u64 sp)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct xol_area *area = BPF_CORE_READ(task, mm, uprobes_state.xol_area);
	__u64 address = 0, trampoline = 0;

	if (!area || bpf_probe_read_user(&address, sizeof(address), (void *)(unsigned long)sp))
		return false;
	trampoline = BPF_CORE_READ(area, vaddr);
	return trampoline && address == trampoline;
}

/*
 * Are there pages below sp that nobody has used? Where calls further down were made on the same
 * stack, that has grown through all of them.
 */
static __noinline bool has_gap_below(__u64 sp)
{
	__u8 byte;

	for (__u64 below = PAGE_BYTES; below < RP_STACK_NEAR; below += PAGE_BYTES)
		if (bpf_probe_read_user(&byte, sizeof(byte), (void *)(unsigned long)(sp - below)))
			return true;
	return false;
}

/*
 * Would the return of a call at sp harm those that are pending? The kernel takes pending ones that
 * lie below sp for left by longjmp(3), and forgets them: their functions then return to the
 * trampoline that nobody serves, or to another function's caller. That is right on one stack. On
 * another one, such as the alternate signal stack where that lies above the thread's, they are
 * alive. Where the stack cannot be told, nothing is risked.
 *
 * It also takes it that calls return in the reverse order of their entries, which a handler's do,
 * wherever its stack lies. Those of coroutines do not: not two of them may be pending on different
 * stacks. Those on the signal stack of a thread that is off it have been left: they may go.
 *
 * Stacks may also share a mapping, and a signal stack is unknown while its handler runs where it is
 * set up with SS_AUTODISARM. A call that is alive still has the trampoline as its return address,
 * but one that was left by longjmp(3) may have it, too, until something else is put there.
 */
static __always_inline bool return_breaks_others(struct task_struct *task, struct rp_thread *t,
						 __u64 sp)
{
	struct return_instance *pending = untrusted(task)->utask->return_instances;
	__u64 stack;

	if (!pending)
		return false;
	stack = pending->stack;
	if (on_signal_stack(task, stack))
		return false;
	if (on_signal_stack(task, sp))
		return sp > stack;
	if (!on_one_stack(t, sp, stack, sp <= stack))
		return true;
	if (sp <= stack + RP_STACK_NEAR || !returns_to_trampoline(stack))
		return false;
	if (has_gap_below(sp))
		t->stacks_share = 1;
	return t->stacks_share;
}

#endif
