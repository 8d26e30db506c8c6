// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The table of hashes: a look for what is not in it ends, however many it was made for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "util/hash.h"

/* Where the key is, or could be put; past the table: there is neither. */
static uint64_t look(const struct rp_index *index, const uint64_t *keys, uint64_t key)
{
	uint64_t at = rp_index__start(index, rp_hash(key, 0));

	for (uint64_t looks = 0; looks <= index->mask; looks++) {
		if (!index->slot[at] || keys[index->slot[at] - 1] == key)
			return at;
		at = rp_index__next(index, at);
	}
	return index->mask + 1;
}

static void test_is_at_most_half_full(void **state)
{
	enum { MOST = 130 };
	uint64_t keys[MOST];

	(void)state;
	for (uint32_t n = 0; n <= MOST; n++) {
		struct rp_index index;
		size_t used = 0;

		assert_int_equal(rp_index__init(&index, n), 0);
		for (uint32_t i = 0; i < n; i++) {
			keys[i] = i * 0x1000;
			index.slot[look(&index, keys, keys[i])] = i + 1;
		}
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(index.slot[look(&index, keys, keys[i])], i + 1);
		for (uint64_t i = 0; i <= index.mask; i++)
			used += index.slot[i] != 0;
		assert_int_equal(used, n);
		assert_true(2 * used <= index.mask + 1);
		assert_int_equal(index.slot[look(&index, keys, 1)], 0);
		rp_index__free(&index);
		assert_null(index.slot);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_is_at_most_half_full)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
