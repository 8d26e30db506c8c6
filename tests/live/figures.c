/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the figures of a snapshot must be. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

uint64_t live_u64(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("\"%s\" is no integer", key);
	if (json_integer_value(value) < 0)
		fail_msg("\"%s\" is negative", key);
	return (uint64_t)json_integer_value(value);
}

const char *live_str(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value)
		fail_msg("\"%s\" is no string", key);
	return value;
}

json_t *live_array(json_t *snapshot, const char *key)
{
	json_t *value = json_object_get(snapshot, key);

	if (!json_is_array(value))
		fail_msg("\"%s\" is no array", key);
	return value;
}

json_t *live_find(json_t *snapshot, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach (live_array(snapshot, "regions"), i, row)
		if (strcmp(live_str(row, "name"), name) == 0)
			return row;
	return NULL;
}

json_t *live_region(json_t *snapshot, const char *name)
{
	json_t *row = live_find(snapshot, name);

	if (!row)
		fail_msg("no region \"%s\"", name);
	return row;
}

size_t live_rows(json_t *snapshot, const char *name)
{
	size_t n = 0, i;
	json_t *row;

	json_array_foreach (live_array(snapshot, "regions"), i, row)
		n += strcmp(live_str(row, "name"), name) == 0;
	return n;
}

/* Of any group where it is NULL, of any process where pid is 0. */
static uint64_t sum(json_t *snapshot, const char *name, const char *group, pid_t pid,
		    const char *key)
{
	uint64_t sum = 0;
	json_t *row;
	size_t i;

	json_array_foreach (live_array(snapshot, "regions"), i, row) {
		if (strcmp(live_str(row, "name"), name) != 0 ||
		    (group && strcmp(live_str(row, "group"), group) != 0) ||
		    (pid && strtol(live_str(row, "group"), NULL, 10) != pid))
			continue;
		sum += live_u64(row, key);
	}
	return sum;
}

uint64_t live_sum(json_t *snapshot, const char *name, const char *key)
{
	return sum(snapshot, name, NULL, 0, key);
}

uint64_t live_sum_of(json_t *snapshot, const char *name, const char *group, const char *key)
{
	return sum(snapshot, name, group, 0, key);
}

uint64_t live_sum_pid(json_t *snapshot, const char *name, pid_t pid, const char *key)
{
	return sum(snapshot, name, NULL, pid, key);
}

/* Next "WORD REGION COUNT" line; a region's name may hold blanks. NULL at the end. */
static const char *next_said(const char *at, const char *word, char *name, size_t size,
			     uint64_t *count)
{
	size_t len = strlen(word);

	for (const char *end; (end = strchr(at, '\n')); at = end + 1) {
		const char *last = memrchr(at, ' ', (size_t)(end - at));

		if (strncmp(at, word, len) != 0 || at[len] != ' ' || last <= at + len)
			continue;
		snprintf(name, size, "%.*s", (int)(last - at - len - 1), at + len + 1);
		*count = strtoull(last, NULL, 10);
		return end + 1;
	}
	return NULL;
}

static bool said_of(const char *said, const char *word, const char *region, uint64_t *count)
{
	char name[128];

	while ((said = next_said(said, word, name, sizeof(name), count)))
		if (strcmp(name, region) == 0)
			return true;
	*count = 0;
	return false;
}

uint64_t live_expected(const char *said, const char *name)
{
	uint64_t count;

	if (!said_of(said, "expect", name, &count))
		fail_msg("the target expects nothing of \"%s\"", name);
	return count;
}

void live_assert_expected(const struct live_run *run, size_t n)
{
	const char *said = run->said;
	size_t seen = 0, i;
	uint64_t count;
	char name[128];
	json_t *row;

	for (; (said = next_said(said, "expect", name, sizeof(name), &count)); seen++) {
		uint64_t counted = live_sum(run->json, name, "count");

		if (counted != count)
			fail_msg("%s: counted %" PRIu64 " of %" PRIu64, name, counted, count);
	}
	assert_true(n ? seen == n : seen > 0);
	for (said = run->said; (said = next_said(said, "unwound", name, sizeof(name), &count));)
		live_region(run->json, name);
	json_array_foreach (live_array(run->json, "regions"), i, row) {
		const char *region = live_str(row, "name");
		uint64_t unwound = live_sum(run->json, region, "unwound");

		if (live_u64(row, "count") > 0)
			live_expected(run->said, region);
		said_of(run->said, "unwound", region, &count);
		if (unwound != count)
			fail_msg("%s: %" PRIu64 " unwound, not %" PRIu64, region, unwound, count);
	}
}

/* Is it one of these, which have blanks between them? "late" is also how long that was. */
static bool is_of_reasons(const char *key, const char *reasons)
{
	for (const char *at = reasons; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		if (!strncmp(key, at, len) && (!key[len] || !strcmp(key + len, "_ns")))
			return true;
		at += len;
	}
	return false;
}

void live_assert_nothing_lost_but(json_t *snapshot, const char *reasons)
{
	json_t *lost = json_object_get(snapshot, "lost"), *value;
	const char *key;

	assert_true(json_object_size(lost) > 0);
	json_object_foreach (lost, key, value)
		if (json_integer_value(value) != 0 && (!reasons || !is_of_reasons(key, reasons)))
			fail_msg("lost.%s is %" JSON_INTEGER_FORMAT, key,
				 json_integer_value(value));
}

void live_assert_nothing_lost(json_t *snapshot)
{
	live_assert_nothing_lost_but(snapshot, NULL);
}

static void assert_ascending(const json_t *row, const char *const *keys, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (live_u64(row, keys[i - 1]) > live_u64(row, keys[i]))
			fail_msg("%s: %s %" PRIu64 " > %s %" PRIu64, live_str(row, "name"),
				 keys[i - 1], live_u64(row, keys[i - 1]), keys[i],
				 live_u64(row, keys[i]));
}

static void assert_row(const json_t *row)
{
	static const char *const order[] = {"min_ns", "p50_ns",	 "p90_ns",
					    "p99_ns", "p999_ns", "max_ns"};
	static const char *const within[][2] = {
		{"self_ns", "total_ns"}, {"blocked_ns", "total_ns"}, {"max_ns", "total_ns"}};
	uint64_t split = live_u64(row, "cpu_ns") + live_u64(row, "wait_ns") +
			 live_u64(row, "blocked_ns");
	double mean = json_number_value(json_object_get(row, "mean_ns"));

	assert_int_equal(live_u64(row, "open"), 0);
	assert_true(json_number_value(json_object_get(row, "stddev_ns")) >= 0);
	assert_ascending(row, order, LIVE_COUNT(order));
	for (size_t i = 0; i < LIVE_COUNT(within); i++)
		assert_ascending(row, within[i], 2);
	/*
	 * The parts are the whole; blocked, as the rest, is cut at 0 where clocks differ a little.
	 * Spans are on no thread.
	 */
	if (!strcmp(live_str(row, "kind"), "span"))
		assert_int_equal(split, 0);
	else if (live_u64(row, "blocked_ns") > 0)
		assert_int_equal(split, live_u64(row, "total_ns"));
	else
		assert_true(split >= live_u64(row, "total_ns"));
	assert_true(mean + 1 >= (double)live_u64(row, "min_ns"));
	assert_true(mean - 1 <= (double)live_u64(row, "max_ns"));
}

/*
 * Exactly: self is total less the children's totals. Recursion has a row a level. A frame that was
 * unwound has no total, while its children may have had theirs.
 */
static void assert_tree_node(json_t *tree, const json_t *node)
{
	uint64_t children = 0;
	json_t *row;
	size_t i;

	if (live_u64(node, "unwound") > 0)
		return;
	json_array_foreach (tree, i, row) {
		json_t *parent = json_object_get(row, "parent");

		if (!json_is_null(parent) && live_u64(row, "parent") == live_u64(node, "id"))
			children += live_u64(row, "total_ns");
	}
	if (live_u64(node, "self_ns") + children != live_u64(node, "total_ns"))
		fail_msg("%s: self %" PRIu64 " + children %" PRIu64 " is not total %" PRIu64,
			 live_str(node, "name"), live_u64(node, "self_ns"), children,
			 live_u64(node, "total_ns"));
}

static uint64_t tree_sum(json_t *tree, const char *name, const char *key)
{
	uint64_t sum = 0;
	json_t *row;
	size_t i;

	json_array_foreach (tree, i, row)
		if (strcmp(live_str(row, "name"), name) == 0)
			sum += live_u64(row, key);
	return sum;
}

void live_assert_rows(json_t *snapshot)
{
	json_t *row;
	size_t i;

	json_array_foreach (live_array(snapshot, "regions"), i, row)
		assert_row(row);
}

void live_assert_sound(json_t *snapshot)
{
	json_t *tree = live_array(snapshot, "tree"), *row;
	size_t i;

	live_assert_rows(snapshot);
	json_array_foreach (tree, i, row)
		assert_tree_node(tree, row);
	json_array_foreach (live_array(snapshot, "regions"), i, row) {
		const char *name = live_str(row, "name");

		assert_int_equal(tree_sum(tree, name, "count"), live_sum(snapshot, name, "count"));
		assert_int_equal(tree_sum(tree, name, "self_ns"),
				 live_sum(snapshot, name, "self_ns"));
	}
}
