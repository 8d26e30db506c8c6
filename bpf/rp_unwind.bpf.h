/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The user stack of the current thread, by the rows of its objects' .eh_frame that user space has
 * put into maps (rp_unwind.h), and by frame pointers where there are none.
 *
 * The verifier is what shapes this. It follows a binary search down both ways of each comparison,
 * and the whole of the step after that for each of the places where the search may end. So:
 *
 *   - A comparison of a search does not branch: it makes a mask, by which the step is taken or not.
 *   - The search in an object's table is a global function, which is verified once, by itself.
 *   - Frames are walked by bpf_loop(), and where in the output they go is told by its counter: a
 *     counter of one's own the verifier would follow through every value.
 *
 * rptrace's own return probes replace return addresses on the stack by that of the kernel's
 * trampoline. What was there is in the thread's list of pending returns, with the place that it was
 * taken from. And a probed instruction that the kernel steps over is run from a copy elsewhere.
 */
#ifndef RP_UNWIND_BPF_H
#define RP_UNWIND_BPF_H

#include "rp_kern.bpf.h"
#include "rp_unwind.h"

#define BREAKPOINT	    0xcc
#define PENDING_RETURNS_MAX 128	 /* of a thread that are looked through; the kernel has 64 */
#define XOL_AREA_SIZE	    4096 /* copies of instructions that are stepped over; first in it ... */
#define TRAMPOLINE_SIZE	    32	 /* ... the trampoline ... */
#define INSTRUCTION_SIZE    16
#define TRAMPOLINE_CALL	    13 /* ... and in that, behind its system call */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1); /* user space sets it where samples are taken */
	__type(key, __u32);	/* tgid, as in `tracked` */
	__type(value, struct rp_unwind_process);
} unwind_processes SEC(".maps");

/* Of each object an array of its own size, so that one more changes nothing of the others. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* likewise */
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
			__uint(max_entries, 1);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct rp_unwind_row));
		});
} unwind_objects SEC(".maps");

/* All bits where a <= b, none where not, without a branch. Both are below 1 << 63. */
static __always_inline __u64 mask_if_up_to(__u64 a, __u64 b)
{
	__s64 less = (__s64)(a - b - 1);

	less >>= 63;
	asm volatile("" : "+r"(less)); /* the compiler would see through it, and branch */
	return less;
}

/*
 * The row that holds at pc in the table of an object, as a number: what is not one is no row.
 * Halves what it may be in until one row is left.
 */
__noinline __u64 unwind_row(__u32 object, __u32 rows, __u64 pc)
{
	const __u64 gap = (__u64)RP_UNWIND_GAP << 32;
	void *table = rows ? bpf_map_lookup_elem(&unwind_objects, &object) : NULL;
	__u32 low = 0, half, key;
	__u64 *row;

	if (!table || pc > 0xffffffff)
		return gap;
	for (int i = 0; i < 24 && rows > 1; i++) {
		half = rows / 2;
		key = low + half;
		row = bpf_map_lookup_elem(table, &key);
		if (!row)
			return gap;
		low += half & mask_if_up_to(*row & 0xffffffff, pc);
		rows -= half;
	}
	row = bpf_map_lookup_elem(table, &low);
	return row && (*row & 0xffffffff) <= pc ? *row : gap;
}

struct rp_unwind_walk {
	struct rp_unwind_regs regs;
	const struct rp_unwind_process *process; /* NULL: it has no tables */
	__u64 *out;
	__u64 trampoline; /* of return probes; 0: the process has none */
	struct return_instance *pending;
	__u32 n;
	enum rp_unwind_end end;
};

/* ---- code -------------------------------------------------------------------------------------
 */

/* The compiler sees that it is within bounds, and the verifier before 6.2 does not. */
static __always_inline __u64 in_mappings(__u64 index)
{
	asm volatile("%[index] &= %[mask]"
		     : [index] "+r"(index)
		     : [mask] "i"(RP_UNWIND_MAPPINGS_MAX - 1));
	return index;
}

/* The last mapping that begins at pc or before. */
static __always_inline const struct rp_unwind_mapping *
unwind_mapping(const struct rp_unwind_process *process, __u64 pc)
{
	__u64 low = 0;

#pragma unroll
	for (__u64 step = RP_UNWIND_MAPPINGS_MAX / 2; step; step /= 2)
		low += step & mask_if_up_to(process->mappings[in_mappings(low + step)].start, pc);
	return &process->mappings[in_mappings(low)];
}

/* NULL: pc is in no file's code. */
static __always_inline const struct rp_unwind_mapping *
unwind_code(const struct rp_unwind_process *process, __u64 pc)
{
	const struct rp_unwind_mapping *mapping;

	if (!process || pc >= RP_UNWIND_NOWHERE)
		return NULL;
	mapping = unwind_mapping(process, pc);
	return pc >= mapping->start && pc < mapping->end ? mapping : NULL;
}

static __always_inline __u64 unwind_row_at(const struct rp_unwind_process *process, __u64 pc)
{
	const struct rp_unwind_mapping *mapping = unwind_code(process, pc);

	if (!mapping)
		return (__u64)RP_UNWIND_ELSEWHERE << 32;
	return unwind_row(mapping->object, mapping->rows, pc - mapping->bias);
}

/* ---- probes -----------------------------------------------------------------------------------
 */

static bool read_user(const void *memory, __u64 address, __u64 *value)
{
	return !bpf_probe_read_user(value, sizeof(*value), (void *)(unsigned long)address);
}

/* A pending return whose address was taken from between there and there. */
struct pending_search {
	struct return_instance *at;
	__u64 from, to;
	__u64 stack, ip;
};

static long pending_step(__u32 i, struct pending_search *s)
{
	struct return_instance *pending = s->at;
	unsigned long stack;

	if (!pending)
		return 1;
	stack = BPF_CORE_READ(pending, stack);
	if (stack >= s->from && stack <= s->to) {
		s->stack = stack;
		s->ip = BPF_CORE_READ(pending, orig_ret_vaddr);
		return 1;
	}
	s->at = BPF_CORE_READ(pending, next);
	return 0;
}

/* Go on where the return that was taken from between these words of the stack would have gone. */
static __always_inline bool take_pending(struct rp_unwind_walk *w, __u64 from, __u64 to)
{
	struct pending_search s = {.at = w->pending, .from = from, .to = to};

	bpf_loop(PENDING_RETURNS_MAX, pending_step, &s, 0);
	if (!s.ip)
		return false;
	w->pending = s.at; /* those before it are of calls further in */
	w->regs.ip = s.ip;
	w->regs.sp = s.stack + RP_UNWIND_WORD;
	return true;
}

/*
 * The thread is in the trampoline. Since 6.11 that is code which pushes three registers for a
 * system call. That one takes the return out of the list, writes its address to where the first of
 * them is, and the trampoline pops the others and returns there.
 */
static __always_inline bool leave_trampoline(struct rp_unwind_walk *w)
{
	__u64 sp = w->regs.sp, pushed = 2 * RP_UNWIND_WORD;

	if (take_pending(w, sp - RP_UNWIND_WORD, sp + pushed))
		return true;
	if (w->regs.ip - w->trampoline > TRAMPOLINE_CALL)
		pushed = w->regs.ip - w->trampoline > TRAMPOLINE_CALL + 2 ? 0 : RP_UNWIND_WORD;
	w->regs.sp = sp + pushed + RP_UNWIND_WORD;
	return read_user(NULL, sp + pushed, &w->regs.ip) && unwind_code(w->process, w->regs.ip);
}

/*
 * A breakpoint leaves the thread one byte behind itself, until the kernel gets round to it. If it
 * is still to come to that, the instruction in its place has not been executed: at the entry and at
 * the exit of a function the return address is on top of the stack.
 */
static __always_inline void step_back_to_breakpoint(struct rp_unwind_walk *w)
{
#ifdef __TARGET_ARCH_x86
	__u64 before = w->regs.ip - 1, top;
	__u8 code = 0;

	bpf_probe_read_user(&code, sizeof(code), (void *)(unsigned long)before);
	if (code == BREAKPOINT && read_user(NULL, w->regs.sp, &top) &&
	    (top == w->trampoline || unwind_code(w->process, top)))
		w->regs.ip = before;
#endif
}

/* Where the thread would be if it had no probes. false: that cannot be told. */
static __always_inline bool see_through_probes(struct rp_unwind_walk *w, struct task_struct *task)
{
	struct xol_area *area = BPF_CORE_READ(task, mm, uprobes_state.xol_area);
	struct uprobe_task *utask = BPF_CORE_READ(task, utask);
	__u64 copy;

	if (!area || !utask)
		return true;
	w->trampoline = BPF_CORE_READ(area, vaddr);
	w->pending = BPF_CORE_READ(utask, return_instances);
	if (w->regs.ip - w->trampoline >= XOL_AREA_SIZE) {
		step_back_to_breakpoint(w);
		return true;
	}
	if (w->regs.ip - w->trampoline < TRAMPOLINE_SIZE)
		return leave_trampoline(w);
	copy = BPF_CORE_READ(utask, xol_vaddr);
	if (w->regs.ip - copy < INSTRUCTION_SIZE)
		w->regs.ip += BPF_CORE_READ(utask, vaddr) - copy;
	return true;
}

/* ---- frames -----------------------------------------------------------------------------------
 */

union rp_unwind_at {
	__u64 number;
	struct rp_unwind_row row;
};

/*
 * The way back from a signal handler ends in a system call that never returns: a thread in that is
 * behind the end of the code.
 */
static __always_inline void row_of_frame(struct rp_unwind_walk *w, __u64 pc, union rp_unwind_at *at)
{
	union rp_unwind_at before;

	at->number = unwind_row_at(w->process, pc);
	if (w->regs.is_return || at->row.cfa != RP_UNWIND_GAP)
		return;
	before.number = unwind_row_at(w->process, pc - 1);
	if (before.row.cfa == RP_UNWIND_SIGNAL)
		*at = before;
}

static long caller_step(__u32 i, struct rp_unwind_walk *w)
{
	union rp_unwind_at at;
	__u64 pc;

	if (w->regs.ip == w->trampoline &&
	    !take_pending(w, w->regs.sp - RP_UNWIND_WORD, w->regs.sp - RP_UNWIND_WORD)) {
		w->end = RP_UNWIND_END_PROBE;
		return 1;
	}
	/* Of a call that is the last instruction of its function, the return address is in another.
	 */
	pc = w->regs.ip - w->regs.is_return;
	if (i >= RP_UNWIND_FRAMES_MAX)
		return 1;
	w->out[i] = pc;
	w->n = i + 1;
	row_of_frame(w, pc, &at);
	w->end = rp_unwind__step(&at.row, &w->regs, read_user, NULL);
	return w->end != RP_UNWIND_GOES_ON;
}

/*
 * Addresses from where the current thread was outwards, each of an instruction that was running:
 * of callers, the last byte of the call. Returns how many, and in *end why there are no more.
 */
static __always_inline __u32 unwind_user(struct task_struct *task, __u32 tgid,
					 const struct rp_unwind_regs *regs,
					 __u64 out[RP_UNWIND_FRAMES_MAX], enum rp_unwind_end *end)
{
	struct rp_unwind_walk w = {.regs = *regs, .out = out};

	w.process = bpf_map_lookup_elem(&unwind_processes, &tgid);
	if (!see_through_probes(&w, task)) {
		*end = RP_UNWIND_END_PROBE;
		return 0;
	}
	bpf_loop(RP_UNWIND_FRAMES_MAX, caller_step, &w, 0);
	*end = w.end == RP_UNWIND_GOES_ON ? RP_UNWIND_END_DEPTH : w.end;
	return w.n;
}

/* The thread as it came into the kernel, or was interrupted. */
static __always_inline void unwind_regs(struct task_struct *task, struct rp_unwind_regs *out)
{
	struct pt_regs regs = {};

	bpf_probe_read_kernel(&regs, sizeof(regs), (void *)bpf_task_pt_regs(task));
	*out = (struct rp_unwind_regs){
		.ip = PT_REGS_IP(&regs),
		.sp = PT_REGS_SP(&regs),
		.fp = PT_REGS_FP(&regs),
	};
}

#endif
