// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* "outer;inner NS" for each path, which flamegraph.pl, speedscope and ui.perfetto.dev draw. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/paths.h"
#include "util/escape.h"

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

static int write_path(struct rp_export_paths *p, const struct rp_path_sums *sums, size_t depth)
{
	for (size_t i = 0; i < depth; i++) {
		rp_out__text(&p->out, p->told.nodes[p->chain[i]].name);
		rp_out__text(&p->out, i + 1 < depth ? ";" : " ");
	}
	rp_out__number(&p->out, sums->self);
	rp_out__text(&p->out, "\n");
	return p->out.rc;
}

int rp_export__folded(FILE *out, struct rp_event_sink *sink)
{
	struct rp_export_paths *paths = calloc(1, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	paths->told.quote = quote;
	paths->out.file = out;
	paths->write = write_path;
	*sink = rp_export_paths__sink(paths);
	return 0;
}
