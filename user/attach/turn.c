// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Batches of sites that are replaced while they are measured. */
#include <bpf/bpf.h>

#include "attach/session_internal.h"

/* Note that a batch is without regions, or forget it. */
static int note_left_out(struct rp_session *s, const struct rp_turn *turn, bool left_out)
{
	int fd = bpf_map__fd(s->skel->maps.left_out), rc = 0;

	for (size_t i = 0; i < turn->n_left_out && !rc; i++) {
		uint64_t key = (uint64_t)turn->batch << 32 | turn->left_out[i];
		uint8_t none = 0;

		if (left_out)
			rc = bpf_map_update_elem(fd, &key, &none, BPF_ANY);
		else
			bpf_map_delete_elem(fd, &key);
	}
	return rc;
}

static void set_state(struct rp_session *s, uint32_t batch, uint32_t state)
{
	__atomic_store_n(&s->skel->bss->batch_state[batch], (uint16_t)state, __ATOMIC_SEQ_CST);
}

static void count_turning(struct rp_session *s, uint32_t more)
{
	__atomic_fetch_add(&s->skel->bss->turning, more, __ATOMIC_SEQ_CST);
}

void rp_session__begin(struct rp_session *s, uint32_t batch, uint8_t generation)
{
	if (!s->skel->bss->batch_state[batch])
		set_state(s, batch, generation);
}

int rp_session__turn(struct rp_session *s, const struct rp_turn *turn)
{
	int rc = note_left_out(s, turn, true);

	if (rc) {
		note_left_out(s, turn, false);
		return rc;
	}
	s->skel->bss->blocks_left_out = true;
	count_turning(s, 1);
	s->turns++;
	set_state(s, turn->batch,
		  turn->generation | RP_BATCH_TURNING | s->turns << RP_BATCH_TURN_SHIFT);
	return 0;
}

void rp_session__settle(struct rp_session *s, const struct rp_turn *turn)
{
	set_state(s, turn->batch, turn->generation);
	count_turning(s, -1u);
	note_left_out(s, turn, false);
}

void rp_session__reap(struct rp_session *s)
{
	rp_closing__reap(&s->closing);
}

bool rp_session__is_closing(struct rp_session *s, const struct rp_turn *turn)
{
	uint32_t before = (turn->generation - 1) & RP_BATCH_GENERATION;

	return rp_closing__has(&s->closing, rp_closing__of(turn->batch, before));
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
