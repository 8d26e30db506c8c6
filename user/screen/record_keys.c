// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What keys and the mouse do to the window of a record, and which have no meaning there. */
#include "screen/keys.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define F(n)	     (RP_KEY_F0 + (n))

static const struct {
	int key;
	enum { MOVE, ZOOM, ALL } act;
	int by; /* quarters of the window; closer or wider */
} on_time[] = {
	{',', MOVE, -1}, {'.', MOVE, 1},  {'{', MOVE, -4}, {'}', MOVE, 4},   {'+', ZOOM, 1},
	{'=', ZOOM, 1},	 {F(8), ZOOM, 1}, {'-', ZOOM, -1}, {F(7), ZOOM, -1}, {'0', ALL, 0},
};

/* Keys of a live screen, and why they do nothing on a record. */
static const struct {
	int key;
	const char *why;
} not_here[] = {
	{'a', "a record has no more regions than it was made with: a live view adds them"},
	{'A', "a record has no more regions than it was made with: a live view adds them"},
	{'d', "nothing is traced that could be detached: F4 shows only some rows"},
	{F(9), "nothing is traced that could be detached: F4 shows only some rows"},
	{'z', "nothing is traced that could be attached again"},
	{'r', "a record has no new figures: , . and F7 F8 choose which of its time are shown"},
	{'i', "figures are of the window: , . and F7 F8 move it, 0 shows all"},
	{'p', "nothing changes here but by keys"},
	{'o', "a record is over: what was open at its end is in the column OPEN"},
};

static void ask(struct rp_state *s, struct rp_span_of_time span, struct rp_request *request)
{
	if (span.from == s->axis->from && span.to == s->axis->to) {
		rp_state__say(s, "the window is as far as it goes");
		return;
	}
	request->type = RP_REQUEST_WINDOW;
	request->span = span;
}

bool rp_record__key(struct rp_state *s, int key, struct rp_request *request)
{
	for (size_t i = 0; i < COUNT(not_here); i++)
		if (not_here[i].key == key) {
			rp_state__say(s, "%s", not_here[i].why);
			return true;
		}
	for (size_t i = 0; i < COUNT(on_time); i++) {
		int by = on_time[i].by;

		if (on_time[i].key != key)
			continue;
		if (on_time[i].act == MOVE)
			ask(s, rp_axis__move(s->axis, by), request);
		else if (on_time[i].act == ZOOM)
			ask(s, rp_axis__zoom(s->axis, by), request);
		else
			ask(s, (struct rp_span_of_time){0, s->axis->end}, request);
		return true;
	}
	return false;
}

size_t rp_axis__width(const struct rp_state *s)
{
	size_t margins = RP_AXIS_X + RP_AXIS_MARGIN;

	return s->layout.width > margins ? s->layout.width - margins : 0;
}

void rp_record__mouse(struct rp_state *s, size_t x, enum rp_button button,
		      struct rp_request *request)
{
	size_t width = rp_axis__width(s);
	uint64_t time;

	if (x < RP_AXIS_X || x >= RP_AXIS_X + width)
		return;
	time = rp_axis__time(s->axis, x - RP_AXIS_X, width);
	if (button == RP_BUTTON_CLICK)
		ask(s, rp_axis__around(s->axis, time), request);
	else
		ask(s, rp_axis__zoom(s->axis, button == RP_BUTTON_WHEEL_UP ? 1 : -1), request);
}
