// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The region stacks of all threads, by an iterator that runs while it is read, and of goroutines.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/session_internal.h"

/* ---- threads ---------------------------------------------------------------------------- */

/* Room for the deepest stack, several times over. */
#define BUFFER_BYTES (128u << 10)

struct reading {
	rp_open_fn fn;
	void *ctx;
	char *buffer;
	size_t bytes; /* in it */
};

/* Hand over the stacks that are whole; what is left of the buffer moves to its begin. */
static int take_stacks(struct reading *r)
{
	size_t at = 0;
	int rc = 0;

	while (!rc && r->bytes - at >= sizeof(struct rp_open_stack)) {
		const struct rp_open_stack *stack = (const void *)(r->buffer + at);
		size_t all = sizeof(*stack) + stack->frames * sizeof(struct rp_open_frame);

		if (all > r->bytes - at)
			break;
		rc = r->fn(r->ctx, stack, (const void *)(stack + 1));
		at += all;
	}
	r->bytes -= at;
	memmove(r->buffer, r->buffer + at, r->bytes);
	return rc;
}

static int read_all(int fd, struct reading *r)
{
	ssize_t got;
	int rc;

	do {
		if (r->bytes == BUFFER_BYTES)
			return -EPROTO;
		got = read(fd, r->buffer + r->bytes, BUFFER_BYTES - r->bytes);
		/* EAGAIN: it has been through a million threads, and goes on from there. */
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		r->bytes += got > 0 ? (size_t)got : 0;
		rc = take_stacks(r);
		if (rc)
			return rc;
	} while (got);
	return r->bytes ? -EPROTO : 0;
}

static int read_threads(struct rp_session *s, rp_open_fn fn, void *ctx)
{
	struct reading r = {.fn = fn, .ctx = ctx};
	int fd, rc;

	if (!s->open_threads)
		s->open_threads = bpf_program__attach_iter(s->skel->progs.rp_open_threads, NULL);
	if (!s->open_threads)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(s->open_threads));
	if (fd < 0)
		return -errno;
	r.buffer = malloc(BUFFER_BYTES);
	rc = r.buffer ? read_all(fd, &r) : -ENOMEM;
	free(r.buffer);
	close(fd);
	return rc;
}

/* ---- goroutines ------------------------------------------------------------------------- */

struct goroutine_reading {
	const struct rptrace_bpf *skel;
	struct rp_frame frames[2][RP_FRAMES_MAX]; /* read one after the other */
	struct rp_open_frame open[RP_FRAMES_MAX];
};

/* Copy a stack, from its frame 1 on. Returns how many frames it has; 0 also when it has gone. */
static uint32_t copy_stack(const struct rptrace_bpf *skel, const struct rp_goroutine_key *key,
			   struct rp_frame *frames, uint32_t *serial)
{
	struct rp_segment_key segment = {.owner = key->goroutine, .segment = key->tgid << 32};
	int segments = bpf_map__fd(skel->maps.thread_segments);
	struct rp_thread stack;
	struct rp_stack_segment more;

	/* Threads that the kernel refused storage are there too: the iterator has shown them. */
	if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.goroutines), key, &stack) ||
	    !stack.goroutine)
		return 0;
	*serial = stack.serial;
	memcpy(frames, &stack.frames[1], sizeof(stack.frames) - sizeof(stack.frames[0]));
	for (uint32_t at = RP_SEGMENT_FRAMES; at <= stack.depth && at < RP_FRAMES_MAX;
	     at += RP_SEGMENT_FRAMES) {
		segment.segment++;
		if (bpf_map_lookup_elem(segments, &segment, &more))
			return at - 1;
		memcpy(&frames[at - 1], &more, sizeof(more));
	}
	return stack.depth < RP_FRAMES_MAX ? stack.depth : 0;
}

/*
 * The goroutine goes on meanwhile. What is the same in two copies was not being written: a frame is
 * written after the depth was lowered, and its start last.
 */
static int take_goroutine(struct goroutine_reading *r, const struct rp_goroutine_key *key,
			  rp_open_fn fn, void *ctx)
{
	struct rp_open_stack stack = {.goroutine = key->goroutine, .tgid = (uint32_t)key->tgid};
	uint32_t first = copy_stack(r->skel, key, r->frames[0], &stack.serial), second;

	if (!first)
		return 0;
	second = copy_stack(r->skel, key, r->frames[1], &stack.serial);
	stack.frames = first < second ? first : second;
	for (uint32_t i = 0; i < stack.frames; i++) {
		const struct rp_frame *a = &r->frames[0][i], *b = &r->frames[1][i];
		bool same = a->start == b->start && a->region == b->region && a->node == b->node;

		r->open[i] = (struct rp_open_frame){.start = same ? a->start : 0,
						    .node = a->node,
						    .region = a->region,
						    .flags = a->flags};
	}
	return stack.frames ? fn(ctx, &stack, r->open) : 0;
}

static int read_goroutines(const struct rptrace_bpf *skel, rp_open_fn fn, void *ctx)
{
	struct goroutine_reading *r = calloc(1, sizeof(*r));
	uint32_t left = bpf_map__max_entries(skel->maps.goroutines);
	int fd = bpf_map__fd(skel->maps.goroutines), rc = 0;
	struct rp_goroutine_key key, *last = NULL;

	if (!r)
		return -ENOMEM;
	r->skel = skel;
	/* A key that has gone begins it anew: no more than there can be. */
	while (!rc && left-- && !bpf_map_get_next_key(fd, last, &key)) {
		rc = take_goroutine(r, &key, fn, ctx);
		last = &key;
	}
	free(r);
	return rc;
}

int rp_session__open_stacks(struct rp_session *s, rp_open_fn fn, void *ctx)
{
	int rc;

	if (!bpf_program__autoload(s->skel->progs.rp_open_threads))
		return -ENOTSUP;
	rc = read_threads(s, fn, ctx);
	if (!rc && s->skel->bss->goroutines_used)
		rc = read_goroutines(s->skel, fn, ctx);
	return rc;
}
