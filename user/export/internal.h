/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the exports share among themselves. */
#ifndef RP_EXPORT_INTERNAL_H
#define RP_EXPORT_INTERNAL_H

#include "export/export.h"
#include "export/out.h"
#include "export/told.h"

int rp_export__csv(FILE *out, struct rp_event_sink *sink);
int rp_export__chrome(FILE *out, struct rp_event_sink *sink);
int rp_export__flamegraph(FILE *out, struct rp_event_sink *sink);
int rp_export__folded(FILE *out, struct rp_event_sink *sink);
int rp_export__heatmap(FILE *out, struct rp_event_sink *sink);
int rp_export__html(FILE *out, struct rp_event_sink *sink);
int rp_export__otlp(FILE *out, struct rp_event_sink *sink);
int rp_export__perfetto(FILE *out, struct rp_event_sink *sink);
int rp_export__pprof(FILE *out, struct rp_event_sink *sink);
int rp_export__speedscope(FILE *out, struct rp_event_sink *sink);
int rp_export__sqlite(FILE *out, struct rp_event_sink *sink);

/* A sink with the calls of rp_told, for a state that begins with one. */
struct rp_event_sink rp_export__sink(void *state);

/* As text without quotes has it; in memory of its own. NULL: out of memory. */
char *rp_export__escape(const char *text);

/* What stands between the quotes of a JSON string; in memory of its own. NULL: out of memory. */
char *rp_export__quote_json(const char *text);

#endif
