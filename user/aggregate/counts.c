// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/counts.h"

#include <stdlib.h>

static void rp_id_names__free(struct rp_id_names *names)
{
	free(names->regions);
	free(names->dynamic);
	rp_arena__free(&names->strings);
	*names = (struct rp_id_names){0};
}

void rp_counts__free(struct rp_counts *counts)
{
	if (!counts)
		return;
	free(counts->nodes);
	free(counts->buckets);
	rp_id_names__free(&counts->names);
	rp_sample_counts__free(counts->samples);
	free(counts);
}

void rp_open_entries__free(struct rp_open_entries *entries)
{
	free(entries->item);
	free(entries->nodes);
	rp_id_names__free(&entries->names);
	*entries = (struct rp_open_entries){0};
}
