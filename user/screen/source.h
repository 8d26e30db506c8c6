/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Where a region is probed, and where that is in the source: what the pane shows. */
#ifndef RP_SOURCE_H
#define RP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RP_SOURCE_SITES 64 /* of a region that are looked at */
#define RP_SOURCE_FILE	232

enum rp_source_state {
	RP_SOURCE_PENDING,  /* being looked for */
	RP_SOURCE_LINE,	    /* file and line say where */
	RP_SOURCE_NO_LINE,  /* the debug information has nothing there */
	RP_SOURCE_NO_DEBUG, /* there is no debug information */
	RP_SOURCE_FAILED,   /* it could not be read, or not in time */
};

struct rp_source_site {
	const char *role;   /* "entry", "exit", "begin", "end" */
	const char *object; /* path */
	uint64_t offset;    /* in the file */
	bool slow;	    /* single-stepped there */
	enum rp_source_state state;
	uint32_t line;
	char file[RP_SOURCE_FILE];
};

struct rp_source {
	struct rp_source_site site[RP_SOURCE_SITES];
	size_t n, more; /* that are not among them */
};

#endif
