/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Does code switch stacks by itself, as coroutines do? */
#ifndef RP_STACK_SWITCH_H
#define RP_STACK_SWITCH_H

#include "plan/plan_internal.h"

/*
 * Some instruction loads the stack pointer from memory or from a register, and neither can be the
 * function's own frame. The cost is that of reading the object's code once. -ENOMEM.
 */
int rp_plan__switches_stacks(const struct rp_plan_object *object, bool *switches);

/* The same by what the object names: coroutines, and signal stacks where these matter. */
bool rp_plan__is_on_several_stacks(const struct rp_plan *plan, const struct rp_elf_traits *traits);

#endif
