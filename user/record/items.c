// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/items.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/format.h"

/* Costs are kept in ps. */
#define PS_PER_NS 1000.0

/* Room for the longest item of numbers and texts that all are short. */
struct item {
	unsigned char bytes[512];
	size_t n;
};

static void number(struct item *item, uint64_t value)
{
	unsigned char *at = item->bytes + item->n;

	item->n += (size_t)(rp_varint__put(at, value) - at);
}

static void text(struct item *item, const char *from, size_t n)
{
	number(item, n);
	memcpy(item->bytes + item->n, from, n);
	item->n += n;
}

static void put(struct rp_bytes *out, const struct item *item)
{
	rp_bytes__put_text(out, (const char *)item->bytes, item->n);
}

/* The same of one whose texts may be as long as they like. */
static void put_long(struct rp_bytes *out, struct rp_bytes *item)
{
	out->failed |= item->failed;
	rp_bytes__put_text(out, (const char *)item->at, item->n);
	rp_bytes__free(item);
}

/* As `from` has it, or none. */
static uint64_t picoseconds(double ns)
{
	return ns > 0 && ns < 1e12 ? (uint64_t)(ns * PS_PER_NS + 0.5) : 0;
}

/* ---- writing ------------------------------------------------------------------------------- */

void rp_item__put_region(struct rp_bytes *out, uint32_t id, const struct rp_region_name *region)
{
	const uint64_t numbers[] = {
		(region->slow ? RP_REGION_IS_SLOW : 0u) |
			(region->left_out ? RP_REGION_IS_LEFT_OUT : 0u) |
			(region->ends_at_jump ? RP_REGION_ENDS_AT_JUMP : 0u),
		region->stray.hits,
		region->stray.unmatched,
		region->stray.crossed,
		picoseconds(region->cost.inside),
		picoseconds(region->cost.whole),
	};
	struct rp_bytes item = {0};

	rp_bytes__put_number(&item, id);
	rp_bytes__put_number(&item, region->kind);
	rp_bytes__put_text(&item, region->name, strlen(region->name));
	rp_bytes__put_text(&item, region->object, strlen(region->object));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		rp_bytes__put_number(&item, numbers[i]);
	if (region->build_id)
		rp_bytes__put_text(&item, region->build_id, strlen(region->build_id));
	put_long(out, &item);
}

void rp_item__put_text(struct rp_bytes *out, uint32_t index, const struct rp_text *from)
{
	struct item item = {.n = 0};

	number(&item, index);
	text(&item, from->text, strnlen(from->text, sizeof(from->text)));
	number(&item, from->cut != 0);
	put(out, &item);
}

void rp_item__put_node(struct rp_bytes *out, uint32_t id, const struct rp_node *node)
{
	struct item item = {.n = 0};

	number(&item, id);
	number(&item, node->parent);
	number(&item, node->region);
	number(&item, node->flags);
	number(&item, node->label);
	number(&item, node->tgid);
	text(&item, node->comm, strnlen(node->comm, sizeof(node->comm)));
	put(out, &item);
}

void rp_item__put_thread(struct rp_bytes *out, const struct rp_event_thread *thread)
{
	struct item item = {.n = 0};

	number(&item, thread->serial);
	number(&item, thread->tid);
	number(&item, thread->pid);
	number(&item, thread->goroutine);
	number(&item, thread->started);
	number(&item, thread->process_started);
	text(&item, thread->comm, strnlen(thread->comm, sizeof(thread->comm)));
	text(&item, thread->process_comm,
	     strnlen(thread->process_comm, sizeof(thread->process_comm)));
	put(out, &item);
}

void rp_item__put_place(struct rp_bytes *out, uint32_t id, const struct rp_place *place)
{
	struct rp_bytes item = {0};

	rp_bytes__put_number(&item, id);
	rp_bytes__put_text(&item, place->function, strlen(place->function));
	rp_bytes__put_text(&item, place->file, strlen(place->file));
	rp_bytes__put_number(&item, place->line);
	rp_bytes__put_text(&item, place->object, strlen(place->object));
	put_long(out, &item);
}

void rp_item__put_call(struct rp_bytes *out, uint32_t id, const struct rp_sample_call *call)
{
	struct item item = {.n = 0};

	number(&item, id);
	number(&item, call->parent);
	number(&item, call->place);
	put(out, &item);
}

void rp_item__put_missing(struct rp_bytes *out, const struct rp_missing *missing)
{
	struct item item = {.n = 0};

	number(&item, missing->node);
	number(&item, missing->lost);
	number(&item, missing->left_out);
	put(out, &item);
}

void rp_item__put_pair(struct rp_bytes *out, const char *key, const char *value)
{
	struct rp_bytes item = {0};

	rp_bytes__put_text(&item, key, strlen(key));
	rp_bytes__put_text(&item, value, strlen(value));
	put_long(out, &item);
}

void rp_item__put_pair_number(struct rp_bytes *out, const char *key, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	rp_item__put_pair(out, key, digits);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* One more number; what is not there is 0. */
static uint64_t next(struct rp_cursor *item)
{
	uint64_t value;

	rp_cursor__number(item, &value);
	return value;
}

/* The same of a short text, filled up with zeros and cut where it is too long. */
static void next_text(struct rp_cursor *item, char *out, size_t size)
{
	const char *at;
	size_t n;

	rp_cursor__text(item, &at, &n);
	if (n > size)
		n = size;
	memset(out, 0, size);
	if (n)
		memcpy(out, at, n);
}

static void next_comm(struct rp_cursor *item, char comm[RP_COMM_LEN])
{
	next_text(item, comm, RP_COMM_LEN - 1);
	comm[RP_COMM_LEN - 1] = '\0';
}

static const char *next_name(struct rp_cursor *item, struct rp_arena *names)
{
	const char *at;
	size_t n;

	return rp_cursor__text(item, &at, &n) ? rp_arena__copy(names, at, n) : "";
}

bool rp_item__get_region(struct rp_cursor item, struct rp_arena *names, uint32_t *id,
			 struct rp_region_name *region)
{
	uint64_t number = next(&item), kind = next(&item), flags;

	if (!number || number > RP_REGION_MASK || kind > RP_KIND_SPAN)
		return false;
	*id = (uint32_t)number;
	*region = (struct rp_region_name){.kind = (enum rp_kind)kind};
	region->name = next_name(&item, names);
	region->object = next_name(&item, names);
	flags = next(&item);
	region->slow = flags & RP_REGION_IS_SLOW;
	region->left_out = flags & RP_REGION_IS_LEFT_OUT;
	region->ends_at_jump = flags & RP_REGION_ENDS_AT_JUMP;
	region->stray.hits = next(&item);
	region->stray.unmatched = next(&item);
	region->stray.crossed = next(&item);
	region->cost.inside = (double)next(&item) / PS_PER_NS;
	region->cost.whole = (double)next(&item) / PS_PER_NS;
	region->build_id = next_name(&item, names);
	if (!region->object || !region->build_id)
		region->name = NULL;
	return true;
}

bool rp_item__get_text(struct rp_cursor item, uint32_t *index, struct rp_text *text)
{
	uint64_t number;

	if (!rp_cursor__number(&item, &number) || number >= UINT32_MAX)
		return false;
	*index = (uint32_t)number;
	*text = (struct rp_text){.cut = 0};
	next_text(&item, text->text, sizeof(text->text));
	text->cut = next(&item) != 0;
	return true;
}

bool rp_item__get_node(struct rp_cursor item, uint32_t *id, struct rp_node *node)
{
	uint64_t number = next(&item), parent = next(&item), region = next(&item);

	/* A parent is made before its children. */
	if (!number || number >= RP_NODES_MAX || parent >= number || region > RP_REGION_MASK ||
	    !parent != (region == RP_REGION_NONE))
		return false;
	*id = (uint32_t)number;
	*node = (struct rp_node){.parent = (uint32_t)parent, .region = (uint32_t)region};
	node->flags = (uint32_t)next(&item) | RP_NODE_VALID;
	node->label = next(&item);
	node->tgid = (uint32_t)next(&item);
	next_comm(&item, node->comm);
	return true;
}

bool rp_item__get_thread(struct rp_cursor item, struct rp_event_thread *thread)
{
	uint64_t serial = next(&item);

	if (!serial || serial > UINT32_MAX)
		return false;
	*thread = (struct rp_event_thread){.serial = (uint32_t)serial};
	thread->tid = (uint32_t)next(&item);
	thread->pid = (uint32_t)next(&item);
	thread->goroutine = next(&item);
	thread->started = next(&item);
	thread->process_started = next(&item);
	next_comm(&item, thread->comm);
	next_comm(&item, thread->process_comm);
	return true;
}

bool rp_item__get_place(struct rp_cursor item, struct rp_arena *names, uint32_t *id,
			struct rp_place *place)
{
	uint64_t told = next(&item);

	if (!told || told > UINT32_MAX)
		return false;
	*id = (uint32_t)told;
	*place = (struct rp_place){.function = next_name(&item, names)};
	place->file = next_name(&item, names);
	place->line = (uint32_t)next(&item);
	place->object = next_name(&item, names);
	if (!place->file || !place->object)
		place->function = NULL;
	return true;
}

bool rp_item__get_call(struct rp_cursor item, uint32_t *id, struct rp_sample_call *call)
{
	uint64_t told = next(&item), parent = next(&item), place = next(&item);

	/* A caller is told before those that it calls. */
	if (!told || told > UINT32_MAX || parent >= told || place > UINT32_MAX || !parent != !place)
		return false;
	*id = (uint32_t)told;
	*call = (struct rp_sample_call){.parent = (uint32_t)parent, .place = (uint32_t)place};
	return true;
}

bool rp_item__get_missing(struct rp_cursor item, struct rp_missing *missing)
{
	uint64_t node = next(&item);

	if (node >= RP_NODES_MAX)
		return false;
	*missing = (struct rp_missing){.node = (uint32_t)node};
	missing->lost = next(&item);
	missing->left_out = next(&item);
	return true;
}

bool rp_item__get_pair(struct rp_cursor item, struct rp_arena *texts, const char **key,
		       const char **value)
{
	*key = next_name(&item, texts);
	*value = next_name(&item, texts);
	return true;
}
