// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Site groups of sites that are replaced while they are measured. */
#include <bpf/bpf.h>

#include "attach/session_internal.h"

/* Note that a site group is without regions, or forget it. */
static int note_left_out(struct rp_session *s, const struct rp_generation_swap *swap, bool left_out)
{
	int fd = bpf_map__fd(s->skel->maps.left_out), rc = 0;

	for (size_t i = 0; i < swap->n_left_out && !rc; i++) {
		uint64_t key = (uint64_t)swap->site_group << 32 | swap->left_out[i];
		uint8_t none = 0;

		if (left_out)
			rc = bpf_map_update_elem(fd, &key, &none, BPF_ANY);
		else
			bpf_map_delete_elem(fd, &key);
	}
	return rc;
}

static void set_state(struct rp_session *s, uint32_t site_group, uint32_t state)
{
	__atomic_store_n(&s->skel->bss->site_group_state[site_group], (uint16_t)state,
			 __ATOMIC_SEQ_CST);
}

static void count_swap(struct rp_session *s, uint32_t more)
{
	__atomic_fetch_add(&s->skel->bss->swaps_under_way, more, __ATOMIC_SEQ_CST);
}

void rp_session__start_site_group(struct rp_session *s, uint32_t site_group, uint8_t generation)
{
	if (!s->skel->bss->site_group_state[site_group])
		set_state(s, site_group, generation);
}

int rp_session__swap_generation(struct rp_session *s, const struct rp_generation_swap *swap)
{
	int rc = note_left_out(s, swap, true);

	if (rc) {
		note_left_out(s, swap, false);
		return rc;
	}
	s->skel->bss->blocks_left_out = true;
	count_swap(s, 1);
	s->swaps++;
	set_state(s, swap->site_group,
		  swap->generation | RP_GENERATION_SWAPPING | s->swaps << RP_GENERATION_SWAP_SHIFT);
	return 0;
}

void rp_session__end_swap(struct rp_session *s, const struct rp_generation_swap *swap)
{
	set_state(s, swap->site_group, swap->generation);
	count_swap(s, -1u);
	note_left_out(s, swap, false);
}

void rp_session__reap(struct rp_session *s)
{
	rp_detacher__reap(&s->detacher);
}

bool rp_session__detaches_old_generation(struct rp_session *s,
					 const struct rp_generation_swap *swap)
{
	uint32_t before = (swap->generation - 1) & RP_GENERATION_MASK;

	return rp_detacher__has(&s->detacher, rp_links__tag(swap->site_group, before));
}

static bool is_among(uint32_t region, const uint32_t *regions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (regions[i] == region)
			return true;
	return false;
}

bool rp_session__any_open(const struct rp_session *s, const uint32_t *regions, size_t n)
{
	for (uint32_t id = 1; id <= rp_session__nodes_used(s); id++) {
		uint32_t shards;
		const struct rp_figures *f = rp_session__figures(s, id, &shards);
		uint64_t open = 0;

		for (uint32_t i = 0; f && i < shards; i++)
			open += f[i].entries - f[i].count - f[i].unwound - f[i].skipped;
		if (open && is_among(rp_session__node(s, id)->region, regions, n))
			return true;
	}
	return false;
}
