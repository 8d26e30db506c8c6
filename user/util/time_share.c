// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/time_share.h"

#include <stdlib.h>

#include "util/clock.h"
#include "util/table.h"

#define AT_ONCE_NS    (16 * RP_NS_PER_S)
#define PROCESS_TIMES 16
#define USER_TIMES    4
#define PROCESSES_MAX 4096

/* What it has cost is paid off at that time, if it costs nothing more. */
struct debt {
	uint64_t id;
	uint64_t until;
	UT_hash_handle hh;
};

struct rp_time_share {
	struct debt *processes, *users;
};

struct rp_time_share *rp_time_share__new(void)
{
	return calloc(1, sizeof(struct rp_time_share));
}

static void forget(struct debt **debts, struct debt *debt)
{
	HASH_DEL(*debts, debt);
	free(debt);
}

void rp_time_share__free(struct rp_time_share *share)
{
	if (!share)
		return;
	while (share->processes)
		forget(&share->processes, share->processes);
	while (share->users)
		forget(&share->users, share->users);
	free(share);
}

static struct debt *find(struct debt *debts, uint64_t id)
{
	struct debt *d;

	HASH_FIND(hh, debts, &id, sizeof(id), d);
	return d;
}

static bool is_in_time(struct debt *debts, uint64_t id, uint64_t now)
{
	const struct debt *d = find(debts, id);

	return !d || d->until <= now + AT_ONCE_NS;
}

bool rp_time_share__allows(const struct rp_time_share *share, struct rp_owner owner, uint64_t now)
{
	return is_in_time(share->processes, owner.process, now) &&
	       is_in_time(share->users, owner.user, now);
}

static void add(struct debt **debts, uint64_t id, uint64_t now, uint64_t ns)
{
	struct debt *d = find(*debts, id);

	if (!d) {
		d = calloc(1, sizeof(*d));
		if (!d)
			return;
		d->id = id;
		HASH_ADD(hh, *debts, id, sizeof(d->id), d);
	}
	d->until = (d->until > now ? d->until : now) + ns;
}

void rp_time_share__charge(struct rp_time_share *share, struct rp_owner owner, uint64_t now,
			   uint64_t cost)
{
	add(&share->processes, owner.process, now, cost * PROCESS_TIMES);
	add(&share->users, owner.user, now, cost * USER_TIMES);
	/* Processes end without a word to us. What they have cost, their users have. */
	if (HASH_COUNT(share->processes) > PROCESSES_MAX)
		forget(&share->processes, share->processes);
}
