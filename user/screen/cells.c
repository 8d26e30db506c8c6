// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "util/escape.h"

#define ACCENTS_MAX 2

/* One character of what is shown: bytes that stand in so many cells. */
struct piece {
	struct rp_escape_piece text;
	size_t width;
};

/* Take one character, or one byte of what cannot be shown. Returns the bytes taken. */
static size_t take(const char *text, bool utf8, unsigned *accents, struct piece *out)
{
	size_t taken = rp_escape__next(text, utf8, &out->text);
	mbstate_t state = {0};
	int width = -1;
	wchar_t c;

	if (!(out->text.bytes[0] & 0x80)) {
		out->width = out->text.len;
		if (!(*text & 0x80))
			*accents = 0;
		return taken;
	}
	if (mbrtowc(&c, text, taken, &state) == taken)
		width = wcwidth(c);
	if (width >= 0)
		*accents = width ? 0 : *accents + 1;
	if (width < 0 || *accents > ACCENTS_MAX) {
		rp_escape__byte(*text, &out->text);
		out->width = out->text.len;
		return 1;
	}
	out->width = (size_t)width;
	return taken;
}

/* As much as fits. Returns the cells taken; *rest: whether something is left. */
static size_t fill(const char *text, size_t width, bool utf8, char *buf, size_t *bytes, bool *rest)
{
	size_t cells = 0;
	unsigned accents = ACCENTS_MAX; /* none may come first */
	struct piece piece;

	*bytes = 0;
	while (*text) {
		size_t taken = take(text, utf8, &accents, &piece);

		if (cells + piece.width > width)
			break;
		memcpy(buf + *bytes, piece.text.bytes, piece.text.len);
		*bytes += piece.text.len;
		cells += piece.width;
		text += taken;
	}
	*rest = *text;
	return cells;
}

static const char *fit(const char *text, size_t width, bool utf8, bool right, char *buf)
{
	size_t bytes, cells, blanks;
	bool rest;

	if (width > RP_CELLS_MAX)
		width = RP_CELLS_MAX;
	text = text ? text : "";
	cells = fill(text, width, utf8, buf, &bytes, &rest);
	if (rest && width) {
		const char *mark = utf8 ? "…" : ">";

		cells = fill(text, width - 1, utf8, buf, &bytes, &rest) + 1;
		memcpy(buf + bytes, mark, strlen(mark));
		bytes += strlen(mark);
	}
	blanks = width - cells;
	if (right) {
		memmove(buf + blanks, buf, bytes);
		memset(buf, ' ', blanks);
	} else {
		memset(buf + bytes, ' ', blanks);
	}
	buf[bytes + blanks] = '\0';
	return buf;
}

const char *rp_cells__fit(const char *text, size_t width, bool utf8, char *buf)
{
	return fit(text, width, utf8, false, buf);
}

const char *rp_cells__right(const char *text, size_t width, bool utf8, char *buf)
{
	return fit(text, width, utf8, true, buf);
}

size_t rp_cells__width(const char *text, bool utf8)
{
	char buf[RP_CELLS_BUF];
	size_t bytes;
	bool rest;

	return fill(text ? text : "", RP_CELLS_MAX, utf8, buf, &bytes, &rest);
}

#define LEVEL_RANGE 0.1f /* of the highest: what differs by less counts as level */

const char *rp_cells__spark(const float *values, size_t n, bool utf8, char *buf)
{
	/* None is a whole one: lines of them would run into each other. */
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇"};
	static const char ascii[] = "._-=+*#";
	const int levels = sizeof(ascii) - 1;
	float low = INFINITY, high = 0;
	char *at = buf;

	if (n > RP_CELLS_MAX)
		n = RP_CELLS_MAX;
	for (size_t i = 0; i < n; i++) {
		if (values[i] < 0)
			continue;
		low = fminf(low, values[i]);
		high = fmaxf(high, values[i]);
	}
	for (size_t i = 0; i < n; i++) {
		int height = levels / 2;

		if (high - low > LEVEL_RANGE * high)
			height = (int)((values[i] - low) / (high - low) * ((float)levels - 0.001f));
		if (!(values[i] > 0))
			at += sprintf(at, " ");
		else if (utf8)
			at += sprintf(at, "%s", blocks[height]);
		else
			*at++ = ascii[height];
	}
	*at = '\0';
	return buf;
}

const char *rp_cells__bar(double share, size_t width, bool utf8, char *buf)
{
	static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	size_t eighths;
	char *at = buf;

	if (width > RP_CELLS_MAX)
		width = RP_CELLS_MAX;
	if (!(share > 0))
		share = 0;
	eighths = (size_t)((share < 1 ? share : 1) * (double)width * 8 + 0.5);
	if (share > 0 && !eighths)
		eighths = 1;
	if (!utf8)
		eighths = (eighths + 7) / 8 * 8;
	for (size_t i = 0; i < eighths / 8; i++)
		at += sprintf(at, "%s", utf8 ? "█" : "#");
	sprintf(at, "%s", parts[eighths % 8]);
	return buf;
}
