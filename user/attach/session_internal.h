/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#ifndef RP_SESSION_INTERNAL_H
#define RP_SESSION_INTERNAL_H

#include <bpf/libbpf.h>

#include "attach/detach.h"
#include "attach/session.h"
#include "attach/uprobe_multi.h"
#include "rptrace.skel.h"

struct rp_session {
	struct rptrace_bpf *skel;
	struct ring_buffer *ring;
	struct ring_buffer *samples; /* NULL: there are none */
	enum rp_attach_mode mode;
	uint32_t figure_shards, hist_shards;
	uint32_t max_nodes; /* those of calibration, too */
	uint32_t max_names, max_texts, max_site_groups;
	struct rp_arg args[RP_ARGS_MAX]; /* what the arg_specs map holds */
	uint32_t next_arg;
	uint32_t swaps; /* so far */
	struct rp_detacher detacher;
	bool (*is_late)(void);
	pid_t own_process;		   /* that is tracked, for calibration; 0: none */
	uint8_t users[RP_SITE_GROUPS_MAX]; /* links that have the number of a site group */
	uint32_t last_site_group;	   /* number that was given last */

	const struct rp_node *nodes;
	const char *names;
	const struct rp_text *texts;
	uint32_t n_chunks;
	void *figures[RP_CHUNKS_MAX]; /* struct rp_figures, by shards */
	void *hists[RP_CHUNKS_MAX];   /* struct rp_hist */

	struct bpf_link *open_threads;	    /* made when it is first read */
	struct bpf_link *waking, *switches; /* NULL: wakers are not watched ... */
	uint64_t wakers_since;		    /* ... and when that began */

	rp_record_fn on_record, on_sample; /* while draining */
	void *on_record_ctx, *on_sample_ctx;

	struct ring_buffer *instances; /* NULL: they are not told */
	rp_record_fn on_instance;      /* the same of these */
	void *on_instance_ctx;
};

/* Probes of one site group in one generation (generation.c). */
struct rp_links {
	struct rp_session *session;
	uint32_t site_group;
	uint8_t generation;
	int *fds;
	size_t n;
};

/* instances.c: before and after the load. A negative errno. */
void rp_session__configure_instances(struct rp_session *s, const struct rp_session_opts *opts);
int rp_session__open_instances(struct rp_session *s);

/* By which the detacher knows them. */
uint32_t rp_links__tag(const struct rp_links *links);
/* -ENOSPC: all numbers are in use; -EBUSY: the generation is, as calls go on and on. */
int rp_links__take_number(struct rp_links *links, const struct rp_links *replaces);
/* The kernel begins to let go of them. */
void rp_links__detach(struct rp_links *links);

/* samples.c: before and after the load. -ENOMEM. */
void rp_session__configure_samples(struct rp_session *s, const struct rp_session_opts *opts);
int rp_session__open_samples(struct rp_session *s);

/* wakers.c: before the load, and at the end. */
void rp_session__configure_wakers(struct rp_session *s, const struct rp_session_opts *opts);
void rp_session__close_wakers(struct rp_session *s);

/* Let the kernel tell CPU times of processes that end, as its clocks drift: now and then. */
void rp_session__compare_clocks(struct rp_session *s);

/* Regions that are left out if they are named at run time. */
int rp_session__tell_excludes(const struct rp_session *s, const char *const *globs, uint32_t n);

#endif
