// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/python_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define REPLACEMENT 0xfffd

static bool is_character(uint32_t c)
{
	return c && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

/* Returns how many bytes. */
static size_t encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

void rp_python_text__copy(const struct rp_python_text *text, const void *bytes, char *out,
			  size_t size)
{
	size_t width = text->width, len, used = 0;
	char encoded[4];
	uint32_t c;

	if (width != 2 && width != 4)
		width = 1;
	for (size_t at = 0; at + width <= text->bytes; at += width) {
		c = 0;
		memcpy(&c, (const char *)bytes + at, width); /* both are little-endian */
		len = encode(is_character(c) ? c : REPLACEMENT, encoded);
		if (used + len >= size)
			break;
		memcpy(out + used, encoded, len);
		used += len;
	}
	out[used] = '\0';
}
