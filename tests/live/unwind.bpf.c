// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Unwinds wherever a clock interrupts a thread of one process: what test_unwind loads. */
#include "rp_unwind.bpf.h"
#include "unwind_stack.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_stack);
} rooms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} stacks SEC(".maps");

SEC("perf_event")
int take_stack(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 only = 0, end = RP_UNWIND_END_NO_ROW;
	struct unwind_stack *stack = bpf_map_lookup_elem(&rooms, &only);
	struct rp_unwind_regs regs;

	if (!stack)
		return 0;
	forget_memory();
	unwind_regs(task, &regs);
	stack->n = unwind_user(task->tgid, &regs, (struct rp_unwind_out *)stack->address, &end);
	stack->end = end;
	bpf_ringbuf_output(&stacks, stack, sizeof(*stack), 0);
	return 0;
}

char LICENSE[] SEC("license")
= "Dual BSD/GPL";
