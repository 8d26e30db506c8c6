// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * From a tree of calls to hot functions and lines. Each call in which samples ended adds them to
 * every place on the way out to the outermost one: once, however often the place is there. It does
 * so for the target as a whole and for each row of the table that its region stack is among.
 *
 * What called a region's function is no part of the region: such a stack begins at the outermost
 * call of the function.
 */
#include "aggregate/sampled.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/paths.h"
#include "aggregate/snapshot.h"
#include "util/array.h"
#include "util/hash.h"

/* Samples are too few where more than that many times as many were to be expected. */
#define UNSEEN_TIMES 4
#define UNSEEN_LEAST 100 /* that were expected */

/* Owner of a profile: the target, or a row of the table. */
#define OWNER_ALL    0u
#define OWNER_ROW(i) ((uint32_t)(i) + 1)

/* One line of one profile, while they are added up. */
struct entry {
	struct rp_line line;
	uint32_t owner, place;
	bool is_function;
	uint32_t call; /* the last one that has added to it */
};

struct build {
	struct rp_snapshot *snapshot;
	struct rp_sampled *sampled;
	bool of_sleeps;
	const struct rp_sample_call *calls;

	struct entry *entries;
	size_t n, room;
	struct rp_index index; /* of the entries */
	size_t index_room;

	uint32_t *row_of_tree; /* OWNER_ROW; 0: not yet known */
	uint32_t *seen;	       /* of owner: the last call that was added to it */
	uint32_t *places;      /* of the call under way, the innermost first */
	size_t n_places, places_room;
};

/* What the views keep of all that: the lines follow the struct. */
struct box {
	struct rp_sampled sampled; /* first: it is what others know */
	struct rp_sample_store *store;
	struct rp_line *lines;
};

static struct rp_profile *row_profile(const struct build *b, size_t row)
{
	struct rp_row *of = &b->snapshot->rows[row];

	return b->of_sleeps ? &of->sleeps : &of->profile;
}

/* ---- entries --------------------------------------------------------------------------------- */

static uint64_t find_slot(const struct build *b, uint32_t owner, uint32_t place, bool is_function)
{
	uint64_t at = rp_index__start(&b->index,
				      rp_hash((uint64_t)owner << 32 | place, is_function));

	for (; b->index.slot[at]; at = rp_index__next(&b->index, at)) {
		const struct entry *e = &b->entries[b->index.slot[at] - 1];

		if (e->owner == owner && e->place == place && e->is_function == is_function)
			break;
	}
	return at;
}

static int make_room(struct build *b)
{
	if (rp_array__grow(&b->entries, b->n, &b->room, sizeof(*b->entries)))
		return -ENOMEM;
	if (b->n < b->index_room)
		return 0;
	rp_index__free(&b->index);
	b->index_room = 2 * b->index_room + 256;
	if (rp_index__init(&b->index, b->index_room))
		return -ENOMEM;
	for (size_t i = 0; i < b->n; i++) {
		const struct entry *e = &b->entries[i];

		b->index.slot[find_slot(b, e->owner, e->place, e->is_function)] = (uint32_t)i + 1;
	}
	return 0;
}

static struct entry *get_entry(struct build *b, uint32_t owner, uint32_t place, bool is_function)
{
	uint64_t at;

	if (make_room(b))
		return NULL;
	at = find_slot(b, owner, place, is_function);
	if (!b->index.slot[at]) {
		b->entries[b->n] = (struct entry){
			.owner = owner, .place = place, .is_function = is_function};
		b->entries[b->n].line.number = place;
		b->entries[b->n].line.place = rp_sample_store__place_at(b->sampled->store, place);
		b->index.slot[at] = (uint32_t)++b->n;
	}
	return &b->entries[b->index.slot[at] - 1];
}

/* ---- from calls to entries ------------------------------------------------------------------- */

static int add_place(struct build *b, uint32_t owner, uint32_t call, uint32_t place,
		     bool is_function, bool is_leaf)
{
	uint64_t samples = b->sampled->self[call];
	struct entry *e = get_entry(b, owner, place, is_function);

	if (!e)
		return -ENOMEM;
	if (is_leaf)
		e->line.self += samples;
	if (e->call != call)
		e->line.cumulative += samples;
	e->call = call;
	return 0;
}

/* The first n of the places that are under way. */
static int add_places(struct build *b, uint32_t owner, uint32_t call, size_t n)
{
	const struct rp_sample_store *store = b->sampled->store;
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		rc = add_place(b, owner, call, b->places[i], false, !i);
		if (!rc)
			rc = add_place(b, owner, call,
				       rp_sample_store__function_of(store, b->places[i]), true, !i);
	}
	return rc;
}

/* Is the place in the function that the region is? */
static bool is_entry(const struct rp_sampled *sampled, bool is_function, const char *name,
		     uint32_t place)
{
	return is_function &&
	       !strcmp(rp_sample_store__place_at(sampled->store, place)->function, name);
}

/* How many of the places are inside the region. */
static size_t count_inside(const struct build *b, const struct rp_row *row)
{
	for (size_t i = b->n_places; i > 0; i--)
		if (is_entry(b->sampled, row->kind == RP_KIND_FUNCTION, row->name,
			     b->places[i - 1]))
			return i;
	return b->n_places;
}

/* The row of the table that a row of the tree is a part of. */
static uint32_t row_of(struct build *b, const struct rp_tree_row *tree)
{
	uint32_t *known = &b->row_of_tree[tree->id];
	const struct rp_row *rows = b->snapshot->rows;

	for (size_t i = 0; !*known && i < b->snapshot->n_rows; i++)
		if (rows[i].region == tree->row.region && rows[i].group == tree->row.group)
			*known = OWNER_ROW(i);
	return *known;
}

/* Recursion of regions: a row that is among the ancestors twice takes the samples once. */
static int add_to_rows(struct build *b, uint32_t call)
{
	uint32_t id = b->sampled->path_of[call];
	int rc = 0;

	while (!rc && id) {
		const struct rp_tree_row *tree = &b->snapshot->tree[id - 1];
		uint32_t owner = row_of(b, tree);

		id = tree->parent;
		if (!owner || b->seen[owner] == call)
			continue;
		b->seen[owner] = call;
		row_profile(b, owner - 1)->samples += b->sampled->self[call];
		rc = add_places(b, owner, call, count_inside(b, &b->snapshot->rows[owner - 1]));
	}
	return rc;
}

static int add_call(struct build *b, uint32_t call)
{
	int rc;

	b->n_places = 0;
	for (uint32_t at = call; b->calls[at].place; at = b->calls[at].parent) {
		if (rp_array__grow(&b->places, b->n_places, &b->places_room, sizeof(*b->places)))
			return -ENOMEM;
		b->places[b->n_places++] = b->calls[at].place;
	}
	b->sampled->all.samples += b->sampled->self[call];
	if (!b->sampled->path_of[call])
		b->sampled->outside += b->sampled->self[call];
	rc = add_places(b, OWNER_ALL, call, b->n_places);
	return rc ? rc : add_to_rows(b, call);
}

/* ---- from entries to profiles ---------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	if (x->is_function != y->is_function)
		return x->is_function ? 1 : -1;
	if (x->line.self != y->line.self)
		return x->line.self > y->line.self ? -1 : 1;
	if (x->line.cumulative != y->line.cumulative)
		return x->line.cumulative > y->line.cumulative ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static struct rp_lines *lines_of(const struct build *b, const struct entry *e)
{
	struct rp_profile *profile = e->owner == OWNER_ALL ? &b->sampled->all
							   : row_profile(b, e->owner - 1);

	return e->is_function ? &profile->functions : &profile->lines;
}

static int emit(struct build *b, struct box *box)
{
	rp_array__sort(b->entries, b->n, sizeof(*b->entries), compare_entries);
	box->lines = calloc(b->n + 1, sizeof(*box->lines));
	if (!box->lines)
		return -ENOMEM;
	for (size_t i = 0; i < b->n; i++) {
		struct rp_lines *lines = lines_of(b, &b->entries[i]);

		box->lines[i] = b->entries[i].line;
		if (!lines->n++)
			lines->item = &box->lines[i];
	}
	return 0;
}

static void take_totals(struct rp_sample_totals *out, const struct rp_sample_totals *now,
			const struct rp_sample_totals *from)
{
	*out = (struct rp_sample_totals){
		.taken = rp_less(now->taken, from->taken),
		.truncated = rp_less(now->truncated, from->truncated),
		.unresolved = rp_less(now->unresolved, from->unresolved),
		.probes = rp_less(now->probes, from->probes),
		.dropped = rp_less(now->dropped, from->dropped),
		.dropped_ns = rp_less(now->dropped_ns, from->dropped_ns),
		.no_room = rp_less(now->no_room, from->no_room),
	};
	for (size_t i = 0; i < RP_UNWIND_END_COUNT; i++)
		out->ends[i] = rp_less(now->ends[i], from->ends[i]);
}

static int take_counts(struct build *b, struct box *box, const struct rp_sample_counts *now,
		       const struct rp_sample_counts *before, const uint32_t *tree_row_of_node,
		       size_t n_nodes)
{
	static const struct rp_sample_counts none;
	const struct rp_sample_counts *from = before ? before : &none;
	const uint64_t *self = b->of_sleeps ? now->asleep : now->self,
		       *self_from = b->of_sleeps ? from->asleep : from->self;
	struct rp_sampled *sampled = &box->sampled;
	const struct rp_sample_call *calls;
	size_t all;

	box->store = rp_sample_store__ref(now->store);
	sampled->store = box->store;
	calls = rp_sample_store__calls(sampled->store, &all);
	sampled->n_calls = now->n;
	sampled->self = calloc(now->n + 1, sizeof(*sampled->self));
	sampled->path_of = calloc(now->n + 1, sizeof(*sampled->path_of));
	if (!sampled->self || !sampled->path_of)
		return -ENOMEM;
	take_totals(&sampled->totals, b->of_sleeps ? &now->sleeps : &now->totals,
		    b->of_sleeps ? &from->sleeps : &from->totals);
	if (!b->of_sleeps)
		sampled->lost = rp_less(now->lost, from->lost);
	sampled->hz_wanted = now->hz;
	for (size_t i = 1; i < now->n; i++) {
		uint32_t node = calls[i].node;

		sampled->self[i] = rp_less(self[i], i < from->n ? self_from[i] : 0);
		if (node && node <= n_nodes)
			sampled->path_of[i] = tree_row_of_node[node - 1];
	}
	return 0;
}

static int take_paths(struct rp_sampled *sampled, const struct rp_snapshot *snapshot)
{
	sampled->paths = calloc(snapshot->n_tree + 1, sizeof(*sampled->paths));
	for (size_t i = 0; sampled->paths && i < snapshot->n_tree; i++) {
		const struct rp_tree_row *row = &snapshot->tree[i];

		sampled->paths[row->id] = (struct rp_sampled_path){
			.parent = row->parent,
			.name = row->row.name,
			.is_function = row->row.kind == RP_KIND_FUNCTION,
		};
	}
	return sampled->paths ? 0 : -ENOMEM;
}

/* *out: what is to be filled in. */
static int fill(struct build *b, struct rp_sampled **out, const struct rp_sample_counts *now,
		const struct rp_sample_counts *before, const uint32_t *tree_row_of_node,
		size_t n_nodes)
{
	struct box *box = calloc(1, sizeof(*box));
	size_t all;
	int rc;

	if (!box)
		return -ENOMEM;
	*out = b->sampled = &box->sampled;
	rc = take_counts(b, box, now, before, tree_row_of_node, n_nodes);
	if (!rc)
		rc = take_paths(&box->sampled, b->snapshot);
	b->calls = rp_sample_store__calls(now->store, &all);
	b->row_of_tree = calloc(b->snapshot->n_tree + 1, sizeof(*b->row_of_tree));
	b->seen = calloc(b->snapshot->n_rows + 1, sizeof(*b->seen));
	if (!b->row_of_tree || !b->seen)
		rc = -ENOMEM;
	for (size_t i = 1; !rc && i < now->n; i++)
		if (box->sampled.self[i])
			rc = add_call(b, (uint32_t)i);
	if (!rc)
		rc = emit(b, box);
	rp_index__free(&b->index);
	free(b->entries);
	free(b->row_of_tree);
	free(b->seen);
	free(b->places);
	return rc;
}

int rp_sampled__build(struct rp_snapshot *snapshot, const struct rp_sample_counts *now,
		      const struct rp_sample_counts *before, const uint32_t *tree_row_of_node,
		      size_t n_nodes)
{
	struct build b = {.snapshot = snapshot};

	return now->hz ? fill(&b, &snapshot->sampled, now, before, tree_row_of_node, n_nodes) : 0;
}

int rp_sampled__build_asleep(struct rp_snapshot *snapshot, const struct rp_sample_counts *now,
			     const struct rp_sample_counts *before,
			     const uint32_t *tree_row_of_node, size_t n_nodes)
{
	struct build b = {.snapshot = snapshot, .of_sleeps = true};
	int rc;

	if (!now->off_cpu)
		return 0;
	rc = fill(&b, &snapshot->asleep, now, before, tree_row_of_node, n_nodes);
	if (rc)
		return rc;
	/* Each of them is a ns. */
	snapshot->asleep->lost = snapshot->lost[RP_LOST_SLEEPS];
	snapshot->asleep->all.cpu = snapshot->asleep->all.samples;
	for (size_t i = 0; i < snapshot->n_rows; i++)
		snapshot->rows[i].sleeps.cpu = snapshot->rows[i].sleeps.samples;
	return 0;
}

/*
 * The clock of samples begins with each thread: the shorter they live, the fewer they get, and CPU
 * time is more than the samples taken times their period. Where it is far more, they do not stand
 * for what the others did.
 */
void rp_sampled__set_cpu(struct rp_snapshot *snapshot, uint64_t ns)
{
	struct rp_sampled *sampled = snapshot->sampled;
	double all = (double)(sampled->totals.taken + sampled->lost), each;
	double wanted = (double)ns / 1e9 * sampled->hz_wanted;
	bool few = wanted > UNSEEN_TIMES * all;

	sampled->most_unseen = few && wanted >= UNSEEN_LEAST;
	if (!(all > 0) || !ns)
		return;
	each = few ? UNSEEN_TIMES * 1e9 / sampled->hz_wanted : (double)ns / all;
	sampled->hz_achieved = (double)sampled->totals.taken / ((double)ns / 1e9);
	sampled->all.cpu = (uint64_t)((double)sampled->all.samples * each);
	for (size_t i = 0; i < snapshot->n_rows; i++)
		snapshot->rows[i].profile.cpu =
			(uint64_t)((double)snapshot->rows[i].profile.samples * each);
}

void rp_sampled__free(struct rp_sampled *sampled)
{
	struct box *box = (struct box *)sampled;

	if (!box)
		return;
	rp_sample_store__put(box->store);
	free(sampled->self);
	free(sampled->path_of);
	free(sampled->paths);
	free(box->lines);
	free(box);
}

/* ---- stacks ---------------------------------------------------------------------------------- */

static int push(struct rp_stack *stack, const char *name)
{
	if (rp_array__grow(&stack->name, stack->n, &stack->room, sizeof(*stack->name)))
		return -ENOMEM;
	stack->name[stack->n++] = name;
	return 0;
}

static void turn_round(const char **name, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		const char *other = name[n - 1 - i];

		name[n - 1 - i] = name[i];
		name[i] = other;
	}
}

int rp_sampled__stack(const struct rp_sampled *sampled, uint32_t call, struct rp_stack *stack)
{
	const struct rp_sampled_path *innermost = &sampled->paths[sampled->path_of[call]];
	size_t all, inside = 0;
	const struct rp_sample_call *calls = rp_sample_store__calls(sampled->store, &all);
	int rc = 0;

	stack->n = 0;
	for (uint32_t id = sampled->path_of[call]; id && !rc; id = sampled->paths[id].parent)
		rc = push(stack, sampled->paths[id].name);
	stack->n_regions = stack->n;
	turn_round(stack->name, stack->n);
	for (uint32_t at = call; calls[at].place && !rc; at = calls[at].parent) {
		const struct rp_place *place = rp_sample_store__place_at(sampled->store,
									 calls[at].place);

		rc = push(stack, place->function);
		if (is_entry(sampled, innermost->is_function, innermost->name, calls[at].place))
			inside = stack->n;
	}
	/* The region stands for its function. */
	if (inside && !rc)
		stack->n = inside - 1;
	turn_round(stack->name + stack->n_regions, stack->n - stack->n_regions);
	return rc || stack->n ? rc : push(stack, "[none]");
}

/* ---- certainty ------------------------------------------------------------------------------- */

#define Z 1.959964 /* of the normal distribution 95 % are that far from its middle, or less */

void rp_sampled__interval(uint64_t part, uint64_t n, double *low, double *high)
{
	double p, middle, half, all = (double)n;

	*low = 0;
	*high = 1;
	if (!n)
		return;
	p = (double)part / all;
	middle = (p + Z * Z / (2 * all)) / (1 + Z * Z / all);
	half = Z / (1 + Z * Z / all) * sqrt(p * (1 - p) / all + Z * Z / (4 * all * all));
	*low = middle > half ? middle - half : 0;
	*high = middle + half < 1 ? middle + half : 1;
}
