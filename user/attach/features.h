/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What this kernel and this user can do, found by trying, never by comparing versions. */
#ifndef RP_FEATURES_H
#define RP_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "attach/return_syscall.h"
#include "plan/method.h"
#include "plan/plan.h"
#include "util/error.h"

struct rp_features {
	bool btf;			/* the kernel describes its types */
	bool task_iterator;		/* programs may visit all threads */
	bool map_tracepoint;		/* there is one that every mmap passes */
	bool permitted;			/* BPF programs may be loaded */
	bool multi;			/* many uprobes in one link (6.6) */
	bool session;			/* one program for entry and return (6.13) */
	bool perf;			/* uprobes as perf events with cookies (5.15) */
	bool nop5_optimized;		/* probed 5-byte nops become calls: unsafe for the target */
	bool nop10_optimized;		/* probed 10-byte nops become calls: safe */
	enum rp_return_syscall returns; /* how return probes come back to the kernel */
};

/* File offset in rptrace's own executable of a function in it; 0: not found. */
uint64_t rp_own_offset(const void *function);

/* Attaches to a function of rptrace's own that is never called. */
void rp_features__probe(struct rp_features *features);

/* The mode that `wanted` comes to here, or an error with the reason why it cannot be had. */
int rp_features__mode(const struct rp_features *features, enum rp_attach_mode wanted,
		      enum rp_attach_mode *mode, struct rp_err *err);

void rp_features__site_rules(const struct rp_features *features, enum rp_attach_mode wanted,
			     struct rp_site_rules *rules);

#endif
