// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"
#include "util/escape.h"

const struct rp_export rp_exports[] = {
	{.name = "chrome", .open = rp_export__chrome},
	{.name = "perfetto", .open = rp_export__perfetto, .is_binary = true},
	{.name = "speedscope", .open = rp_export__speedscope},
	{.name = "folded", .open = rp_export__folded},
	{.name = "pprof", .open = rp_export__pprof, .is_binary = true},
	{.name = "region-flamegraph", .open = rp_export__flamegraph},
	{.name = "otlp", .open = rp_export__otlp},
	{.name = "sqlite", .open = rp_export__sqlite, .whole = true},
	{.name = "instances-csv", .open = rp_export__csv},
	{.name = "html", .open = rp_export__html},
	{.name = "heatmap", .open = rp_export__heatmap},
	{.name = NULL},
};

struct rp_event_sink rp_export__sink(void *state)
{
	return (struct rp_event_sink){.ctx = state,
				      .run = rp_told__on_run,
				      .region = rp_told__on_region,
				      .text = rp_told__on_text,
				      .thread = rp_told__on_thread,
				      .node = rp_told__on_node,
				      .end = rp_told__on_end};
}

char *rp_export__escape(const char *text)
{
	return rp_escape__copy(text, true);
}

char *rp_export__quote_json(const char *text)
{
	char *escaped = rp_export__escape(text), *quoted, *to;

	if (!escaped)
		return NULL;
	to = quoted = malloc(2 * strlen(escaped) + 1);
	for (const char *c = escaped; quoted && *c; c++) {
		if (*c == '"' || *c == '\\')
			*to++ = '\\';
		*to++ = *c;
	}
	if (quoted)
		*to = '\0';
	free(escaped);
	return quoted;
}

const struct rp_export *rp_export__find(const char *name)
{
	for (const struct rp_export *export = rp_exports; export->name; export ++)
		if (!strcmp(export->name, name))
			return export;
	return NULL;
}
