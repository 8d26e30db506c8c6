// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/open_regions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/paths.h"
#include "util/array.h"

_Static_assert(RP_OPEN_LABEL_LEN >= RP_GROUP_LEN, "rp_label__text() writes as much");

#define CUT  "... > "
#define STEP " > "

/* A region on a path; rows whose paths run together share the links from there outwards. */
struct rp_open_link {
	uint32_t up; /* number of the one around it; 0: none */
	bool cut;    /* what is around it is not known */
	char *name, *object;
};

struct build {
	const struct rp_open_entries *in;
	struct rp_open_regions *out;
	uint32_t *link_of; /* node id: number of its link; 0: none so far */
	size_t room;	   /* for links */
};

/* ---- paths ----------------------------------------------------------------------------- */

/* NULL: an id without a name. */
static const struct rp_region_name *name_of(const struct rp_id_names *names, uint32_t region)
{
	if (region >= RP_REGION_DYNAMIC && region - RP_REGION_DYNAMIC < names->n_dynamic)
		return &names->dynamic[region - RP_REGION_DYNAMIC];
	return region && region <= names->n_regions ? &names->regions[region - 1] : NULL;
}

static enum rp_kind kind_of(const struct rp_id_names *names, uint32_t region)
{
	const struct rp_region_name *name = name_of(names, region);

	return name ? name->kind : RP_KIND_MARKER;
}

static int set_names(const struct rp_id_names *names, uint32_t region, struct rp_open_link *link)
{
	const struct rp_region_name *name = name_of(names, region);

	link->name = strdup(name ? name->name : "?");
	link->object = strdup(name ? name->object : "");
	return link->name && link->object ? 0 : -ENOMEM;
}

/* The number of a new link; 0: out of memory. */
static uint32_t add_link(struct build *b, uint32_t region)
{
	struct rp_open_regions *out = b->out;

	if (rp_array__grow(&out->link, out->n_links, &b->room, sizeof(*out->link)))
		return 0;
	out->link[out->n_links] = (struct rp_open_link){0};
	out->n_links++; /* to be freed, whatever it has */
	return set_names(&b->in->names, region, &out->link[out->n_links - 1])
		       ? 0
		       : (uint32_t)out->n_links;
}

/*
 * The number of a node's link; 0: out of memory. Goes outwards, up to a link that is there already
 * or the root. A parent is made before its children: ids get smaller.
 */
static uint32_t link_node(struct build *b, uint32_t id)
{
	const struct rp_node *nodes = b->in->nodes;
	uint32_t first = 0, below = 0;

	while (id && nodes[id].region != RP_REGION_NONE) {
		uint32_t link = b->link_of[id], parent = nodes[id].parent;
		bool known = link;

		if (!known)
			link = b->link_of[id] = add_link(b, nodes[id].region);
		if (!link)
			return 0;
		if (below)
			b->out->link[below - 1].up = link;
		else
			first = link;
		if (known)
			break;
		below = link;
		id = parent < id ? parent : 0;
	}
	return first;
}

static bool has_node(const struct rp_open_entries *in, const struct rp_open_entry *entry)
{
	return entry->node && entry->node <= in->n_nodes &&
	       in->nodes[entry->node].region == entry->region;
}

static uint32_t link_entry(struct build *b, const struct rp_open_entry *entry)
{
	uint32_t link;

	if (has_node(b->in, entry))
		return link_node(b, entry->node);
	link = add_link(b, entry->region);
	if (link)
		b->out->link[link - 1].cut = true;
	return link;
}

const char *rp_open_regions__path(const struct rp_open_regions *open, const struct rp_open_row *row,
				  char *buf, size_t size)
{
	size_t at = size - 1, len;
	bool cut = false;

	buf[at] = '\0';
	for (uint32_t number = row->link; number && !cut; number = open->link[number - 1].up) {
		const struct rp_open_link *link = &open->link[number - 1];
		size_t step = number == row->link ? 0 : strlen(STEP);
		size_t keep = link->up || link->cut ? strlen(CUT) : 0;

		len = strlen(link->name);
		if (len + step + keep > at) {
			cut = true;
			if (step)
				break;
			keep = at > strlen(CUT) ? strlen(CUT) : 0;
			len = len < at - keep ? len : at - keep;
		}
		at -= step;
		memcpy(buf + at, STEP, step);
		at -= len;
		memcpy(buf + at, link->name, len);
		cut |= link->cut;
	}
	len = strlen(CUT);
	if (cut && len <= at) {
		at -= len;
		memcpy(buf + at, CUT, len);
	}
	memmove(buf, buf + at, size - at);
	return buf;
}

/* ---- rows ------------------------------------------------------------------------------ */

static int add_row(struct build *b, const struct rp_open_entry *entry)
{
	struct rp_open_regions *out = b->out;
	struct rp_open_row *row = &out->row[out->n];

	*row = (struct rp_open_row){
		.age = out->time > entry->start ? out->time - entry->start : 0,
		.start = entry->start,
		.region = entry->region,
		.kind = kind_of(&b->in->names, entry->region),
		.pid = entry->pid,
		.tid = entry->tid,
		.goroutine = entry->goroutine,
		.span = entry->span,
		.depth = entry->depth,
		.link = link_entry(b, entry),
	};
	if (!row->link)
		return -ENOMEM;
	memcpy(row->comm, entry->comm, sizeof(row->comm) - 1);
	if (has_node(b->in, entry))
		rp_label__text(&b->in->nodes[entry->node], b->in->names.texts, b->in->names.n_texts,
			       row->label);
	out->n++;
	return 0;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_age(const void *a, const void *b)
{
	const struct rp_open_row *x = a, *y = b;
	int order = compare(x->start, y->start);

	if (!order)
		order = compare(x->pid, y->pid);
	if (!order)
		order = compare(x->tid, y->tid);
	if (!order)
		order = compare(x->goroutine, y->goroutine);
	if (!order)
		order = compare(x->span, y->span);
	return order ? order : compare(x->depth, y->depth);
}

/* Frames that moved down their stack while it was read are there twice. */
static bool is_same(const struct rp_open_row *a, const struct rp_open_row *b)
{
	return a->start == b->start && a->pid == b->pid && a->tid == b->tid &&
	       a->goroutine == b->goroutine && a->region == b->region && a->span == b->span;
}

static void sort_rows(struct rp_open_regions *open)
{
	size_t n = 0;

	rp_array__sort(open->row, open->n, sizeof(*open->row), by_age);
	for (size_t i = 0; i < open->n; i++)
		if (!n || !is_same(&open->row[n - 1], &open->row[i]))
			open->row[n++] = open->row[i];
	open->n = n;
	for (size_t i = 0; i < n; i++) {
		struct rp_open_row *row = &open->row[i];

		row->name = open->link[row->link - 1].name;
		row->object = open->link[row->link - 1].object;
		open->n_stuck += open->stuck && row->age >= open->stuck;
	}
}

struct rp_open_regions *rp_open_regions__build(const struct rp_open_entries *entries,
					       uint64_t stuck)
{
	struct build b = {.in = entries, .out = calloc(1, sizeof(*b.out))};
	int rc = -ENOMEM;

	if (!b.out)
		return NULL;
	b.out->time = entries->time;
	b.out->stuck = stuck;
	b.out->row = calloc(entries->n + 1, sizeof(*b.out->row));
	b.link_of = calloc(entries->n_nodes + 1, sizeof(*b.link_of));
	if (b.out->row && b.link_of)
		rc = 0;
	for (size_t i = 0; i < entries->n && !rc; i++)
		rc = add_row(&b, &entries->item[i]);
	free(b.link_of);
	if (rc) {
		rp_open_regions__free(b.out);
		return NULL;
	}
	sort_rows(b.out);
	return b.out;
}

void rp_open_regions__free(struct rp_open_regions *open)
{
	if (!open)
		return;
	for (size_t i = 0; i < open->n_links; i++) {
		free(open->link[i].name);
		free(open->link[i].object);
	}
	free(open->link);
	free(open->row);
	free(open);
}
