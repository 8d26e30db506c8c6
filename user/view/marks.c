// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "view/view.h"

static bool is_unmatched(const struct rp_row *row)
{
	return row->f.unmatched > 0;
}

static bool is_crossed(const struct rp_row *row)
{
	return row->crossed;
}

/* A region that was left out has no probes any more. */
static bool is_distorted(const struct rp_row *row)
{
	return row->distorted && !row->left_out;
}

static bool is_slow(const struct rp_row *row)
{
	return row->slow && !row->left_out;
}

static bool ends_at_jump(const struct rp_row *row)
{
	return row->ends_at_jump;
}

static bool overlaps(const struct rp_row *row)
{
	return row->told_by && row->usdt;
}

static bool is_late(const struct rp_row *row)
{
	return row->late;
}

static bool is_left_out(const struct rp_row *row)
{
	return row->left_out;
}

const struct rp_mark rp_marks[RP_MARKS] = {
	{'!', is_unmatched, "exits without an entry: entered before the trace began, or no pair"},
	{'x', is_crossed, "ends named another call than the one begun last: fibers on one thread"},
	{'%', is_distorted,
	 "probes took more than a fifth of its own time: --compensate takes it off"},
	{'~', is_slow, "slow site: every hit is single-stepped"},
	{'>', ends_at_jump,
	 "may end in a jump to a function that is not known: timed up to the jump"},
	{'@', overlaps,
	 "calls begin before others end: times of one are taken for those of another"},
	{'+', is_late,
	 "a label past the bound that is frequent: its first calls are in the row other"},
	{'-', is_left_out, "left out while tracing: figures up to then"},
};

const char *rp_row__marks(const struct rp_row *row, char buf[RP_MARKS + 1])
{
	char *at = buf;

	for (size_t i = 0; i < RP_MARKS; i++)
		if (rp_marks[i].applies(row))
			*at++ = rp_marks[i].sign;
	*at = '\0';
	return buf;
}
