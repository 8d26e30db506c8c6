// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the system maps, by the records of rings that a test fills. */
#include "mappings_fixture.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "attach/mappings.h"

static struct rp_mappings *mappings;
static struct rp_err err;

static int make(void)
{
	memset(&err, 0, sizeof(err));
	mappings = NULL;
	return rp_mappings__new(&mappings, &err);
}

static int start(void **state)
{
	(void)state;
	forget_events();
	return make();
}

static int stop(void **state)
{
	(void)state;
	rp_mappings__free(mappings);
	return open_events() != 0;
}

static struct {
	size_t n;
	pid_t pid;
	struct rp_mapped mapped;
	char path[256];
	uint64_t time;
} told;

static void tell(void *ctx, pid_t pid, const struct rp_mapped *mapped, uint64_t time)
{
	assert_ptr_equal(ctx, &told);
	told.n++;
	told.pid = pid;
	told.mapped = *mapped;
	told.time = time;
	snprintf(told.path, sizeof(told.path), "%s", mapped->path);
}

/* Returns what was lost. */
static uint64_t drain(bool *missed)
{
	memset(&told, 0, sizeof(told));
	return rp_mappings__drain(mappings, tell, &told, missed);
}

/* ---- what is read --------------------------------------------------------------------------- */

static void each_cpu_has_a_ring(void **state)
{
	(void)state;
	assert_int_equal(fake_perf.n, cpus());
	for (size_t i = 0; i < fake_perf.n; i++) {
		const struct fake_event *e = &fake_perf.event[i];

		assert_int_equal(e->cpu, i);
		assert_int_equal(e->pid, -1);
		assert_int_equal(e->group, -1);
		assert_int_equal(e->flags, PERF_FLAG_FD_CLOEXEC);
		assert_int_equal(e->attr.size, sizeof(e->attr));
		assert_int_equal(e->attr.type, PERF_TYPE_SOFTWARE);
		assert_int_equal(e->attr.config, PERF_COUNT_SW_DUMMY);
		assert_true(e->attr.mmap && e->attr.mmap2 && e->attr.exclude_kernel);
		assert_int_equal(e->attr.sample_type, PERF_SAMPLE_TIME);
		assert_true(e->attr.sample_id_all && e->attr.use_clockid);
		assert_int_equal(e->attr.clockid, CLOCK_MONOTONIC);
		assert_true(e->attr.watermark);
		assert_int_equal(e->attr.wakeup_watermark, 1);
	}
	assert_true(is_open(rp_mappings__fd(mappings)));
}

static void a_mapping_is_told(void **state)
{
	bool missed = true;

	(void)state;
	fill((size_t)cpus() - 1, 0);
	put_mapping(mapping_of("/lib/libx.so"), 5000);
	assert_int_equal(drain(&missed), 0);
	assert_false(missed);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.pid, 77);
	assert_int_equal(told.time, 5000);
	assert_string_equal(told.path, "/lib/libx.so");
	assert_int_equal(told.mapped.dev, makedev(8, 3));
	assert_int_equal(told.mapped.ino, 1234);
	assert_int_equal(told.mapped.generation, 5);
	assert_int_equal(told.mapped.start, 0x401000);
	assert_int_equal(told.mapped.end, 0x403000);
	assert_int_equal(told.mapped.offset, 0x1000);
	assert_false(told.mapped.deleted);
	/* Once. */
	assert_int_equal(page->data_tail, page->data_head);
	drain(&missed);
	assert_int_equal(told.n, 0);
	put_mapping(mapping_of("/lib/old.so (deleted)"), 6000);
	drain(&missed);
	assert_true(told.mapped.deleted);
	assert_string_equal(told.path, "/lib/old.so");
}

/* Wherever the end of the ring cuts it in two, in its header as well. */
static void a_record_goes_over_the_end(void **state)
{
	bool missed;

	(void)state;
	for (uint64_t before = 8; before <= 96; before += 8) {
		fill(0, 7 * RING - before);
		put_mapping(mapping_of("/usr/lib/a-library.so.1"), before);
		drain(&missed);
		assert_int_equal(told.n, 1);
		assert_int_equal(told.time, before);
		assert_int_equal(told.mapped.ino, 1234);
		assert_string_equal(told.path, "/usr/lib/a-library.so.1");
	}
}

static void what_is_no_file_of_a_process_is_passed_over(void **state)
{
	struct mmap_record r[3] = {mapping_of("[vdso]"), mapping_of("/init"), mapping_of("/init")};
	struct perf_event_header other = {.type = PERF_RECORD_COMM, .size = 8};
	bool missed;

	(void)state;
	r[0].ino = 0;
	r[1].pid = 0;
	r[2].pid = 1u + INT_MAX;
	fill(0, 0);
	for (int i = 0; i < 3; i++)
		put_mapping(r[i], 1);
	put(&other, sizeof(other));
	/* It has no room for a path and a time. */
	r[0] = mapping_of("/lib/libx.so");
	r[0].header.size = offsetof(struct mmap_record, path) + 8;
	put(&r[0], r[0].header.size);
	drain(&missed);
	assert_int_equal(told.n, 0);
	/* What comes behind them is found. */
	put_mapping(mapping_of("/lib/libx.so"), 2);
	drain(&missed);
	assert_int_equal(told.n, 1);
}

static void losses_add_up(void **state)
{
	bool missed = false;

	(void)state;
	fill(0, 0);
	put_lost(3);
	put_mapping(mapping_of("/lib/libx.so"), 1);
	put_lost(4);
	assert_int_equal(drain(&missed), 7);
	assert_true(missed);
	assert_int_equal(told.n, 1);
	assert_int_equal(drain(&missed), 0);
	assert_false(missed);
}

/* Losses are told with what comes next: where there is none, that the ring was full tells. */
static void a_full_ring_may_have_missed_some(void **state)
{
	struct perf_event_header other = {.type = PERF_RECORD_COMM, .size = 8};
	const size_t room = offsetof(struct mmap_record, path) + PATH_MAX;
	bool missed;

	(void)state;
	fill(0, 0);
	while (page->data_head + sizeof(other) <= RING - room)
		put(&other, sizeof(other));
	assert_int_equal(drain(&missed), 0);
	assert_false(missed);
	while (page->data_head - page->data_tail <= RING - room)
		put(&other, sizeof(other));
	assert_int_equal(drain(&missed), 0);
	assert_true(missed);
}

/* ---- where there are none ------------------------------------------------------------------- */

static void a_cpu_may_be_off(void **state)
{
	(void)state;
	rp_mappings__free(mappings);
	forget_events();
	fake_perf.refuses = ENODEV;
	fake_perf.refused = 1;
	assert_int_equal(make(), 0);
	assert_int_equal(fake_perf.asked, cpus());
	assert_int_equal(fake_perf.n, cpus() - 1);
}

static void refusals_are_told(void **state)
{
	static const struct {
		int error;
		enum rp_exit exit;
		enum rp_remedy remedy;
	} kinds[] = {{EPERM, RP_EXIT_DENIED, RP_REMEDY_RIGHTS},
		     {EACCES, RP_EXIT_DENIED, RP_REMEDY_RIGHTS},
		     {EMFILE, RP_EXIT_FAILED, RP_REMEDY_LIST}};
	char cause[256];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		rp_mappings__free(mappings);
		forget_events();
		fake_perf.refuses = kinds[i].error;
		fake_perf.refused = (size_t)cpus(); /* the others are closed */
		assert_int_equal(make(), -kinds[i].error);
		assert_null(mappings);
		assert_int_equal(open_events(), 0);
		assert_int_equal(err.exit, kinds[i].exit);
		assert_int_equal(err.remedy, kinds[i].remedy);
		snprintf(cause, sizeof(cause),
			 "what the whole system maps cannot be watched (of processes named with -p "
			 "it can): %s",
			 strerror(kinds[i].error));
		assert_string_equal(err.cause, cause);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_cpu_has_a_ring),
		TEST(a_mapping_is_told),
		TEST(a_record_goes_over_the_end),
		TEST(what_is_no_file_of_a_process_is_passed_over),
		TEST(losses_add_up),
		TEST(a_full_ring_may_have_missed_some),
		TEST(a_cpu_may_be_off),
		TEST(refusals_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
