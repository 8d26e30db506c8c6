// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What one process, and one user, may bring where the whole system is traced, so that there is room
 * and time for what others bring: files with something in them, regions in these, and the time that
 * reading takes. A file is on the account of whoever was first seen to map it, and of its owner
 * where that one has ended before it could be asked whose it is.
 *
 * A user may start any number of processes, so that all of a user have a bound, too. It is higher:
 * one process of a user is not to keep another from being traced. Files and regions are given back
 * as the files are let go. Time is not, and processes come and go: that of a process ends with it,
 * and that of a user is for an hour, as a user may well build new programs for weeks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "targets/internal.h"
#include "util/clock.h"

#define FILES_A_PROCESS	  256
#define REGIONS_A_PROCESS 8192
#define USER_TIMES	  4 /* so many times as much is for all processes of a user */
#define HOUR_NS		  (3600 * RP_NS_PER_S)

#define PROCESSES_MAX	  4096

static struct rp_share *find(struct rp_share *shares, uint64_t id)
{
	struct rp_share *s;

	HASH_FIND(hh, shares, &id, sizeof(id), s);
	return s;
}

static void forget(struct rp_share **shares, struct rp_share *s)
{
	if (!s)
		return;
	HASH_DEL(*shares, s);
	free(s);
}

/* Made if need be; NULL: out of memory. */
static struct rp_share *get(struct rp_share **shares, uint64_t id)
{
	struct rp_share *s = find(*shares, id);

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->id = id;
	s->since = rp_clock__now();
	HASH_ADD(hh, *shares, id, sizeof(s->id), s);
	return s;
}

/* Ends of processes may be missed: they start anew then. */
static struct rp_share *get_of_process(struct rp_targets *t, pid_t pid)
{
	while (HASH_COUNT(t->shares) >= PROCESSES_MAX && !find(t->shares, (uint64_t)pid))
		forget(&t->shares, t->shares);
	return get(&t->shares, (uint64_t)pid);
}

uint64_t rp_targets__reading_so_far(const struct rp_targets *t)
{
	return rp_helper__spent(t->helper) + rp_clock__thread_cpu();
}

/* Of a user: the hour begins anew once it is over, whether anything was read in it or not. */
static void renew(struct rp_share *s)
{
	uint64_t now = rp_clock__now();

	if (now - s->since <= HOUR_NS)
		return;
	s->since = now;
	s->reading = 0;
}

void rp_quota__charge(struct rp_targets *t, pid_t pid, uint64_t user, uint64_t before)
{
	uint64_t reading = rp_targets__reading_so_far(t) - before;
	struct rp_share *of_process = get_of_process(t, pid), *of_user = NULL;

	if (user != RP_PROC_NO_USER)
		of_user = get(&t->user_shares, user);
	if (of_process)
		of_process->reading += reading;
	if (!of_user)
		return;
	renew(of_user);
	of_user->reading += reading;
}

/* ---- whose is used up ------------------------------------------------------------------------ */

struct brought {
	size_t files, regions;
	uint64_t reading;
};

static void add(struct brought *b, const struct rp_object *o)
{
	b->files++;
	b->regions += o->regions;
}

static bool takes_too_long(const struct rp_targets *t, const struct brought *b, unsigned times)
{
	return b->reading >= times * t->max_reading;
}

static bool is_too_much(const struct rp_targets *t, const struct brought *b, unsigned times)
{
	return b->files >= (size_t)times * FILES_A_PROCESS ||
	       b->regions >= (size_t)times * REGIONS_A_PROCESS || takes_too_long(t, b, times);
}

static void sum_up(struct rp_targets *t, pid_t pid, uint64_t user, struct brought *of_process,
		   struct brought *of_user)
{
	const struct rp_share *s = find(t->shares, (uint64_t)pid);
	struct rp_share *u = find(t->user_shares, user);

	if (u)
		renew(u);
	*of_process = (struct brought){.reading = s ? s->reading : 0};
	*of_user = (struct brought){.reading = u ? u->reading : 0};
	for (size_t i = 0; i < t->n_objects; i++) {
		const struct rp_object *o = &t->objects[i];

		if (o->fd >= 0 && o->by == pid)
			add(of_process, o);
		if (o->fd >= 0 && o->by && o->user == user && user != RP_PROC_NO_USER)
			add(of_user, o);
	}
}

bool rp_quota__is_used_up(struct rp_targets *t, pid_t pid, uint64_t user)
{
	struct brought of_process, of_user;

	sum_up(t, pid, user, &of_process, &of_user);
	return is_too_much(t, &of_process, 1) || is_too_much(t, &of_user, USER_TIMES);
}

/* ---- telling --------------------------------------------------------------------------------- */

void rp_quota__tell(struct rp_targets *t, pid_t pid)
{
	uint64_t user = t->past_user;
	struct rp_share *s = get_of_process(t, pid);
	struct brought of_process, of_user;
	char who[32], why[128];
	unsigned times = 1;

	sum_up(t, pid, user, &of_process, &of_user);
	snprintf(who, sizeof(who), "process %d", (int)pid);
	if (!is_too_much(t, &of_process, times)) {
		times = USER_TIMES;
		snprintf(who, sizeof(who), "user %" PRIu64, user);
	}
	if (takes_too_long(t, times > 1 ? &of_user : &of_process, times))
		snprintf(why, sizeof(why), "the files of %s take too long to read", who);
	else
		snprintf(why, sizeof(why),
			 "%s maps more than %u files, or %u regions, that no other has mapped", who,
			 times * FILES_A_PROCESS, times * REGIONS_A_PROCESS);
	for (; s && s->left < t->past_quota; s->left++)
		rp_object__leave(t, t->past_path, why);
	t->past_quota = 0;
}

void rp_quota__tell_more(struct rp_targets *t, pid_t pid)
{
	const struct rp_share *s = get_of_process(t, pid);

	t->past_quota += s ? s->left : 0;
	rp_quota__tell(t, pid);
}

/* ---- ends ------------------------------------------------------------------------------------ */

void rp_quota__forget(struct rp_targets *t, pid_t pid)
{
	forget(&t->shares, find(t->shares, (uint64_t)pid));
}

void rp_quotas__free(struct rp_targets *t)
{
	while (t->shares)
		forget(&t->shares, t->shares);
	while (t->user_shares)
		forget(&t->user_shares, t->user_shares);
}
