/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What targets/ asks of the kernel. run/ passes the functions of attach/session.h of the same
 * names, which say what each does; unit tests pass a fake with a struct rp_session of its own.
 */
#ifndef RP_TARGETS_OPS_H
#define RP_TARGETS_OPS_H

#include "attach/links.h"
#include "rp_abi.h"
#include "util/error.h"

struct rp_targets_ops {
	/* Processes. */
	int (*track)(struct rp_session *session, pid_t pid);
	void (*untrack)(struct rp_session *session, pid_t pid);
	bool (*tracked)(const struct rp_session *session, void (*fn)(void *ctx, pid_t pid),
			void *ctx);
	void (*map_seen)(struct rp_session *session, pid_t pid);
	uint64_t (*cpu)(pid_t pid); /* rp_cpu_time__process() */

	/* Links. */
	int (*link)(struct rp_session *session, const struct rp_links_req *req, int *refused,
		    struct rp_links **out, struct rp_err *err);
	void (*start)(struct rp_links *links);
	void (*unlink)(struct rp_links *links);
	void (*added)(struct rp_session *session);

	/* Generation swaps. */
	int (*swap_generation)(struct rp_session *session, const struct rp_generation_swap *swap);
	void (*detach_old_generation)(struct rp_session *session,
				      const struct rp_generation_swap *swap);
	bool (*detaches_old_generation)(struct rp_session *session,
					const struct rp_generation_swap *swap);
	void (*end_swap)(struct rp_session *session, const struct rp_generation_swap *swap);
	bool (*any_open)(const struct rp_session *session, const uint32_t *regions, size_t n);
	void (*reap)(struct rp_session *session);
	bool (*is_detaching)(struct rp_session *session);

	/* What was not measured. */
	uint64_t (*lost)(const struct rp_session *session, enum rp_lost reason);
	void (*count_lost)(struct rp_session *session, enum rp_lost reason);
	void (*add_late_ns)(struct rp_session *session, int64_t ns);
};

#endif
