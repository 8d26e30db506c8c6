// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/joined_samples.h"

#include <errno.h>
#include <stdlib.h>

#include "util/array.h"

/* As many as a run may have. */
#define CALLS_MAX (4u << 20)
#define NS_PER_S  1000000000u

int rp_joined_samples__begin_run(struct rp_joined_samples *j, const struct rp_event_run *run)
{
	if (!run->sample_hz)
		return 0;
	j->run_hz = run->sample_hz;
	if (j->store)
		return 0;
	j->hz = run->sample_hz;
	j->store = rp_sample_store__new(CALLS_MAX, UINT64_MAX, false);
	return j->store ? 0 : -ENOMEM;
}

int rp_joined_samples__place(struct rp_joined_samples *j, uint32_t number,
			     const struct rp_place *place)
{
	uint32_t known = j->store ? rp_sample_store__place(j->store, place) : 0;

	if (!j->store)
		return 0;
	return known ? rp_map__add(&j->place_of, number, known) : -ENOMEM;
}

int rp_joined_samples__call(struct rp_joined_samples *j, uint32_t number,
			    const struct rp_sample_call *call)
{
	uint32_t parent = rp_map__get(&j->call_of, call->parent);
	uint32_t place = rp_map__get(&j->place_of, call->place);
	int rc = rp_array__grow(&j->call, j->n_calls, &j->calls_room, sizeof(*j->call));

	if (!rc)
		rc = rp_map__add(&j->call_of, number, (uint32_t)j->n_calls);
	if (!rc)
		j->call[j->n_calls++] = (struct rp_joined_call){
			.parent = parent == RP_MAP_NONE ? 0 : parent + 1,
			.place = place == RP_MAP_NONE ? 0 : place,
		};
	return rc;
}

/* From the outermost call in. -ENOMEM, or how many. */
static int fill_stack(struct rp_joined_samples *j, uint32_t number)
{
	uint32_t call = rp_map__get(&j->call_of, number);
	size_t n = 0;

	for (uint32_t at = call == RP_MAP_NONE ? 0 : call + 1; at; at = j->call[at - 1].parent) {
		if (!j->call[at - 1].place)
			continue;
		if (rp_array__grow(&j->stack, n, &j->stack_room, sizeof(*j->stack)))
			return -ENOMEM;
		j->stack[n++] = j->call[at - 1].place;
	}
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t other = j->stack[n - 1 - i];

		j->stack[n - 1 - i] = j->stack[i];
		j->stack[i] = other;
	}
	return (int)n;
}

int rp_joined_samples__add(struct rp_joined_samples *j, const struct rp_taken_sample *sample,
			   uint32_t node)
{
	struct rp_taken_sample here = *sample;
	int n = j->store ? fill_stack(j, sample->call) : 0;

	if (!j->store || n < 0)
		return n;
	here.node = node;
	rp_sample_store__add(j->store, &here, j->stack, (size_t)n);
	j->n++;
	return 0;
}

uint64_t rp_samples__cpu(const struct rp_event_end *end, uint64_t n, unsigned hz)
{
	uint64_t all = end->samples + end->lost[RP_LOST_SAMPLES];

	if (!end->cpu || !all)
		return hz ? n * NS_PER_S / hz : 0;
	return (uint64_t)((unsigned __int128)end->cpu * n / all);
}

void rp_joined_samples__end_run(struct rp_joined_samples *j, const struct rp_event_end *end)
{
	if (j->store) {
		j->cpu += rp_samples__cpu(end, j->n + end->lost[RP_LOST_SAMPLES], j->run_hz);
		j->lost += end->lost[RP_LOST_SAMPLES];
		rp_sample_store__totals(j->store)->no_room += end->no_tables;
	}
	j->n = 0;
	j->n_calls = 0;
	rp_map__free(&j->place_of);
	rp_map__free(&j->call_of);
}

void rp_joined_samples__free(struct rp_joined_samples *j)
{
	rp_map__free(&j->place_of);
	rp_map__free(&j->call_of);
	rp_sample_store__put(j->store);
	free(j->call);
	free(j->stack);
}

int rp_joined_samples__counts(const struct rp_joined_samples *j, struct rp_sample_counts **out)
{
	*out = NULL;
	if (!j->store)
		return 0;
	*out = rp_sample_counts__of(j->store);
	if (!*out)
		return -ENOMEM;
	(*out)->lost = j->lost;
	(*out)->hz = j->hz;
	(*out)->cpu = j->cpu;
	return 0;
}
