// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/ld_cache.h"

static char path[] = "/tmp/test_ld_cache.XXXXXX";
static int file;

struct cache_header {
	char magic[20];
	uint32_t n;
	uint32_t strings_size;
	uint8_t flags;
	uint8_t unused[19];
};

struct cache_entry {
	int32_t flags;
	uint32_t name, path, os_version;
	uint64_t hwcap;
};

#define CACHE_ENTRIES 5

struct cache {
	struct cache_header header;
	struct cache_entry entries[CACHE_ENTRIES];
	char strings[32];
};

static struct cache make_cache(void)
{
	const uint32_t base = offsetof(struct cache, strings);
	struct cache cache = {
		.header = {.n = CACHE_ENTRIES, .strings_size = sizeof(cache.strings), .flags = 2},
		.entries = {{.name = base, .path = base + 5, .hwcap = 1ull << 62},
			    {.name = base, .path = base + 8},
			    {.name = base, .path = UINT32_MAX},
			    {.name = UINT32_MAX, .path = base},
			    {.name = base, .path = base + 11}},
		.strings = "a.so\0/1\0/2\0/3",
	};

	memcpy(cache.header.magic, "glibc-ld.so.cache1.1", sizeof(cache.header.magic));
	return cache;
}

static int open_cache(const void *content, size_t size, struct rp_ld_cache **cache)
{
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(pwrite(file, content, size, 0), size);
	return rp_ld_cache__open(path, cache);
}

static void check_cache(const void *content, size_t size)
{
	struct rp_ld_cache *cache;
	size_t pos = 0;

	assert_int_equal(open_cache(content, size, &cache), 0);
	assert_string_equal(rp_ld_cache__find(cache, "a.so", &pos), "/2");
	assert_string_equal(rp_ld_cache__find(cache, "a.so", &pos), "/3");
	assert_null(rp_ld_cache__find(cache, "a.so", &pos));
	pos = 0;
	assert_null(rp_ld_cache__find(cache, "a.s", &pos));
	rp_ld_cache__free(cache);
}

static void test_alone(void **state)
{
	struct cache cache = make_cache();

	(void)state;
	check_cache(&cache, sizeof(cache));
	cache.header.flags = 0;
	check_cache(&cache, sizeof(cache));
}

static void test_after_older_format(void **state)
{
	/* 16 bytes of header, 3 entries of 12, 4 of padding. */
	struct {
		char magic[12];
		uint32_t n;
		char entries[3 * 12 + 4];
		struct cache cache;
	} both = {.magic = "ld.so-1.7.0", .n = 3, .cache = make_cache()};
	struct rp_ld_cache *cache;

	(void)state;
	check_cache(&both, sizeof(both));
	both.n = UINT32_MAX;
	assert_int_equal(open_cache(&both, sizeof(both), &cache), -EBADMSG);
}

static void test_refused(void **state)
{
	struct cache good = make_cache(), bad = good;
	struct rp_ld_cache *cache;

	(void)state;
	bad.header.magic[19] = '2';
	assert_int_equal(open_cache(&bad, sizeof(bad), &cache), -EBADMSG);
	bad = good;
	bad.header.flags = 3;
	assert_int_equal(open_cache(&bad, sizeof(bad), &cache), -EBADMSG);
	bad = good;
	bad.header.n = UINT32_MAX;
	assert_int_equal(open_cache(&bad, sizeof(bad), &cache), -EBADMSG);
	assert_int_equal(rp_ld_cache__open("/nowhere/cache", &cache), -ENOENT);
	assert_int_equal(rp_ld_cache__open("/etc", &cache), -EINVAL);
}

static void test_cut_short(void **state)
{
	struct cache good = make_cache();

	(void)state;
	for (size_t size = 0; size < sizeof(good); size++) {
		struct rp_ld_cache *cache;
		size_t pos = 0;
		int ret = open_cache(&good, size, &cache);

		assert_int_equal(ret, size < offsetof(struct cache, strings) ? -EBADMSG : 0);
		if (ret)
			continue;
		while (rp_ld_cache__find(cache, "a.so", &pos))
			;
		assert_int_equal(pos, CACHE_ENTRIES);
		rp_ld_cache__free(cache);
	}
}

static void test_none(void **state)
{
	size_t pos = 0;

	(void)state;
	assert_null(rp_ld_cache__find(NULL, "a.so", &pos));
}

static int make_file(void **state)
{
	(void)state;
	file = mkstemp(path);
	return file < 0 ? -1 : 0;
}

static int remove_file(void **state)
{
	(void)state;
	close(file);
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),	cmocka_unit_test(test_after_older_format),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
