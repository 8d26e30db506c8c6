/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A small run as a record in memory, and a sink that keeps what it is told as text. */
#ifndef RECORD_FIXTURE_H
#define RECORD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/block.h"
#include "record/reader.h"
#include "record/writer.h"

/* ---- the file ------------------------------------------------------------------------------- */

struct record_image {
	unsigned char *at;
	size_t n;
	size_t block[256]; /* where each begins */
	size_t n_blocks;
	int full_after; /* blocks that find room; 0: all */
	uint64_t max_bytes;
};

/* They lie anywhere. */
static inline struct rp_block_header image_header(const struct record_image *image, size_t i)
{
	struct rp_block_header header;

	memcpy(&header, image->at + image->block[i], sizeof(header));
	return header;
}

/* What a record says of itself: blocks are numbered in the order in which they were written. */
static inline void assert_in_sequence(const struct record_image *image)
{
	for (size_t i = 0; i < image->n_blocks; i++)
		assert_int_equal(image_header(image, i).sequence, i);
}

static inline int image_take(void *ctx, const struct rp_block_header *header, const void *payload)
{
	struct record_image *image = ctx;

	if (image->full_after && image->n_blocks == (size_t)image->full_after)
		return -28; /* ENOSPC */
	image->at = realloc(image->at, image->n + sizeof(*header) + header->stored);
	assert_non_null(image->at);
	assert_true(image->n_blocks < sizeof(image->block) / sizeof(image->block[0]));
	image->block[image->n_blocks++] = image->n;
	memcpy(image->at + image->n, header, sizeof(*header));
	image->n += sizeof(*header);
	memcpy(image->at + image->n, payload, header->stored);
	image->n += header->stored;
	return 0;
}

/* ---- what a sink was told ------------------------------------------------------------------- */

struct told {
	char *text;
	size_t n;
	FILE *out;
	uint64_t instances;
};

static inline int told_run(void *ctx, const struct rp_event_run *run)
{
	const struct told *told = ctx;
	const struct rp_meta *m = &run->meta;

	fprintf(told->out, "run %lu %lu %s %s %s %s %s %s %s %lu %u", run->start, run->wall,
		m->version ? m->version : "-", m->host ? m->host : "-", m->kernel ? m->kernel : "-",
		m->start_time, m->attach_mode ? m->attach_mode : "-", m->target ? m->target : "-",
		m->options ? m->options : "-", m->probes, run->sample_hz);
	fprintf(told->out, " %s %s %lu %lu %s %lu\n", m->group_by ? m->group_by : "-",
		m->kept ? m->kept : "-", m->slow_sites, m->processes, run->part ? run->part : "-",
		run->from);
	return 0;
}

static inline int told_region(void *ctx, uint32_t id, const struct rp_region_name *r)
{
	const struct told *told = ctx;

	fprintf(told->out, "region %u %s %d %s%s %d%d%d %lu %lu %lu %.3f %.3f\n", id, r->name,
		r->kind, r->object, r->build_id ? r->build_id : "", r->slow, r->left_out,
		r->ends_at_jump, r->stray.hits, r->stray.unmatched, r->stray.crossed,
		r->cost.inside, r->cost.whole);
	return 0;
}

static inline int told_text(void *ctx, uint32_t index, const struct rp_text *text)
{
	const struct told *told = ctx;

	fprintf(told->out, "text %u %.64s %d\n", index, text->text, text->cut);
	return 0;
}

static inline int told_thread(void *ctx, const struct rp_event_thread *t)
{
	const struct told *told = ctx;

	fprintf(told->out, "thread %u %u %u %lx %lu %lu %s %s\n", t->serial, t->tid, t->pid,
		t->goroutine, t->started, t->process_started, t->comm, t->process_comm);
	return 0;
}

static inline int told_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	const struct told *told = ctx;

	fprintf(told->out, "node %u %u %u %x %lu %u %s\n", id, node->parent, node->region,
		node->flags, node->label, node->tgid, node->comm);
	return 0;
}

static inline int told_instance(void *ctx, const struct rp_event_instance *i)
{
	struct told *told = ctx;

	told->instances++;
	fprintf(told->out, "instance %lu %lu %lu %lu %lu %lx %u %u %u %u %d%d%d\n", i->start, i->ns,
		i->child, i->cpu, i->wait, i->span, i->node, i->thread, i->end_thread,
		i->cpu_number, i->unwound, i->open, i->is_span);
	return 0;
}

static inline int told_left_out(void *ctx, uint32_t node, uint64_t n)
{
	const struct told *told = ctx;

	fprintf(told->out, "left_out %u %lu\n", node, n);
	return 0;
}

static inline int told_passed_over(void *ctx, uint32_t node)
{
	const struct told *told = ctx;

	fprintf(told->out, "passed_over %u\n", node);
	return 0;
}

static inline int told_lost(void *ctx, uint32_t node, uint64_t n)
{
	const struct told *told = ctx;

	fprintf(told->out, "lost %u %lu\n", node, n);
	return 0;
}

static inline int told_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	const struct told *told = ctx;

	fprintf(told->out, "place %u %s %s %u %s\n", number, place->function, place->file,
		place->line, place->object);
	return 0;
}

static inline int told_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	const struct told *told = ctx;

	fprintf(told->out, "call %u %u %u\n", number, call->parent, call->place);
	return 0;
}

static inline int told_sample(void *ctx, const struct rp_taken_sample *s)
{
	const struct told *told = ctx;

	fprintf(told->out, "sample %lu %u %u %u %u %u %d %d%d\n", s->time, s->call, s->node,
		s->thread, s->tid, s->pid, s->end, s->unresolved, s->at_probe);
	return 0;
}

static inline int told_end(void *ctx, const struct rp_event_end *end)
{
	const struct told *told = ctx;

	fprintf(told->out, "end %lu %d", end->time, end->cut);
	for (size_t i = 0; i < RP_LOST_COUNT; i++)
		fprintf(told->out, " %lu", end->lost[i]);
	fprintf(told->out, " %lu %lu %lu %lu", end->cpu, end->samples, end->no_tables,
		end->late_ns);
	fputc('\n', told->out);
	return 0;
}

static inline struct rp_event_sink told_sink(struct told *told)
{
	*told = (struct told){0};
	told->out = open_memstream(&told->text, &told->n);
	assert_non_null(told->out);
	return (struct rp_event_sink){.ctx = told,
				      .run = told_run,
				      .region = told_region,
				      .text = told_text,
				      .thread = told_thread,
				      .node = told_node,
				      .instance = told_instance,
				      .left_out = told_left_out,
				      .passed_over = told_passed_over,
				      .lost = told_lost,
				      .place = told_place,
				      .call = told_call,
				      .sample = told_sample,
				      .end = told_end};
}

static inline void told_free(struct told *told)
{
	fclose(told->out);
	free(told->text);
}

/* ---- a run ---------------------------------------------------------------------------------- */

#define RUN_START    1000000000000ull
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct rp_event_run run_about = {
	.start = RUN_START,
	.wall = 77,
	.meta = {.version = "1.2",
		 .host = "here",
		 .kernel = "6.18",
		 .start_time = "2026-01-01T00:00:00+00:00",
		 .attach_mode = "session",
		 .target = "demo",
		 .probes = 12},
};

static const struct rp_region_name run_regions[] = {
	{.name = "outer",
	 .object = "/bin/demo",
	 .kind = RP_KIND_FUNCTION,
	 .slow = true,
	 .stray = {7, 3, 1},
	 .cost = {12.5, 99.25}},
	{.name = "in;ner\n", .object = "", .kind = RP_KIND_MARKER, .ends_at_jump = true},
};

static const struct rp_text run_text = {.text = "a label", .cut = 1};

static const struct rp_node run_nodes[] = {
	{.comm = "demo", .tgid = 42, .flags = RP_NODE_VALID},
	{.parent = 1, .region = 1, .flags = RP_NODE_VALID},
	{.parent = 2,
	 .region = 2,
	 .label = RP_TEXT_FIRST,
	 .flags = RP_NODE_VALID | RP_NODE_LABELED | RP_NODE_TEXT},
};

static const struct rp_event_thread run_threads[] = {
	{.serial = 1,
	 .tid = 43,
	 .pid = 42,
	 .started = 5,
	 .process_started = 4,
	 .comm = "worker",
	 .process_comm = "demo"},
	{.serial = 2,
	 .pid = 42,
	 .goroutine = 0xc000,
	 .started = 6,
	 .process_started = 4,
	 .comm = "go",
	 .process_comm = "demo"},
};

/* One of each kind that is not just timed. */
static const struct rp_event_instance run_special[] = {
	{.start = RUN_START,
	 .ns = 5000,
	 .child = 100,
	 .node = 2,
	 .thread = 1,
	 .end_thread = 1,
	 .unwound = true},
	{.start = RUN_START + 1,
	 .ns = 1ull << 50,
	 .span = ~0ull,
	 .node = 3,
	 .thread = 1,
	 .end_thread = 2,
	 .is_span = true,
	 .cpu_number = 8191},
	{.start = RUN_START + 2, .ns = 9000, .node = 2, .thread = 2, .end_thread = 2, .open = true},
};

static inline struct rp_event_instance run_instance(unsigned i)
{
	struct rp_event_instance instance = {.start = RUN_START + 1000ull * i,
					     .ns = 700 + i % 97,
					     .child = i % 3 ? 0 : 300,
					     .cpu = 600,
					     .wait = i % 5,
					     .node = 2 + i % 2,
					     .thread = 1 + i % 2,
					     .cpu_number = (uint16_t)(i % 4)};

	instance.end_thread = instance.thread;
	return instance;
}

static inline int run_tell_ids_of(const struct rp_event_sink *sink, const struct rp_event_run *run)
{
	int rc = sink->run(sink->ctx, run);

	for (uint32_t i = 0; !rc && i < COUNT(run_regions); i++)
		rc = sink->region(sink->ctx, i + 1, &run_regions[i]);
	if (!rc)
		rc = sink->text(sink->ctx, 0, &run_text);
	for (uint32_t i = 0; !rc && i < COUNT(run_nodes); i++)
		rc = sink->node(sink->ctx, i + 1, &run_nodes[i]);
	for (uint32_t i = 0; !rc && i < COUNT(run_threads); i++)
		rc = sink->thread(sink->ctx, &run_threads[i]);
	return rc;
}

static inline int run_tell_ids(const struct rp_event_sink *sink)
{
	return run_tell_ids_of(sink, &run_about);
}

/* Metadata, n instances in blocks of at most `every`, and those that are special. */
static inline int run_tell(const struct rp_event_sink *sink, struct rp_writer *writer, unsigned n,
			   unsigned every)
{
	uint64_t lost[RP_LOST_COUNT] = {[RP_LOST_INSTANCES] = 9};
	const struct rp_event_end end = {.time = RUN_START + 100000000, .lost = lost};
	int rc = run_tell_ids(sink);

	for (unsigned i = 0; !rc && i < n; i++) {
		struct rp_event_instance instance = run_instance(i);

		rc = sink->instance(sink->ctx, &instance);
		if (!rc && writer && i % every == every - 1)
			rc = rp_writer__flush(writer, rp_event_instance__end(&instance));
	}
	for (size_t i = 0; !rc && i < COUNT(run_special); i++)
		rc = sink->instance(sink->ctx, &run_special[i]);
	if (!rc)
		rc = sink->lost(sink->ctx, 2, 9);
	if (!rc)
		rc = sink->left_out(sink->ctx, 3, 4);
	return rc ? rc : sink->end(sink->ctx, &end);
}

static inline int run_record(struct record_image *image, unsigned n, unsigned every)
{
	const struct rp_writer_opts opts = {
		.run = 0x1234, .max_bytes = image->max_bytes, .fn = image_take, .ctx = image};
	struct rp_event_sink sink;
	struct rp_writer *writer;
	int rc, closed;

	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	rc = run_tell(&sink, writer, n, every);
	closed = sink.close(sink.ctx);
	return rc ? rc : closed;
}

/* What a reader makes of these bytes; figures may be NULL. */
static inline int run_read(const void *bytes, size_t n, struct told *told,
			   struct rp_reader_figures *figures)
{
	struct rp_event_sink sink = told_sink(told);
	int fd = memfd_create("record", MFD_CLOEXEC), rc;
	struct rp_err err = {0};
	struct rp_reader *reader;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	rc = rp_reader__open(fd, "record", &reader, &err);
	if (!rc) {
		rc = rp_reader__read(reader, &sink, &err);
		if (figures)
			*figures = *rp_reader__figures(reader);
		rp_reader__free(reader);
	} else {
		close(fd);
	}
	assert_int_equal(!rc, !err.cause[0]);
	fflush(told->out);
	return rc;
}

/* The first block of a type says that it has so many items more, or less; without an index that is
 * believed. */
static inline void image_miscount(struct record_image *image, enum rp_block_type type, int by)
{
	struct rp_block_header header;
	size_t i = 0;

	while (image_header(image, i).type != type)
		i++;
	header = image_header(image, i);
	header.items += (uint32_t)by;
	rp_block_header__seal(&header);
	memcpy(image->at + image->block[i], &header, sizeof(header));
	image->at[image->n - 1] ^= 1;
}

/* A file of tests/golden that all versions to come read: what is told of it is what `before` was
 * told. With RP_GOLDEN=write the image is written to it first. */
static inline void assert_golden_record(const char *path, const struct record_image *image,
					struct told *before)
{
	static unsigned char bytes[16384];
	const char *mode = getenv("RP_GOLDEN");
	struct told after;
	FILE *file;
	size_t n;

	if (mode && !strcmp(mode, "write")) {
		file = fopen(path, "wb");
		assert_non_null(file);
		assert_int_equal(fwrite(image->at, 1, image->n, file), image->n);
		fclose(file);
	}
	file = fopen(path, "rb");
	assert_non_null(file);
	n = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	fflush(before->out);
	assert_int_equal(run_read(bytes, n, &after, NULL), 0);
	assert_string_equal(before->text, after.text);
	told_free(&after);
}

#endif
