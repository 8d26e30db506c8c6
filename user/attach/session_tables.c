// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is read from the kernel's hash tables, which cannot be mapped. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "attach/session_internal.h"
#include "plan/pattern.h"

void rp_session__stray_hits(const struct rp_session *s,
			    void (*fn)(void *ctx, uint32_t region,
				       const struct rp_stray_hits *stray),
			    void *ctx)
{
	int fd = bpf_map__fd(s->skel->maps.stray_hits);
	struct rp_stray_hits stray;
	uint32_t key, *last = NULL;

	while (!bpf_map_get_next_key(fd, last, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &stray))
			fn(ctx, key, &stray);
		last = &key;
	}
}

void rp_session__overlaps(const struct rp_session *s,
			  void (*fn)(void *ctx, uint32_t region, const struct rp_overlap *overlap),
			  void *ctx)
{
	int fd = bpf_map__fd(s->skel->maps.overlaps);
	struct rp_overlap overlap;
	uint32_t key, *last = NULL;

	while (!bpf_map_get_next_key(fd, last, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &overlap))
			fn(ctx, key, &overlap);
		last = &key;
	}
}

/* Where the last one has ended meanwhile the kernel begins anew. */
bool rp_session__tracked(const struct rp_session *s, void (*fn)(void *ctx, pid_t pid), void *ctx)
{
	uint32_t left = 2 * bpf_map__max_entries(s->skel->maps.tracked), key, *last = NULL;
	int fd = bpf_map__fd(s->skel->maps.tracked);

	for (; left && !bpf_map_get_next_key(fd, last, &key); left--) {
		if ((pid_t)key != s->own_process)
			fn(ctx, key);
		last = &key;
	}
	return left;
}

/* A glob that is no pattern is longer than any name, and stays one that nothing matches. */
int rp_session__tell_excludes(const struct rp_session *s, const char *const *globs, uint32_t n)
{
	int fd = bpf_map__fd(s->skel->maps.excludes), rc = 0;
	struct rp_pattern pattern;

	for (uint32_t i = 0; !rc && i < n; i++)
		if (!rp_pattern__of_glob(globs[i], &pattern))
			rc = bpf_map_update_elem(fd, &i, &pattern, BPF_ANY);
	return rc;
}

#define AT_ONCE 1024u

typedef void (*entry_fn)(void *ctx, const void *key, const void *value);

/* Hand over all entries, in no order; what comes or goes meanwhile may be left out. */
static int for_each_entry(const struct bpf_map *map, entry_fn fn, void *ctx)
{
	size_t key_size = bpf_map__key_size(map), value_size = bpf_map__value_size(map);
	char *keys = calloc(AT_ONCE, key_size), *values = calloc(AT_ONCE, value_size);
	int fd = bpf_map__fd(map), rc = keys && values ? 0 : -ENOMEM;
	uint32_t next, *from = NULL, n;

	while (!rc) {
		n = AT_ONCE;
		rc = bpf_map_lookup_batch(fd, from, &next, keys, values, &n, NULL);
		for (uint32_t i = 0; i < n && (!rc || rc == -ENOENT); i++)
			fn(ctx, keys + i * key_size, values + i * value_size);
		from = &next;
	}
	free(keys);
	free(values);
	return rc == -ENOENT ? 0 : rc;
}

struct span_reading {
	void (*fn)(void *ctx, const struct rp_span *span);
	void *ctx;
};

static void take_span(void *ctx, const void *key, const void *span)
{
	const struct span_reading *r = ctx;

	(void)key;
	r->fn(r->ctx, span);
}

int rp_session__open_spans(const struct rp_session *s,
			   void (*fn)(void *ctx, const struct rp_span *span), void *ctx)
{
	struct span_reading r = {.fn = fn, .ctx = ctx};

	return for_each_entry(s->skel->maps.spans, take_span, &r);
}

struct waker_reading {
	void (*fn)(void *ctx, const struct rp_waker_key *key,
		   const struct rp_waker_figures *figures);
	void *ctx;
};

static void take_waker(void *ctx, const void *key, const void *figures)
{
	const struct waker_reading *r = ctx;

	r->fn(r->ctx, key, figures);
}

int rp_session__wakers(const struct rp_session *s,
		       void (*fn)(void *ctx, const struct rp_waker_key *key,
				  const struct rp_waker_figures *figures),
		       void *ctx)
{
	struct waker_reading r = {.fn = fn, .ctx = ctx};

	return s->wakers_since ? for_each_entry(s->skel->maps.wakers, take_waker, &r) : 0;
}
