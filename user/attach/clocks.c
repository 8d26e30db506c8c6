// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The clock that BPF programs read and the scheduler's are some milliseconds apart, and more with
 * the time. Where the CPU time of a process is told as it ends, that is taken off.
 */
#include <bpf/bpf.h>
#include <time.h>

#include "attach/session_internal.h"

#define ROUNDS 5

/* The least difference of some rounds is the best, as each includes the way into the kernel. */
void rp_session__compare_clocks(struct rp_session *s)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int fd = bpf_program__fd(s->skel->progs.rp_clocks);
	int64_t least = INT64_MAX;
	struct timespec used;

	for (int i = 0; i < ROUNDS; i++) {
		/* To answer, the kernel brings the figures of this thread up to date. */
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
		if (bpf_prog_test_run_opts(fd, &opts))
			return;
		if (s->skel->bss->clock_ahead < least)
			least = s->skel->bss->clock_ahead;
	}
	s->skel->bss->clock_ahead = least;
}
