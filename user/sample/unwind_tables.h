/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The unwind tables that the kernel needs: one for each file that traced processes run code of, and
 * for each process where it has mapped them. What is added changes nothing of what is there.
 */
#ifndef RP_UNWIND_TABLES_H
#define RP_UNWIND_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "discover/proc.h"
#include "helper/helper.h"
#include "rp_unwind.h"

/* The maps of the kernel. Functions return 0 or a negative errno. */
struct rp_unwind_ops {
	int (*add_object)(void *ctx, uint32_t object, const struct rp_unwind_row *rows, size_t n);
	void (*drop_object)(void *ctx, uint32_t object);
	int (*set_process)(void *ctx, pid_t pid, const struct rp_unwind_process *process);
	void (*drop_process)(void *ctx, pid_t pid);
};

struct rp_unwind_tables_opts {
	const char *proc_root;
	struct rp_helper *helper; /* opens and reads files; NULL: this process does */
	const struct rp_unwind_ops *ops;
	void *ctx;
	uint64_t max_bytes; /* of all tables */
	uint32_t max_objects, max_processes;
	bool is_shared;		    /* no process or user takes all of these */
	bool (*is_cancelled)(void); /* whether to read no more files; NULL: never */
};

/* What there is, and what there is no room for: its code is unwound by frame pointers. */
struct rp_unwind_totals {
	size_t objects, processes;
	uint64_t bytes;
	size_t no_tables;	  /* objects without .eh_frame, or that could not be read */
	size_t left_out;	  /* objects, mappings and processes, as the bounds were reached */
	size_t dropped;		  /* tables, to make room */
	char unknown_python[256]; /* file of a CPython of a version that is not known; "": none */
};

/* For which the kernel waits as a table is dropped, or less. */
#define RP_UNWIND_DROP_NS 10000000ull

struct rp_unwind_tables;

/* NULL: out of memory. */
struct rp_unwind_tables *rp_unwind_tables__new(const struct rp_unwind_tables_opts *opts);
void rp_unwind_tables__free(struct rp_unwind_tables *tables);

/*
 * What a process has mapped now: it is new, runs another program, or has loaded a library. 0 or a
 * negative errno: -ENOSPC is in the totals.
 */
int rp_unwind_tables__set(struct rp_unwind_tables *tables, pid_t pid,
			  const struct rp_mapped_list *mapped);
/* It has mapped all that its parent has. */
int rp_unwind_tables__fork(struct rp_unwind_tables *tables, pid_t pid, pid_t parent);
void rp_unwind_tables__exit(struct rp_unwind_tables *tables, pid_t pid);

const struct rp_unwind_totals *rp_unwind_tables__totals(const struct rp_unwind_tables *tables);

#endif
