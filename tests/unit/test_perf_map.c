// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Functions that a process tells of in /tmp/perf-PID.map, and files that are not to be believed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/perf_map.h"
#include "symbolize/perf_maps.h"

static struct rp_perf_map *parsed(const char *text)
{
	struct rp_perf_map *map = NULL;

	assert_int_equal(rp_perf_map__parse(text, strlen(text), &map), 0);
	return map;
}

static void assert_function(const struct rp_perf_map *map, uint64_t addr, const char *name)
{
	const char *found = rp_perf_map__find(map, addr);

	if (!name) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, name);
}

static void test_functions(void **state)
{
	struct rp_perf_map *map = parsed("7f0000001000 40 LazyCompile:~main /app/x.js:1\n"
					 "7F0000000f00 80 py::f:/a b.py\n");

	(void)state;
	assert_int_equal(rp_perf_map__functions(map), 2);
	assert_function(map, 0x7f0000000eff, NULL);
	assert_function(map, 0x7f0000000f00, "py::f:/a b.py");
	assert_function(map, 0x7f0000000f7f, "py::f:/a b.py");
	assert_function(map, 0x7f0000000f80, NULL);
	assert_function(map, 0x7f000000103f, "LazyCompile:~main /app/x.js:1");
	assert_function(map, 0x7f0000001040, NULL);
	rp_perf_map__free(map);
}

/* Code goes, and other code is made where it was. */
static void test_what_overlaps(void **state)
{
	struct rp_perf_map *map = parsed("1000 100 old\n"
					 "1080 100 newer\n"
					 "1000 10 newest\n"
					 "1000 10 newest again\n"
					 "3080 20 first\n"
					 "3000 100 over it\n");

	(void)state;
	assert_function(map, 0x1008, "newest again");
	assert_function(map, 0x1010, "old");
	assert_function(map, 0x10ff, "newer");
	assert_function(map, 0x117f, "newer");
	assert_function(map, 0x3088, "over it");
	rp_perf_map__free(map);
}

/* So the JVM writes them. */
static void test_numbers_of_hexadecimal_notation(void **state)
{
	struct rp_perf_map *map = parsed("0x00007f3db0ec7640 0x0000000000000130 long L.fib(int)\n");

	(void)state;
	assert_function(map, 0x7f3db0ec776f, "long L.fib(int)");
	assert_function(map, 0x7f3db0ec7770, NULL);
	rp_perf_map__free(map);
}

static void test_lines_that_are_none(void **state)
{
	struct rp_perf_map *map = parsed("\n"
					 "1000\n"
					 "1000 10\n"
					 "1000 10 \n"
					 "0x 10 name\n"
					 "0x0x1000 10 name\n"
					 "1000 0 empty\n"
					 "ffffffffffffffff 2 past the end\n"
					 "11111111111111111 10 too long\n"
					 "name 10 1000\n"
					 "2000 10 good\n"
					 "3000 10 torn");

	(void)state;
	assert_int_equal(rp_perf_map__functions(map), 1);
	assert_function(map, 0x1000, NULL);
	assert_function(map, 0x2000, "good");
	assert_function(map, 0x3000, NULL);
	rp_perf_map__free(map);
	map = parsed("");
	assert_function(map, 0, NULL);
	rp_perf_map__free(map);
}

static void test_long_names(void **state)
{
	char text[4096] = "1000 10 ";
	struct rp_perf_map *map;

	(void)state;
	memset(text + 8, 'x', 4000);
	strcpy(text + 4008, "\n2000 10 next\n");
	map = parsed(text);
	assert_int_equal(strlen(rp_perf_map__find(map, 0x1000)), 1024);
	assert_function(map, 0x2000, "next");
	rp_perf_map__free(map);
}

/* ---- files ----------------------------------------------------------------------------------- */

struct root {
	char path[64];
	char file[128]; /* where the map is */
};

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A process 7 of that user, which is number 3 in its own namespace. */
static struct root make_root(unsigned uid)
{
	static const char *const folders[] = {"", "/7", "/7/root", "/7/root/tmp"};
	struct root root = {.path = "/tmp/perf-map-XXXXXX"};
	char path[128], status[128];

	assert_non_null(mkdtemp(root.path));
	for (size_t i = 1; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", root.path, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s/7/status", root.path);
	snprintf(status, sizeof(status), "Name:\tx\nUid:\t%u\t0\t0\t0\nNSpid:\t7\t3\n", uid);
	write_text(path, status);
	snprintf(root.file, sizeof(root.file), "%s/7/root/tmp/perf-3.map", root.path);
	return root;
}

static void remove_root(const struct root *root)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", root->path);
	assert_int_equal(system(command), 0);
}

static int read_root(const struct root *root)
{
	const struct rp_perf_map_version none = {0};
	struct rp_perf_map *map = NULL;
	int err = rp_perf_map__read(root->path, 7, &none, &map);

	if (!err)
		assert_function(map, 0x1000, "f");
	rp_perf_map__free(map);
	return err;
}

static void test_own_file(void **state)
{
	struct root root = make_root(getuid());

	(void)state;
	assert_int_equal(read_root(&root), -ENOENT);
	write_text(root.file, "1000 10 f\n");
	assert_int_equal(read_root(&root), 0);
	remove_root(&root);
}

static void test_somebody_elses(void **state)
{
	struct root root = make_root(getuid() + 1);

	(void)state;
	write_text(root.file, "1000 10 f\n");
	/* Root's may be believed. */
	assert_int_equal(read_root(&root), getuid() ? -EACCES : 0);
	if (!getuid()) {
		assert_int_equal(chown(root.file, 4711, 4711), 0);
		assert_int_equal(read_root(&root), -EACCES);
	}
	remove_root(&root);
}

static void test_no_plain_files(void **state)
{
	struct root root = make_root(getuid());
	char outside[128];

	(void)state;
	snprintf(outside, sizeof(outside), "%s/outside", root.path);
	write_text(outside, "1000 10 f\n");
	assert_int_equal(symlink(outside, root.file), 0);
	assert_int_equal(read_root(&root), -EXDEV);
	unlink(root.file);
	assert_int_equal(mkfifo(root.file, 0600), 0);
	assert_int_equal(read_root(&root), -EINVAL);
	unlink(root.file);
	/* A hole of a terabyte. */
	write_text(root.file, "1000 10 f\n");
	assert_int_equal(truncate(root.file, 1ll << 40), 0);
	assert_int_equal(read_root(&root), -EFBIG);
	remove_root(&root);
}

/* It is read when it is first asked for, and again, once a second. */
static void test_as_it_grows(void **state)
{
	const uint64_t second = 1000000000;
	struct root root = make_root(getuid());
	struct rp_perf_maps *maps = rp_perf_maps__new(root.path, NULL, true);

	(void)state;
	assert_non_null(maps);
	assert_null(rp_perf_maps__find(maps, 7, 0x1000, 0));
	write_text(root.file, "1000 10 f\n");
	assert_null(rp_perf_maps__find(maps, 7, 0x1000, second - 1));
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x1000, second), "f");
	write_text(root.file, "1000 10 f\n2000 10 g\n");
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x1000, 9 * second), "f");
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x2000, 9 * second), "g");
	/* Other code has taken the place. */
	write_text(root.file, "1000 10 f\n2000 10 g\n1000 10 later\n");
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x1000, 10 * second - 1), "f");
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x1000, 10 * second), "later");
	/* Another program of that number. */
	rp_perf_maps__exit(maps, 7);
	write_text(root.file, "1000 10 other\n");
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x1000, 10 * second), "other");
	assert_null(rp_perf_maps__find(maps, 8, 0x1000, 9 * second));
	rp_perf_maps__free(maps);
	remove_root(&root);
}

/* Of so many lines, each with a name of 100 bytes. */
static void write_large(const char *path, size_t lines)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < lines; i++)
		assert_true(fprintf(file, "%zx 1 %0100zu\n", 0x1000 + i, i) > 0);
	assert_int_equal(fclose(file), 0);
}

/* The maps of all have a bound: what one process has leaves no room for the same of another. */
static void test_too_large_together(void **state)
{
	struct root root = make_root(getuid());
	struct rp_perf_maps *maps = rp_perf_maps__new(root.path, NULL, true);
	char command[512];

	(void)state;
	assert_non_null(maps);
	write_large(root.file, 330000); /* 42 MiB once it is read */
	snprintf(command, sizeof(command), "cp -r %1$s/7 %1$s/8 && cp -r %1$s/7 %1$s/9", root.path);
	assert_int_equal(system(command), 0);
	assert_non_null(rp_perf_maps__find(maps, 7, 0x1000, 0));
	assert_null(rp_perf_maps__find(maps, 8, 0x1000, 0));
	rp_perf_maps__exit(maps, 7);
	rp_perf_maps__exit(maps, 8);
	assert_non_null(rp_perf_maps__find(maps, 8, 0x1000, 0));
	/* It grows past its share: what was there remains. */
	write_large(root.file, 420000);
	snprintf(command, sizeof(command), "mv %s %s/8/root/tmp/", root.file, root.path);
	assert_int_equal(system(command), 0);
	assert_null(rp_perf_maps__find(maps, 8, 0x1000 + 419999, 9000000000));
	assert_non_null(rp_perf_maps__find(maps, 8, 0x1000, 9000000000));
	/* And its room is taken, as before. */
	assert_null(rp_perf_maps__find(maps, 9, 0x1000, 9000000000));
	rp_perf_maps__exit(maps, 9);
	rp_perf_maps__exit(maps, 8);
	assert_non_null(rp_perf_maps__find(maps, 9, 0x1000, 9000000000));
	rp_perf_maps__free(maps);
	remove_root(&root);
}

/* So many processes have a map; of the same user the one that came first makes room for another. */
static void test_too_many_processes(void **state)
{
	enum { MOST = 1024 };
	struct root root = make_root(getuid());
	struct rp_perf_maps *maps = rp_perf_maps__new(root.path, NULL, false);
	char command[512];

	(void)state;
	assert_non_null(maps);
	snprintf(command, sizeof(command), "cp -r %1$s/7 %1$s/8", root.path);
	assert_int_equal(system(command), 0);
	write_text(root.file, "1000 10 f\n");
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x1000, 0), "f");
	write_text(root.file, "1000 10 later\n");
	/* Nobody knows whose these are: the last one takes the place of one of them. */
	for (pid_t pid = 100; pid < 100 + MOST; pid++)
		assert_null(rp_perf_maps__find(maps, pid, 0x1000, 0));
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x1000, 0), "f");
	assert_null(rp_perf_maps__find(maps, 8, 0x1000, 0));
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x1000, 0), "later");
	/* One that ends makes room, too. */
	write_text(root.file, "1000 10 last\n");
	rp_perf_maps__exit(maps, 101);
	assert_null(rp_perf_maps__find(maps, 8, 0x1000, 0));
	assert_string_equal(rp_perf_maps__find(maps, 7, 0x1000, 0), "later");
	rp_perf_maps__free(maps);
	remove_root(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_what_overlaps),
		cmocka_unit_test(test_numbers_of_hexadecimal_notation),
		cmocka_unit_test(test_lines_that_are_none),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_own_file),
		cmocka_unit_test(test_somebody_elses),
		cmocka_unit_test(test_no_plain_files),
		cmocka_unit_test(test_as_it_grows),
		cmocka_unit_test(test_too_large_together),
		cmocka_unit_test(test_too_many_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
