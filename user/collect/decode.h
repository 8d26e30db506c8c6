/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* From the bytes of a ring record to the event that it is. Pure. */
#ifndef RP_DECODE_H
#define RP_DECODE_H

#include <stddef.h>

#include "rp_events.h"

/*
 * 0, and *out is the event; what its type does not have is zero. -EBADMSG: the record is of no type
 * that is known, or its length is not that of its type.
 */
int rp_decode_event(const void *record, size_t size, struct rp_event *out);

#endif
