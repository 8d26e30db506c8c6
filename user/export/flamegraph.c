// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The time of each path as a flame graph, the outermost regions at the bottom. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/paths.h"
#include "util/array.h"
#include "view/flames.h"

struct flamegraph {
	struct rp_export_paths paths; /* first */
	struct rp_flames flames;
	struct rp_arena names; /* of all runs */
	const char *title;     /* what the first run was of; NULL: not known */
};

/* A plain copy: view/flames.c escapes. */
static char *quote(const char *text)
{
	return strdup(text);
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct flamegraph *f = ctx;

	if (!f->title && run->meta.target) {
		f->title = rp_arena__dup(&f->names, run->meta.target);
		if (!f->title)
			return -ENOMEM;
	}
	return rp_told__on_run(f, run);
}

static int add_path(struct rp_export_paths *paths, const struct rp_path_sums *sums, size_t depth)
{
	struct flamegraph *f = (struct flamegraph *)paths;
	struct rp_stack *stack;
	int rc = rp_flames__add(&f->flames, sums->self, &stack);

	if (!rc)
		rc = rp_array__fit(&stack->name, depth, sizeof(*stack->name));
	if (rc)
		return rc;
	stack->n = stack->n_regions = stack->room = depth;
	for (size_t i = 0; i < depth; i++) {
		stack->name[i] = rp_arena__dup(&f->names, paths->told.nodes[paths->chain[i]].name);
		if (!stack->name[i])
			return -ENOMEM;
	}
	return 0;
}

static int finish(struct rp_export_paths *paths)
{
	struct flamegraph *f = (struct flamegraph *)paths;
	char *text = NULL;
	size_t n = 0;
	FILE *picture = open_memstream(&text, &n);
	int rc = picture ? rp_flames__draw(&f->flames, f->title, picture) : -ENOMEM;

	if (picture && fclose(picture) && !rc)
		rc = -ENOMEM;
	if (!rc)
		rp_out__bytes(&paths->out, text, n);
	free(text);
	return rc;
}

static void free_rest(struct rp_export_paths *paths)
{
	struct flamegraph *f = (struct flamegraph *)paths;

	rp_flames__free(&f->flames);
	rp_arena__free(&f->names);
}

int rp_export__flamegraph(FILE *out, struct rp_event_sink *sink)
{
	struct flamegraph *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->paths.told.quote = quote;
	f->paths.out.file = out;
	f->paths.write = add_path;
	f->paths.finish = finish;
	f->paths.free = free_rest;
	f->flames.of_time = true;
	*sink = rp_export_paths__sink(&f->paths);
	sink->run = on_run;
	return 0;
}
