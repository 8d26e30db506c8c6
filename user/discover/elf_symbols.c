// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The functions of an object: what its symbol tables and those of its debug file name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discover/demangle.h"
#include "discover/elf_internal.h"
#include "util/array.h"

/* Names that blow up when demangled are no accident: after a few, leave those that follow alone. */
#define BOMBS_MAX 64

/* x86-64's int3, up to the alignment of functions. */
#define GO_PADDING     0xcc
#define GO_PADDING_MAX 64

struct list {
	struct rp_symbol *items;
	size_t n;
	size_t room;
};

static int append(struct list *list, const struct rp_symbol *symbol)
{
	if (rp_array__grow(&list->items, list->n, &list->room, sizeof(*list->items)))
		return -ENOMEM;
	list->items[list->n++] = *symbol;
	return 0;
}

static bool is_defined(const Elf64_Sym *sym)
{
	return sym->st_shndx != SHN_UNDEF &&
	       (sym->st_shndx < SHN_LORESERVE || sym->st_shndx == SHN_XINDEX);
}

/* Names are bounded before they are searched: any number may be as long as the section. */
static bool is_cold_part(const char *linker)
{
	return strnlen(linker, RP_ELF_NAME_MAX) < RP_ELF_NAME_MAX &&
	       rp_demangle__is_cold_part(linker);
}

/* LLVM gives parts of functions no type. */
static bool is_function(const struct rp_elf *from, const Elf64_Sym *sym, struct rp_symbol *symbol)
{
	int type = ELF64_ST_TYPE(sym->st_info);

	(void)from;
	symbol->is_resolver = type == STT_GNU_IFUNC;
	return type == STT_FUNC || symbol->is_resolver ||
	       (type == STT_NOTYPE && is_cold_part(symbol->linker));
}

/*
 * Those of assemblers, like .L5, and of arm64's, like $x, name no code. What may belong to a label
 * ends with its section.
 */
static bool is_label(const struct rp_elf *from, const Elf64_Sym *sym, struct rp_symbol *symbol)
{
	int type = ELF64_ST_TYPE(sym->st_info);
	const Elf64_Shdr *section;

	if ((type != STT_NOTYPE && type != STT_FUNC) || sym->st_size ||
	    sym->st_shndx >= from->n_sections || !strncmp(symbol->linker, ".L", 2) ||
	    symbol->linker[0] == '$' || is_cold_part(symbol->linker))
		return false;
	section = &from->sections[sym->st_shndx];
	if (!(section->sh_flags & SHF_EXECINSTR) || sym->st_value < section->sh_addr ||
	    sym->st_value - section->sh_addr >= section->sh_size)
		return false;
	symbol->size = section->sh_size - (sym->st_value - section->sh_addr);
	return true;
}

typedef bool (*wants_symbol)(const struct rp_elf *from, const Elf64_Sym *sym,
			     struct rp_symbol *symbol);

/*
 * Append those wanted among a table's n symbols. Names point into strings, which end in a 0 byte.
 * The addresses are good for `elf` even if the table is that of its debug file, `from`; file
 * offsets are always those of `elf`.
 */
static int add_symbols(const struct rp_elf *elf, const struct rp_elf *from, wants_symbol wants,
		       const Elf64_Sym *table, size_t n, const char *strings, size_t strings_size,
		       struct list *list)
{
	for (size_t i = 0; i < n; i++) {
		const Elf64_Sym *sym = &table[i];
		struct rp_symbol symbol = {.addr = sym->st_value, .size = sym->st_size};
		size_t len;
		int err;

		if (!is_defined(sym) || sym->st_name >= strings_size)
			continue;
		symbol.name = symbol.linker = strings + sym->st_name;
		if (!wants(from, sym, &symbol) ||
		    rp_elf__offset(elf, sym->st_value, &symbol.offset))
			continue;
		len = strnlen(symbol.linker, RP_ELF_NAME_MAX);
		if (len == 0 || len == RP_ELF_NAME_MAX)
			continue;
		err = append(list, &symbol);
		if (err)
			return err;
	}
	return 0;
}

/* Read one symbol table of `from`, which is elf or its debug file. */
static int read_table(struct rp_elf *elf, const struct rp_elf *from, uint32_t type,
		      wants_symbol wants, struct list *list)
{
	const Elf64_Shdr *table = rp_elf__section_by_type(from, type), *strings;
	char *symbols, *names;
	int err;

	if (!table)
		return 0;
	if (table->sh_entsize != sizeof(Elf64_Sym) || table->sh_link >= from->n_sections ||
	    from->sections[table->sh_link].sh_type != SHT_STRTAB)
		return -EBADMSG;
	strings = &from->sections[table->sh_link];
	err = rp_elf__section_check(from, strings, RP_ELF_SECTION_MAX);
	if (err)
		return err;
	err = rp_elf__section_load(from, table, RP_ELF_SECTION_MAX, &symbols);
	if (err)
		return err;
	names = rp_elf__alloc(elf, strings->sh_size + 1);
	err = names ? rp_elf__section_read(from, strings, names) : -ENOMEM;
	if (!err)
		err = add_symbols(elf, from, wants, (const Elf64_Sym *)symbols,
				  table->sh_size / sizeof(Elf64_Sym), names, strings->sh_size + 1,
				  list);
	free(symbols);
	return err;
}

/*
 * Between functions Go's linker puts breakpoint instructions, which no function ends in; its table
 * has them in the size of the one before.
 */
static uint64_t size_without_padding(const struct rp_elf *elf, const struct rp_symbol *f)
{
	unsigned char end[GO_PADDING_MAX];
	size_t size = f->size < sizeof(end) ? f->size : sizeof(end), kept = size;

	if (elf->traits.machine != EM_X86_64 ||
	    rp_elf__read(elf, f->offset + f->size - size, end, size) != size)
		return f->size;
	while (kept && end[kept - 1] == GO_PADDING)
		kept--;
	return kept ? f->size - (size - kept) : f->size;
}

static int add_go_function(struct rp_elf *elf, const struct rp_go_function *f, struct list *list)
{
	struct rp_symbol symbol = {.addr = f->addr, .size = f->size};
	size_t len = strnlen(f->name, RP_ELF_NAME_MAX);
	char *name;

	if (len == RP_ELF_NAME_MAX || rp_elf__offset(elf, f->addr, &symbol.offset))
		return 0;
	name = rp_elf__alloc(elf, len + 1);
	if (!name)
		return -ENOMEM;
	symbol.name = symbol.linker = memcpy(name, f->name, len + 1);
	symbol.size = size_without_padding(elf, &symbol);
	return append(list, &symbol);
}

/* Those that a Go program has names for without a symbol table. */
static int add_go_functions(struct rp_elf *elf, struct list *list)
{
	struct rp_go_function function;
	struct rp_go_table table;
	char *data;
	int rc = rp_elf__go_table(elf, &data, &table);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	while (!rc && rp_go_table__next(&table, &function))
		rc = add_go_function(elf, &function, list);
	free(data);
	return rc;
}

static int by_offset(const struct rp_symbol *a, const struct rp_symbol *b)
{
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Among equals the one that knows its size comes first, and stays. */
static int by_size(const struct rp_symbol *a, const struct rp_symbol *b)
{
	return a->size > b->size ? -1 : a->size < b->size;
}

static int compare_linker(const void *x, const void *y)
{
	const struct rp_symbol *a = x, *b = y;
	int order = by_offset(a, b);

	if (!order && a->linker != b->linker)
		order = strcmp(a->linker, b->linker);
	return order ? order : by_size(a, b);
}

static int compare_name(const void *x, const void *y)
{
	const struct rp_symbol *a = x, *b = y;
	int order = by_offset(a, b);

	if (!order && a->name != b->name)
		order = strcmp(a->name, b->name);
	if (!order)
		order = by_size(a, b);
	return order ? order : strcmp(a->linker, b->linker);
}

/* Drop all but the first of each (offset, name) of a sorted list. */
static void drop_repeated(struct list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct rp_symbol *last = kept ? &list->items[kept - 1] : NULL;

		if (last && last->offset == list->items[i].offset &&
		    !strcmp(last->name, list->items[i].name))
			continue;
		list->items[kept++] = list->items[i];
	}
	list->n = kept;
}

static int demangle_all(struct rp_elf *elf, struct list *list)
{
	char readable[RP_ELF_NAME_MAX];
	int bombs = 0;

	for (size_t i = 0; i < list->n && bombs < BOMBS_MAX; i++) {
		int ret = rp_demangle__name(list->items[i].linker, readable, sizeof(readable));
		size_t size;
		char *copy;

		if (ret == -E2BIG)
			bombs++;
		if (ret <= 0 || !readable[0])
			continue;
		size = strlen(readable) + 1;
		copy = rp_elf__alloc(elf, size);
		if (!copy)
			return -ENOMEM;
		list->items[i].name = memcpy(copy, readable, size);
	}
	return 0;
}

static int by_linker(const void *x, const void *y)
{
	const struct rp_symbol *a = x, *b = y;

	return strcmp(a->linker, b->linker);
}

/* Cold parts are no functions, but parts of some: take them out of the list. */
static int split_cold_parts(struct rp_elf *elf, struct list *list)
{
	struct list cold = {0};
	size_t kept = 0;
	int rc = 0;

	for (size_t i = 0; i < list->n && !rc && !elf->traits.is_go; i++) {
		if (rp_demangle__is_cold_part(list->items[i].linker))
			rc = append(&cold, &list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	if (!elf->traits.is_go)
		list->n = kept;
	rp_array__sort(cold.items, cold.n, sizeof(*cold.items), by_linker);
	free(elf->cold_parts);
	elf->cold_parts = cold.items;
	elf->n_cold_parts = cold.n;
	return rc;
}

const struct rp_symbol *rp_elf__cold_parts(const struct rp_elf *elf, size_t *n)
{
	*n = elf->n_cold_parts;
	return elf->cold_parts;
}

/* Those wanted of both tables. */
static int read_tables(struct rp_elf *elf, wants_symbol wants, struct list *list)
{
	const struct rp_elf *full = rp_elf__traits(elf)->separate_debug ? elf->debug : elf;
	int broken = read_table(elf, elf, SHT_DYNSYM, wants, list), err;

	if (broken == -ENOMEM)
		return broken;
	err = read_table(elf, full, SHT_SYMTAB, wants, list);
	return err ? err : broken;
}

static int read_symbols(struct rp_elf *elf, struct list *list)
{
	int broken = read_tables(elf, is_function, list), err = 0;

	if (broken == -ENOMEM)
		return broken;
	if (elf->traits.is_go && !elf->traits.has_symtab)
		err = add_go_functions(elf, list);
	if (err == -ENOMEM)
		return err;
	broken = err ? err : broken;
	if (!list->n)
		return broken;
	/* Most of .dynsym is in .symtab too: name the copies once, as that takes longest. */
	rp_array__sort(list->items, list->n, sizeof(*list->items), compare_linker);
	drop_repeated(list);
	err = split_cold_parts(elf, list);
	if (!err)
		err = demangle_all(elf, list);
	if (err)
		return err;
	rp_array__sort(list->items, list->n, sizeof(*list->items), compare_name);
	drop_repeated(list);
	return 0;
}

int rp_elf__symbols(struct rp_elf *elf, const struct rp_symbol **symbols, size_t *n,
		    struct rp_err *err)
{
	struct list list = {0};

	if (!elf->symbols_read) {
		elf->symbols_error = read_symbols(elf, &list);
		elf->symbols_read = true;
		if (elf->symbols_error)
			free(list.items);
		else
			elf->symbols = list.items;
		elf->n_symbols = elf->symbols_error ? 0 : list.n;
	}
	if (elf->symbols_error)
		return rp_elf__damaged(elf, elf->symbols_error, err, "its symbols cannot be read");
	*symbols = elf->symbols;
	*n = elf->n_symbols;
	return 0;
}

int rp_elf__labels(struct rp_elf *elf, struct rp_symbol **labels, size_t *n)
{
	struct list list = {0};
	int err = read_tables(elf, is_label, &list);

	if (err == -ENOMEM) {
		free(list.items);
		return err;
	}
	*labels = list.items;
	*n = list.n;
	return 0;
}
