// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/internal.h"
#include "discover/proc.h"
#include "util/array.h"
#include "util/clock.h"

struct reading {
	struct rp_open_entries *out;
	size_t room;
	int rc;	      /* of the spans */
	uint32_t pid; /* whose name was looked up last */
	char comm[RP_COMM_LEN];
};

static int make_room(struct reading *r, size_t more)
{
	if (r->room - r->out->n >= more)
		return 0;
	r->room = 2 * r->room + more;
	return rp_array__fit(&r->out->item, r->room, sizeof(*r->out->item));
}

/* Where the kernel does not tell the name of a thread, that of the process. */
static void set_comm(struct reading *r, struct rp_open_entry *entry)
{
	if (r->pid != entry->pid &&
	    rp_proc__comm("/proc", (pid_t)entry->pid, r->comm, sizeof(r->comm)))
		r->comm[0] = '\0';
	r->pid = entry->pid;
	memcpy(entry->comm, r->comm, sizeof(entry->comm));
}

/* But frames that were left meanwhile, those of the calibration, and what --where rules out. */
static int take_stack(void *ctx, const struct rp_open_stack *stack,
		      const struct rp_open_frame *frames)
{
	struct reading *r = ctx;
	struct rp_open_entry entry = {.pid = stack->tgid,
				      .tid = stack->tid,
				      .goroutine = stack->goroutine,
				      .serial = stack->serial};
	int rc = make_room(r, stack->frames);

	if (rc)
		return rc;
	memcpy(entry.comm, stack->comm, sizeof(entry.comm));
	if (!stack->tid)
		set_comm(r, &entry);
	for (uint32_t i = 0; i < stack->frames; i++) {
		entry.start = frames[i].start;
		entry.node = frames[i].node;
		entry.region = frames[i].region & RP_REGION_MASK;
		entry.depth = i + 1;
		entry.unsampled = frames[i].flags & RP_FRAME_UNSAMPLED;
		if (entry.start && !rp_region_is_own(entry.region) &&
		    !(frames[i].flags & RP_FRAME_LEFT_OUT))
			r->out->item[r->out->n++] = entry;
	}
	return 0;
}

static void take_span(void *ctx, const struct rp_span *span)
{
	struct reading *r = ctx;
	struct rp_open_entry entry = {.start = span->start,
				      .node = span->node,
				      .region = span->key.region,
				      .pid = span->key.tgid,
				      .tid = span->tid,
				      .serial = span->begun_by,
				      .unsampled = span->unsampled,
				      .span = span->key.id};

	if (span->node == RP_SPAN_OUTSIDE)
		return;
	if (!r->rc)
		r->rc = make_room(r, 1);
	if (r->rc)
		return;
	set_comm(r, &entry);
	r->out->item[r->out->n++] = entry;
}

/* The meaning of ids is read after the frames: these have none that is newer. */
static int read_meanings(const struct rp_collect *from, struct rp_open_entries *out)
{
	size_t n = rp_session__nodes_used(from->session);

	out->nodes = calloc(n + 1, sizeof(*out->nodes));
	if (!out->nodes)
		return -ENOMEM;
	memcpy(out->nodes, rp_session__node(from->session, 0), (n + 1) * sizeof(*out->nodes));
	out->n_nodes = n;
	return rp_collect__names(from, &out->names);
}

int rp_collect__open_frames(void *ctx, struct rp_open_entries *out)
{
	const struct rp_collect *from = ctx;
	struct reading r = {.out = out};
	int rc;

	*out = (struct rp_open_entries){0};
	rc = rp_session__open_stacks(from->session, take_stack, &r);
	if (!rc)
		rc = rp_session__open_spans(from->session, take_span, &r);
	if (!rc)
		rc = r.rc;
	out->time = rp_clock__now();
	return rc ? rc : read_meanings(from, out);
}
