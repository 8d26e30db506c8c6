// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/relay.h"

static int on_run(void *next, const struct rp_event_run *run)
{
	return RP_TELL((const struct rp_event_sink *)next, run, run);
}

static int on_region(void *next, uint32_t id, const struct rp_region_name *region)
{
	return RP_TELL((const struct rp_event_sink *)next, region, id, region);
}

static int on_text(void *next, uint32_t index, const struct rp_text *text)
{
	return RP_TELL((const struct rp_event_sink *)next, text, index, text);
}

static int on_thread(void *next, const struct rp_event_thread *thread)
{
	return RP_TELL((const struct rp_event_sink *)next, thread, thread);
}

static int on_node(void *next, uint32_t id, const struct rp_node *node)
{
	return RP_TELL((const struct rp_event_sink *)next, node, id, node);
}

static int on_instance(void *next, const struct rp_event_instance *instance)
{
	return RP_TELL((const struct rp_event_sink *)next, instance, instance);
}

static int on_left_out(void *next, uint32_t node, uint64_t n)
{
	return RP_TELL((const struct rp_event_sink *)next, left_out, node, n);
}

static int on_passed_over(void *next, uint32_t node)
{
	return RP_TELL((const struct rp_event_sink *)next, passed_over, node);
}

static int on_lost(void *next, uint32_t node, uint64_t n)
{
	return RP_TELL((const struct rp_event_sink *)next, lost, node, n);
}

static int on_place(void *next, uint32_t number, const struct rp_place *place)
{
	return RP_TELL((const struct rp_event_sink *)next, place, number, place);
}

static int on_call(void *next, uint32_t number, const struct rp_sample_call *call)
{
	return RP_TELL((const struct rp_event_sink *)next, call, number, call);
}

static int on_sample(void *next, const struct rp_taken_sample *sample)
{
	return RP_TELL((const struct rp_event_sink *)next, sample, sample);
}

static int on_end(void *next, const struct rp_event_end *end)
{
	return RP_TELL((const struct rp_event_sink *)next, end, end);
}

static int on_close(void *next)
{
	return ((const struct rp_event_sink *)next)
		->close(((const struct rp_event_sink *)next)->ctx);
}

struct rp_event_sink rp_event_relay(void *ctx)
{
	return (struct rp_event_sink){.ctx = ctx,
				      .run = on_run,
				      .region = on_region,
				      .text = on_text,
				      .thread = on_thread,
				      .node = on_node,
				      .instance = on_instance,
				      .left_out = on_left_out,
				      .passed_over = on_passed_over,
				      .lost = on_lost,
				      .place = on_place,
				      .call = on_call,
				      .sample = on_sample,
				      .end = on_end,
				      .close = on_close};
}
