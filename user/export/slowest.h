/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The slowest instances of each region, with what ran inside them. Records are read twice: to find
 * which they are, and to gather what is inside; so no more is kept of a record than is shown. Pure.
 */
#ifndef RP_SLOWEST_H
#define RP_SLOWEST_H

#include <stdbool.h>
#include <stdio.h>

#include "record/sink.h"

struct rp_slowest;

/* n: of each region. NULL: out of memory. */
struct rp_slowest *rp_slowest__new(unsigned n);
void rp_slowest__free(struct rp_slowest *slowest);

/* First all runs go to the one, then all of them, in the same order, to the other. */
struct rp_event_sink rp_slowest__finder(struct rp_slowest *slowest);
struct rp_event_sink rp_slowest__gatherer(struct rp_slowest *slowest);

/* For people, or as JSON. 0 or a negative errno. */
int rp_slowest__print(struct rp_slowest *slowest, FILE *out, bool utf8);
int rp_slowest__print_json(struct rp_slowest *slowest, FILE *out);

#endif
