/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The search for stack switches, machine by machine. Internal to stack_switch*.c. */
#ifndef RP_STACK_SWITCH_INTERNAL_H
#define RP_STACK_SWITCH_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes before and behind an instruction that are looked at to tell what a register holds. */
#define RP_STACK_SWITCH_AROUND 32768u

/* Is there one in [from, end) of the code? What is around these, up to size, may be looked at. */
bool rp_stack_switch__in_x86(const uint8_t *code, size_t from, size_t end, size_t size);

#endif
