// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Where a Go program has its line table, and where its code is. Linkers differ: Go's own makes a
 * section of the table; GNU ld puts that of a program that is loaded anywhere among other data,
 * and writes no address of the code into it but a relocation. From Go 1.26 on there may be neither;
 * then the code is where .text begins, if the program's first instruction agrees.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discover/elf_internal.h"

#ifdef __x86_64__
#define RELATIVE R_X86_64_RELATIVE
#else
#define RELATIVE R_AARCH64_RELATIVE
#endif

static const Elf64_Shdr *find_section(const struct rp_elf *elf)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab", ".data.rel.ro"};
	const Elf64_Shdr *section = NULL;

	for (size_t i = 0; !section && i < sizeof(names) / sizeof(names[0]); i++)
		section = rp_elf__section_by_name(elf, names[i]);
	return section;
}

/* What is put at an address when the program is loaded; 0: nothing. */
static int find_relocated(const struct rp_elf *elf, uint64_t addr, uint64_t *value)
{
	for (size_t i = 0; i < elf->n_sections; i++) {
		const Elf64_Rela *rela;
		char *data;
		int rc;

		if (elf->sections[i].sh_type != SHT_RELA)
			continue;
		rc = rp_elf__section_load(elf, &elf->sections[i], RP_ELF_SECTION_MAX, &data);
		if (rc)
			return rc;
		rela = (const Elf64_Rela *)data;
		for (size_t k = 0; !*value && k < elf->sections[i].sh_size / sizeof(*rela); k++)
			if (rela[k].r_offset == addr && ELF64_R_TYPE(rela[k].r_info) == RELATIVE)
				*value = (uint64_t)rela[k].r_addend;
		free(data);
	}
	return 0;
}

/* Does the program begin with the function that the table has there? */
static bool begins_as_told(const struct rp_elf *elf, struct rp_go_table table)
{
	struct rp_go_function f;
	Elf64_Ehdr header;

	if (rp_elf__read(elf, 0, &header, sizeof(header)) != sizeof(header))
		return false;
	while (rp_go_table__next(&table, &f))
		if (f.addr == header.e_entry)
			return !strncmp(f.name, "_rt0_", 5);
	return false;
}

static int find_code(const struct rp_elf *elf, uint64_t table_addr, struct rp_go_table *table)
{
	const Elf64_Shdr *text = rp_elf__section_by_name(elf, ".text");
	int rc;

	if (!table->text_at || table->text)
		return 0;
	rc = find_relocated(elf, table_addr + table->text_at, &table->text);
	if (rc || table->text)
		return rc;
	table->text = text ? text->sh_addr : 0;
	return text && begins_as_told(elf, *table) ? 0 : -ENOENT;
}

bool rp_elf__may_have_go_table(const struct rp_elf *elf)
{
	return elf->traits.is_go && find_section(elf);
}

int rp_elf__go_table(const struct rp_elf *elf, char **data, struct rp_go_table *table)
{
	const Elf64_Shdr *section = find_section(elf);
	size_t at = 0;
	int rc;

	*data = NULL;
	if (!section)
		return -ENOENT;
	rc = rp_elf__section_load(elf, section, RP_ELF_SECTION_MAX, data);
	if (rc)
		return rc;
	/* What begins as a header in other data may be none. */
	for (rc = -ENOENT; rc && rp_go_table__find(*data, section->sh_size, &at); at += rc ? 8 : 0)
		rc = rp_go_table__open(table, *data + at, section->sh_size - at);
	if (!rc)
		rc = find_code(elf, section->sh_addr + at, table);
	if (rc) {
		free(*data);
		*data = NULL;
	}
	return rc;
}
