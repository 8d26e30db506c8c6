// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Where the time of a row went, as a bar. */
#include <string.h>

#include "view/view.h"

static double share(const struct rp_row *row, enum rp_split part)
{
	const uint64_t ns[RP_SPLIT_PARTS] = {row->f.cpu, row->f.wait, row->f.blocked};
	double all = (double)row->f.cpu + (double)row->f.wait + (double)row->f.blocked;

	return all > 0 ? (double)ns[part] / all : 0;
}

double rp_split__share(const struct rp_row *row, enum rp_split part)
{
	return share(row, part);
}

/* By largest remainder, so that the bar is always whole and no part moves without a reason. */
bool rp_split__cells(const struct rp_row *row, size_t width, size_t cells[RP_SPLIT_PARTS])
{
	double rest[RP_SPLIT_PARTS];
	size_t left = width;

	memset(cells, 0, RP_SPLIT_PARTS * sizeof(*cells));
	if (!row->f.total || row->kind == RP_KIND_SPAN)
		return false;
	for (int i = 0; i < RP_SPLIT_PARTS; i++) {
		double part = share(row, i) * (double)width;

		cells[i] = (size_t)part < left ? (size_t)part : left;
		left -= cells[i];
		rest[i] = part - (double)cells[i];
	}
	while (left) {
		int most = 0;

		for (int i = 1; i < RP_SPLIT_PARTS; i++)
			if (rest[i] > rest[most])
				most = i;
		cells[most]++;
		rest[most] -= 1;
		left--;
	}
	return true;
}

const char *rp_split__tone(enum rp_split part, bool utf8)
{
	static const char *const tones[][RP_SPLIT_PARTS] = {{"#", "+", "."}, {"█", "▒", "░"}};

	return tones[utf8][part];
}

const char *rp_split__format(const struct rp_row *row, bool utf8, char *buf, size_t size)
{
	size_t cells[RP_SPLIT_PARTS], at = 0;

	if (!rp_split__cells(row, RP_SPLIT_WIDTH, cells)) {
		snprintf(buf, size, "-");
		return buf;
	}
	for (int i = 0; i < RP_SPLIT_PARTS; i++)
		for (; cells[i] && at < size; cells[i]--)
			at += (size_t)snprintf(buf + at, size - at, "%s", rp_split__tone(i, utf8));
	return buf;
}
