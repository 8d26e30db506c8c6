/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the screen remembers of each row from one snapshot to the next: rates, the last minute, and
 * what the user has marked. Pure.
 */
#ifndef RP_HISTORY_H
#define RP_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/snapshot.h"
#include "util/hash.h"
#include "view/heat.h"

#define RP_HISTORY_SECONDS 60
#define RP_HISTORY_SLOTS   64 /* a second each; more than are shown, as the last is incomplete */

struct rp_history {
	uint64_t key;
	uint64_t count, total, self;  /* at the last update */
	double rate;		      /* count a second, of the last interval */
	double share;		      /* total as a share of the last interval, % */
	double heat;		      /* self as a share of the self time of all, 0 to 1 */
	float slot[RP_HISTORY_SLOTS]; /* count in each second */
	uint64_t second;	      /* the last one that slot has */
	bool tagged, collapsed;
	struct rp_heat *heat_map; /* of a row of the table; NULL: not kept */
};

struct rp_histories {
	struct rp_history *item; /* moves when there are new ones: only in rp_histories__update() */
	size_t n, capacity;
	struct rp_index index; /* by key */
	uint64_t time;	       /* ns, of the last update; 0: none */
	uint64_t second;       /* the same in seconds */
	double seconds;	       /* that rates are of; 0: there are none yet */
	uint64_t first;	       /* first second that was watched as a whole */
	struct rp_history all; /* of all regions: its count, rate and last minute */
	size_t heat_maps;      /* how many are kept */
};

/*
 * Give every row of a snapshot since the start its history, brought up to now unless that was done
 * less than `least` ns ago: rates over a moment tell nothing. 0 or -ENOMEM.
 */
int rp_histories__update(struct rp_histories *histories, struct rp_snapshot *snapshot,
			 uint64_t time, uint64_t least);

/*
 * Of a record, whose snapshots are of any period: the rates of that alone. 0 or -ENOMEM.
 */
int rp_histories__show_period(struct rp_histories *histories, struct rp_snapshot *snapshot);

/* The same rows in another snapshot of the same moment. */
void rp_histories__bind(const struct rp_histories *histories, struct rp_snapshot *snapshot);

/* The figures start anew at zero. */
void rp_histories__rebase(struct rp_histories *histories);

/* Keep the latencies of a row of the table from now on, whatever has been kept so far. -ENOMEM. */
int rp_histories__keep_heat(struct rp_histories *histories, const struct rp_row *row);

void rp_histories__untag(struct rp_histories *histories);
void rp_histories__free(struct rp_histories *histories);

/*
 * Counts a second over the last minute, oldest first, in n equal parts of it; negative where a part
 * lies before the first update.
 */
void rp_history__minute(const struct rp_histories *histories, const struct rp_history *history,
			float *out, size_t n);

#endif
