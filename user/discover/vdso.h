/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The code that the kernel maps into each process, like a library that is in no file (vDSO). */
#ifndef RP_VDSO_H
#define RP_VDSO_H

#include <stdint.h>

/* How maps, and samples, call it. */
#define RP_VDSO_NAME "[vdso]"

/*
 * A file in memory with its ELF image, by this process's own: all have the same. *size: in memory.
 * The descriptor is the caller's. -ENODATA: there is none.
 */
int rp_vdso__open(uint64_t *size);

#endif
