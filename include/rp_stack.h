/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The region stack of a thread: its frames, and the rules by which a hit of a probe changes it.
 *
 * Functions are left without their exit being seen: by longjmp, by exceptions, by errors that jump
 * out. Nothing tells of that, but the stack pointer does. A stack grows down, so what was entered
 * at a stack pointer below that of a later hit is not there any more, and its frame is popped as
 * unwound, never timed. The kernel holds its return probes to the same rule.
 *
 * It says nothing across stacks. A handler on an alternate signal stack, or a fiber, has a stack of
 * its own, which may lie above or below the one of the frame: only frames within the mapping that
 * the hit's stack pointer is in are judged. Frames of a handler on the signal stack, and calls on
 * another stack whose returns are not awaited, carry a mark. A hit on the stack below them shows
 * that they have been left: handlers end before what they interrupt goes on.
 *
 * A region that code marks ends by its name, and may be open several times: of what was begun on
 * the stack of the end, the last one is meant; of others only where there is none, as a region may
 * begin on one stack and end on another.
 *
 * Nor does it tell two calls at one depth apart: a function entered at the very stack pointer of an
 * open frame has taken its place, unless that one ended in a tail call and still waits for its
 * return, as the kernel's trampoline on the stack or a probe at the jump tells; calls of an
 * interpreter, all of which are made at one depth of the C stack, nest.
 *
 * Coroutines may have their stacks in one mapping, where all of this takes those of the lower one
 * for left as soon as a higher one calls. What gives it away is an exit that finds its call popped.
 * From then on calls of such a thread keep their return address, and none is taken for left whose
 * return address is still where it was: what is called in the place of one that was left, or writes
 * there, overwrites it.
 *
 * A call is below the one in which it was made, in the tree and for self times. That is the last
 * one begun, also where a program goes on with its calls on another stack to have more room. Of
 * coroutines it need not be: were each call below whichever other coroutine was in one last, there
 * would be as many paths as orders in which coroutines take turns. So once calls of a thread are
 * seen to do that, a call is below the nearest one on its own stack, or at the root.
 */
#ifndef RP_STACK_H
#define RP_STACK_H

#include "rp_sites.h"

#define RP_SEGMENT_FRAMES                                                                          \
	32u /* frames that every thread has; threads that nest deeper get more such segments */
#define RP_FRAMES_MAX 1024u

/* Flags of a frame. */
#define RP_FRAME_LOOSE		 1u   /* need not nest: may end after what it began in */
#define RP_FRAME_LEFT_OUT	 2u   /* --where rules the call out whatever its exit tells */
#define RP_FRAME_ON_SIGNAL_STACK 4u   /* entered on the thread's alternate signal stack */
#define RP_FRAME_NO_RETURN	 8u   /* its return is not awaited: see RP_LOST_STACKS */
#define RP_FRAME_INSIDE		 32u  /* of a region of --within, or below one */
#define RP_FRAME_JUMPED		 16u  /* at a tail call to a function that is probed, too */
#define RP_FRAME_UNSAMPLED	 64u  /* of a tree that --every leaves out of the record */
#define RP_FRAME_GONE		 128u /* left without its exit, below calls of other stacks */

struct rp_frame {
	__rp_u64 start;		/* ns */
	__rp_u64 child;		/* ns spent in frames directly below */
	__rp_u64 before_parent; /* ns of it before the frame below it became its parent */
	__rp_u64 cpu;		/* ns on a CPU of this thread when the frame was entered */
	__rp_u64 wait;		/* ns waiting for a CPU of this thread, likewise */
	__rp_u64 sp;		/* stack pointer at entry */
	__rp_u64 ip;		/* address of the probe that entered the frame; scope: its key;
				   call: return address, where stacks_share; else 0 */
	__rp_u32 region;	/* region id | enum rp_role of the entry << 24 */
	__rp_u32 node;		/* 0: no node could be had, figures are lost */
	__rp_u32 outcomes;	/* bit k: comparison k of the filter holds */
	__rp_u32 flags;		/* RP_FRAME_* */
};
_Static_assert(sizeof(struct rp_frame) == 72, "rp_frame is shared with BPF");

/* Of a thread that has gone to sleep in a region. */
enum rp_asleep {
	RP_ASLEEP_NOT,
	RP_ASLEEP_UNTOLD, /* its stack is not told */
	RP_ASLEEP_TOLD,
};

struct rp_thread {
	__rp_u64 owner;		  /* address of the task whose slot this is; 0: free, or no slot */
	__rp_u32 depth;		  /* index of the top frame; frame 0 stands for the root */
	__rp_u32 lost_entries;	  /* that got no frame: their exits are no surprise */
	__rp_u32 grouping_serial; /* under which the root was chosen; 0: none is yet */
	__rp_u32 segments;	  /* of its stack that are in thread_segments */
	__rp_u32 additions;	  /* that the two below know of */
	__rp_u32 serial;	  /* where the run is recorded; 0: not introduced yet */
	__rp_u64 begun;		  /* bit (region % 64): the thread has begun such a region */
	__rp_u64 shallowest;	  /* stack pointer of the outermost function entered so far */
	__rp_u64 goroutine;	  /* whose stack it is; 0: that of a thread */
	__rp_u64 swapped_site;	  /* cookie of the last hit that a newer generation took ... */
	__rp_u64 swapped_state;	  /* ... and the state of its site group then */
	__rp_u64 taken_ip;	  /* of the last entry into a function that has RET sites */
	__rp_u64 asleep_from;	  /* asleep_clock() of the thread when it went to sleep ... */
	__rp_u32 asleep_node;	  /* ... and the node that it was in */
	__rp_u32 asleep;	  /* enum rp_asleep */
	__rp_u32 stacks_share;	  /* 1: has stacks in one mapping: their pointers tell nothing */
	__rp_u32 stacks_interleave; /* 1: has calls on several stacks, which take turns */
	__rp_u64 sleep_since;	    /* asleep_clock() when it went to sleep (rp_wakers.bpf.h) ... */
	__rp_u32 sleep_in;	    /* ... and the node that it was in; 0: it does not sleep */
	__rp_u32 woken_by;	    /* region, or enum rp_waker; 0: nobody yet */
	__rp_u64 stack_start; /* bounds of the mapping that its last nested call was seen in ... */
	__rp_u64 stack_end;   /* ... or 0 */
	__rp_u64 has_coroutines; /* 1: calls on several stacks were seen to take turns */
	struct rp_frame frames[RP_SEGMENT_FRAMES];
};

struct rp_goroutine_key {
	__rp_u64 goroutine;
	__rp_u64 tgid;
};

struct rp_segment_key {
	__rp_u64 owner;	  /* address of the task or goroutine */
	__rp_u64 segment; /* of a goroutine: with its tgid in the upper half */
};

struct rp_stack_segment {
	struct rp_frame frames[RP_SEGMENT_FRAMES];
};
_Static_assert(sizeof(struct rp_thread) == 144 + RP_SEGMENT_FRAMES * sizeof(struct rp_frame),
	       "rp_thread is shared with BPF");

RP_INLINE __rp_u32 rp_frame__region(const struct rp_frame *f)
{
	return f->region & RP_REGION_MASK;
}

RP_INLINE __rp_u32 rp_frame__role(const struct rp_frame *f)
{
	return f->region >> 24 & 0xf;
}

RP_INLINE bool rp_frame__is_loose(const struct rp_frame *f)
{
	return f->flags & RP_FRAME_LOOSE;
}

/* In no figure, but there: its exit is no surprise, and what it calls is below it. */
RP_INLINE bool rp_frame__is_left_out(const struct rp_frame *f)
{
	return f->flags & RP_FRAME_LEFT_OUT;
}

RP_INLINE bool rp_frame__is_inside(const struct rp_frame *f)
{
	return f->flags & RP_FRAME_INSIDE;
}

RP_INLINE bool rp_frame__has_jumped(const struct rp_frame *f)
{
	return f->flags & RP_FRAME_JUMPED;
}

/*
 * It has been left, but cannot be popped as long as calls are above it that go on, on another stack
 * of the thread. No exit closes it.
 */
RP_INLINE bool rp_frame__is_gone(const struct rp_frame *f)
{
	return f->flags & RP_FRAME_GONE;
}

/* ---- rules ---------------------------------------------------------------------------------- */

/*
 * What a probe hit knows: an entry of the frame that it opens, an exit of the one that it closes.
 */
struct rp_hit {
	__rp_u64 sp;
	__rp_u64 ip;	      /* of a begin probe; of a call: its return address; or 0 */
	__rp_u64 key;	      /* to find: sp of a function frame, key of a scope */
	__rp_u64 now;	      /* of an exit: ns */
	__rp_u64 label;	      /* of the frame to open; of the one to close if its exit tells */
	__rp_u32 label_flags; /* RP_NODE_LABELED: it has one */
	__rp_u32 region;      /* of the hit; RP_REGION_NONE: any */
	__rp_u32 role;	      /* of the hit; to find: of the frame */
	__rp_u32 flags;	      /* RP_FRAME_* of the frame to open */
	__rp_u32 outcomes;    /* of the comparisons that can be told here */
};

enum rp_left {
	RP_LEFT_NOT,
	RP_LEFT,
	RP_LEFT_UNLESS_TAIL_CALL, /* if nothing on the user stack waits for its return */
	RP_LEFT_UNLESS_JUMPED, /* if the last one that was entered at this depth has not jumped */
};

/*
 * Was an open frame left without its exit, as seen from a later hit? stack_start: where the mapping
 * begins that the hit's stack pointer is in.
 */
RP_INLINE enum rp_left rp_frame__is_left(const struct rp_frame *f, const struct rp_hit *hit,
					 __rp_u64 stack_start)
{
	__rp_u32 role = rp_frame__role(f);

	if (rp_frame__is_gone(f))
		return RP_LEFT;
	if (f->sp < stack_start || f->sp > hit->sp)
		return RP_LEFT_NOT;
	switch (role) {
	case RP_ROLE_CALL:
	case RP_ROLE_CALL_SITE:
		if (f->sp < hit->sp)
			return RP_LEFT;
		/* Entered again at the same depth: only a tail call keeps the older frame. */
		if (!rp_role_is_function(hit->role))
			return RP_LEFT_NOT;
		return role == RP_ROLE_CALL_SITE ? RP_LEFT_UNLESS_JUMPED : RP_LEFT_UNLESS_TAIL_CALL;
	case RP_ROLE_SCOPE_BEGIN:
		return f->sp < hit->sp ? RP_LEFT : RP_LEFT_NOT;
	case RP_ROLE_BEGIN:
		/* The same site again at the same depth: the function was left and entered anew. */
		return hit->ip && f->ip == hit->ip && rp_frame__region(f) == hit->region
			       ? RP_LEFT
			       : RP_LEFT_NOT;
	}
	return RP_LEFT_NOT;
}

/* Does a frame carry a mark of another stack than the one that its thread is on as a rule? */
RP_INLINE bool rp_frame__is_aside(const struct rp_frame *f)
{
	return f->flags & (RP_FRAME_ON_SIGNAL_STACK | RP_FRAME_NO_RETURN);
}

/*
 * Is the stack that such a frame was entered on the one of a later hit? on_signal_stack: that one
 * is; start, end: of the mapping that the hit's stack pointer is in.
 */
RP_INLINE bool rp_frame__shares_stack(const struct rp_frame *f, bool on_signal_stack,
				      __rp_u64 start, __rp_u64 end)
{
	if (f->flags & RP_FRAME_ON_SIGNAL_STACK)
		return on_signal_stack;
	return f->sp >= start && f->sp < end;
}

/*
 * Does the frame enclose what is entered at sp, where coroutines take turns? start, end: what is
 * taken to be their stack. A region that a function marks may have been begun in a callee of it.
 */
RP_INLINE bool rp_frame__encloses(const struct rp_frame *f, __rp_u64 sp, __rp_u64 start,
				  __rp_u64 end)
{
	return !rp_frame__is_gone(f) && f->sp >= start && f->sp < end &&
	       (f->sp >= sp || !rp_role_is_function(rp_frame__role(f)));
}

/*
 * Does an exit close this frame, if it is the nearest one of which that is true? A RET site of its
 * own region closes a call whose return was to be reported, too: it may have been linked in
 * mid-call. The return, if it is reported, finds nothing to close then.
 */
RP_INLINE bool rp_frame__is_closed_by(const struct rp_frame *f, const struct rp_hit *hit)
{
	__rp_u32 role = rp_frame__role(f);

	return !rp_frame__is_gone(f) &&
	       (role == hit->role ||
		(role == RP_ROLE_CALL && hit->role == RP_ROLE_CALL_SITE && hit->region)) &&
	       (!hit->region || rp_frame__region(f) == hit->region) &&
	       (!hit->key || (hit->role == RP_ROLE_SCOPE_BEGIN ? f->ip : f->sp) == hit->key);
}

/* Is no frame from this one down closed by an exit of just any function? */
RP_INLINE bool rp_frame__ends_search(const struct rp_frame *f, const struct rp_hit *hit)
{
	return !hit->region && rp_frame__role(f) == RP_ROLE_CALL_SITE && f->sp > hit->key;
}

/*
 * Does a frame end when one below it is closed by an exit? A function, or a block, that was entered
 * no deeper, or on another stack, goes on, and with it the markers around it: *live tells that such
 * a one was met above. So do regions that need not nest; but where an end names its call, calls of
 * its region that were made later, on the same stack, are over.
 */
RP_INLINE bool rp_frame__ends_with(const struct rp_frame *f, const struct rp_hit *hit,
				   __rp_u64 stack_start, bool *live)
{
	__rp_u32 role = rp_frame__role(f);

	if (rp_role_is_function(role) || role == RP_ROLE_SCOPE_BEGIN) {
		if (f->sp < hit->sp && f->sp >= stack_start)
			return true;
		*live = true;
		return false;
	}
	if (!rp_frame__is_loose(f))
		return !*live;
	return hit->label_flags && rp_frame__region(f) == hit->region && f->sp <= hit->sp &&
	       f->sp >= stack_start;
}

/* ---- exits of what was entered before ------------------------------------------------------- */

/* Of what came later it is not known what had been entered before: a thread starts anew. */
RP_INLINE void rp_thread__note_additions(struct rp_thread *t, __rp_u32 additions)
{
	if (t->additions == additions)
		return;
	t->additions = additions;
	t->shallowest = 0;
	t->begun = 0;
}

/*
 * Was what an exit ends entered before tracing began, or before the fork that made the process? A
 * function (sp: its stack pointer at the entry), if all that was entered since is deeper on the
 * stack; of another region (sp: 0) the first end that has no begin, on a thread that may have been
 * there, as one that is new (is_new) was not.
 */
RP_INLINE bool rp_thread__has_entered_before(struct rp_thread *t, __rp_u32 region, __rp_u64 sp,
					     bool is_new)
{
	__rp_u64 bit = 1ull << (region & 63);

	if (sp)
		return sp > t->shallowest;
	if (t->begun & bit || is_new)
		return false;
	t->begun |= bit;
	return true;
}

#endif
