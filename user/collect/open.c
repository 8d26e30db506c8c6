// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/collect.h"
#include "discover/proc.h"
#include "util/clock.h"

struct taking {
	struct rp_open_entries *out;
	size_t room;
	int rc;	      /* of the spans */
	uint32_t pid; /* whose name was looked up last */
	char comm[RP_COMM_LEN];
};

static int make_room(struct taking *t, size_t more)
{
	struct rp_open_entry *grown;

	if (t->room - t->out->n >= more)
		return 0;
	t->room = 2 * t->room + more;
	grown = reallocarray(t->out->item, t->room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	t->out->item = grown;
	return 0;
}

/* Where the kernel does not tell the name of a thread, that of the process. */
static void set_comm(struct taking *t, struct rp_open_entry *entry)
{
	if (t->pid != entry->pid &&
	    rp_proc__comm("/proc", (pid_t)entry->pid, t->comm, sizeof(t->comm)))
		t->comm[0] = '\0';
	t->pid = entry->pid;
	memcpy(entry->comm, t->comm, sizeof(entry->comm));
}

/* Frames that were left meanwhile, and those of the calibration, are left out. */
static int take_stack(void *ctx, const struct rp_open_stack *stack,
		      const struct rp_open_frame *frames)
{
	struct taking *t = ctx;
	struct rp_open_entry entry = {
		.pid = stack->tgid, .tid = stack->tid, .goroutine = stack->goroutine};
	int rc = make_room(t, stack->frames);

	if (rc)
		return rc;
	memcpy(entry.comm, stack->comm, sizeof(entry.comm));
	if (!stack->tid)
		set_comm(t, &entry);
	for (uint32_t i = 0; i < stack->frames; i++) {
		entry.start = frames[i].start;
		entry.node = frames[i].node;
		entry.region = frames[i].region & RP_REGION_MASK;
		entry.depth = i + 1;
		if (entry.start &&
		    (entry.region < RP_REGION_CALIBRATE || entry.region >= RP_REGION_DYNAMIC))
			t->out->item[t->out->n++] = entry;
	}
	return 0;
}

static void take_span(void *ctx, const struct rp_span *span)
{
	struct taking *t = ctx;
	struct rp_open_entry entry = {.start = span->start,
				      .node = span->node,
				      .region = span->key.region,
				      .pid = span->key.tgid,
				      .tid = span->tid,
				      .span = span->key.id};

	if (!t->rc)
		t->rc = make_room(t, 1);
	if (t->rc)
		return;
	set_comm(t, &entry);
	t->out->item[t->out->n++] = entry;
}

int rp_collect_open(struct rp_session *session, const struct rp_plan *plan,
		    struct rp_open_entries *out)
{
	struct taking taking = {.out = out};
	int rc;

	*out = (struct rp_open_entries){0};
	rc = rp_session__open_stacks(session, take_stack, &taking);
	if (!rc)
		rc = rp_session__open_spans(session, take_span, &taking);
	if (!rc)
		rc = taking.rc;
	out->time = rp_clock__now();
	/* After the frames, which have none that were not made by now. */
	out->n_nodes = rp_session__nodes_used(session);
	out->nodes = rp_session__node(session, 0);
	out->regions = rp_plan__regions(plan, &out->n_regions);
	out->n_names = rp_session__names_used(session);
	out->names = rp_session__name(session, 0);
	out->texts = rp_session__texts(session, &out->n_texts);
	return rc;
}

void rp_open_entries__free(struct rp_open_entries *entries)
{
	free(entries->item);
	entries->item = NULL;
	entries->n = 0;
}
