// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Counters beside the slices. Instances come as they ended, so what was going on at a time is known
 * when the run has ended: then there is a value for each slice of it where that changes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "export/perfetto.h"
#include "util/array.h"

enum {
	TRACK_COUNTER = 8,
	COUNTER_UNIT_NAME = 6,
	EVENT_REAL = 44,
};

enum { EVENT_IS_COUNTER = 4 }; /* EVENT_TYPE */

/* ---- counting -------------------------------------------------------------------------------- */

static int find_process(struct rp_perfetto_counters *c, uint64_t pid, uint32_t *index)
{
	int rc;

	*index = rp_map__get(&c->cpus_of, pid);
	if (*index != RP_MAP_NONE)
		return 0;
	*index = (uint32_t)c->n_pids;
	rc = rp_array__grow(&c->pids, c->n_pids, &c->pids_room, sizeof(*c->pids));
	if (!rc)
		rc = rp_map__add(&c->cpus_of, pid, *index);
	if (!rc)
		c->pids[c->n_pids++] = pid;
	return rc;
}

/*
 * Of outermost ones alone, in which those inside are contained. When they had a CPU is not known,
 * so their CPU time is spread over all of their time.
 */
static int count_cpu(struct rp_perfetto *p, const struct rp_event_instance *instance,
		     uint64_t start, uint64_t end)
{
	struct rp_perfetto_counters *c = &p->counters;
	uint32_t thread = rp_told__thread(&p->told, instance->thread), process;
	int rc;

	if (instance->is_span || !instance->ns || rp_told__node(&p->told, instance->node)->parent)
		return 0;
	rc = find_process(c, rp_tracks__pid(&p->told, &p->told.threads[thread]), &process);
	return rc ? rc
		  : rp_rates__cover(&c->cpus, process, start, end,
				    (double)instance->cpu / (double)instance->ns);
}

int rp_perfetto__count(struct rp_perfetto *p, const struct rp_event_instance *instance)
{
	struct rp_perfetto_counters *c = &p->counters;
	uint32_t region = rp_told__node(&p->told, instance->node)->region_index;
	uint64_t start = rp_told__since(&p->told, instance);
	uint64_t end = rp_told__since_start(&p->told, rp_event_instance__end(instance));
	int rc = rp_rates__cover(&c->regions, region, start, end, 1);

	if (c->time < end)
		c->time = end;
	if (rc || !rp_event_instance__is_timed(instance))
		return rc;
	rc = rp_rates__count(&c->regions, region, end);
	return rc ? rc : count_cpu(p, instance, start, end);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* parent: 0: that of all counters. */
static int describe(struct rp_perfetto *p, const char *name, const char *unit, uint64_t parent,
		    uint64_t *uuid)
{
	*uuid = rp_perfetto__uuid(TRACK_OF_COUNTER, ++p->counters.next_id);
	rp_proto__text(&p->inner, COUNTER_UNIT_NAME, unit);
	rp_proto__number(&p->message, TRACK_UUID, *uuid);
	rp_proto__number(&p->message, TRACK_PARENT, parent ? parent : p->counters.group);
	rp_proto__text(&p->message, TRACK_NAME, name);
	rp_proto__message(&p->message, TRACK_COUNTER, &p->inner);
	return rp_perfetto__write_track(p);
}

static int describe_group(struct rp_perfetto *p)
{
	char name[64];

	if (p->counters.group)
		return 0;
	p->counters.group = rp_perfetto__uuid(TRACK_OF_COUNTER, ++p->counters.next_id);
	snprintf(name, sizeof(name), p->told.run > 1 ? "regions of record %u" : "regions",
		 p->told.run);
	rp_proto__number(&p->message, TRACK_UUID, p->counters.group);
	rp_proto__text(&p->message, TRACK_NAME, name);
	return rp_perfetto__write_track(p);
}

static int write_value(struct rp_perfetto *p, uint64_t uuid, uint64_t time, double value)
{
	rp_proto__number(&p->packet, PACKET_TIMESTAMP, time);
	rp_proto__number(&p->packet, PACKET_SEQUENCE_FLAGS, STATE_NEEDED);
	rp_proto__number(&p->message, EVENT_TYPE, EVENT_IS_COUNTER);
	rp_proto__number(&p->message, EVENT_TRACK, uuid);
	rp_proto__real(&p->message, EVENT_REAL, value);
	rp_proto__message(&p->packet, PACKET_TRACK_EVENT, &p->message);
	return rp_perfetto__write_packet(p);
}

/* From the first slice of which something is known to the last, and none behind that. */
static int write_slices(struct rp_perfetto *p, uint64_t uuid, const struct rp_rate *rate,
			uint64_t time)
{
	int rc = 0;

	for (uint32_t i = rate->from; !rc && i < rate->to; i++)
		if (i == rate->from || rate->value[i] < rate->value[i - 1] ||
		    rate->value[i] > rate->value[i - 1])
			rc = write_value(p, uuid, i * rate->slice, rate->value[i]);
	if (rc)
		return rc;
	return write_value(p, uuid, rate->to * rate->slice < time ? rate->to * rate->slice : time,
			   0);
}

static int write_counter(struct rp_perfetto *p, const char *name, const char *unit, uint64_t parent,
			 const struct rp_rate *rate, uint64_t time)
{
	uint64_t uuid;
	int rc = 0;

	if (!rate->to)
		return 0;
	if (!parent)
		rc = describe_group(p);
	if (!rc)
		rc = describe(p, name, unit, parent, &uuid);
	return rc ? rc : write_slices(p, uuid, rate, time);
}

/* index: + 1; 0: of what is not known. */
static char *name_of(const struct rp_perfetto *p, uint32_t index)
{
	const char *name = index ? p->told.regions[index - 1].name : NULL;

	return p->told.quote(name ? name : "?");
}

static int write_region(struct rp_perfetto *p, uint32_t index, uint64_t time)
{
	static const char *const units[] = {"calls/s", "open"};
	char *name = name_of(p, index), *text;
	struct rp_rate rate;
	int rc = name ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < 2; i++) {
		if (i)
			rp_rates__level(&p->counters.regions, index, time, &rate);
		else
			rp_rates__per_second(&p->counters.regions, index, time, &rate);
		if (asprintf(&text, "%s: %s", name, units[i]) < 0)
			text = NULL;
		rc = text ? write_counter(p, text, units[i], 0, &rate, time) : -ENOMEM;
		free(text);
	}
	free(name);
	return rc;
}

int rp_perfetto__write_counters(struct rp_perfetto *p, uint64_t time)
{
	struct rp_perfetto_counters *c = &p->counters;
	struct rp_rate rate;
	int rc = 0;

	if (time < c->time)
		time = c->time;
	for (uint32_t i = 0; !rc && i < c->regions.n_levels; i++)
		rc = write_region(p, i, time);
	for (uint32_t i = 0; !rc && i < c->n_pids; i++) {
		rp_rates__level(&c->cpus, i, time, &rate);
		rc = write_counter(p, "CPUs in regions", "CPUs",
				   rp_perfetto__uuid(TRACK_OF_PROCESS, c->pids[i]), &rate, time);
	}
	rp_perfetto__free_counters(p);
	return rc;
}

/* When it was lost is not told, but it was before this. */
int rp_perfetto__count_lost(struct rp_perfetto *p, uint64_t n)
{
	struct rp_perfetto_counters *c = &p->counters;
	int rc = describe_group(p);

	if (!rc && !c->lost_track)
		rc = describe(p, "lost instances", "instances", 0, &c->lost_track);
	c->lost += n;
	return rc ? rc : write_value(p, c->lost_track, c->time, (double)c->lost);
}

void rp_perfetto__free_counters(struct rp_perfetto *p)
{
	uint64_t next_id = p->counters.next_id;

	rp_rates__free(&p->counters.regions);
	rp_rates__free(&p->counters.cpus);
	rp_map__free(&p->counters.cpus_of);
	free(p->counters.pids);
	p->counters = (struct rp_perfetto_counters){.next_id = next_id};
}
