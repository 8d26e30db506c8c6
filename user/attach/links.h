/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What is asked of whoever attaches probes, as types alone: targets/ knows no more of attach/. */
#ifndef RP_LINKS_H
#define RP_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan/plan.h"

struct rp_session;
struct rp_links;

struct rp_links_req {
	int fd;				 /* of the file */
	pid_t pid;			 /* one process; 0: every process that maps the file */
	const struct rp_links *replaces; /* links whose place these are to take; NULL: none */
	const struct rp_site *sites;	 /* all of one object */
	size_t n;
};

/*
 * Generation swap, which replaces links by others without a gap: attach the new links beside the
 * old ones, swap, detach the old links some time later, end the swap. From the swap on the new
 * links count: no entry is lost or counted twice. Frames that the old links entered may be left
 * through either. One swap of any links at a time. Links of which nothing is left need no new ones.
 */
struct rp_generation_swap {
	struct rp_links **old; /* freed by the end of the swap */
	size_t n;
	const uint32_t *left_out; /* regions that the new links lack: entries count no longer */
	size_t n_left_out;
};

#endif
