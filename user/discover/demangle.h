/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Names of the linker to names as people write them: C++ without parameters, Rust (legacy and v0)
 * without the hash, and without the suffixes of copies that compilers make of a whole function.
 */
#ifndef RP_DEMANGLE_H
#define RP_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Write the readable form of a linker name to buf. 1: written; 0: the name is readable as it is, or
 * not to be understood; -E2BIG: the readable form does not fit (few bytes may stand for very many).
 */
int rp_demangle__name(const char *linker, char *buf, size_t size);

/* The same of C++ alone, with the parameters, and with the suffixes as libiberty words them. */
int rp_demangle__signature(const char *linker, char *buf, size_t size);

/*
 * A part of a function, unlikely or a block of it, which compilers put elsewhere under a name of
 * its own. It is jumped to, never called.
 */
bool rp_demangle__is_cold_part(const char *linker);

#endif
