/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What probes cost the target, as it is told to people. Pure. */
#ifndef RP_OVERHEAD_H
#define RP_OVERHEAD_H

#include <stdbool.h>
#include <stdint.h>

struct rp_overhead {
	double share; /* 0 to 1 */
	bool idle;    /* of one whole CPU, as the target used less than half of one */
};

/*
 * Of the CPU time that the target used in a period (all in ns). A target that waits most of the
 * time uses next to nothing, in steps of the kernel's clock: a share of that is a large number that
 * jumps, and says nothing of a program that has a CPU to spare. It is told of what such a target
 * could use.
 */
struct rp_overhead rp_overhead__of(double probe_ns, uint64_t cpu, uint64_t duration);

#endif
