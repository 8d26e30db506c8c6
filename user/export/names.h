/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Numbers for names, of regions or of what is in samples, the same in all runs. The names are the
 * target's choice, so they are kept in a balanced tree and not by a hash. Internal to export/.
 */
#ifndef RP_EXPORT_NAMES_H
#define RP_EXPORT_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "export/told.h"

/* All zero: empty. */
struct rp_export_names {
	void *tree; /* of tsearch() */
	const char **name;
	size_t n, room;
	struct rp_arena strings;
	/* ---- of the run ---- */
	uint32_t *of_node; /* by index of node: the number of its name + 1 */
	size_t n_of_node;
};

/* Its number, from 0 on; it gets one if it has none. 0 or -ENOMEM. */
int rp_export_names__find(struct rp_export_names *names, const char *name, uint32_t *out);

/* Likewise that of a node, which is always the same in a run. */
int rp_export_names__of_node(struct rp_export_names *names, const struct rp_told *told,
			     const struct rp_told_node *node, const char *name, uint32_t *out);
void rp_export_names__end_run(struct rp_export_names *names);

void rp_export_names__free(struct rp_export_names *names);

#endif
