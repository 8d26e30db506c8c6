/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the ids of instances stand for, as exports name it. The state of an export begins with one,
 * so that its address is the context of these calls, which it gives to its sink. Internal to
 * export/.
 */
#ifndef RP_TOLD_H
#define RP_TOLD_H

#include "export/told_calls.h"

struct rp_told_node {
	const char *region; /* quoted */
	const char *label;  /* likewise; NULL: none */
	const char *name;   /* both, as "region[label]", quoted as one */
	enum rp_kind kind;
	uint32_t region_index; /* + 1; 0: it has none */
	uint32_t parent;       /* index + 1; 0: none */
	uint32_t depth;	       /* from 1 */
};

struct rp_told_thread {
	uint32_t pid, tid;
	uint64_t goroutine;
	const char *comm, *process_comm; /* quoted */
};

/* A text in memory of its own, quoted as a form wants it. NULL: out of memory. */
typedef char *(*rp_quote_fn)(const char *text);

struct rp_told {
	rp_quote_fn quote; /* to be set */
	uint64_t start;
	unsigned sample_hz; /* that were asked for; 0: no samples */
	uint32_t run;	    /* from 1 */
	bool is_running;
	struct rp_arena strings;
	struct rp_region_name *regions; /* names not quoted */
	size_t n_regions, regions_room;
	struct rp_text *texts;
	size_t n_texts, texts_room;
	struct rp_told_node *nodes; /* the first one is of those that were not told */
	size_t n_nodes, nodes_room;
	struct rp_told_thread *threads; /* likewise */
	size_t n_threads, threads_room;
	struct rp_map region_of, text_of, node_of, thread_of;
	struct rp_told_calls calls;
};

int rp_told__on_run(void *ctx, const struct rp_event_run *run);
int rp_told__on_region(void *ctx, uint32_t id, const struct rp_region_name *region);
int rp_told__on_text(void *ctx, uint32_t index, const struct rp_text *text);
int rp_told__on_thread(void *ctx, const struct rp_event_thread *thread);
int rp_told__on_node(void *ctx, uint32_t id, const struct rp_node *node);
int rp_told__on_end(void *ctx, const struct rp_event_end *end);
void rp_told__free(struct rp_told *told);

/* As its own names are, until the next run. 0 or -ENOMEM. */
int rp_told__quote(struct rp_told *told, const char *text, const char **out);

/* Of the run; after rp_told__on_run(). They stay until the next node, or thread, is told. */
const struct rp_told_node *rp_told__node(const struct rp_told *told, uint32_t id);
/* Its index, 0 where it was not told. */
uint32_t rp_told__thread(const struct rp_told *told, uint32_t serial);

/* From the run's begin on. */
static inline uint64_t rp_told__since_start(const struct rp_told *told, uint64_t time)
{
	return time > told->start ? time - told->start : 0;
}

/* When an instance began, from the run's begin on. */
static inline uint64_t rp_told__since(const struct rp_told *told,
				      const struct rp_event_instance *instance)
{
	return rp_told__since_start(told, instance->start);
}

#endif
