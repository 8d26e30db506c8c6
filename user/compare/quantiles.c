// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "compare/quantiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUB_BITS 7
#define SUB	 (1u << SUB_BITS) /* buckets an octave */

/* Below 2 * SUB ns each has a bucket of its own. */
static uint32_t index_of(uint64_t ns)
{
	unsigned shift;

	if (ns < 2 * SUB)
		return (uint32_t)ns;
	shift = 63u - (unsigned)__builtin_clzll(ns) - SUB_BITS;
	return (shift << SUB_BITS) + (uint32_t)(ns >> shift);
}

static double width_of(uint32_t index)
{
	return index < 2 * SUB ? 1 : (double)(1ull << ((index >> SUB_BITS) - 1));
}

static double floor_of(uint32_t index)
{
	return index < 2 * SUB ? index : (index % SUB + SUB) * width_of(index);
}

/* Room for these buckets, by the octave. */
static int widen(struct rp_quantiles *q, uint32_t from, uint32_t end)
{
	uint64_t *wider;

	from = from / SUB * SUB;
	end = (end + SUB - 1) / SUB * SUB;
	if (q->from < q->end) {
		from = q->from < from ? q->from : from;
		end = q->end > end ? q->end : end;
	}
	if (from == q->from && end == q->end)
		return 0;
	wider = calloc(end - from, sizeof(*wider));
	if (!wider)
		return -ENOMEM;
	if (q->bucket)
		memcpy(wider + (q->from - from), q->bucket,
		       (q->end - q->from) * sizeof(*q->bucket));
	free(q->bucket);
	q->bucket = wider;
	q->from = from;
	q->end = end;
	return 0;
}

int rp_quantiles__add(struct rp_quantiles *q, uint64_t ns)
{
	uint32_t index = index_of(ns);
	int rc = index < q->from || index >= q->end ? widen(q, index, index + 1) : 0;

	if (rc)
		return rc;
	q->bucket[index - q->from]++;
	q->n++;
	return 0;
}

int rp_quantiles__join(struct rp_quantiles *to, const struct rp_quantiles *from)
{
	int rc = from->n ? widen(to, from->from, from->end) : 0;

	if (rc || !from->n)
		return rc;
	for (uint32_t i = from->from; i < from->end; i++)
		to->bucket[i - to->from] += from->bucket[i - from->from];
	to->n += from->n;
	return 0;
}

/* Whole ns: those of a bucket are taken to lie evenly between half a ns below its first one and
 * half a ns above its last one. */
double rp_quantiles__at(const struct rp_quantiles *q, double share)
{
	double rank = share * (double)q->n, below = 0, value = 0;

	for (uint32_t i = q->from; i < q->end; i++) {
		double here = (double)q->bucket[i - q->from];

		if (!(here > 0))
			continue;
		if (below + here >= rank) {
			value = floor_of(i) + (rank - below) / here * width_of(i) - 0.5;
			break;
		}
		below += here;
	}
	return value > 0 ? value : 0;
}

double rp_quantiles__resolution(double ns)
{
	return ns > 0 ? width_of(index_of((uint64_t)ns)) : 1;
}

void rp_quantiles__free(struct rp_quantiles *q)
{
	free(q->bucket);
	*q = (struct rp_quantiles){0};
}
