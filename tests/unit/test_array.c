/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Arrays that grow, and are searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/arena.h"
#include "util/array.h"

struct item {
	uint64_t start;
	char more[3];
};

static void what_was_there_stays(void **state)
{
	size_t capacity = 0;
	int *items = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(rp_array__grow(&items, (size_t)i, &capacity, sizeof(*items)), 0);
		assert_true(capacity > (size_t)i);
		items[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	free(items);
}

/* Each gap, each value, values that are there twice, and both ends. */
static void up_to(void **state)
{
	static const struct item items[] = {{.start = 3}, {.start = 5}, {.start = 5}, {.start = 9}};
	static const struct {
		uint64_t most;
		size_t n;
	} cases[] = {{0, 0}, {2, 0}, {3, 1}, {4, 1}, {5, 3}, {8, 3}, {9, 4}, {UINT64_MAX, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rp_array__up_to(items, 4, sizeof(*items), cases[i].most),
				 cases[i].n);
	assert_int_equal(rp_array__up_to(items, 1, sizeof(*items), 3), 1);
	assert_int_equal(rp_array__up_to(NULL, 0, sizeof(*items), 3), 0);
}

/* Whatever texts came before it, and however long they are. */
static void arrays_of_an_arena_are_aligned(void **state)
{
	static const char text[] = "seventeen letters";
	const uint64_t items[] = {1, 2, 3};
	struct rp_arena arena = {0};

	(void)state;
	for (size_t i = 0; i < 10000; i++) {
		const uint64_t *copy;

		assert_non_null(rp_arena__copy(&arena, text, i % sizeof(text)));
		copy = rp_arena__array(&arena, items, sizeof(items));
		assert_non_null(copy);
		assert_int_equal((uintptr_t)copy % 16, 0);
		assert_memory_equal(copy, items, sizeof(items));
	}
	rp_arena__free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_there_stays),
		cmocka_unit_test(up_to),
		cmocka_unit_test(arrays_of_an_arena_are_aligned),
	};

	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
