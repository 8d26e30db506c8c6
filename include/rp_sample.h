/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A sample: what a thread was doing at one moment, as it comes through the ring of samples. */
#ifndef RP_SAMPLE_H
#define RP_SAMPLE_H

#include "rp_python.h"
#include "rp_unwind.h"

/* What a record of the ring is. */
#define RP_SAMPLE_KIND_SAMPLE 1u
#define RP_SAMPLE_KIND_CODE   2u /* struct rp_python_code */
#define RP_SAMPLE_KIND_SLEEP  3u /* a sample, too: where a thread has gone to sleep */
#define RP_SAMPLE_KIND_WOKEN  4u /* struct rp_woken */

#define RP_SAMPLE_KERNEL      1u /* in the kernel: a system call, a fault, a probe */
#define RP_SAMPLE_PROBE	      2u /* at code that the kernel put there for a probe */
#define RP_SAMPLE_UNSAMPLED   4u /* in a tree of calls that the record leaves out */

/* At an address: the interpreter evaluates Python code here. */
#define RP_SAMPLE_EVALUATION (1ull << 63)

#define RP_SAMPLE_KERNEL_MAX 31u /* frames of the kernel, of a thread that sleeps */

#define RP_SAMPLE_WORDS_MAX                                                                        \
	(RP_UNWIND_FRAMES_MAX + RP_PYTHON_WORDS * RP_PYTHON_FRAMES_MAX + RP_SAMPLE_KERNEL_MAX)

struct rp_sample {
	__rp_u32 kind; /* RP_SAMPLE_KIND_SAMPLE or RP_SAMPLE_KIND_SLEEP */
	__rp_u32 tgid;
	__rp_u64 time; /* ns, CLOCK_MONOTONIC */
	__rp_u32 tid;
	__rp_u32 thread;   /* its serial, where the run is recorded; 0: not introduced yet */
	__rp_u32 node;	   /* of the innermost open region; 0: outside, or its node is lost */
	__rp_u8 flags;	   /* RP_SAMPLE_* */
	__rp_u8 end;	   /* enum rp_unwind_end: why there are no more addresses */
	__rp_u8 addresses; /* how many follow */
	__rp_u8 python;	   /* how many Python frames follow those, the innermost first */
	/*
	 * Of instructions that were running, the innermost first: of callers, within the call. Of a
	 * sleep, those of the kernel are behind them and the Python frames, up to the end of the
	 * record: these are return addresses.
	 */
	__rp_u64 address[RP_SAMPLE_WORDS_MAX];
};
#define RP_SAMPLE_BYTES(words) (32 + 8 * (words))
_Static_assert(sizeof(struct rp_sample) == RP_SAMPLE_BYTES(RP_SAMPLE_WORDS_MAX),
	       "rp_sample is shared with BPF");

/*
 * Two clocks of one thread come more often than one can: is this a sample of the second? cpu: the
 * CPU time of the thread; last: what it was at the sample before.
 */
RP_INLINE bool rp_sample__is_doubled(__rp_u64 cpu, __rp_u64 last, __rp_u64 period)
{
	return cpu - last < period / 2;
}

#define RP_SLEEPS_WINDOW_BITS 26 /* ns: 67 ms, in which each CPU takes so many stacks at most */

/* Of a CPU. */
struct rp_sleeps {
	__rp_u64 window;
	__rp_u64 taken; /* in it so far */
};

/* One more, if there is room for it. */
RP_INLINE bool rp_sleeps__take(struct rp_sleeps *s, __rp_u64 now, __rp_u64 most)
{
	if (s->window != now >> RP_SLEEPS_WINDOW_BITS) {
		s->window = now >> RP_SLEEPS_WINDOW_BITS;
		s->taken = 0;
	}
	if (s->taken >= most)
		return false;
	s->taken++;
	return true;
}

/* The sleep of a thread that was told last is over. */
struct rp_woken {
	__rp_u32 kind; /* RP_SAMPLE_KIND_WOKEN */
	__rp_u32 tid;
	__rp_u64 ns; /* that it slept */
};
_Static_assert(sizeof(struct rp_woken) == 16, "rp_woken is shared with BPF");

#endif
