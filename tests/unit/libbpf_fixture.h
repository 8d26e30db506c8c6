/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * libbpf without a kernel: maps are files in memory (so that they can be mapped) with a list of
 * what was put in, rings hold what a test put there, programs remember how they were set up, and
 * links are notes of what was probed. With it a session is what it is, to the call of libbpf,
 * without root.
 *
 * Names that begin with bpf_, btf__, ring_buffer__ and libbpf_ are libbpf's, as far as attach/
 * calls it.
 */
#ifndef RP_TEST_LIBBPF_FIXTURE_H
#define RP_TEST_LIBBPF_FIXTURE_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/session_internal.h"
#include "btf_fixture.h"
#include "uprobes_fixture.h"

#define FAKE_MAPS    128
#define FAKE_ENTRIES 256
#define FAKE_BYTES   (1ul << 30) /* of a map's file: none of them is in use */

/* ---- maps --------------------------------------------------------------------------------- */

struct fake_entry {
	void *key, *value;
};

struct bpf_map {
	const char *name;
	int fd;
	uint32_t key_size, value_size, max_entries;
	bool not_created;
	struct fake_entry entry[FAKE_ENTRIES];
	size_t n;
};

struct bpf_program {
	const char *name;
	int fd;
	int attach_type;
	bool autoload, no_autoattach;
};

static struct {
	struct bpf_map map[FAKE_MAPS];
	size_t n_maps;
	struct bpf_program program[FAKE_MAPS];
	size_t n_programs;
	int cpus;
	int refuses_updates; /* a negative errno; 0: none */
	int inner_maps;	     /* that were created, and ... */
	int refuses_inner;   /* ... the number of the one that is not; 0: all are */
	int load_error;
	bool has_btf;		 /* the kernel, as make_types() has it */
	int refuses_programs;	 /* a negative errno, of those that features are tried by */
	int64_t clock_ahead[16]; /* what the program that compares clocks finds, one after the other
				  */
	size_t compared;
	/* What the next ring_buffer__consume() hands over. */
	const void *records[8];
	size_t record_bytes[8], n_records;
	/* And what a test has for a ring: one after the other, up to NULL. */
	const void *(*more)(const struct bpf_map *ring, size_t *bytes);
	int to_read; /* of an iterator */
	size_t links_made, links_gone;
	int chunks[8]; /* files of the first ones, in the order that they were made in */
	void (*on_lookup)(struct bpf_map *m); /* before something in it is looked up */
	void (*on_drain)(void); /* before the ring of events is emptied: what has happened since */
} fake;

static struct bpf_map *fake_map_of(int fd)
{
	for (size_t i = 0; i < fake.n_maps; i++)
		if (fake.map[i].fd == fd)
			return &fake.map[i];
	return NULL;
}

static inline struct bpf_map *fake_map_named(const char *name)
{
	for (size_t i = 0; i < fake.n_maps; i++)
		if (!strcmp(fake.map[i].name, name))
			return &fake.map[i];
	return NULL;
}

static struct fake_entry *fake_entry_of(struct bpf_map *m, const void *key)
{
	for (size_t i = 0; m && i < m->n; i++)
		if (!memcmp(m->entry[i].key, key, m->key_size))
			return &m->entry[i];
	return NULL;
}

static inline void *fake_copy(const void *bytes, size_t n)
{
	void *copy = malloc(n);

	memcpy(copy, bytes, n);
	return copy;
}

static inline void fake_sizes(struct bpf_map *m, uint32_t key, uint32_t value, uint32_t most)
{
	m->key_size = key;
	m->value_size = value;
	m->max_entries = most;
}

/* As rptrace's programs have them, where they matter. */
static inline void fake_sizes_of(struct bpf_map *m)
{
	static const struct {
		const char *map;
		uint32_t key, value, most;
	} sizes[] = {
		{"arg_specs", 4, sizeof(struct rp_arg), RP_ARGS_MAX},
		{"within", 4, 1, 16},
		{"left_out", 8, 1, 16},
		{"tracked", 4, 4, 16},
	};

	fake_sizes(m, 4, 4, 1024);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (!strcmp(m->name, sizes[i].map))
			fake_sizes(m, sizes[i].key, sizes[i].value, sizes[i].most);
}

int bpf_map__fd(const struct bpf_map *m)
{
	return m->fd;
}

__u32 bpf_map__key_size(const struct bpf_map *m)
{
	return m->key_size;
}

__u32 bpf_map__value_size(const struct bpf_map *m)
{
	return m->value_size;
}

__u32 bpf_map__max_entries(const struct bpf_map *m)
{
	return m->max_entries;
}

int bpf_map__set_max_entries(struct bpf_map *m, __u32 n)
{
	m->max_entries = n;
	return 0;
}

int bpf_map__set_autocreate(struct bpf_map *m, bool on)
{
	m->not_created = !on;
	return 0;
}

int bpf_map__set_inner_map_fd(struct bpf_map *m, int fd)
{
	(void)m, (void)fd;
	return 0;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	struct bpf_map *m = fake_map_of(fd);
	struct fake_entry *e = fake_entry_of(m, key);

	if (fake.refuses_updates)
		return fake.refuses_updates;
	if (!m || (flags == BPF_EXIST && !e))
		return -ENOENT;
	if (e) {
		memcpy(e->value, value, m->value_size);
		return 0;
	}
	if (m->n == FAKE_ENTRIES)
		return -E2BIG;
	m->entry[m->n++] = (struct fake_entry){.key = fake_copy(key, m->key_size),
					       .value = fake_copy(value, m->value_size)};
	return 0;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	struct bpf_map *m = fake_map_of(fd);
	struct fake_entry *e;

	if (fake.on_lookup)
		fake.on_lookup(m);
	e = fake_entry_of(m, key);
	if (!e)
		return -ENOENT;
	memcpy(value, e->value, m->value_size);
	return 0;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	struct bpf_map *m = fake_map_of(fd);
	struct fake_entry *e = fake_entry_of(m, key);

	if (!e)
		return -ENOENT;
	free(e->key);
	free(e->value);
	*e = m->entry[--m->n];
	return 0;
}

int bpf_map_get_next_key(int fd, const void *key, void *next)
{
	struct bpf_map *m = fake_map_of(fd);
	struct fake_entry *e = key ? fake_entry_of(m, key) : NULL;
	size_t i = e ? (size_t)(e - m->entry) + 1 : 0;

	if (i >= m->n)
		return -ENOENT;
	memcpy(next, m->entry[i].key, m->key_size);
	return 0;
}

/* By two entries a call at most, so that what goes over many calls is seen. */
int bpf_map_lookup_batch(int fd, void *from, void *next, void *keys, void *values, __u32 *n,
			 const struct bpf_map_batch_opts *opts)
{
	struct bpf_map *m = fake_map_of(fd);
	uint32_t i = from ? *(uint32_t *)from : 0, most = *n < 2 ? *n : 2;

	(void)opts;
	for (*n = 0; *n < most && i < m->n; i++, (*n)++) {
		memcpy((char *)keys + *n * m->key_size, m->entry[i].key, m->key_size);
		memcpy((char *)values + *n * m->value_size, m->entry[i].value, m->value_size);
	}
	*(uint32_t *)next = i;
	return i < m->n ? 0 : -ENOENT;
}

int bpf_map_update_batch(int fd, const void *keys, const void *values, __u32 *n,
			 const struct bpf_map_batch_opts *opts)
{
	struct bpf_map *m = fake_map_of(fd);
	int rc = 0;

	(void)opts;
	for (uint32_t i = 0; i < *n && !rc; i++)
		rc = bpf_map_update_elem(fd, (const char *)keys + i * m->key_size,
					 (const char *)values + i * m->value_size, BPF_ANY);
	return rc;
}

static inline int fake_file(void)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, FAKE_BYTES))
		return -1;
	return fd;
}

static inline void fake_close_chunks(void)
{
	for (size_t i = 0; i < sizeof(fake.chunks) / sizeof(fake.chunks[0]); i++) {
		if (fake.chunks[i] > 0)
			close(fake.chunks[i]);
		fake.chunks[i] = 0;
	}
}

int bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size, __u32 value_size,
		   __u32 max_entries, const struct bpf_map_create_opts *opts)
{
	int fd;

	(void)type, (void)name, (void)key_size, (void)value_size, (void)max_entries, (void)opts;
	if (++fake.inner_maps == fake.refuses_inner)
		return -ENOMEM;
	fd = fake_file();
	if (fake.inner_maps <= 8)
		fake.chunks[fake.inner_maps - 1] = dup(fd);
	return fd;
}

/* Features are found by trying. */
int bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
		  const struct bpf_insn *insns, size_t n, struct bpf_prog_load_opts *opts)
{
	(void)type, (void)name, (void)license, (void)insns, (void)n, (void)opts;
	return fake.refuses_programs ? fake.refuses_programs : fake_file();
}

/* ---- programs, links ------------------------------------------------------------------------ */

int bpf_program__fd(const struct bpf_program *p)
{
	return p->fd;
}

bool bpf_program__autoload(const struct bpf_program *p)
{
	return p->autoload;
}

int bpf_program__set_autoload(struct bpf_program *p, bool on)
{
	p->autoload = on;
	return 0;
}

void bpf_program__set_autoattach(struct bpf_program *p, bool on)
{
	p->no_autoattach = !on;
}

enum bpf_attach_type bpf_program__expected_attach_type(const struct bpf_program *p)
{
	return p->attach_type;
}

int bpf_program__set_expected_attach_type(struct bpf_program *p, enum bpf_attach_type type)
{
	p->attach_type = type;
	return 0;
}

struct bpf_link *bpf_program__attach_iter(const struct bpf_program *p,
					  const struct bpf_iter_attach_opts *opts)
{
	(void)p, (void)opts;
	fake.links_made++;
	return malloc(1);
}

struct bpf_link *bpf_program__attach(const struct bpf_program *p)
{
	(void)p;
	fake.links_made++;
	return malloc(1);
}

int bpf_link__fd(const struct bpf_link *link)
{
	(void)link;
	return 0;
}

int bpf_link__destroy(struct bpf_link *link)
{
	fake.links_gone += link != NULL;
	free(link);
	return 0;
}

int bpf_iter_create(int link)
{
	(void)link;
	lseek(fake.to_read, 0, SEEK_SET);
	return dup(fake.to_read);
}

int bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *opts);

/* ---- a session's object --------------------------------------------------------------------- */

int libbpf_num_possible_cpus(void)
{
	return fake.cpus ? fake.cpus : 4;
}

libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn)
{
	return fn;
}

/* Of the last one. */
static struct rptrace_bpf__bss *fake_bss;
static struct rptrace_bpf__rodata *fake_rodata;

int bpf_object__open_skeleton(struct bpf_object_skeleton *s, const struct bpf_object_open_opts *o)
{
	(void)o;
	fake.n_maps = fake.n_programs = 0;
	for (int i = 0; i < s->map_cnt; i++) {
		struct bpf_map_skeleton *skel = (void *)((char *)s->maps +
							 (size_t)i * s->map_skel_sz);
		struct bpf_map *m = &fake.map[fake.n_maps++];

		memset(m, 0, sizeof(*m));
		m->name = skel->name;
		m->fd = fake_file();
		fake_sizes_of(m);
		*skel->map = m;
		/* Settings and variables; no section is larger. */
		if (skel->mmaped)
			*skel->mmaped = calloc(1, 4u << 20);
		if (skel->mmaped && strstr(skel->name, ".bss"))
			fake_bss = *skel->mmaped;
		if (skel->mmaped && strstr(skel->name, ".rodata"))
			fake_rodata = *skel->mmaped;
	}
	for (int i = 0; i < s->prog_cnt; i++) {
		struct bpf_prog_skeleton *skel = (void *)((char *)s->progs +
							  (size_t)i * s->prog_skel_sz);
		struct bpf_program *p = &fake.program[fake.n_programs++];

		*p = (struct bpf_program){.name = skel->name, .fd = 10000 + i, .autoload = true};
		*skel->prog = p;
	}
	return 0;
}

int bpf_object__load_skeleton(struct bpf_object_skeleton *s)
{
	(void)s;
	return fake.load_error;
}

int bpf_object__attach_skeleton(struct bpf_object_skeleton *s)
{
	(void)s;
	return 0;
}

void bpf_object__destroy_skeleton(struct bpf_object_skeleton *s)
{
	for (size_t i = 0; i < fake.n_maps; i++) {
		close(fake.map[i].fd);
		for (size_t k = 0; k < fake.map[i].n; k++) {
			free(fake.map[i].entry[k].key);
			free(fake.map[i].entry[k].value);
		}
		fake.map[i].n = 0;
	}
	fake_close_chunks();
	for (int i = 0; i < s->map_cnt; i++) {
		struct bpf_map_skeleton *skel = (void *)((char *)s->maps +
							 (size_t)i * s->map_skel_sz);

		if (skel->mmaped)
			free(*skel->mmaped);
	}
	free(s->maps);
	free(s->progs);
	free(s);
}

/* Find what a thread's use of the CPU is compared with, each time another one. */
int bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *opts)
{
	(void)fd, (void)opts;
	fake_bss->clock_ahead = fake.clock_ahead[fake.compared++ % 16];
	return 0;
}

struct btf *btf__load_vmlinux_btf(void)
{
	errno = ENOENT;
	return fake.has_btf ? (struct btf *)&fake : NULL;
}

void btf__free(struct btf *btf)
{
	(void)btf;
}

/* ---- rings ---------------------------------------------------------------------------------- */

struct ring_buffer {
	ring_buffer_sample_fn fn;
	void *ctx;
	int map;
	int event; /* never there: who wants to know empties it */
};

struct ring_buffer *ring_buffer__new(int map, ring_buffer_sample_fn fn, void *ctx,
				     const struct ring_buffer_opts *opts)
{
	struct ring_buffer *r = malloc(sizeof(*r));

	(void)opts;
	*r = (struct ring_buffer){
		.fn = fn, .ctx = ctx, .map = map, .event = eventfd(0, EFD_CLOEXEC)};
	return r;
}

void ring_buffer__free(struct ring_buffer *r)
{
	if (r)
		close(r->event);
	free(r);
}

int ring_buffer__epoll_fd(const struct ring_buffer *r)
{
	return r->event;
}

int ring_buffer__consume(struct ring_buffer *r)
{
	const void *record;
	size_t bytes;

	if (fake.on_drain && r->map == fake_map_named("events")->fd)
		fake.on_drain();
	for (size_t i = 0; i < fake.n_records; i++)
		r->fn(r->ctx, (void *)fake.records[i], fake.record_bytes[i]);
	while (fake.more && (record = fake.more(fake_map_of(r->map), &bytes)))
		r->fn(r->ctx, (void *)record, bytes);
	return (int)fake.n_records;
}

/* ---- a session ------------------------------------------------------------------------------ */

static inline struct rp_session_opts fake_opts(enum rp_attach_mode mode)
{
	return (struct rp_session_opts){
		.mode = mode,
		.max_depth = 64,
		.max_nodes = 4096,
		.max_labels = 100,
		.max_names = 200,
		.max_spans = 300,
	};
}

/* With the sizes of its maps that matter. */
static inline struct rp_session *fake_session(const struct rp_session_opts *opts)
{
	struct rp_err err = {0};
	struct rp_session *s = NULL;

	memset(&fake_linked, 0, sizeof(fake_linked));
	fake.inner_maps = 0;
	assert_int_equal(rp_session__new(opts, &s, &err), 0);
	return s;
}

#endif
