// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "collect/decode.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const uint32_t lengths[] = {
	[RP_EVENT_FORK] = RP_EVENT_SHORT,
	[RP_EVENT_EXEC] = sizeof(struct rp_event),
	[RP_EVENT_EXIT] = RP_EVENT_SHORT,
	[RP_EVENT_MAP] = RP_EVENT_SHORT,
	[RP_EVENT_GROW] = sizeof(struct rp_event_header),
	[RP_EVENT_CGROUP] = RP_EVENT_SHORT,
	[RP_EVENT_FOUND] = RP_EVENT_SHORT,
	[RP_EVENT_STACK] = RP_EVENT_SHORT,
	[RP_EVENT_SHARE] = sizeof(struct rp_event),
	[RP_EVENT_USER_SHARE] = sizeof(struct rp_event),
	[RP_EVENT_LIBRARY] = RP_EVENT_NAMED,
};

int rp_decode_event(const void *record, size_t size, struct rp_event *out)
{
	struct rp_event_header header;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, record, sizeof(header));
	if (header.type >= sizeof(lengths) / sizeof(lengths[0]) ||
	    header.length != lengths[header.type] || header.length != size)
		return -EBADMSG;
	*out = (struct rp_event){0};
	memcpy(out, record, size);
	return 0;
}
