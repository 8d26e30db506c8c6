// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* A run in parts: each is told all that its instances stand for, and they no more than once. */
#include <errno.h>
#include <inttypes.h>

#include "counts_fixture.h"
#include "export/split.h"
#include "record/sink.h"

#define PARTS 8

/* What each part was told, a line a call. */
static struct {
	char text[4096];
	bool closed;
} parts[PARTS];
static size_t n_parts;
static int fail_open; /* errno with which the next part does not open */

__attribute__((format(printf, 2, 3))) static int note(void *ctx, const char *format, ...)
{
	char *text = parts[(uintptr_t)ctx].text;
	size_t at = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + at, sizeof(parts[0].text) - at, format, args);
	va_end(args);
	assert_false(parts[(uintptr_t)ctx].closed);
	return 0;
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	return note(ctx, "run %s %s %s %" PRIu64 " %" PRIu64 "\n", run->file, run->part,
		    run->meta.host, run->start, run->wall);
}

static int on_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	return note(ctx, "region %u %s %s %d\n", id, region->name, region->object, region->kind);
}

static int on_text(void *ctx, uint32_t index, const struct rp_text *text)
{
	return note(ctx, "text %u %s\n", index, text->text);
}

static int on_thread(void *ctx, const struct rp_event_thread *thread)
{
	return note(ctx, "thread %u %u %u %s\n", thread->serial, thread->pid, thread->tid,
		    thread->comm);
}

static int on_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	return note(ctx, "node %u %u %u\n", id, node->parent, node->region);
}

static int on_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	return note(ctx, "place %u %s %s:%u %s\n", number, place->function, place->file,
		    place->line, place->object);
}

static int on_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	return note(ctx, "call %u %u %u %u\n", number, call->parent, call->place, call->node);
}

static int on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	return note(ctx, "sample %u\n", sample->call);
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	return note(ctx, "instance %" PRIu64 "\n", instance->start);
}

static int on_left_out(void *ctx, uint32_t node, uint64_t n)
{
	return note(ctx, "left out %u %" PRIu64 "\n", node, n);
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	return note(ctx, "end %" PRIu64 " %" PRIu64 "\n", end->time, end->lost[RP_LOST_DEPTH]);
}

static int on_close(void *ctx)
{
	note(ctx, "close\n");
	parts[(uintptr_t)ctx].closed = true;
	return 0;
}

static int open_part(void *ctx, struct rp_event_sink *sink)
{
	int rc = -fail_open;

	assert_ptr_equal(ctx, parts);
	if (rc)
		return rc;
	assert_true(n_parts < PARTS);
	*sink = (struct rp_event_sink){.ctx = (void *)n_parts++,
				       .run = on_run,
				       .region = on_region,
				       .text = on_text,
				       .thread = on_thread,
				       .node = on_node,
				       .place = on_place,
				       .call = on_call,
				       .sample = on_sample,
				       .instance = on_instance,
				       .left_out = on_left_out,
				       .end = on_end,
				       .close = on_close};
	return 0;
}

static int begin(void **state)
{
	(void)state;
	memset(parts, 0, sizeof(parts));
	n_parts = 0;
	fail_open = 0;
	return 0;
}

static struct rp_event_sink open_split(uint64_t most)
{
	const struct rp_split_opts opts = {.most = most, .open = open_part, .ctx = parts};
	struct rp_event_sink sink;

	assert_int_equal(rp_split__open(&opts, &sink), 0);
	return sink;
}

static int tell_instance(const struct rp_event_sink *sink, uint64_t start, uint64_t ns)
{
	return sink->instance(sink->ctx,
			      &(struct rp_event_instance){.start = start, .ns = ns, .node = 2});
}

/* All kinds of things, twice where that may be: texts of the caller's do not last. */
static void tell_things(const struct rp_event_sink *sink, char digit)
{
	char name[] = "name?", object[] = "object?", comm[] = "comm?", file[] = "file?";
	const struct rp_event_run run = {
		.file = file, .part = object, .meta = {.host = name}, .start = 100, .wall = 7000};
	const struct rp_region_name region = {.name = name, .object = object, .kind = RP_KIND_SPAN};
	const struct rp_place place = {.function = name, .file = file, .line = 3, .object = object};
	struct rp_event_thread thread = {.serial = (uint32_t)digit, .pid = 5, .tid = 6};
	struct rp_text text = {.text = "text?"};

	name[4] = object[6] = comm[4] = file[4] = text.text[4] = digit;
	memcpy(thread.comm, comm, sizeof(comm));
	assert_int_equal(RP_TELL(sink, run, &run), 0);
	for (int turn = 0; turn < 2; turn++) {
		assert_int_equal(RP_TELL(sink, region, 1, &region), 0);
		assert_int_equal(RP_TELL(sink, text, 4, &text), 0);
		assert_int_equal(RP_TELL(sink, node, 1, &(struct rp_node){0}), 0);
		assert_int_equal(
			RP_TELL(sink, node, 2, &(struct rp_node){.parent = 1, .region = 1}), 0);
	}
	assert_int_equal(RP_TELL(sink, thread, &thread), 0);
	assert_int_equal(RP_TELL(sink, place, 8, &place), 0);
	assert_int_equal(RP_TELL(sink, call, 9, &(struct rp_sample_call){1, 8, 2}), 0);
	memset(name, 'x', 5);
	memset(object, 'x', 7);
	memset(file, 'x', 5);
}

#define HEAD(digit)                                                                                \
	"run file" digit " object" digit " name" digit " 100 7000\n"                               \
	"region 1 name" digit " object" digit " 3\n"                                               \
	"text 4 text" digit "\n"
#define NODES		     "node 1 0 0\nnode 2 1 1\n"
#define TAIL(digit)	     "place 8 name" digit " file" digit ":3 object" digit "\ncall 9 1 8 2\n"
#define AGAIN(digit, serial) HEAD(digit) "thread " serial " 5 6 comm" digit "\n" NODES TAIL(digit)
#define FIRST(digit, serial)                                                                       \
	HEAD(digit)                                                                                \
	NODES "region 1 name" digit " object" digit " 3\n"                                         \
	      "text 4 text" digit "\n" NODES "thread " serial " 5 6 comm" digit "\n" TAIL(digit)

static const uint64_t lost[RP_LOST_COUNT] = {[RP_LOST_DEPTH] = 3};

static void test_parts(void **state)
{
	struct rp_event_sink sink = open_split(2);
	static const struct rp_event_end end = {.time = 900, .lost = lost};

	(void)state;
	assert_int_equal(n_parts, 1);
	tell_things(&sink, '1');
	assert_int_equal(tell_instance(&sink, 200, 50), 0);
	assert_int_equal(tell_instance(&sink, 110, 20), 0);
	assert_int_equal(n_parts, 1);
	assert_int_equal(RP_TELL(&sink, sample, &(struct rp_taken_sample){.call = 9}), 0);
	assert_int_equal(tell_instance(&sink, 120, 200), 0);
	assert_int_equal(RP_TELL(&sink, left_out, 2, 6), 0);
	assert_int_equal(RP_TELL(&sink, end, &end), 0);
	/* The run that follows has its own things, and nothing of the one before. */
	tell_things(&sink, '2');
	assert_int_equal(tell_instance(&sink, 10, 1), 0);
	assert_int_equal(tell_instance(&sink, 20, 1), 0);
	assert_int_equal(RP_TELL(&sink, end, &end), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(n_parts, 3);
	assert_string_equal(parts[0].text, FIRST("1", "49") "instance 200\ninstance 110\nsample 9\n"
							    "end 250 0\nclose\n");
	assert_string_equal(parts[1].text,
			    AGAIN("1", "49") "instance 120\nleft out 2 6\nend 900 3\n" FIRST(
				    "2", "50") "instance 10\nend 11 0\nclose\n");
	assert_string_equal(parts[2].text, AGAIN("2", "50") "instance 20\nend 900 3\nclose\n");
}

static void test_not_opened(void **state)
{
	const struct rp_split_opts opts = {.most = 1, .open = open_part, .ctx = parts};
	struct rp_event_sink sink;

	(void)state;
	fail_open = EACCES;
	assert_int_equal(rp_split__open(&opts, &sink), -EACCES);
	fail_open = 0;
	sink = open_split(1);
	tell_things(&sink, '1');
	assert_int_equal(tell_instance(&sink, 1, 1), 0);
	fail_open = ENOSPC;
	assert_int_equal(tell_instance(&sink, 2, 1), -ENOSPC);
	assert_true(parts[0].closed);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(n_parts, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_parts, begin),
		cmocka_unit_test_setup(test_not_opened, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
