// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Stacks as a picture (SVG) of its own: each call is a box as wide as the samples that were in it,
 * on top of what called it, the regions at the bottom. A browser that opens it can zoom into a box,
 * search, and show what is under the mouse; all of that is inside the file (flamegraph_script.c).
 *
 * Stacks are sorted by their names, so that calls which several have in common are neighbours: a
 * box is a run of equal names at one depth.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/escape.h"
#include "view/internal.h"

#define WIDTH	  1200.0
#define ROW	  17
#define HEAD	  44
#define FOOT	  24
#define LETTER	  6.6  /* about as wide as one is */
#define BOX_LEAST 0.05 /* narrower ones, of WIDTH, are left out: nobody could see them */

struct flame {
	struct rp_stack stack;
	uint64_t samples;
};

struct flames {
	struct flame *item; /* sorted */
	size_t n, room;
	uint64_t samples; /* of all */
	size_t depth;	  /* of the deepest */
	FILE *out;
	int err;
};

/* The boxes of two stacks at one depth: regions first; 0: they are one, if those below are. */
static int compare_boxes(const struct rp_stack *x, const struct rp_stack *y, size_t depth)
{
	bool x_region = depth < x->n_regions, y_region = depth < y->n_regions;

	return x_region == y_region ? strcmp(x->name[depth], y->name[depth]) : y_region - x_region;
}

static int compare_flames(const void *a, const void *b)
{
	const struct rp_stack *x = &((const struct flame *)a)->stack,
			      *y = &((const struct flame *)b)->stack;

	for (size_t i = 0; i < x->n && i < y->n; i++) {
		int order = compare_boxes(x, y, i);

		if (order)
			return order;
	}
	return (x->n > y->n) - (x->n < y->n);
}

static int collect(struct flames *f, const struct rp_sampled *sampled)
{
	int err = 0;

	for (size_t i = 1; sampled && i < sampled->n_calls && !err; i++) {
		struct flame *flame;

		if (!sampled->self[i])
			continue;
		if (rp_array__grow(&f->item, f->n, &f->room, sizeof(*f->item)))
			return -ENOMEM;
		flame = &f->item[f->n++];
		*flame = (struct flame){.samples = sampled->self[i]};
		err = rp_sampled__stack(sampled, (uint32_t)i, &flame->stack);
		f->samples += flame->samples;
		if (flame->stack.n > f->depth)
			f->depth = flame->stack.n;
	}
	rp_array__sort(f->item, f->n, sizeof(*f->item), compare_flames);
	return err;
}

/* As text between tags, so many bytes of it at most. -ENOMEM. */
static int print_text(FILE *out, const char *text, size_t most)
{
	char *escaped = rp_escape__copy(text, true), *c;

	if (!escaped)
		return -ENOMEM;
	for (c = escaped; *c && (most || (*c & 0xc0) == 0x80); c++) {
		most -= (*c & 0xc0) != 0x80;
		if (*c == '<')
			fputs("&lt;", out);
		else if (*c == '>')
			fputs("&gt;", out);
		else if (*c == '&')
			fputs("&amp;", out);
		else
			fputc(*c, out);
	}
	if (*c)
		fputs("..", out);
	free(escaped);
	return 0;
}

/* Regions are blue, rptrace's own probes grey, functions of one name always of one warm colour. */
static void print_colour(FILE *out, const char *name, bool is_region)
{
	unsigned hash = 5381;

	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	if (!strcmp(name, "[probe]"))
		fputs("#b0b0b0", out);
	else if (is_region)
		fprintf(out, "hsl(%u,65%%,72%%)", 200 + hash % 25);
	else
		fprintf(out, "hsl(%u,85%%,68%%)", 10 + hash % 45);
}

/* A box: data-x and data-n are in samples, from which the script places it anew. */
static void print_box(struct flames *f, const char *name, bool is_region, size_t depth,
		      uint64_t start, uint64_t samples)
{
	double scale = WIDTH / (double)f->samples;
	double x = (double)start * scale, width = (double)samples * scale;
	double y = HEAD + (double)(f->depth - depth) * ROW;
	size_t letters = width > 3 * LETTER ? (size_t)((width - 6) / LETTER) : 0;

	if (width < BOX_LEAST || f->err)
		return;
	fprintf(f->out, "<g data-x=\"%" PRIu64 "\" data-n=\"%" PRIu64 "\" data-d=\"%zu\"><title>",
		start, samples, depth);
	f->err = print_text(f->out, name, SIZE_MAX);
	fprintf(f->out,
		" (%" PRIu64 " samples, %.2f %%)</title><rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" "
		"height=\"%d\" fill=\"",
		samples, 100.0 * (double)samples / (double)f->samples, x, y, width, ROW - 1);
	print_colour(f->out, name, is_region);
	fprintf(f->out, "\"/><text x=\"%.2f\" y=\"%.0f\">", x + 3, y + 12);
	if (letters && !f->err)
		f->err = print_text(f->out, name, letters);
	fputs("</text></g>\n", f->out);
}

/* The boxes of the stacks from number `from` on up to `end`, which agree below that depth. */
static void print_boxes(struct flames *f, size_t from, size_t end, size_t depth, uint64_t start)
{
	size_t next;

	for (; from < end && !f->err; from = next) {
		const struct rp_stack *first = &f->item[from].stack;
		uint64_t samples = 0;

		next = from;
		/* A shorter stack sorts first: it ends in the box below. */
		if (first->n <= depth) {
			start += f->item[next++].samples;
			continue;
		}
		while (next < end && !compare_boxes(&f->item[next].stack, first, depth))
			samples += f->item[next++].samples;
		print_box(f, first->name[depth], depth < first->n_regions, depth + 1, start,
			  samples);
		print_boxes(f, from, next, depth + 1, start);
		start += samples;
	}
}

static void print_picture(struct flames *f, const char *target)
{
	double height = HEAD + (double)(f->depth + 1) * ROW + FOOT;

	fprintf(f->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		"<svg version=\"1.1\" xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
		"height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" data-samples=\"%" PRIu64 "\">\n",
		WIDTH, height, WIDTH, height, f->samples);
	fputs("<style>text{font:12px monospace;fill:#000;pointer-events:none}"
	      "g{cursor:pointer}rect{stroke:#fff;stroke-width:.5}"
	      ".found rect{fill:#d040d0}.ancestor{opacity:.6}"
	      ".button{fill:#666;pointer-events:all;cursor:pointer}</style>\n"
	      "<rect width=\"100%\" height=\"100%\" fill=\"#f8f8f8\"/>\n"
	      "<text x=\"8\" y=\"20\" id=\"title\">",
	      f->out);
	f->err = print_text(f->out, target ? target : "", SIZE_MAX);
	fprintf(f->out,
		"</text>\n<text x=\"%.0f\" y=\"20\" class=\"button\" id=\"reset\" "
		"visibility=\"hidden\">all of it</text>\n"
		"<text x=\"%.0f\" y=\"20\" class=\"button\" id=\"search\">search</text>\n"
		"<text x=\"8\" y=\"%.0f\" id=\"details\"></text>\n<g id=\"boxes\">\n",
		WIDTH - 160, WIDTH - 60, height - 8);
	if (f->samples && !f->err) {
		print_box(f, "all", false, 0, 0, f->samples);
		print_boxes(f, 0, f->n, 0, 0);
	}
	fprintf(f->out, "</g>\n<script><![CDATA[\n%s]]></script>\n</svg>\n", rp_flamegraph_script);
}

int rp_view__flamegraph(FILE *out, const struct rp_snapshot *snapshot,
			const struct rp_view_opts *opts)
{
	struct flames f = {.out = out};

	(void)opts;
	f.err = collect(&f, snapshot->sampled);
	if (!f.err)
		print_picture(&f, snapshot->meta.target);
	for (size_t i = 0; i < f.n; i++)
		free(f.item[i].stack.name);
	free(f.item);
	return f.err ? f.err : rp_view__end(out);
}
