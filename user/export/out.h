/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Text and bytes to a stream, as fast as millions of instances want it. Internal to export/. */
#ifndef RP_OUT_H
#define RP_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* All zero but the stream: nothing written as yet. */
struct rp_out {
	FILE *file;
	int rc;	     /* 0, or why the stream failed: nothing is written from then on */
	uint64_t at; /* of the file: where buf goes */
	size_t n;
	char buf[1 << 16];
};

/* Bytes for which there is no room in buf: some are written. */
void rp_out__spill(struct rp_out *out, const void *bytes, size_t n);

/* Inline, so that the length of what is always the same is no work. */
static inline void rp_out__bytes(struct rp_out *out, const void *bytes, size_t n)
{
	if (n > sizeof(out->buf) - out->n) {
		rp_out__spill(out, bytes, n);
		return;
	}
	memcpy(out->buf + out->n, bytes, n);
	out->n += n;
}

static inline void rp_out__text(struct rp_out *out, const char *text)
{
	rp_out__bytes(out, text, strlen(text));
}

void rp_out__number(struct rp_out *out, uint64_t number);
/* ns as microseconds with three decimals. */
void rp_out__micro(struct rp_out *out, uint64_t ns);
/* What is in buf to the stream, which may keep it for a while. */
void rp_out__write(struct rp_out *out);
/* What is left. 0, or why the stream failed. */
int rp_out__flush(struct rp_out *out);

#endif
