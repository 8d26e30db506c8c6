// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/room.h"

#include <stdlib.h>

#include "rp_shares.h"
#include "util/table.h"

/* Those that have something. */
struct taker {
	uint64_t id;
	uint64_t taken;
	UT_hash_handle hh;
};

struct rp_room {
	uint64_t left;
	bool is_shared;
	struct taker *processes, *users;
};

struct rp_room *rp_room__new(uint64_t size, bool is_shared)
{
	struct rp_room *room = calloc(1, sizeof(*room));

	if (!room)
		return NULL;
	room->left = size;
	room->is_shared = is_shared;
	return room;
}

static struct taker *find(struct taker *takers, uint64_t id)
{
	struct taker *t;

	HASH_FIND(hh, takers, &id, sizeof(id), t);
	return t;
}

static void add(struct taker **takers, uint64_t id, uint64_t amount)
{
	struct taker *t = find(*takers, id);

	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return; /* the rest of the room is still guarded */
		t->id = id;
		HASH_ADD(hh, *takers, id, sizeof(t->id), t);
	}
	t->taken += amount;
}

static void subtract(struct taker **takers, uint64_t id, uint64_t amount)
{
	struct taker *t = find(*takers, id);

	if (!t)
		return;
	t->taken -= amount < t->taken ? amount : t->taken;
	if (t->taken)
		return;
	HASH_DEL(*takers, t);
	free(t);
}

static void free_takers(struct taker **takers)
{
	while (*takers) {
		struct taker *t = *takers;

		HASH_DEL(*takers, t);
		free(t);
	}
}

void rp_room__free(struct rp_room *room)
{
	if (!room)
		return;
	free_takers(&room->processes);
	free_takers(&room->users);
	free(room);
}

/* Rather than one more, all of the amount is taken: it has to hold when it is. */
static bool allows(const struct rp_room *room, struct taker *takers, uint64_t id, uint64_t amount,
		   enum rp_sharer sharer)
{
	const struct taker *t = find(takers, id);

	return (t ? t->taken : 0) + amount <= (room->left - amount) * sharer;
}

bool rp_room__take(struct rp_room *room, struct rp_owner owner, uint64_t amount)
{
	if (amount > room->left)
		return false;
	if (room->is_shared &&
	    (!allows(room, room->processes, owner.process, amount, RP_SHARER_PROCESS) ||
	     !allows(room, room->users, owner.user, amount, RP_SHARER_USER)))
		return false;
	room->left -= amount;
	if (room->is_shared) {
		add(&room->processes, owner.process, amount);
		add(&room->users, owner.user, amount);
	}
	return true;
}

void rp_room__give(struct rp_room *room, struct rp_owner owner, uint64_t amount)
{
	room->left += amount;
	if (!room->is_shared)
		return;
	subtract(&room->processes, owner.process, amount);
	subtract(&room->users, owner.user, amount);
}
