// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/internal.h"

/* ---- numbers --------------------------------------------------------------------------- */

const char *rp_text__fixed(double value, unsigned int decimals, char *buf, size_t size)
{
	double scale = 1, whole;

	for (unsigned int i = 0; i < decimals; i++)
		scale *= 10;
	if (!(value > 0))
		value = 0;
	if (value > 1e19)
		value = 1e19;
	whole = floor(value);
	value = round((value - whole) * scale);
	if (value >= scale) {
		whole++;
		value = 0;
	}
	if (decimals)
		snprintf(buf, size, "%.0f.%0*.0f", whole, (int)decimals, value);
	else
		snprintf(buf, size, "%.0f", whole + value);
	return buf;
}

/* Three significant digits of a number below 999.5, or all digits of a greater one. */
static void three_digits(double value, char *buf, size_t size)
{
	rp_text__fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, buf, size);
}

const char *rp_text__ns(double ns, char *buf, size_t size)
{
	static const struct {
		double ns, end;
		const char *name;
	} units[] = {
		{1, 999.5, "ns"},     {1e3, 999.5, "us"},   {1e6, 999.5, "ms"}, {1e9, 999.5, "s"},
		{60e9, 99.95, "min"}, {3600e9, 99.95, "h"}, {86400e9, 0, "d"},
	};
	char number[32];
	size_t i = 0;

	if (!(ns > 0))
		ns = 0;
	if (ns > 999999 * 86400e9)
		ns = 999999 * 86400e9;
	while (units[i].end && ns / units[i].ns >= units[i].end)
		i++;
	if (!i && ns == floor(ns))
		rp_text__fixed(ns, 0, number, sizeof(number));
	else
		three_digits(ns / units[i].ns, number, sizeof(number));
	snprintf(buf, size, "%s %s", number, units[i].name);
	return buf;
}

const char *rp_text__count(double count, char *buf, size_t size)
{
	static const char suffixes[] = "MGTPE";
	char number[32];
	size_t i = 0;

	if (!(count > 0))
		count = 0;
	if (count > 999e18)
		count = 999e18;
	if (count < 999999.5) {
		if (count == floor(count))
			return rp_text__fixed(count, 0, buf, size);
		three_digits(count, buf, size);
		return buf;
	}
	count /= 1e6;
	for (; count >= 999.5 && suffixes[i + 1]; i++)
		count /= 1e3;
	three_digits(count, number, sizeof(number));
	snprintf(buf, size, "%s%c", number, suffixes[i]);
	return buf;
}

/* ---- names ----------------------------------------------------------------------------- */

/* Control and format characters: they move the cursor, reorder text or cannot be seen. */
static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},	{0x061c, 0x061c},
		{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},	{0x2060, 0x206f},
		{0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
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

const char *rp_text__escape(const char *text, char *buf, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0;

	if (!size)
		return buf;
	while (*s) {
		size_t len = plain_length(s), need = len ? len : 4;

		if (need >= size - at)
			break;
		if (len) {
			memcpy(buf + at, s, len);
		} else {
			const char code[4] = {'\\', 'x', hex[*s >> 4], hex[*s & 0xf]};

			memcpy(buf + at, code, sizeof(code));
		}
		at += need;
		s += len ? len : 1;
	}
	buf[at] = '\0';
	return buf;
}

char *rp_text__escaped(const char *text)
{
	size_t len = strlen(text ? text : "");
	char *buf;

	/* A byte becomes four at most; reallocarray() sees an overflow. */
	buf = reallocarray(NULL, len + 1, 4);
	if (buf)
		rp_text__escape(text ? text : "", buf, 4 * (len + 1));
	return buf;
}

const char *rp_text__micro(char *buf, size_t size)
{
	size_t len = strlen(buf);

	if (len > 2 && len + 2 <= size && !strcmp(buf + len - 2, "us"))
		memcpy(buf + len - 2, "µs", sizeof("µs"));
	return buf;
}
