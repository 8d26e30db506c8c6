// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The markers of include/rptrace.h: this program uses them all and looks at the notes that the
 * compiler and the linker made of them in its own file.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* Names are taken as they are written: none of these may show, nor the 1 that gcc has for linux. */
#define load   expanded_load
#define parsed expanded_parsed

#include "rptrace.h"

#define NOTES_MAX 64
#define NO_INLINE __attribute__((noinline))
#define KEEP()	  __asm__ volatile("" ::: "memory")

#ifdef __x86_64__
#define CONSTANT "$"
static const unsigned char site_bytes[] = {0x90, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0};
#else
#define CONSTANT ""
static const unsigned char site_bytes[] = {0x1f, 0x20, 0x03, 0xd5};
#endif

/* ---- code with markers --------------------------------------------------------------------- */

static unsigned evaluated;

static uint32_t evaluate(uint32_t value)
{
	evaluated++;
	return value;
}

NO_INLINE static void use_pairs(void)
{
	RPTRACE_BEGIN(load);
	KEEP();
	RPTRACE_END(load);
	RPTRACE_BEGIN(load);
	KEEP();
	RPTRACE_END(load);
	RPTRACE_BEGIN(linux);
	KEEP();
	RPTRACE_END(linux);
}

NO_INLINE static void use_values(uint64_t wide, int8_t narrow, const uint16_t *pointed, bool flag)
{
	struct {
		unsigned bits : 3;
	} field = {.bits = narrow & 7};

	RPTRACE_BEGIN_VALUE(wide, wide);
	RPTRACE_BEGIN_VALUE(narrow, narrow);
	RPTRACE_BEGIN_VALUE(pointed, *pointed);
	RPTRACE_BEGIN_VALUE(evaluated, evaluate(5) + 1);
	RPTRACE_BEGIN_VALUE(flag, flag);
	RPTRACE_BEGIN_VALUE(field, field.bits);
	RPTRACE_BEGIN_VALUE(constant, -7);
	RPTRACE_BEGIN_VALUE(greatest, UINT64_MAX);
	RPTRACE_END(wide);
	RPTRACE_SPAN_BEGIN(span, wide);
	RPTRACE_SPAN_END(span, 12u);
}

NO_INLINE static int leave_by_return(int early)
{
	RPTRACE_REGION(parsed)
	{
		if (early)
			return 1;
		KEEP();
	}
	return 2;
}

NO_INLINE static void use_names(const char *name)
{
	rptrace_begin(name);
	KEEP();
	rptrace_end(name);
}

NO_INLINE static int use_function(int i)
{
	RPTRACE_FUNCTION();
	return i ? 3 : 4;
}

/* ---- what became of it --------------------------------------------------------------------- */

struct note {
	const char *provider, *name, *arguments;
	uint64_t site, base, semaphore;
};

static struct {
	int fd;
	Elf *elf;
	Elf_Data *data;
	struct note notes[NOTES_MAX];
	size_t n;
} self;

static bool section_by_name(const char *name, GElf_Shdr *header, Elf_Data **data)
{
	size_t names;

	assert_int_equal(elf_getshdrstrndx(self.elf, &names), 0);
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(self.elf, scn));) {
		assert_non_null(gelf_getshdr(scn, header));
		if (!strcmp(elf_strptr(self.elf, names, header->sh_name), name)) {
			*data = elf_getdata(scn, NULL);
			return true;
		}
	}
	return false;
}

static void read_note(const char *desc, size_t size)
{
	struct note *note = &self.notes[self.n];
	uint64_t addresses[3];
	const char *end;

	assert_true(size > sizeof(addresses));
	memcpy(addresses, desc, sizeof(addresses));
	note->site = addresses[0];
	note->base = addresses[1];
	note->semaphore = addresses[2];
	note->provider = desc + sizeof(addresses);
	note->name = note->provider + strlen(note->provider) + 1;
	note->arguments = note->name + strlen(note->name) + 1;
	end = note->arguments + strlen(note->arguments) + 1;
	assert_ptr_equal(end, desc + size);
	if (!strncmp(note->provider, "rptrace", 7))
		assert_true(++self.n < NOTES_MAX);
}

static int read_self(void **state)
{
	size_t at = 0, next, name, desc;
	GElf_Shdr header;
	GElf_Nhdr note;

	(void)state;
	elf_version(EV_CURRENT);
	self.fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	self.elf = elf_begin(self.fd, ELF_C_READ_MMAP, NULL);
	if (!self.elf || !section_by_name(".note.stapsdt", &header, &self.data))
		return -1;
	assert_int_equal(header.sh_type, SHT_NOTE);
	assert_false(header.sh_flags & SHF_ALLOC);
	for (; (next = gelf_getnote(self.data, at, &note, &name, &desc)) > 0; at = next) {
		const char *bytes = self.data->d_buf;

		assert_int_equal(note.n_type, 3);
		assert_int_equal(note.n_namesz, 8);
		assert_string_equal(bytes + name, "stapsdt");
		read_note(bytes + desc, note.n_descsz);
	}
	assert_int_equal(at, self.data->d_size);
	return 0;
}

static int close_self(void **state)
{
	(void)state;
	elf_end(self.elf);
	return close(self.fd);
}

/* What there has to be: `count` 0 stands for one or more, `arguments` may end in '*'. */
struct expected {
	const char *provider, *name, *arguments;
	size_t count;
};

static const struct expected expected[] = {
	{"rptrace", "load__begin", "", 2},
	{"rptrace", "load__end", "", 2},
	{"rptrace", "linux__begin", "", 1},
	{"rptrace", "linux__end", "", 1},
	{"rptrace", "wide__begin", "8@*", 1},
	{"rptrace", "narrow__begin", "-8@*", 1},
	{"rptrace", "pointed__begin", "-8@*", 1},
	{"rptrace", "evaluated__begin", "8@*", 1},
	{"rptrace", "flag__begin", "-8@*", 1},
	{"rptrace", "field__begin", "-8@*", 1},
	{"rptrace", "constant__begin", "-8@" CONSTANT "-7", 1},
	{"rptrace", "greatest__begin", "8@" CONSTANT "-1", 1},
	{"rptrace", "wide__end", "", 1},
	{"rptrace_span", "span__begin", "8@*", 1},
	{"rptrace_span", "span__end", "8@" CONSTANT "12", 1},
	{"rptrace_scope", "parsed__begin", "8@*", 1},
	{"rptrace_scope", "one__begin", "8@*", 0},
	{"rptrace_scope", "end", "8@*", 0},
	{"rptrace_name", "begin", "8@*", 2},
	{"rptrace_name", "end", "8@*", 0},
};

#define EXPECTED (sizeof(expected) / sizeof(expected[0]))

static bool matches(const char *text, const char *pattern)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*')
		return !strncmp(text, pattern, len - 1) && text[len - 1];
	return !strcmp(text, pattern);
}

static const struct expected *find_expected(const struct note *note)
{
	for (size_t i = 0; i < EXPECTED; i++)
		if (!strcmp(expected[i].provider, note->provider) &&
		    !strcmp(expected[i].name, note->name))
			return &expected[i];
	return NULL;
}

static void notes_are_as_expected(void **state)
{
	size_t counts[EXPECTED] = {0};

	(void)state;
	for (size_t i = 0; i < self.n; i++) {
		const struct note *note = &self.notes[i];
		const struct expected *e = find_expected(note);

		if (!e)
			fail_msg("unexpected probe %s:%s", note->provider, note->name);
		if (!matches(note->arguments, e->arguments))
			fail_msg("%s:%s: %s", note->provider, note->name, note->arguments);
		counts[e - expected]++;
	}
	for (size_t i = 0; i < EXPECTED; i++)
		if (expected[i].count ? counts[i] != expected[i].count : !counts[i])
			fail_msg("%s:%s: %zu sites", expected[i].provider, expected[i].name,
				 counts[i]);
}

/* No tool reads an argument that names a symbol. */
static void arguments_are_plain(void **state)
{
	(void)state;
	for (size_t i = 0; i < self.n; i++)
		assert_null(strchr(self.notes[i].arguments, '('));
}

static uint64_t file_offset(uint64_t address)
{
	GElf_Phdr phdr;
	size_t n;

	assert_int_equal(elf_getphdrnum(self.elf, &n), 0);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(gelf_getphdr(self.elf, (int)i, &phdr));
		if (phdr.p_type == PT_LOAD && phdr.p_flags & PF_X && address >= phdr.p_vaddr &&
		    address - phdr.p_vaddr < phdr.p_filesz)
			return address - phdr.p_vaddr + phdr.p_offset;
	}
	fail_msg("%#jx is no code", (uintmax_t)address);
	return 0;
}

static void sites_are_nops(void **state)
{
	unsigned char bytes[sizeof(site_bytes)];

	(void)state;
	for (size_t i = 0; i < self.n; i++) {
		off_t offset = (off_t)file_offset(self.notes[i].site);

		assert_int_equal(pread(self.fd, bytes, sizeof(bytes), offset), sizeof(bytes));
		assert_memory_equal(bytes, site_bytes, sizeof(bytes));
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(self.notes[k].site, self.notes[i].site);
	}
}

static void base_is_its_section(void **state)
{
	GElf_Shdr header;
	Elf_Data *data;

	(void)state;
	assert_true(section_by_name(".stapsdt.base", &header, &data));
	assert_int_equal(header.sh_size, 1);
	for (size_t i = 0; i < self.n; i++)
		assert_int_equal(self.notes[i].base, header.sh_addr);
}

static int load_bias(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(uint64_t *)bias = info->dlpi_addr;
	return 1; /* the first is the program */
}

/* A semaphore lies in the file, where the kernel can count in it, and is what the code reads. */
static void semaphores_are_the_variables(void **state)
{
	GElf_Shdr header;
	Elf_Data *data;
	uint64_t bias = 0, end;

	(void)state;
	dl_iterate_phdr(load_bias, &bias);
	assert_true(section_by_name(".probes", &header, &data));
	assert_int_equal(header.sh_type, SHT_PROGBITS);
	assert_int_equal(header.sh_flags & (SHF_ALLOC | SHF_WRITE), SHF_ALLOC | SHF_WRITE);
	end = header.sh_addr + header.sh_size;
	for (size_t i = 0; i < self.n; i++) {
		const struct note *note = &self.notes[i];
		const volatile unsigned short *variable = !strcmp(note->name, "begin")
								  ? &rptrace_name_begin_semaphore
								  : &rptrace_name_end_semaphore;

		if (strcmp(note->provider, "rptrace_name")) {
			assert_int_equal(note->semaphore, 0);
			continue;
		}
		assert_in_range(note->semaphore, header.sh_addr, end - 2);
		assert_int_equal(note->semaphore, (uint64_t)(uintptr_t)variable - bias);
	}
}

/* ---- what markers do to the program: nothing ------------------------------------------------- */

static void blocks_run_once(void **state)
{
	int runs = 0, rounds = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		RPTRACE_REGION(one) runs++;
		RPTRACE_REGION(one)
		{
			if (i == 0)
				continue;
			if (i == 1)
				break;
			RPTRACE_REGION(one)
			{
				RPTRACE_REGION(one) runs += 10;
			}
		}
		rounds++;
	}
	RPTRACE_REGION(one)
	{
		if (runs)
			goto out;
		runs = 0;
	}
	runs = 0;
out:
	assert_int_equal(runs, 13);
	assert_int_equal(rounds, 3);
	assert_int_equal(leave_by_return(1), 1);
	assert_int_equal(leave_by_return(0), 2);
	assert_int_equal(use_function(1), 3);
}

static void values_are_evaluated_once(void **state)
{
	uint16_t pointed = 9;

	(void)state;
	evaluated = 0;
	use_pairs();
	use_values(1, -1, &pointed, true);
	assert_int_equal(evaluated, 1);
}

/* With the semaphores up, names are read: never past their end, never more than 64 bytes. */
static void names_are_read_within_bounds(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	char *end = memory + page;

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(mprotect(end, page, PROT_NONE), 0);
	memset(memory, 'x', page);
	/* Not looked at where nobody traces; somebody may, the whole system. */
	if (!rptrace_name_begin_semaphore && !rptrace_name_end_semaphore)
		use_names((const char *)(uintptr_t)1);
	rptrace_name_begin_semaphore++;
	rptrace_name_end_semaphore++;
	use_names(NULL);
	use_names(end - 64);
	end[-1] = '\0';
	use_names(end - 1);
	use_names(end - 10);
	rptrace_name_begin_semaphore--;
	rptrace_name_end_semaphore--;
	munmap(memory, 2 * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_are_as_expected),
		cmocka_unit_test(arguments_are_plain),
		cmocka_unit_test(sites_are_nops),
		cmocka_unit_test(base_is_its_section),
		cmocka_unit_test(semaphores_are_the_variables),
		cmocka_unit_test(blocks_run_once),
		cmocka_unit_test(values_are_evaluated_once),
		cmocka_unit_test(names_are_read_within_bounds),
	};

	return cmocka_run_group_tests(tests, read_self, close_self);
}
