// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/last_interval.h"

static void drop(struct rp_reading *reading)
{
	rp_counts__free(reading->counts);
	*reading = (struct rp_reading){0};
}

static void replace(struct rp_reading *reading, struct rp_reading *by)
{
	drop(reading);
	rp_reading__swap(reading, by);
}

void rp_last_interval__begin(struct rp_last_interval *i, struct rp_reading *now)
{
	rp_last_interval__free(i);
	rp_reading__swap(&i->since, now);
}

static bool is_old(const struct rp_reading *reading, const struct rp_reading *now, uint64_t length)
{
	return reading->counts && now->counts->time - reading->counts->time >= length / 2;
}

void rp_last_interval__add(struct rp_last_interval *i, struct rp_reading *now, uint64_t length)
{
	if (is_old(&i->last, now, length)) {
		replace(&i->before, &i->last);
		drop(&i->between);
	} else if (is_old(&i->between, now, length)) {
		replace(&i->before, &i->between);
	} else if (!i->between.counts) {
		rp_reading__swap(&i->between, &i->last);
	}
	replace(&i->last, now);
}

void rp_last_interval__free(struct rp_last_interval *i)
{
	drop(&i->since);
	drop(&i->before);
	drop(&i->between);
	drop(&i->last);
}

const struct rp_reading *rp_last_interval__first(const struct rp_last_interval *i)
{
	return i->before.counts ? &i->before : &i->since;
}

const struct rp_reading *rp_last_interval__last(const struct rp_last_interval *i)
{
	return i->last.counts ? &i->last : &i->since;
}
