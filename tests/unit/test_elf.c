// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <link.h>

#include "elf_image.h"

static void expect_refused(const void *bytes, size_t size)
{
	int fd = memory_file(bytes, size);
	struct rp_elf *elf = NULL;
	struct rp_err err = {0};

	assert_int_equal(rp_elf__open(fd, "image", &elf, &err), -ENOEXEC);
	assert_int_equal(err.exit, RP_EXIT_FAILED);
	assert_int_equal(strncmp(err.cause, "image: ", 7), 0);
	assert_int_equal(err.remedy, RP_REMEDY_LIST);
	assert_null(elf);
	close(fd);
}

/* ---- what is refused ---------------------------------------------------------------------- */

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
	assert_non_null(strstr(err.cause, "pipe: not a regular file, "));
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

/* ---- symbols and offsets ------------------------------------------------------------------ */

static void test_symbols(void **state)
{
	static const char strings[] =
		"\0zeta\0alias\0_ZN3foo3barEi\0resolver\0variable\0undefined\0"
		"outside\0cold.cold\0indata\0zeta.isra.0\0zeta.__part.1";
	const struct rp_symbol *symbols, *again, *parts;
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
		{.st_name = 91, .st_shndx = 1, .st_value = TEXT_ADDR + 96},
		{.st_name = 35, .st_shndx = 1, .st_value = TEXT_ADDR + 64},
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
	assert_int_equal(n, 5);
	assert_string_equal(symbols[0].name, "foo::bar");
	assert_string_equal(symbols[0].linker, "_ZN3foo3barEi");
	assert_int_equal(symbols[0].addr, TEXT_ADDR);
	assert_int_equal(symbols[0].offset, TEXT_OFFSET);
	assert_string_equal(symbols[1].name, "alias");
	assert_ptr_equal(symbols[1].name, symbols[1].linker);
	assert_int_equal(symbols[1].offset, TEXT_OFFSET + 32);
	assert_int_equal(symbols[2].size, 7);
	assert_string_equal(symbols[4].name, "zeta");
	assert_string_equal(symbols[4].linker, "zeta.isra.0");
	parts = rp_elf__cold_parts(elf, &n);
	assert_int_equal(n, 2);
	assert_string_equal(parts[1].linker, "zeta.__part.1"); /* without a type */
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
	assert_non_null(strstr(err.cause, "image: its symbols cannot be read: "));
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

/* ---- traits ------------------------------------------------------------------------------- */

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
	assert_true(TRAITS("__gnustep_objcxx_personality_v0").has_unwinding);
	assert_false(TRAITS("__gcc_personality_v0").has_unwinding);
	assert_false(TRAITS("_my_personality_v0").has_unwinding);
	assert_false(TRAITS("sonality_v0").has_unwinding);
	assert_false(TRAITS("personality").has_unwinding);
	assert_false(TRAITS("set_personality").has_unwinding);
	assert_false(TRAITS("printf").has_unwinding);
}

static void test_fibers(void **state)
{
	(void)state;
	assert_true(TRAITS("makecontext").has_fibers);
	assert_true(TRAITS("swapcontext").has_fibers);
	assert_true(TRAITS("setcontext").has_fibers);
	assert_false(TRAITS("getcontext").has_fibers);
	assert_true(TRAITS("printf\0jump_fcontext").has_fibers);
	assert_false(TRAITS("makecontexts").has_fibers);
	assert_false(TRAITS("swap").has_fibers);
	/* Coroutines that are born on signal stacks, and jump to one another. */
	assert_true(TRAITS("_longjmp\0sigaltstack").has_fibers);
	assert_true(TRAITS("sigaltstack\0__longjmp_chk").has_fibers);
	assert_false(TRAITS("siglongjmp").has_fibers);
	assert_false(TRAITS("sigaltstack").has_fibers);
	/* The C library has it for others. */
	assert_false(TRAITS("makecontext\0GLIBC_PRIVATE").has_fibers);
}

static void test_signal_stacks(void **state)
{
	(void)state;
	assert_true(TRAITS("sigaltstack").has_signal_stack);
	assert_false(TRAITS("sigaltstacks").has_signal_stack);
	assert_false(TRAITS("sigaltstack\0GLIBC_PRIVATE").has_signal_stack);
}

/* Large tables are read bit by bit: a name that lies across two bits is seen all the same. */
static void test_unwinding_in_large_table(void **state)
{
	static const char name[] = "\0__gxx_personality_v0", other[] = "\0x";
	static const size_t size = 3 << 20, bit = 1 << 20;
	const Elf64_Sym symbols[1] = {{0}};
	unsigned char *bytes;
	struct image img;

	(void)state;
	image__start(&img);
	image__add_symbols(&img, SHT_DYNSYM, symbols, 1, other, sizeof(other));
	image__finish(&img);
	for (unsigned i = 0; i < img.n_sections; i++)
		if (image__section(&img, i)->sh_type == SHT_STRTAB) {
			image__section(&img, i)->sh_offset = img.size;
			image__section(&img, i)->sh_size = size;
			break;
		}
	bytes = calloc(1, img.size + size);
	assert_non_null(bytes);
	for (size_t at = bit - sizeof(name); at <= bit; at++) {
		struct rp_elf *elf;

		memcpy(bytes, img.bytes, img.size);
		memset(bytes + img.size, 0, size);
		memcpy(bytes + img.size + at, name, sizeof(name));
		elf = open_bytes(bytes, img.size + size);
		assert_true(rp_elf__traits(elf)->has_unwinding);
		rp_elf__free(elf);
	}
	free(bytes);
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

/* ---- separate debug files ----------------------------------------------------------------- */

/* How many functions a stripped program in `folder` has by the debug link it carries. */
static size_t functions_of(const char *folder, const char *name, uint32_t crc, bool leaves_folder)
{
	const struct rp_symbol *symbols;
	struct rp_err err = {0};
	struct rp_elf *elf;
	struct image img;
	char path[256];
	size_t n;

	linked_image(&img, name, crc);
	write_file(folder, "program", img.bytes, img.size);
	snprintf(path, sizeof(path), "%s/program", folder);
	elf = open_path(path);
	if (leaves_folder)
		rp_elf__leave_folder(elf);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), 0);
	assert_int_equal(rp_elf__traits(elf)->has_symtab, n > 0);
	if (n)
		/* by the program's segments, whatever the debug file's own say */
		assert_int_equal(symbols[0].offset, TEXT_OFFSET);
	rp_elf__free(elf);
	unlink(path);
	return n;
}

static size_t functions_by_link(const char *folder, const char *name, uint32_t crc)
{
	return functions_of(folder, name, crc, false);
}

static void test_debug_link(void **state)
{
	char folder[] = "/tmp/rptrace-test-XXXXXX", path[64], away[64];
	char elsewhere[] = "/tmp/rptrace-test-XXXXXX";
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
	assert_int_equal(functions_of(folder, "program.debug", crc, true), 0);
	assert_int_equal(functions_by_link(folder, "program.debug", crc ^ 1), 0);
	assert_int_equal(functions_by_link(folder, "missing.debug", crc), 0);
	assert_int_equal(functions_by_link(folder, "./program.debug", crc), 0);
	/* A link is good for what lies beside it, and leads nowhere else. */
	snprintf(path, sizeof(path), "%s/link.debug", folder);
	assert_int_equal(symlink("program.debug", path), 0);
	assert_int_equal(functions_by_link(folder, "link.debug", crc), 2);
	unlink(path);
	assert_non_null(mkdtemp(elsewhere));
	write_file(elsewhere, "program.debug", debug.bytes, debug.size);
	snprintf(away, sizeof(away), "%s/program.debug", elsewhere);
	assert_int_equal(symlink(away, path), 0);
	assert_int_equal(functions_by_link(folder, "link.debug", crc), 0);
	unlink(path);
	unlink(away);
	assert_int_equal(rmdir(elsewhere), 0);
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
		cmocka_unit_test(test_fibers),
		cmocka_unit_test(test_signal_stacks),
		cmocka_unit_test(test_unwinding_in_large_table),
		cmocka_unit_test(test_unwinding_stripped),
		cmocka_unit_test(test_go),
		cmocka_unit_test(test_build_id),
		cmocka_unit_test(test_debug_link),
		cmocka_unit_test(test_debug_build_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
