/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The code objects of Python processes, as BPF tells of them, and the places in them. */
#ifndef RP_PYTHON_CODES_H
#define RP_PYTHON_CODES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "aggregate/sample_store.h"
#include "rp_python.h"

struct rp_python_codes;

/*
 * The store gets the places, and has to outlive this. is_shared: no process or user takes all of
 * the room. NULL: out of memory.
 */
struct rp_python_codes *rp_python_codes__new(struct rp_sample_store *store, bool is_shared);
void rp_python_codes__free(struct rp_python_codes *codes);

/* A record of the ring, which is not trusted to be whole. It replaces what was at its address. */
void rp_python_codes__take(struct rp_python_codes *codes, const void *record, size_t size);

/*
 * The number of the place in the store that an instruction of a code object is at, in bytes from
 * the first one. 0: nothing is known of that code object.
 */
uint32_t rp_python_codes__place(struct rp_python_codes *codes, pid_t pid, uint64_t code,
				uint64_t instruction);

/* It has ended, or runs another program. */
void rp_python_codes__exit(struct rp_python_codes *codes, pid_t pid);

#endif
