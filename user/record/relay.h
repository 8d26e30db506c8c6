/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* For a sink before another one: what it does not look at itself is passed on. Pure. */
#ifndef RP_RELAY_H
#define RP_RELAY_H

#include "record/sink.h"

/* A sink that passes all on to the struct rp_event_sink that ctx begins with. */
struct rp_event_sink rp_event_relay(void *ctx);

#endif
