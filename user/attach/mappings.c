// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* perf's records of mappings: a ring a CPU, without a sample in it. */
#include "attach/mappings.h"

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES (64u << 10) /* a power of two: some hundred records */

/* PERF_RECORD_MMAP2 without build id, up to its name. */
struct mmap_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t start, length, offset;
	uint32_t major, minor;
	uint64_t ino, generation;
	uint32_t protection, flags;
};

struct lost_record {
	struct perf_event_header header;
	uint64_t id, lost;
};

union record {
	struct perf_event_header header;
	struct mmap_record mmap;
	struct lost_record lost;
	/* The size of a record has 16 bits. */
	char bytes[UINT16_MAX + 1];
};

struct ring {
	int fd;
	struct perf_event_mmap_page *page; /* the data follow, a page on; NULL: none */
};

struct rp_mappings {
	int epoll;
	size_t page_size;
	struct ring *rings;
	size_t n;
	union record record; /* the one that is looked at */
};

static int open_event(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
		.mmap = 1,
		.mmap2 = 1,
		.sample_type = PERF_SAMPLE_TIME,
		.sample_id_all = 1, /* the time is behind every record */
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int ring__open(struct ring *r, const struct rp_mappings *m, int cpu)
{
	struct epoll_event event = {.events = EPOLLIN};
	void *at;

	r->fd = open_event(cpu);
	if (r->fd < 0)
		return r->fd;
	at = mmap(NULL, m->page_size + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	r->page = at;
	return epoll_ctl(m->epoll, EPOLL_CTL_ADD, r->fd, &event) ? -errno : 0;
}

static int mappings_error(int code, struct rp_err *err)
{
	bool lacks_rights = code == -EPERM || code == -EACCES;

	rp_err__set(err, lacks_rights ? RP_EXIT_DENIED : RP_EXIT_FAILED, code, NULL,
		    "what the whole system maps cannot be watched (of processes named with -p it "
		    "can): %s",
		    strerror(-code));
	return rp_err__remedy(err, code, lacks_rights ? RP_REMEDY_RIGHTS : RP_REMEDY_LIST);
}

int rp_mappings__new(struct rp_mappings **out, struct rp_err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct rp_mappings *m = calloc(1, sizeof(*m));
	int rc = 0;

	if (!m)
		return mappings_error(-ENOMEM, err);
	m->page_size = sysconf(_SC_PAGESIZE);
	m->rings = calloc(cpus > 0 ? cpus : 1, sizeof(*m->rings));
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!m->rings || m->epoll < 0)
		rc = m->rings ? -errno : -ENOMEM;
	for (long cpu = 0; !rc && cpu < cpus; cpu++) {
		rc = ring__open(&m->rings[m->n], m, (int)cpu);
		if (rc == -ENODEV)
			rc = 0; /* not in use */
		else
			m->n++;
	}
	if (rc) {
		rp_mappings__free(m);
		return mappings_error(rc, err);
	}
	*out = m;
	return 0;
}

void rp_mappings__free(struct rp_mappings *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++) {
		if (m->rings[i].page)
			munmap(m->rings[i].page, m->page_size + RING_BYTES);
		if (m->rings[i].fd >= 0)
			close(m->rings[i].fd);
	}
	if (m->epoll >= 0)
		close(m->epoll);
	free(m->rings);
	free(m);
}

int rp_mappings__fd(const struct rp_mappings *m)
{
	return m->epoll;
}

/* Copy what may go over the end of the ring. */
static void copy_out(const struct rp_mappings *m, const struct ring *r, uint64_t at, void *to,
		     size_t size)
{
	const char *data = (const char *)r->page + m->page_size;
	size_t from = at & (RING_BYTES - 1), first = RING_BYTES - from;

	if (first > size)
		first = size;
	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, size - first);
}

static void take_mapping(union record *record, rp_mapping_fn fn, void *ctx)
{
	const struct mmap_record *r = &record->mmap;
	const char *end = record->bytes + r->header.size;
	uint64_t time;
	char *path = record->bytes + sizeof(*r);
	struct rp_mapped mapped = {
		.dev = makedev(r->major, r->minor),
		.ino = r->ino,
		.generation = r->generation,
		.path = path,
		.start = r->start,
		.end = r->start + r->length,
		.offset = r->offset,
	};

	memcpy(&time, end - sizeof(time), sizeof(time));
	record->bytes[r->header.size - sizeof(time)] = '\0';
	/* Neither the kernel's own pages, nor a process in a place that has no pids here. */
	if (!r->ino || !r->pid || r->pid > INT_MAX)
		return;
	mapped.deleted = rp_proc__cut_deleted(path);
	fn(ctx, (pid_t)r->pid, &mapped, time);
}

static uint64_t ring__drain(struct rp_mappings *m, struct ring *r, rp_mapping_fn fn, void *ctx)
{
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = r->page->data_tail, lost = 0;
	union record *record = &m->record;

	while (at < head) {
		copy_out(m, r, at, record, sizeof(record->header));
		copy_out(m, r, at, record, record->header.size);
		at += record->header.size;
		/* Given back at once: to look at a mapping takes longer than the next one. */
		__atomic_store_n(&r->page->data_tail, at, __ATOMIC_RELEASE);
		if (record->header.type == PERF_RECORD_MMAP2 &&
		    record->header.size > sizeof(record->mmap) + sizeof(uint64_t))
			take_mapping(record, fn, ctx);
		else if (record->header.type == PERF_RECORD_LOST)
			lost += record->lost.lost;
	}
	return lost;
}

/* The kernel tells of what found no room only once there is some again, and more comes. */
static bool ring__is_full(const struct ring *r)
{
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);

	return head - r->page->data_tail + sizeof(struct mmap_record) + PATH_MAX > RING_BYTES;
}

uint64_t rp_mappings__drain(struct rp_mappings *m, rp_mapping_fn fn, void *ctx, bool *missed)
{
	uint64_t lost = 0;

	*missed = false;
	for (size_t i = 0; i < m->n; i++) {
		*missed |= ring__is_full(&m->rings[i]);
		lost += ring__drain(m, &m->rings[i], fn, ctx);
	}
	*missed |= lost > 0;
	return lost;
}
