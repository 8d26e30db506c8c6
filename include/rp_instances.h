/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the BPF programs tell of every instance while a run is recorded, through a ring of its own.
 * Its records are of two lengths, one for each of the structs below; both have their kind at the
 * same place.
 */
#ifndef RP_INSTANCES_H
#define RP_INSTANCES_H

#include "rp_sites.h"
#include "rp_types.h"

/* Kind of an instance. Without any bit: a frame that was left by its exit. */
#define RP_INSTANCE_UNWOUND 1u /* left without its exit: `ns` is up to when that was noticed */
#define RP_INSTANCE_SPAN    2u
#define RP_INSTANCE_OPEN    4u /* open when the recording ended: `ns` is up to then */
#define RP_INSTANCE_KINDS   7u /* more than these can be is RP_INSTANCE_THREAD */
#define RP_INSTANCE_THREAD  7u /* no instance: a thread is introduced */

struct rp_instance {
	__rp_u64 start; /* ns, CLOCK_MONOTONIC */
	__rp_u64 ns;	/* from entry to exit */
	union {
		__rp_u64 child; /* ns of it in regions directly below; of unwound ones, too */
		__rp_u64 span;	/* id of a span */
	};
	union {
		__rp_u64 cpu;	   /* ns on a CPU; 0 of what was unwound or is open */
		__rp_u64 begun_by; /* thread that began a span, by its serial; 0: not known */
	};
	__rp_u64 wait;	 /* ns waiting for a CPU, likewise */
	__rp_u32 thread; /* that ended it, by its serial; 0: not known */
	__rp_u16 node;
	__rp_u16 cpu_number : 13; /* where it ended */
	__rp_u16 kind : 3;
};
_Static_assert(sizeof(struct rp_instance) == 48, "rp_instance is shared with BPF");

/*
 * A thread, or a goroutine, before its first instance. Numbers of threads come again, so each
 * region stack has a serial number from 1 on. After an exec it gets another one.
 */
struct rp_thread_info {
	__rp_u64 start_time; /* ns, CLOCK_MONOTONIC */
	__rp_u64 goroutine;  /* its address; 0: a thread */
	char comm[RP_COMM_LEN];
	__rp_u32 tid; /* of a goroutine: 0 */
	__rp_u32 tgid;
	__rp_u32 serial;
	__rp_u16 reserved;
	__rp_u16 cpu_number : 13;
	__rp_u16 kind : 3; /* RP_INSTANCE_THREAD */
	__rp_u64 process_start_time;
	char process_comm[RP_COMM_LEN];
};
_Static_assert(sizeof(struct rp_thread_info) == 72, "rp_thread_info is shared with BPF");

#endif
