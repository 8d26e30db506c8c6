// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/reading.h"

#include <math.h>

void rp_reading__swap(struct rp_reading *a, struct rp_reading *b)
{
	struct rp_reading c = *a;

	*a = *b;
	*b = c;
}

struct rp_snapshot *rp_reading__snapshot(const struct rp_reading *now,
					 const struct rp_reading *before,
					 const struct rp_snapshot_opts *opts)
{
	struct rp_snapshot *snapshot = rp_snapshot__build(now->counts, before->counts, opts);
	uint64_t cpu = now->cpu - before->cpu;

	if (!snapshot)
		return NULL;
	if (snapshot->pairs > 0)
		snapshot->meta.ns_per_region = snapshot->probe_ns / snapshot->pairs;
	if (cpu)
		snapshot->meta.cpu_share = snapshot->probe_ns / (double)cpu;
	else if (!now->cpu)
		snapshot->meta.cpu_share = NAN;
	if (now->cpu)
		snapshot->meta.overhead = rp_overhead__of(snapshot->probe_ns, cpu,
							  snapshot->duration);
	if (snapshot->sampled)
		rp_sampled__set_cpu(snapshot,
				    now->counts->samples->cpu ? now->counts->samples->cpu : cpu);
	return snapshot;
}
