/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Readings of a run that goes on, of which figures since the start and those of the last interval
 * are made.
 *
 * Readings come once an interval, and between these whenever a key asks for one. The last interval
 * ends with the newest reading and begins with an older one: with the newest that is at least half
 * an interval older. A reading that is kept for that has to be there however fast the others come:
 * of those that came since the interval began, the first is kept until it is old enough. So what is
 * shown as an interval lasts from half of one to one and a half. Pure.
 */
#ifndef RP_LAST_INTERVAL_H
#define RP_LAST_INTERVAL_H

#include "run/reading.h"

struct rp_last_interval {
	struct rp_reading since;   /* figures begin there */
	struct rp_reading before;  /* the interval does; empty: with `since` */
	struct rp_reading between; /* the next one will; empty: with `last` */
	struct rp_reading last;	   /* empty: `since` is the only one */
};

/* Figures begin with this reading, which is taken over, as it is by the next one. */
void rp_last_interval__begin(struct rp_last_interval *interval, struct rp_reading *now);
/* length: of an interval, ns. */
void rp_last_interval__add(struct rp_last_interval *interval, struct rp_reading *now,
			   uint64_t length);
void rp_last_interval__free(struct rp_last_interval *interval);

const struct rp_reading *rp_last_interval__first(const struct rp_last_interval *interval);
const struct rp_reading *rp_last_interval__last(const struct rp_last_interval *interval);

#endif
