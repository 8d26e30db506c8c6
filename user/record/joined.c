// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/joined.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

/* Of no name: as what is shown has it. */
#define REGION_UNKNOWN RP_REGION_DYNAMIC

int rp_joined__add_string(struct rp_joined *j, const char *text, const char *before,
			  const char **out)
{
	if (before && !strcmp(before, text))
		*out = before;
	else
		*out = rp_arena__dup(&j->strings, text);
	return *out ? 0 : -ENOMEM;
}

/* ---- regions --------------------------------------------------------------------------------- */

static int add_region(struct rp_joined *j, uint32_t id, uint32_t *out)
{
	int rc = rp_array__grow(&j->region, j->n_regions, &j->regions_room, sizeof(*j->region));

	if (!rc)
		rc = rp_map__add(&j->region_of, id, (uint32_t)j->n_regions);
	if (rc)
		return rc;
	*out = (uint32_t)j->n_regions++;
	j->region[*out] = (struct rp_region_name){.name = "?", .object = "", .build_id = ""};
	return 0;
}

int rp_joined__on_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	struct rp_joined *j = ctx;
	struct rp_region_name told = *region;
	uint32_t i = rp_map__get(&j->region_of, id);
	int rc = i == RP_MAP_NONE ? add_region(j, id, &i) : 0;

	if (!rc)
		rc = rp_joined__add_string(j, region->name ? region->name : "?", j->region[i].name,
					   &told.name);
	if (!rc)
		rc = rp_joined__add_string(j, region->object ? region->object : "",
					   j->region[i].object, &told.object);
	if (!rc)
		rc = rp_joined__add_string(j, region->build_id ? region->build_id : "",
					   j->region[i].build_id, &told.build_id);
	if (!rc)
		j->region[i] = told;
	return rc;
}

/* ---- texts ----------------------------------------------------------------------------------- */

int rp_joined__add_text(struct rp_joined *j, const struct rp_text *text)
{
	int rc = rp_array__grow(&j->text, j->n_texts, &j->texts_room, sizeof(*j->text));

	if (!rc)
		j->text[j->n_texts++] = *text;
	return rc;
}

int rp_joined__on_text(void *ctx, uint32_t index, const struct rp_text *text)
{
	struct rp_joined *j = ctx;
	int rc;

	if (rp_map__get(&j->text_of, index) != RP_MAP_NONE)
		return 0;
	rc = rp_map__add(&j->text_of, index, (uint32_t)j->n_texts);
	return rc ? rc : rp_joined__add_text(j, text);
}

static bool is_text(const struct rp_node *node)
{
	return node->flags & RP_NODE_TEXT && node->label >= RP_TEXT_FIRST &&
	       !(node->flags & RP_NODE_OTHER);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* Parent, region and label of the run to those of here. */
static void translate(const struct rp_joined *j, struct rp_node *node)
{
	uint32_t parent = rp_map__get(&j->node_of, node->parent), text;
	uint32_t region = rp_map__get(&j->region_of, node->region);

	node->parent = node->parent && parent != RP_MAP_NONE ? parent + 1 : 0;
	node->region = region != RP_MAP_NONE ? region + 1 : REGION_UNKNOWN;
	node->flags |= RP_NODE_VALID;
	if (is_text(node)) {
		text = rp_map__get(&j->text_of, node->label - RP_TEXT_FIRST);
		node->label = text != RP_MAP_NONE ? text + RP_TEXT_FIRST : RP_TEXT_UNREAD;
	}
}

int rp_joined__on_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct rp_joined *j = ctx;
	struct rp_joined_node joined = {.node = *node};
	int rc;

	if (!node->parent && node->region == RP_REGION_NONE)
		return 0;
	if (rp_map__get(&j->node_of, id) != RP_MAP_NONE)
		return 0;
	translate(j, &joined.node);
	rc = rp_array__grow(&j->node, j->n_nodes, &j->nodes_room, sizeof(*j->node));
	if (!rc)
		rc = rp_map__add(&j->node_of, id, (uint32_t)j->n_nodes);
	if (!rc)
		j->node[j->n_nodes++] = joined;
	return rc;
}

int rp_joined__find_node(struct rp_joined *j, uint32_t id, uint32_t *out)
{
	static const struct rp_node unknown = {.region = RP_REGION_MASK};
	int rc = 0;

	*out = rp_map__get(&j->node_of, id);
	if (*out == RP_MAP_NONE) {
		rc = rp_joined__on_node(j, id, &unknown);
		*out = rp_map__get(&j->node_of, id);
	}
	return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

int rp_joined__copy_names(const struct rp_joined *j, struct rp_id_names *out)
{
	if (j->n_texts)
		out->texts = rp_arena__array(&out->strings, j->text, j->n_texts * sizeof(*j->text));
	out->n_texts = j->n_texts;
	out->dynamic = calloc(1, sizeof(*out->dynamic));
	out->regions = calloc(j->n_regions + 1, sizeof(*out->regions));
	if ((j->n_texts && !out->texts) || !out->dynamic || !out->regions)
		return -ENOMEM;
	for (size_t i = 0; i < j->n_regions; i++) {
		struct rp_region_name *to = &out->regions[out->n_regions++];

		*to = j->region[i];
		to->name = rp_arena__dup(&out->strings, j->region[i].name);
		to->object = rp_arena__dup(&out->strings, j->region[i].object);
		to->build_id = rp_arena__dup(&out->strings, j->region[i].build_id);
		if (!to->name || !to->object || !to->build_id)
			return -ENOMEM;
	}
	return 0;
}

void rp_joined__end_run(struct rp_joined *j)
{
	rp_map__free(&j->region_of);
	rp_map__free(&j->text_of);
	rp_map__free(&j->node_of);
	j->n_nodes = 0;
}

void rp_joined__free(struct rp_joined *j)
{
	rp_joined__end_run(j);
	free(j->region);
	free(j->text);
	free(j->node);
	rp_arena__free(&j->strings);
}
