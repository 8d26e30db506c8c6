// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Instances of a track nest, so they are a sequence of begins and ends in the order of time. Each
 * of these is some time after the one before it, mostly a short one: what lies between two events
 * of a thread. Three arrays hold all:
 *
 *   tokens  of each event: which name begins, and how it will be left; 0: an end
 *   begins  of each begin: ns since the event before
 *   ends    of each end: likewise
 *
 * Begins and ends stand by token, those of the first token first: times of one region are of about
 * the same size, which compresses better. Of each array all lowest bytes come first, then all of
 * the next, as many as its greatest number has. user/export/html/unpack.js is the reader.
 */
#include "export/html_events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "util/array.h"

struct events {
	const struct rp_html_timeline *timeline;
	const struct rp_html_tracks *tracks;
	const struct rp_export_names *names;
	uint32_t *token_of; /* name and left -> token; 0: none has it */
	uint32_t *name_of;  /* token - 1 -> name and left */
	size_t n_tokens;
	uint32_t *n_of_track;
	uint64_t *tokens; /* two for each instance */
	uint64_t *begins, *ends;
	size_t *begin_at, *end_at; /* where the next one of token - 1 goes */
	size_t *open;		   /* items that the next one may be in */
	size_t n_events;
};

/* ---- order ----------------------------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
	const struct rp_html_item *x = a, *y = b;

	if (x->track != y->track)
		return x->track < y->track ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return (x->depth > y->depth) - (x->depth < y->depth);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static uint32_t key_of(const struct rp_html_item *item)
{
	return item->name * RP_HTML_LEFTS + item->left;
}

/* Numbers those that are there, and says where the times of each begin. */
static void number_tokens(struct events *e)
{
	const struct rp_html_timeline *t = e->timeline;
	size_t sum = 0;

	for (size_t i = 0; i < t->n; i++) {
		uint32_t *token = &e->token_of[key_of(&t->item[i])];

		if (!*token) {
			e->name_of[e->n_tokens] = key_of(&t->item[i]);
			*token = (uint32_t)++e->n_tokens;
		}
		e->begin_at[*token - 1]++;
		e->n_of_track[t->item[i].track]++;
	}
	for (size_t i = 0; i < e->n_tokens; i++) {
		size_t n = e->begin_at[i];

		e->begin_at[i] = e->end_at[i] = sum;
		sum += n;
	}
}

static uint32_t token_of(const struct events *e, size_t item)
{
	return e->token_of[key_of(&e->timeline->item[item])];
}

/* ---- events ---------------------------------------------------------------------------------- */

static void put_begin(struct events *e, size_t item, uint64_t *time)
{
	uint32_t token = token_of(e, item);
	uint64_t start = e->timeline->item[item].start;

	e->tokens[e->n_events++] = token;
	e->begins[e->begin_at[token - 1]++] = start - *time;
	*time = start;
}

static void put_end(struct events *e, size_t item, uint64_t *time)
{
	uint64_t end = e->timeline->item[item].end;

	e->tokens[e->n_events++] = 0;
	e->ends[e->end_at[token_of(e, item) - 1]++] = end - *time;
	*time = end;
}

/* All of one track; returns the item behind. */
static size_t put_track(struct events *e, size_t item)
{
	const struct rp_html_timeline *t = e->timeline;
	uint32_t track = t->item[item].track;
	uint64_t time = 0;
	size_t n = 0;

	for (; item < t->n && t->item[item].track == track; item++) {
		while (n && t->item[e->open[n - 1]].end <= t->item[item].start)
			put_end(e, e->open[--n], &time);
		put_begin(e, item, &time);
		e->open[n++] = item;
	}
	while (n)
		put_end(e, e->open[--n], &time);
	return item;
}

/* ---- writing --------------------------------------------------------------------------------- */

static unsigned bytes_of(const uint64_t *number, size_t n)
{
	uint64_t all = 0;
	unsigned bytes = 1;

	for (size_t i = 0; i < n; i++)
		all |= number[i];
	while (all >>= 8)
		bytes++;
	return bytes;
}

static void put_bytes(struct rp_html_pack *out, const uint64_t *number, size_t n, unsigned bytes)
{
	unsigned char chunk[4096];

	for (unsigned byte = 0; byte < bytes; byte++)
		for (size_t i = 0; i < n;) {
			size_t k = 0;

			for (; k < sizeof(chunk) && i < n; i++)
				chunk[k++] = (unsigned char)(number[i] >> 8 * byte);
			rp_html_pack__put(out, chunk, k);
		}
}

static void write_tracks(const struct events *e, FILE *out)
{
	const char *comma = "";

	fprintf(out, "],\"tracks\":[");
	for (size_t i = 0; i < e->tracks->n; i++) {
		const struct rp_html_track *track = &e->tracks->track[i];

		if (!e->n_of_track[i])
			continue;
		fprintf(out, "%s[%" PRIu32 ",%" PRIu64 ",\"%s\",\"%s\",%" PRIu32 "]", comma,
			track->run, track->pid, track->process, track->name, e->n_of_track[i]);
		comma = ",";
	}
}

/* What the arrays are about, as one line of JSON. */
static int put_head(const struct events *e, struct rp_html_pack *pack)
{
	const struct rp_html_timeline *t = e->timeline;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	fprintf(out,
		"{\"n\":%zu,\"left_out\":%" PRIu64 ",\"left_out_longest\":%" PRIu64
		",\"end\":%" PRIu64 ",\"bytes\":[%u,%u,%u],\"tokens\":[",
		t->n, t->left_out, t->left_out_longest, t->end, bytes_of(e->tokens, 2 * t->n),
		bytes_of(e->begins, t->n), bytes_of(e->ends, t->n));
	for (size_t i = 0; i < e->n_tokens; i++)
		fprintf(out, "%s[\"%s\",%" PRIu32 "]", i ? "," : "",
			e->names->name[e->name_of[i] / RP_HTML_LEFTS],
			e->name_of[i] % RP_HTML_LEFTS);
	write_tracks(e, out);
	fprintf(out, "]}\n");
	if (!fclose(out))
		rp_html_pack__put(pack, text, size);
	else
		pack->rc = -ENOMEM;
	free(text);
	return pack->rc;
}

static int put_all(struct events *e, struct rp_html_pack *out)
{
	size_t n = e->timeline->n;
	int rc;

	number_tokens(e);
	for (size_t i = 0; i < n;)
		i = put_track(e, i);
	rp_html_pack__begin(out);
	rc = put_head(e, out);
	put_bytes(out, e->tokens, 2 * n, bytes_of(e->tokens, 2 * n));
	put_bytes(out, e->begins, n, bytes_of(e->begins, n));
	put_bytes(out, e->ends, n, bytes_of(e->ends, n));
	return rp_html_pack__end(out) ? -ENOMEM : rc;
}

int rp_html_events__pack(struct rp_html_timeline *timeline, const struct rp_html_tracks *tracks,
			 const struct rp_export_names *names, struct rp_html_pack *out)
{
	size_t n = timeline->n, n_keys = names->n * RP_HTML_LEFTS;
	struct events e = {.timeline = timeline,
			   .tracks = tracks,
			   .names = names,
			   .token_of = calloc(n_keys + 1, sizeof(*e.token_of)),
			   .name_of = calloc(n_keys + 1, sizeof(*e.name_of)),
			   .n_of_track = calloc(tracks->n + 1, sizeof(*e.n_of_track)),
			   .tokens = calloc(2 * n + 1, sizeof(*e.tokens)),
			   .begins = calloc(n + 1, sizeof(*e.begins)),
			   .ends = calloc(n + 1, sizeof(*e.ends)),
			   .begin_at = calloc(n_keys + 1, sizeof(*e.begin_at)),
			   .end_at = calloc(n_keys + 1, sizeof(*e.end_at)),
			   .open = calloc(n + 1, sizeof(*e.open))};
	int rc = -ENOMEM;

	rp_array__sort(timeline->item, n, sizeof(*timeline->item), compare_items);
	if (e.token_of && e.name_of && e.n_of_track && e.tokens && e.begins && e.ends &&
	    e.begin_at && e.end_at && e.open)
		rc = put_all(&e, out);
	free(e.token_of);
	free(e.name_of);
	free(e.n_of_track);
	free(e.tokens);
	free(e.begins);
	free(e.ends);
	free(e.begin_at);
	free(e.end_at);
	free(e.open);
	return rc;
}
