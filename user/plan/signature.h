/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What tells overloaded functions of C++ apart: their parameters. */
#ifndef RP_SIGNATURE_H
#define RP_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "discover/elf_object.h"

/*
 * "ns::f(int) const" for a symbol whose name is "ns::f". false: not a function of C++, or one whose
 * readable form does not fit.
 */
bool rp_signature__write(const struct rp_symbol *symbol, char *buf, size_t size);

#endif
