// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/told_calls.h"

#include <errno.h>
#include <stdlib.h>

#include "export/told.h"
#include "util/array.h"

static int add_place(struct rp_told_calls *c, const struct rp_told_place *place)
{
	int rc = rp_array__grow(&c->places, c->n_places, &c->places_room, sizeof(*c->places));

	if (!rc)
		c->places[c->n_places++] = *place;
	return rc;
}

static int add_call(struct rp_told_calls *c, uint32_t parent, uint32_t place)
{
	int rc = rp_array__grow(&c->calls, c->n_calls, &c->calls_room, sizeof(*c->calls));

	if (!rc)
		c->calls[c->n_calls++] = (struct rp_told_call){.parent = parent, .place = place};
	return rc;
}

int rp_told_calls__begin_run(struct rp_told_calls *calls)
{
	static const struct rp_told_place none = {.function = "[none]", .file = "", .object = ""};
	int rc = add_place(calls, &none);

	return rc ? rc : add_call(calls, 0, 0);
}

void rp_told_calls__forget_run(struct rp_told_calls *calls)
{
	rp_map__free(&calls->place_of);
	rp_map__free(&calls->call_of);
	calls->n_places = calls->n_calls = 0;
}

void rp_told_calls__free(struct rp_told_calls *calls)
{
	rp_told_calls__forget_run(calls);
	free(calls->places);
	free(calls->calls);
	free(calls->stack);
}

int rp_told__on_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	struct rp_told *t = ctx;
	struct rp_told_calls *c = &t->calls;
	struct rp_told_place told = {.line = place->line};
	int rc;

	if (rp_map__get(&c->place_of, number) != RP_MAP_NONE)
		return 0;
	rc = rp_told__quote(t, place->function, &told.function);
	if (!rc)
		rc = rp_told__quote(t, place->object, &told.object);
	if (!rc)
		rc = rp_told__quote(t, place->file, &told.file);
	if (!rc)
		rc = rp_map__add(&c->place_of, number, (uint32_t)c->n_places);
	return rc ? rc : add_place(c, &told);
}

/* One whose place is not known, as that of a root, is left out: its caller stands for it. */
int rp_told__on_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	struct rp_told_calls *c = &((struct rp_told *)ctx)->calls;
	uint32_t place = rp_map__get(&c->place_of, call->place);
	uint32_t parent = rp_map__get(&c->call_of, call->parent);
	int rc = 0;

	if (rp_map__get(&c->call_of, number) != RP_MAP_NONE)
		return 0;
	if (parent == RP_MAP_NONE)
		parent = 0;
	if (place == RP_MAP_NONE)
		return rp_map__add(&c->call_of, number, parent);
	rc = rp_map__add(&c->call_of, number, (uint32_t)c->n_calls + 1);
	return rc ? rc : add_call(c, parent, place);
}

uint32_t rp_told_calls__of(const struct rp_told_calls *calls, const struct rp_taken_sample *sample)
{
	uint32_t call = rp_map__get(&calls->call_of, sample->call);

	return call == RP_MAP_NONE || !call ? 0 : call - 1;
}

int rp_told_calls__stack(struct rp_told_calls *calls, uint32_t call, const uint32_t **places,
			 size_t *n)
{
	size_t depth = 0;

	for (uint32_t at = call + 1; at; at = calls->calls[at - 1].parent)
		depth++;
	while (calls->stack_room < depth)
		if (rp_array__grow(&calls->stack, calls->stack_room, &calls->stack_room,
				   sizeof(*calls->stack)))
			return -ENOMEM;
	*n = depth;
	for (uint32_t at = call + 1; at; at = calls->calls[at - 1].parent)
		calls->stack[--depth] = calls->calls[at - 1].place;
	*places = calls->stack;
	return 0;
}
