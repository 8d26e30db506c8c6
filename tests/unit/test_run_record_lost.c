// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a record says at its end: of what it does not have, and of what goes on. */
#include "run_fixture.h"

#include "record/reader.h"
#include "run/sample_queue.h"

#define SESSION_LOST 20
#define QUEUE_LOST   3
#define TAKEN	     7
#define LATE_NS	     54321

static char folder[64], path[96], second[128];

/* ---- a queue that is full -------------------------------------------------------------------- */

static int queue;

struct rp_sample_queue *rp_sample_queue__new(struct rp_sample_store *store)
{
	assert_non_null(store);
	return (struct rp_sample_queue *)&queue;
}

void rp_sample_queue__free(struct rp_sample_queue *q)
{
	(void)q;
}

int rp_sample_queue__tell(struct rp_sample_queue *q, struct rp_instance_feed *feed)
{
	(void)q;
	(void)feed;
	return 0;
}

uint64_t rp_sample_queue__lost(const struct rp_sample_queue *q)
{
	assert_ptr_equal(q, &queue);
	return QUEUE_LOST;
}

/* ---- a record, and its end ------------------------------------------------------------------- */

static int begin_file(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/rptrace-lost-XXXXXX");
	if (!mkdtemp(folder) || begin_target(state))
		return -1;
	snprintf(path, sizeof(path), "%s/run.rpt", folder);
	snprintf(second, sizeof(second), "%s.2", path);
	return 0;
}

static int end_file(void **state)
{
	unlink(path);
	unlink(second);
	return end_target(state) || rmdir(folder);
}

struct end {
	uint64_t lost_samples, samples, late_ns, time;
	unsigned open;
	uint64_t open_start, open_ns; /* of the last that was not left */
};

static int take_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct end *end = ctx;

	end->open += instance->open;
	end->open_start = instance->start;
	end->open_ns = instance->ns;
	return 0;
}

static int take_end(void *ctx, const struct rp_event_end *from)
{
	struct end *end = ctx;

	end->lost_samples = from->lost[RP_LOST_SAMPLES];
	end->samples = from->samples;
	end->late_ns = from->late_ns;
	end->time = from->time;
	return 0;
}

static struct end end_of(const char *file)
{
	struct end end = {0};
	const struct rp_event_sink sink = {.ctx = &end, .instance = take_instance, .end = take_end};
	struct rp_reader *reader;
	struct rp_err err;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(rp_reader__open(fd, file, &reader, &err), 0);
	assert_int_equal(rp_reader__read(reader, &sink, &err), 0);
	rp_reader__free(reader);
	return end;
}

static struct rp_sample sample;

static void record(const char *words)
{
	char text[384];

	sample = (struct rp_sample){.kind = RP_SAMPLE_KIND_SAMPLE,
				    .tgid = (uint32_t)target,
				    .tid = (uint32_t)target,
				    .time = 1,
				    .node = ONE,
				    .end = RP_UNWIND_END_COMPLETE,
				    .addresses = 1,
				    .address = {(uintptr_t)probed_one + 1}};
	kernel.coming[0].ring = "samples";
	kernel.coming[0].record = &sample;
	kernel.coming[0].bytes = RP_SAMPLE_BYTES(1);
	kernel.coming[0].times = TAKEN;
	kernel.lost[RP_LOST_SAMPLES] = SESSION_LOST;
	snprintf(text, sizeof(text), "record -p %d -f probed_one --sample %s -o %s", (int)target,
		 words, path);
	assert_int_equal(run_words(rp_record__run, text), RP_EXIT_OK);
}

static void be_late(void)
{
	fake_bss->late_ns = LATE_NS;
}

/* Those without room in the ring and those without room in the queue; none of them twice. */
static void at_the_end(void **state)
{
	struct end end;

	(void)state;
	kernel.then = be_late;
	kernel.end_after = 5;
	record("");
	end = end_of(path);
	assert_int_equal(end.lost_samples, SESSION_LOST + QUEUE_LOST);
	assert_int_equal(end.samples, TAKEN - QUEUE_LOST);
	assert_int_equal(end.late_ns, LATE_NS);
}

static void ask_for_a_file(void)
{
	be_late();
	if (kernel.drains == 3)
		kill(getpid(), SIGUSR1);
	if (!access(path, F_OK))
		end_soon();
}

/* The first file is written while it runs. */
static void in_between(void **state)
{
	struct end end;

	(void)state;
	kernel.then = ask_for_a_file;
	record("--last 1m");
	assert_int_equal(access(second, F_OK), 0);
	end = end_of(path);
	assert_int_equal(end.lost_samples, SESSION_LOST + QUEUE_LOST);
	assert_int_equal(end.late_ns, LATE_NS);
}

#define OPEN_SINCE 1000

/* As long as all else is counted, though it is read later. */
static void what_is_open_lasts_until_then(void **state)
{
	struct rp_open_stack stack = {
		.tid = 77, .tgid = 77, .frames = 1, .serial = 1, .comm = "made-up"};
	struct rp_open_frame frame = {.region = 1, .node = ONE, .start = OPEN_SINCE};
	struct end end;

	(void)state;
	put(fake.to_read, &stack, sizeof(stack), 0);
	put(fake.to_read, &frame, sizeof(frame), sizeof(stack));
	kernel.records = true; /* the thread is told */
	kernel.end_after = 5;
	record("");
	end = end_of(path);
	assert_int_equal(end.open, 1);
	assert_int_equal(end.open_start, OPEN_SINCE);
	assert_true(end.open_start + end.open_ns == end.time);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, begin_file, end_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(at_the_end),
		FILE_TEST(in_between),
		FILE_TEST(what_is_open_lasts_until_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
