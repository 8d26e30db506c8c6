/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Writers of instances, each a sink, in forms that other programs read. Pure. */
#ifndef RP_EXPORT_H
#define RP_EXPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "record/sink.h"

struct rp_export {
	const char *name; /* what --format takes */
	/*
	 * The stream stays the caller's. What a call of the sink returns may be an error of an
	 * earlier one. -ENOMEM or, of a whole one, another errno.
	 */
	int (*open)(FILE *out, struct rp_event_sink *sink);
	bool is_binary; /* no terminal can show it */
	bool whole; /* is no stream: it wants a file, still empty, which is of no use if it fails */
};

extern const struct rp_export rp_exports[]; /* ends with a NULL name */
const struct rp_export *rp_export__find(const char *name);

#endif
