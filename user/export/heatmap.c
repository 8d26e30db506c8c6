// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A heat map of each region, to be read as it is: time across, how long calls took upwards, how
 * many ended there as a tone. The region that took the most time comes first.
 */
#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "export/heats.h"
#include "export/internal.h"
#include "export/names.h"
#include "util/array.h"
#include "util/escape.h"
#include "view/heat.h"
#include "view/view.h"

#define LINES	 12
#define FIGURE	 8 /* columns of a time */
#define TEXT_MAX 40

struct region {
	uint64_t count, total;
	uint32_t name;
};

struct heatmap {
	struct rp_told told; /* first: see told.h */
	FILE *out;
	struct rp_export_names names;
	struct rp_heats heats;
	struct region *region; /* by name */
	size_t n, room;
	bool has_begun;
	uint64_t begin, end; /* of what there is, since the run began */
};

/* ---- instances ------------------------------------------------------------------------------- */

static char *quote(const char *text)
{
	return rp_escape__copy(text, !strcmp(nl_langinfo(CODESET), "UTF-8"));
}

static int count(struct heatmap *h, uint32_t name, uint64_t ns)
{
	for (; h->n <= name; h->n++) {
		if (rp_array__grow(&h->region, h->n, &h->room, sizeof(*h->region)))
			return -ENOMEM;
		h->region[h->n] = (struct region){.name = (uint32_t)h->n};
	}
	h->region[name].count++;
	h->region[name].total += ns;
	return 0;
}

/*
 * Instances come nearly in the order in which they ended, so the map begins with the end of the
 * first.
 */
static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct heatmap *h = ctx;
	const struct rp_told_node *node = rp_told__node(&h->told, instance->node);
	uint64_t end = rp_told__since_start(&h->told, rp_event_instance__end(instance));
	uint32_t name;
	int rc;

	if (!rp_event_instance__is_timed(instance))
		return 0;
	if (!h->has_begun)
		h->begin = end;
	h->has_begun = true;
	h->end = end > h->end ? end : h->end;
	rc = rp_export_names__of_node(&h->names, &h->told, node, node->region, &name);
	if (!rc)
		rc = count(h, name, instance->ns);
	return rc ? rc
		  : rp_heats__add(&h->heats, name, end > h->begin ? end - h->begin : 0,
				  instance->ns);
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct heatmap *h = ctx;

	rp_export_names__end_run(&h->names);
	return rp_told__on_end(h, end);
}

/* ---- the map --------------------------------------------------------------------------------- */

static int by_total(const void *a, const void *b)
{
	const struct region *x = a, *y = b;

	return x->total < y->total   ? 1
	       : x->total > y->total ? -1
				     : (x->name > y->name) - (x->name < y->name);
}

/* Two columns of those that were gathered are one here, so that all are as wide. */
static void fill(const struct heatmap *h, uint32_t name, struct rp_heat *heat)
{
	const struct rp_heat_map *map = rp_heats__of(&h->heats, name);
	size_t used = (size_t)((h->end - h->begin) / h->heats.column) + 1;

	_Static_assert(sizeof(heat->cell[0]) == RP_HEATS_ROWS * sizeof(heat->cell[0][0]),
		       "a row is a band");
	rp_heat__of_period(heat, (used + 1) / 2);
	for (size_t band = 0; band < RP_HEAT_BANDS; band++)
		for (size_t c = 0; map->row[band] && c < used; c++)
			heat->cell[c / 2][band] += map->row[band][c];
}

static void print_line(const struct heatmap *h, const struct rp_heat *heat,
		       const struct rp_heat_view *view, size_t line, bool utf8)
{
	char floor[TEXT_MAX];

	rp_text__ns((double)rp_heat__floor(view, line), floor, sizeof(floor));
	if (utf8)
		rp_text__micro(floor, sizeof(floor));
	fprintf(h->out, "%*s |", FIGURE + (utf8 && strstr(floor, "µ") ? 1 : 0), floor);
	for (size_t c = 0; c < view->columns; c++)
		fputs(rp_heat__glyph(rp_heat__tone(view, rp_heat__at(heat, view, c, line)), utf8),
		      h->out);
	fputs("|\n", h->out);
}

static void print_region(const struct heatmap *h, const struct region *region, bool utf8)
{
	char n[TEXT_MAX], total[TEXT_MAX], from[TEXT_MAX], to[TEXT_MAX];
	const char *name = h->names.name[region->name];
	struct rp_heat_view view;
	struct rp_heat heat;
	int width;

	fill(h, region->name, &heat);
	rp_heat__fit(&heat, heat.last + 1, LINES, &view);
	fprintf(h->out, "%s: %s timed, %s in all\n", name,
		rp_text__count((double)region->count, n, sizeof(n)),
		rp_text__ns((double)region->total, total, sizeof(total)));
	for (size_t i = 0; i < view.lines; i++)
		print_line(h, &heat, &view, i, utf8);
	snprintf(from, sizeof(from), "%.6g s", (double)h->begin / 1e9);
	snprintf(to, sizeof(to), "%.6g s", (double)h->end / 1e9);
	width = (int)view.columns - (int)strlen(from);
	fprintf(h->out, "%*s  %s%*s\n", FIGURE, "", from, width > 0 ? width : 0, to);
}

static int print(struct heatmap *h)
{
	bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");

	rp_array__sort(h->region, h->n, sizeof(*h->region), by_total);
	for (size_t i = 0; i < h->n; i++) {
		if (i)
			fputc('\n', h->out);
		print_region(h, &h->region[i], utf8);
	}
	if (!h->n)
		fputs("nothing was timed\n", h->out);
	return rp_view__end(h->out);
}

static int on_close(void *ctx)
{
	struct heatmap *h = ctx;
	int rc = h->told.is_running ? 0 : print(h);

	rp_export_names__free(&h->names);
	rp_heats__free(&h->heats);
	free(h->region);
	rp_told__free(&h->told);
	free(h);
	return rc;
}

int rp_export__heatmap(FILE *out, struct rp_event_sink *sink)
{
	struct heatmap *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->told.quote = quote;
	h->out = out;
	*sink = rp_export__sink(h);
	sink->instance = on_instance;
	sink->end = on_end;
	sink->close = on_close;
	return 0;
}
