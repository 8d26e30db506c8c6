// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/counts.h"

#include <stdlib.h>

void rp_figures__join(struct rp_figures *to, const struct rp_figures *more)
{
	unsigned __int128 squares = (unsigned __int128)to->sq_hi << 64 | to->sq_lo;

	squares += (unsigned __int128)more->sq_hi << 64 | more->sq_lo;
	to->sq_lo = (uint64_t)squares;
	to->sq_hi = (uint64_t)(squares >> 64);
	to->entries += more->entries;
	to->count += more->count;
	to->unwound += more->unwound;
	to->skipped += more->skipped;
	to->unrecorded += more->unrecorded;
	to->unsampled += more->unsampled;
	to->total += more->total;
	to->self += more->self;
	to->cpu += more->cpu;
	to->wait += more->wait;
	to->asleep += more->asleep;
	to->asleep_untold += more->asleep_untold;
	to->min_inv = more->min_inv > to->min_inv ? more->min_inv : to->min_inv;
	to->max = more->max > to->max ? more->max : to->max;
}

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
	if (counts->wakers)
		free(counts->wakers->item);
	free(counts->wakers);
	free(counts);
}

void rp_open_entries__free(struct rp_open_entries *entries)
{
	free(entries->item);
	free(entries->nodes);
	rp_id_names__free(&entries->names);
	*entries = (struct rp_open_entries){0};
}
