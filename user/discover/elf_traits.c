// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What of an object decides how its functions may be probed: told by its sections and strings. */
#include <stdlib.h>
#include <string.h>

#include "discover/elf_internal.h"

#define STRINGS_CHUNK (1u << 20)
#define WORD_MAX      64 /* bytes of what is looked for in strings: chunks overlap by as many */

/* Every shorter name of a table may be the tail of a longer one: what stands before decides. */
static bool names_personality(const char *strings, size_t size)
{
	static const char word[] = "personality";
	/* C's own, "__gcc_", only runs the clean-up of cancelled threads: every static program has
	 * it. All end alike, so that one byte tells most others apart. */
	static const char *const kinds[] = {"__gxx_", "rust_eh_", "__gnat_", "objc_",
					    "__gdc_", "_d_eh_",	  "__gccgo_"};
	const char *at = strings, *end = strings + size;

	while ((at = memmem(at, end - at, word, sizeof(word) - 1))) {
		bool may_be = at > strings && at[-1] == '_';

		for (size_t i = 0; may_be && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			size_t len = strlen(kinds[i]);

			if ((size_t)(at - strings) >= len && !memcmp(at - len, kinds[i], len))
				return true;
		}
		at += sizeof(word) - 1;
	}
	return false;
}

/* By the ends of names, with which a string table may hold them in the tails of longer ones. */
static bool names_fibers(const char *strings, size_t size)
{
	/* ucontext, Boost.Context, libco, libcoro */
	static const char *const names[] = {"makecontext",   "swapcontext",    "setcontext",
					    "jump_fcontext", "ontop_fcontext", "co_switch",
					    "coro_transfer"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (memmem(strings, size, names[i], strlen(names[i]) + 1))
			return true;
	return false;
}

/* What the string tables of the symbol tables say. */
struct told {
	bool personality; /* of a language with exceptions */
	bool c_only;	  /* of C's clean-up as well */
	bool libc;
	bool fibers;
	bool signal_stack;
	bool long_jump;
};

static void search_strings(const char *strings, size_t size, struct told *told)
{
	told->personality |= names_personality(strings, size);
	told->c_only |= memmem(strings, size, "__gcc_personality_v0", 20) != NULL;
	told->libc |= memmem(strings, size, "GLIBC_PRIVATE", 13) != NULL;
	told->fibers |= names_fibers(strings, size);
	told->signal_stack |= memmem(strings, size, "sigaltstack", sizeof("sigaltstack")) != NULL;
	told->long_jump |= memmem(strings, size, "longjmp", sizeof("longjmp")) ||
			   memmem(strings, size, "longjmp_chk", sizeof("longjmp_chk"));
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
