/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What --label and --where speak of: an argument, the return value, the duration. */
#ifndef RP_OPERAND_H
#define RP_OPERAND_H

#include <stdint.h>

#include "rp_abi.h"

struct rp_operand {
	enum rp_operand_kind kind;
	uint8_t index;	/* of the argument, from 0 */
	uint8_t size;	/* bytes, by its type; 0: as it is declared, or a register's */
	uint8_t flags;	/* RP_ARG_*, by its type */
	uint8_t length; /* of a string: number of the argument that tells it, plus 1; 0: none */
};

/*
 * Read "argN", "ret" or "dur" with ":TYPE" or without, or "argN:str@argM", and move *at behind it.
 * NULL, or what is wrong at *at, as a static text.
 */
const char *rp_operand__parse(const char **at, struct rp_operand *out);

/*
 * Give an argument, read as it is declared, the type of the operand: never wider than it is.
 * 0; -ENOTSUP: it is no pointer, and a string is asked for.
 */
int rp_operand__apply(const struct rp_operand *operand, struct rp_arg *arg);

#endif
