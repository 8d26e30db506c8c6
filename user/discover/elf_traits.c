// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What of an object decides how its functions may be probed: told by its sections and strings. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "discover/elf_internal.h"

#define STRINGS_CHUNK (1u << 20)
#define WORD_MAX      64 /* bytes of what is looked for in strings: chunks overlap by as many */
#define TAIL_MIN      8	 /* bytes of the shortest tail of a name, "longjmp" and its NUL */

/* What the string tables of the symbol tables say. */
struct told {
	bool personality; /* of a language with exceptions */
	bool c_only;	  /* of C's clean-up as well */
	bool libc;
	bool fibers;
	bool signal_stack;
	bool long_jump;
};

/* Of a name, its NUL included, as a string table may hold a name in the tail of a longer one. */
static void find_tail(const char *name, size_t size, struct told *told)
{
#define TAIL(word, fact)                                                                           \
	{                                                                                          \
		word, sizeof(word), offsetof(struct told, fact)                                    \
	}
	static const struct {
		const char *word;
		size_t size;
		size_t fact; /* where in struct told */
	} tails[] = {
		TAIL("__gxx_personality_v0", personality),
		TAIL("rust_eh_personality", personality),
		TAIL("__gnat_personality_v0", personality),
		TAIL("objc_personality_v0", personality),
		TAIL("objcxx_personality_v0", personality),
		TAIL("__gdc_personality_v0", personality),
		TAIL("_d_eh_personality", personality),
		TAIL("__gccgo_personality_v0", personality),
		/* It runs the clean-up of cancelled threads: every static program has it. */
		TAIL("__gcc_personality_v0", c_only),
		TAIL("longjmp", long_jump),
		TAIL("longjmp_chk", long_jump),
		TAIL("sigaltstack", signal_stack),
		TAIL("GLIBC_PRIVATE", libc),
		/* ucontext, Boost.Context, libco, libcoro */
		TAIL("makecontext", fibers),
		TAIL("swapcontext", fibers),
		TAIL("setcontext", fibers),
		TAIL("jump_fcontext", fibers),
		TAIL("ontop_fcontext", fibers),
		TAIL("co_switch", fibers),
		TAIL("coro_transfer", fibers),
	};

#undef TAIL
	const char *end = name + size;

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		size_t n = tails[i].size;

		/* As many bytes as one comparison takes tell nearly all apart. */
		if (!memcmp(end - TAIL_MIN, tails[i].word + n - TAIL_MIN, TAIL_MIN) && size >= n &&
		    !memcmp(end - n, tails[i].word, n))
			*((bool *)told + tails[i].fact) = true;
	}
}

/* Once through, for all of them: a table may hold 512 MiB of what nearly matches, or of NULs. */
static void search_strings(const char *strings, size_t size, struct told *told)
{
	const char *at = strings, *end = strings + size, *nul;

	while (end - at >= TAIL_MIN) {
		/* All names that end within so few bytes are too short. */
		nul = memrchr(at, 0, TAIL_MIN - 1);
		if (!nul) {
			nul = memchr(at, 0, end - at);
			if (!nul)
				break;
			find_tail(at, nul + 1 - at, told);
		}
		at = nul + 1;
	}
}

/* Bit by bit, as such a table may be as large as its owner likes. */
static void read_strings(const struct rp_elf *elf, const Elf64_Shdr *table, struct told *told)
{
	const Elf64_Shdr *strings;
	size_t len, left;
	char *buf;

	if (!table || table->sh_link >= elf->n_sections)
		return;
	strings = &elf->sections[table->sh_link];
	buf = malloc(STRINGS_CHUNK);
	if (!buf || rp_elf__section_check(elf, strings, RP_ELF_SECTION_MAX))
		goto out;
	for (left = strings->sh_size; left; left -= len - WORD_MAX) {
		len = left < STRINGS_CHUNK ? left : STRINGS_CHUNK;
		if (rp_elf__read(elf, strings->sh_offset + strings->sh_size - left, buf, len) < len)
			break;
		search_strings(buf, len, told);
		if (len == left)
			break;
	}
out:
	free(buf);
}

static void find_stack_traits(struct rp_elf *elf)
{
	const struct rp_elf *full = elf->debug ? elf->debug : elf;
	struct told told = {0};

	read_strings(elf, rp_elf__section_by_type(elf, SHT_DYNSYM), &told);
	read_strings(full, rp_elf__section_by_type(full, SHT_SYMTAB), &told);
	/*
	 * Stripped, with a personality routine of its own: only the tables for it are left to see.
	 * glibc, alone among stripped objects, hides the C routine that its clean-up tables use.
	 */
	elf->traits.has_unwinding = told.personality ||
				    (!elf->traits.has_symtab && !told.c_only && !told.libc &&
				     rp_elf__section_by_name(elf, ".gcc_except_table"));
	/*
	 * glibc has makecontext() and sigaltstack() for others. A jump into a handler that has
	 * ended goes on where its signal stack was: GNU Pth, and QEMU once, make coroutines of
	 * that.
	 */
	elf->traits.has_fibers = (told.fibers || (told.signal_stack && told.long_jump)) &&
				 !told.libc;
	elf->traits.has_signal_stack = told.signal_stack && !told.libc;
}

/* Go compresses it under another name. */
bool rp_elf__has_lines(const struct rp_elf *elf)
{
	return rp_elf__section_by_name(elf, ".debug_line") ||
	       rp_elf__section_by_name(elf, ".zdebug_line");
}

const struct rp_elf_traits *rp_elf__traits(struct rp_elf *elf)
{
	if (elf->traits_read)
		return &elf->traits;
	elf->traits_read = true;
	if (!rp_elf__section_by_type(elf, SHT_SYMTAB))
		rp_elf__debug_file(elf);
	elf->traits.has_symtab = elf->debug || rp_elf__section_by_type(elf, SHT_SYMTAB);
	elf->traits.separate_debug = elf->debug;
	elf->traits.has_lines = rp_elf__has_lines(elf) ||
				(elf->debug && rp_elf__has_lines(elf->debug));
	elf->traits.is_go = rp_elf__section_by_name(elf, ".note.go.buildid") ||
			    rp_elf__section_by_name(elf, ".go.buildinfo");
	find_stack_traits(elf);
	elf->traits.names_functions = elf->traits.has_symtab || rp_elf__may_have_go_table(elf);
	return &elf->traits;
}
