// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Measures writing and reading of records, for tools/bench.
 * bench_record write N FILE: writes a record of N instances: of two threads, with outer regions
 * that have three inner ones each.
 * bench_record read FILE: reads all instances, and adds up their time.
 * Both print the number of instances and the time taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/reader.h"
#include "record/writer.h"
#include "util/clock.h"

#define START	    1000000000u
#define FLUSH_EVERY 32768u
#define NODE_OUTER  2u
#define NODE_INNER  3u

/* ---- writing --------------------------------------------------------------------------------- */

static int write_block(void *ctx, const struct rp_block_header *header, const void *payload)
{
	FILE *out = ctx;

	return fwrite(header, sizeof(*header), 1, out) == 1 &&
			       fwrite(payload, 1, header->stored, out) == header->stored
		       ? 0
		       : -EIO;
}

/* Pseudorandom, the same in each run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int tell_names(const struct rp_event_sink *sink)
{
	static const char *const names[] = {"outer", "inner"};
	const struct rp_event_run run = {
		.start = START, .wall = START, .meta = {.target = "bench"}};
	int rc = sink->run(sink->ctx, &run);

	for (uint32_t i = 0; !rc && i < 2; i++) {
		struct rp_region_name region = {
			.name = names[i], .object = "bench", .kind = RP_KIND_FUNCTION};
		struct rp_event_thread thread = {
			.serial = i + 1, .tid = i + 2, .pid = 2, .comm = "bench"};

		rc = sink->region(sink->ctx, i + 1, &region);
		if (!rc)
			rc = sink->thread(sink->ctx, &thread);
	}
	for (uint32_t id = 1; !rc && id <= NODE_INNER; id++) {
		struct rp_node node = {.parent = id - 1, .region = id - 1, .flags = RP_NODE_VALID};

		rc = sink->node(sink->ctx, id, &node);
	}
	return rc;
}

static int tell_instances(const struct rp_event_sink *sink, uint64_t n)
{
	uint64_t state = 88172645463325252, now = START, child = 0;
	int rc = 0;

	for (uint64_t i = 0; !rc && i < n; i++) {
		bool outer = i % 4 == 3;
		uint64_t random = next_random(&state);
		struct rp_event_instance instance = {
			.ns = outer ? child + 800 + random % 512 : 400 + random % 1024,
			.child = outer ? child : 0,
			.wait = random >> 20 & 255 ? 0 : random >> 40 & 65535,
			.node = outer ? NODE_OUTER : NODE_INNER,
			.thread = 1 + (i / 4) % 2,
			.cpu_number = (i / 4) % 2,
		};

		now += instance.ns / 2 + random % 64;
		instance.start = now > instance.ns ? now - instance.ns : 0;
		instance.cpu = instance.ns - (random >> 30 & 63);
		instance.end_thread = instance.thread;
		child = outer ? 0 : child + instance.ns;
		rc = sink->instance(sink->ctx, &instance);
	}
	return rc;
}

static int write_instances(uint64_t n, FILE *out)
{
	const struct rp_writer_opts opts = {.run = 1, .fn = write_block, .ctx = out};
	static const uint64_t lost[RP_LOST_COUNT];
	const struct rp_event_end end = {.time = START + 1000 * n, .lost = lost};
	struct rp_event_sink sink;
	struct rp_writer *writer;
	int rc = rp_writer__new(&opts, &writer), closed;

	if (rc)
		return rc;
	sink = rp_writer__sink(writer);
	rc = tell_names(&sink);
	if (!rc)
		rc = tell_instances(&sink, n);
	if (!rc)
		rc = sink.end(sink.ctx, &end);
	closed = sink.close(sink.ctx);
	return rc ? rc : closed;
}

static int write_record(const char *path, uint64_t n)
{
	FILE *out = fopen(path, "wb");
	int rc;

	if (!out)
		return -errno;
	rc = write_instances(n, out);
	if (fclose(out) && !rc)
		rc = -errno;
	return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int add_time(void *ctx, const struct rp_event_instance *instance)
{
	*(uint64_t *)ctx += instance->ns;
	return 0;
}

static int read_record(const char *path, uint64_t *n)
{
	uint64_t sum = 0;
	const struct rp_event_sink sink = {.ctx = &sum, .instance = add_time};
	struct rp_err err = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct rp_reader *reader;

	if (fd < 0)
		return -errno;
	rc = rp_reader__open(fd, path, &reader, &err);
	if (rc) {
		close(fd);
		return rc;
	}
	rc = rp_reader__read(reader, &sink, &err);
	*n = rp_reader__figures(reader)->instances;
	rp_reader__free(reader);
	return rc;
}

int main(int argc, char **argv)
{
	bool writes = argc == 4 && !strcmp(argv[1], "write");
	uint64_t n = writes ? strtoull(argv[2], NULL, 10) : 0, begin = rp_clock__now();
	int rc;

	if (!writes && (argc != 3 || strcmp(argv[1], "read"))) {
		fputs("bench_record write N FILE | read FILE\n", stderr);
		return 2;
	}
	rc = writes ? write_record(argv[3], n) : read_record(argv[2], &n);
	if (rc)
		fprintf(stderr, "%s: %s\n", argv[argc - 1], strerror(-rc));
	printf("%" PRIu64 " instances, %" PRIu64 " ns\n", n, rp_clock__now() - begin);
	return rc ? 1 : 0;
}
