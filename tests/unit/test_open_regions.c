// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The list of open regions: order, ages, paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/open_regions.h"

#define NOW	  1000000u
#define ROOT	  1
#define NODES_MAX 2048

enum { REQUEST = 1, COMPUTE, LOCK_WAIT };
#define BY_NAME (RP_REGION_DYNAMIC + 1)

static struct rp_node nodes[NODES_MAX];
static struct rp_open_entry entries[64];
static struct rp_open_entries in;
static struct rp_open_regions *list;

static uint32_t node(uint32_t parent, uint32_t region)
{
	nodes[++in.n_nodes] = (struct rp_node){
		.parent = parent, .region = region, .flags = RP_NODE_VALID};
	return (uint32_t)in.n_nodes;
}

static void entry(uint32_t tid, uint64_t start, uint32_t region, uint32_t node)
{
	uint32_t depth = in.n && entries[in.n - 1].tid == tid ? entries[in.n - 1].depth + 1 : 1;

	entries[in.n++] = (struct rp_open_entry){.start = start,
						 .node = node,
						 .region = region,
						 .pid = 7,
						 .tid = tid,
						 .depth = depth,
						 .comm = "worker"};
}

static void build(uint64_t stuck)
{
	rp_open_regions__free(list);
	list = rp_open_regions__build(&in, stuck);
	assert_non_null(list);
}

static int setup(void **state)
{
	static struct rp_region_name regions[] = {
		{.kind = RP_KIND_FUNCTION, .name = "request", .object = "/bin/app"},
		{.kind = RP_KIND_USDT, .name = "compute", .object = "/lib/b.so"},
		{.kind = RP_KIND_FUNCTION, .name = "lock_wait", .object = "/bin/app"},
	};
	static struct rp_region_name dynamic[] = {
		{.name = "", .object = ""},
		{.kind = RP_KIND_MARKER, .name = "by nam", .object = ""},
	};

	(void)state;
	memset(nodes, 0, sizeof(nodes));
	in = (struct rp_open_entries){
		.time = NOW,
		.item = entries,
		.nodes = nodes,
		.names = {.regions = regions, .n_regions = 3, .dynamic = dynamic, .n_dynamic = 2}};
	assert_int_equal(node(0, RP_REGION_NONE), ROOT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rp_open_regions__free(list);
	list = NULL;
	return 0;
}

static const char *path(size_t i)
{
	static char buf[65536];

	assert_true(i < list->n);
	return rp_open_regions__path(list, &list->row[i], buf, sizeof(buf));
}

static void test_nothing(void **state)
{
	(void)state;
	build(1);
	assert_int_equal(list->n, 0);
	assert_int_equal(list->n_stuck, 0);
}

static void test_order_and_ages(void **state)
{
	uint32_t request = node(ROOT, REQUEST), compute = node(request, COMPUTE);
	static const uint32_t tids[] = {11, 12, 10, 11, 10, 13};
	static const uint64_t ages[] = {NOW - 100, NOW - 100, NOW - 200, NOW - 300, 1, 0};

	(void)state;
	entry(10, 200, REQUEST, request);
	entry(10, NOW - 1, COMPUTE, compute);
	entry(12, 100, REQUEST, request);
	entry(11, 100, REQUEST, request);
	entry(11, 300, COMPUTE, compute);
	entry(13, NOW + 5, REQUEST, request); /* of no clock of ours */
	build(NOW - 200);
	assert_int_equal(list->n, 6);
	for (size_t i = 0; i < list->n; i++) {
		assert_int_equal(list->row[i].tid, tids[i]);
		assert_int_equal(list->row[i].age, ages[i]);
		assert_int_equal(list->row[i].pid, 7);
		assert_string_equal(list->row[i].comm, "worker");
	}
	/* As old as that, or older. */
	assert_int_equal(list->n_stuck, 3);
	build(0);
	assert_int_equal(list->n_stuck, 0);
}

static void test_paths(void **state)
{
	uint32_t request = node(ROOT, REQUEST), compute = node(request, COMPUTE);
	uint32_t lock_wait = node(compute, LOCK_WAIT), named = node(lock_wait, BY_NAME);

	(void)state;
	/* The innermost first: its links are there when the others come. */
	entry(1, 40, BY_NAME, named);
	entry(1, 30, LOCK_WAIT, lock_wait);
	entry(1, 10, REQUEST, request);
	entry(2, 50, COMPUTE, compute);
	build(0);
	assert_string_equal(path(0), "request");
	assert_string_equal(path(1), "request > compute > lock_wait");
	assert_string_equal(path(2), "request > compute > lock_wait > by nam");
	assert_string_equal(path(3), "request > compute");
	assert_string_equal(list->row[1].name, "lock_wait");
	assert_string_equal(list->row[1].object, "/bin/app");
	assert_int_equal(list->row[1].kind, RP_KIND_FUNCTION);
	assert_int_equal(list->row[3].kind, RP_KIND_USDT);
	assert_string_equal(list->row[2].name, "by nam");
	assert_string_equal(list->row[2].object, "");
	assert_int_equal(list->row[2].kind, RP_KIND_MARKER);
}

static void test_labels(void **state)
{
	uint32_t plain = node(ROOT, REQUEST), labelled = node(ROOT, REQUEST);
	uint32_t other = node(ROOT, REQUEST), address = node(ROOT, REQUEST);
	uint32_t string = node(ROOT, REQUEST), unread = node(ROOT, REQUEST);
	static const struct rp_text texts[] = {{.text = "first"}, {.text = "second"}};

	(void)state;
	in.names.texts = texts;
	in.names.n_texts = 2;
	nodes[address].label = UINT64_MAX;
	nodes[address].flags |= RP_NODE_LABELED | RP_NODE_HEX;
	nodes[string].label = RP_TEXT_FIRST + 1;
	nodes[string].flags |= RP_NODE_LABELED | RP_NODE_TEXT;
	nodes[unread].label = RP_TEXT_FIRST + 2;
	nodes[unread].flags |= RP_NODE_LABELED | RP_NODE_TEXT;
	entry(1, 4, REQUEST, address);
	entry(1, 5, REQUEST, string);
	entry(1, 6, REQUEST, unread);
	nodes[labelled].label = (uint64_t)-7;
	nodes[labelled].flags |= RP_NODE_LABELED | RP_NODE_SIGNED;
	nodes[other].flags |= RP_NODE_LABELED | RP_NODE_OTHER;
	entry(1, 1, REQUEST, plain);
	entry(1, 2, REQUEST, labelled);
	entry(1, 3, REQUEST, other);
	build(0);
	assert_string_equal(list->row[0].label, "");
	assert_string_equal(list->row[1].label, "-7");
	assert_string_equal(list->row[2].label, "other");
	assert_string_equal(list->row[3].label, "0xffffffffffffffff");
	assert_string_equal(list->row[4].label, "second");
	assert_string_equal(list->row[5].label, "?");
}

/* Frames past --max-nodes have none; ids that mean nothing are not followed. */
static void test_without_node(void **state)
{
	uint32_t request = node(ROOT, REQUEST), loop = node(99, COMPUTE);

	(void)state;
	nodes[loop].parent = loop;
	entry(1, 1, REQUEST, 0);
	entry(1, 2, COMPUTE, 4711);
	entry(1, 3, COMPUTE, request); /* of another region */
	entry(1, 4, COMPUTE, loop);
	entry(1, 5, 4711, 0);
	entry(1, 6, RP_REGION_DYNAMIC + 2, 0);
	build(0);
	assert_string_equal(path(0), "... > request");
	assert_string_equal(path(1), "... > compute");
	assert_string_equal(path(2), "... > compute");
	assert_string_equal(path(3), "compute");
	assert_string_equal(path(4), "... > ?");
	assert_string_equal(path(5), "... > ?");
}

/* A frame that moved down while its stack was read is there once; recursion stays. */
static void test_moved(void **state)
{
	uint32_t outer = node(ROOT, REQUEST), inner = node(outer, REQUEST);

	(void)state;
	entry(1, 1, REQUEST, outer);
	entry(1, 1, REQUEST, inner);
	entry(1, 2, REQUEST, inner);
	entry(2, 2, REQUEST, inner);
	build(1);
	assert_int_equal(list->n, 3);
	assert_int_equal(list->n_stuck, 3);
}

/* Each member is the entry's; what the path is made of is that of the region. */
static void test_members(void **state)
{
	uint32_t compute = node(node(ROOT, REQUEST), COMPUTE);
	const struct rp_open_row *r;

	(void)state;
	in.n = 1;
	entries[0] = (struct rp_open_entry){.start = NOW - 5,
					    .node = compute,
					    .region = COMPUTE,
					    .pid = 2,
					    .tid = 3,
					    .goroutine = 4,
					    .span = 6,
					    .depth = 8,
					    .serial = 9,
					    .comm = "fifteen letters"};
	build(6);
	assert_int_equal(list->time, NOW);
	assert_int_equal(list->stuck, 6);
	assert_int_equal(list->n_stuck, 0);
	r = &list->row[0];
	assert_int_equal(r->age, 5);
	assert_int_equal(r->start, NOW - 5);
	assert_int_equal(r->region, COMPUTE);
	assert_string_equal(r->name, "compute");
	assert_int_equal(r->kind, RP_KIND_USDT);
	assert_string_equal(r->object, "/lib/b.so");
	assert_string_equal(r->label, "");
	assert_int_equal(r->pid, 2);
	assert_int_equal(r->tid, 3);
	assert_int_equal(r->goroutine, 4);
	assert_int_equal(r->span, 6);
	assert_int_equal(r->depth, 8);
	assert_string_equal(r->comm, "fifteen letters");
	assert_string_equal(path(0), "request > compute");
}

/* What began at one time is in the order of the rest, and one that differs in any is another. */
static void test_ties(void **state)
{
	uint32_t request = node(ROOT, REQUEST), compute = node(ROOT, COMPUTE);
	const struct rp_open_entry same = {.start = 1,
					   .node = request,
					   .region = REQUEST,
					   .pid = 10,
					   .tid = 20,
					   .goroutine = 30,
					   .span = 40,
					   .depth = 50};

	(void)state;
	in.n = 7;
	for (size_t i = 0; i < in.n; i++)
		entries[i] = same;
	entries[0].start = 2;
	entries[1].pid = 11;
	entries[2].tid = 21;
	entries[3].goroutine = 31;
	entries[4].span = 41;
	entries[5].region = COMPUTE;
	entries[5].node = compute;
	entries[5].depth = 51;
	build(0);
	assert_int_equal(list->n, 7);
	assert_int_equal(list->row[6].start, 2);
	assert_int_equal(list->row[5].pid, 11);
	assert_int_equal(list->row[4].tid, 21);
	assert_int_equal(list->row[3].goroutine, 31);
	assert_int_equal(list->row[2].span, 41);
	assert_int_equal(list->row[1].depth, 51);
	assert_string_equal(list->row[1].name, "compute");
	assert_string_equal(list->row[0].name, "request");
	/* Only where all but the depth is the same, it is the same. */
	entries[5].region = REQUEST;
	entries[5].node = request;
	build(0);
	assert_int_equal(list->n, 6);
	assert_int_equal(list->row[0].depth, 50);
}

/* What does not fit is left out at the outer end, whatever the room. */
static void test_cut_paths(void **state)
{
	static const char whole[] = "request > compute > lock_wait";
	uint32_t id = ROOT;
	char buf[64];

	(void)state;
	for (uint32_t region = REQUEST; region <= LOCK_WAIT; region++)
		id = node(id, region);
	entry(1, 1, LOCK_WAIT, id);
	build(0);
	for (size_t size = 1; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		assert_ptr_equal(rp_open_regions__path(list, &list->row[0], buf, size), buf);
		assert_true(strlen(buf) < size);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], '#');
		if (size >= sizeof(whole))
			assert_string_equal(buf, whole);
		else if (size > strlen("... > compute > lock_wait"))
			assert_string_equal(buf, "... > compute > lock_wait");
		else if (size > strlen("... > lock_wait"))
			assert_string_equal(buf, "... > lock_wait");
		else if (size > 7)
			assert_memory_equal(buf, "... > l", 7);
	}
}

static void test_deep_path(void **state)
{
	uint32_t id = ROOT;
	const char *at;

	(void)state;
	for (int i = 0; i < 1000; i++)
		id = node(id, COMPUTE);
	entry(1, 1, COMPUTE, id);
	build(0);
	at = path(0);
	assert_int_equal(strlen(at), 1000 * strlen("compute") + 999 * strlen(" > "));
	for (int i = 0; i < 999; i++) {
		assert_memory_equal(at, "compute > ", 10);
		at += 10;
	}
	assert_string_equal(at, "compute");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing),   TEST(test_order_and_ages), TEST(test_paths),
		TEST(test_labels),    TEST(test_without_node),	 TEST(test_moved),
		TEST(test_cut_paths), TEST(test_deep_path),	 TEST(test_members),
		TEST(test_ties),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
