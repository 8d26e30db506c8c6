/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Bytes compressed (zlib's own form, "deflate" to a browser), and written as base64. Internal to
 * export/. */
#ifndef RP_HTML_PACK_H
#define RP_HTML_PACK_H

#include <zlib.h>

#include "export/out.h"
#include "record/bytes.h"

struct rp_html_pack {
	z_stream z;
	struct rp_bytes bytes; /* what came out so far */
	int rc;
};

/* Frees what the one before has left. What fails shows at the end. */
void rp_html_pack__begin(struct rp_html_pack *pack);
void rp_html_pack__put(struct rp_html_pack *pack, const void *data, size_t n);
/* 0 or -ENOMEM. */
int rp_html_pack__end(struct rp_html_pack *pack);
void rp_html_pack__free(struct rp_html_pack *pack);

void rp_html_pack__print(const struct rp_html_pack *pack, struct rp_out *out);

/* How long a text of base64 is, and how many bytes fit one of at most so many characters. */
static inline size_t rp_base64__length(size_t bytes)
{
	return (bytes + 2) / 3 * 4;
}

static inline size_t rp_base64__fits(size_t characters)
{
	return characters / 4 * 3;
}

#endif
