// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/told.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/paths.h"
#include "util/array.h"

int rp_told__quote(struct rp_told *t, const char *text, const char **out)
{
	char *quoted = t->quote(text);

	*out = quoted ? rp_arena__dup(&t->strings, quoted) : NULL;
	free(quoted);
	return *out ? 0 : -ENOMEM;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void forget_run(struct rp_told *t)
{
	rp_map__free(&t->region_of);
	rp_map__free(&t->text_of);
	rp_map__free(&t->node_of);
	rp_map__free(&t->thread_of);
	rp_told_calls__forget_run(&t->calls);
	rp_arena__free(&t->strings);
	t->strings = (struct rp_arena){0};
	t->n_regions = t->n_texts = t->n_nodes = t->n_threads = 0;
}

static int add_node(struct rp_told *t, const struct rp_told_node *node)
{
	int rc = rp_array__grow(&t->nodes, t->n_nodes, &t->nodes_room, sizeof(*t->nodes));

	if (!rc)
		t->nodes[t->n_nodes++] = *node;
	return rc;
}

static int add_thread(struct rp_told *t, const struct rp_event_thread *thread)
{
	struct rp_told_thread told = {
		.pid = thread->pid, .tid = thread->tid, .goroutine = thread->goroutine};
	int rc = rp_array__grow(&t->threads, t->n_threads, &t->threads_room, sizeof(*t->threads));

	if (!rc)
		rc = rp_told__quote(t, thread->comm, &told.comm);
	if (!rc)
		rc = rp_told__quote(t, thread->process_comm, &told.process_comm);
	if (!rc)
		t->threads[t->n_threads++] = told;
	return rc;
}

/* What is told again of a run changes no name. */
int rp_told__on_run(void *ctx, const struct rp_event_run *run)
{
	static const struct rp_event_thread no_thread = {.comm = "?", .process_comm = "?"};
	struct rp_told_node no_node = {.kind = RP_KIND_MARKER, .depth = 1};
	struct rp_told *t = ctx;
	int rc;

	if (t->is_running)
		return 0;
	forget_run(t);
	t->is_running = true;
	t->start = run->start;
	t->sample_hz = run->sample_hz;
	t->run++;
	rc = rp_told__quote(t, "?", &no_node.region);
	no_node.name = no_node.region;
	if (!rc)
		rc = add_node(t, &no_node);
	if (!rc)
		rc = rp_told_calls__begin_run(&t->calls);
	return rc ? rc : add_thread(t, &no_thread);
}

int rp_told__on_end(void *ctx, const struct rp_event_end *end)
{
	struct rp_told *t = ctx;

	(void)end;
	t->is_running = false;
	return 0;
}

void rp_told__free(struct rp_told *t)
{
	forget_run(t);
	free(t->regions);
	free(t->texts);
	free(t->nodes);
	free(t->threads);
	rp_told_calls__free(&t->calls);
}

/* ---- ids ------------------------------------------------------------------------------------- */

int rp_told__on_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	struct rp_told *t = ctx;
	struct rp_region_name told = {.kind = region->kind};
	int rc;

	if (rp_map__get(&t->region_of, id) != RP_MAP_NONE)
		return 0;
	told.name = rp_arena__dup(&t->strings, region->name ? region->name : "?");
	rc = told.name ? 0 : -ENOMEM;
	if (!rc)
		rc = rp_array__grow(&t->regions, t->n_regions, &t->regions_room,
				    sizeof(*t->regions));
	if (!rc)
		rc = rp_map__add(&t->region_of, id, (uint32_t)t->n_regions);
	if (!rc)
		t->regions[t->n_regions++] = told;
	return rc;
}

int rp_told__on_text(void *ctx, uint32_t index, const struct rp_text *text)
{
	struct rp_told *t = ctx;
	int rc;

	if (rp_map__get(&t->text_of, index) != RP_MAP_NONE)
		return 0;
	rc = rp_array__grow(&t->texts, t->n_texts, &t->texts_room, sizeof(*t->texts));
	if (!rc)
		rc = rp_map__add(&t->text_of, index, (uint32_t)t->n_texts);
	if (!rc)
		t->texts[t->n_texts++] = *text;
	return rc;
}

int rp_told__on_thread(void *ctx, const struct rp_event_thread *thread)
{
	struct rp_told *t = ctx;
	int rc;

	if (rp_map__get(&t->thread_of, thread->serial) != RP_MAP_NONE)
		return 0;
	rc = rp_map__add(&t->thread_of, thread->serial, (uint32_t)t->n_threads);
	return rc ? rc : add_thread(t, thread);
}

/* The texts of a run are numbered as they were told; one that was not could not be read. */
static void write_label(const struct rp_told *t, const struct rp_node *node, char *label)
{
	struct rp_node own = *node;
	uint32_t text;

	if (own.flags & RP_NODE_TEXT && own.label >= RP_TEXT_FIRST) {
		text = rp_map__get(&t->text_of, own.label - RP_TEXT_FIRST);
		own.label = text == RP_MAP_NONE ? RP_TEXT_UNREAD : text + RP_TEXT_FIRST;
	}
	rp_label__text(&own, t->texts, t->n_texts, label);
}

static int set_names(struct rp_told *t, const struct rp_node *node, struct rp_told_node *told)
{
	uint32_t region = rp_map__get(&t->region_of, node->region);
	const char *name = region == RP_MAP_NONE ? "?" : t->regions[region].name;
	char label[RP_GROUP_LEN], *both;
	int rc = rp_told__quote(t, name, &told->region);

	told->region_index = region == RP_MAP_NONE ? 0 : region + 1;
	told->kind = region == RP_MAP_NONE ? RP_KIND_MARKER : t->regions[region].kind;
	told->name = told->region;
	write_label(t, node, label);
	if (rc || !label[0])
		return rc;
	if (asprintf(&both, "%s[%s]", name, label) < 0)
		return -ENOMEM;
	rc = rp_told__quote(t, both, &told->name);
	free(both);
	return rc ? rc : rp_told__quote(t, label, &told->label);
}

int rp_told__on_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct rp_told *t = ctx;
	uint32_t parent = node->parent ? rp_map__get(&t->node_of, node->parent) : RP_MAP_NONE;
	struct rp_told_node told = {.depth = 1};
	int rc;

	if (node->region == RP_REGION_NONE || rp_map__get(&t->node_of, id) != RP_MAP_NONE)
		return 0;
	if (parent != RP_MAP_NONE) {
		told.parent = parent + 1;
		told.depth = t->nodes[parent].depth + 1;
	}
	rc = set_names(t, node, &told);
	if (!rc)
		rc = rp_map__add(&t->node_of, id, (uint32_t)t->n_nodes);
	return rc ? rc : add_node(t, &told);
}

const struct rp_told_node *rp_told__node(const struct rp_told *told, uint32_t id)
{
	uint32_t i = rp_map__get(&told->node_of, id);

	return &told->nodes[i == RP_MAP_NONE ? 0 : i];
}

uint32_t rp_told__thread(const struct rp_told *told, uint32_t serial)
{
	uint32_t i = rp_map__get(&told->thread_of, serial);

	return i == RP_MAP_NONE ? 0 : i;
}
