/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Settings, maps and counters. User space sizes the maps before load (user/attach/session.c). */
#ifndef RP_MAPS_BPF_H
#define RP_MAPS_BPF_H

#include "rp_abi.h"
#include "rp_filter.h"
#include "rp_hist.h"
#include "rp_kern.bpf.h"

/* ---- settings, fixed at load ---------------------------------------------------------- */

const volatile bool cfg_follow = true;	    /* children of tracked processes are tracked */
const volatile bool cfg_track_all = false;  /* every process that enters a region ... */
const volatile __u32 cfg_own_tgid = 0;	    /* ... but this one */
const volatile __u32 cfg_pid_namespace = 0; /* rptrace's own, by inode; 0: the outermost */
const volatile __u32 cfg_max_depth = 0;
const volatile __u32 cfg_max_nodes = 0;
const volatile __u32 cfg_max_labels = 0; /* labelled nodes before labels share one */
const volatile __u32 cfg_max_names = 0;
const volatile __u32 cfg_max_spans = 0;
const volatile bool cfg_shares = false;	   /* processes have shares of these bounds */
const volatile __u64 cfg_min_duration = 0; /* ns */
const volatile struct rp_filter cfg_where = {};
const volatile struct rp_pattern cfg_patterns[RP_ATOMS_MAX] = {}; /* of its comparisons */
const volatile bool cfg_within = false; /* only what is inside of some regions counts ... */
const volatile struct rp_pattern cfg_within_names = {}; /* ... if they are named at run time */
const volatile __u32 cfg_excludes = 0;		/* globs of --exclude, for names made at run time */
const volatile bool cfg_text_lengths = false;	/* strings may have a length */
const volatile bool cfg_label_returned = false; /* labels are what functions return */
const volatile __u32 cfg_every = 0;		/* record one tree in so many; 0: all */
const volatile bool cfg_record = false;		/* tell of every instance */
const volatile bool cfg_kernel_frames = false;	/* of threads that sleep */
const volatile __u32 cfg_sleeps_max = 0;	/* whose stacks a CPU takes in a window */
const volatile __u32 cfg_figure_shards = 1;	/* powers of two */
const volatile __u32 cfg_hist_shards = 1;
const volatile bool cfg_returns_of_all = false; /* links report returns of any process */
const volatile bool cfg_tail_call = false;	/* never: see keep_to_thread_stack */

/* ---- state that user space reads or writes while tracing ------------------------------ */

bool ready = false;		/* set last: nothing half attached is measured */
__u64 ready_time = 0;		/* ns: since then, or the last addition, all is seen */
__s64 clock_ahead = 0;		/* ns: see rp_clocks */
__u32 additions = 0;		/* of probes while tracing */
__u32 group_by = RP_GROUP_NONE; /* enum rp_group */
__u32 grouping_serial = 0;	/* counts the changes of group_by */
__u16 site_group_state[RP_SITE_GROUPS_MAX] = {};
__u64 site_group_start[RP_SITE_GROUPS_MAX] = {}; /* ns: its hits count since then */
bool blocks_left_out = false; /* any region was: ends of blocks may be those of others */
__u32 swaps_under_way = 0;    /* generation swaps, and links that are being closed */
__u32 nodes_used = 0;
__u32 nodes_own = 0;	 /* of these, of rptrace's calibration */
__u32 nodes_grow_at = 0; /* the node that asks for more chunks */
__u32 labels_used = 0;
__u32 late_labels_used = 0; /* of the places for frequent ones past the bound */
__u32 texts_used = 0;
__u32 names_used = 0;
__u32 spans_open = 0; /* where processes have shares */
__u32 segments_used = 0;
__u32 goroutine_places_used = 0;
struct rp_shares shares_of_rest = {}; /* of users that user_shares has no room for */
bool goroutines_used = false;
bool samples_may_double = false; /* threads came while events were opened */
__u32 thread_serials = 0;	 /* given so far */
bool overlaps_seen = false;	 /* calls of some region */
__u64 lost_span_begins = 0;	 /* begins that were lost: their ends are no surprise */
__u64 lost[RP_LOST_COUNT] = {};
__u64 late_ns = 0; /* that processes of RP_LOST_LATE ran unmeasured, as far as that is known */

/* ---- maps ------------------------------------------------------------------------------- */

/*
 * The state of most threads, by the low bits of their pid: to look here takes a few instructions,
 * where task storage takes a call and cold memory twice a region.
 */
#define THREAD_SLOTS	  1024u /* a power of two */
#define RP_GOROUTINES_MAX 32768u
#define RP_SEGMENTS_MAX	  16384u
#define RP_EVENTS_BYTES	  (256u << 10)
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, THREAD_SLOTS);
	__type(key, __u32);
	__type(value, struct rp_thread);
} thread_slots SEC(".maps");

/* The state of threads that found their slot taken. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct rp_thread);
} threads SEC(".maps");

/*
 * The region stacks of goroutines, which change threads at any call. They stay until the process
 * ends, as the Go runtime uses its goroutines again. And those of threads without storage.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RP_GOROUTINES_MAX);
	__type(key, struct rp_goroutine_key);
	__type(value, struct rp_thread);
} goroutines SEC(".maps");

/* What a new goroutine is a copy of. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_thread);
} new_goroutine SEC(".maps");

/*
 * The rest of stacks that are deeper. Not in the threads' own storage: from 7.0 on that holds no
 * more than 8 KiB, and before it has trouble to find 64 KiB at once.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RP_SEGMENTS_MAX);
	__type(key, struct rp_segment_key);
	__type(value, struct rp_stack_segment);
} thread_segments SEC(".maps");

/* What a new segment is a copy of. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_stack_segment);
} new_segment SEC(".maps");

/* Open spans. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1); /* user space sets it */
	__type(key, struct rp_span_key);
	__type(value, struct rp_span);
} spans SEC(".maps");

/* Processes that have begun any, so that the ends of all others cost nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, __u32);
	__type(value, __u32);
} span_processes SEC(".maps");

/*
 * Bit (hash of the key): such a span has begun. An end without a begin that finds it unset is of a
 * span that began before tracing did.
 */
#define RP_SPANS_BEGUN_BITS (1u << 20)
__u64 spans_begun[RP_SPANS_BEGUN_BITS / 64] = {};

/* Processes that are traced. */
#define TRACKED_EXEC(task)                                                                         \
	((__u32)(task)->self_exec_id << 1) /* which program of the process's it is */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, __u32);
	__type(value, __u32);
} tracked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RP_NODES_MAX);
	__type(key, struct rp_node_key);
	__type(value, __u32);
} node_ids SEC(".maps");

/* See rp_vote(). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << RP_VOTE_BITS);
	__type(key, __u32);
	__type(value, __u64);
} label_votes SEC(".maps");

/* Words of those found last: see rp_recent_word(). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << RP_RECENT_BITS);
	__type(key, __u32);
	__type(value, __u64);
} nodes_recent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RP_NODES_MAX);
	__type(key, __u32);
	__type(value, struct rp_node);
} nodes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RP_CHUNKS_MAX);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(map_flags, BPF_F_MMAPABLE);
			__uint(max_entries, RP_CHUNK_NODES);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct rp_figures));
		});
} figure_chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RP_CHUNKS_MAX);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(map_flags, BPF_F_MMAPABLE);
			__uint(max_entries, RP_CHUNK_NODES);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct rp_hist));
		});
} hist_chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RP_ARGS_MAX);
	__type(key, __u32);
	__type(value, struct rp_arg);
} arg_specs SEC(".maps");

struct rp_name {
	char text[RP_NAME_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct rp_name);
	__type(value, __u32);
} name_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct rp_name);
} names SEC(".maps");

/* Globs of --exclude: a region that is named at run time is left out if one matches. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_pattern);
} excludes SEC(".maps");

/* What stands in name_ids for the number of a region that is left out. */
#define RP_NAME_EXCLUDED (~0u)

/* Strings that are labels: as many as there may be labels, where any are asked for. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct rp_text);
	__type(value, __u32);
} text_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_text);
} texts SEC(".maps");

/*
 * Names and texts are numbered as they are met. Where two CPUs meet the same one at once,
 * both take a number and one of them gives its own to what it meets next: else programs whose
 * threads do the same things at the same time would use up what there is room for.
 */
enum { SPARE_NAME, SPARE_TEXT, SPARE_KINDS };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SPARE_KINDS);
	__type(key, __u32);
	__type(value, __u64); /* a number; 0: none */
} spare_numbers SEC(".maps");

/* Of processes that have taken anything, where they have shares. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, __u32);
	__type(value, struct rp_shares);
} process_shares SEC(".maps");

/* The same of users. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct rp_shares);
} user_shares SEC(".maps");

/* By region; RP_REGION_NONE: it is not known of which. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct rp_stray_hits);
} stray_hits SEC(".maps");

/* By region, of those whose calls were seen to overlap: see rp_overlaps.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct rp_overlap);
} overlaps SEC(".maps");

/*
 * Regions that a generation swap takes out of their site group: site group << 32 | region.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u8);
} left_out SEC(".maps");

/* Regions of --within. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} within SEC(".maps");

/* Regions that are entered on stacks where their returns cannot be awaited. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} other_stacks SEC(".maps");

/* These stay empty: see keep_to_thread_stack. A map belongs to one kind of program. */
struct rp_no_programs {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

struct rp_no_programs no_programs SEC(".maps"), no_sessions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RP_EVENTS_BYTES);
} events SEC(".maps");

/* Of a run that is recorded (rp_instances.bpf.h); user space sets how large it is. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} instances SEC(".maps");

/* Samples, and Python's code objects that they refer to; likewise. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} samples SEC(".maps");

static __always_inline void count_lost(enum rp_lost reason)
{
	__sync_fetch_and_add(&lost[reason], 1);
}

static __noinline struct rp_stray_hits *region_strays(__u32 region)
{
	struct rp_stray_hits *seen = bpf_map_lookup_elem(&stray_hits, &region), none = {};

	if (seen)
		return seen;
	bpf_map_update_elem(&stray_hits, &region, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&stray_hits, &region);
}

/* Global, like all that many hits may come to: the verifier looks at it once, whoever calls. */
__noinline int count_stray(__u32 region, __u32 hits, __u32 unmatched)
{
	struct rp_stray_hits *strays = region_strays(region);

	if (unmatched)
		count_lost(RP_LOST_UNMATCHED);
	if (!strays)
		return 0;
	__sync_fetch_and_add(&strays->hits, hits);
	if (unmatched)
		__sync_fetch_and_add(&strays->unmatched, unmatched);
	return 0;
}

/* Calls of the region overlap, or seem to. */
static __noinline struct rp_overlap *overlap_seen(__u32 region)
{
	struct rp_overlap none = {};

	overlaps_seen = true;
	bpf_map_update_elem(&overlaps, &region, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&overlaps, &region);
}

static __always_inline void count_crossed(__u32 region)
{
	struct rp_stray_hits *strays = region_strays(region);

	if (strays)
		__sync_fetch_and_add(&strays->crossed, 1);
}

#endif
