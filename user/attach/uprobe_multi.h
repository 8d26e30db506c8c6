/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The uprobe_multi link by the bare system call: libbpf has no call for sessions before 1.6, and
 * the kernel headers of Debian 12 do not know the link at all.
 */
#ifndef RP_UPROBE_MULTI_H
#define RP_UPROBE_MULTI_H

#include <stdint.h>

#define RP_BPF_TRACE_UPROBE_MULTI   48 /* expected attach types */
#define RP_BPF_TRACE_UPROBE_SESSION 57

struct rp_uprobe_multi {
	int prog_fd;
	uint32_t attach_type;
	const char *path;
	const uint64_t *offsets;    /* file offsets */
	const uint64_t *semaphores; /* file offsets, 0: none; NULL: none at all */
	const uint64_t *cookies;    /* NULL: none */
	uint32_t n;
	uint32_t pid; /* 0: every process */
	int is_return;
};

/* A link's file descriptor, or a negative errno. */
int rp_uprobe_multi__link(const struct rp_uprobe_multi *req);

#endif
