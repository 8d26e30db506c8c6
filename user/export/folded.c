// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * "outer;inner NS" for each path: the time of its instances without that of those inside, which
 * flamegraph.pl, speedscope and ui.perfetto.dev draw. What was unwound or is open has no time that
 * is known, and a span is on no thread whose time it could take: these are not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"
#include "util/array.h"
#include "util/escape.h"

struct folded {
	struct rp_told told; /* first: see told.h */
	struct rp_out out;
	uint64_t *self; /* by index of node */
	size_t n_self;
	uint32_t *chain; /* as many */
};

/* A semicolon is what separates names. */
static char *quote(const char *text)
{
	char *escaped = rp_escape__copy(text, true), *quoted, *to;

	if (!escaped || !strchr(escaped, ';'))
		return escaped;
	to = quoted = malloc(4 * strlen(escaped) + 1);
	for (const char *c = escaped; quoted && *c; c++) {
		if (*c == ';')
			to = stpcpy(to, "\\x3b");
		else
			*to++ = *c;
	}
	if (quoted)
		*to = '\0';
	free(escaped);
	return quoted;
}

static int make_room(struct folded *f)
{
	size_t n = f->told.n_nodes;
	int rc;

	if (f->n_self >= n)
		return 0;
	n = f->told.nodes_room;
	rc = rp_array__fit(&f->self, n, sizeof(*f->self));
	if (!rc)
		rc = rp_array__fit(&f->chain, n, sizeof(*f->chain));
	if (rc)
		return rc;
	memset(f->self + f->n_self, 0, (n - f->n_self) * sizeof(*f->self));
	f->n_self = n;
	return 0;
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct folded *f = ctx;
	size_t node = (size_t)(rp_told__node(&f->told, instance->node) - f->told.nodes);
	int rc;

	if (instance->is_span || !rp_event_instance__is_timed(instance))
		return 0;
	rc = make_room(f);
	if (!rc)
		f->self[node] += instance->ns - instance->child;
	return rc;
}

static void print_path(struct folded *f, uint32_t node)
{
	size_t n = 0;

	for (uint32_t at = node + 1; at; at = f->told.nodes[at - 1].parent)
		f->chain[n++] = at - 1;
	while (n--) {
		rp_out__text(&f->out, f->told.nodes[f->chain[n]].name);
		rp_out__text(&f->out, n ? ";" : " ");
	}
	rp_out__number(&f->out, f->self[node]);
	rp_out__text(&f->out, "\n");
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct folded *f = ctx;

	for (size_t i = 0; i < f->n_self; i++)
		if (f->self[i])
			print_path(f, (uint32_t)i);
	f->n_self = 0;
	rp_told__on_end(f, end);
	return f->out.rc;
}

static int on_close(void *ctx)
{
	struct folded *f = ctx;
	int rc = rp_out__flush(&f->out);

	free(f->self);
	free(f->chain);
	rp_told__free(&f->told);
	free(f);
	return rc;
}

int rp_export__folded(FILE *out, struct rp_event_sink *sink)
{
	struct folded *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->told.quote = quote;
	f->out.file = out;
	*sink = rp_export__sink(f);
	sink->instance = on_instance;
	sink->end = on_end;
	sink->close = on_close;
	return 0;
}
