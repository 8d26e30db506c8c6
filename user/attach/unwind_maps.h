/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The kernel's maps of unwind tables: bpf/rp_unwind.bpf.h reads them. */
#ifndef RP_UNWIND_MAPS_H
#define RP_UNWIND_MAPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rp_unwind.h"

#define RP_UNWIND_PENDING_MAX 64

/*
 * Each change of unwind_objects has the kernel wait until nobody looks at what was there, some
 * milliseconds: tables are put there together, before a process that uses them.
 */
struct rp_unwind_maps {
	int objects, processes; /* descriptors of unwind_objects and unwind_processes */
	/* Tables that are not there yet. */
	uint32_t pending[RP_UNWIND_PENDING_MAX];
	int pending_maps[RP_UNWIND_PENDING_MAX];
	uint32_t n_pending;
};

#define RP_UNWIND_PROCESSES_MAX 4096u

/* The members of a struct rp_unwind_ops, so the maps come as its context. 0 or a negative errno. */
int rp_unwind_maps__add_object(void *ctx, uint32_t object, const struct rp_unwind_row *rows,
			       size_t n);
void rp_unwind_maps__drop_object(void *ctx, uint32_t object);
int rp_unwind_maps__set_process(void *ctx, pid_t pid, const struct rp_unwind_process *process);
void rp_unwind_maps__drop_process(void *ctx, pid_t pid);

#endif
