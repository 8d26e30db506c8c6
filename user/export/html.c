// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A page that needs nothing but a browser. The figures are those of a report, so instances go to
 * the same sinks as there: their sum as counts, and the slowest of each region. What only the page
 * has, heat maps and a timeline, is gathered here.
 *
 * Names come from the target. They are in the page as compressed JSON in base64 alone, so that none
 * can end a script or begin a tag; the page's script makes text of them and never markup. By its
 * Content-Security-Policy a browser runs that script and nothing else, and asks for nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "export/html_figures.h"
#include "export/html_page.h"
#include "export/html_timeline.h"
#include "export/internal.h"
#include "record/counts_of_instances.h"
#include "record/tee.h"
#include "util/array.h"

#define PAGE_MAX     5000000 /* bytes */
#define HEAD_MAX     4096    /* of them around the parts */
#define FIGURES_MAX  1500000 /* packed, but for the timeline, which gets all else */
#define SLOWEST_EACH 10

struct html {
	struct rp_told told; /* first: see told.h */
	struct rp_out out;
	struct rp_event_tee tee;
	struct rp_instance_counts *counts;
	struct rp_slowest *slowest;
	struct rp_export_names names;
	struct rp_heats heat;
	struct rp_html_tracks tracks;
	struct rp_html_timeline timeline;
	struct rp_html_run *run;
	size_t n_runs, runs_room;
	struct rp_arena strings; /* of the runs */
};

/* ---- runs ------------------------------------------------------------------------------------ */

static int quote(struct html *h, const char *text, const char **out)
{
	char *quoted = rp_export__quote_json(text);

	*out = quoted ? rp_arena__dup(&h->strings, quoted) : NULL;
	free(quoted);
	return *out ? 0 : -ENOMEM;
}

static int quote_run(struct html *h, const struct rp_event_run *run, struct rp_html_run *out)
{
	const struct {
		const char *text, **to;
	} texts[] = {
		{run->file, &out->file},	  {run->meta.host, &out->host},
		{run->meta.kernel, &out->kernel}, {run->meta.target, &out->target},
		{run->meta.kept, &out->kept},	  {run->meta.start_time, &out->start_time},
		{run->part, &out->part},
	};
	int rc = 0;

	out->from = run->from;
	for (size_t i = 0; !rc && i < sizeof(texts) / sizeof(texts[0]); i++)
		rc = quote(h, texts[i].text, texts[i].to);
	return rc;
}

/* A run may be told again: what comes later is complete. */
static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct html *h = ctx;
	bool is_new = !h->told.is_running;
	int rc = rp_told__on_run(h, run);

	if (!rc && is_new)
		rc = rp_array__grow(&h->run, h->n_runs, &h->runs_room, sizeof(*h->run));
	if (rc)
		return rc;
	if (is_new)
		h->run[h->n_runs++] = (struct rp_html_run){0};
	return quote_run(h, run, &h->run[h->n_runs - 1]);
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct html *h = ctx;
	struct rp_html_run *run = &h->run[h->n_runs - 1];

	run->duration = end->time > h->told.start ? end->time - h->told.start : 0;
	run->cut = end->cut;
	rp_html_tracks__end_run(&h->tracks);
	rp_export_names__end_run(&h->names);
	return rp_told__on_end(h, end);
}

/* ---- instances ------------------------------------------------------------------------------- */

/* Both ends are cut by the same rule, so that what nests still does where the clock of a record is
 * off. */
static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct html *h = ctx;
	const struct rp_told_node *node = rp_told__node(&h->told, instance->node);
	struct rp_html_item item = {
		.start = rp_told__since(&h->told, instance),
		.end = rp_told__since_start(&h->told, rp_event_instance__end(instance)),
		.depth = node->depth,
		.left = instance->unwound ? RP_HTML_UNWOUND
			: instance->open  ? RP_HTML_OPEN
					  : RP_HTML_EXIT,
	};
	int rc = rp_export_names__of_node(&h->names, &h->told, node, node->name, &item.name);

	if (!rc)
		rc = rp_html_tracks__place(&h->tracks, &h->told, instance, &item.track);
	if (!rc && rp_event_instance__is_timed(instance))
		rc = rp_heats__add(&h->heat, item.name, item.start, instance->ns);
	return rc ? rc : rp_html_timeline__add(&h->timeline, &item);
}

/* ---- the page -------------------------------------------------------------------------------- */

static void put_part(struct html *h, const struct rp_html_part *part)
{
	rp_out__bytes(&h->out, part->text, part->n);
}

static void put_data(struct html *h, const char *id, const struct rp_html_pack *pack)
{
	rp_out__text(&h->out, "<script type=\"text/plain\" id=\"");
	rp_out__text(&h->out, id);
	rp_out__text(&h->out, "\">");
	rp_html_pack__print(pack, &h->out);
	rp_out__text(&h->out, "</script>\n");
}

static void put_page(struct html *h, const struct rp_html_pack *figures,
		     const struct rp_html_pack *timeline)
{
	rp_out__text(&h->out,
		     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		     "<meta http-equiv=\"Content-Security-Policy\" content=\""
		     "default-src 'none'; base-uri 'none'; form-action 'none'; script-src '");
	rp_out__text(&h->out, rp_html_script.hash);
	rp_out__text(&h->out, "'; style-src '");
	rp_out__text(&h->out, rp_html_style.hash);
	rp_out__text(&h->out, "'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
			      "<title>rptrace report</title>\n<style>");
	put_part(h, &rp_html_style);
	rp_out__text(&h->out, "</style>\n</head>\n");
	put_part(h, &rp_html_body);
	put_data(h, "figures", figures);
	put_data(h, "timeline", timeline);
	rp_out__text(&h->out, "<script type=\"module\">");
	put_part(h, &rp_html_script);
	rp_out__text(&h->out, "</script>\n</html>\n");
}

static int pack_figures(struct html *h, struct rp_html_pack *pack)
{
	struct rp_counts_source source = rp_instance_counts__source(h->counts);
	struct rp_counts *counts = source.read(source.ctx);
	struct rp_snapshot_opts opts = {.by = RP_BY_LABEL,
					.meta = *rp_instance_counts__meta(h->counts)};
	struct rp_html_figures figures = {
		.snapshot = counts ? rp_snapshot__build(counts, NULL, &opts) : NULL,
		.slowest = h->slowest,
		.heat = &h->heat,
		.names = &h->names,
		.run = h->run,
		.n_runs = h->n_runs,
		.lost_instances = rp_instance_counts__lost(h->counts),
	};
	int rc = figures.snapshot ? 0 : -ENOMEM;

	if (!rc && figures.snapshot->sampled)
		rp_sampled__set_cpu(figures.snapshot, counts->samples->cpu);
	if (!rc)
		rc = rp_html_figures__pack(&figures, FIGURES_MAX, pack);
	rp_snapshot__free(figures.snapshot);
	rp_counts__free(counts);
	return rc;
}

/* What is left of the page is the timeline's. */
static int write_page(struct html *h)
{
	struct rp_html_pack figures = {0}, timeline = {0};
	size_t used = HEAD_MAX + rp_html_style.n + rp_html_body.n + rp_html_script.n;
	int rc = pack_figures(h, &figures);

	used += rp_base64__length(figures.bytes.n);
	if (!rc)
		rc = rp_html_timeline__pack(&h->timeline, &h->tracks, &h->names,
					    used < PAGE_MAX ? rp_base64__fits(PAGE_MAX - used) : 0,
					    &timeline);
	if (!rc)
		put_page(h, &figures, &timeline);
	rp_html_pack__free(&figures);
	rp_html_pack__free(&timeline);
	return rc ? rc : rp_out__flush(&h->out);
}

static void free_html(struct html *h)
{
	rp_instance_counts__free(h->counts);
	rp_slowest__free(h->slowest);
	rp_export_names__free(&h->names);
	rp_heats__free(&h->heat);
	rp_html_tracks__free(&h->tracks);
	rp_html_timeline__free(&h->timeline);
	free(h->run);
	rp_arena__free(&h->strings);
	rp_told__free(&h->told);
	free(h);
}

static int on_close(void *ctx)
{
	struct html *h = ctx;
	int rc = h->told.is_running ? 0 : write_page(h);

	free_html(h);
	return rc;
}

int rp_export__html(FILE *out, struct rp_event_sink *sink)
{
	struct html *h = calloc(1, sizeof(*h));
	struct rp_event_sink own;

	if (!h)
		return -ENOMEM;
	h->told.quote = rp_export__quote_json;
	h->out.file = out;
	h->counts = rp_instance_counts__new(RP_BY_LABEL);
	h->slowest = rp_slowest__new(SLOWEST_EACH);
	if (!h->counts || !h->slowest) {
		free_html(h);
		return -ENOMEM;
	}
	own = rp_export__sink(h);
	own.run = on_run;
	own.instance = on_instance;
	own.end = on_end;
	own.close = on_close;
	h->tee = (struct rp_event_tee){
		.to = {rp_instance_counts__sink(h->counts), rp_slowest__finder(h->slowest), own},
		.n = 3};
	*sink = rp_event_tee__sink(&h->tee);
	return 0;
}
