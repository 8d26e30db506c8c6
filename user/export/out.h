/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Text and bytes to a stream, as fast as millions of instances want it. Internal to export/. */
#ifndef RP_OUT_H
#define RP_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* All zero but the stream: nothing written as yet. */
struct rp_out {
	FILE *file;
	int rc; /* 0, or why the stream failed: nothing is written from then on */
	size_t n;
	char buf[1 << 16];
};

void rp_out__bytes(struct rp_out *out, const void *bytes, size_t n);
void rp_out__text(struct rp_out *out, const char *text);
void rp_out__number(struct rp_out *out, uint64_t number);
/* ns as microseconds with three decimals. */
void rp_out__micro(struct rp_out *out, uint64_t ns);
/* What is left. 0, or why the stream failed. */
int rp_out__flush(struct rp_out *out);

#endif
