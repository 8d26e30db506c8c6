/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * One ELF object on disk: its functions, its USDT notes, and the way from its addresses to
 * file offsets. The file is hostile: sizes are checked before use, and whatever is wrong with
 * a table costs that table, with a reason, never the process.
 */
#ifndef RP_ELF_OBJECT_H
#define RP_ELF_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

struct rp_elf;

struct rp_symbol {
	const char *name; /* as people write it: C++ without parameters, Rust without the hash */
	const char *
		linker; /* as the symbol table has it; the same pointer where nothing was mangled */
	uint64_t addr;	/* virtual address in the object */
	uint64_t size;	/* bytes; 0 where the table does not say */
	uint64_t offset;  /* file offset of the first instruction */
	bool is_resolver; /* IFUNC: it chooses the function of that name, at start */
};

struct rp_usdt_note {
	const char *provider;
	const char *name;
	const char *args;   /* the argument specification, possibly "" */
	uint64_t addr;	    /* virtual address of the nop, base adjustment done */
	uint64_t offset;    /* its file offset */
	uint64_t semaphore; /* file offset of the semaphore; 0: none */
};

/* What of an object decides how its functions may be probed. */
struct rp_elf_traits {
	uint16_t machine;   /* EM_* */
	bool is_go;	    /* has .note.go.buildid or .go.buildinfo: stacks move */
	bool has_unwinding; /* C++ exceptions or Rust panics may cross frames: links a personality
			       routine */
	bool has_fibers;    /* switches stacks in user space: functions are left in any order */
	bool has_signal_stack; /* has signal handlers run on a stack of their own */
	bool has_symtab;       /* .symtab, here or in the separate debug file */
	bool names_functions;  /* has that, or Go's line table in its place: it is not stripped */
	bool has_lines;	       /* .debug_line, likewise */
	bool separate_debug;   /* there is a separate debug file, and it is read */
};

/*
 * Open an object. fd stays the caller's and may be closed afterwards; name is for messages.
 * -ENOEXEC: not an ELF file of this machine's word size and byte order (also: truncated).
 */
int rp_elf__open(int fd, const char *name, struct rp_elf **out, struct rp_err *err);
void rp_elf__free(struct rp_elf *elf);

/* Whatever is read of it from now on ends early where this says so. */
void rp_elf__stop_when(struct rp_elf *elf, bool (*is_cancelled)(void));

/* It took more bytes or time than any one file may (struct rp_file_budget): what was read is not
 * all. */
bool rp_elf__is_too_much(const struct rp_elf *elf);

/* Read at the first call, with the separate debug file: most objects are opened for less. */
const struct rp_elf_traits *rp_elf__traits(struct rp_elf *elf);

/*
 * Where symbols or lines are in a separate debug file: a descriptor of it, which stays the
 * object's; -1: there is none, or it has all itself.
 */
int rp_elf__debug_fd(struct rp_elf *elf);
/* Follow no debug link into the folder of the object: it may lead to where nobody answers. */
void rp_elf__leave_folder(struct rp_elf *elf);
/*
 * Take that for its debug file, and look for none: for who may open no files. fd stays the
 * caller's; -1: there is none.
 */
void rp_elf__use_debug_fd(struct rp_elf *elf, int fd);

/* Hexadecimal build id, "" without one. */
const char *rp_elf__build_id(const struct rp_elf *elf);

/*
 * Functions defined here: .symtab and .dynsym, and of an object without .symtab those of the
 * separate debug file, by build id (/usr/lib/debug/.build-id) or by debug link, or of Go's line
 * table. Sorted by offset, then name;
 * one entry an (offset, name). Parts of functions are left out
 * (NAME.cold, NAME.__part.N): they are jumped to, never called. Read at the first call. An object
 * without any gives 0 and *n = 0; an error only where a table is broken and no other gave any.
 */
int rp_elf__symbols(struct rp_elf *elf, const struct rp_symbol **symbols, size_t *n,
		    struct rp_err *err);

/* These parts, by linker name; none before the call above. */
const struct rp_symbol *rp_elf__cold_parts(const struct rp_elf *elf, size_t *n);

/*
 * Symbols of code that tell no size, as those of assembly without .type and .size, in malloc'ed
 * memory; `size` is what their section has from there on. 0 or -ENOMEM: of tables that cannot be
 * read there are none.
 */
int rp_elf__labels(struct rp_elf *elf, struct rp_symbol **labels, size_t *n);

/* USDT notes (.note.stapsdt), in file order. Read at the first call. Broken notes are skipped. */
int rp_elf__usdt(struct rp_elf *elf, const struct rp_usdt_note **notes, size_t *n,
		 struct rp_err *err);

/* Copy up to len bytes of file content at a file offset; returns the bytes there were. */
size_t rp_elf__read(const struct rp_elf *elf, uint64_t offset, void *buf, size_t len);

/* The stretch of the file that code is in; size 0: there is none. */
void rp_elf__code(const struct rp_elf *elf, uint64_t *offset, uint64_t *size);

/*
 * The content of .eh_frame in malloc'ed memory, and its virtual address. -ENODATA: there is none.
 */
int rp_elf__eh_frame(const struct rp_elf *elf, char **data, size_t *size, uint64_t *addr);

/* A stretch of the file that is mapped to be run, and the virtual address that it begins at. */
struct rp_elf_segment {
	uint64_t offset, size, addr;
};

/* Up to max of them; returns how many there are. */
size_t rp_elf__code_segments(const struct rp_elf *elf, struct rp_elf_segment *out, size_t max);

/* The virtual address behind all code, by the sections: segments may have data as well. 0: there is
 * none. */
uint64_t rp_elf__code_end(const struct rp_elf *elf);

/* A CPython interpreter. */
struct rp_elf_python {
	uint64_t runtime;   /* virtual address of _PyRuntime */
	uint32_t version;   /* as PY_VERSION_HEX; 0: it does not say, as those before 3.11 */
	bool free_threaded; /* built without its global lock */
};

/* -ENOENT: it is none. */
int rp_elf__python(const struct rp_elf *elf, struct rp_elf_python *out);

/* File offset of a virtual address through the executable program headers; -ENOENT: not in one. */
int rp_elf__offset(const struct rp_elf *elf, uint64_t addr, uint64_t *offset);
/* The other way round. */
int rp_elf__address(const struct rp_elf *elf, uint64_t offset, uint64_t *addr);

#endif
