/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A run that is recorded: the file, and the thread that empties the kernel's ring of instances into
 * it. That thread does all the writing, so that a slow disk holds up nobody else: the ring fills
 * up, and what finds no room is counted.
 */
#ifndef RP_RECORDING_H
#define RP_RECORDING_H

#include "attach/session.h"
#include "plan/plan.h"
#include "record/sink.h"
#include "util/error.h"

struct rp_recording;

/* Create the file. */
int rp_recording__new(const char *path, struct rp_recording **out, struct rp_err *err);
/* Waits for the thread, but not forever: see rp_recording__finish. */
void rp_recording__free(struct rp_recording *recording);

/* Learn the names of the plan's regions as they are added. */
void rp_recording__follow(struct rp_recording *recording, struct rp_plan *plan);

/* Begin: the session was made for it, and must not be freed before the recording. */
int rp_recording__start(struct rp_recording *recording, struct rp_session *session,
			const struct rp_event_run *run, struct rp_err *err);

/* How far it is. */
struct rp_recording_figures {
	uint64_t instances, bytes;
	int rc; /* not 0: it has ended, as the file cannot be written */
};
struct rp_recording_figures rp_recording__figures(const struct rp_recording *recording);

/* What the thread writes last. */
struct rp_recording_end {
	struct rp_event_run run; /* as it is known now */
	const struct rp_counts *counts;
	const struct rp_open_entries *open;
};

/*
 * Write what is left, and close the file. 0, or with err an errno of writing; -ETIMEDOUT: the file
 * system does not answer, and the thread is left to itself.
 */
int rp_recording__finish(struct rp_recording *recording, const struct rp_recording_end *end,
			 struct rp_err *err);

#endif
