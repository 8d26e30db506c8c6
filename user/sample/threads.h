/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The clocks that interrupt the threads of a target: one perf event a thread, of its CPU time.
 * Threads and processes that those start inherit it. A clock of each CPU would do without all this,
 * but virtual machines starve it where a CPU is idle.
 */
#ifndef RP_SAMPLE_THREADS_H
#define RP_SAMPLE_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

struct rp_sample_threads;

struct rp_sample_threads_opts {
	int program; /* descriptor of the BPF program that each interrupt runs */
	unsigned hz; /* interrupts a second of CPU time */
	bool follow; /* processes that are started later, too */
};

struct rp_sample_threads *rp_sample_threads__new(const struct rp_sample_threads_opts *opts);
void rp_sample_threads__free(struct rp_sample_threads *threads);

/*
 * All threads of a process, from now on. That it has ended is no error. *may_double: some were
 * started meanwhile, and may have got an event by inheritance beside their own.
 */
int rp_sample_threads__add(struct rp_sample_threads *threads, pid_t pid, bool *may_double,
			   struct rp_err *err);

/*
 * A thread has been sampled. Of a program that repeats itself in step with its clock, all samples
 * would be at a few places: so each clock goes slower and faster by turns.
 */
void rp_sample_threads__sampled(struct rp_sample_threads *threads, pid_t tid);

/*
 * How much longer the next period of a clock is than what is wanted; `last`: how much the one
 * before was. At most an eighth; what is shorter comes back. random: its state.
 */
int32_t rp_sample_clock__deviate(uint32_t wanted, int32_t last, uint32_t *random);

#endif
