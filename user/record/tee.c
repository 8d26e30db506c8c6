// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/tee.h"

#define TELL_ALL(call, ...)                                                                        \
	struct rp_event_tee *tee = ctx;                                                            \
	int rc = 0;                                                                                \
                                                                                                   \
	for (size_t i = 0; !rc && i < tee->n; i++)                                                 \
		rc = RP_TELL(&tee->to[i], call, __VA_ARGS__);                                      \
	return rc

static int on_run(void *ctx, const struct rp_event_run *run)
{
	TELL_ALL(run, run);
}

static int on_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	TELL_ALL(region, id, region);
}

static int on_text(void *ctx, uint32_t index, const struct rp_text *text)
{
	TELL_ALL(text, index, text);
}

static int on_thread(void *ctx, const struct rp_event_thread *thread)
{
	TELL_ALL(thread, thread);
}

static int on_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	TELL_ALL(node, id, node);
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	TELL_ALL(instance, instance);
}

static int on_left_out(void *ctx, uint32_t node, uint64_t n)
{
	TELL_ALL(left_out, node, n);
}

static int on_passed_over(void *ctx, uint32_t node)
{
	TELL_ALL(passed_over, node);
}

static int on_lost(void *ctx, uint32_t node, uint64_t n)
{
	TELL_ALL(lost, node, n);
}

static int on_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	TELL_ALL(place, number, place);
}

static int on_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	TELL_ALL(call, number, call);
}

static int on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	TELL_ALL(sample, sample);
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	TELL_ALL(end, end);
}

/* A copy, as the last one closed may free the tee. */
static int on_close(void *ctx)
{
	struct rp_event_tee tee = *(struct rp_event_tee *)ctx;
	int rc = 0;

	for (size_t i = 0; i < tee.n; i++) {
		int failed = tee.to[i].close(tee.to[i].ctx);

		if (!rc)
			rc = failed;
	}
	return rc;
}

struct rp_event_sink rp_event_tee__sink(struct rp_event_tee *tee)
{
	return (struct rp_event_sink){.ctx = tee,
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
