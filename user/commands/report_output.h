/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Where a report goes: standard output, the file of -o, or files that each have a part. */
#ifndef RP_REPORT_OUTPUT_H
#define RP_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "opts/opts.h"
#include "util/error.h"

/* All zero but the first one: none is open. */
struct rp_report_output {
	const struct rp_opts *opts;
	const char *path; /* NULL: standard output */
	FILE *out;	  /* likewise */
	char *part;	  /* the path of a part */
	char *beside; /* what is written, to take the place of the path then; NULL: that itself */
	unsigned parts;
	bool failed; /* to be closed, or to take its place */
};

/* The file of -o; it keeps what is in it until it begins. It must be none of the records. */
int rp_report_output__open(struct rp_report_output *output, struct rp_err *err);
int rp_report_output__begin(struct rp_report_output *output, struct rp_err *err);
/* The same of the next part, whose number stands in front of what its name ends in. */
int rp_report_output__begin_part(struct rp_report_output *output, struct rp_err *err);
/* It is whole. 0 or a negative errno. */
int rp_report_output__end(struct rp_report_output *output);
/* It is not, if it is still open. */
void rp_report_output__free(struct rp_report_output *output);

static inline FILE *rp_report_output__file(const struct rp_report_output *output)
{
	return output->out ? output->out : stdout;
}

#endif
