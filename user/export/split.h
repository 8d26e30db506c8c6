/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * An export in parts, each of so many instances, and each whole by itself: what ids stand for is
 * told to each anew.
 */
#ifndef RP_SPLIT_H
#define RP_SPLIT_H

#include "record/sink.h"

struct rp_split_opts {
	uint64_t most; /* instances of a part */
	/* The sink of the next part. Its close ends that part. 0 or a negative errno. */
	int (*open)(void *ctx, struct rp_event_sink *sink);
	void *ctx;
};

/* The first part is opened at once. 0 or a negative errno. */
int rp_split__open(const struct rp_split_opts *opts, struct rp_event_sink *sink);

#endif
