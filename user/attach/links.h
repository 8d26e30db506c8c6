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
	int fd;		     /* of the file */
	pid_t pid;	     /* one process; 0: every process that maps the file */
	uint32_t site_group; /* below RP_SITE_GROUPS_MAX */
	uint8_t generation;  /* the sites count while the site group is of the same */
	bool replaces; /* takes over the returns of calls that its predecessor has seen begin */
	const struct rp_site *sites; /* all of one object */
	size_t n;
};

/*
 * Generation swap, which replaces a site group: attach links of the next generation, swap, free the
 * old links some time later, end the swap when the kernel has let go of them. From the swap on the
 * new links count: no entry is lost or counted twice. Frames that the old links entered may be left
 * through either. One swap of a site group at a time; a group of which nothing is left needs no
 * links of the new generation. Generation numbers wrap around.
 */
struct rp_generation_swap {
	uint32_t site_group;
	uint8_t generation;	  /* the new one */
	const uint32_t *left_out; /* regions that it has no more: entries count no longer */
	size_t n_left_out;
};

#endif
