// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/html_pack.h"

#include <errno.h>

#define CHUNK 65536

/* Until all that was given is taken, and at the end until all has come out. */
static void run(struct rp_html_pack *pack, int flush)
{
	unsigned char chunk[CHUNK];
	int status;

	do {
		pack->z.next_out = chunk;
		pack->z.avail_out = CHUNK;
		status = deflate(&pack->z, flush);
		if (status == Z_STREAM_ERROR)
			pack->rc = -ENOMEM;
		rp_bytes__put(&pack->bytes, chunk, CHUNK - pack->z.avail_out);
	} while (!pack->rc && (flush == Z_FINISH ? status != Z_STREAM_END : !pack->z.avail_out));
}

void rp_html_pack__begin(struct rp_html_pack *pack)
{
	rp_html_pack__free(pack);
	*pack = (struct rp_html_pack){0};
	if (deflateInit(&pack->z, Z_DEFAULT_COMPRESSION) != Z_OK)
		pack->rc = -ENOMEM;
}

void rp_html_pack__put(struct rp_html_pack *pack, const void *data, size_t n)
{
	const unsigned char *at = data;

	while (!pack->rc && n) {
		size_t part = n < 1u << 30 ? n : 1u << 30;

		pack->z.next_in = (unsigned char *)at;
		pack->z.avail_in = (unsigned)part;
		run(pack, Z_NO_FLUSH);
		at += part;
		n -= part;
	}
}

int rp_html_pack__end(struct rp_html_pack *pack)
{
	if (!pack->rc)
		run(pack, Z_FINISH);
	deflateEnd(&pack->z);
	pack->z = (z_stream){0};
	return pack->bytes.failed ? -ENOMEM : pack->rc;
}

void rp_html_pack__free(struct rp_html_pack *pack)
{
	deflateEnd(&pack->z);
	rp_bytes__free(&pack->bytes);
}

void rp_html_pack__print(const struct rp_html_pack *pack, struct rp_out *out)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = pack->bytes.n;

	for (size_t i = 0; i < n; i += 3) {
		const unsigned char *at = pack->bytes.at + i;
		uint32_t bits = (uint32_t)at[0] << 16 | (i + 1 < n ? (uint32_t)at[1] << 8 : 0) |
				(i + 2 < n ? at[2] : 0u);
		char four[4] = {digit[bits >> 18], digit[bits >> 12 & 63],
				i + 1 < n ? digit[bits >> 6 & 63] : '=',
				i + 2 < n ? digit[bits & 63] : '='};

		rp_out__bytes(out, four, sizeof(four));
	}
}
