/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* All in an HTML page but its timeline: rows, tree, histograms, heat maps, the slowest instances.
 * Internal to export/. */
#ifndef RP_HTML_FIGURES_H
#define RP_HTML_FIGURES_H

#include "aggregate/snapshot.h"
#include "export/heats.h"
#include "export/html_pack.h"
#include "export/names.h"
#include "export/slowest.h"

/* Strings are quoted as JSON wants them. */
struct rp_html_run {
	const char *file, *host, *kernel, *target, *kept, *start_time, *part;
	uint64_t from;	   /* ns since it began: what is shown of it begins there */
	uint64_t duration; /* ns */
	bool cut;	   /* the record ends before the run did */
};

struct rp_html_figures {
	struct rp_snapshot *snapshot;
	const struct rp_slowest *slowest;
	const struct rp_heats *heat;
	struct rp_export_names *names; /* of the heat maps */
	const struct rp_html_run *run;
	size_t n_runs;
	uint64_t lost_instances;
};

/*
 * Packed as JSON, which user/export/html/ reads, in at most so many bytes. Sorts the snapshot. 0 or
 * -ENOMEM.
 */
int rp_html_figures__pack(const struct rp_html_figures *figures, size_t most,
			  struct rp_html_pack *out);

#endif
