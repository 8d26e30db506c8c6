/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What rptrace list has found, as its two forms print it. */
#ifndef RP_LIST_INTERNAL_H
#define RP_LIST_INTERNAL_H

#include <stddef.h>

#include "attach/features.h"
#include "opts/command_line.h"
#include "plan/plan.h"
#include "targets/targets.h"

/* What a file of the target has to select from. */
struct rp_listed_object {
	const char *path;
	bool is_exe;
	size_t functions;
	char *providers; /* of USDT probes: "libc (26), rtld (9)"; NULL: none */
};

struct rp_listing {
	const struct rp_plan *plan;
	enum rp_attach_mode mode;
	struct rp_targets_stats stats;
	bool without_markers;		  /* the regions are functions: nothing else is there */
	struct rp_listed_object *objects; /* none where something was selected */
	size_t n_objects;
	struct rp_command_line next[2]; /* commands to type */
	size_t n_next;
};

/* The site that stands for a region, by id; NULL where it has none. Freed by the caller. */
const struct rp_site **rp_listing__sites(const struct rp_listing *listing);
const char *rp_listing__method(const struct rp_listing *listing, const struct rp_site *site);

/* 0 or a negative errno. */
int rp_listing__print(const struct rp_listing *listing);
int rp_listing__print_json(const struct rp_listing *listing);

/* The files of the targets; -ENOMEM. */
int rp_listing__add_objects(struct rp_listing *listing, const struct rp_targets *targets);
void rp_listing__free(struct rp_listing *listing);

#endif
