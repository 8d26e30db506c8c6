/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Names by their pattern. */
#ifndef RP_GLOB_H
#define RP_GLOB_H

#include <stdbool.h>

/* Plain equality comes first: names of C++ and Rust hold brackets and asterisks. */
bool rp_glob__match(const char *glob, const char *name);
bool rp_glob__is_literal(const char *glob);

#endif
