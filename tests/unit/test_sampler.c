// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* From records of the ring to stacks with names: of this process, whose code is known. */
#include <inttypes.h>
#include <stdio.h>

#include "sample/sampler.h"
#include "sample/spaces.h"
#include "sample/threads.h"
#include "unwind_fixture.h"
#include "util/clock.h"

#define TEXT 256

static struct kernel kernel;
static struct rp_unwind_tables *tables;
static struct rp_sample_store *store;
static struct rp_sampler *sampler;
static uint64_t probe; /* offset in this program's file; 0: none */

static __attribute__((noinline)) void outer(void)
{
	__asm__ volatile("nop\n\tnop");
}

static __attribute__((noinline)) void inner(void)
{
	__asm__ volatile("nop\n\tnop\n\tnop");
}

static uint64_t within(void (*function)(void))
{
	return (uint64_t)(uintptr_t)function + 1;
}

/* In no file, as is the page on which the kernel single-steps probed instructions. */
static uint64_t in_no_file(void)
{
	return (uint64_t)(uintptr_t)&kernel;
}

static bool is_never(void)
{
	return false;
}

static bool is_probe(void *ctx, const struct rp_file_id *file, uint64_t offset)
{
	(void)ctx;
	(void)file;
	return probe && offset == probe;
}

static int start(void **state)
{
	(void)state;
	probe = 0;
	kernel = (struct kernel){0};
	tables = new_tables(&kernel, 64u << 20, OBJECTS_MAX);
	store = rp_sample_store__new(1000, UINT64_MAX, false);
	sampler = rp_sampler__new(store, tables, NULL, is_probe, NULL, false, is_never);
	assert_non_null(sampler);
	rp_spaces__look(rp_sampler__spaces(sampler), getpid());
	return 0;
}

static int end(void **state)
{
	(void)state;
	rp_sampler__free(sampler);
	rp_sample_store__put(store);
	end_tables(&kernel, tables);
	return 0;
}

/* At `at`, called from outer(). */
static struct rp_sample sample_at(uint64_t at, uint32_t kind, uint8_t flags)
{
	return (struct rp_sample){.kind = kind,
				  .tgid = (uint32_t)getpid(),
				  .tid = 7,
				  .time = rp_clock__now(),
				  .flags = flags,
				  .end = RP_UNWIND_END_COMPLETE,
				  .addresses = 2,
				  .address = {at, within(outer)}};
}

static void take(uint64_t at, uint32_t kind, uint8_t flags)
{
	struct rp_sample sample = sample_at(at, kind, flags);

	assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
}

/* Of the call that is the last new one, from the outermost in. */
static void assert_stack(const char *stack)
{
	size_t n, left;
	const struct rp_sample_call *calls = rp_sample_store__calls(store, &n);
	char text[TEXT] = "", before[TEXT];

	for (uint32_t at = (uint32_t)n - 1; calls[at].place; at = calls[at].parent) {
		memcpy(before, text, sizeof(before));
		left = sizeof(text) - 1;
		text[0] = '\0';
		strncat(text, rp_sample_store__place_at(store, calls[at].place)->function, left);
		strncat(text, *before ? ";" : "", left - strlen(text));
		strncat(text, before, left - strlen(text));
	}
	assert_string_equal(text, stack);
}

static void test_calls_have_names(void **state)
{
	const struct rp_sample_totals *totals = rp_sample_store__totals(store);

	(void)state;
	take(within(inner), RP_SAMPLE_KIND_SAMPLE, 0);
	assert_stack("outer;inner");
	assert_int_equal(totals->unresolved, 0);
	take(in_no_file(), RP_SAMPLE_KIND_SAMPLE, 0);
	assert_stack("outer;[unknown]");
	assert_int_equal(totals->unresolved, 1);
	assert_int_equal(totals->probes, 0);
	assert_int_equal(totals->taken, 2);
}

/* What the kernel has added for probes is no call of the program's, and nothing unknown. */
static void test_page_of_probes(void **state)
{
	(void)state;
	take(in_no_file(), RP_SAMPLE_KIND_SAMPLE, RP_SAMPLE_PROBE);
	assert_stack("outer;[probe]");
	assert_int_equal(rp_sample_store__totals(store)->probes, 1);
	assert_int_equal(rp_sample_store__totals(store)->unresolved, 0);
}

/* In the kernel at a probed instruction, or behind its breakpoint, and nowhere else. */
static void test_probed_instruction(void **state)
{
	const struct rp_sample_totals *totals = rp_sample_store__totals(store);
	uint32_t object;

	(void)state;
	assert_true(rp_spaces__find(rp_sampler__spaces(sampler), getpid(), within(inner), 0,
				    &object, &probe));
	take(within(inner), RP_SAMPLE_KIND_SAMPLE, 0);
	take(within(inner) - 1, RP_SAMPLE_KIND_SAMPLE, RP_SAMPLE_KERNEL);
	assert_int_equal(totals->probes, 0);
	take(within(inner), RP_SAMPLE_KIND_SAMPLE, RP_SAMPLE_KERNEL);
	assert_stack("outer;inner;[probe]");
	take(within(inner) + 1, RP_SAMPLE_KIND_SAMPLE, RP_SAMPLE_KERNEL);
	assert_int_equal(totals->probes, 2);
}

static void wake(uint64_t ns)
{
	const struct rp_woken woken = {.kind = RP_SAMPLE_KIND_WOKEN, .tid = 7, .ns = ns};

	assert_true(rp_sampler__take(sampler, &woken, sizeof(woken)));
}

/* The end of the first sleep was lost: what ends then is the second. */
static void test_sleeps(void **state)
{
	struct rp_sample_counts *counts;
	uint64_t all = 0;

	(void)state;
	wake(1000000);
	take(in_no_file(), RP_SAMPLE_KIND_SLEEP, 0);
	take(within(inner), RP_SAMPLE_KIND_SLEEP, 0);
	assert_stack("outer;inner");
	wake(300);
	wake(1000000);
	counts = rp_sample_counts__of(store);
	assert_non_null(counts);
	for (size_t i = 0; i < counts->n; i++)
		all += counts->asleep[i];
	assert_int_equal(all, 300);
	assert_int_equal(counts->asleep[counts->n - 1], 300);
	assert_int_equal(counts->sleeps.taken, 1);
	assert_int_equal(counts->totals.taken, 0);
	rp_sample_counts__free(counts);
}

/* Of a thread that sleeps, with return addresses in the kernel's code. */
static void test_sleeps_in_the_kernel(void **state)
{
	static const char kallsyms[] = "ffffffff81002000 t pipe_read\n"
				       "ffffffff81003000 t vfs_read\n"
				       "ffffffff81004000 t unrelated\n"
				       "ffffffff81005000 T __sched_text_start\n"
				       "ffffffff81006000 T __sched_text_end\n";
	struct rp_sample sample = sample_at(within(inner), RP_SAMPLE_KIND_SLEEP, 0);
	char path[] = "/tmp/rptrace-unit-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, kallsyms, strlen(kallsyms)), strlen(kallsyms));
	close(fd);
	assert_false(rp_sampler__read_kernel(sampler, "/nowhere"));
	assert_true(rp_sampler__read_kernel(sampler, path));
	unlink(path);
	/* A call may be the last instruction of its function. */
	sample.address[2] = 0xffffffff81005010;
	sample.address[3] = 0xffffffff81003000;
	sample.address[4] = 0xffffffff81004000;
	assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(5)));
	assert_stack("outer;inner;vfs_read;pipe_read");
}

static struct rp_taken_sample heard;

static void hear_sample(void *ctx, const struct rp_taken_sample *sample)
{
	++*(unsigned *)ctx;
	heard = *sample;
}

static void ignore_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	(void)ctx;
	(void)number;
	(void)place;
}

static void ignore_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	(void)ctx;
	(void)number;
	(void)call;
}

/* Each member of a sample is passed on to whoever keeps it; flags are of this sample alone. */
static void test_what_a_sample_tells(void **state)
{
	static const struct {
		uint8_t flags;
		bool unsampled, at_probe;
	} cases[] = {{0, false, false},
		     {RP_SAMPLE_UNSAMPLED, true, false},
		     {RP_SAMPLE_PROBE, false, true},
		     {RP_SAMPLE_KERNEL, false, false}};
	unsigned n = 0;
	const struct rp_sample_listener listener = {&n, ignore_place, ignore_call, hear_sample};

	(void)state;
	rp_sample_store__listen(store, &listener);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_sample sample = sample_at(within(inner), RP_SAMPLE_KIND_SAMPLE,
						    cases[i].flags);

		sample.node = 100 + i;
		sample.thread = 200 + i;
		sample.tid = 300 + i;
		sample.end = i % 2 ? RP_UNWIND_END_NO_ROW : RP_UNWIND_END_COMPLETE;
		assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
		assert_int_equal(n, i + 1);
		assert_int_equal(heard.time, sample.time);
		assert_int_equal(heard.node, sample.node);
		assert_int_equal(heard.thread, sample.thread);
		assert_int_equal(heard.tid, sample.tid);
		assert_int_equal(heard.pid, getpid());
		assert_int_equal(heard.end, sample.end);
		assert_int_equal(heard.unsampled, cases[i].unsampled);
		assert_int_equal(heard.at_probe, cases[i].at_probe);
		assert_false(heard.unresolved);
		assert_true(heard.call > 0);
	}
	rp_sample_store__listen(store, NULL);
}

/* Each thread sleeps where it went to sleep, in the region that it was in. */
static void test_sleeps_of_several_threads(void **state)
{
	static void (*const at[])(void) = {inner, outer, inner};
	const struct rp_sample_call *calls;
	struct rp_sample_counts *counts;
	size_t n;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct rp_sample sample = sample_at(within(at[i]), RP_SAMPLE_KIND_SLEEP, 0);

		sample.tid = 10 + i;
		sample.node = 2 * i;
		assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
	}
	for (uint32_t i = 3; i-- > 0;) {
		const struct rp_woken woken = {
			.kind = RP_SAMPLE_KIND_WOKEN, .tid = 10 + i, .ns = 100 * (i + 1)};

		assert_true(rp_sampler__take(sampler, &woken, sizeof(woken)));
		assert_true(rp_sampler__take(sampler, &woken, sizeof(woken)));
	}
	counts = rp_sample_counts__of(store);
	calls = rp_sample_store__calls(store, &n);
	assert_int_equal(counts->sleeps.taken, 3);
	for (size_t i = 0; i < counts->n; i++) {
		size_t root = i;
		uint64_t ns = counts->asleep[i];

		while (calls[root].parent)
			root = calls[root].parent;
		assert_int_equal(ns % 100, 0);
		if (!ns)
			continue;
		assert_in_range(ns / 100, 1, 3);
		assert_string_equal(rp_sample_store__place_at(store, calls[i].place)->function,
				    ns == 200 ? "outer" : "inner");
		assert_int_equal(calls[root].node, 2 * (ns / 100 - 1));
	}
	rp_sample_counts__free(counts);
}

/* What had just been mapped could not be unwound yet: that is why the stack ends there. */
static void test_stacks_that_end_early(void **state)
{
	const struct rp_sample_totals *totals = rp_sample_store__totals(store);
	struct rp_sample sample = sample_at(within(inner), RP_SAMPLE_KIND_SAMPLE, 0);

	(void)state;
	sample.end = RP_UNWIND_END_NO_ROW;
	assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
	assert_int_equal(totals->ends[RP_UNWIND_END_NO_ROW], 1);
	sample.time = 1;
	assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
	assert_int_equal(totals->ends[RP_UNWIND_END_NO_ROW], 1);
	assert_int_equal(totals->ends[RP_UNWIND_END_EARLY], 1);
	sample.end = RP_UNWIND_END_COMPLETE;
	assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
	assert_int_equal(totals->ends[RP_UNWIND_END_EARLY], 1);
	assert_int_equal(totals->ends[RP_UNWIND_END_COMPLETE], 1);
}

/* Code without a file has the name that its process gives it. */
static void test_compiled_code(void **state)
{
	char path[64];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fprintf(file, "%" PRIx64 " 1 jitted\n", in_no_file()) > 0);
	assert_int_equal(fclose(file), 0);
	take(in_no_file(), RP_SAMPLE_KIND_SAMPLE, 0);
	unlink(path);
	assert_stack("outer;jitted");
	assert_int_equal(rp_sample_store__totals(store)->unresolved, 0);
}

/* That code is made at run time is said of processes that are known. */
static void test_unnamed_code(void **state)
{
	struct rp_sample sample = sample_at(in_no_file(), RP_SAMPLE_KIND_SAMPLE, 0);

	(void)state;
	assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
	assert_int_equal(rp_sampler__unnamed_code(sampler).samples, 1);
	assert_int_equal(rp_sampler__unnamed_code(sampler).pid, getpid());
	/* Of one that sleeps, or of a caller, nothing is said. */
	assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
	assert_int_equal(rp_sampler__unnamed_code(sampler).samples, 2);
	take(in_no_file(), RP_SAMPLE_KIND_SLEEP, 0);
	sample.address[1] = sample.address[0];
	sample.address[0] = within(inner);
	assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
	assert_int_equal(rp_sampler__unnamed_code(sampler).samples, 2);
	sample.address[0] = in_no_file();
	sample.tgid = 1000000000; /* no process has this number */
	sample.end = RP_UNWIND_END_NO_ROW;
	assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
	assert_int_equal(rp_sampler__unnamed_code(sampler).samples, 2);
	assert_int_equal(rp_sample_store__totals(store)->ends[RP_UNWIND_END_EARLY], 1);
}

static void tell_python(uint64_t address, const char *name)
{
	static struct rp_python_code record;

	record = (struct rp_python_code){.kind = RP_SAMPLE_KIND_CODE,
					 .tgid = (uint32_t)getpid(),
					 .code = address,
					 .name = {.bytes = (uint16_t)strlen(name), .width = 1}};
	memcpy(record.name_text, name, strlen(name));
	assert_true(rp_sampler__take(sampler, &record, RP_PYTHON_CODE_BYTES(0)));
}

#define EVALUATES (within(inner) | RP_SAMPLE_EVALUATION)

/*
 * Chains of Python's frames, code object 0 behind each but the last, are where the interpreter
 * evaluates them, and outside of all that is known of the native stack where there are more.
 */
static void test_python_frames(void **state)
{
	static const struct {
		uint64_t codes[4];
		unsigned python;
		bool evaluates_twice;
		const char *stack;
		unsigned unresolved;
	} cases[] = {
		{{0x1000}, 1, false, "outer;first", 0},
		{{0x1000, 0x2000}, 2, false, "outer;second;first", 0},
		{{0x1000, 0}, 2, false, "outer;first", 0},
		{{0x3000, 0x2000}, 2, false, "outer;second;[python]", 1},
		{{0x2000, 0x3000}, 2, false, "outer;[python];second", 0},
		{{0x1000, 0, 0x2000}, 3, true, "second;outer;first", 0},
		{{0x2000, 0, 0x1000, 0}, 4, true, "first;outer;second", 0},
		{{0x2000, 0, 0x1000}, 3, false, "first;outer;second", 0},
		{{0x1000, 0, 0x2000, 0x1000}, 4, false, "first;second;outer;first", 0},
		{{0}, 0, false, "outer", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_sample sample = sample_at(EVALUATES, RP_SAMPLE_KIND_SAMPLE, 0);
		size_t words = cases[i].evaluates_twice ? 3 : 2;

		start(state);
		tell_python(0x1000, "first");
		tell_python(0x2000, "second");
		sample.address[2] = EVALUATES;
		sample.addresses = (uint8_t)words;
		sample.python = (uint8_t)cases[i].python;
		for (size_t j = 0; j < cases[i].python; j++) {
			sample.address[words++] = cases[i].codes[j];
			sample.address[words++] = 0;
		}
		assert_true(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(words)));
		assert_false(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(words) - 1));
		assert_stack(cases[i].stack);
		assert_int_equal(rp_sample_store__totals(store)->unresolved, cases[i].unresolved);
		end(state);
	}
}

/* A record that is not whole, or of no known kind, is told to be none, and counts nowhere. */
static void test_what_is_no_record(void **state)
{
	struct rp_sample sample = sample_at(within(inner), RP_SAMPLE_KIND_SAMPLE, 0);

	(void)state;
	for (size_t size = 0; size < RP_SAMPLE_BYTES(2); size++)
		assert_false(rp_sampler__take(sampler, &sample, size));
	sample.addresses = RP_UNWIND_FRAMES_MAX + 1;
	assert_false(rp_sampler__take(sampler, &sample, sizeof(sample)));
	sample = sample_at(within(inner), 4711, 0);
	assert_false(rp_sampler__take(sampler, &sample, RP_SAMPLE_BYTES(2)));
	assert_int_equal(rp_sample_store__totals(store)->taken, 0);
}

/* Clocks go slower and faster by turns, and in all as fast as is wanted. */
static void test_clocks_deviate(void **state)
{
	const int32_t wanted = 1000000, most = wanted / 8;
	uint32_t random = 0;
	int32_t last = 0, least = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int32_t shorter = rp_sample_clock__deviate((uint32_t)wanted, last, &random);

		last = shorter < 0 ? rp_sample_clock__deviate((uint32_t)wanted, shorter, &random)
				   : 0;
		assert_in_range(-shorter, 0, most);
		assert_int_equal(shorter + last, 0);
		least = shorter < least ? shorter : least;
	}
	assert_true(least < -most * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_calls_have_names, start, end),
		cmocka_unit_test_setup_teardown(test_page_of_probes, start, end),
		cmocka_unit_test_setup_teardown(test_probed_instruction, start, end),
		cmocka_unit_test_setup_teardown(test_sleeps, start, end),
		cmocka_unit_test_setup_teardown(test_what_a_sample_tells, start, end),
		cmocka_unit_test_setup_teardown(test_sleeps_of_several_threads, start, end),
		cmocka_unit_test_setup_teardown(test_what_is_no_record, start, end),
		cmocka_unit_test_setup_teardown(test_sleeps_in_the_kernel, start, end),
		cmocka_unit_test_setup_teardown(test_stacks_that_end_early, start, end),
		cmocka_unit_test_setup_teardown(test_compiled_code, start, end),
		cmocka_unit_test_setup_teardown(test_unnamed_code, start, end),
		cmocka_unit_test(test_python_frames),
		cmocka_unit_test(test_clocks_deviate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
