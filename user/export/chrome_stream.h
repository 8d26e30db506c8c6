/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Trace events as Chrome has them, into a file that others may open at any moment: what is in it is
 * a whole array but for its last bracket, which they do not want. Pure.
 */
#ifndef RP_CHROME_STREAM_H
#define RP_CHROME_STREAM_H

#include <stdio.h>

#include "record/sink.h"

/* The file is empty, and stays the caller's. 0 or a negative errno. */
int rp_chrome_stream__open(FILE *out, struct rp_event_sink *sink);
/* What it was told so far is in the file. Likewise. */
int rp_chrome_stream__flush(const struct rp_event_sink *sink);

#endif
