/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What a target has to offer beside its markers: the functions of its executables. */
#ifndef RP_OFFER_H
#define RP_OFFER_H

#include "targets/targets.h"

#define RP_OFFER_NAMES 5
/* Of a program with more functions not all of them are probed on a guess. */
#define RP_OFFER_ALL_MAX 2000

struct rp_offer {
	size_t n_functions;
	char names[RP_OFFER_NAMES][64]; /* the largest of them, the first is the largest */
	size_t n_names;
	/* Of an executable without symbols: its debug file is called after that; "": none */
	char build_id[64];
	const char *lacks; /* why an interpreter has no probes; NULL: it is none, or has them */
};

void rp_offer__fill(const struct rp_targets *targets, struct rp_offer *out);

/* Room for where names are. */
#define RP_OFFER_WHERE 256
/* Of an executable without symbols, behind what says so: where they are; "": nobody knows. */
void rp_offer__where_names_are(const struct rp_offer *offer, char where[RP_OFFER_WHERE]);

#endif
