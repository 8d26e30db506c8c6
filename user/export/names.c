// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/names.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

struct numbered {
	const char *name;
	uint32_t number;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct numbered *)a)->name, ((const struct numbered *)b)->name);
}

static int add(struct rp_export_names *names, const char *name, uint32_t *out)
{
	struct numbered entry = {.name = rp_arena__dup(&names->strings, name),
				 .number = (uint32_t)names->n};
	const void *kept;
	int rc = rp_array__grow(&names->name, names->n, &names->room, sizeof(*names->name));

	if (rc || !entry.name)
		return -ENOMEM;
	kept = rp_arena__array(&names->strings, &entry, sizeof(entry));
	if (!kept || !tsearch(kept, &names->tree, compare))
		return -ENOMEM;
	names->name[names->n++] = entry.name;
	*out = entry.number;
	return 0;
}

int rp_export_names__find(struct rp_export_names *names, const char *name, uint32_t *out)
{
	struct numbered key = {.name = name};
	void *found = tfind(&key, &names->tree, compare);

	if (!found)
		return add(names, name, out);
	*out = (*(struct numbered *const *)found)->number;
	return 0;
}

int rp_export_names__of_node(struct rp_export_names *names, const struct rp_told *told,
			     const struct rp_told_node *node, const char *name, uint32_t *out)
{
	size_t index = (size_t)(node - told->nodes), room = told->nodes_room;
	int rc;

	if (index >= names->n_of_node) {
		rc = rp_array__fit(&names->of_node, room, sizeof(*names->of_node));
		if (rc)
			return rc;
		for (; names->n_of_node < room; names->n_of_node++)
			names->of_node[names->n_of_node] = 0;
	}
	if (!names->of_node[index]) {
		rc = rp_export_names__find(names, name, out);
		if (rc)
			return rc;
		names->of_node[index] = *out + 1;
	}
	*out = names->of_node[index] - 1;
	return 0;
}

void rp_export_names__end_run(struct rp_export_names *names)
{
	names->n_of_node = 0;
}

static void keep(void *entry)
{
	(void)entry; /* it is the arena's */
}

void rp_export_names__free(struct rp_export_names *names)
{
	tdestroy(names->tree, keep);
	rp_arena__free(&names->strings);
	free(names->name);
	free(names->of_node);
}
