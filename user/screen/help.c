// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is said of the keys. */
#include <string.h>

#include "screen/keys.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define F(n)	     (RP_KEY_F0 + (n))

const struct rp_help_line rp_help[] = {
	{NULL, "Move"},
	{"Up Down PgUp PgDn", "move; j and k too"},
	{"Home End", "first row, and stay there; last row"},
	{"Left Right", "tree: collapse, expand; table: scroll the columns"},
	{"Shift-Left -Right", "scroll the columns in the tree too; [ and ] likewise"},
	{"F3 /  n N", "search names, next, previous"},
	{"F4", "show only rows with this text; a|b: either; Esc: all again"},
	{NULL, "Order and form"},
	{"F6", "sort by a column of a list"},
	{"<  >", "by the column to the left, to the right"},
	{"P  T", "by CPU time; by total"},
	{"I", "invert the order"},
	{"F2 c", "choose columns and their order"},
	{"F5 t", "tree of regions under those they are entered in"},
	{"*", "tree: collapse or expand all"},
	{"g", "a row for each process, thread, command, cgroup or label"},
	{"i", "figures of the last interval, or since the start"},
	{"Enter  Tab", "pane of the chosen region; the next one (Shift-Tab: back)"},
	{"l", "log scale of the histogram, or linear: seldom times are seen"},
	{"o", "open regions, the oldest first: which thread is where, and"},
	{"", "since when; Enter: that region in the table; ! is --stuck T"},
	{NULL, "Figures"},
	{"p", "freeze the display"},
	{"r", "reset: figures from now on"},
	{"F7 -  F8 +", "shorter, longer interval"},
	{"w", "write what is shown to a JSON file"},
	{"Ctrl-L", "draw the screen anew, where something has written on it"},
	{NULL, "What is traced"},
	{"a", "add regions by glob; Tab completes"},
	{"A", "the functions that samples find worth it (--sample)"},
	{"F9", "detach the tagged regions, or the chosen one; asks before"},
	{"d  z", "detach at once; attach again what was detached last"},
	{"Space  U", "tag, untag all"},
	{"F10 q", "quit: the final summary is printed then"},
	{NULL, "Time of a record"},
	{",  .", "the window earlier, later, by a quarter of it"},
	{"{  }", "by all of it"},
	{"F7 -  F8 +", "wider (out), closer (in)"},
	{"0", "the whole record"},
	{NULL, "Mouse: titles sort, a click chooses, a second opens the pane, the wheel moves."},
	{NULL, "%TIME, RATE/S and TREND are of the last intervals, all else since the start; of"},
	{NULL, "a record all is of the window, and a click on its time moves that there."},
	{NULL, "%TIME: time inside, of the time that passed; all threads: may be over 100 %."},
	{NULL, "CPU/WAIT/BLK: running, waiting for a CPU, asleep; in ASCII # and + and dots."},
	{NULL, "Histogram: lines are of different widths; a bar is the count by width."},
	{NULL, "TREND: rate over the last minute between its own extremes; level: it is flat."},
	{NULL, "VS: change against --baseline; ~ may be no change; new: that has none such."},
	{NULL, "Colours: share of the self time of all regions in the last interval."},
	{NULL, "Order, columns, grouping, tree and pane are there again in the next run."},
	{NULL, "Marks: * tagged, - detached, ! exits without entry, ~ slow (single-stepped),"},
	{NULL, "% more than a fifth of its own time is that of probes, x fibers,"},
	{NULL, "> timed up to a jump to a function that is not known."},
};
const size_t rp_n_help = COUNT(rp_help);

#define OF_RECORDS "that key moves through a record: rptrace report FILE shows one"

const struct rp_explained_key rp_explained[] = {
	{',', OF_RECORDS},
	{'.', OF_RECORDS},
	{'{', OF_RECORDS},
	{'}', OF_RECORDS},
	{'0', OF_RECORDS},
	{'M', "no memory is measured: P sorts by CPU time, T by total, F6 by any other"},
	{'s', "system calls are not traced: Enter shows what a region enters"},
	{'u', "regions have no user: g groups by process or command, F4 filters, U untags"},
};
const size_t rp_n_explained = COUNT(rp_explained);

static const struct rp_bar_key live_bar[] = {
	/* 80 columns so far ... */
	{F(1), "F1", "Help"},
	{F(2), "F2", "Cols"},
	{F(3), "F3", "Find"},
	{F(4), "F4", "Filter"},
	{F(5), "F5", "Tree"},
	{F(6), "F6", "Sort"},
	{F(7), "F7", "Fast"},
	{F(8), "F8", "Slow"},
	{F(9), "F9", "Detach"},
	{'a', "a", "Add"},
	{F(10), "F10", "Quit"},
	/* ... and these where there are more. */
	{RP_KEY_ENTER, "Enter", "Panes"},
	{'o', "o", "Open"},
	{'g', "g", "Group"},
	{'p', "p", "Pause"},
};

static const struct rp_bar_key record_bar[] = {
	{F(1), "F1", "Help"},
	{F(2), "F2", "Cols"},
	{F(3), "F3", "Find"},
	{F(4), "F4", "Filter"},
	{F(5), "F5", "Tree"},
	{F(6), "F6", "Sort"},
	{F(7), "F7", "Out"},
	{F(8), "F8", "In"},
	{',', ",", "Earlier"},
	{'.', ".", "Later"},
	{F(10), "F10", "Quit"},
	{'0', "0", "All"},
	{RP_KEY_ENTER, "Enter", "Panes"},
	{'g', "g", "Group"},
};

const struct rp_bar *rp_bar__of(bool record)
{
	static const struct rp_bar bars[] = {{live_bar, COUNT(live_bar), 11},
					     {record_bar, COUNT(record_bar), 11}};

	return &bars[record];
}

const char *const rp_pane_titles[RP_PANE_END] = {
	[RP_PANE_HIST] = "Histogram", [RP_PANE_HEAT] = "Heat map",   [RP_PANE_ICICLE] = "Icicle",
	[RP_PANE_CALLS] = "Calls",    [RP_PANE_GROUPS] = "Groups",   [RP_PANE_SOURCE] = "Source",
	[RP_PANE_WAKERS] = "Wakers",  [RP_PANE_SAMPLES] = "Samples", [RP_PANE_ASLEEP] = "Asleep",
};

/* Sites of a program and wakers are not in a record; samples are there if they were asked for. */
bool rp_pane__is_there(const struct rp_state *s, enum rp_pane pane)
{
	if (pane == RP_PANE_SAMPLES)
		return s->total && s->total->sampled;
	if (pane == RP_PANE_ASLEEP)
		return s->total && s->total->asleep;
	return !s->axis || (pane != RP_PANE_SOURCE && pane != RP_PANE_WAKERS);
}

enum rp_pane rp_panes__at(const struct rp_state *s, size_t x)
{
	size_t at = 0;

	for (int i = RP_PANE_HIST; i < RP_PANE_END; i++) {
		at += rp_pane__is_there(s, i) ? strlen(rp_pane_titles[i]) + 2 : 0;
		if (x < at)
			return i;
	}
	return RP_PANE_NONE;
}

static size_t bar_width(const struct rp_bar *bar, size_t i)
{
	return strlen(bar->key[i].name) + strlen(bar->key[i].label) + 1;
}

size_t rp_bar__shown(const struct rp_bar *bar, size_t width)
{
	size_t n = 0, x = 0;

	for (; n < bar->n; n++) {
		x += bar_width(bar, n);
		if (n >= bar->always && x > width)
			break;
	}
	return n;
}

int rp_bar__at(const struct rp_bar *bar, size_t x, size_t width)
{
	size_t at = 0;

	for (size_t i = 0; i < rp_bar__shown(bar, width); i++) {
		at += bar_width(bar, i);
		if (x < at)
			return bar->key[i].key;
	}
	return 0;
}
