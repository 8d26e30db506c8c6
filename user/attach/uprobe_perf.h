/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* One uprobe as a perf event with a BPF program: what kernels before uprobe_multi have. */
#ifndef RP_UPROBE_PERF_H
#define RP_UPROBE_PERF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct rp_uprobe_perf {
	int type; /* of rp_uprobe_perf__type */
	int prog_fd;
	const char *path;
	uint64_t offset;    /* in the file */
	uint64_t semaphore; /* likewise; 0: none */
	uint64_t cookie;
	pid_t pid; /* 0: every process */
	bool is_return;
};

/* Number under which the kernel knows uprobe events, or a negative errno. */
int rp_uprobe_perf__type(void);

/* A link's file descriptor, or a negative errno. Closing it takes about 100 ms. */
int rp_uprobe_perf__link(const struct rp_uprobe_perf *req);

#endif
