/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The Python frames of the current thread (rp_python.h). Nothing of the interpreter can change
 * while this looks at it, as far as it is the thread's own. All that is read may be wrong, of an
 * interpreter that is only just starting or of a program that means harm: the thread's state says
 * whose it is, reads that fail end the walk, and there is a bound on everything.
 *
 * Functions and lines take more to find than there is time for here, so of a frame only its code
 * object and instruction are told. What the code object says of itself is told before, when it is
 * met first, or another one is at its place.
 */
#ifndef RP_PYTHON_BPF_H
#define RP_PYTHON_BPF_H

#include "rp_maps.bpf.h"
#include "rp_sample.h"
#include "rp_unwind.bpf.h"

#define PYTHON_TOLD_MAX	   32  /* in one sample */
#define PYTHON_THREADS_MAX 256 /* that are searched */

/* For frames proper. */
#define PYTHON_KEPT_MAX (RP_PYTHON_FRAMES_MAX - RP_PYTHON_ENDS_MAX)

#define RP_PYTHON_CUT	256

/* glibc's struct pthread: tables of values by key, each with a number before it. */
#define PTHREAD_TABLES	  0x510
#define PTHREAD_TABLE_LEN 32
#define PTHREAD_KEYS_MAX  1024

/*
 * What of a code object tells it from another one, and stays: numbers of its variables, its first
 * line, from 3.12 on a number that no other has, and where its names and lines are. Before it is
 * how often it has run (3.11).
 */
#define PYTHON_IDENTITY	      56
#define PYTHON_IDENTITY_BYTES 88
#define PYTHON_IDENTITY_WORDS 16 /* a power of two */

/* Of str and bytes, in all versions that are known. */
#define PYTHON_LENGTH  16
#define PYTHON_HASH    24
#define PYTHON_STATE   32
#define PYTHON_BYTES   32
#define STATE_COMPACT  0x20
#define STATE_ASCII    0x40
#define STATE_WIDTH(s) ((s) >> 2 & 7)

struct rp_python_code_key {
	__u64 code;
	__u32 tgid;
	__u32 serial; /* of what the process has mapped: it may run another program */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* user space sets it where samples are taken */
	__type(key, struct rp_python_code_key);
	__type(value, __u64); /* what tells it from others at its place */
} python_codes SEC(".maps");

/* Where a record is made. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_python_code);
} python_code_rooms SEC(".maps");

__u64 python_codes_told = 0; /* by all CPUs */

#define PYTHON_MET 64u /* a power of two */
struct rp_python_met {
	__u64 code, owner; /* by what it is known: see rp_python_code_key */
	__u64 walk;	   /* the last that met it */
	__u64 check, told; /* what it was then, and how many had been told */
};

struct rp_python_walk {
	__u64 thread; /* the state that is looked at; 0: there are no more */
	__u64 frame;  /* the next one; 0: there are no more */
	__u64 cframe;
	__u32 n;
	__u32 told;
	bool cut;			      /* there are more */
	__u64 walk;			      /* counts those of this CPU */
	struct rp_python_met met[PYTHON_MET]; /* code objects that were met last */
	__u64 identity[PYTHON_IDENTITY_WORDS];
	__u64 word[RP_PYTHON_WORDS * (RP_PYTHON_FRAMES_MAX + 1)];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_python_walk);
} python_walks SEC(".maps");

/* What the steps of a walk need. */
struct rp_python_steps {
	struct rp_python_walk *w;
	struct rp_unwind_walk *native;
	struct rp_memory *memory;
	const struct rp_unwind_process *process;
	__u64 self; /* what the thread is to the C library */
	__u32 tgid;
};

static __always_inline bool read_u32(__u64 address, __u32 *value)
{
	return !bpf_probe_read_user(value, sizeof(*value), (void *)(unsigned long)address);
}

static __always_inline __u64 word_at(__u64 address)
{
	__u64 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (void *)(unsigned long)address);
	return value;
}

/* What is near to what else is read. 0: it cannot be read. */
static __always_inline __u64 word_of(const struct rp_python_steps *s, __u64 address)
{
	__u64 value = 0;

	read_user(s->memory, address, &value);
	return value;
}

/* ---- the thread's state ---------------------------------------------------------------------- */

/* What pthread_getspecific() returns for the key. It may be anything. */
static __always_inline __u64 thread_by_key(const struct rp_python_steps *s)
{
	const struct rp_python *python = &s->process->python;
	__u32 key[2] = {}; /* whether there is one, and which */
	__u64 table;

	bpf_probe_read_user(key, sizeof(key),
			    (void *)(unsigned long)(python->runtime + python->layout.runtime_key));
	if (!key[0] || key[1] >= PTHREAD_KEYS_MAX)
		return 0;
	table = word_of(s, s->self + PTHREAD_TABLES + 8 * (key[1] / PTHREAD_TABLE_LEN));
	return word_of(s, table + 16 * (key[1] % PTHREAD_TABLE_LEN) + 8);
}

static __always_inline bool is_own(const struct rp_python_steps *s, __u64 thread)
{
	return thread && word_of(s, thread + s->process->python.layout.thread_id) == s->self;
}

static long thread_step(__u32 i, struct rp_python_steps *s)
{
	struct rp_python_walk *w = s->w;

	if (!w->thread || is_own(s, w->thread))
		return 1;
	w->thread = word_at(w->thread + s->process->python.layout.thread_next);
	return 0;
}

/* Other C libraries keep it elsewhere: by the interpreter's list of threads. */
static __always_inline void find_thread(struct rp_python_steps *s)
{
	const struct rp_python *python = &s->process->python;
	__u64 interpreter;

	s->w->thread = thread_by_key(s);
	if (is_own(s, s->w->thread))
		return;
	interpreter = word_at(python->runtime + python->layout.runtime_interpreters);
	s->w->thread = interpreter ? word_at(interpreter + python->layout.interpreter_threads) : 0;
	bpf_loop(PYTHON_THREADS_MAX, thread_step, s, 0);
	if (!is_own(s, s->w->thread))
		s->w->thread = 0;
}

/* ---- code objects ---------------------------------------------------------------------------- */

/* A str, of which at most `most` bytes are wanted. */
static __always_inline bool read_str(const struct rp_python_layout *layout, __u64 object,
				     struct rp_python_text *out, char *text, __u32 most)
{
	__u64 length = word_at(object + PYTHON_LENGTH);
	__u32 state = 0, width;

	read_u32(object + PYTHON_STATE, &state);
	width = STATE_WIDTH(state);
	if (!(state & STATE_COMPACT) || (width != 1 && width != 2 && width != 4))
		return false;
	length = length < most ? length * width : most;
	if (length > most)
		length = most;
	out->bytes = length;
	out->width = width;
	object += state & STATE_ASCII ? layout->text_ascii : layout->text_wide;
	return !bpf_probe_read_user(text, length, (void *)(unsigned long)object);
}

/* The table of its lines; 0: it cannot be read. */
static __always_inline __u32 read_lines(__u64 object, __u8 *lines)
{
	__u64 length = word_at(object + PYTHON_LENGTH);

	if (length > RP_PYTHON_LINES_MAX)
		length = RP_PYTHON_LINES_MAX;
	if (bpf_probe_read_user(lines, length, (void *)(unsigned long)(object + PYTHON_BYTES)))
		return 0;
	return length;
}

/* Tell of a code object. 0: it has been told. */
__noinline int tell_python_code(__u32 tgid, __u64 code)
{
	const struct rp_unwind_process *process = bpf_map_lookup_elem(&unwind_processes, &tgid);
	const struct rp_python_layout *layout;
	struct rp_python_code *out;
	__u32 only = 0, lines;

	out = bpf_map_lookup_elem(&python_code_rooms, &only);
	if (!process || !out)
		return 1;
	layout = &process->python.layout;
	out->kind = RP_SAMPLE_KIND_CODE;
	out->tgid = tgid;
	out->code = code;
	if (!read_u32(code + layout->code_first_line, &out->first_line) ||
	    !read_str(layout, word_at(code + layout->code_name), &out->name, out->name_text,
		      RP_PYTHON_NAME_MAX) ||
	    !read_str(layout, word_at(code + layout->code_file), &out->file, out->file_text,
		      RP_PYTHON_FILE_MAX))
		return 1;
	lines = read_lines(word_at(code + layout->code_lines), out->lines);
	if (lines > RP_PYTHON_LINES_MAX)
		return 1;
	out->lines_bytes = lines;
	return bpf_ringbuf_output(&samples, out, RP_PYTHON_CODE_BYTES(lines), BPF_RB_NO_WAKEUP) !=
	       0;
}

/*
 * What is freed may be followed by another one at its place, which has its name and lines at the
 * places of the former ones more often than not: so the text of its name counts, too. 0: it cannot
 * be read.
 */
static __always_inline __u64 identity_of(struct rp_python_steps *s, __u64 code)
{
	__u32 name = (s->process->python.layout.code_name - PYTHON_IDENTITY) / sizeof(__u64);
	__u64 *words = s->w->identity, identity;

	if (bpf_probe_read_user(words, PYTHON_IDENTITY_BYTES,
				(void *)(unsigned long)(code + PYTHON_IDENTITY)))
		return 0;
	identity = word_at(words[below(name, PYTHON_IDENTITY_WORDS)] + PYTHON_HASH);
	for (__u32 i = 0; i < PYTHON_IDENTITY_BYTES / sizeof(__u64); i++)
		identity = (identity ^ words[i]) * 0x9e3779b97f4a7c15ull;
	return identity;
}

/*
 * Does user space know it? Another one may have been at its place when it was told last, here or on
 * another CPU.
 */
static __always_inline bool is_known(struct rp_python_steps *s, __u64 code, __u64 check)
{
	struct rp_python_code_key key = {
		.code = code, .tgid = s->tgid, .serial = s->process->serial};
	__u64 *known = bpf_map_lookup_elem(&python_codes, &key);

	if (known && *known == check)
		return true;
	if (s->w->told == PYTHON_TOLD_MAX)
		return false;
	s->w->told++;
	if (tell_python_code(s->tgid, code))
		return false;
	__sync_fetch_and_add(&python_codes_told, 1);
	return !bpf_map_update_elem(&python_codes, &key, &check, BPF_ANY);
}

/*
 * While a frame runs it, there cannot be another one at its place: one look in a walk will do. In
 * the next one that has to be looked at, but what is known of it holds until any is told.
 */
static __always_inline void make_known(struct rp_python_steps *s, __u64 code)
{
	struct rp_python_met *met = &s->w->met[below(code >> 4 ^ code >> 12, PYTHON_MET)];
	__u64 owner = (__u64)s->tgid << 32 | (__u32)s->process->serial;
	__u64 told = python_codes_told, check;
	bool same = met->code == code && met->owner == owner;

	if (same && met->walk == s->w->walk)
		return;
	check = identity_of(s, code);
	if ((!same || met->check != check || met->told != told) && !is_known(s, code, check))
		check = 0; /* it is to be looked for again */
	met->code = code;
	met->owner = owner;
	met->walk = s->w->walk;
	met->check = check;
	met->told = told;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static __always_inline void put_frame(struct rp_python_walk *w, __u64 code, __u64 instruction,
				      __u32 most)
{
	__u64 n = w->n;

	if (n >= most) {
		w->cut = true;
		return;
	}
	n = below(n, RP_PYTHON_FRAMES_MAX + 1);
	w->word[RP_PYTHON_WORDS * n] = code;
	w->word[RP_PYTHON_WORDS * n + 1] = instruction;
	w->n = n + 1;
}

/* The end of a chain, and where on the C stack what keeps the chain is. */
static __always_inline void end_chain(struct rp_python_steps *s)
{
	const struct rp_python_layout *layout = &s->process->python.layout;
	struct rp_python_walk *w = s->w;
	__u32 i = s->native->marks;

	put_frame(w, 0, 0, RP_PYTHON_FRAMES_MAX);
	if (i < UNWIND_MARKS_MAX) {
		s->native->mark[i] = layout->ends_on_stack ? w->frame : w->cframe;
		s->native->marks = i + 1;
	}
	if (!layout->ends_on_stack)
		w->cframe = word_of(s, w->cframe + layout->cframe_previous);
}

static __always_inline bool read_frame(const struct rp_python_steps *s, __u64 offset, __u64 *value)
{
	return read_user(s->memory, s->w->frame + offset, value);
}

/*
 * Frames lie one behind the other, in pieces of memory that the interpreter makes for them: a block
 * of that has several.
 */
static long python_step(__u32 i, struct rp_python_steps *s)
{
	const struct rp_python_layout *layout = &s->process->python.layout;
	struct rp_python_walk *w = s->w;
	__u64 code, previous, instruction, marks;
	bool is_end, is_code;

	if (!w->frame)
		return 1;
	if (!read_frame(s, layout->frame_code, &code) ||
	    !read_frame(s, layout->frame_previous, &previous) ||
	    !read_frame(s, layout->frame_instruction, &instruction) ||
	    !read_frame(s, layout->frame_mark & ~7u, &marks)) {
		w->cut = true;
		return 1;
	}
	is_end = (__u8)(marks >> 8 * (layout->frame_mark & 7)) == layout->mark_of_end;
	is_code = code && !(is_end && layout->ends_on_stack);
	if (is_code && w->n < PYTHON_KEPT_MAX)
		make_known(s, code);
	if (is_code)
		put_frame(w, code, instruction - code - layout->code_instructions, PYTHON_KEPT_MAX);
	if (is_end)
		end_chain(s);
	w->frame = previous;
	return 0;
}

/*
 * The Python frames of the current thread, into its CPU's walk, and marks for the native ones.
 * Returns how many, and RP_PYTHON_CUT more where there are more.
 */
__noinline __u32 walk_python(__u32 tgid)
{
	struct rp_python_steps s = {.tgid = tgid};
	const struct rp_python_layout *layout;
	__u32 only = 0;

	s.w = bpf_map_lookup_elem(&python_walks, &only);
	s.native = bpf_map_lookup_elem(&unwind_walks, &only);
	s.memory = memory_of_cpu();
	s.process = bpf_map_lookup_elem(&unwind_processes, &tgid);
	if (!s.w || !s.native || !s.memory)
		return 0;
	s.native->marks = 0;
#ifdef __TARGET_ARCH_x86
	s.self = bpf_get_current_task_btf()->thread.fsbase;
#endif
	if (!s.process || !s.process->python.runtime || !s.self)
		return 0;
	s.w->n = 0;
	s.w->told = 0;
	s.w->cut = false;
	s.w->walk++;
	find_thread(&s);
	if (!s.w->thread)
		return 0;
	layout = &s.process->python.layout;
	s.w->frame = word_of(&s, s.w->thread + layout->thread_frame);
	if (layout->has_cframe) {
		s.w->cframe = s.w->frame;
		s.w->frame = word_of(&s, s.w->cframe + layout->cframe_frame);
	}
	if (bpf_loop(RP_PYTHON_LOOKS_MAX, python_step, &s, 0) == RP_PYTHON_LOOKS_MAX)
		s.w->cut = true;
	return s.w->cut ? s.w->n + RP_PYTHON_CUT : s.w->n;
}

#endif
