/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The user stack of the current thread, by the rows of its objects' .eh_frame that user space has
 * put into maps (rp_unwind.h), and by frame pointers where there are none.
 *
 * The verifier is what shapes this. It follows a binary search down both ways of each comparison,
 * and the whole of the step after that for each of the places where the search may end. So:
 *
 *   - A comparison of a search does not branch: it makes a mask, by which the step is taken or not.
 *   - The search in an object's table is a global function, which is verified once, by itself. So
 *     are the walk and what it begins with: within another function they would be verified again
 * for each way to them, which took ten times as many instructions.
 *   - Frames are walked by bpf_loop(), and where in the output they go is told by its counter. What
 *     a walk knows is in a map, not on the program's stack, where the verifier would follow it
 *     through every value: so it sees one frame like another.
 *
 * Stacks repeat: the rows that were found last are kept, by address, on each CPU.
 *
 * rptrace's own return probes replace return addresses on the stack by that of the kernel's
 * trampoline. What was there is in the thread's list of pending returns, with the place that it was
 * taken from. And a probed instruction that the kernel steps over is run from a copy elsewhere.
 */
#ifndef RP_UNWIND_BPF_H
#define RP_UNWIND_BPF_H

#include "rp_memory.bpf.h"
#include "rp_unwind.h"

#define UNWIND_MARKS_MAX    64u		 /* a power of two */
#define UNWIND_MARK	    (1ull << 63) /* at an address */

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

/* Of a process that has no tables. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_unwind_process);
} unwind_nothing SEC(".maps");

struct rp_unwind_recent {
	__u64 key; /* address and serial of the process; 0: none */
	__u64 row;
};
#define UNWIND_RECENT	  1024u /* a power of two */
#define USER_ADDRESS_BITS 47

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, UNWIND_RECENT);
	__type(key, __u32);
	__type(value, struct rp_unwind_recent);
} unwind_recent SEC(".maps");

struct rp_unwind_walk {
	struct rp_unwind_regs regs;
	__u64 trampoline; /* of return probes; 0: the process has none */
	__u64 pending;	  /* the struct return_instance to look at next */
	__u64 from, to;	  /* the place on the stack of the one that is looked for */
	__u64 found;	  /* the return address that was there */
	__u32 n;
	__u32 end; /* enum rp_unwind_end */
	/* Places on the stack whose frames get a mark, the innermost first. Whoever wants none has
	 * none. */
	__u64 mark[UNWIND_MARKS_MAX];
	__u32 marks, marked;
};

/* One program at a time walks on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_unwind_walk);
} unwind_walks SEC(".maps");

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

/* What the steps of a walk need that the verifier has to know as what it is. */
struct rp_unwind_frames {
	struct rp_unwind_walk *w;
	const struct rp_unwind_process *process;
	struct rp_memory *memory;
	__u64 *out;
};

/* ---- code ------------------------------------------------------------------------------------ */

static __always_inline __u64 in_mappings(__u64 index)
{
	return below(index, RP_UNWIND_MAPPINGS_MAX);
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

	if (pc >> USER_ADDRESS_BITS)
		return NULL;
	mapping = unwind_mapping(process, pc);
	return pc >= mapping->start && pc < mapping->end ? mapping : NULL;
}

static __always_inline __u64 unwind_row_at(const struct rp_unwind_process *process, __u64 pc)
{
	__u64 key = pc | process->serial << USER_ADDRESS_BITS, row;
	__u32 slot = (__u32)(pc ^ pc >> 10) & (UNWIND_RECENT - 1);
	volatile struct rp_unwind_recent *recent = bpf_map_lookup_elem(&unwind_recent, &slot);
	const struct rp_unwind_mapping *mapping;

	if (recent && recent->key == key)
		return recent->row;
	mapping = unwind_code(process, pc);
	if (!mapping)
		return (__u64)RP_UNWIND_ELSEWHERE << 32;
	row = unwind_row(mapping->object, mapping->rows, pc - mapping->bias);
	if (recent) {
		/* Whoever interrupts this finds no half of it. */
		recent->key = 0;
		recent->row = row;
		recent->key = key;
	}
	return row;
}

/* ---- probes ---------------------------------------------------------------------------------- */

static long pending_step(__u32 i, struct rp_unwind_frames *f)
{
	struct rp_unwind_walk *w = f->w;
	struct return_instance *pending = (void *)(unsigned long)w->pending;
	unsigned long stack;

	if (!pending)
		return 1;
	stack = BPF_CORE_READ(pending, stack);
	if (stack >= w->from && stack <= w->to) {
		w->from = stack;
		w->found = BPF_CORE_READ(pending, orig_ret_vaddr);
		return 1;
	}
	w->pending = (__u64)(unsigned long)BPF_CORE_READ(pending, next);
	return 0;
}

/* Go on where the return that was taken from between these words of the stack would have gone. */
static __always_inline bool take_pending(struct rp_unwind_frames *f, __u64 from, __u64 to)
{
	struct rp_unwind_walk *w = f->w;
	__u64 pending = w->pending;

	w->from = from;
	w->to = to;
	w->found = 0;
	bpf_loop(PENDING_RETURNS_MAX, pending_step, f, 0);
	if (!w->found) {
		w->pending = pending;
		return false;
	}
	w->regs.ip = w->found;
	w->regs.sp = w->from + RP_UNWIND_WORD;
	return true;
}

/*
 * The thread is in the trampoline. Since 6.11 that is code which pushes three registers for a
 * system call. That one takes the return out of the list, writes its address to where the first of
 * them is, and the trampoline pops the others and returns there.
 */
static __always_inline bool leave_trampoline(struct rp_unwind_frames *f)
{
	struct rp_unwind_walk *w = f->w;
	__u64 sp = w->regs.sp, pushed = 2 * RP_UNWIND_WORD, ip;

	if (take_pending(f, sp - RP_UNWIND_WORD, sp + pushed))
		return true;
	if (w->regs.ip - w->trampoline > TRAMPOLINE_CALL)
		pushed = w->regs.ip - w->trampoline > TRAMPOLINE_CALL + 2 ? 0 : RP_UNWIND_WORD;
	if (!read_user(f->memory, sp + pushed, &ip) || !unwind_code(f->process, ip))
		return false;
	w->regs.sp = sp + pushed + RP_UNWIND_WORD;
	w->regs.ip = ip;
	return true;
}

/*
 * A breakpoint leaves the thread one byte behind itself, until the kernel gets round to it. If it
 * is still to come to that, the instruction in its place has not been executed: at the entry and at
 * the exit of a function the return address is on top of the stack.
 */
static __always_inline void step_back_to_breakpoint(struct rp_unwind_frames *f)
{
#ifdef __TARGET_ARCH_x86
	__u64 before = f->w->regs.ip - 1, top;
	__u8 code = 0;

	bpf_probe_read_user(&code, sizeof(code), (void *)(unsigned long)before);
	if (code == BREAKPOINT && read_user(f->memory, f->w->regs.sp, &top) &&
	    (top == f->w->trampoline || unwind_code(f->process, top)))
		f->w->regs.ip = before;
#endif
}

/* Where the thread would be if it had no probes. false: that cannot be told. */
static __always_inline bool see_through_probes(struct rp_unwind_frames *f, struct task_struct *task)
{
	struct xol_area *area = untrusted(task)->mm->uprobes_state.xol_area;
	struct uprobe_task *utask = untrusted(task)->utask;
	struct rp_unwind_walk *w = f->w;
	__u64 copy;

	w->trampoline = 0;
	w->pending = 0;
	if (!area || !utask)
		return true;
	w->trampoline = area->vaddr;
	w->pending = (__u64)(unsigned long)utask->return_instances;
	if (w->regs.ip - w->trampoline >= XOL_AREA_SIZE) {
		step_back_to_breakpoint(f);
		return true;
	}
	if (w->regs.ip - w->trampoline < TRAMPOLINE_SIZE)
		return leave_trampoline(f);
	copy = BPF_CORE_READ(utask, xol_vaddr);
	if (w->regs.ip - copy < INSTRUCTION_SIZE)
		w->regs.ip += BPF_CORE_READ(utask, vaddr) - copy;
	return true;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Is the next of the marks in the frame from there up to where its caller's begins? */
static __always_inline bool is_marked(struct rp_unwind_walk *w, __u64 from)
{
	__u32 next = w->marked;

	if (next >= w->marks || next >= UNWIND_MARKS_MAX ||
	    w->mark[next] - from >= w->regs.sp - from)
		return false;
	w->marked = next + 1;
	return true;
}

static long caller_step(__u32 i, struct rp_unwind_frames *f)
{
	struct rp_unwind_walk *w = f->w;
	union {
		__u64 number;
		struct rp_unwind_row row;
	} at;
	__u64 pc, sp;

	if (w->regs.ip == w->trampoline &&
	    !take_pending(f, w->regs.sp - RP_UNWIND_WORD, w->regs.sp - RP_UNWIND_WORD)) {
		w->end = RP_UNWIND_END_PROBE;
		return 1;
	}
	/*
	 * Of a call that is the last instruction of its function, the return address is in another.
	 */
	pc = w->regs.ip - w->regs.is_return;
	if (i >= RP_UNWIND_FRAMES_MAX)
		return 1;
	w->n = i + 1;
	sp = w->regs.sp;
	at.number = unwind_row_at(f->process, pc);
	w->end = rp_unwind__step(&at.row, &w->regs, read_user, f->memory);
	f->out[i] = is_marked(w, sp) ? pc | UNWIND_MARK : pc;
	return w->end != RP_UNWIND_GOES_ON;
}

struct rp_unwind_out {
	__u64 address[RP_UNWIND_FRAMES_MAX];
};

/* From where the walk stands to its end. */
__noinline int unwind_frames(struct rp_unwind_walk *w, const struct rp_unwind_process *process,
			     struct rp_memory *memory, struct rp_unwind_out *out)
{
	struct rp_unwind_frames f = {.w = w, .process = process, .memory = memory};

	if (!w || !process || !memory || !out)
		return 0;
	f.out = out->address;
	bpf_loop(RP_UNWIND_FRAMES_MAX, caller_step, &f, 0);
	return 0;
}

/*
 * Addresses from where the current thread was outwards, each of an instruction that was running:
 * of callers, the last byte of the call. Returns how many, and in *end why there are no more: enum
 * rp_unwind_end.
 */
__noinline int unwind_user(__u32 tgid, const struct rp_unwind_regs *regs, struct rp_unwind_out *out,
			   __u32 *end)
{
	__u32 only = 0;
	struct rp_unwind_frames f = {
		.w = bpf_map_lookup_elem(&unwind_walks, &only),
		.process = bpf_map_lookup_elem(&unwind_processes, &tgid),
		.memory = memory_of_cpu(),
	};

	if (!f.process)
		f.process = bpf_map_lookup_elem(&unwind_nothing, &only);
	if (!f.w || !f.memory || !f.process || !regs || !out || !end)
		return 0;
	f.w->regs = *regs;
	f.w->n = 0;
	f.w->marked = 0;
	f.w->end = RP_UNWIND_GOES_ON;
	if (!see_through_probes(&f, bpf_get_current_task_btf())) {
		*end = RP_UNWIND_END_PROBE;
		return 0;
	}
	unwind_frames(f.w, f.process, f.memory, out);
	*end = f.w->end == RP_UNWIND_GOES_ON ? RP_UNWIND_END_DEPTH : f.w->end;
	return f.w->n;
}

/* The thread as it came into the kernel, or was interrupted. */
static __always_inline void unwind_regs(struct task_struct *task, struct rp_unwind_regs *out)
{
	const struct pt_regs *regs = (void *)bpf_task_pt_regs(task);

	*out = (struct rp_unwind_regs){.ip = PT_REGS_IP(regs),
				       .sp = PT_REGS_SP(regs),
				       .fp = PT_REGS_FP(regs),
				       .di = PT_REGS_PARM1(regs)};
}

#endif
