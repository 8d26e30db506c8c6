// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Site groups: which links count, and since when.
 *
 * Creating links takes milliseconds, and so does closing them, while the kernel adds or removes
 * breakpoints one by one. If each counted on its own, calls would be seen to end but not to begin.
 * So links count by the state of their site group, a number in each attach cookie that the programs
 * look up at every hit: 0, nothing counts; else the generation of the links that count.
 *
 *   start   all links are there: the state becomes their generation
 *   stop    the state becomes 0, then the links are closed
 *
 * Generation swap. To take some regions out of a group, links for the rest are created beside the
 * old ones, with the next generation, and the state is set to that: from one instant to the next
 * the new links count. For as long as calls go on that only the old links see end,
 * RP_GENERATION_SWAPPING lets the exits of these count, too (site_counts_in_swap in the programs).
 *
 * Numbers are used again, as programs come and go for as long as rptrace runs. A hit may be under
 * way, on another CPU, in a program of links that are closed meanwhile; the kernel waits for such
 * hits before close(2) returns to the detacher's worker. So a number is free when no links have it
 * and no worker closes any that had it. Numbers are given in turn: the one freed last comes last.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "attach/session_internal.h"
#include "util/clock.h"

#define GENERATION_BITS 4

static uint32_t tag_of(uint32_t site_group, uint32_t generation)
{
	return site_group << GENERATION_BITS | generation;
}

uint32_t rp_links__tag(const struct rp_links *links)
{
	return tag_of(links->site_group, links->generation);
}

static uint32_t state_of(const struct rp_session *s, uint32_t site_group)
{
	return __atomic_load_n(&s->skel->bss->site_group_state[site_group], __ATOMIC_SEQ_CST);
}

static void set_state(struct rp_session *s, uint32_t site_group, uint32_t state)
{
	__atomic_store_n(&s->skel->bss->site_group_state[site_group], (uint16_t)state,
			 __ATOMIC_SEQ_CST);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static bool is_free(struct rp_session *s, uint32_t site_group)
{
	return !s->users[site_group] &&
	       !rp_detacher__has(&s->detacher, tag_of(site_group, 0), ~RP_GENERATION_MASK);
}

int rp_links__take_number(struct rp_links *links, const struct rp_links *replaces)
{
	struct rp_session *s = links->session;

	if (replaces) {
		links->site_group = replaces->site_group;
		links->generation = RP_GENERATION_NEXT(replaces->generation);
		if (rp_detacher__has(&s->detacher, rp_links__tag(links), ~0u))
			return -EBUSY;
		s->users[links->site_group]++;
		return 0;
	}
	rp_detacher__reap(&s->detacher);
	for (uint32_t i = 1; i <= s->max_site_groups; i++) {
		uint32_t site_group = (s->last_site_group + i) % s->max_site_groups;

		if (!is_free(s, site_group))
			continue;
		s->last_site_group = links->site_group = site_group;
		links->generation = RP_GENERATION_FIRST;
		s->users[site_group]++;
		return 0;
	}
	return -ENOSPC;
}

static void release_number(struct rp_links *links)
{
	links->session->users[links->site_group]--;
}

/* ---- start and stop -------------------------------------------------------------------------- */

void rp_links__start(struct rp_links *links)
{
	if (state_of(links->session, links->site_group))
		return; /* it counts already */
	links->session->skel->bss->site_group_start[links->site_group] = rp_clock__now();
	set_state(links->session, links->site_group, links->generation);
}

void rp_links__free(struct rp_links *links)
{
	if (!links)
		return;
	if ((state_of(links->session, links->site_group) & RP_GENERATION_MASK) == links->generation)
		set_state(links->session, links->site_group, 0);
	rp_links__detach(links);
	release_number(links);
	free(links);
}

/* ---- generation swap ------------------------------------------------------------------------- */

/* Note which regions the new links lack, or forget it. */
static int note_left_out(struct rp_session *s, uint32_t site_group,
			 const struct rp_generation_swap *swap, bool left_out)
{
	int fd = bpf_map__fd(s->skel->maps.left_out), rc = 0;

	for (size_t i = 0; i < swap->n_left_out && !rc; i++) {
		uint64_t key = (uint64_t)site_group << 32 | swap->left_out[i];
		uint8_t none = 0;

		if (left_out)
			rc = bpf_map_update_elem(fd, &key, &none, BPF_ANY);
		else
			bpf_map_delete_elem(fd, &key);
	}
	return rc;
}

static void forget_left_out(struct rp_session *s, const struct rp_generation_swap *swap)
{
	for (size_t i = 0; i < swap->n; i++)
		note_left_out(s, swap->old[i]->site_group, swap, false);
}

static void count_swap(struct rp_session *s, uint32_t more)
{
	__atomic_fetch_add(&s->skel->bss->swaps_under_way, more, __ATOMIC_SEQ_CST);
}

int rp_session__swap_generation(struct rp_session *s, const struct rp_generation_swap *swap)
{
	int rc = 0;

	for (size_t i = 0; i < swap->n && !rc; i++)
		rc = note_left_out(s, swap->old[i]->site_group, swap, true);
	if (rc) {
		forget_left_out(s, swap);
		return rc;
	}
	s->skel->bss->blocks_left_out = true;
	count_swap(s, 1);
	s->swaps++;
	for (size_t i = 0; i < swap->n; i++)
		set_state(s, swap->old[i]->site_group,
			  RP_GENERATION_NEXT(swap->old[i]->generation) | RP_GENERATION_SWAPPING |
				  s->swaps << RP_GENERATION_SWAP_SHIFT);
	return 0;
}

void rp_session__detach_old_generation(struct rp_session *s, const struct rp_generation_swap *swap)
{
	(void)s;
	for (size_t i = 0; i < swap->n; i++)
		rp_links__detach(swap->old[i]);
}

bool rp_session__detaches_old_generation(struct rp_session *s,
					 const struct rp_generation_swap *swap)
{
	for (size_t i = 0; i < swap->n; i++)
		if (rp_detacher__has(&s->detacher, rp_links__tag(swap->old[i]), ~0u))
			return true;
	return false;
}

/* Links whose place nobody took are the last ones of their group: then nothing counts any more. */
void rp_session__end_swap(struct rp_session *s, const struct rp_generation_swap *swap)
{
	count_swap(s, -1u);
	forget_left_out(s, swap);
	for (size_t i = 0; i < swap->n; i++) {
		struct rp_links *old = swap->old[i];

		set_state(s, old->site_group,
			  s->users[old->site_group] > 1 ? RP_GENERATION_NEXT(old->generation) : 0);
		rp_links__free(old);
	}
}

void rp_session__reap(struct rp_session *s)
{
	rp_detacher__reap(&s->detacher);
}

bool rp_session__is_detaching(struct rp_session *s)
{
	return rp_detacher__has(&s->detacher, 0, 0);
}

/* ---- regions that are open ------------------------------------------------------------------- */

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
