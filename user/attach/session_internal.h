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
	enum rp_attach_mode mode;
	uint32_t figure_shards, hist_shards;
	uint32_t max_nodes, max_names, max_texts;
	struct rp_arg args[RP_ARGS_MAX]; /* what the arg_specs map holds */
	uint32_t next_arg;
	uint32_t swaps; /* so far */
	struct rp_detacher detacher;

	const struct rp_node *nodes;
	const char *names;
	const struct rp_text *texts;
	uint32_t n_chunks;
	void *figures[RP_CHUNKS_MAX]; /* struct rp_figures, by shards */
	void *hists[RP_CHUNKS_MAX];   /* struct rp_hist */

	struct bpf_link *open_threads; /* made when it is first read */

	rp_record_fn on_record; /* while draining */
	void *on_record_ctx;
};

/* Under which the detacher knows the links of a site group's generation. */
static inline uint32_t rp_links__tag(uint32_t site_group, uint32_t generation)
{
	return site_group << 4 | generation;
}

/* Let the kernel tell CPU times of processes that end, as its clocks drift: now and then. */
void rp_session__compare_clocks(struct rp_session *s);

#endif
