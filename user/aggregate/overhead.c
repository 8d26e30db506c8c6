// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/overhead.h"

struct rp_overhead rp_overhead__of(double probe_ns, uint64_t cpu, uint64_t duration)
{
	struct rp_overhead out = {.idle = cpu < duration / 2};
	double of = (double)(out.idle ? duration : cpu);

	if (of > 0 && probe_ns > 0)
		out.share = probe_ns < of ? probe_ns / of : 1;
	return out;
}
