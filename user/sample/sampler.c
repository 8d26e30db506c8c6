// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/sampler.h"

#include <stdlib.h>
#include <string.h>

#include "sample/spaces.h"

struct rp_sampler {
	struct rp_sample_store *store;
	struct rp_sample_objects *objects;
	struct rp_spaces *spaces;
	rp_is_probe_fn is_probe;
	void *ctx;
	uint32_t unknown, probe; /* places */
};

static uint32_t own_place(struct rp_sample_store *store, const char *name)
{
	const struct rp_place place = {.function = name, .file = "", .object = ""};

	return rp_sample_store__place(store, &place);
}

struct rp_sampler *rp_sampler__new(struct rp_sample_store *store, rp_is_probe_fn is_probe,
				   void *ctx)
{
	struct rp_sampler *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->store = store;
	s->is_probe = is_probe;
	s->ctx = ctx;
	s->objects = rp_sample_objects__new(store);
	s->spaces = rp_spaces__new(s->objects);
	s->unknown = own_place(store, "[unknown]");
	s->probe = own_place(store, "[probe]");
	if (s->objects && s->spaces && s->unknown && s->probe)
		return s;
	rp_sampler__free(s);
	return NULL;
}

void rp_sampler__free(struct rp_sampler *s)
{
	if (!s)
		return;
	rp_spaces__free(s->spaces);
	rp_sample_objects__free(s->objects);
	free(s);
}

struct rp_spaces *rp_sampler__spaces(struct rp_sampler *s)
{
	return s->spaces;
}

/* 0: it has none. */
static uint32_t place_of(struct rp_sampler *s, const struct rp_sample *sample, size_t i,
			 bool *named)
{
	/* A return address may be that of the next line, or of the next function. */
	uint64_t address = sample->address[i] - (i > 0), offset;
	uint32_t object;

	*named = false;
	if (!rp_spaces__find(s->spaces, (pid_t)sample->tgid, address, &object, &offset))
		return 0;
	return rp_sample_objects__place(s->objects, object, offset, named);
}

/*
 * A thread that hits a probe is in the kernel, with its user registers at the instruction or,
 * before the kernel has looked at it, behind the breakpoint.
 */
static bool is_at_probe(struct rp_sampler *s, const struct rp_sample *sample)
{
	struct rp_file_id file;
	uint64_t offset;
	uint32_t object;

	if (sample->flags & RP_SAMPLE_PROBE)
		return true;
	return sample->flags & RP_SAMPLE_KERNEL && sample->addresses &&
	       rp_spaces__find(s->spaces, (pid_t)sample->tgid, sample->address[0], &object,
			       &offset) &&
	       rp_sample_objects__id(s->objects, object, &file) &&
	       (s->is_probe(s->ctx, &file, offset) || s->is_probe(s->ctx, &file, offset - 1));
}

static void add(struct rp_sampler *s, const struct rp_sample *sample)
{
	struct rp_sample_totals *totals = rp_sample_store__totals(s->store);
	uint32_t places[RP_SAMPLE_ADDRESSES_MAX + 1];
	bool at_probe = is_at_probe(s, sample), named, known = at_probe;
	size_t n = 0;

	for (size_t i = sample->addresses; i > 0; i--) {
		uint32_t place = place_of(s, sample, i - 1, &named);

		known |= i == 1 && named;
		/* The page that the kernel has added belongs to no function. */
		if (at_probe && i == 1 && !place)
			continue;
		places[n++] = place ? place : s->unknown;
	}
	if (at_probe)
		places[n++] = s->probe;
	rp_sample_store__add(s->store, sample->node, places, n);
	totals->truncated += (sample->flags & RP_SAMPLE_TRUNCATED) != 0;
	totals->unresolved += !known;
	totals->probes += at_probe;
}

void rp_sampler__take(struct rp_sampler *s, const void *record, size_t size)
{
	struct rp_sample sample;

	if (size < (size_t)RP_SAMPLE_BYTES(0) || size > sizeof(sample))
		return;
	memcpy(&sample, record, size);
	if (sample.addresses <= RP_SAMPLE_ADDRESSES_MAX &&
	    size >= (size_t)RP_SAMPLE_BYTES(sample.addresses))
		add(s, &sample);
}
