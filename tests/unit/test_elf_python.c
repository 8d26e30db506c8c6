// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Interpreters of Python are told by a section, and their version by what an exported symbol is at.
 */
#include "elf_image.h"

#define VERSION 0x030d01f0u

struct python_case {
	const char *what, *section, *symbol;
	uint64_t addr; /* of the symbol */
	bool defined;
	const char *cookie;
	uint64_t free_threaded;
	bool is_python;
	uint32_t version;
};

static const struct python_case cases[] = {
	{"3.13", ".PyRuntime", "Py_Version", DATA_ADDR + 64, true, "xdebugpy", 0, true, VERSION},
	{"3.13t", ".PyRuntime", "Py_Version", DATA_ADDR + 64, true, "xdebugpy", 1, true, VERSION},
	{"3.12", ".PyRuntime", "Py_Version", DATA_ADDR + 64, true, "otherpy", 1, true, VERSION},
	{"3.10", ".PyRuntime", "Py_Other", DATA_ADDR + 64, true, "", 0, true, 0},
	{"imported", ".PyRuntime", "Py_Version", DATA_ADDR + 64, false, "", 0, true, 0},
	{"nowhere", ".PyRuntime", "Py_Version", 0x900000, true, "", 0, true, 0},
	{"no Python", ".Runtime", "Py_Version", DATA_ADDR + 64, true, "xdebugpy", 1, false, 0},
};

static struct rp_elf *open_case(const struct python_case *c)
{
	static struct image image;
	char strings[32] = "\0malloc";
	Elf64_Sym symbols[] = {
		{0},
		{.st_name = 1, .st_info = VARIABLE, .st_shndx = 1, .st_value = DATA_ADDR},
		{.st_name = 8,
		 .st_info = VARIABLE,
		 .st_shndx = c->defined ? 1 : SHN_UNDEF,
		 .st_value = c->addr},
	};
	struct {
		char cookie[8];
		uint64_t version, free_threaded;
	} runtime = {.version = VERSION, .free_threaded = c->free_threaded};
	uint64_t version = VERSION;

	strcpy(strings + 8, c->symbol);
	memcpy(runtime.cookie, c->cookie, strlen(c->cookie));
	image__start(&image);
	image__add_symbols(&image, SHT_DYNSYM, symbols, 3, strings, sizeof(strings));
	image__add(&image, c->section, SHT_PROGBITS, DATA_ADDR + 128, &runtime, sizeof(runtime));
	image__finish(&image);
	memcpy(image.bytes + DATA_OFFSET + 64, &version, sizeof(version));
	return open_image(&image);
}

static void test_interpreters(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_elf *elf = open_case(&cases[i]);
		struct rp_elf_python python = {0};
		int err = rp_elf__python(elf, &python);

		assert_int_equal(err, cases[i].is_python ? 0 : -ENOENT);
		assert_int_equal(python.runtime, cases[i].is_python ? DATA_ADDR + 128 : 0);
		assert_int_equal(python.version, cases[i].version);
		assert_int_equal(python.free_threaded, !strcmp(cases[i].what, "3.13t"));
		rp_elf__free(elf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interpreters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
