// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Instances come as they ended, so one that comes is around, or behind, or crosses those before it.
 * Of each track those are kept that nothing is around as yet, in the order of time: a later one
 * takes from the end of the list what it is around of. It crosses the one before that if that
 * ended after it began.
 *
 * A loop that never ends makes as many such instances as it likes. So neighbours become one from
 * some number on: first those of the same depth, which are in one and the same instance that is
 * still open, so that nothing that comes can begin between them and nest.
 */
#include "export/lanes.h"

#include <stdbool.h>
#include <stdlib.h>

#include "util/array.h"

#define STRETCHES_MAX 4096

struct stretch {
	uint64_t start, end;
	uint32_t depth;
};

struct lane {
	struct stretch *stretch;
	size_t n, room;
};

struct rp_thread_lanes {
	struct lane *lane;
	size_t n;
};

/* With its neighbour, if that is of the same depth or any will do. */
static void join(struct lane *lane, bool any)
{
	size_t n = 1;

	for (size_t i = 1; i < lane->n; i++) {
		struct stretch *last = &lane->stretch[n - 1];

		if (any ? i % 2 : last->depth == lane->stretch[i].depth)
			last->end = lane->stretch[i].end;
		else
			lane->stretch[n++] = lane->stretch[i];
	}
	lane->n = n;
}

/* How many are left if this one comes; SIZE_MAX: it crosses one. */
static size_t left_beside(const struct lane *lane, uint64_t start, uint64_t end)
{
	size_t n = lane->n;

	while (n && lane->stretch[n - 1].start >= start && lane->stretch[n - 1].end <= end)
		n--;
	if (!n || lane->stretch[n - 1].end <= start)
		return n;
	/* It is inside, as those are that are open at the end: their ends are one. */
	if (lane->stretch[n - 1].start <= start && lane->stretch[n - 1].end >= end)
		return n;
	return SIZE_MAX;
}

static int enter(struct lane *lane, size_t left, const struct stretch *stretch)
{
	int rc;

	lane->n = left;
	if (left && lane->stretch[left - 1].end > stretch->start)
		return 0;
	if (left == STRETCHES_MAX) {
		join(lane, false);
		if (lane->n > STRETCHES_MAX / 2)
			join(lane, true);
	}
	rc = rp_array__grow(&lane->stretch, lane->n, &lane->room, sizeof(*lane->stretch));
	if (!rc)
		lane->stretch[lane->n++] = *stretch;
	return rc;
}

/* The same, of spans: on a lane without nesting, the last is all that need be kept. */
static size_t left_apart(const struct lane *lane, uint64_t start)
{
	return !lane->n || lane->stretch[0].end <= start ? 0 : SIZE_MAX;
}

static int place(struct rp_thread_lanes *t, const struct stretch *stretch, bool nests,
		 uint32_t *out)
{
	size_t left = 0, i = 0;
	int rc = 0;

	for (; i < t->n; i++) {
		left = nests ? left_beside(&t->lane[i], stretch->start, stretch->end)
			     : left_apart(&t->lane[i], stretch->start);
		if (left != SIZE_MAX)
			break;
	}
	if (i == t->n) {
		rc = rp_array__fit(&t->lane, t->n + 1, sizeof(*t->lane));
		if (rc)
			return rc;
		t->lane[t->n++] = (struct lane){0};
		left = 0;
	}
	*out = (uint32_t)i;
	return enter(&t->lane[i], left, stretch);
}

static int lanes_of(struct rp_lanes *lanes, uint32_t key, struct rp_thread_lanes **out)
{
	uint32_t i = rp_map__get(&lanes->threads, key);
	int rc = 0;

	if (i == RP_MAP_NONE) {
		i = (uint32_t)lanes->n;
		rc = rp_array__grow(&lanes->thread, lanes->n, &lanes->room, sizeof(*lanes->thread));
		if (!rc)
			rc = rp_map__add(&lanes->threads, key, i);
		if (rc)
			return rc;
		lanes->thread[lanes->n++] = (struct rp_thread_lanes){0};
	}
	*out = &lanes->thread[i];
	return 0;
}

int rp_lanes__place(struct rp_lanes *lanes, uint32_t thread, uint32_t depth, uint64_t start,
		    uint64_t end, uint32_t *lane)
{
	struct stretch stretch = {start, end, depth};
	struct rp_thread_lanes *t;
	int rc = lanes_of(lanes, thread, &t);

	return rc ? rc : place(t, &stretch, true, lane);
}

int rp_lanes__place_apart(struct rp_lanes *lanes, uint32_t key, uint64_t start, uint64_t end,
			  uint32_t *lane)
{
	struct stretch stretch = {start, end, 0};
	struct rp_thread_lanes *t;
	int rc = lanes_of(lanes, key, &t);

	return rc ? rc : place(t, &stretch, false, lane);
}

void rp_lanes__free(struct rp_lanes *lanes)
{
	for (size_t i = 0; i < lanes->n; i++) {
		for (size_t k = 0; k < lanes->thread[i].n; k++)
			free(lanes->thread[i].lane[k].stretch);
		free(lanes->thread[i].lane);
	}
	free(lanes->thread);
	rp_map__free(&lanes->threads);
}
