// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/damage.h"

/* The first ones are kept, with where they are; NULL: others are only counted. */
static struct rp_damage *add(struct rp_reader_figures *f, uint64_t offset, uint64_t end)
{
	size_t room = sizeof(f->damage) / sizeof(f->damage[0]), i = f->n_damaged++;

	if (i >= room)
		return NULL;
	f->damage[i] = (struct rp_damage){.offset = offset, .bytes = end - offset};
	return &f->damage[i];
}

/*
 * The times between which missing instances ended: of the nearest blocks of instances, before and
 * after.
 */
static void set_times(const struct rp_blocks *b, size_t before, size_t after, uint64_t start,
		      struct rp_damage *damage)
{
	while (before && b->place[before - 1].type != RP_BLOCK_INSTANCES)
		before--;
	while (after < b->n && b->place[after].type != RP_BLOCK_INSTANCES)
		after++;
	damage->t0 = before ? b->place[before - 1].t1 : start;
	damage->t1 = after < b->n ? b->place[after].t0 : damage->t0;
}

void rp_damage__add_block(struct rp_reader_figures *f, const struct rp_blocks *b, size_t at,
			  uint64_t start)
{
	const struct rp_block_place *place = &b->place[at];
	struct rp_damage *damage = add(f, place->offset, rp_block_place__end(place));

	if (!damage)
		return;
	if (!rp_block_place__has_events(place)) {
		set_times(b, at, at + 1, start, damage);
		return;
	}
	damage->t0 = place->t0;
	damage->t1 = place->t1;
}

static void add_gap(struct rp_reader_figures *f, const struct rp_blocks *b, size_t at,
		    uint64_t start, uint64_t offset, uint64_t end)
{
	struct rp_damage *damage = add(f, offset, end);

	if (damage)
		set_times(b, at, at, start, damage);
}

void rp_damage__find_gaps(struct rp_reader_figures *f, const struct rp_blocks *b, uint64_t start)
{
	uint64_t end = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->place[i].offset > end)
			add_gap(f, b, i, start, end, b->place[i].offset);
		end = rp_block_place__end(&b->place[i]);
	}
	/*
	 * Without an index the file was not closed: what is behind its last whole block was being
	 * written.
	 */
	if (!b->indexed && end < b->size)
		add_gap(f, b, b->n, start, end, b->size);
}
