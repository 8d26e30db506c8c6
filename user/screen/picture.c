// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/picture.h"

#include <curses.h>
#include <string.h>

#include "util/clock.h"

void rp_picture__begin(struct rp_picture *p)
{
	memcpy(p->before, p->drawn, sizeof(p->before));
	memset(p->drawn, 0, sizeof(p->drawn));
}

/* FNV-1a. Two lines that it takes for the same go later than they might. */
void rp_picture__add(struct rp_picture *p, size_t line, const void *what, size_t size)
{
	const unsigned char *bytes = what;

	if (line >= RP_PICTURE_LINES)
		return;
	for (size_t i = 0; i < size; i++)
		p->drawn[line] = (p->drawn[line] ^ bytes[i]) * 0x100000001b3ull;
}

/* Cells that differ of the terminal's alone: ncurses knows these. */
static void send_line(struct rp_picture *p, int line)
{
	rp_outgoing__begin(p->out);
	leaveok(newscr, TRUE);
	copywin(stdscr, newscr, line, 0, line, 0, line, COLS - 1, FALSE);
	doupdate();
	rp_outgoing__end(p->out, false);
	if (line < RP_PICTURE_LINES)
		p->first[line] = false;
}

/* All that is left of it, which may be where the cursor is and no more. */
static void send_all(struct rp_picture *p, bool wrapped)
{
	rp_outgoing__begin(p->out);
	wnoutrefresh(stdscr);
	doupdate();
	rp_outgoing__end(p->out, wrapped);
	memset(p->first, 0, sizeof(p->first));
	p->unfinished = false;
	rp_pace__rest(&p->out->pace, p->out->written - p->began, rp_clock__now());
}

static void send_lines(struct rp_picture *p)
{
	for (int line = 0; line < LINES && rp_outgoing__is_free(p->out); line++)
		if (line < RP_PICTURE_LINES && p->first[line])
			send_line(p, line);
	for (int line = 0; line < LINES && rp_outgoing__is_free(p->out); line++)
		send_line(p, line);
	if (rp_outgoing__is_free(p->out))
		send_all(p, false);
}

void rp_picture__resume(struct rp_picture *p)
{
	rp_outgoing__write(p->out);
	if (!p->unfinished || !rp_outgoing__is_free(p->out))
		return;
	if (rp_pace__is_slow(&p->out->pace))
		send_lines(p);
	else
		send_all(p, true);
}

void rp_picture__send(struct rp_picture *p, bool by_key)
{
	for (size_t i = 0; by_key && i < RP_PICTURE_LINES; i++)
		p->first[i] |= p->drawn[i] != p->before[i];
	if (!p->unfinished)
		p->began = p->out->written;
	p->unfinished = true;
	rp_picture__resume(p);
}

bool rp_picture__is_behind(struct rp_picture *p)
{
	return p->unfinished || !rp_outgoing__is_free(p->out) ||
	       rp_pace__rests(&p->out->pace, rp_clock__now());
}
