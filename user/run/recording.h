/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A run that is recorded: the file, and the thread that empties the kernel's ring of instances into
 * it. That thread does all the writing, so that a slow disk holds up nobody else: the ring fills
 * up, and what finds no room is counted.
 */
#ifndef RP_RECORDING_H
#define RP_RECORDING_H

#include "aggregate/sample_store.h"
#include "attach/session.h"
#include "plan/plan.h"
#include "record/sink.h"
#include "util/error.h"

struct rp_recording;

struct rp_recording_opts {
	const char *path;
	const char *stream;   /* file of a Chrome trace that grows as it is recorded; NULL: none */
	uint64_t slower_than; /* ns: only trees whose root took so long; 0: all */
	uint64_t max_bytes;   /* of the file, or a little more; 0: no limit */
	unsigned keep;	      /* then it goes on in another one, and so many are kept; 0: it ends */
	/*
	 * ns: so much is kept in memory, and written at the end, when it is asked for, and when a
	 * tree is slower than that: but then not again for as long. 0: all is written.
	 */
	uint64_t last;
};

/* Create the file. */
int rp_recording__new(const struct rp_recording_opts *opts, struct rp_recording **out,
		      struct rp_err *err);
/* Waits for the thread, but not forever: see rp_recording__finish. */
void rp_recording__free(struct rp_recording *recording);

/* Learn the names of the plan's regions as they are added. */
void rp_recording__follow(struct rp_recording *recording, struct rp_plan *plan);

/* From now on also records the samples of that store. -ENOMEM. */
int rp_recording__add_samples(struct rp_recording *recording, struct rp_sample_store *store);

/* Begin: the session was made for it, and must not be freed before the recording. */
int rp_recording__start(struct rp_recording *recording, struct rp_session *session,
			const struct rp_event_run *run, struct rp_err *err);

/* How far it is. */
struct rp_recording_figures {
	uint64_t instances, samples, bytes;
	int rc; /* not 0: it has ended, as one of its files cannot be written: */
	const char *failed;
	bool full; /* it has ended, as the file is as large as it may be */
};
struct rp_recording_figures rp_recording__figures(const struct rp_recording *recording);

/*
 * Write what is kept of the last so many seconds, soon. unless_new: not where that was done
 * less than as long ago.
 */
void rp_recording__dump(struct rp_recording *recording, bool unless_new);

/*
 * Numbers of the files that have it: of a flight recorder of the last one that was written, at any
 * time; else once it has ended. last is 0 where there is none so far.
 */
struct rp_recording_files {
	unsigned first, last;
};
struct rp_recording_files rp_recording__written(const struct rp_recording *recording);

/* The path of a file by its number, from 1 on. buf: PATH_MAX bytes. Returns buf. */
const char *rp_recording__path(const struct rp_recording *recording, unsigned number, char *buf);

/* What the thread writes last. */
struct rp_recording_end {
	struct rp_event_run run; /* as it is known now */
	const struct rp_counts *counts;
	uint64_t cpu; /* CPU time of the target, ns */
	const struct rp_open_entries *open;
};

/*
 * Write what is left, and close the file. 0, or with err an errno of writing; -ETIMEDOUT: the file
 * system does not answer, and the thread is left to itself.
 */
int rp_recording__finish(struct rp_recording *recording, const struct rp_recording_end *end,
			 struct rp_err *err);

#endif
