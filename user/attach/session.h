/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The BPF programs of one run: open -> configure -> load -> attach -> activate. The only place,
 * with links.c, that knows libbpf. Nothing is measured before rp_session__activate.
 */
#ifndef RP_SESSION_H
#define RP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach/features.h"
#include "attach/links.h"
#include "attach/unwind_maps.h"
#include "plan/plan.h"
#include "rp_abi.h"
#include "rp_hist.h"
#include "util/error.h"
#include "util/probe_cost.h"

struct rp_session_opts {
	enum rp_attach_mode mode;
	enum rp_group group;
	bool follow;		      /* children of tracked processes */
	uint32_t pid_namespace;	      /* rptrace's own, by inode; 0: the outermost */
	bool track_all;		      /* every process that enters a region, but rptrace itself */
	uint32_t max_depth;	      /* frames a thread, under RP_FRAMES_MAX */
	uint32_t max_nodes;	      /* paths, up to RP_NODES_MAX */
	uint32_t max_labels;	      /* labelled paths before labels share one */
	bool text_labels;	      /* labels may be strings */
	bool label_returned;	      /* labels of functions are what they return */
	uint32_t max_names;	      /* run-time names */
	uint32_t max_spans;	      /* open at a time */
	bool shares;		      /* no process takes all of these (rp_shares.h) */
	uint32_t max_site_groups;     /* attached or being detached; 0: RP_SITE_GROUPS_MAX */
	uint64_t min_duration;	      /* ns */
	const struct rp_where *where; /* NULL: all calls */
	bool text_lengths;	      /* strings may have a length */
	const struct rp_pattern *within; /* regions inside of which all counts; NULL: anywhere */
	const char *const *excludes;	 /* globs of regions that are left out, if named at ... */
	uint32_t n_excludes;		 /* ... run time; the plan leaves out all others */
	bool open_stacks;		 /* rp_session__open_stacks() will be called */
	bool map_events;		 /* tell of mappings, where the kernel can */
	bool links_change;		 /* links will replace others */
	bool spans;			 /* sites may be those of spans */
	bool samples;			 /* rp_session__sample_program() will be used */
	/* Where threads sleep in regions is told: so many a second on each CPU; 0: it is not ... */
	uint32_t sleeps;
	bool kernel_frames; /* ... with the kernel's part of their stacks */
	/*
	 * Pairs of a path that sleeps and who wakes it; 0: rp_session__watch_wakers() is not used.
	 */
	uint32_t max_wakers;
	bool verbose; /* libbpf's own messages on stderr */
	/* Of the ring of instances, 2^n pages; 0: none are told. */
	uint32_t record_bytes;
	uint32_t record_every; /* one tree in so many; 0: all */
	/* At the end: whether to leave to themselves workers that detach nothing; NULL: never. */
	bool (*is_late)(void);
};

struct rp_session;

/* Open, configure and load. -EPERM, -ENOTSUP and others with cause and cure. */
int rp_session__new(const struct rp_session_opts *opts, struct rp_session **out,
		    struct rp_err *err);
/* Detach and release everything. */
void rp_session__free(struct rp_session *session);

/* How it attaches: session, multi or perf. */
enum rp_attach_mode rp_session__mode(const struct rp_session *session);

/* Count a process in, or out again, from its next probe hit on. */
int rp_session__track(struct rp_session *session, pid_t pid);
/* A child of rptrace's own, the only one. */
int rp_session__track_own(struct rp_session *session, pid_t pid);
void rp_session__untrack(struct rp_session *session, pid_t pid);

/* Those that are tracked for others than rptrace, some of them twice. false: not all, as too many
 * end at the same time. */
bool rp_session__tracked(const struct rp_session *session, void (*fn)(void *ctx, pid_t pid),
			 void *ctx);

/* A RP_EVENT_MAP of the process was looked at; the next mapping tells again. */
void rp_session__map_seen(struct rp_session *session, pid_t pid);

/* Start to measure. */
void rp_session__activate(struct rp_session *session);
/* Stop to measure; probes stay in place. */
void rp_session__deactivate(struct rp_session *session);

/* Regions may have come back: what ends without having begun from now on had begun before. */
void rp_session__added(struct rp_session *session);

/* ---- links: probes at sites of one file ----------------------------------------------------- */

/*
 * Probe sites. Those that the kernel refuses are left out: refused[i] is set to the positive errno.
 * Nothing counts until the links are started, or swapped for those that they replace.
 */
int rp_links__new(struct rp_session *session, const struct rp_links_req *req, int *refused,
		  struct rp_links **out, struct rp_err *err);

/*
 * Count from now on: call it when all links of a file are there. Before that, the ends of a region
 * may be probed when its begins are not. What ends without a begin shortly after had begun before.
 * Nothing happens to links that count already.
 */
void rp_links__start(struct rp_links *links);

/* Nothing counts from now on; then the probes are taken out one by one, behind the scenes. */
void rp_links__free(struct rp_links *links);

/* A negative errno: nothing was swapped. */
int rp_session__swap_generation(struct rp_session *session, const struct rp_generation_swap *swap);
/* The kernel begins to let go of the old links; until it has, calls may still be seen by them. */
void rp_session__detach_old_generation(struct rp_session *session,
				       const struct rp_generation_swap *swap);
bool rp_session__detaches_old_generation(struct rp_session *session,
					 const struct rp_generation_swap *swap);
void rp_session__end_swap(struct rp_session *session, const struct rp_generation_swap *swap);

/* Now and then: forget links that are detached. */
void rp_session__reap(struct rp_session *session);
/* Are links still being closed? */
bool rp_session__is_detaching(struct rp_session *session);

/* Are frames of any of these regions open now? */
bool rp_session__any_open(const struct rp_session *session, const uint32_t *regions, size_t n);

/* Hang what threads do from now on under other roots; figures so far stay under theirs. */
void rp_session__set_group(struct rp_session *session, enum rp_group group);

/* ---- events: what happens to tracked processes ---------------------------------------------- */

int rp_session__event_fd(const struct rp_session *session);
/* A record of the ring buffer, as it is there: user/collect/decode.h tells what it is. */
typedef void (*rp_record_fn)(void *ctx, const void *data, size_t size);
/* Hand over all records that are there. Grows the node figures when they run short. */
int rp_session__drain(struct rp_session *session, rp_record_fn fn, void *ctx);

/* ---- samples and sleeps: of a session that was made for them --------------------------------- */

/* Descriptor of the program that perf events of tracked threads are to run. */
int rp_session__sample_program(const struct rp_session *session);
/* The kernel's maps of unwind tables. */
struct rp_unwind_maps rp_session__unwind_maps(const struct rp_session *session);
/* Some threads may have two events: what comes too early is left out from now on. */
void rp_session__samples_may_double(struct rp_session *session);
/* Can be read when many wait to be drained; they are to be drained now and then anyway. */
int rp_session__sample_fd(const struct rp_session *session);
/* Hand over all that are there, as struct rp_sample. 0 or a negative errno. */
int rp_session__drain_samples(struct rp_session *session, rp_record_fn fn, void *ctx);

/* ---- wakers: of a session that was made for them --------------------------------------------- */

/* From now on, who ends the sleep of threads in regions is counted. 0 or a negative errno. */
int rp_session__watch_wakers(struct rp_session *session);
/* ns, CLOCK_MONOTONIC, when that began; 0: it has not. */
uint64_t rp_session__wakers_since(const struct rp_session *session);
/* Calls fn for each pair of a path that sleeps and who wakes it. 0 or a negative errno. */
int rp_session__wakers(const struct rp_session *session,
		       void (*fn)(void *ctx, const struct rp_waker_key *key,
				  const struct rp_waker_figures *figures),
		       void *ctx);

/*
 * Hand over all instances that are there, which are told where the session was made for it: each is
 * a struct rp_instance or rp_thread_info. May be called by another thread than the rest.
 */
int rp_session__drain_instances(struct rp_session *session, rp_record_fn fn, void *ctx);

/* ---- reading: the kernel's memory, mapped ---------------------------------------------------- */

uint32_t rp_session__nodes_used(const struct rp_session *session); /* ids 1 to this */
const struct rp_node *rp_session__node(const struct rp_session *session, uint32_t id);
/* Figures and histograms of a node, one a shard; NULL: none yet. */
const struct rp_figures *rp_session__figures(const struct rp_session *session, uint32_t id,
					     uint32_t *shards);
const struct rp_hist *rp_session__hist(const struct rp_session *session, uint32_t id,
				       uint32_t *shards);
uint32_t rp_session__names_used(const struct rp_session *session);
const char *rp_session__name(const struct rp_session *session,
			     uint32_t index); /* RP_NAME_LEN bytes */
/* Labels that are strings: label RP_TEXT_FIRST + i is the ith. */
const struct rp_text *rp_session__texts(const struct rp_session *session, size_t *n);
uint64_t rp_session__lost(const struct rp_session *session, enum rp_lost reason);
/* ns that the processes of RP_LOST_LATE ran without their probes, as far as that is known. */
uint64_t rp_session__late_ns(const struct rp_session *session);
/* More of them, or less, as it turns out. */
void rp_session__add_late_ns(struct rp_session *session, int64_t ns);
/* Add to a reason that user space finds (RP_LOST_LATE). */
void rp_session__count_lost(struct rp_session *session, enum rp_lost reason);
/* Calls fn once a region that has any. */
void rp_session__stray_hits(const struct rp_session *session,
			    void (*fn)(void *ctx, uint32_t region,
				       const struct rp_stray_hits *stray),
			    void *ctx);

/* The same of those whose calls overlap. */
void rp_session__overlaps(const struct rp_session *session,
			  void (*fn)(void *ctx, uint32_t region, const struct rp_overlap *overlap),
			  void *ctx);

/*
 * Calls fn for every span that is open, in no order; what begins or ends meanwhile may be left out.
 * 0 or a negative errno.
 */
int rp_session__open_spans(const struct rp_session *session,
			   void (*fn)(void *ctx, const struct rp_span *span), void *ctx);

/* ---- reading: what is open ------------------------------------------------------------------- */

typedef int (*rp_open_fn)(void *ctx, const struct rp_open_stack *stack,
			  const struct rp_open_frame *frames);
/*
 * Hand over every region stack that is not empty, those of rptrace's own calibration included. Ends
 * with what fn returns if that is not 0. -ENOTSUP: the session was not made for it.
 */
int rp_session__open_stacks(struct rp_session *session, rp_open_fn fn, void *ctx);

#endif
