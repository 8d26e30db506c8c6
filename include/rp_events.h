/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the BPF programs tell through the ring buffer. Every event begins with its type and its
 * length; what a reader does not know it skips and counts, so that an event can never be taken for
 * another.
 */
#ifndef RP_EVENTS_H
#define RP_EVENTS_H

#include "rp_types.h"

enum rp_event_type {
	RP_EVENT_FORK = 1,	  /* pid: the new process; detail: its parent */
	RP_EVENT_EXEC = 2,	  /* pid has a new program; dev, detail, path: its file */
	RP_EVENT_EXIT = 3,	  /* the last thread of pid is gone; detail: ns of CPU time */
	RP_EVENT_MAP = 4,	  /* pid has mapped something: look for new objects */
	RP_EVENT_GROW = 5,	  /* nodes are running short: add a chunk; a header alone */
	RP_EVENT_CGROUP = 6,	  /* pid is the first seen in its cgroup: take note of the name */
	RP_EVENT_FOUND = 7,	  /* pid has entered a region; the whole system is traced */
	RP_EVENT_STACK = 8,	  /* region `detail` runs where its returns must not be probed */
	RP_EVENT_SHARE = 9,	  /* pid has had its share; detail: of what (enum rp_shared) */
	RP_EVENT_USER_SHARE = 10, /* so has `user`, one of whose processes is pid */
	RP_EVENT_LIBRARY = 11,	  /* pid maps a library; dev, detail: its file; path: its name */
};

struct rp_event_header {
	__rp_u32 type;	 /* enum rp_event_type */
	__rp_u32 length; /* bytes, header included */
};
_Static_assert(sizeof(struct rp_event_header) == 8, "rp_event_header is shared with BPF");

#define RP_DEV_MINOR_BITS 20 /* as the kernel has device numbers */
#define RP_EXEC_PATH_MAX  256

/* What happens to a process; all types but RP_EVENT_GROW. */
struct rp_event {
	struct rp_event_header header;
	__rp_u32 pid;
	union {
		__rp_u32 dev;	 /* major number above RP_DEV_MINOR_BITS, minor number below */
		__rp_u32 signal; /* of RP_EVENT_EXIT: that ended it; 0: none */
		__rp_u32 user;	 /* of RP_EVENT_USER_SHARE */
	};
	__rp_u64 detail;
	__rp_u64 time; /* ns, CLOCK_MONOTONIC */
	/*
	 * Of RP_EVENT_EXEC, as it was named, which may be relative; of RP_EVENT_SHARE and
	 * RP_EVENT_USER_SHARE the name of the thread; of RP_EVENT_LIBRARY that of the file without
	 * its folder. Others end before it.
	 */
	char path[RP_EXEC_PATH_MAX];
};
#define RP_EVENT_SHORT	    32 /* bytes of an event without a path */
#define RP_LIBRARY_NAME_MAX 64
#define RP_EVENT_NAMED	    (RP_EVENT_SHORT + RP_LIBRARY_NAME_MAX) /* of RP_EVENT_LIBRARY */
_Static_assert(sizeof(struct rp_event) == RP_EVENT_SHORT + RP_EXEC_PATH_MAX,
	       "rp_event is shared with BPF");

#endif
