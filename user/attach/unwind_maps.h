/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The kernel's maps of unwind tables: bpf/rp_unwind.bpf.h reads them. */
#ifndef RP_UNWIND_MAPS_H
#define RP_UNWIND_MAPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rp_unwind.h"

/* Descriptors of unwind_objects and unwind_processes. */
struct rp_unwind_maps {
	int objects, processes;
};

/* 0 or a negative errno. */
int rp_unwind_maps__add_object(const struct rp_unwind_maps *maps, uint32_t object,
			       const struct rp_unwind_row *rows, size_t n);
void rp_unwind_maps__drop_object(const struct rp_unwind_maps *maps, uint32_t object);
int rp_unwind_maps__set_process(const struct rp_unwind_maps *maps, pid_t pid,
				const struct rp_unwind_process *process);
void rp_unwind_maps__drop_process(const struct rp_unwind_maps *maps, pid_t pid);

#endif
