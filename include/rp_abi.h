/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The contract between the BPF programs and user space: every map value and constant that both
 * sides read; arguments and filters are in rp_values.h, what the ring buffer carries in
 * rp_events.h. Fixed-width fields only. Times are nanoseconds of
 * CLOCK_MONOTONIC; process and thread ids are those of the initial pid namespace.
 */
#ifndef RP_ABI_H
#define RP_ABI_H

#include "rp_events.h"
#include "rp_types.h"
#include "rp_values.h"

/* ---- regions ---------------------------------------------------------------------- */

#define RP_REGION_NONE	  0u	    /* root nodes carry it */
#define RP_REGION_DYNAMIC 0x800000u /* ids from here are names met at run time, in order */
#define RP_REGION_CALIBRATE                                                                        \
	0x7ffff0u /* from here to RP_REGION_DYNAMIC: rptrace's own, never shown */
#define RP_REGION_MASK 0xffffffu
#define RP_NAME_LEN    64 /* bytes of a run-time name, terminator included */
#define RP_TEXT_LEN    64 /* bytes of a string that is a label, without a terminator */
#define RP_COMM_LEN    16

/* ---- probe sites: the attach cookie ------------------------------------------------ */

/* What a hit at a site means. Kept in 4 bits of the cookie. */
enum rp_role {
	RP_ROLE_CALL = 0,	  /* function entry whose return is probed by the kernel */
	RP_ROLE_CALL_SITE = 1,	  /* function entry whose RET sites are probed */
	RP_ROLE_RET_SITE = 2,	  /* RET instruction or tail jump out of the function */
	RP_ROLE_CALL_AND_RET = 9, /* function entry at a RET or tail jump: left as it is entered */
	RP_ROLE_BEGIN = 3,	  /* USDT or marker begin */
	RP_ROLE_END = 4,	  /* USDT or marker end */
	RP_ROLE_SCOPE_BEGIN = 5,  /* marker block begin; its arg is the key of the block */
	RP_ROLE_SCOPE_END = 6,	  /* marker block end, of any region; its arg is the key */
	RP_ROLE_NAME_BEGIN = 7,	  /* begin of a region named at run time; arg: char pointer */
	RP_ROLE_NAME_END = 8,	  /* end of a region named at run time; arg: char pointer */
	RP_ROLE_SPAN_BEGIN = 10,  /* begin of a span; its arg is the id */
	RP_ROLE_SPAN_END = 11,	  /* end of a span, on any thread; its arg is the id */
};

/*
 * cookie = region (24 bits) | role (4) | flags (4) | index into the arg_specs map (16) | site group
 * (12) | generation of the site group (4). Index 0 of arg_specs is "no argument". A site group is
 * what is attached at once.
 */
#define RP_COOKIE(region, role, flags, spec, site_group, generation)                               \
	((__rp_u64)(region) | (__rp_u64)(role) << 24 | (__rp_u64)(flags) << 28 |                   \
	 (__rp_u64)(spec) << 32 | (__rp_u64)(site_group) << 48 | (__rp_u64)(generation) << 60)
#define RP_COOKIE_REGION(c)	((__rp_u32)(c)&RP_REGION_MASK)
#define RP_COOKIE_ROLE(c)	((__rp_u32)(c) >> 24 & 0xf)
#define RP_COOKIE_FLAGS(c)	((__rp_u32)(c) >> 28)
#define RP_COOKIE_SPEC(c)	((__rp_u32)((c) >> 32) & 0xffff)
#define RP_COOKIE_SITE_GROUP(c) ((__rp_u32)((c) >> 48) & 0xfff)
#define RP_COOKIE_GENERATION(c) ((__rp_u32)((c) >> 60))
#define RP_COOKIE_SITE(c)	((c) & (~0ull >> 4)) /* the same in all generations */

#define RP_SITE_LABEL		1u /* the argument is the label of the frame */
#define RP_SITE_NESTED                                                                             \
	2u		 /* calls of an interpreter: may nest at one and the same C stack depth    \
			  */
#define RP_SITE_GO    2u /* of a function: its frames are on the stack of a goroutine */
#define RP_SITE_SOME  2u /* of the ends of blocks: some that end there are not traced */
#define RP_SITE_LOOSE 4u /* need not nest: may end after what it began in */

/*
 * State of a site group: the generation whose hits count. While the links of the generation before
 * may still be attached, RP_GENERATION_SWAPPING is set too, and above it the serial number of the
 * swap. The kernel may still run links of older generations for a moment; it has let go of them
 * before a generation number is used again.
 */
#define RP_GENERATION_MASK	 0xfu
#define RP_GENERATION_SWAPPING	 0x10u
#define RP_GENERATION_SWAP_SHIFT 5
#define RP_SITE_GROUPS_MAX	 4096u /* a power of two */

/* ---- the region stack of a thread -------------------------------------------------- */

#define RP_FRAMES_PIECE                                                                            \
	32u /* frames that every thread has; threads that nest deeper get more such */
#define RP_FRAMES_MAX 1024u

struct rp_frame {
	__rp_u64 start;	   /* ns */
	__rp_u64 child;	   /* ns spent in frames directly below */
	__rp_u64 outside;  /* ns before the frame below it on the stack became its parent */
	__rp_u64 cpu;	   /* ns on a CPU of this thread when the frame was entered */
	__rp_u64 wait;	   /* ns waiting for a CPU of this thread, likewise */
	__rp_u64 sp;	   /* stack pointer at entry */
	__rp_u64 ip;	   /* address of the probe that entered the frame; scope: its key */
	__rp_u32 region;   /* region id | enum rp_role of the entry << 24 | loose << 28 */
	__rp_u32 node;	   /* 0: no node could be had, figures are lost */
	__rp_u32 outcomes; /* bit k: comparison k of the filter holds */
	__rp_u32 reserved;
};
_Static_assert(sizeof(struct rp_frame) == 72, "rp_frame is shared with BPF");

struct rp_thread {
	__rp_u64 owner;		  /* address of the task whose slot this is; 0: free, or no slot */
	__rp_u32 depth;		  /* index of the top frame; frame 0 stands for the root */
	__rp_u32 missed;	  /* entries that got no frame: their exits are no surprise */
	__rp_u32 grouping_serial; /* under which the root was chosen; 0: none is yet */
	__rp_u32 pieces;	  /* of its stack that are in thread_pieces */
	__rp_u32 additions;	  /* that the two below know of */
	__rp_u32 reserved;
	__rp_u64 begun;		/* bit (region % 64): the thread has begun such a region */
	__rp_u64 shallowest;	/* stack pointer of the outermost function entered so far */
	__rp_u64 goroutine;	/* whose stack it is; 0: that of a thread */
	__rp_u64 swapped_site;	/* cookie of the last hit that a newer generation took ... */
	__rp_u64 swapped_state; /* ... and the state of its site group then */
	struct rp_frame frames[RP_FRAMES_PIECE];
};

struct rp_goroutine_key {
	__rp_u64 goroutine;
	__rp_u64 tgid;
};

struct rp_piece_key {
	__rp_u64 owner; /* address of the task or goroutine */
	__rp_u64 piece; /* of a goroutine: with its tgid in the upper half */
};

struct rp_piece {
	struct rp_frame frames[RP_FRAMES_PIECE];
};
_Static_assert(sizeof(struct rp_thread) == 72 + RP_FRAMES_PIECE * sizeof(struct rp_frame),
	       "rp_thread is shared with BPF");

/* ---- spans: they may end on another thread than they began on ----------------------- */

struct rp_span_key {
	__rp_u64 id;
	__rp_u32 tgid;
	__rp_u32 region;
};

/* An open span. */
struct rp_span {
	struct rp_span_key key; /* again, as the memory of a span that ends becomes another's */
	__rp_u64 start;		/* ns */
	__rp_u32 node;		/* 0: no node could be had, figures are lost */
	__rp_u32 tid;		/* of the thread that began it */
};
_Static_assert(sizeof(struct rp_span) == 32, "rp_span is shared with BPF");

/* ---- the calling-context tree ------------------------------------------------------ */

/* How threads are told apart: which root the regions of a thread hang under. */
enum rp_group {
	RP_GROUP_NONE = 0,
	RP_GROUP_PROCESS = 1,
	RP_GROUP_THREAD = 2,
	RP_GROUP_COMMAND = 3,
	RP_GROUP_CGROUP = 4,
};

/* A path: one region under the chain of its enclosing regions. Node ids start at 1. */
struct rp_node {
	__rp_u32 parent; /* node id; 0 at a root */
	__rp_u32 region; /* RP_REGION_NONE at a root */
	__rp_u64 label;	 /* of the frame; at a root the id of the group (tgid, tid, cgroup) */
	char comm[RP_COMM_LEN]; /* at a root: command name of the process, or of the thread */
	__rp_u32 tgid;		/* at a root of a thread: its process */
	__rp_u32 flags;		/* RP_NODE_*; written last */
};
#define RP_NODE_VALID	1u
#define RP_NODE_LABELED 2u /* label is meant */
#define RP_NODE_OTHER	4u /* stands for all labels past the bound */
/* What kind of label: the flags of its struct rp_arg. An integer that is not signed is unsigned. */
#define RP_NODE_ARG(flags) ((flags) << 4)
#define RP_NODE_SIGNED	   RP_NODE_ARG(RP_ARG_SIGNED)
#define RP_NODE_HEX	   RP_NODE_ARG(RP_ARG_HEX)
#define RP_NODE_TEXT	   RP_NODE_ARG(RP_ARG_TEXT) /* the label is one of RP_TEXT_* */
/* All that tells labels apart, besides label itself. */
#define RP_NODE_LABEL_FLAGS                                                                        \
	(RP_NODE_LABELED | RP_NODE_OTHER | RP_NODE_SIGNED | RP_NODE_HEX | RP_NODE_TEXT)
_Static_assert(sizeof(struct rp_node) == 40, "rp_node is shared with BPF");

/* Labels under RP_NODE_TEXT. */
#define RP_TEXT_NULL   0u /* the pointer was NULL */
#define RP_TEXT_UNREAD 1u /* it could not be read; of integers too */
#define RP_TEXT_FIRST  2u /* from here: index in the texts map, plus this */

/* Filled up with zeros; .cut is not zero where the string goes on. */
struct rp_text {
	char text[RP_TEXT_LEN];
	char cut;
	char reserved[7];
};
_Static_assert(sizeof(struct rp_text) == 72, "rp_text is shared with BPF");

/*
 * Figures of a node on one CPU shard; sum over the shards. All zero at first.
 * entries = count + skipped + unwound + open.
 */
struct rp_figures {
	__rp_u64 entries;
	__rp_u64 count;	  /* frames left by their exit and timed */
	__rp_u64 unwound; /* frames left without their exit */
	__rp_u64 skipped; /* frames shorter than --min-duration: in no other figure */
	__rp_u64 total;	  /* ns, all frames of this path */
	__rp_u64 self;	  /* ns, less the time in child frames */
	__rp_u64 cpu;	  /* ns on a CPU, children included */
	__rp_u64 wait;	  /* ns runnable but waiting for a CPU, children included */
	__rp_u64 sq_lo;	  /* sum of squares of the frames' ns: low half ... */
	__rp_u64 sq_hi;	  /* ... and high half of 128 bits */
	__rp_u64 min_inv; /* ~ of the shortest frame, so that zero means none */
	__rp_u64 max;	  /* the longest frame, ns */
	__rp_u64 reserved[4];
};
_Static_assert(sizeof(struct rp_figures) == 128, "two cache lines a shard");

/*
 * Figures and histograms live in chunks of RP_CHUNK_NODES nodes; user space adds chunks as
 * nodes come into use. Value index within a chunk: (node % RP_CHUNK_NODES) * shards + shard.
 */
#define RP_CHUNK_NODES 256u
#define RP_CHUNKS_MAX  256u
#define RP_NODES_MAX   (RP_CHUNK_NODES * RP_CHUNKS_MAX)

/* ---- what was not measured, and why ------------------------------------------------ */

/* X(symbol, JSON key, what it means to a user) */
#define RP_LOST_REASONS(X)                                                                         \
	X(THREADS, "threads", "entries on threads that got no memory for a region stack")          \
	X(DEPTH, "depth", "entries nested deeper than --max-depth")                                \
	X(NODES, "nodes", "entries on paths past --max-nodes")                                     \
	X(NAMES, "names", "run-time names past the bound")                                         \
	X(NAME_READS, "name_reads", "run-time names that could not be read")                       \
	X(LABEL_READS, "label_reads", "arguments that could not be read: labels are '?'")          \
	X(RETURNS, "returns", "entries past the kernel's limit of nested return probes")           \
	X(SPANS, "spans", "spans past --max-spans, or with an id that could not be read")          \
	X(UNMATCHED, "unmatched", "exits without an entry")                                        \
	X(EVENTS, "events", "events that found the ring buffer full")                              \
	X(UNKNOWN_EVENTS, "unknown_events", "events of an unknown type, or of a wrong length")     \
	X(LATE, "late", "processes that ran for a moment before their probes were in place")
enum rp_lost {
#define RP_LOST_ENUM(symbol, key, meaning) RP_LOST_##symbol,
	RP_LOST_REASONS(RP_LOST_ENUM)
#undef RP_LOST_ENUM
		RP_LOST_COUNT
};

/* ---- processes that are traced ------------------------------------------------------ */

#define RP_TRACKED_MAP_PENDING 1u /* a RP_EVENT_MAP of it is not yet looked at */

/* ---- open regions: what the iterator writes ------------------------------------------ */

/* A region stack that is not empty; as many frames follow it, from the outermost in. */
struct rp_open_stack {
	__rp_u64 goroutine; /* whose it is; 0: that of a thread */
	__rp_u32 tgid;
	__rp_u32 tid; /* 0: of a goroutine */
	__rp_u32 frames;
	__rp_u32 reserved;
	char comm[RP_COMM_LEN]; /* of the thread */
};
_Static_assert(sizeof(struct rp_open_stack) == 40, "rp_open_stack is shared with BPF");

struct rp_open_frame {
	__rp_u64 start;	 /* ns; 0: it was left while it was read */
	__rp_u32 node;	 /* 0: it has none */
	__rp_u32 region; /* as in struct rp_frame */
};
_Static_assert(sizeof(struct rp_open_frame) == 16, "rp_open_frame is shared with BPF");

#endif
