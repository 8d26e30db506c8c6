/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Memory of the current thread, for what reads many words of it that are close together: its stack,
 * and the frames of an interpreter. To read 8 bytes takes 80 ns, to read 512 takes 91 (on the
 * machine of docs/COST.md). So they are read in blocks, of which a few are kept until
 * forget_memory(): a walk begins with that.
 *
 * A block is as large as its alignment, so that it lies in one page: it can be read where any word
 * of it can.
 */
#ifndef RP_MEMORY_BPF_H
#define RP_MEMORY_BPF_H

#include "rp_kern.bpf.h"

/* Powers of two. */
#define MEMORY_BLOCK_BYTES 1024u
#define MEMORY_BLOCK_WORDS (MEMORY_BLOCK_BYTES / 8)
#define MEMORY_BLOCKS	   8u

#define MEMORY_NO_BLOCK	   1ull /* no block has that address */

struct rp_memory {
	__u64 address[MEMORY_BLOCKS];
	__u64 block[MEMORY_BLOCKS][MEMORY_BLOCK_WORDS];
};

/* One program at a time walks on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_memory);
} memories SEC(".maps");

/* The compiler sees that it is below a power of two, and the verifier before 6.2 does not. */
static __always_inline __u64 below(__u64 index, const __u64 bound)
{
#ifdef __bpf__
	asm volatile("%[index] &= %[mask]" : [index] "+r"(index) : [mask] "i"(bound - 1));
	return index;
#else /* unit tests */
	return index & (bound - 1);
#endif
}

static __always_inline struct rp_memory *memory_of_cpu(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&memories, &only);
}

static __always_inline void forget_memory(void)
{
	struct rp_memory *m = memory_of_cpu();

	if (!m)
		return;
#pragma unroll
	for (__u32 i = 0; i < MEMORY_BLOCKS; i++)
		m->address[i] = MEMORY_NO_BLOCK;
}

static __always_inline __u64 block_of(__u64 address)
{
	return below(address / MEMORY_BLOCK_BYTES, MEMORY_BLOCKS);
}

/* Not 0: it cannot be read. A global function, which the verifier checks once, by itself. */
__noinline int read_block(struct rp_memory *m, __u64 address)
{
	__u64 start = address & -(__u64)MEMORY_BLOCK_BYTES, i = block_of(address);

	if (!m)
		return 1;
	m->address[i] = MEMORY_NO_BLOCK;
	if (bpf_probe_read_user(m->block[i], MEMORY_BLOCK_BYTES, (void *)(unsigned long)start))
		return 1;
	m->address[i] = start;
	return 0;
}

/* Of walks: rp_unwind_read. Neither stacks nor objects have words that are not aligned. */
static __always_inline bool read_user(const void *memory, __u64 address, __u64 *value)
{
	struct rp_memory *m = (struct rp_memory *)memory;
	__u64 i = block_of(address);

	if (address % sizeof(*value))
		return false;
	if (m->address[i] != (address & -(__u64)MEMORY_BLOCK_BYTES) && read_block(m, address))
		return false;
	*value = m->block[i][below(address / sizeof(*value), MEMORY_BLOCK_WORDS)];
	return true;
}

#endif
