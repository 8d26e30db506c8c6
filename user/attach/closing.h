/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Closing links takes long, so others do it, shielded (attach/shield.h), while we go on. Kernels
 * from 6.13 on wait there for every call whose return is awaited until its thread has made no such
 * call for 0.1 s: for as long as an outer one goes on with hot ones inside. The probes are gone at
 * once all the same. Links that are closed one after the other would wait for each other's calls;
 * at once they do not.
 */
#ifndef RP_CLOSING_H
#define RP_CLOSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_closing {
	struct rp_closer *closers;
	size_t n;
	uint32_t *gauge; /* higher by one for each that is at work */
};

/* Close descriptors, of which we have no copies; `of` is for the caller to know them by. */
void rp_closing__add(struct rp_closing *closing, const int *fds, size_t n, uint32_t of);

/* Is one of these being closed? */
bool rp_closing__has(struct rp_closing *closing, uint32_t of);

/* Forget those that are closed. */
void rp_closing__reap(struct rp_closing *closing);

/* All are closed when this returns. */
void rp_closing__wait(struct rp_closing *closing);

#endif
