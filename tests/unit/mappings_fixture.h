/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Rings of what the system maps, one a CPU, that a test fills: see attach/mappings.h. */
#ifndef RP_TEST_MAPPINGS_FIXTURE_H
#define RP_TEST_MAPPINGS_FIXTURE_H

#include "perf_fixture.h"

#include <stdio.h>
#include <sys/epoll.h>

#define RING (64u << 10)

/* The rings, which are files, could not be waited for. */
int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	(void)epoll, (void)fd;
	assert_int_equal(op, EPOLL_CTL_ADD);
	assert_int_equal(event->events, EPOLLIN);
	return 0;
}

static inline long cpus(void)
{
	return sysconf(_SC_NPROCESSORS_CONF);
}

struct mmap_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t start, length, offset;
	uint32_t major, minor;
	uint64_t ino, generation;
	uint32_t protection, flags;
	char path[256]; /* up to eight bytes, with the time behind them */
};

static struct perf_event_mmap_page *page; /* of the ring that is filled */

static inline void fill(size_t cpu, uint64_t at)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE) + RING;

	page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fake_perf.event[cpu].fd, 0);
	assert_true(page != MAP_FAILED);
	page->data_head = page->data_tail = at;
}

static inline void put(const void *record, size_t size)
{
	char *data = (char *)page + sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < size; i++)
		data[(page->data_head + i) % RING] = ((const char *)record)[i];
	page->data_head += size;
}

static inline struct mmap_record mapping_of(const char *path)
{
	struct mmap_record r = {.header.type = PERF_RECORD_MMAP2,
				.pid = 77,
				.tid = 78,
				.start = 0x401000,
				.length = 0x2000,
				.offset = 0x1000,
				.major = 8,
				.minor = 3,
				.ino = 1234,
				.generation = 5};

	snprintf(r.path, sizeof(r.path), "%s", path);
	return r;
}

static inline void put_mapping(struct mmap_record r, uint64_t time)
{
	size_t length = (strlen(r.path) + 8) & ~7ul;

	memcpy(r.path + length, &time, sizeof(time));
	r.header.size = (uint16_t)(offsetof(struct mmap_record, path) + length + sizeof(time));
	put(&r, r.header.size);
}

static inline void put_lost(uint64_t n)
{
	const struct {
		struct perf_event_header header;
		uint64_t id, lost;
	} r = {.header = {.type = PERF_RECORD_LOST, .size = sizeof(r)}, .id = 1, .lost = n};

	put(&r, sizeof(r));
}

#endif
