/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Python frames of a thread, as BPF walks them while the thread is stopped, and the code objects
 * that they run, which BPF tells of when it meets them first: they may be gone a moment later.
 *
 * The interpreter's evaluation of Python code is a C function, which runs the frames of a chain one
 * after the other: Python functions that call each other do not call C. A chain ends where C code
 * has started an evaluation. What keeps a chain is on the C stack, in the frame of the evaluation
 * itself, and by that the two stacks are brought together.
 */
#ifndef RP_PYTHON_H
#define RP_PYTHON_H

#include "rp_types.h"

/* Where an interpreter keeps what is looked at, in bytes. */
struct rp_python_layout {
	/* Of _PyRuntime: the key by which a thread finds its state, and the interpreters. */
	__rp_u32 runtime_key, runtime_interpreters;
	__rp_u32 interpreter_threads;
	__rp_u16 thread_next, thread_id;
	/* Its innermost frame, by way of a struct _PyCFrame up to 3.12. */
	__rp_u16 thread_frame;
	bool has_cframe;
	/* 3.11: the outermost frame of a chain is marked, and its struct _PyCFrame on the C stack.
	 * Later on the chain ends in a frame on the C stack, which runs no code. */
	bool ends_on_stack;
	__rp_u16 cframe_frame, cframe_previous;
	__rp_u16 frame_code, frame_previous, frame_instruction;
	__rp_u16 frame_mark; /* a byte ... */
	__rp_u8 mark_of_end; /* ... which has this value at the end of a chain */
	__rp_u8 reserved;
	__rp_u16 code_first_line, code_file, code_name, code_lines, code_instructions;
	__rp_u16 text_ascii, text_wide; /* of str: its characters */
};

/* The interpreter of a process. */
struct rp_python {
	__rp_u64 runtime; /* address of _PyRuntime; 0: there is none, or one that is not known */
	struct rp_python_layout layout;
};

/*
 * A frame takes two words: its code object, and how far from the first instruction it is, in bytes.
 * The end of a chain has the code object 0.
 */
#define RP_PYTHON_WORDS	     2
#define RP_PYTHON_FRAMES_MAX 255u /* that are told, with ends of chains ... */
#define RP_PYTHON_ENDS_MAX   64u  /* ... for which there is always room */
#define RP_PYTHON_LOOKS_MAX  1024 /* frames that are looked at, for ends of chains */

/* A str, cut off where it is longer. */
#define RP_PYTHON_NAME_MAX 252u
#define RP_PYTHON_FILE_MAX 508u
struct rp_python_text {
	__rp_u16 bytes;
	__rp_u8 width; /* bytes a character: 1 (Latin-1), 2 or 4 */
	__rp_u8 reserved;
};

/* Bytes of the table of its lines; one in 10,000 functions has more. */
#define RP_PYTHON_LINES_MAX 16384u

struct rp_python_code {
	__rp_u32 kind; /* RP_SAMPLE_KIND_CODE */
	__rp_u32 tgid;
	__rp_u64 code; /* its address */
	__rp_u32 first_line;
	__rp_u32 lines_bytes;
	struct rp_python_text name;
	char name_text[RP_PYTHON_NAME_MAX];
	struct rp_python_text file;
	char file_text[RP_PYTHON_FILE_MAX];
	__rp_u8 lines[RP_PYTHON_LINES_MAX];
};
#define RP_PYTHON_CODE_BYTES(lines_bytes)                                                          \
	(sizeof(struct rp_python_code) - RP_PYTHON_LINES_MAX + (lines_bytes))
_Static_assert(RP_PYTHON_CODE_BYTES(0) == 792, "rp_python_code is shared with BPF");

#endif
