/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The calling-context tree: its nodes, and how they are found. */
#ifndef RP_NODES_H
#define RP_NODES_H

#include "rp_sites.h"
#include "rp_values.h"

/*
 * The label of a root of a process or a thread: its number, and above it when it was started, in
 * steps of about 1 ms, which come again after 50 days.
 */
#define RP_ID_OVER_TIME(number, start_ns) ((__rp_u64)(number) | (__rp_u64)(start_ns) >> 20 << 32)
#define RP_ID_NUMBER(id)		  ((__rp_u32)(id))

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
#define RP_NODE_LATE	8u /* got its place past the bound: earlier calls are among the others */
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
 * Figures and histograms live in chunks of RP_CHUNK_NODES nodes; user space adds chunks as
 * nodes come into use. Value index within a chunk: (node % RP_CHUNK_NODES) * shards + shard.
 */
#define RP_CHUNK_NODES 256u
#define RP_CHUNKS_MAX  256u
#define RP_NODES_MAX   (RP_CHUNK_NODES * RP_CHUNKS_MAX)

/*
 * Labels past the bound that prove frequent get a place all the same, of which there are so many.
 * The share of nodes that labels leave to these, and to paths without one.
 */
#define RP_LATE_LABELS(max_labels) ((max_labels) / 4 + 4)
#define RP_LABEL_NODES(max_nodes)  ((max_nodes) - (max_nodes) / 16)

/*
 * Does an end that names a call by a string end one whose label that is? What has no such label, or
 * could not be read, may be any.
 */
RP_INLINE bool rp_label__may_be(__rp_u32 flags, __rp_u64 label, __rp_u32 end_flags,
				__rp_u64 end_label)
{
	if (!(flags & end_flags & RP_NODE_TEXT) || (flags | end_flags) & RP_NODE_OTHER ||
	    label < RP_TEXT_FIRST || end_label < RP_TEXT_FIRST)
		return true;
	return label == end_label;
}

/* ---- labels past the bound ------------------------------------------------------------------ */

/*
 * Which of them are frequent is seen in few words, whatever their number: each label votes in a
 * word that it shares with those that hash alike. A vote for the label that the word is for counts
 * up, one for another down, and at zero the word is for that one: what makes up more than half of
 * all votes of a word, as a frequent label does, gets through. Where two CPUs write at once a vote
 * may be missing.
 */
#define RP_VOTE_BITS	   10
#define RP_VOTE_COUNT_MASK 0xffffull

/* Of a multiple of 8 bytes. */
RP_INLINE __rp_u64 rp_label_hash(const void *bytes, __rp_u32 n)
{
	__rp_u64 hash = n, word;

	for (__rp_u32 i = 0; i + sizeof(word) <= n; i += sizeof(word)) {
		__builtin_memcpy(&word, (const char *)bytes + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
	}
	return hash;
}

RP_INLINE __rp_u32 rp_vote_slot(__rp_u64 hash)
{
	return hash & ((1u << RP_VOTE_BITS) - 1);
}

/* Vote; how many more votes for this label than for others there are. */
RP_INLINE __rp_u64 rp_vote(__rp_u64 *word, __rp_u64 hash)
{
	__rp_u64 seen = *(volatile __rp_u64 *)word, votes = seen & RP_VOTE_COUNT_MASK;

	if (!((seen ^ hash) & ~RP_VOTE_COUNT_MASK)) {
		if (votes < RP_VOTE_COUNT_MASK)
			*(volatile __rp_u64 *)word = seen + 1;
		return votes + 1;
	}
	*(volatile __rp_u64 *)word = votes ? seen - 1 : (hash & ~RP_VOTE_COUNT_MASK) | 1;
	return 0;
}

/*
 * The votes that it takes: the fewer places are left, the more, so that there are some all along.
 */
RP_INLINE __rp_u64 rp_votes_needed(__rp_u32 used, __rp_u32 places)
{
	return 64ull << 8ull * used / (places ? places : 1);
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* What tells a node from its siblings; a root, which has no parent, from other roots. */
struct rp_node_key {
	__rp_u32 parent;
	__rp_u32 region;
	__rp_u64 label;
	__rp_u32 flags; /* RP_NODE_LABEL_FLAGS */
	__rp_u32 pad;
};
_Static_assert(sizeof(struct rp_node_key) == 24, "rp_node_key is hashed as bytes");

/* Of a command's root: nothing but the label says what it is of, so the name takes all fields. */
RP_INLINE void rp_node_key__set_command(struct rp_node_key *key, const char comm[RP_COMM_LEN])
{
	__builtin_memcpy(&key->label, comm, 8);
	__builtin_memcpy(&key->region, comm + 8, 4);
	__builtin_memcpy(&key->pad, comm + 12, 4);
}

/*
 * Nodes without a label that were found last are kept in an array of words, which saves the look
 * into the hash. A word has region, parent and node, so that it is whole whoever else writes there.
 */
#define RP_RECENT_BITS 12
_Static_assert(RP_NODES_MAX <= 1 << 16, "parent and node take 16 bits each");
_Static_assert(RP_REGION_MASK <= 0xffffffffu, "a region takes 32");

RP_INLINE __rp_u64 rp_recent_word(__rp_u32 parent, __rp_u32 region, __rp_u32 node)
{
	return (__rp_u64)region << 32 | parent << 16 | node;
}

RP_INLINE __rp_u32 rp_recent_slot(__rp_u32 parent, __rp_u32 region)
{
	return rp_recent_word(parent, region, 0) * 0x9e3779b97f4a7c15ull >> (64 - RP_RECENT_BITS);
}

/* The node that the word is of; 0: of another parent or region. */
RP_INLINE __rp_u32 rp_recent_node(__rp_u64 word, __rp_u32 parent, __rp_u32 region)
{
	return word >> 16 == rp_recent_word(parent, region, 0) >> 16 ? word & 0xffff : 0;
}

#endif
