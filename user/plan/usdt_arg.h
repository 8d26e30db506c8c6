/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* One argument of a USDT argument specification ("-4@%eax 8@-16(%rbp) 8@$3"). */
#ifndef RP_USDT_ARG_H
#define RP_USDT_ARG_H

#include "rp_abi.h"

/*
 * Parse the index-th (from 0) argument. 0; -ENOENT: there are fewer; -ENOTSUP: a form that cannot
 * be read in the kernel (symbol-relative, vector register). machine: EM_*.
 */
int rp_usdt_arg__parse(unsigned machine, const char *args, unsigned index, struct rp_arg *out);

/* Take its lowest bytes (1, 2, 4 or 8, no more than it has unless it is a constant), unsigned. */
void rp_usdt_arg__narrow(struct rp_arg *arg, unsigned bytes);

#endif
