// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * fuzz_record SECONDS FILE...: read the files as records, and do so again with bytes of theirs
 * changed, for so long (driver.c). Each is read as it is, and once more with all checksums made to
 * hold, as somebody would make them who wants to do harm; then it is exported, too, in a form that
 * its bytes choose.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "export/export.h"
#include "record/block.h"
#include "record/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is told must hold for whoever uses it as an index, or subtracts. */
static int check_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	uint8_t *known = ctx;

	if (!id || id >= RP_NODES_MAX || node->parent >= id ||
	    (node->parent && !known[node->parent]))
		abort();
	known[id] = 1;
	return 0;
}

static int check_instance(void *ctx, const struct rp_event_instance *i)
{
	const uint8_t *known = ctx;

	if (i->node >= RP_NODES_MAX || !known[i->node] || i->child > i->ns || i->cpu > i->ns ||
	    i->wait > i->ns - i->cpu)
		abort();
	return 0;
}

static int check_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	(void)ctx;
	if (!id || id > RP_REGION_MASK || strlen(region->name) > RP_BLOCK_MAX ||
	    strlen(region->object) > RP_BLOCK_MAX)
		abort();
	return 0;
}

static int check_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	(void)ctx;
	if (!number || strlen(place->function) > RP_BLOCK_MAX ||
	    strlen(place->file) > RP_BLOCK_MAX || strlen(place->object) > RP_BLOCK_MAX)
		abort();
	return 0;
}

/* Who follows callers comes to an end. */
static int check_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	(void)ctx;
	if (call->parent >= number || !call->parent != !call->place)
		abort();
	return 0;
}

static int check_sample(void *ctx, const struct rp_taken_sample *sample)
{
	const uint8_t *known = ctx;

	if (sample->node >= RP_NODES_MAX || (sample->node && !known[sample->node]))
		abort();
	return 0;
}

static void read_record(const uint8_t *data, size_t size, const struct rp_event_sink *sink)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct rp_err err = {0};
	struct rp_reader *reader;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!rp_reader__open(fd, "fuzz", &reader, &err)) {
		rp_reader__read(reader, sink, &err);
		rp_reader__free(reader);
		return;
	}
	if (!err.cause[0])
		abort();
	close(fd);
}

static void check_record(const uint8_t *data, size_t size)
{
	static uint8_t known[RP_NODES_MAX];
	const struct rp_event_sink sink = {.ctx = known,
					   .region = check_region,
					   .node = check_node,
					   .instance = check_instance,
					   .place = check_place,
					   .call = check_call,
					   .sample = check_sample};

	memset(known, 0, sizeof(known));
	read_record(data, size, &sink);
}

/* Whoever is sent a record makes one of these of it; those that want a file are left out. */
static void export_record(const uint8_t *data, size_t size, uint64_t choice)
{
	const struct rp_export *export;
	struct rp_event_sink sink;
	size_t n = 0, length;
	char *text;
	FILE *out;

	while (rp_exports[n].name)
		n++;
	export = &rp_exports[choice % n];
	if (export->whole)
		return;
	out = open_memstream(&text, &length);
	if (!out)
		abort();
	if (!export->open(out, &sink)) {
		read_record(data, size, &sink);
		sink.close(sink.ctx);
	}
	fclose(out);
	free(text);
}

static void make_sound(uint8_t *data, size_t size)
{
	struct rp_block_header header;

	for (size_t at = 0; at + sizeof(header) <= size; at += sizeof(header) + header.stored) {
		memcpy(&header, data + at, sizeof(header));
		if (header.stored > size - at - sizeof(header))
			return;
		header.magic = RP_BLOCK_MAGIC;
		header.payload_hash = XXH3_64bits(data + at + sizeof(header), header.stored);
		rp_block_header__seal(&header);
		memcpy(data + at, &header, sizeof(header));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	check_record(copy, size);
	make_sound(copy, size);
	check_record(copy, size);
	export_record(copy, size, XXH3_64bits(copy, size));
	free(copy);
	return 0;
}
