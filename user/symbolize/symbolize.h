/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What runs at a place of an object's code: the function, functions that are inlined there, files
 * and lines. Answers are kept, so that a place is looked up once.
 *
 * All others wait meanwhile. So files of a user on a file system on which one of them did not
 * answer are not read any more; and what an object has cost for nothing is charged to whose sample
 * it was, and bounded (util/time_share.h).
 */
#ifndef RP_SYMBOLIZE_H
#define RP_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/helper.h"
#include "util/owner.h"

struct rp_symbolizer;

struct rp_symbolizer_opts {
	struct rp_helper *helper;   /* finds debug files; NULL: this process does */
	bool lines;		    /* files and lines, and what is inlined, too */
	size_t max_places;	    /* that are kept */
	uint64_t max_memory;	    /* of all readers, bytes; 0: any */
	bool is_shared;		    /* among processes, none of which may take all the time */
	bool (*is_cancelled)(void); /* whether to stop waiting for a name; NULL: never */
};

/* A function that runs there. Text is the target's own, and not escaped. */
struct rp_code_place {
	const char *function;
	const char *file; /* "": not known, and neither is the line */
	uint32_t line;	  /* that runs; of a caller, that of the call */
	bool inlined;	  /* into the one that follows */
};

struct rp_code_places {
	const struct rp_code_place
		*places; /* innermost first; the last one is the function itself */
	size_t n;	 /* at least 1 */
	bool named;	 /* by a symbol; else it is the object's name, with the start of its code */
};

/* NULL: out of memory. */
struct rp_symbolizer *rp_symbolizer__new(const struct rp_symbolizer_opts *opts);
void rp_symbolizer__free(struct rp_symbolizer *symbolizer);

/*
 * The number of an object, from 1 on; fd is open on it and stays the caller's. name: for what has
 * no symbol. 0: out of memory.
 */
uint32_t rp_symbolizer__add(struct rp_symbolizer *symbolizer, int fd, const char *name);

/*
 * What runs at an offset of the object's file, for a sample of that owner. Of a caller the offset
 * is that of the last byte of the call, as what follows it may be another line or function. NULL:
 * out of memory.
 */
const struct rp_code_places *rp_symbolizer__find(struct rp_symbolizer *symbolizer,
						 struct rp_owner owner, uint32_t object,
						 uint64_t offset);

#endif
