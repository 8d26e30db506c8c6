/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Which function of an object an address is in. */
#ifndef RP_FUNCTIONS_H
#define RP_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/elf_object.h"

struct rp_functions;

/*
 * For as long as the process lives, and elf with it. 0 or -ENOMEM: what cannot be read is not
 * there.
 */
int rp_functions__read(struct rp_elf *elf, struct rp_functions **out);

/*
 * Name of the function at a virtual address, by its symbol, which must reach there. Of one without
 * a symbol that .eh_frame knows "+0xSTART", to be put behind the object's name; false: nothing is
 * known.
 */
bool rp_functions__find(const struct rp_functions *functions, uint64_t addr, char *name,
			size_t size);

#endif
