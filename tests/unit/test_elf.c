// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/elf_object.h"

#if defined(__x86_64__)
#define MACHINE	      EM_X86_64
#define OTHER_MACHINE EM_AARCH64
#else
#define MACHINE	      EM_AARCH64
#define OTHER_MACHINE EM_X86_64
#endif

#define TEXT_ADDR   0x401000
#define TEXT_OFFSET 0x1000
#define DATA_ADDR   0x404000 /* neither is the file offset plus a constant of the object */
#define DATA_OFFSET 0x2000
#define SEG_SIZE    0x1000
#define MAX_SECTION 24

#define FUNC	    ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)
#define IFUNC	    ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC)
#define VARIABLE    ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT)

/* ---- images made by hand ----------------------------------------------------------------------
 */

/* Header and program headers first, then two segments, the sections' content, their headers. */
struct image {
	unsigned char bytes[0x8000];
	size_t size;
	Elf64_Shdr sections[MAX_SECTION];
	unsigned n_sections;
	char names[512];
	size_t names_size;
};

static unsigned image__add(struct image *img, const char *name, uint32_t type, uint64_t addr,
			   const void *content, size_t size)
{
	Elf64_Shdr *sh = &img->sections[img->n_sections];

	assert_true(img->n_sections < MAX_SECTION && img->size + size + 8 < sizeof(img->bytes));
	img->size = (img->size + 7) & ~(size_t)7;
	sh->sh_name = img->names_size;
	sh->sh_type = type;
	sh->sh_addr = addr;
	sh->sh_offset = img->size;
	sh->sh_size = size;
	sh->sh_addralign = type == SHT_NOTE ? 4 : 8;
	memcpy(img->bytes + img->size, content, size);
	img->size += size;
	strcpy(img->names + img->names_size, name);
	img->names_size += strlen(name) + 1;
	return img->n_sections++;
}

static void image__start(struct image *img)
{
	memset(img, 0, sizeof(*img));
	img->size = DATA_OFFSET + SEG_SIZE;
	img->names_size = 1;
	img->n_sections = 1;
}

static Elf64_Ehdr *image__header(struct image *img)
{
	return (Elf64_Ehdr *)img->bytes;
}

static Elf64_Shdr *image__section(struct image *img, unsigned i)
{
	return (Elf64_Shdr *)(img->bytes + image__header(img)->e_shoff) + i;
}

static void image__finish(struct image *img)
{
	Elf64_Ehdr *hdr = image__header(img);
	Elf64_Phdr *ph = (Elf64_Phdr *)(img->bytes + sizeof(*hdr));
	unsigned names;

	strcpy(img->names + img->names_size, ".shstrtab");
	names = image__add(img, ".shstrtab", SHT_STRTAB, 0, img->names,
			   img->names_size + sizeof(".shstrtab"));
	memcpy(hdr->e_ident, ELFMAG, SELFMAG);
	hdr->e_ident[EI_CLASS] = ELFCLASS64;
	hdr->e_ident[EI_DATA] = ELFDATA2LSB;
	hdr->e_ident[EI_VERSION] = EV_CURRENT;
	hdr->e_type = ET_EXEC;
	hdr->e_machine = MACHINE;
	hdr->e_ehsize = sizeof(*hdr);
	hdr->e_phoff = sizeof(*hdr);
	hdr->e_phentsize = sizeof(*ph);
	hdr->e_phnum = 2;
	hdr->e_shentsize = sizeof(Elf64_Shdr);
	hdr->e_shnum = img->n_sections;
	hdr->e_shstrndx = names;
	img->size = (img->size + 7) & ~(size_t)7;
	hdr->e_shoff = img->size;
	memcpy(img->bytes + img->size, img->sections, img->n_sections * sizeof(Elf64_Shdr));
	img->size += img->n_sections * sizeof(Elf64_Shdr);
	ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
			     .p_flags = PF_R | PF_X,
			     .p_offset = TEXT_OFFSET,
			     .p_vaddr = TEXT_ADDR,
			     .p_filesz = SEG_SIZE,
			     .p_memsz = SEG_SIZE};
	ph[1] = (Elf64_Phdr){.p_type = PT_LOAD,
			     .p_flags = PF_R | PF_W,
			     .p_offset = DATA_OFFSET,
			     .p_vaddr = DATA_ADDR,
			     .p_filesz = SEG_SIZE,
			     .p_memsz = 2 * SEG_SIZE};
}

/* Add a symbol table and the string table it is linked to. */
static void image__add_symbols(struct image *img, uint32_t type, const Elf64_Sym *symbols, size_t n,
			       const char *strings, size_t strings_size)
{
	bool dynamic = type == SHT_DYNSYM;
	unsigned table = image__add(img, dynamic ? ".dynsym" : ".symtab", type, 0, symbols,
				    n * sizeof(*symbols));

	img->sections[table].sh_entsize = sizeof(*symbols);
	img->sections[table].sh_link = image__add(img, dynamic ? ".dynstr" : ".strtab", SHT_STRTAB,
						  0, strings, strings_size);
}

static size_t put_note(char *out, const char *owner, uint32_t type, const void *desc, size_t size)
{
	Elf64_Nhdr hdr = {.n_namesz = strlen(owner) + 1, .n_descsz = size, .n_type = type};
	size_t at = sizeof(hdr);

	memcpy(out, &hdr, sizeof(hdr));
	strcpy(out + at, owner);
	at += (hdr.n_namesz + 3) & ~3u;
	memcpy(out + at, desc, size);
	return at + ((size + 3) & ~(size_t)3);
}

/* strings: provider, name and arguments, each with its 0 byte. */
static size_t put_probe(char *out, uint64_t addr, uint64_t base, uint64_t semaphore,
			const char *strings, size_t size)
{
	char desc[256];
	uint64_t addrs[3] = {addr, base, semaphore};

	memcpy(desc, addrs, sizeof(addrs));
	memcpy(desc + sizeof(addrs), strings, size);
	return put_note(out, "stapsdt", 3, desc, sizeof(addrs) + size);
}
#define PROBE(out, addr, base, sem, strings)                                                       \
	put_probe(out, addr, base, sem, strings, sizeof(strings))

static int memory_file(const void *bytes, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, 0), size);
	return fd;
}

static struct rp_elf *open_bytes(const void *bytes, size_t size)
{
	int fd = memory_file(bytes, size);
	struct rp_err err = {0};
	struct rp_elf *elf = NULL;

	assert_int_equal(rp_elf__open(fd, "image", &elf, &err), 0);
	close(fd);
	return elf;
}

static struct rp_elf *open_image(const struct image *img)
{
	return open_bytes(img->bytes, img->size);
}

static struct rp_elf *open_path(const char *path)
{
	struct rp_err err = {0};
	struct rp_elf *elf = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(rp_elf__open(fd, path, &elf, &err), 0);
	close(fd);
	return elf;
}

static void expect_refused(const void *bytes, size_t size)
{
	int fd = memory_file(bytes, size);
	struct rp_elf *elf = NULL;
	struct rp_err err = {0};

	assert_int_equal(rp_elf__open(fd, "image", &elf, &err), -ENOEXEC);
	assert_int_equal(err.exit, RP_EXIT_FAILED);
	assert_int_equal(strncmp(err.cause, "image: ", 7), 0);
	assert_true(err.cure[0]);
	assert_null(elf);
	close(fd);
}

/* Ask a possibly broken image for everything; whatever it says must hang together. */
static void walk(int fd)
{
	const struct rp_usdt_note *notes;
	const struct rp_symbol *symbols;
	struct rp_err err = {0};
	struct rp_elf *elf;
	size_t n, lengths = 0;
	uint64_t offset;

	if (rp_elf__open(fd, "image", &elf, &err)) {
		assert_true(err.cause[0]);
		return;
	}
	if (!rp_elf__symbols(elf, &symbols, &n, &err))
		for (size_t i = 0; i < n; i++) {
			lengths += strlen(symbols[i].name) + strlen(symbols[i].linker);
			assert_true(symbols[i].name[0]);
			assert_int_equal(rp_elf__offset(elf, symbols[i].addr, &offset), 0);
			assert_int_equal(offset, symbols[i].offset);
			assert_true(i == 0 || symbols[i - 1].offset <= symbols[i].offset);
		}
	if (!rp_elf__usdt(elf, &notes, &n, &err))
		for (size_t i = 0; i < n; i++) {
			lengths += strlen(notes[i].args);
			assert_true(notes[i].provider[0] && notes[i].name[0]);
			assert_int_equal(rp_elf__offset(elf, notes[i].addr, &offset), 0);
			assert_int_equal(offset, notes[i].offset);
		}
	assert_true(strlen(rp_elf__build_id(elf)) <= 128);
	rp_elf__free(elf);
}

/* An image with two symbol tables and two sections of notes, for the tests that break it. */
static void full_image(struct image *img)
{
	static const char strings[] = "\0alpha\0_ZN3foo3barEi\0gamma.cold";
	static const char dynamic[] = "\0alpha\0__gxx_personality_v0";
	const Elf64_Sym symbols[] = {
		{0},
		{.st_name = 1,
		 .st_info = FUNC,
		 .st_shndx = 1,
		 .st_value = TEXT_ADDR,
		 .st_size = 32},
		{.st_name = 7, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 64},
		{.st_name = 21, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 96},
	};
	const Elf64_Sym imports[] = {
		{0},
		{.st_name = 1,
		 .st_info = FUNC,
		 .st_shndx = 1,
		 .st_value = TEXT_ADDR,
		 .st_size = 32},
		{.st_name = 7, .st_info = FUNC},
	};
	char notes[1024];
	size_t size;

	image__start(img);
	image__add_symbols(img, SHT_SYMTAB, symbols, 4, strings, sizeof(strings));
	image__add_symbols(img, SHT_DYNSYM, imports, 3, dynamic, sizeof(dynamic));
	size = PROBE(notes, TEXT_ADDR + 8, DATA_ADDR, DATA_ADDR + 16, "app\0job__start\0-4@%eax");
	size += PROBE(notes + size, TEXT_ADDR + 16, DATA_ADDR, 0, "app\0job__done\0");
	image__add(img, ".note.stapsdt", SHT_NOTE, 0, notes, size);
	size = PROBE(notes, TEXT_ADDR + 24, DATA_ADDR, 0, "lib\0step\0 8@%rdi");
	image__add(img, ".note.stapsdt", SHT_NOTE, 0, notes, size);
	image__add(img, ".stapsdt.base", SHT_PROGBITS, DATA_ADDR, "", 1);
	size = put_note(notes, "GNU", NT_GNU_BUILD_ID, "\x01\x23\xab\xff", 4);
	image__add(img, ".note.gnu.build-id", SHT_NOTE, 0, notes, size);
	image__finish(img);
}

/* ---- what is refused ---------------------------------------------------------------------------
 */

static void test_not_elf(void **state)
{
	(void)state;
	expect_refused("", 0);
	expect_refused("#!/bin/sh\n", 10);
	expect_refused("\177ELF", 4);
	expect_refused("\177ELF\2\1\1", 7);
}

static void test_not_a_file(void **state)
{
	struct rp_elf *elf = NULL;
	struct rp_err err = {0};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(rp_elf__open(fds[0], "pipe", &elf, &err), -ENOEXEC);
	assert_string_equal(err.cause, "pipe: not a regular file");
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(rp_elf__open(fds[0], "closed", &elf, &err), -EBADF);
	assert_null(elf);
}

static void test_other_machines(void **state)
{
	struct image img;
	Elf64_Ehdr *hdr = image__header(&img), saved;

	(void)state;
	full_image(&img);
	saved = *hdr;
	hdr->e_ident[EI_CLASS] = ELFCLASS32;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	hdr->e_ident[EI_DATA] = ELFDATA2MSB;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	hdr->e_machine = OTHER_MACHINE;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	hdr->e_type = ET_REL;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	hdr->e_type = ET_CORE;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	rp_elf__free(open_image(&img));
}

static void test_broken_headers(void **state)
{
	struct image img;
	Elf64_Ehdr *hdr = image__header(&img), saved;

	(void)state;
	full_image(&img);
	saved = *hdr;
	hdr->e_phoff = UINT64_MAX - 8;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	hdr->e_phentsize = 8;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	hdr->e_shoff = UINT64_MAX - 63;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	hdr->e_shentsize = 1;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	hdr->e_shnum = 0xff00;
	expect_refused(img.bytes, img.size);
	*hdr = saved;
	/* Counts that do not fit the header stand in section 0. */
	hdr->e_shnum = 0;
	image__section(&img, 0)->sh_size = UINT64_MAX / sizeof(Elf64_Shdr) + 2;
	expect_refused(img.bytes, img.size);
	image__section(&img, 0)->sh_size = img.n_sections;
	rp_elf__free(open_image(&img));
	*hdr = saved;
	hdr->e_phnum = PN_XNUM;
	image__section(&img, 0)->sh_info = UINT32_MAX;
	expect_refused(img.bytes, img.size);
	image__section(&img, 0)->sh_info = 2;
	rp_elf__free(open_image(&img));
}

/* ---- symbols and offsets -----------------------------------------------------------------------
 */

static void test_symbols(void **state)
{
	static const char strings[] =
		"\0zeta\0alias\0_ZN3foo3barEi\0resolver\0variable\0undefined\0"
		"outside\0cold.cold\0indata\0zeta.isra.0";
	const struct rp_symbol *symbols, *again;
	struct image img;
	struct rp_err err = {0};
	struct rp_elf *elf;
	size_t n;

	(void)state;
	const Elf64_Sym table[] = {
		{0},
		{.st_name = 1, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 32},
		{.st_name = 1,
		 .st_info = FUNC,
		 .st_shndx = 1,
		 .st_value = TEXT_ADDR + 32,
		 .st_size = 7},
		{.st_name = 6, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 32},
		{.st_name = 12, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR},
		{.st_name = 26, .st_info = IFUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 64},
		{.st_name = 35, .st_info = VARIABLE, .st_shndx = 1, .st_value = TEXT_ADDR + 64},
		{.st_name = 44, .st_info = FUNC, .st_value = TEXT_ADDR + 64},
		{.st_name = 54, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + SEG_SIZE},
		{.st_name = 62, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 64},
		{.st_name = 72, .st_info = FUNC, .st_shndx = 1, .st_value = DATA_ADDR},
		{.st_name = 79, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 96},
		{.st_name = 0, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 64},
		{.st_name = 9999, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR + 64},
	};

	image__start(&img);
	image__add_symbols(&img, SHT_SYMTAB, table, sizeof(table) / sizeof(table[0]), strings,
			   sizeof(strings));
	image__add_symbols(&img, SHT_DYNSYM, table, 3, strings, sizeof(strings));
	image__finish(&img);
	elf = open_image(&img);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), 0);
	assert_int_equal(n, 4);
	assert_string_equal(symbols[0].name, "foo::bar");
	assert_string_equal(symbols[0].linker, "_ZN3foo3barEi");
	assert_int_equal(symbols[0].addr, TEXT_ADDR);
	assert_int_equal(symbols[0].offset, TEXT_OFFSET);
	assert_string_equal(symbols[1].name, "alias");
	assert_ptr_equal(symbols[1].name, symbols[1].linker);
	assert_int_equal(symbols[1].offset, TEXT_OFFSET + 32);
	assert_string_equal(symbols[2].name, "zeta");
	assert_int_equal(symbols[2].size, 7);
	assert_string_equal(symbols[3].name, "zeta");
	assert_string_equal(symbols[3].linker, "zeta.isra.0");
	assert_int_equal(rp_elf__symbols(elf, &again, &n, &err), 0);
	assert_ptr_equal(again, symbols);
	rp_elf__free(elf);
}

static void test_no_symbols(void **state)
{
	const struct rp_symbol *symbols;
	const struct rp_usdt_note *notes;
	struct image img;
	struct rp_err err = {0};
	struct rp_elf *elf;
	size_t n = 99;

	(void)state;
	image__start(&img);
	image__finish(&img);
	elf = open_image(&img);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), 0);
	assert_int_equal(n, 0);
	n = 99;
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_string_equal(rp_elf__build_id(elf), "");
	assert_false(rp_elf__traits(elf)->has_symtab);
	rp_elf__free(elf);
}

static void test_broken_symbol_table(void **state)
{
	const struct rp_symbol *symbols;
	struct image img;
	struct rp_err err = {0};
	struct rp_elf *elf;
	size_t n;

	(void)state;
	full_image(&img);
	/* .symtab is lost, .dynsym still serves */
	image__section(&img, 1)->sh_size = UINT64_MAX - 8;
	elf = open_image(&img);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(symbols[0].name, "alpha");
	rp_elf__free(elf);
	/* with both lost there is a reason to tell */
	image__section(&img, 3)->sh_link = 4000;
	elf = open_image(&img);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), -EBADMSG);
	assert_string_equal(err.cause, "image: its symbols cannot be read");
	rp_elf__free(elf);
}

static void test_offsets(void **state)
{
	struct image img;
	struct rp_elf *elf;
	uint64_t offset;
	char buf[16];

	(void)state;
	full_image(&img);
	memcpy(img.bytes + TEXT_OFFSET + 5, "hello", 5);
	elf = open_image(&img);
	assert_int_equal(rp_elf__offset(elf, TEXT_ADDR + 5, &offset), 0);
	assert_int_equal(offset, TEXT_OFFSET + 5);
	assert_int_equal(rp_elf__read(elf, offset, buf, 5), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(rp_elf__offset(elf, TEXT_ADDR - 1, &offset), -ENOENT);
	assert_int_equal(rp_elf__offset(elf, TEXT_ADDR + SEG_SIZE, &offset), -ENOENT);
	assert_int_equal(rp_elf__offset(elf, DATA_ADDR, &offset), -ENOENT);
	assert_int_equal(rp_elf__offset(elf, UINT64_MAX, &offset), -ENOENT);
	assert_int_equal(rp_elf__read(elf, img.size - 3, buf, sizeof(buf)), 3);
	assert_int_equal(rp_elf__read(elf, img.size, buf, sizeof(buf)), 0);
	assert_int_equal(rp_elf__read(elf, UINT64_MAX, buf, sizeof(buf)), 0);
	rp_elf__free(elf);
}

/* A segment that ends at the last address, and one that claims more than the file has. */
static void test_extreme_segments(void **state)
{
	struct image img;
	Elf64_Phdr *ph = (Elf64_Phdr *)(img.bytes + sizeof(Elf64_Ehdr));
	struct rp_elf *elf;
	uint64_t offset;

	(void)state;
	full_image(&img);
	ph[0].p_vaddr = UINT64_MAX - 15;
	elf = open_image(&img);
	assert_int_equal(rp_elf__offset(elf, UINT64_MAX, &offset), 0);
	assert_int_equal(offset, TEXT_OFFSET + 15);
	assert_int_equal(rp_elf__offset(elf, 0, &offset), -ENOENT);
	rp_elf__free(elf);
	ph[0].p_vaddr = TEXT_ADDR;
	ph[0].p_filesz = UINT64_MAX;
	elf = open_image(&img);
	assert_int_equal(rp_elf__offset(elf, TEXT_ADDR + img.size - TEXT_OFFSET - 1, &offset), 0);
	assert_int_equal(offset, img.size - 1);
	assert_int_equal(rp_elf__offset(elf, TEXT_ADDR + img.size - TEXT_OFFSET, &offset), -ENOENT);
	rp_elf__free(elf);
}

__attribute__((noinline)) int rp_test_elf_fixture(int value);
int rp_test_elf_fixture(int value)
{
	__asm__ volatile("" : "+r"(value));
	return value * 3 + 1;
}

static int load_bias(struct dl_phdr_info *info, size_t size, void *out)
{
	(void)size;
	*(uint64_t *)out = info->dlpi_addr;
	return 1; /* the program comes first */
}

/* This program itself: what lies at the computed offset is what runs at the address. */
static void test_position_independent(void **state)
{
	struct rp_elf *elf = open_path("/proc/self/exe");
	const struct rp_symbol *symbols, *found = NULL;
	unsigned char bytes[16];
	struct rp_err err = {0};
	uint64_t bias = 0;
	size_t n;

	(void)state;
	dl_iterate_phdr(load_bias, &bias);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(symbols[i].name, "rp_test_elf_fixture"))
			found = &symbols[i];
	assert_non_null(found);
	assert_true(found->size > 0 && found->size < 4096);
	assert_int_equal(found->addr + bias, (uintptr_t)rp_test_elf_fixture);
	assert_int_equal(
		rp_elf__read(elf, found->offset, bytes, found->size < 16 ? found->size : 16),
		found->size < 16 ? found->size : 16);
	assert_memory_equal(bytes, rp_test_elf_fixture, found->size < 16 ? found->size : 16);
	assert_int_equal(rp_test_elf_fixture(2), 7);
	assert_true(rp_elf__traits(elf)->has_symtab);
	assert_false(rp_elf__traits(elf)->is_go);
	assert_int_equal(rp_elf__traits(elf)->machine, MACHINE);
	rp_elf__free(elf);
}

/* ---- traits ------------------------------------------------------------------------------------
 */

static struct rp_elf_traits traits_with_string(const char *string, size_t size)
{
	const Elf64_Sym symbols[2] = {{0}, {.st_name = 1, .st_info = FUNC}};
	struct rp_elf_traits traits;
	struct image img;
	struct rp_elf *elf;

	image__start(&img);
	image__add_symbols(&img, SHT_DYNSYM, symbols, 2, string, size);
	image__finish(&img);
	elf = open_image(&img);
	traits = *rp_elf__traits(elf);
	rp_elf__free(elf);
	return traits;
}
#define TRAITS(string) traits_with_string("\0" string, sizeof("\0" string))

static void test_unwinding(void **state)
{
	(void)state;
	assert_true(TRAITS("__gxx_personality_v0").has_unwinding);
	assert_true(TRAITS("DW.ref.__gxx_personality_v0").has_unwinding);
	assert_true(TRAITS("rust_eh_personality").has_unwinding);
	assert_true(TRAITS("_RNvC7___rustc19rust_eh_personality").has_unwinding);
	assert_false(TRAITS("__gcc_personality_v0").has_unwinding);
	assert_false(TRAITS("personality").has_unwinding);
	assert_false(TRAITS("set_personality").has_unwinding);
	assert_false(TRAITS("printf").has_unwinding);
}

/* Stripped of the personality's name, its tables remain; glibc's are for clean-up alone. */
static void test_unwinding_stripped(void **state)
{
	static const char plain[] = "\0printf", glibc[] = "\0GLIBC_PRIVATE";
	const Elf64_Sym symbols[1] = {{0}};

	(void)state;
	for (int private = 0; private < 2; private ++) {
		struct image img;
		struct rp_elf *elf;

		image__start(&img);
		if (private)
			image__add_symbols(&img, SHT_DYNSYM, symbols, 1, glibc, sizeof(glibc));
		else
			image__add_symbols(&img, SHT_DYNSYM, symbols, 1, plain, sizeof(plain));
		image__add(&img, ".gcc_except_table", SHT_PROGBITS, 0, "x", 1);
		image__finish(&img);
		elf = open_image(&img);
		assert_int_equal(rp_elf__traits(elf)->has_unwinding, !private);
		rp_elf__free(elf);
	}
}

static void test_go(void **state)
{
	static const char *const marks[] = {".note.go.buildid", ".go.buildinfo"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct image img;
		struct rp_elf *elf;

		image__start(&img);
		image__add(&img, marks[i], SHT_PROGBITS, 0, "x", 1);
		image__finish(&img);
		elf = open_image(&img);
		assert_true(rp_elf__traits(elf)->is_go);
		rp_elf__free(elf);
	}
}

static void test_build_id(void **state)
{
	struct image img;
	struct rp_elf *elf;

	(void)state;
	full_image(&img);
	elf = open_image(&img);
	assert_string_equal(rp_elf__build_id(elf), "0123abff");
	rp_elf__free(elf);
}

/* ---- USDT notes --------------------------------------------------------------------------------
 */

static void test_usdt(void **state)
{
	const struct rp_usdt_note *notes;
	struct image img;
	struct rp_err err = {0};
	struct rp_elf *elf;
	size_t n;

	(void)state;
	full_image(&img);
	elf = open_image(&img);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_string_equal(notes[0].provider, "app");
	assert_string_equal(notes[0].name, "job__start");
	assert_string_equal(notes[0].args, "-4@%eax");
	assert_int_equal(notes[0].addr, TEXT_ADDR + 8);
	assert_int_equal(notes[0].offset, TEXT_OFFSET + 8);
	assert_int_equal(notes[0].semaphore, DATA_OFFSET + 16);
	assert_string_equal(notes[1].name, "job__done");
	assert_string_equal(notes[1].args, "");
	assert_int_equal(notes[1].semaphore, 0);
	assert_string_equal(notes[2].provider, "lib");
	assert_int_equal(notes[2].offset, TEXT_OFFSET + 24);
	rp_elf__free(elf);
}

/* An object moved by 0x1000 since its notes were written. */
static void test_usdt_base(void **state)
{
	const struct rp_usdt_note *notes;
	struct image img;
	struct rp_err err = {0};
	struct rp_elf *elf;
	char bytes[512];
	size_t n, size;

	(void)state;
	image__start(&img);
	size = PROBE(bytes, TEXT_ADDR - 0x1000 + 8, DATA_ADDR - 0x1000, DATA_ADDR - 0x1000 + 16,
		     "app\0moved\0");
	size += PROBE(bytes + size, TEXT_ADDR + 8, 0, 0, "app\0nobase\0");
	image__add(&img, ".note.stapsdt", SHT_NOTE, 0, bytes, size);
	image__add(&img, ".stapsdt.base", SHT_PROGBITS, DATA_ADDR, "", 1);
	image__finish(&img);
	elf = open_image(&img);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(notes[0].addr, TEXT_ADDR + 8);
	assert_int_equal(notes[0].offset, TEXT_OFFSET + 8);
	assert_int_equal(notes[0].semaphore, DATA_OFFSET + 16);
	assert_int_equal(notes[1].addr, TEXT_ADDR + 8);
	rp_elf__free(elf);
}

static void test_usdt_skipped(void **state)
{
	static const char good[] = "app\0good\0";
	const struct rp_usdt_note *notes;
	struct image img;
	struct rp_err err = {0};
	struct rp_elf *elf;
	char bytes[2048];
	Elf64_Nhdr last = {.n_namesz = 8, .n_descsz = UINT32_MAX, .n_type = 3};
	size_t n, size;

	(void)state;
	image__start(&img);
	size = put_note(bytes, "other", 3, "whatever is in here, long enough", 32);
	size += put_note(bytes + size, "stapsdt", 4, "whatever is in here, long enough", 32);
	size += put_note(bytes + size, "stapsdt", 3, "short", 5);
	size += put_probe(bytes + size, TEXT_ADDR, 0, 0, "app\0open end", 12);
	size += put_probe(bytes + size, TEXT_ADDR, 0, 0, "app", 3);
	size += put_probe(bytes + size, TEXT_ADDR, 0, 0, "app\0noargs", sizeof("app\0noargs"));
	size += put_probe(bytes + size, TEXT_ADDR, 0, 0, "", 0);
	size += PROBE(bytes + size, TEXT_ADDR, 0, 0, "\0noprovider\0");
	size += PROBE(bytes + size, TEXT_ADDR, 0, 0, "app\0\0");
	size += PROBE(bytes + size, DATA_ADDR, 0, 0, "app\0notcode\0");
	size += PROBE(bytes + size, TEXT_ADDR, 0, DATA_ADDR + SEG_SIZE, "app\0nosemaphore\0");
	size += put_probe(bytes + size, TEXT_ADDR, 0, 0, good, sizeof(good));
	memcpy(bytes + size, &last, sizeof(last));
	size += sizeof(last);
	image__add(&img, ".note.stapsdt", SHT_NOTE, 0, bytes, size);
	image__finish(&img);
	elf = open_image(&img);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(notes[0].name, "good");
	rp_elf__free(elf);
}

static void test_usdt_section_broken(void **state)
{
	const struct rp_usdt_note *notes;
	struct image img;
	struct rp_err err = {0};
	struct rp_elf *elf;
	size_t n;

	(void)state;
	full_image(&img);
	image__section(&img, 5)->sh_offset = UINT64_MAX - 4;
	elf = open_image(&img);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(notes[0].name, "step");
	rp_elf__free(elf);
	/* Sections that overlap: the same notes twice, no harm done. */
	full_image(&img);
	image__section(&img, 6)->sh_offset = image__section(&img, 5)->sh_offset;
	image__section(&img, 6)->sh_size = image__section(&img, 5)->sh_size;
	elf = open_image(&img);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), 0);
	assert_int_equal(n, 4);
	rp_elf__free(elf);
	full_image(&img);
	image__section(&img, 5)->sh_size = UINT64_MAX;
	image__section(&img, 6)->sh_size = img.size;
	elf = open_image(&img);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), -EBADMSG);
	assert_string_equal(err.cause, "image: its USDT notes cannot be read");
	rp_elf__free(elf);
}

/* ---- real programs -----------------------------------------------------------------------------
 */

/* The notes of a program against what readelf says of them; returns how many there are. */
static size_t compare_with_readelf(const char *path, const struct rp_usdt_note *notes, size_t n)
{
	char command[256], line[512], name[128] = "";
	unsigned long addr, base, semaphore;
	size_t seen = 0;
	FILE *out;

	snprintf(command, sizeof(command), "readelf -nW %s 2>/dev/null", path);
	out = popen(command, "r");
	assert_non_null(out);
	while (fgets(line, sizeof(line), out)) {
		sscanf(line, " Name: %127s", name);
		if (sscanf(line, " Location: %lx, Base: %lx, Semaphore: %lx", &addr, &base,
			   &semaphore) != 3)
			continue;
		assert_true(seen < n);
		assert_string_equal(notes[seen].name, name);
		assert_int_equal(notes[seen].addr, addr);
		assert_int_equal(notes[seen].semaphore != 0, semaphore != 0);
		seen++;
	}
	pclose(out);
	return seen;
}

static void check_program(const char *path, const char *provider, size_t n_notes, size_t n_names)
{
	const struct rp_usdt_note *notes;
	struct rp_err err = {0};
	struct rp_elf *elf;
	size_t n, names = 0;

	if (access(path, R_OK))
		skip();
	elf = open_path(path);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), 0);
	assert_int_equal(n, n_notes);
	for (size_t i = 0; i < n; i++) {
		unsigned char code, counter[2];
		size_t j = 0;

		assert_string_equal(notes[i].provider, provider);
		assert_true(notes[i].semaphore > 0);
		assert_int_equal(rp_elf__read(elf, notes[i].semaphore, counter, 2), 2);
		assert_int_equal(counter[0] | counter[1], 0);
		assert_int_equal(rp_elf__read(elf, notes[i].offset, &code, 1), 1);
		if (MACHINE == EM_X86_64)
			assert_int_equal(code, 0x90);
		while (j < i && strcmp(notes[j].name, notes[i].name))
			j++;
		names += j == i;
	}
	assert_int_equal(names, n_names);
	assert_false(rp_elf__traits(elf)->has_unwinding);
	assert_int_equal(compare_with_readelf(path, notes, n), n);
	rp_elf__free(elf);
}

static void test_python(void **state)
{
	(void)state;
	check_program("/usr/bin/python3.11", "python", 8, 8);
}

static void test_postgres(void **state)
{
	(void)state;
	check_program("/usr/lib/postgresql/15/bin/postgres", "postgresql", 71, 57);
}

/* ---- separate debug files ----------------------------------------------------------------------
 */

static uint32_t crc32_of(const unsigned char *bytes, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return ~crc;
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* How many functions a stripped program in `folder` has by the debug link it carries. */
static size_t functions_by_link(const char *folder, const char *name, uint32_t crc)
{
	const struct rp_symbol *symbols;
	struct rp_err err = {0};
	struct rp_elf *elf;
	struct image img;
	char link[64] = "", path[256];
	size_t n, len = (strlen(name) + 4) & ~(size_t)3;

	strcpy(link, name);
	memcpy(link + len, &crc, sizeof(crc));
	image__start(&img);
	image__add(&img, ".gnu_debuglink", SHT_PROGBITS, 0, link, len + sizeof(crc));
	image__finish(&img);
	write_file(folder, "program", img.bytes, img.size);
	snprintf(path, sizeof(path), "%s/program", folder);
	elf = open_path(path);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), 0);
	assert_int_equal(rp_elf__traits(elf)->has_symtab, n > 0);
	if (n)
		/* by the program's segments, whatever the debug file's own say */
		assert_int_equal(symbols[0].offset, TEXT_OFFSET);
	rp_elf__free(elf);
	unlink(path);
	return n;
}

static void test_debug_link(void **state)
{
	char folder[] = "/tmp/rptrace-test-XXXXXX", path[64];
	struct image debug;
	Elf64_Phdr *ph = (Elf64_Phdr *)(debug.bytes + sizeof(Elf64_Ehdr));
	uint32_t crc;

	(void)state;
	full_image(&debug);
	ph[0].p_offset = 0;
	crc = crc32_of(debug.bytes, debug.size);
	assert_non_null(mkdtemp(folder));
	write_file(folder, "program.debug", debug.bytes, debug.size);
	assert_int_equal(functions_by_link(folder, "program.debug", crc), 2);
	assert_int_equal(functions_by_link(folder, "program.debug", crc ^ 1), 0);
	assert_int_equal(functions_by_link(folder, "missing.debug", crc), 0);
	assert_int_equal(functions_by_link(folder, "./program.debug", crc), 0);
	snprintf(path, sizeof(path), "%s/program.debug", folder);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
}

/* The C library, where its debug file is installed: functions that it does not export. */
static void test_debug_build_id(void **state)
{
	const struct rp_symbol *symbols;
	struct rp_err err = {0};
	struct rp_elf *elf;
	struct link_map *map;
	char path[256];
	size_t n, hidden = 0;

	(void)state;
	for (map = _r_debug.r_map; map && !strstr(map->l_name, "/libc.so"); map = map->l_next)
		;
	assert_non_null(map);
	elf = open_path(map->l_name);
	snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%s.debug",
		 rp_elf__build_id(elf), rp_elf__build_id(elf) + 2);
	if (access(path, R_OK)) {
		rp_elf__free(elf);
		skip();
	}
	assert_true(rp_elf__traits(elf)->has_symtab);
	assert_false(rp_elf__traits(elf)->has_unwinding);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		hidden += !strcmp(symbols[i].name, "_int_malloc");
	assert_int_equal(hidden, 1);
	rp_elf__free(elf);
}

/* ---- damage ------------------------------------------------------------------------------------
 */

/* At every cut it either opens or tells why not. */
static void truncate_by(const unsigned char *bytes, size_t size, size_t step)
{
	int fd = memory_file(bytes, size);

	for (size_t cut = (size - 1) / step * step; cut; cut -= step) {
		assert_int_equal(ftruncate(fd, cut), 0);
		walk(fd);
	}
	close(fd);
}

static unsigned char *read_program(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char *bytes;
	off_t len;

	assert_true(fd >= 0);
	len = lseek(fd, 0, SEEK_END);
	bytes = malloc(len);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, len, 0), len);
	close(fd);
	*size = len;
	return bytes;
}

static void test_truncated(void **state)
{
	unsigned char *bytes;
	struct image img;
	size_t size;

	(void)state;
	full_image(&img);
	truncate_by(img.bytes, img.size, 1);
	bytes = read_program("/bin/true", &size);
	truncate_by(bytes, size, 64);
	free(bytes);
	bytes = read_program("/proc/self/exe", &size);
	truncate_by(bytes, size, size / 200);
	free(bytes);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Change some bytes at a time of what the segments do not hold, and put them back. */
static void test_bytes_changed(void **state)
{
	static const unsigned char extremes[] = {0, 1, 0x7f, 0x80, 0xff};
	uint64_t seed = 0x9e3779b97f4a7c15;
	struct image img;
	size_t tables;
	int fd;

	(void)state;
	full_image(&img);
	tables = img.size - (DATA_OFFSET + SEG_SIZE);
	fd = memory_file(img.bytes, img.size);
	for (int round = 0; round < 20000; round++) {
		size_t at[4], n = 1 + next_random(&seed) % 4;

		for (size_t i = 0; i < n; i++) {
			uint64_t r = next_random(&seed);
			unsigned char byte = r & 1 ? r >> 8 : extremes[(r >> 8) % 5];

			at[i] = (r >> 16) % (tables + 200);
			if (at[i] >= 200)
				at[i] += DATA_OFFSET + SEG_SIZE - 200;
			assert_int_equal(pwrite(fd, &byte, 1, at[i]), 1);
		}
		walk(fd);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(pwrite(fd, img.bytes + at[i], 1, at[i]), 1);
	}
	close(fd);
}

/* Every field of every section header at the edges of its range. */
static void test_extreme_sections(void **state)
{
	static const uint64_t extremes[] = {0,		1,	   63,	       UINT32_MAX,
					    1ull << 62, INT64_MAX, 1ull << 63, UINT64_MAX - 7,
					    UINT64_MAX};
	struct image img;

	(void)state;
	full_image(&img);
	for (unsigned i = 0; i < img.n_sections; i++)
		for (size_t field = 0; field < sizeof(Elf64_Shdr); field += 8)
			for (size_t e = 0; e < sizeof(extremes) / sizeof(extremes[0]); e++) {
				size_t at = image__header(&img)->e_shoff + i * sizeof(Elf64_Shdr) +
					    field;
				uint64_t saved;
				int fd;

				memcpy(&saved, img.bytes + at, sizeof(saved));
				memcpy(img.bytes + at, &extremes[e], sizeof(saved));
				fd = memory_file(img.bytes, img.size);
				walk(fd);
				close(fd);
				memcpy(img.bytes + at, &saved, sizeof(saved));
			}
}

/* A sparse file of terabytes, its symbol table as long: an error, not memory. */
static void test_sparse(void **state)
{
	const struct rp_symbol *symbols;
	struct image img;
	struct rp_err err = {0};
	struct rp_elf *elf;
	size_t n;
	int fd;

	(void)state;
	full_image(&img);
	image__section(&img, 1)->sh_size = 1ull << 40;
	image__section(&img, 3)->sh_size = 1ull << 40;
	fd = memory_file(img.bytes, img.size);
	assert_int_equal(ftruncate(fd, 1ll << 42), 0);
	assert_int_equal(rp_elf__open(fd, "sparse", &elf, &err), 0);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), -EFBIG);
	rp_elf__free(elf);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_elf),
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_other_machines),
		cmocka_unit_test(test_broken_headers),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_no_symbols),
		cmocka_unit_test(test_broken_symbol_table),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_extreme_segments),
		cmocka_unit_test(test_position_independent),
		cmocka_unit_test(test_unwinding),
		cmocka_unit_test(test_unwinding_stripped),
		cmocka_unit_test(test_go),
		cmocka_unit_test(test_build_id),
		cmocka_unit_test(test_usdt),
		cmocka_unit_test(test_usdt_base),
		cmocka_unit_test(test_usdt_skipped),
		cmocka_unit_test(test_usdt_section_broken),
		cmocka_unit_test(test_python),
		cmocka_unit_test(test_postgres),
		cmocka_unit_test(test_debug_link),
		cmocka_unit_test(test_debug_build_id),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bytes_changed),
		cmocka_unit_test(test_extreme_sections),
		cmocka_unit_test(test_sparse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
