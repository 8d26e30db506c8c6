// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Symbols of code that tell no size: which are taken, and how far each may reach. */
#include "elf_image.h"

#define LABEL ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE)

static const char strings[] =
	"\0one\0two\0.L3\0$x\0sized\0data\0before\0behind\0object\0f.cold\0far";

static uint32_t name(const char *text)
{
	for (uint32_t at = 1; at < sizeof(strings); at += (uint32_t)strlen(strings + at) + 1)
		if (!strcmp(strings + at, text))
			return at;
	fail();
	return 0;
}

static void test_labels(void **state)
{
	static struct image image;
	static const char code[0x100], data[0x20];
	struct rp_symbol *labels;
	struct rp_elf *elf;
	unsigned text, more;
	size_t n;

	(void)state;
	image__start(&image);
	text = image__add(&image, ".text", SHT_PROGBITS, TEXT_ADDR, code, sizeof(code));
	image.sections[text].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	more = image__add(&image, ".data", SHT_PROGBITS, DATA_ADDR, data, sizeof(data));
	image.sections[more].sh_flags = SHF_ALLOC | SHF_WRITE;
	{
		const Elf64_Sym symbols[] = {
			{0},
			{name("one"), LABEL, 0, (uint16_t)text, TEXT_ADDR, 0},
			{name("two"), FUNC, 0, (uint16_t)text, TEXT_ADDR + 0xff, 0},
			{name(".L3"), LABEL, 0, (uint16_t)text, TEXT_ADDR + 8, 0},
			{name("$x"), LABEL, 0, (uint16_t)text, TEXT_ADDR + 8, 0},
			{name("sized"), FUNC, 0, (uint16_t)text, TEXT_ADDR + 16, 16},
			{name("data"), LABEL, 0, (uint16_t)more, DATA_ADDR, 0},
			{name("before"), LABEL, 0, (uint16_t)text, TEXT_ADDR - 1, 0},
			{name("behind"), LABEL, 0, (uint16_t)text, TEXT_ADDR + 0x100, 0},
			{name("object"), VARIABLE, 0, (uint16_t)text, TEXT_ADDR + 8, 0},
			{name("f.cold"), LABEL, 0, (uint16_t)text, TEXT_ADDR + 8, 0},
			{name("far"), LABEL, 0, 77, TEXT_ADDR + 8, 0},
			{name("far"), LABEL, 0, SHN_UNDEF, TEXT_ADDR + 8, 0},
			{name("far"), LABEL, 0, SHN_ABS, TEXT_ADDR + 8, 0},
			{0, LABEL, 0, (uint16_t)text, TEXT_ADDR + 8, 0},
		};

		image__add_symbols(&image, SHT_SYMTAB, symbols,
				   sizeof(symbols) / sizeof(symbols[0]), strings, sizeof(strings));
	}
	image__finish(&image);
	elf = open_image(&image);
	assert_int_equal(rp_elf__labels(elf, &labels, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(labels[0].name, "one");
	assert_string_equal(labels[0].linker, "one");
	assert_int_equal(labels[0].addr, TEXT_ADDR);
	assert_int_equal(labels[0].offset, TEXT_OFFSET);
	assert_int_equal(labels[0].size, 0x100);
	assert_string_equal(labels[1].name, "two");
	assert_int_equal(labels[1].addr, TEXT_ADDR + 0xff);
	assert_int_equal(labels[1].offset, TEXT_OFFSET + 0xff);
	assert_int_equal(labels[1].size, 1);
	free(labels);
	rp_elf__free(elf);
}

/* Tables that cannot be read have none. */
static void test_no_labels(void **state)
{
	static struct image image;
	struct rp_symbol *labels;
	struct rp_elf *elf;
	size_t n = 7;

	(void)state;
	image__start(&image);
	image__finish(&image);
	elf = open_image(&image);
	assert_int_equal(rp_elf__labels(elf, &labels, &n), 0);
	assert_int_equal(n, 0);
	free(labels);
	rp_elf__free(elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_no_labels),
	};

	return cmocka_run_group_tests_name("elf_labels", tests, NULL, NULL);
}
