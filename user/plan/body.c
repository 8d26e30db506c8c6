// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A function that ends in a tail call goes on in its callee: it has ended when that returns. So the
 * exits of the callee, and of those that it tail calls in turn, are needed too, whether or not the
 * callee is a region itself. Each piece of code is analysed once, when the first tail call to it is
 * found, and keeps whose frames its exits close.
 */
#include "plan/body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define BUCKETS	 1024u
#define CODE_MAX (1u << 20)
/* A symbol without a size reaches up to the next one, if that is not further. */
#define UNSIZED_MAX 4096u
/* Code at no symbol: its end is found by following it. */
#define NAMELESS_MAX 16384u
/* More are not analysed: tail calls to them end at the jump. */
#define BODIES_MAX 65536u
/* A stub of the procedure linkage table jumps within so many bytes. */
#define STUB_BYTES 16

int rp_bodies__init(struct rp_bodies *bodies, const struct rp_plan_object *object)
{
	*bodies = (struct rp_bodies){.object = object};
	bodies->buckets = calloc(BUCKETS, sizeof(struct rp_body *));
	return bodies->buckets ? 0 : -ENOMEM;
}

void rp_bodies__free(struct rp_bodies *bodies)
{
	for (size_t i = 0; i < bodies->n; i++) {
		rp_exits__free(&bodies->items[i]->exits);
		free(bodies->items[i]);
	}
	free(bodies->items);
	free(bodies->buckets);
}

struct rp_body *rp_bodies__next(const struct rp_bodies *bodies, size_t *at)
{
	return *at < bodies->n ? bodies->items[(*at)++] : NULL;
}

/* ---- symbols ------------------------------------------------------------------------------- */

/* Index of the first symbol at or past an offset. */
static size_t symbol_from(const struct rp_plan_object *object, uint64_t offset)
{
	size_t low = 0, high = object->n_symbols;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (object->symbols[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Bytes up to the next function. */
static uint64_t room_at(const struct rp_plan_object *object, uint64_t offset)
{
	size_t next = symbol_from(object, offset + 1);

	return next < object->n_symbols ? object->symbols[next].offset - offset : UINT64_MAX;
}

/* The symbol of the function that begins there, the one that knows its size first; NULL. */
static const struct rp_symbol *function_at(const struct rp_plan_object *object, uint64_t offset)
{
	const struct rp_symbol *best = NULL;

	for (size_t i = symbol_from(object, offset);
	     i < object->n_symbols && object->symbols[i].offset == offset; i++)
		if (!best || object->symbols[i].size > best->size)
			best = &object->symbols[i];
	return best;
}

/* ---- analysis ------------------------------------------------------------------------------ */

struct around {
	const struct rp_plan_object *object;
	const struct rp_symbol *symbol; /* NULL: none */
	uint64_t offset;
};

static size_t read_around(const void *ctx, int64_t offset, uint8_t *buf, size_t len)
{
	const struct around *around = ctx;
	uint64_t at = around->offset + (uint64_t)offset, room;

	if (offset < 0 && at > around->offset)
		return 0;
	room = room_at(around->object, at);
	return around->object->read(around->object->file, at, buf, room < len ? room : len);
}

/*
 * Parts of one kind are called alike, so they stand together in the table. Those of another
 * function may stand between the kinds: NAME.__part.3, NAME.isra.0.cold, NAME.cold.
 */
static const struct part_kind {
	const char *suffix;
	size_t compared; /* bytes of it: with its end where no number follows */
} part_kinds[] = {{".__part.", 8}, {".cold", sizeof(".cold")}, {".cold.", 6}};

static int compare_part(const char *linker, const struct part_kind *kind,
			const struct rp_symbol *part)
{
	size_t len = strlen(linker);
	int order = strncmp(linker, part->linker, len);

	return order ? order : strncmp(kind->suffix, part->linker + len, kind->compared);
}

/* Index of the first part of a kind, or past the last one. */
static size_t part_bound(const struct around *around, const struct part_kind *kind, bool past)
{
	const struct rp_plan_object *object = around->object;
	size_t low = 0, high = object->n_cold_parts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_part(around->symbol->linker, kind, &object->cold_parts[middle]);

		if (order > 0 || (past && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool cold_part(const void *ctx, size_t i, int64_t *offset, size_t *size)
{
	const struct around *around = ctx;
	const struct rp_symbol *part;

	for (size_t k = 0; around->symbol && k < sizeof(part_kinds) / sizeof(part_kinds[0]); k++) {
		size_t first = part_bound(around, &part_kinds[k], false);
		size_t n = part_bound(around, &part_kinds[k], true) - first;

		if (i < n) {
			part = &around->object->cold_parts[first + i];
			*offset = (int64_t)(part->offset - around->offset);
			*size = part->size;
			return true;
		}
		i -= n;
	}
	return false;
}

/*
 * A conditional jump on what no flag tells (loop, arm64's cbz) would have to be probed as one that
 * is always taken.
 */
static const char *check_conditions(const struct rp_exits *exits)
{
	for (size_t i = 0; i < exits->n; i++)
		if (exits->items[i].condition == RP_CONDITION_UNKNOWN)
			return "it may be left by a jump on a condition that is in no flag";
	return exits->caution;
}

static int analyse(const struct rp_plan_object *object, struct rp_body *body)
{
	struct around ctx = {
		.object = object,
		.symbol = function_at(object, body->offset),
		.offset = body->offset,
	};
	struct rp_surroundings around = {.read = read_around, .part = cold_part, .ctx = &ctx};
	uint64_t room = room_at(object, body->offset);
	uint8_t *code;
	size_t size;
	int rc;

	body->size = ctx.symbol ? ctx.symbol->size : 0;
	if (ctx.symbol && !body->size && room < UNSIZED_MAX)
		body->size = room;
	size = body->size ? body->size : room < NAMELESS_MAX ? room : NAMELESS_MAX;
	if (size > CODE_MAX || (ctx.symbol && !body->size)) {
		body->why = size > CODE_MAX ? "its size is out of all proportion"
					    : "its size is not known";
		return 0;
	}
	code = malloc(size);
	if (!code)
		return -ENOMEM;
	/* Of a function that was cut short some exits would be missed. */
	if (object->read(object->file, body->offset, code, size) != size && body->size)
		size = 0;
	rc = rp_site__exits(object->traits.machine, code, size, body->size != 0, &around,
			    &body->exits, &body->why);
	free(code);
	if (!rc)
		body->why = check_conditions(&body->exits);
	return rc == -ENOTSUP ? 0 : rc;
}

struct rp_body *rp_bodies__get(struct rp_bodies *bodies, uint64_t offset)
{
	struct rp_body **bucket = &bodies->buckets[offset / 16 % BUCKETS], *body;
	int rc = 0;

	for (body = *bucket; body; body = body->next)
		if (body->offset == offset)
			return body;
	body = calloc(1, sizeof(*body));
	if (!body || rp_array__grow(&bodies->items, bodies->n, &bodies->capacity, sizeof(body))) {
		free(body);
		return NULL;
	}
	body->offset = offset;
	if (bodies->n < BODIES_MAX)
		rc = analyse(bodies->object, body);
	else
		body->why = "too many functions are jumped to";
	if (rc) {
		free(body);
		return NULL;
	}
	bodies->items[bodies->n++] = body;
	body->next = *bucket;
	return *bucket = body;
}

/* ---- tail calls ---------------------------------------------------------------------------- */

struct rp_body *rp_bodies__callee(struct rp_bodies *bodies, const struct rp_body *from,
				  const struct rp_exit_site *exit)
{
	return rp_bodies__get(bodies, from->offset + (uint64_t)exit->target);
}

/* Everybody who calls another object comes by its stub: no place for the exit of one function. */
static bool is_stub(const struct rp_body *body)
{
	return !body->size && body->exits.n == 1 && body->exits.items[0].kind == RP_EXIT_POINTER &&
	       body->exits.items[0].offset < STUB_BYTES;
}

bool rp_body__returns_for_caller(const struct rp_body *body)
{
	return !body->why && !is_stub(body);
}

/*
 * Those reached first are looked at last: a list instead of the stack, which tail calls could fill.
 */
struct todo {
	struct rp_body **items;
	size_t n, capacity;
};

static int reach_callees(struct rp_bodies *bodies, const struct rp_body *from, struct todo *todo,
			 bool *ends_at_jump)
{
	for (size_t i = 0; i < from->exits.n; i++) {
		const struct rp_exit_site *exit = &from->exits.items[i];
		struct rp_body *callee;

		*ends_at_jump |= exit->kind == RP_EXIT_POINTER;
		if (exit->kind != RP_EXIT_TAIL_CALL)
			continue;
		callee = rp_bodies__callee(bodies, from, exit);
		if (!callee ||
		    rp_array__grow(&todo->items, todo->n, &todo->capacity, sizeof(callee)))
			return -ENOMEM;
		if (rp_body__returns_for_caller(callee))
			todo->items[todo->n++] = callee;
		else
			*ends_at_jump = true;
	}
	return 0;
}

int rp_bodies__reach(struct rp_bodies *bodies, struct rp_body *from, uint32_t region,
		     bool *ends_at_jump)
{
	struct todo todo = {0};
	int rc;

	bodies->search++;
	rc = reach_callees(bodies, from, &todo, ends_at_jump);
	while (!rc && todo.n) {
		struct rp_body *body = todo.items[--todo.n];

		if (body->visited == bodies->search)
			continue;
		body->visited = bodies->search;
		body->owner = body->is_callee && body->owner != region ? RP_REGION_NONE : region;
		body->is_callee = true;
		rc = reach_callees(bodies, body, &todo, ends_at_jump);
	}
	free(todo.items);
	return rc;
}
