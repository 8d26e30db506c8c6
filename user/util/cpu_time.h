/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What calls take of a CPU. Where others want the CPU too, or the host takes it away, they come to
 * no more than on an idle machine, as far as the kernel can tell.
 */
#ifndef RP_CPU_TIME_H
#define RP_CPU_TIME_H

#include <stdint.h>
#include <sys/types.h>

/* CPU time that a process has used so far, ns; 0: it is gone. */
uint64_t rp_cpu_time__process(pid_t pid);

/* ns for which its first thread has waited for a CPU so far; 0: it is gone, or not known. */
uint64_t rp_cpu_time__waited(pid_t pid);

/* ns a call: of the median round and on average. */
struct rp_cpu_time {
	double median, mean;
};

/* Make some rounds of that many calls on this thread. */
void rp_cpu_time__measure(void (*call)(void), unsigned calls, struct rp_cpu_time *out);

#endif
