// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/prompt.h"

#include <stdio.h>
#include <string.h>

void rp_prompt__set(struct rp_prompt *prompt, const char *text)
{
	snprintf(prompt->text, sizeof(prompt->text), "%s", text);
	prompt->len = prompt->cursor = strlen(prompt->text);
}

static bool is_rest(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t before(const struct rp_prompt *p, size_t at)
{
	while (at && is_rest(p->text[--at]))
		;
	return at;
}

static size_t after(const struct rp_prompt *p, size_t at)
{
	if (at < p->len)
		at++;
	while (at < p->len && is_rest(p->text[at]))
		at++;
	return at;
}

static void cut(struct rp_prompt *p, size_t from, size_t to)
{
	memmove(p->text + from, p->text + to, p->len - to + 1);
	p->len -= to - from;
	p->cursor = from;
}

static size_t word_start(const struct rp_prompt *p)
{
	size_t at = p->cursor;

	while (at && p->text[at - 1] == ' ')
		at--;
	while (at && p->text[at - 1] != ' ')
		at--;
	return at;
}

static size_t encode(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void insert(struct rp_prompt *p, uint32_t c)
{
	char bytes[4];
	size_t n = encode(c, bytes);

	if (p->len + n >= sizeof(p->text))
		return;
	memmove(p->text + p->cursor + n, p->text + p->cursor, p->len - p->cursor + 1);
	memcpy(p->text + p->cursor, bytes, n);
	p->len += n;
	p->cursor += n;
}

bool rp_prompt__key(struct rp_prompt *p, int key)
{
	switch (key) {
	case RP_KEY_LEFT:
	case RP_CTRL('b'):
		p->cursor = before(p, p->cursor);
		return true;
	case RP_KEY_RIGHT:
	case RP_CTRL('f'):
		p->cursor = after(p, p->cursor);
		return true;
	case RP_KEY_HOME:
	case RP_CTRL('a'):
		p->cursor = 0;
		return true;
	case RP_KEY_END:
	case RP_CTRL('e'):
		p->cursor = p->len;
		return true;
	case RP_KEY_BACKSPACE:
	case RP_CTRL('h'):
	case 0x7f:
		cut(p, before(p, p->cursor), p->cursor);
		return true;
	case RP_KEY_DELETE:
	case RP_CTRL('d'):
		cut(p, p->cursor, after(p, p->cursor));
		return true;
	case RP_CTRL('u'):
		cut(p, 0, p->cursor);
		return true;
	case RP_CTRL('k'):
		cut(p, p->cursor, p->len);
		return true;
	case RP_CTRL('w'):
		cut(p, word_start(p), p->cursor);
		return true;
	}
	if (key < ' ' || key >= 0x110000 || (key >= 0x7f && key < 0xa0) ||
	    (key >= 0xd800 && key < 0xe000))
		return false;
	insert(p, (uint32_t)key);
	return true;
}
