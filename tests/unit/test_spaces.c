// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a process has mapped: since when it can be unwound, and how it is called. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "discover/vdso.h"
#include "rp_sample.h"
#include "sample/spaces.h"
#include "unwind_fixture.h"
#include "util/clock.h"

#define CHILD 1000000000 /* no process has this number */

static bool is_never(void)
{
	return false;
}

static struct kernel k;
static struct rp_unwind_tables *tables;
static struct rp_sample_store *store;
static struct rp_sample_objects *objects;
static struct rp_spaces *spaces;

static int begin_with(bool is_shared)
{
	memset(&k, 0, sizeof(k));
	tables = new_tables(&k, 64u << 20, OBJECTS_MAX);
	store = rp_sample_store__new(100, UINT64_MAX, false);
	objects = rp_sample_objects__new(store, NULL, false, is_never);
	spaces = rp_spaces__new(objects, tables, store, NULL, is_shared);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	return begin_with(false);
}

static int begin_shared(void **state)
{
	(void)state;
	return begin_with(true);
}

static int end(void **state)
{
	(void)state;
	rp_spaces__free(spaces);
	rp_sample_objects__free(objects);
	rp_sample_store__put(store);
	end_tables(&k, tables);
	return 0;
}

static void test_code_is_early_until_its_tables_are_there(void **state)
{
	uint64_t here = (uint64_t)(uintptr_t)is_never, before = rp_clock__now(), after;

	(void)state;
	assert_true(rp_spaces__was_early(spaces, getpid(), here, before));
	rp_spaces__look(spaces, getpid());
	after = rp_clock__now();
	assert_true(rp_spaces__was_early(spaces, getpid(), here, before - 1));
	assert_false(rp_spaces__was_early(spaces, getpid(), here, after));
	/* What was there is as it was, in a child, too. */
	rp_spaces__look(spaces, getpid());
	rp_spaces__fork(spaces, CHILD, getpid());
	assert_false(rp_spaces__was_early(spaces, getpid(), here, after));
	assert_false(rp_spaces__was_early(spaces, CHILD, here, after));
	assert_true(rp_spaces__was_early(spaces, CHILD, here, before - 1));
	/* One that has ended before it was looked at. */
	rp_spaces__exec(spaces, CHILD);
	assert_true(rp_spaces__was_early(spaces, CHILD, here, after));
	/* No file has it: there is nothing to wait for. */
	assert_false(rp_spaces__was_early(spaces, getpid(), (uint64_t)(uintptr_t)&after, 0));
}

/* Any number of mappings: they are looked at once. */
static void test_what_is_mapped_is_looked_at_later(void **state)
{
	uint64_t here = (uint64_t)(uintptr_t)is_never, before = rp_clock__now() - 1;

	(void)state;
	rp_spaces__changed(spaces, getpid());
	rp_spaces__changed(spaces, getpid());
	assert_int_equal(k.processes, 0);
	assert_true(rp_spaces__was_early(spaces, getpid(), here, before));
	rp_spaces__catch_up(spaces);
	assert_int_equal(k.processes, 1);
	assert_true(rp_spaces__was_early(spaces, getpid(), here, before));
}

/* A child has what its parent had mapped by then; a program none of what comes after it. */
static void test_looks_are_of_their_time(void **state)
{
	uint64_t offset, here = (uint64_t)(uintptr_t)is_never;
	uint32_t object;

	(void)state;
	rp_spaces__changed(spaces, getpid());
	rp_spaces__fork(spaces, CHILD, getpid());
	assert_true(rp_spaces__find(spaces, CHILD, here, 0, &object, &offset));
	rp_spaces__exit(spaces, getpid());
	rp_spaces__ended(spaces, getpid(), UINT64_MAX, NULL);
	rp_spaces__ended(spaces, getpid(), UINT64_MAX, NULL);
	assert_false(rp_spaces__find(spaces, getpid(), here, 0, &object, &offset));
	rp_spaces__exec(spaces, getpid());
	assert_false(rp_spaces__find(spaces, getpid(), here, 0, &object, &offset));
	rp_spaces__exec(spaces, getpid());
	assert_true(rp_spaces__find(spaces, getpid(), here, 0, &object, &offset));
}

/* What was seen to be mapped may be a later program's, of which it is told afterwards. */
static void test_no_sample_is_in_a_program_that_came_later(void **state)
{
	const uint64_t second = 1000000000, before = rp_clock__now() - second;
	uint64_t offset, read, here = (uint64_t)(uintptr_t)is_never;
	struct rp_file_id file, other;
	uint32_t object;

	(void)state;
	assert_true(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	read = rp_spaces__catch_up_with(spaces, getpid());
	file = other = *rp_sample_objects__mapped(objects, object);
	other.ino++;
	rp_spaces__fork(spaces, CHILD, getpid());
	/* It was read before that, be it long before the same program begins anew. */
	rp_spaces__ended(spaces, getpid(), read, NULL);
	rp_spaces__ended(spaces, getpid(), read, &other);
	rp_spaces__ended(spaces, getpid(), read + second, &file);
	assert_true(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	/* A program is mapped before it is told, and then it was read too late. */
	rp_spaces__ended(spaces, getpid(), read, &file);
	assert_false(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	for (int i = 0; i < 4; i++)
		rp_spaces__exec(spaces, getpid());
	assert_true(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	rp_spaces__ended(spaces, getpid(), before, NULL);
	assert_false(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	/* What its parent had mapped was read of that. */
	rp_spaces__ended(spaces, CHILD, before, NULL);
	assert_true(rp_spaces__find(spaces, CHILD, here, before, &object, &offset));
}

/* Until it is the turn of what was mapped something else was there, of which nothing is left. */
static void test_no_sample_is_in_what_is_mapped_later(void **state)
{
	uint64_t offset, here = (uint64_t)(uintptr_t)is_never;
	struct rp_file_id file, other;
	uint64_t before;
	uint32_t object;

	(void)state;
	rp_spaces__look(spaces, getpid());
	before = rp_clock__now();
	rp_spaces__look(spaces, getpid());
	assert_true(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	file = other = *rp_sample_objects__mapped(objects, object);
	other.ino++;
	rp_spaces__maps(spaces, getpid(), &other);
	rp_spaces__maps(spaces, CHILD, &file);
	assert_true(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	rp_spaces__maps(spaces, getpid(), &file);
	rp_spaces__maps(spaces, getpid(), &file);
	assert_false(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	assert_true(rp_spaces__was_early(spaces, getpid(), here, before));
	/* What had been read by then is not outdated. */
	assert_true(rp_spaces__find(spaces, getpid(), here, rp_clock__now(), &object, &offset));
	rp_spaces__mapped(spaces, getpid(), &file);
	assert_false(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	rp_spaces__mapped(spaces, getpid(), &file);
	assert_true(rp_spaces__find(spaces, getpid(), here, before, &object, &offset));
	assert_false(rp_spaces__was_early(spaces, getpid(), here, before));
	/* It is looked at once, before what is sampled in it is named. */
	before = rp_clock__now();
	assert_true(rp_spaces__catch_up_with(spaces, getpid()) >= before);
	before = rp_clock__now();
	assert_true(rp_spaces__catch_up_with(spaces, getpid()) < before);
	/* No sample is of this one, which could be looked at. */
	rp_spaces__mapped(spaces, getppid(), &file);
	assert_int_equal(rp_spaces__catch_up_with(spaces, getppid()), 0);
	rp_spaces__mapped(spaces, CHILD, &file);
	assert_int_equal(k.processes, 1);
	rp_spaces__maps(spaces, CHILD, &file);
}

/* Where it is mapped again it may be had. */
static void test_what_could_not_be_opened_is_tried_again(void **state)
{
	const struct rp_owner owner = {.process = (uint64_t)getpid()};
	struct rlimit limit, none;
	struct rp_mapped_list list;
	struct rp_file_id id;
	uint32_t object;

	(void)state;
	assert_int_equal(rp_proc__mapped("/proc", getpid(), &list), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	object = rp_sample_objects__get(objects, owner, &list.items[0]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(object > 0);
	assert_false(rp_sample_objects__id(objects, object, &id));
	assert_int_equal(rp_sample_objects__get(objects, owner, &list.items[0]), object);
	assert_true(rp_sample_objects__id(objects, object, &id));
	rp_proc__mapped_free(&list);
}

/*
 * What was in no mapping is not looked for again and again, only when something may have changed.
 */
static void test_misses_are_remembered(void **state)
{
	uint64_t offset, at;
	uint32_t object;
	void *code;
	int fd;

	(void)state;
	assert_false(rp_spaces__find(spaces, getpid(), 1, 0, &object, &offset));
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 4096);
	assert_true(code != MAP_FAILED);
	close(fd);
	at = (uint64_t)(uintptr_t)code + 10;
	assert_false(rp_spaces__find(spaces, getpid(), at, 0, &object, &offset));
	rp_spaces__forget_misses(spaces);
	assert_true(rp_spaces__find(spaces, getpid(), at, 0, &object, &offset));
	assert_int_equal(offset, 4096 + 10);
	munmap(code, 4096);
	/* A file that has gone is where it was until that is told of. */
	assert_true(rp_spaces__find(spaces, getpid(), at, 0, &object, &offset));
	rp_spaces__look(spaces, getpid());
	assert_false(rp_spaces__find(spaces, getpid(), at, 0, &object, &offset));
}

static void tell_compiled(const char *path, const char *name)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fprintf(file, "7000 100 %s\n", name) > 0);
	assert_int_equal(fclose(file), 0);
}

/* Another program has other code at the same addresses. */
static void test_compiled_code_goes_with_its_program(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	tell_compiled(path, "before");
	assert_string_equal(rp_spaces__compiled(spaces, getpid(), 0x7000, 1), "before");
	tell_compiled(path, "after");
	rp_spaces__exec(spaces, getpid());
	assert_string_equal(rp_spaces__compiled(spaces, getpid(), 0x7000, 1), "after");
	/* Where nobody knows which program it was, that of now may be another. */
	tell_compiled(path, "missed");
	rp_spaces__missed(spaces, 10);
	assert_null(rp_spaces__compiled(spaces, getpid(), 0x7000, 9));
	assert_string_equal(rp_spaces__compiled(spaces, getpid(), 0x7000, 10), "missed");
	unlink(path);
	rp_spaces__exit(spaces, getpid());
	assert_null(rp_spaces__compiled(spaces, getpid(), 0x7000, 1));
}

static void tell_python(const char *name)
{
	static struct rp_python_code code;

	code = (struct rp_python_code){.kind = RP_SAMPLE_KIND_CODE,
				       .tgid = (uint32_t)getpid(),
				       .code = 0x5000,
				       .first_line = 1,
				       .name = {.bytes = (uint16_t)strlen(name), .width = 1},
				       .file = {.bytes = 4, .width = 1},
				       .file_text = "x.py"};
	memcpy(code.name_text, name, strlen(name));
	rp_python_codes__take(rp_spaces__python(spaces), &code, RP_PYTHON_CODE_BYTES(0));
}

/* So does Python's. */
static void test_python_goes_with_its_program(void **state)
{
	struct rp_python_codes *codes = rp_spaces__python(spaces);

	(void)state;
	tell_python("before");
	assert_true(rp_python_codes__place(codes, getpid(), 0x5000, 0) > 0);
	rp_spaces__exec(spaces, getpid());
	assert_int_equal(rp_python_codes__place(codes, getpid(), 0x5000, 0), 0);
	tell_python("after");
	assert_true(rp_python_codes__place(codes, getpid(), 0x5000, 0) > 0);
	rp_spaces__exit(spaces, getpid());
	assert_int_equal(rp_python_codes__place(codes, getpid(), 0x5000, 0), 0);
}

/* In no file, but by a name. */
static void test_kernels_code_has_names(void **state)
{
	void *vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
	void *clock = vdso ? dlsym(vdso, "__vdso_clock_gettime") : NULL;
	const struct rp_place *place;
	uint32_t object, places[4];
	uint64_t offset;
	bool named;

	(void)state;
	if (!clock)
		skip();
	assert_true(
		rp_spaces__find(spaces, getpid(), (uint64_t)(uintptr_t)clock, 0, &object, &offset));
	assert_int_equal(rp_sample_objects__places(objects, (struct rp_owner){0}, object, offset,
						   places, 4, &named),
			 1);
	assert_true(named);
	place = rp_sample_store__place_at(store, places[0]);
	assert_non_null(strstr(place->function, "clock_gettime"));
	assert_string_equal(place->object, RP_VDSO_NAME);
	/* What the kernel maps in front of it is no code. */
	assert_false(rp_spaces__find(spaces, getpid(), rp_proc__vdso("/proc", getpid()) - 1, 0,
				     &object, &offset));
	dlclose(vdso);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_code_is_early_until_its_tables_are_there),
		TEST(test_looks_are_of_their_time),
		TEST(test_no_sample_is_in_a_program_that_came_later),
		TEST(test_no_sample_is_in_what_is_mapped_later),
		TEST(test_what_could_not_be_opened_is_tried_again),
		TEST(test_misses_are_remembered),
		cmocka_unit_test_setup_teardown(test_what_is_mapped_is_looked_at_later,
						begin_shared, end),
		TEST(test_compiled_code_goes_with_its_program),
		TEST(test_python_goes_with_its_program),
		TEST(test_kernels_code_has_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
