/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the files that read an ELF object share; nobody else includes it. */
#ifndef RP_ELF_INTERNAL_H
#define RP_ELF_INTERNAL_H

#include <elf.h>

#include "discover/elf_image.h"
#include "discover/elf_object.h"
#include "discover/file.h"
#include "discover/go_table.h"

/*
 * Bounds on what a file may make us hold: far above the largest real programs, low enough that a
 * sparse file of terabytes costs an error and no memory.
 */
#define RP_ELF_SECTION_MAX  (512u << 20) /* bytes of one section read */
#define RP_ELF_NAMES_MAX    (16u << 20)	 /* bytes of section names */
#define RP_ELF_NOTES_MAX    (16u << 20)	 /* bytes of all USDT notes */
#define RP_ELF_SECTIONS_MAX (1u << 20)
#define RP_ELF_SEGMENTS_MAX (1u << 16)
#define RP_ELF_LOADS_MAX    256u /* PT_LOAD among them */
#define RP_ELF_NAME_MAX	    8192u
#define RP_ELF_BUILD_ID_MAX 64u /* bytes */

#define RP_ELF_DEBUG_DIR    "/usr/lib/debug"

/* The part of a PT_LOAD segment that lies within the file. */
struct rp_elf_load {
	uint64_t vaddr;
	uint64_t offset;
	uint64_t filesz;
	bool exec;
};

struct rp_elf_block;

struct rp_elf {
	int fd;
	char *name;
	uint64_t size;		       /* of the file when it was opened */
	struct rp_file_budget *budget; /* that of the object, which its debug file uses up too */
	struct rp_file_budget own_budget;
	struct rp_elf_load *loads;
	size_t n_loads;
	Elf64_Shdr *sections;
	size_t n_sections;
	char *section_names;
	size_t section_names_size;
	char build_id[2 * RP_ELF_BUILD_ID_MAX + 1];
	struct rp_elf_traits traits;
	bool traits_read;
	struct rp_elf *debug;	     /* separate debug file, or NULL; known once the traits are */
	bool debug_given;	     /* by who has opened it: it is not looked for */
	bool leaves_folder;	     /* rp_elf__leave_folder() */
	struct rp_elf_block *blocks; /* strings that symbols and notes point to */
	struct rp_symbol *symbols;
	size_t n_symbols;
	struct rp_symbol *cold_parts;
	size_t n_cold_parts;
	bool symbols_read;
	int symbols_error; /* a negative errno: there are none */
	struct rp_usdt_note *notes;
	size_t n_notes;
	bool notes_read;
	int notes_error;

	/* Of an object that another process has open. */
	struct rp_elf_reader reader;
	char *image; /* NULL: it is open here */
	uint64_t code_offset, code_size;
};

/* One note of a note section; its name and desc lie wholly within the bytes it was read from. */
struct rp_elf_note {
	const char *name;
	size_t name_size;
	const char *desc;
	size_t desc_size;
	uint32_t type;
};

/* Open without looking for a separate debug file: that is how the debug file itself is opened. */
int rp_elf__open_bare(int fd, const char *name, struct rp_elf **out, struct rp_err *err);

/* Not a program or library that can be traced: -ENOEXEC. */
int rp_elf__not_ours(const struct rp_elf *elf, struct rp_err *err, const char *what);

/* Something of it cannot be read, because it is not as it should be or for lack of memory: rc. */
int rp_elf__damaged(const struct rp_elf *elf, int rc, struct rp_err *err, const char *what);

/*
 * The line table of a Go program, in memory to be freed. -ENOENT: it has none, or one of a version
 * that is not known. The traits must have been read.
 */
int rp_elf__go_table(const struct rp_elf *elf, char **data, struct rp_go_table *table);
/* As far as the names of sections tell. */
bool rp_elf__may_have_go_table(const struct rp_elf *elf);

/* Memory that lives as long as the object. */
char *rp_elf__alloc(struct rp_elf *elf, size_t size);

/* "" where it has none. */
const char *rp_elf__section_name(const struct rp_elf *elf, const Elf64_Shdr *section);
const Elf64_Shdr *rp_elf__section_by_name(const struct rp_elf *elf, const char *name);
const Elf64_Shdr *rp_elf__section_by_type(const struct rp_elf *elf, uint32_t type);

/* Is all of a section's content in the file, plain and at most max bytes? 0 or a negative errno. */
int rp_elf__section_check(const struct rp_elf *elf, const Elf64_Shdr *section, size_t max);

/* A checked section's content and a 0 byte after it into buf, which holds sh_size + 1 bytes. */
int rp_elf__section_read(const struct rp_elf *elf, const Elf64_Shdr *section, char *buf);

/* Both in one, into malloc'ed memory. */
int rp_elf__section_load(const struct rp_elf *elf, const Elf64_Shdr *section, size_t max,
			 char **out);

/* File offset of an address that any PT_LOAD segment maps; -ENOENT. */
int rp_elf__data_offset(const struct rp_elf *elf, uint64_t addr, uint64_t *offset);

/*
 * Read the note at *pos of size bytes and move *pos past it; false at the end or if it is broken.
 */
bool rp_elf_note__next(const char *data, size_t size, uint64_t align, size_t *pos,
		       struct rp_elf_note *note);

/* Has it line numbers, the debug file aside? */
bool rp_elf__has_lines(const struct rp_elf *elf);

/* The separate debug file, found and opened at the first call; NULL: none. */
struct rp_elf *rp_elf__debug_file(struct rp_elf *elf);

#endif
