// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/escape.h"

#include <langinfo.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Control and format characters, which move the cursor or reorder text; what cannot be seen, which
 * Unicode calls Default_Ignorable_Code_Point; and the two that XML forbids.
 */
static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad},	  {0x034f, 0x034f},
		{0x061c, 0x061c}, {0x115f, 0x1160},   {0x17b4, 0x17b5},	  {0x180b, 0x180f},
		{0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},	  {0x3164, 0x3164},
		{0xfe00, 0xfe0f}, {0xfeff, 0xfeff},   {0xffa0, 0xffa0},	  {0xfff0, 0xfffb},
		{0xfffe, 0xffff}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	return false;
}

/* Length of the character at s when it may be shown as it is, else 0. */
static size_t plain_length(const unsigned char *s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80	     ? 1
		     : (s[0] & 0xe0) == 0xc0 ? 2
		     : (s[0] & 0xf0) == 0xe0 ? 3
		     : (s[0] & 0xf8) == 0xf0 ? 4
					     : 0;
	uint32_t c = s[0];

	if (len > 1)
		c &= 0x7fu >> len;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (!len || c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return is_hidden(c) ? 0 : len;
}

void rp_escape__byte(char byte, struct rp_escape_piece *out)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char b = (unsigned char)byte;

	*out = (struct rp_escape_piece){{'\\', 'x', hex[b >> 4], hex[b & 0xf]}, 4};
}

size_t rp_escape__next(const char *text, bool utf8, struct rp_escape_piece *out)
{
	size_t len = plain_length((const unsigned char *)text);

	if (*text == '\\') {
		*out = (struct rp_escape_piece){"\\\\", 2};
		return 1;
	}
	if (!len || (len > 1 && !utf8)) {
		rp_escape__byte(*text, out);
		return 1;
	}
	memcpy(out->bytes, text, len);
	out->len = len;
	return len;
}

static char *escape(const char *text, bool utf8, char *buf, size_t size)
{
	struct rp_escape_piece piece;
	size_t at = 0;

	while (*text) {
		text += rp_escape__next(text, utf8, &piece);
		if (piece.len >= size - at)
			break;
		memcpy(buf + at, piece.bytes, piece.len);
		at += piece.len;
	}
	buf[at] = '\0';
	return buf;
}

const char *rp_escape(const char *text, char *buf, size_t size)
{
	return size ? escape(text, true, buf, size) : buf;
}

char *rp_escape__copy(const char *text, bool utf8)
{
	size_t len = strlen(text ? text : "");
	/* A byte becomes four at most; reallocarray() sees an overflow. */
	char *buf = reallocarray(NULL, len + 1, 4);

	return buf ? escape(text ? text : "", utf8, buf, 4 * (len + 1)) : NULL;
}

void rp_escape__print_line(FILE *out, const char *prefix, const char *text)
{
	char *copy = rp_escape__copy(text, !strcmp(nl_langinfo(CODESET), "UTF-8"));

	/* One call, which the C library makes one write, on a stream without a buffer too. */
	fprintf(out, "%s%s\n", prefix, copy ? copy : "out of memory");
	free(copy);
}
