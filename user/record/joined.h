/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What ids stand for, of several runs: each run has ids of its own, which are numbered anew here.
 * The context of these calls is that of a sink whose state begins with a struct rp_joined. Pure.
 */
#ifndef RP_JOINED_H
#define RP_JOINED_H

#include "record/sink.h"
#include "util/map.h"

/* A node of the run. */
struct rp_joined_node {
	struct rp_node node; /* the parent is its index + 1, region and label are those of here */
	bool incomplete;     /* see struct rp_node_counts */
};

/* All zero: empty. */
struct rp_joined {
	struct rp_region_name *region; /* region[i] is id i + 1 */
	size_t n_regions, regions_room;
	struct rp_text *text; /* text[i] is label RP_TEXT_FIRST + i */
	size_t n_texts, texts_room;
	struct rp_arena strings;

	/* ---- of the run ---- */
	struct rp_joined_node *node;
	size_t n_nodes, nodes_room;
	struct rp_map region_of, text_of, node_of; /* id -> index */
};

int rp_joined__on_region(void *ctx, uint32_t id, const struct rp_region_name *region);
int rp_joined__on_text(void *ctx, uint32_t index, const struct rp_text *text);
/* But roots of the run, which say less than the threads do. */
int rp_joined__on_node(void *ctx, uint32_t id, const struct rp_node *node);
void rp_joined__end_run(struct rp_joined *joined);
void rp_joined__free(struct rp_joined *joined);

/* A text that is of no run. */
int rp_joined__add_text(struct rp_joined *joined, const struct rp_text *text);
/* A string that lasts as long; `before`, which may be NULL, where that is the same. */
int rp_joined__add_string(struct rp_joined *joined, const char *text, const char *before,
			  const char **out);
/* Index of a node; one that was not told is "?", right below a root. */
int rp_joined__find_node(struct rp_joined *joined, uint32_t id, uint32_t *out);
/* Copies of all names. */
int rp_joined__copy_names(const struct rp_joined *joined, struct rp_id_names *out);

#endif
