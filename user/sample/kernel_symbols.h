/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Functions of the running kernel, by address. */
#ifndef RP_KERNEL_SYMBOLS_H
#define RP_KERNEL_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct rp_kernel_symbols;

/* Of a file like /proc/kallsyms. NULL: it has no addresses for us, or there is no memory. */
struct rp_kernel_symbols *rp_kernel_symbols__new(const char *path);
void rp_kernel_symbols__free(struct rp_kernel_symbols *symbols);

/* The function that an address is in; "[unknown]". */
const char *rp_kernel_symbols__find(const struct rp_kernel_symbols *symbols, uint64_t address);

/*
 * Of the frames of a sleeping thread's stack in the kernel, return addresses, the innermost first:
 * how many are what watches it and the scheduler, and *n: how many are left behind those, less the
 * way into the kernel. All threads have these; what is left begins where /proc/PID/wchan does.
 */
size_t rp_kernel_symbols__cut(const struct rp_kernel_symbols *symbols, const uint64_t *address,
			      size_t *n);

#endif
