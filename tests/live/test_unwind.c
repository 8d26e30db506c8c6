// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Stacks of programs without frame pointers, unwound in the kernel where a clock interrupts them:
 * nearly all of them are whole, and hold the calls that they must hold.
 */
#include "live.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/unwind_maps.h"
#include "discover/elf_object.h"
#include "sample/unwind_tables.h"
#include "unwind_stack.h"

#define STACKS	    600
#define PERIOD_NS   1000000 /* of CPU time */
#define THREADS_MAX 8
#define DEPTH	    41 /* calls of recurse() that are open in burn() */

struct sampling {
	struct bpf_object *object;
	struct bpf_link *links[THREADS_MAX];
	size_t n_links;
	struct ring_buffer *ring;
	struct rp_unwind_maps maps;
	struct rp_unwind_tables *tables;
	struct unwind_stack stacks[STACKS];
	size_t n;
	/* The target's own code. */
	struct rp_elf *elf;
	const struct rp_symbol *symbols;
	size_t n_symbols;
	struct rp_mapped_list mapped;
};

/* ---- tables --------------------------------------------------------------------------------- */

static const struct rp_unwind_ops ops = {
	.add_object = rp_unwind_maps__add_object,
	.drop_object = rp_unwind_maps__drop_object,
	.set_process = rp_unwind_maps__set_process,
	.drop_process = rp_unwind_maps__drop_process,
};

static void load(struct sampling *s)
{
	struct bpf_map *objects, *processes;

	s->object = bpf_object__open_file(live_target_path("unwind.bpf.o"), NULL);
	assert_non_null(s->object);
	objects = bpf_object__find_map_by_name(s->object, "unwind_objects");
	processes = bpf_object__find_map_by_name(s->object, "unwind_processes");
	bpf_map__set_max_entries(objects, RP_UNWIND_OBJECTS_MAX);
	bpf_map__set_max_entries(processes, 64);
	assert_int_equal(bpf_object__load(s->object), 0);
	s->maps.objects = bpf_map__fd(objects);
	s->maps.processes = bpf_map__fd(processes);
}

static void add_tables(struct sampling *s, pid_t pid)
{
	struct rp_unwind_tables_opts opts = {.proc_root = "/proc",
					     .ops = &ops,
					     .ctx = &s->maps,
					     .max_bytes = 64 << 20,
					     .max_objects = RP_UNWIND_OBJECTS_MAX,
					     .max_processes = 64};
	const struct rp_unwind_totals *totals;

	s->tables = rp_unwind_tables__new(&opts);
	assert_non_null(s->tables);
	assert_int_equal(rp_proc__mapped("/proc", pid, &s->mapped), 0);
	assert_int_equal(rp_unwind_tables__set(s->tables, pid, &s->mapped), 0);
	totals = rp_unwind_tables__totals(s->tables);
	print_message("%zu objects, %zu without a table, %zu KiB\n", totals->objects,
		      totals->no_tables, (size_t)totals->bytes >> 10);
	assert_int_equal(totals->left_out, 0);
}

/* ---- samples -------------------------------------------------------------------------------- */

static int take(void *ctx, void *data, size_t size)
{
	struct sampling *s = ctx;

	assert_int_equal(size, sizeof(struct unwind_stack));
	if (s->n < STACKS)
		memcpy(&s->stacks[s->n++], data, size);
	return 0;
}

static void add_clock(struct sampling *s, pid_t tid)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_TASK_CLOCK,
				       .sample_period = PERIOD_NS};
	int fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	assert_true(fd >= 0 && s->n_links < THREADS_MAX);
	s->links[s->n_links] = bpf_program__attach_perf_event(
		bpf_object__find_program_by_name(s->object, "take_stack"), fd);
	assert_non_null(s->links[s->n_links++]);
}

static void add_clocks(struct sampling *s, pid_t pid)
{
	char pattern[64];
	glob_t threads;

	snprintf(pattern, sizeof(pattern), "/proc/%d/task/*", pid);
	assert_int_equal(glob(pattern, 0, NULL, &threads), 0);
	for (size_t i = 0; i < threads.gl_pathc; i++)
		add_clock(s, atoi(strrchr(threads.gl_pathv[i], '/') + 1));
	globfree(&threads);
}

static void sample(struct sampling *s, pid_t pid)
{
	uint64_t until = live_deadline();

	s->ring = ring_buffer__new(bpf_map__fd(bpf_object__find_map_by_name(s->object, "stacks")),
				   take, s, NULL);
	assert_non_null(s->ring);
	add_clocks(s, pid);
	while (s->n < STACKS) {
		assert_true(ring_buffer__consume(s->ring) >= 0);
		assert_true(live_tick(until));
	}
	for (size_t i = 0; i < s->n_links; i++)
		bpf_link__destroy(s->links[i]);
}

static void read_symbols(struct sampling *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(rp_elf__open(fd, path, &s->elf, NULL), 0);
	assert_int_equal(rp_elf__symbols(s->elf, &s->symbols, &s->n_symbols, NULL), 0);
	close(fd);
}

/* How many frames of a stack are in that function of the executable. */
static unsigned frames_in(const struct sampling *s, const struct unwind_stack *stack,
			  const char *name)
{
	const struct rp_mapped *exe = &s->mapped.items[0];
	const struct rp_symbol *symbol = NULL;
	unsigned frames = 0;

	for (size_t i = 0; i < s->n_symbols; i++)
		if (!strcmp(s->symbols[i].name, name))
			symbol = &s->symbols[i];
	assert_non_null(symbol);
	for (size_t i = 0; i < stack->n; i++) {
		uint64_t offset = stack->address[i] - exe->start + exe->offset;

		frames += offset - symbol->offset < symbol->size;
	}
	return frames;
}

static size_t complete(const struct sampling *s)
{
	size_t ends[RP_UNWIND_END_COUNT] = {0}, frames = 0;

	for (size_t i = 0; i < s->n; i++) {
		ends[s->stacks[i].end]++;
		frames += s->stacks[i].n;
	}
	print_message("%zu stacks, %zu frames:", s->n, frames);
#define SHOW(symbol, key, meaning) print_message(" %s %zu", key, ends[RP_UNWIND_END_##symbol]);
	RP_UNWIND_ENDS(SHOW)
	print_message("\n");
	return ends[RP_UNWIND_END_COMPLETE];
}

static void end(struct sampling *s)
{
	ring_buffer__free(s->ring);
	rp_unwind_tables__free(s->tables);
	rp_proc__mapped_free(&s->mapped);
	rp_elf__free(s->elf);
	bpf_object__close(s->object);
	free(s);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static size_t count_in(const struct sampling *s, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += frames_in(s, &s->stacks[i], name) > 0;
	return n;
}

/* Each stack that is complete has all of the calls that lead to where it is. */
static void assert_calls(const struct sampling *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct unwind_stack *stack = &s->stacks[i];

		if (stack->end != RP_UNWIND_END_COMPLETE)
			continue;
		assert_int_equal(frames_in(s, stack, "climb") + frames_in(s, stack, "main"), 1);
		if (frames_in(s, stack, "compare"))
			assert_int_equal(frames_in(s, stack, "sort"), 1);
		if (frames_in(s, stack, "handle"))
			assert_int_equal(frames_in(s, stack, "signalled"), 1);
		if (frames_in(s, stack, "recurse") && frames_in(s, stack, "burn"))
			assert_int_equal(frames_in(s, stack, "recurse"), DEPTH);
	}
	assert_true(count_in(s, "recurse") > 0);
	assert_true(count_in(s, "realign") > 0);
	assert_true(count_in(s, "sort") > 0);
	assert_true(count_in(s, "handle") > 0);
	assert_true(count_in(s, "ask_the_time") > 0);
}

static struct sampling *sample_climber(struct live_proc *target)
{
	struct sampling *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	load(s);
	add_tables(s, target->pid);
	read_symbols(s, live_target_path("climber"));
	sample(s, target->pid);
	return s;
}

static void test_without_frame_pointers(void **state)
{
	struct live_proc *target = live_target("climber");
	struct sampling *s = sample_climber(target);

	(void)state;
	assert_true(complete(s) * 100 >= STACKS * 99);
	assert_calls(s);
	end(s);
	live_close(target);
	live_wait(target);
}

static void test_through_return_probes(void **state)
{
	struct live_proc *target = live_target("climber");
	struct live_proc *rptrace = live_rptrace_ready(
		"-p %d -f recurse -f sort -f compare -f burn -f climb", target->pid);
	struct sampling *s = sample_climber(target);

	(void)state;
	assert_true(complete(s) * 100 >= STACKS * 94);
	assert_calls(s);
	end(s);
	live_close(target);
	live_wait(target);
	live_wait(rptrace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_frame_pointers),
		cmocka_unit_test(test_through_return_probes),
	};

	return live_main("unwind", tests, LIVE_COUNT(tests));
}
