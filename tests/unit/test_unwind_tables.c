// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which tables the kernel gets for what processes have mapped, and within which bounds. */
#include <sys/auxv.h>

#include "unwind_fixture.h"

#define ROOM	  (64u << 20)
#define FILES_MAX 40

static size_t mappings(const struct rp_unwind_process *process)
{
	size_t n = 0;

	while (n < RP_UNWIND_MAPPINGS_MAX && process->mappings[n].start != RP_UNWIND_NOWHERE)
		n++;
	return n;
}

static void test_own_process(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, ROOM, OBJECTS_MAX);
	const struct rp_unwind_totals *totals = rp_unwind_tables__totals(tables);
	const struct rp_unwind_process *process;
	uint64_t here = (uint64_t)(uintptr_t)test_own_process, end = 0;

	(void)state;
	assert_int_equal(set_own(tables, getpid()), 0);
	process = kernel_process(&k, getpid());
	assert_non_null(process);
	assert_true(mappings(process) >= 4); /* this, cmocka, libc, the loader */
	for (size_t i = 0; i < RP_UNWIND_MAPPINGS_MAX; i++) {
		assert_true(process->mappings[i].start >= end);
		end = process->mappings[i].start == RP_UNWIND_NOWHERE ? end
								      : process->mappings[i].end;
	}
	assert_int_equal(totals->objects, k.objects);
	assert_int_equal(totals->left_out, 0);
	assert_int_equal(kernel_row(&k, getpid(), here).cfa, RP_UNWIND_CFA_SP);
	assert_int_equal(kernel_row(&k, getpid(), here).off, 1);
	end_tables(&k, tables);
	assert_int_equal(k.processes, 0);
}

/* Objects are read once, and go when nobody uses them and others need the room. */
static void test_processes_come_and_go(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, ROOM, OBJECTS_MAX);
	size_t objects;

	(void)state;
	assert_int_equal(set_own(tables, 1000), 0);
	objects = k.objects;
	assert_int_equal(set_own(tables, 1000), 0);
	assert_int_equal(set_own(tables, 1001), 0);
	assert_int_equal(rp_unwind_tables__fork(tables, 1002, 1001), 0);
	assert_int_equal(rp_unwind_tables__fork(tables, 1003, 9), 0);
	assert_int_equal(k.processes, 3);
	assert_int_equal(k.objects, objects);
	assert_memory_equal(kernel_process(&k, 1002), kernel_process(&k, 1001),
			    sizeof(struct rp_unwind_process));
	/* What was found for one may not be found for what another has mapped. */
	assert_int_not_equal(kernel_process(&k, 1000)->serial, kernel_process(&k, 1001)->serial);
	/* The kernel has given a child those of its parent, and nobody was told of it. */
	kernel_set_process(&k, 1004, kernel_process(&k, 1001));
	for (pid_t pid = 1000; pid < 1005; pid++)
		rp_unwind_tables__exit(tables, pid);
	assert_int_equal(k.processes, 0);
	assert_int_equal(k.objects, objects);
	end_tables(&k, tables);
}

/* The kernel's own code is in no file, and has a table all the same. */
static void test_code_of_the_kernel(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, ROOM, OBJECTS_MAX);
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	const struct rp_unwind_process *process;
	size_t found = 0;

	(void)state;
	assert_true(vdso > 0);
	assert_int_equal(set_own(tables, getpid()), 0);
	process = kernel_process(&k, getpid());
	for (size_t i = 0; i < mappings(process); i++)
		if (process->mappings[i].start == vdso) {
			assert_true(process->mappings[i].end > vdso);
			assert_true(process->mappings[i].rows > 0);
			found++;
		}
	assert_int_equal(found, 1);
	end_tables(&k, tables);
}

/* What nobody uses gives way to what is mapped; what somebody uses does not. */
static void test_unused_objects_give_way(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, ROOM, 2);
	const struct rp_unwind_totals *totals = rp_unwind_tables__totals(tables);
	struct rp_mapped_list mapped, reversed;
	uint64_t left_out;

	(void)state;
	assert_int_equal(rp_proc__mapped("/proc", getpid(), &mapped), 0);
	assert_true(mapped.n_ranges >= 4);
	reversed = mapped;
	reversed.ranges = calloc(mapped.n_ranges, sizeof(*reversed.ranges));
	assert_non_null(reversed.ranges);
	for (size_t i = 0; i < mapped.n_ranges; i++)
		reversed.ranges[i] = mapped.ranges[mapped.n_ranges - 1 - i];
	mapped.n_ranges = reversed.n_ranges = 2;
	assert_int_equal(rp_unwind_tables__set(tables, 1000, &mapped), 0);
	assert_int_equal(mappings(kernel_process(&k, 1000)), 2);
	left_out = totals->left_out;
	assert_int_equal(rp_unwind_tables__set(tables, 1001, &reversed), 0);
	assert_int_equal(mappings(kernel_process(&k, 1001)), 0);
	assert_true(totals->left_out > left_out);
	rp_unwind_tables__exit(tables, 1000);
	assert_int_equal(rp_unwind_tables__set(tables, 1001, &reversed), 0);
	assert_int_equal(mappings(kernel_process(&k, 1001)), 2);
	assert_int_equal(totals->dropped, 2);
	free(reversed.ranges);
	rp_proc__mapped_free(&mapped);
	end_tables(&k, tables);
}

static void test_bound_on_bytes(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, 64 << 10, OBJECTS_MAX);
	const struct rp_unwind_totals *totals = rp_unwind_tables__totals(tables);
	const struct rp_unwind_process *process;
	size_t without = 0;

	(void)state;
	assert_int_equal(set_own(tables, 1000), 0);
	assert_true(totals->bytes <= 64 << 10);
	assert_true(totals->left_out > 0); /* libc's table is larger */
	process = kernel_process(&k, 1000);
	for (size_t i = 0; i < mappings(process); i++)
		without += !process->mappings[i].rows;
	assert_true(without >= totals->left_out);
	end_tables(&k, tables);
}

static void test_bound_on_objects(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, ROOM, 2);
	const struct rp_unwind_totals *totals = rp_unwind_tables__totals(tables);

	(void)state;
	assert_int_equal(set_own(tables, 1000), 0);
	assert_true(k.objects <= 2);
	assert_true(totals->left_out > 0);
	end_tables(&k, tables);
}

static void test_bound_on_processes(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, ROOM, OBJECTS_MAX);

	(void)state;
	for (pid_t pid = 1000; pid < 1000 + PROCESSES_MAX; pid++)
		assert_int_equal(set_own(tables, pid), 0);
	assert_int_equal(set_own(tables, 2000), -ENOSPC);
	assert_int_equal(rp_unwind_tables__fork(tables, 2000, 1000), -ENOSPC);
	assert_int_equal(rp_unwind_tables__totals(tables)->left_out, 2);
	rp_unwind_tables__exit(tables, 1000);
	assert_int_equal(set_own(tables, 2000), 0);
	end_tables(&k, tables);
}

/* A process may map any number of files: those that there is no room for are not even read. */
static void test_bound_on_mappings(void **state)
{
	enum { FILES = 2 * RP_UNWIND_MAPPINGS_MAX };
	struct rp_unwind_tables_opts opts = {.proc_root = "/nonexistent",
					     .ops = &kernel_ops,
					     .max_bytes = ROOM,
					     .max_objects = 4096,
					     .max_processes = 1};
	struct kernel k = {0};
	struct rp_unwind_tables *tables;
	struct rp_mapped files[FILES];
	struct rp_code_range ranges[FILES];
	struct rp_mapped_list mapped = {
		.items = files, .n = FILES, .ranges = ranges, .n_ranges = FILES};
	static char none[] = "/nonexistent";

	(void)state;
	for (size_t i = 0; i < FILES; i++) {
		files[i] = (struct rp_mapped){.dev = 1, .ino = i + 1, .path = none};
		ranges[i] = (struct rp_code_range){
			.dev = 1, .ino = i + 1, .start = 4096 * (i + 1), .len = 4096};
	}
	opts.ctx = &k;
	tables = rp_unwind_tables__new(&opts);
	assert_non_null(tables);
	assert_int_equal(rp_unwind_tables__set(tables, 1000, &mapped), 0);
	assert_int_equal(rp_unwind_tables__totals(tables)->no_tables, RP_UNWIND_MAPPINGS_MAX - 1);
	assert_int_equal(rp_unwind_tables__totals(tables)->left_out,
			 FILES - RP_UNWIND_MAPPINGS_MAX + 1);
	end_tables(&k, tables);
}

/* Files without tables: each is an object all the same. */
struct files {
	struct rp_mapped item[FILES_MAX];
	struct rp_code_range range[FILES_MAX];
};

static struct rp_mapped_list files_from(struct files *files, uint64_t ino, size_t n)
{
	static char none[] = "/nonexistent";

	assert_true(n <= FILES_MAX);
	for (size_t i = 0; i < n; i++, ino++) {
		files->item[i] = (struct rp_mapped){.dev = 1, .ino = ino, .path = none};
		files->range[i] = (struct rp_code_range){
			.dev = 1, .ino = ino, .start = 4096 * ino, .len = 4096, .offset = 0};
	}
	return (struct rp_mapped_list){
		.items = files->item, .n = n, .ranges = files->range, .n_ranges = n};
}

/* Each that is dropped makes the kernel wait: at a look there are so many of them, and then more at
 * the next. */
static void test_bound_on_drops(void **state)
{
	enum { N = 40, DROPS = 32 };
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, ROOM, N);
	const struct rp_unwind_totals *totals = rp_unwind_tables__totals(tables);
	struct files files;
	struct rp_mapped_list mapped = files_from(&files, 1, N);

	(void)state;
	assert_int_equal(rp_unwind_tables__set(tables, 1000, &mapped), 0);
	assert_int_equal(mappings(kernel_process(&k, 1000)), N);
	assert_int_equal(totals->no_tables, N);
	assert_int_equal(totals->left_out, 0);
	rp_unwind_tables__exit(tables, 1000);
	mapped = files_from(&files, 100, N);
	assert_int_equal(rp_unwind_tables__set(tables, 1001, &mapped), 0);
	assert_int_equal(mappings(kernel_process(&k, 1001)), DROPS);
	assert_int_equal(totals->left_out, N - DROPS);
	/* They were read once. */
	assert_int_equal(totals->no_tables, N + DROPS);
	assert_int_equal(rp_unwind_tables__set(tables, 1001, &mapped), 0);
	assert_int_equal(mappings(kernel_process(&k, 1001)), N);
	assert_int_equal(totals->left_out, N - DROPS);
	assert_int_equal(totals->no_tables, 2 * N);
	/* No table of them was in the kernel. */
	assert_int_equal(totals->dropped, 0);
	end_tables(&k, tables);
}

/* What a process has no more is free for others, as is all of one that has ended. */
static void test_mappings_go(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, ROOM, 3);
	struct files files;
	struct rp_mapped_list mapped = files_from(&files, 1, 3);
	uint64_t serial;

	(void)state;
	assert_int_equal(rp_unwind_tables__set(tables, 1000, &mapped), 0);
	assert_int_equal(rp_unwind_tables__fork(tables, 1001, 1000), 0);
	serial = kernel_process(&k, 1000)->serial;
	/* What is as it was need not be told again. */
	assert_int_equal(rp_unwind_tables__set(tables, 1000, &mapped), 0);
	assert_int_equal(kernel_process(&k, 1000)->serial, serial);
	mapped.n_ranges = 1;
	assert_int_equal(rp_unwind_tables__set(tables, 1000, &mapped), 0);
	assert_int_equal(mappings(kernel_process(&k, 1000)), 1);
	assert_true(kernel_process(&k, 1000)->serial > serial);
	assert_int_equal(mappings(kernel_process(&k, 1001)), 3);
	/* The child has them still. */
	mapped = files_from(&files, 10, 3);
	assert_int_equal(rp_unwind_tables__set(tables, 1002, &mapped), 0);
	assert_int_equal(mappings(kernel_process(&k, 1002)), 0);
	rp_unwind_tables__exit(tables, 1001);
	assert_int_equal(rp_unwind_tables__set(tables, 1002, &mapped), 0);
	assert_int_equal(mappings(kernel_process(&k, 1002)), 2);
	rp_unwind_tables__exit(tables, 1000);
	assert_int_equal(rp_unwind_tables__set(tables, 1002, &mapped), 0);
	assert_int_equal(mappings(kernel_process(&k, 1002)), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(kernel_process(&k, 1002)->mappings[i].start, 4096 * (10 + i));
		assert_int_equal(kernel_process(&k, 1002)->mappings[i].end, 4096 * (11 + i));
		assert_int_equal(kernel_process(&k, 1002)->mappings[i].rows, 0);
	}
	end_tables(&k, tables);
}

/* What the kernel does not take is no table, and takes no room from others. */
static void test_kernel_takes_none(void **state)
{
	struct kernel k = {.refuses = -E2BIG};
	struct rp_unwind_tables *tables = new_tables(&k, ROOM, OBJECTS_MAX);
	const struct rp_unwind_totals *totals = rp_unwind_tables__totals(tables);
	const struct rp_unwind_process *process;

	(void)state;
	assert_int_equal(set_own(tables, 1000), 0);
	process = kernel_process(&k, 1000);
	assert_true(totals->left_out >= 4);
	assert_int_equal(totals->no_tables, 0);
	assert_true(mappings(process) >= totals->left_out);
	for (size_t i = 0; i < mappings(process); i++)
		assert_int_equal(process->mappings[i].rows, 0);
	end_tables(&k, tables);
}

static bool is_always(void)
{
	return true;
}

/* Whoever ends rptrace does not wait until all files are read. */
static void test_cancelled(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables_opts opts = {.proc_root = "/proc",
					     .ops = &kernel_ops,
					     .ctx = &k,
					     .max_bytes = ROOM,
					     .max_objects = OBJECTS_MAX,
					     .max_processes = 1,
					     .is_cancelled = is_always};
	struct rp_unwind_tables *tables = rp_unwind_tables__new(&opts);

	(void)state;
	assert_non_null(tables);
	assert_int_equal(set_own(tables, 1000), 0);
	assert_int_equal(k.objects, 0);
	end_tables(&k, tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_process),
		cmocka_unit_test(test_processes_come_and_go),
		cmocka_unit_test(test_code_of_the_kernel),
		cmocka_unit_test(test_unused_objects_give_way),
		cmocka_unit_test(test_bound_on_bytes),
		cmocka_unit_test(test_bound_on_objects),
		cmocka_unit_test(test_bound_on_processes),
		cmocka_unit_test(test_bound_on_mappings),
		cmocka_unit_test(test_bound_on_drops),
		cmocka_unit_test(test_mappings_go),
		cmocka_unit_test(test_kernel_takes_none),
		cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
