/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* uthash's tables, which end the program where memory runs out unless they are told not to. */
#ifndef RP_TABLE_H
#define RP_TABLE_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
