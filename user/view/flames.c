// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Stacks as a picture (SVG) of its own: each call is a box as wide as the samples, or the time,
 * that were in it, on top of what called it, the regions at the bottom. A browser that opens it can
 * zoom into a box, search, and show what is under the mouse; all of that is inside the file
 * (flames_script.c).
 *
 * Stacks are sorted by their names, so that calls which several have in common are neighbours: a
 * box is a run of equal names at one depth.
 */
#include "view/flames.h"

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
#define FONT	  11   /* height of its letters */
#define LETTER	  6.6  /* width, which is six tenths of that in monospaced fonts */
#define BOX_LEAST 0.05 /* narrower boxes would be invisible, and are left out */

struct picture {
	const struct rp_flames *flames; /* sorted */
	uint64_t all;			/* of all stacks */
	size_t depth;			/* of the deepest */
	FILE *out;
	int err;
};

/* Orders two stacks by their box at one depth, regions first; 0: both have the same box. */
static int compare_boxes(const struct rp_stack *x, const struct rp_stack *y, size_t depth)
{
	bool x_region = depth < x->n_regions, y_region = depth < y->n_regions;

	return x_region == y_region ? strcmp(x->name[depth], y->name[depth]) : y_region - x_region;
}

static int compare_flames(const void *a, const void *b)
{
	const struct rp_stack *x = &((const struct rp_flame *)a)->stack,
			      *y = &((const struct rp_flame *)b)->stack;

	for (size_t i = 0; i < x->n && i < y->n; i++) {
		int order = compare_boxes(x, y, i);

		if (order)
			return order;
	}
	return (x->n > y->n) - (x->n < y->n);
}

/* Escapes at most so many bytes of a text for SVG. -ENOMEM. */
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

/* Regions are blue, rptrace's own probes grey; a function's name decides its warm colour. */
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

static void print_value(const struct picture *p, uint64_t value)
{
	char text[32];

	if (p->flames->of_time)
		fputs(rp_text__ns((double)value, text, sizeof(text)), p->out);
	else
		fprintf(p->out, "%" PRIu64 " samples", value);
}

/* A box: data-x and data-n are in samples or ns, from which the script places it anew. */
static void print_box(struct picture *p, const char *name, bool is_region, size_t depth,
		      uint64_t start, uint64_t value)
{
	double scale = WIDTH / (double)p->all;
	double x = (double)start * scale, width = (double)value * scale;
	double y = HEAD + (double)(p->depth - depth) * ROW;
	size_t letters = width > 3 * LETTER ? (size_t)((width - 6) / LETTER) : 0;

	if (width < BOX_LEAST || p->err)
		return;
	fprintf(p->out, "<g data-x=\"%" PRIu64 "\" data-n=\"%" PRIu64 "\" data-d=\"%zu\"><title>",
		start, value, depth);
	p->err = print_text(p->out, name, SIZE_MAX);
	fputs(" (", p->out);
	print_value(p, value);
	fprintf(p->out,
		", %.2f %%)</title><rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%d\" "
		"fill=\"",
		100.0 * (double)value / (double)p->all, x, y, width, ROW - 1);
	print_colour(p->out, name, is_region);
	fprintf(p->out, "\"/><text x=\"%.2f\" y=\"%.0f\">", x + 3, y + 12);
	if (letters && !p->err)
		p->err = print_text(p->out, name, letters);
	fputs("</text></g>\n", p->out);
}

/* The boxes of the stacks from number `from` on up to `end`, which agree below that depth. */
static void print_boxes(struct picture *p, size_t from, size_t end, size_t depth, uint64_t start)
{
	size_t next;

	for (; from < end && !p->err; from = next) {
		const struct rp_stack *first = &p->flames->item[from].stack;
		uint64_t value = 0;

		next = from;
		/* A shorter stack sorts first, and has no box at this depth. */
		if (first->n <= depth) {
			start += p->flames->item[next++].value;
			continue;
		}
		while (next < end && !compare_boxes(&p->flames->item[next].stack, first, depth))
			value += p->flames->item[next++].value;
		print_box(p, first->name[depth], depth < first->n_regions, depth + 1, start, value);
		print_boxes(p, from, next, depth + 1, start);
		start += value;
	}
}

static void print_picture(struct picture *p, const char *title)
{
	double height = HEAD + (double)(p->depth + 1) * ROW + FOOT;

	fprintf(p->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		"<svg version=\"1.1\" xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
		"height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" data-all=\"%" PRIu64
		"\" data-unit=\"%s\">\n",
		WIDTH, height, WIDTH, height, p->all, p->flames->of_time ? "time" : "samples");
	fprintf(p->out, "<style>text{font:%dpx monospace;fill:#000;pointer-events:none}", FONT);
	fputs("g{cursor:pointer}rect{stroke:#fff;stroke-width:.5}"
	      ".found rect{fill:#d040d0}.ancestor{opacity:.6}"
	      ".button{fill:#666;pointer-events:all;cursor:pointer}</style>\n"
	      "<rect width=\"100%\" height=\"100%\" fill=\"#f8f8f8\"/>\n"
	      "<text x=\"8\" y=\"20\" id=\"title\">",
	      p->out);
	p->err = print_text(p->out, title, SIZE_MAX);
	fprintf(p->out,
		"</text>\n<text x=\"%.0f\" y=\"20\" class=\"button\" id=\"reset\" "
		"visibility=\"hidden\">all of it</text>\n"
		"<text x=\"%.0f\" y=\"20\" class=\"button\" id=\"search\">search</text>\n"
		"<text x=\"8\" y=\"%.0f\" id=\"details\"></text>\n<g id=\"boxes\">\n",
		WIDTH - 160, WIDTH - 60, height - 8);
	if (p->all && !p->err) {
		print_box(p, "all", false, 0, 0, p->all);
		print_boxes(p, 0, p->flames->n, 0, 0);
	}
	fprintf(p->out, "</g>\n<script><![CDATA[\n%s]]></script>\n</svg>\n", rp_flames_script);
}

int rp_flames__draw(struct rp_flames *flames, const char *title, FILE *out)
{
	struct picture picture = {.flames = flames, .out = out};

	rp_array__sort(flames->item, flames->n, sizeof(*flames->item), compare_flames);
	for (size_t i = 0; i < flames->n; i++) {
		picture.all += flames->item[i].value;
		if (flames->item[i].stack.n > picture.depth)
			picture.depth = flames->item[i].stack.n;
	}
	print_picture(&picture, title ? title : "");
	return picture.err ? picture.err : rp_view__end(out);
}

int rp_flames__add(struct rp_flames *flames, uint64_t value, struct rp_stack **stack)
{
	int rc = rp_array__grow(&flames->item, flames->n, &flames->room, sizeof(*flames->item));

	if (rc)
		return rc;
	flames->item[flames->n] = (struct rp_flame){.value = value};
	*stack = &flames->item[flames->n++].stack;
	return 0;
}

void rp_flames__free(struct rp_flames *flames)
{
	for (size_t i = 0; i < flames->n; i++)
		free(flames->item[i].stack.name);
	free(flames->item);
}
