// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* A line for each instance, as they ended. RFC 4180, but with plain newlines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"
#include "util/escape.h"

struct csv {
	struct rp_told told; /* first: see told.h */
	struct rp_out out;
};

static const char head[] = "region,label,kind,parent,depth,pid,tid,goroutine,command,start_ns,"
			   "duration_ns,self_ns,cpu_ns,wait_ns,blocked_ns,cpu,left,span\n";

/* As the table of regions has it. */
static char *quote(const char *text)
{
	char *escaped = rp_escape__copy(text, true), *quoted, *to;

	if (!escaped || (!strpbrk(escaped, ",\"") && escaped[0] != ' ' && escaped[0] != '#'))
		return escaped;
	to = quoted = malloc(2 * strlen(escaped) + 3);
	if (quoted) {
		*to++ = '"';
		for (const char *c = escaped; *c; c++) {
			if (*c == '"')
				*to++ = '"';
			*to++ = *c;
		}
		strcpy(to, "\"");
	}
	free(escaped);
	return quoted;
}

static void put_text(struct csv *csv, const char *text)
{
	if (text)
		rp_out__text(&csv->out, text);
	rp_out__bytes(&csv->out, ",", 1);
}

static void put_number(struct csv *csv, uint64_t number)
{
	rp_out__number(&csv->out, number);
	rp_out__bytes(&csv->out, ",", 1);
}

/* What is not known is empty. */
static void put_times(struct csv *csv, const struct rp_event_instance *instance)
{
	put_number(csv, rp_told__since(&csv->told, instance));
	put_number(csv, instance->ns);
	if (!rp_event_instance__is_timed(instance) || instance->is_span) {
		rp_out__text(&csv->out, ",,,,");
		return;
	}
	put_number(csv, instance->ns - instance->child);
	put_number(csv, instance->cpu);
	put_number(csv, instance->wait);
	put_number(csv, instance->ns - instance->cpu - instance->wait);
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct csv *csv = ctx;
	const struct rp_told_node *node = rp_told__node(&csv->told, instance->node);
	const struct rp_told_thread *thread =
		&csv->told.threads[rp_told__thread(&csv->told, instance->thread)];

	put_text(csv, node->region);
	put_text(csv, node->label);
	put_text(csv, rp_kind__name(node->kind));
	put_text(csv, node->parent ? csv->told.nodes[node->parent - 1].name : NULL);
	put_number(csv, node->depth);
	put_number(csv, thread->pid);
	put_number(csv, thread->tid);
	put_number(csv, thread->goroutine);
	put_text(csv, thread->comm);
	put_times(csv, instance);
	put_number(csv, instance->cpu_number);
	put_text(csv, instance->unwound ? "unwound" : instance->open ? "open" : "exit");
	if (instance->is_span)
		rp_out__number(&csv->out, instance->span);
	rp_out__bytes(&csv->out, "\n", 1);
	return csv->out.rc;
}

static int on_close(void *ctx)
{
	struct csv *csv = ctx;
	int rc = rp_out__flush(&csv->out);

	rp_told__free(&csv->told);
	free(csv);
	return rc;
}

int rp_export__csv(FILE *out, struct rp_event_sink *sink)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	if (!csv)
		return -ENOMEM;
	csv->told.quote = quote;
	csv->out.file = out;
	rp_out__text(&csv->out, head);
	*sink = rp_export__sink(csv);
	sink->instance = on_instance;
	sink->close = on_close;
	return 0;
}
