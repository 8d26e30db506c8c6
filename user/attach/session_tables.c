// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is read from the kernel's hash tables, which cannot be mapped. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "attach/session_internal.h"

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

#define SPANS_AT_ONCE 1024u

int rp_session__open_spans(const struct rp_session *s,
			   void (*fn)(void *ctx, const struct rp_span *span), void *ctx)
{
	struct rp_span_key *keys = calloc(SPANS_AT_ONCE, sizeof(*keys));
	struct rp_span *spans = calloc(SPANS_AT_ONCE, sizeof(*spans));
	int fd = bpf_map__fd(s->skel->maps.spans), rc = keys && spans ? 0 : -ENOMEM;
	uint32_t next, *from = NULL, n;

	while (!rc) {
		n = SPANS_AT_ONCE;
		rc = bpf_map_lookup_batch(fd, from, &next, keys, spans, &n, NULL);
		for (uint32_t i = 0; i < n && (!rc || rc == -ENOENT); i++)
			fn(ctx, &spans[i]);
		from = &next;
	}
	free(keys);
	free(spans);
	return rc == -ENOENT ? 0 : rc;
}
