/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The USDT probes of an object, and which of them pair by their names. */
#ifndef RP_USDT_PROBES_H
#define RP_USDT_PROBES_H

#include "plan/plan_internal.h"

/* All notes of one provider and name: a probe has a site wherever the compiler copied it to. */
struct rp_usdt_probe {
	const char *provider, *name;
	size_t first, n; /* in usdt.notes */
	char *key;	 /* folded stem, of probes that may be ends */
	bool claimed;	 /* closes a begin whose last word says so: NAME itself is none then */
	bool refused;	 /* told already */
};

struct rp_usdt_pair {
	struct rp_usdt_probe *begin, *end;
	char *stem;
};

struct rp_usdt_probes {
	struct rp_plan *plan;
	const struct rp_plan_object *object;
	const struct rp_usdt_note **notes; /* by provider, then name */
	struct rp_usdt_probe *probes;
	size_t n_probes;
	struct rp_usdt_probe **ends; /* by provider, then key */
	size_t n_ends;
	struct rp_usdt_pair *pairs; /* those of one begin side by side */
	size_t n_pairs, pairs_capacity;
	size_t longest; /* bytes of the longest probe name, terminator included */
};

/* 0 or -ENOMEM. What was collected is freed after an error, too. */
int rp_usdt_probes__collect(struct rp_usdt_probes *u);
void rp_usdt_probes__free(struct rp_usdt_probes *u);

int rp_usdt_probes__add_pair(struct rp_usdt_probes *u, struct rp_usdt_probe *begin,
			     struct rp_usdt_probe *end, const char *stem);
void rp_usdt_probes__drop_pairs(struct rp_usdt_probes *u);

#endif
