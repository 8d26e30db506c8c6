/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Where versions of CPython keep what is looked at (rp_python.h). */
#ifndef RP_PYTHON_LAYOUT_H
#define RP_PYTHON_LAYOUT_H

#include "discover/elf_object.h"
#include "rp_python.h"

#define RP_PYTHON_VERSIONS "3.11, 3.12 and 3.13"

/* NULL: it is none of the versions above, or one of them built in a way that moves things. */
const struct rp_python_layout *rp_python_layout__of(const struct rp_elf_python *python);

#endif
