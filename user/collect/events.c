// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "collect/collect.h"
#include "collect/decode.h"

struct receiver {
	struct rp_session *session;
	rp_event_fn fn;
	void *ctx;
};

static void receive(void *ctx, const void *data, size_t size)
{
	const struct receiver *receiver = ctx;
	struct rp_event event;

	if (rp_decode_event(data, size, &event))
		rp_session__count_lost(receiver->session, RP_LOST_UNKNOWN_EVENTS);
	else if (event.header.type != RP_EVENT_GROW) /* the session sees to that */
		receiver->fn(receiver->ctx, &event);
}

int rp_collect_events(struct rp_session *session, rp_event_fn fn, void *ctx)
{
	struct receiver receiver = {.session = session, .fn = fn, .ctx = ctx};

	return rp_session__drain(session, receive, &receiver);
}
