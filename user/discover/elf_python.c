// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Is an object a CPython interpreter, and of which version? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discover/elf_internal.h"

#define RUNTIME_SECTION ".PyRuntime"
#define VERSION_SYMBOL	"Py_Version" /* since 3.11 */

/* What the runtime begins with since 3.13. */
struct debug_offsets {
	char cookie[8];
	uint64_t version;
	uint64_t free_threaded;
};

/* Address of a symbol that is exported; -ENOENT. */
static int find_symbol(const struct rp_elf *elf, const char *name, uint64_t *addr)
{
	const Elf64_Shdr *table = rp_elf__section_by_type(elf, SHT_DYNSYM), *strings;
	char *symbols = NULL, *names = NULL;
	int err;

	if (!table || table->sh_entsize != sizeof(Elf64_Sym) || table->sh_link >= elf->n_sections)
		return -ENOENT;
	strings = &elf->sections[table->sh_link];
	err = rp_elf__section_load(elf, table, RP_ELF_SECTION_MAX, &symbols);
	if (!err)
		err = rp_elf__section_load(elf, strings, RP_ELF_SECTION_MAX, &names);
	for (size_t i = 0; !err && i < table->sh_size / sizeof(Elf64_Sym); i++) {
		const Elf64_Sym *symbol = (const Elf64_Sym *)symbols + i;

		/* The names end in a 0 byte. */
		if (symbol->st_shndx == SHN_UNDEF || symbol->st_name >= strings->sh_size ||
		    strcmp(names + symbol->st_name, name))
			continue;
		*addr = symbol->st_value;
		goto out;
	}
	err = err ? err : -ENOENT;
out:
	free(symbols);
	free(names);
	return err;
}

static uint32_t read_version(const struct rp_elf *elf)
{
	uint64_t addr, offset, version;

	if (find_symbol(elf, VERSION_SYMBOL, &addr) || rp_elf__data_offset(elf, addr, &offset) ||
	    rp_elf__read(elf, offset, &version, sizeof(version)) < sizeof(version))
		return 0;
	return (uint32_t)version;
}

int rp_elf__python(const struct rp_elf *elf, struct rp_elf_python *out)
{
	const Elf64_Shdr *section = rp_elf__section_by_name(elf, RUNTIME_SECTION);
	struct debug_offsets begin;

	if (!section)
		return -ENOENT;
	*out = (struct rp_elf_python){.runtime = section->sh_addr, .version = read_version(elf)};
	if (rp_elf__read(elf, section->sh_offset, &begin, sizeof(begin)) == sizeof(begin) &&
	    !memcmp(begin.cookie, "xdebugpy", sizeof(begin.cookie)))
		out->free_threaded = begin.free_threaded;
	return 0;
}
