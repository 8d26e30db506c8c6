// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Memory is bounded, whatever the length of a record: at so many instances the shorter half is
 * dropped. Long ones are what is seen of a timeline from afar, and they are what encloses others;
 * so what is left is a timeline of which the finest detail is missing, and how long that was is
 * told.
 *
 * How it is packed is in html_events.c. What does not fit the page then is left out likewise, the
 * shortest first, and the rest packed again.
 */
#include "export/html_timeline.h"

#include <errno.h>
#include <stdlib.h>

#include "export/html_events.h"
#include "util/array.h"

#define KEPT_MAX (1u << 20) /* after the shorter ones were dropped; twice as many before */

static uint64_t ns_of(const struct rp_html_item *item)
{
	return item->end - item->start;
}

/*
 * Of the longest `keep` ones the shortest; *ties: how many of those that are as long are among
 * them. Digit by digit from the first, so that no choice of durations makes it slow.
 */
static uint64_t shortest_kept(const struct rp_html_item *item, size_t n, size_t keep, size_t *ties)
{
	uint64_t prefix = 0, mask = 0;

	for (int shift = 56; shift >= 0; shift -= 8) {
		size_t count[256] = {0}, digit = 255;

		for (size_t i = 0; i < n; i++)
			if ((ns_of(&item[i]) & mask) == prefix)
				count[ns_of(&item[i]) >> shift & 255]++;
		for (; count[digit] < keep; digit--)
			keep -= count[digit];
		prefix |= (uint64_t)digit << shift;
		mask |= (uint64_t)255 << shift;
	}
	*ties = keep;
	return prefix;
}

static void keep_longest(struct rp_html_timeline *t, size_t keep)
{
	size_t n = t->n, ties = 0;
	uint64_t shortest = UINT64_MAX;

	if (n <= keep)
		return;
	if (keep)
		shortest = shortest_kept(t->item, n, keep, &ties);
	t->n = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t ns = ns_of(&t->item[i]);

		if (ns > shortest || (ns == shortest && ties)) {
			ties -= ns == shortest;
			t->item[t->n++] = t->item[i];
		} else if (ns > t->left_out_longest) {
			t->left_out_longest = ns;
		}
	}
	t->left_out += n - t->n;
}

int rp_html_timeline__add(struct rp_html_timeline *t, const struct rp_html_item *item)
{
	int rc;

	if (t->n == 2 * KEPT_MAX)
		keep_longest(t, KEPT_MAX);
	rc = rp_array__grow(&t->item, t->n, &t->room, sizeof(*t->item));
	if (rc)
		return rc;
	t->item[t->n++] = *item;
	if (item->end > t->end)
		t->end = item->end;
	return 0;
}

static int order_tracks(struct rp_html_timeline *t, struct rp_html_tracks *tracks)
{
	uint32_t *rank = calloc(tracks->n + 1, sizeof(*rank));

	if (!rank)
		return -ENOMEM;
	rp_html_tracks__sort(tracks, rank);
	for (size_t i = 0; i < t->n; i++)
		t->item[i].track = rank[t->item[i].track];
	free(rank);
	return 0;
}

int rp_html_timeline__pack(struct rp_html_timeline *t, struct rp_html_tracks *tracks,
			   const struct rp_export_names *names, size_t most,
			   struct rp_html_pack *out)
{
	int rc = order_tracks(t, tracks);

	keep_longest(t, KEPT_MAX);
	while (!rc) {
		rc = rp_html_events__pack(t, tracks, names, out);
		if (out->bytes.n <= most || !t->n)
			break;
		/* A little less than what would do if all were alike. */
		keep_longest(t,
			     (size_t)((double)t->n * 0.97 * (double)most / (double)out->bytes.n));
	}
	return rc;
}

void rp_html_timeline__free(struct rp_html_timeline *timeline)
{
	free(timeline->item);
}
