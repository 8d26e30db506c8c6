// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Go's line tables: those of each version, and broken ones of every sort. They are put before a
 * page that may not be read, so that a step too far ends the test.
 */
#include "discover/go_table.h"

#include "elf_image.h"

#define GO_1_16	   0xfffffffa
#define GO_1_18	   0xfffffff0
#define GO_1_20	   0xfffffff1
#define N	   3
#define TABLE_SIZE 512
#define NAMES	   128 /* where the parts are */
#define FUNCTIONS  256
#define DESCRIBED  (FUNCTIONS + 64)
#define ROUNDS	   200000

static const char names[] = "\0main.main\0main.(*T).step\0runtime.exit";
static const uint32_t name_at[N] = {1, 11, 26};
static const uint64_t begins[N + 1] = {TEXT_ADDR, TEXT_ADDR + 32, TEXT_ADDR + 96, TEXT_ADDR + 128};

struct table {
	char bytes[TABLE_SIZE];
};

static void put(struct table *t, size_t at, uint64_t value, size_t size)
{
	memcpy(t->bytes + at, &value, size);
}

/* As the linker of that version makes it. */
static void make(struct table *t, uint32_t magic, uint64_t text)
{
	bool wide = magic == GO_1_16;
	size_t number = wide ? 8 : 4;
	const uint64_t words[] = {N, 1, text, NAMES, 0, 0, 0, FUNCTIONS};
	const uint64_t old[] = {N, 1, NAMES, 0, 0, 0, FUNCTIONS};

	memset(t, 0, sizeof(*t));
	put(t, 0, magic, 4);
	t->bytes[6] = 1;
	t->bytes[7] = 8;
	memcpy(t->bytes + 8, wide ? old : words, wide ? sizeof(old) : sizeof(words));
	memcpy(t->bytes + NAMES, names, sizeof(names));
	for (size_t i = 0; i <= N; i++) {
		uint64_t begin = wide ? begins[i] : begins[i] - TEXT_ADDR;

		put(t, FUNCTIONS + 2 * i * number, begin, number);
		if (i == N)
			break;
		put(t, FUNCTIONS + (2 * i + 1) * number, DESCRIBED - FUNCTIONS + 16 * i, number);
		put(t, DESCRIBED + 16 * i, begin, number);
		put(t, DESCRIBED + 16 * i + number, name_at[i], 4);
	}
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* The last bytes before what may not be read; the same place at each call. */
static const char *at_an_edge(const void *bytes, size_t size)
{
	static char *edge;
	long page = sysconf(_SC_PAGESIZE);

	if (!edge) {
		edge = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
		assert_ptr_not_equal(edge, MAP_FAILED);
		assert_int_equal(mprotect(edge + page, page, PROT_NONE), 0);
	}
	return memcpy(edge + page - size, bytes, size);
}

static void test_versions(void **state)
{
	static const uint32_t versions[] = {GO_1_16, GO_1_18, GO_1_20};
	struct rp_go_function f;
	struct rp_go_table t;
	struct table table;

	(void)state;
	for (size_t v = 0; v < 3; v++) {
		make(&table, versions[v], TEXT_ADDR);
		assert_int_equal(rp_go_table__open(&t, table.bytes, sizeof(table)), 0);
		assert_int_equal(!t.text_at, versions[v] == GO_1_16);
		for (size_t i = 0; i < N; i++) {
			assert_true(rp_go_table__next(&t, &f));
			assert_string_equal(f.name, names + name_at[i]);
			assert_int_equal(f.addr, begins[i]);
			assert_int_equal(f.size, begins[i + 1] - begins[i]);
		}
		assert_false(rp_go_table__next(&t, &f));
	}
}

static void test_is_none(void **state)
{
	struct rp_go_table t;
	struct table table;

	(void)state;
	make(&table, 0xfffffffb, TEXT_ADDR); /* Go 1.2 */
	assert_int_equal(rp_go_table__open(&t, table.bytes, sizeof(table)), -ENOENT);
	make(&table, GO_1_18, TEXT_ADDR);
	table.bytes[7] = 4; /* of 32 bits */
	assert_int_equal(rp_go_table__open(&t, table.bytes, sizeof(table)), -ENOENT);
	for (unsigned least = 0; least < 8; least++) { /* bytes of an instruction: 4 on arm64 */
		make(&table, GO_1_18, TEXT_ADDR);
		table.bytes[6] = (char)least;
		assert_int_equal(rp_go_table__open(&t, table.bytes, sizeof(table)),
				 least == 1 || least == 4 ? 0 : -ENOENT);
	}
	make(&table, GO_1_18, TEXT_ADDR);
	assert_int_equal(rp_go_table__open(&t, table.bytes, 7), -ENOENT);
	assert_int_equal(rp_go_table__open(&t, table.bytes, 40), -EBADMSG);
}

static void test_found_among_other_data(void **state)
{
	char bytes[64 + TABLE_SIZE] = "";
	struct rp_go_table t;
	struct table table;
	size_t at = 0;

	(void)state;
	assert_false(rp_go_table__find(bytes, sizeof(bytes), &at));
	make(&table, GO_1_20, TEXT_ADDR);
	memcpy(bytes + 64, &table, sizeof(table));
	at = 0;
	assert_true(rp_go_table__find(bytes, sizeof(bytes), &at));
	assert_int_equal(at, 64);
	assert_int_equal(rp_go_table__open(&t, bytes + at, sizeof(bytes) - at), 0);
}

/* One that says wrong numbers of itself is none; one that does so of a function loses that. */
static void test_broken(void **state)
{
	static const struct {
		size_t at;
		uint64_t value;
		size_t size;
		int rc, left;
	} cases[] = {
		{8, UINT64_MAX, 8, -EBADMSG, 0},	 /* functions */
		{8, UINT64_MAX / 8 + 2, 8, -EBADMSG, 0}, /* so many that their bytes are few */
		{8, 1000, 8, -EBADMSG, 0},		 /* more than there is room for */
		{32, TABLE_SIZE, 8, -EBADMSG, 0},	 /* names */
		{64, UINT64_MAX - 7, 8, -EBADMSG, 0},	 /* the list */
		{64, TABLE_SIZE - 4, 8, -EBADMSG, 0},	 /* */
		{FUNCTIONS + 4, UINT32_MAX, 4, 0, 2},	 /* where one is described */
		{FUNCTIONS + 4, TABLE_SIZE - FUNCTIONS - 7, 4, 0, 2},
		{DESCRIBED + 16 + 4, UINT32_MAX, 4, 0, 2}, /* its name */
		{DESCRIBED + 16 + 4, TABLE_SIZE - NAMES, 4, 0, 2},
		{DESCRIBED + 16 + 4, 0, 4, 0, 2},     /* which is empty */
		{FUNCTIONS + 8, UINT32_MAX, 4, 0, 2}, /* ends before it begins */
	};
	struct rp_go_function f;
	struct rp_go_table t;
	struct table table;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *bytes;
		int left = 0;

		make(&table, GO_1_18, TEXT_ADDR);
		put(&table, cases[i].at, cases[i].value, cases[i].size);
		bytes = at_an_edge(&table, sizeof(table));
		assert_int_equal(rp_go_table__open(&t, bytes, sizeof(table)), cases[i].rc);
		while (!cases[i].rc && rp_go_table__next(&t, &f))
			left++;
		assert_int_equal(left, cases[i].left);
	}
}

/* A name without an end. */
static void test_names_run_out(void **state)
{
	struct rp_go_function f;
	struct rp_go_table t;
	struct table table;

	(void)state;
	make(&table, GO_1_18, TEXT_ADDR);
	put(&table, 32, TABLE_SIZE - 4, 8);
	put(&table, DESCRIBED + 4, 1, 4);
	memset(table.bytes + TABLE_SIZE - 4, 'x', 4);
	assert_int_equal(rp_go_table__open(&t, at_an_edge(&table, sizeof(table)), sizeof(table)),
			 0);
	assert_false(rp_go_table__next(&t, &f));
}

static void test_random_damage(void **state)
{
	struct rp_go_function f;
	struct rp_go_table t;
	struct table table;
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t size;

		make(&table, i % 2 ? GO_1_16 : GO_1_20, TEXT_ADDR);
		for (int k = 0; k < 3; k++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			table.bytes[8 + (random >> 33) % (TABLE_SIZE - 8)] = (char)(random >> 25);
		}
		size = TABLE_SIZE - (random >> 40) % 2 * ((random >> 48) % TABLE_SIZE);
		if (rp_go_table__open(&t, at_an_edge(&table, size), size))
			continue;
		while (rp_go_table__next(&t, &f))
			assert_true(strlen(f.name) < size && f.size);
	}
}

/* ---- in a file ------------------------------------------------------------------------------- */

#define TABLE_ADDR 0x500000

static void start_program(struct image *img, const struct table *table, const char *section)
{
	image__start(img);
	image__add(img, ".text", SHT_PROGBITS, TEXT_ADDR, "", 1);
	image__add(img, ".go.buildinfo", SHT_PROGBITS, DATA_ADDR, "go", 2);
	image__add(img, section, SHT_PROGBITS, TABLE_ADDR, table, sizeof(*table));
}

static size_t count(struct image *img, const struct rp_symbol **symbols, struct rp_elf **elf)
{
	struct rp_err err;
	size_t n;
	int fd;

	image__finish(img);
	fd = memory_file(img->bytes, img->size);
	assert_int_equal(rp_elf__open(fd, "image", elf, &err), 0);
	close(fd);
	if (rp_elf__symbols(*elf, symbols, &n, &err))
		fail_msg("%s", err.cause);
	return n;
}

static void test_of_a_stripped_program(void **state)
{
	const struct rp_symbol *symbols;
	struct table table;
	struct image img;
	struct rp_elf *elf;

	(void)state;
	make(&table, GO_1_18, TEXT_ADDR);
	start_program(&img, &table, ".gopclntab");
	memset(img.bytes + TEXT_OFFSET + 20, 0xcc, 12);
	assert_int_equal(count(&img, &symbols, &elf), N);
	assert_true(rp_elf__traits(elf)->names_functions && !rp_elf__traits(elf)->has_symtab);
	assert_string_equal(symbols[0].name, "main.main");
	assert_int_equal(symbols[0].offset, TEXT_OFFSET);
	/* What is between functions belongs to none. */
	assert_int_equal(symbols[0].size, MACHINE == EM_X86_64 ? 20 : 32);
	assert_string_equal(symbols[1].name, "main.(*T).step");
	assert_int_equal(symbols[1].size, 64);
	rp_elf__free(elf);
}

/* What a program that is not Go's has under that name is not looked at. */
static void test_of_another_language(void **state)
{
	const struct rp_symbol *symbols;
	struct table table;
	struct image img;
	struct rp_elf *elf;

	(void)state;
	make(&table, GO_1_18, TEXT_ADDR);
	image__start(&img);
	image__add(&img, ".gopclntab", SHT_PROGBITS, TABLE_ADDR, &table, sizeof(table));
	assert_int_equal(count(&img, &symbols, &elf), 0);
	assert_false(rp_elf__traits(elf)->names_functions);
	rp_elf__free(elf);
}

/* The address of the code is in a relocation, and the table among other data. */
static void test_of_a_relocated_program(void **state)
{
	const Elf64_Rela rela[] = {
		{.r_offset = TABLE_ADDR + 24, .r_info = 6, .r_addend = TEXT_ADDR},
		{.r_offset = TABLE_ADDR + 24,
		 .r_info = MACHINE == EM_X86_64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE,
		 .r_addend = TEXT_ADDR + 512},
	};
	const struct rp_symbol *symbols;
	struct table table;
	struct image img;
	struct rp_elf *elf;

	(void)state;
	make(&table, GO_1_20, 0);
	start_program(&img, &table, ".data.rel.ro");
	image__add(&img, ".rela.dyn", SHT_RELA, DATA_ADDR, rela, sizeof(rela));
	assert_int_equal(count(&img, &symbols, &elf), N);
	assert_int_equal(symbols[0].addr, TEXT_ADDR + 512);
	rp_elf__free(elf);
}

/* Without either, .text is believed only where the program begins as the table has it. */
static void test_without_an_address(void **state)
{
	static const char start[] = "_rt0_amd64_linux";
	const struct rp_symbol *symbols;
	struct table table;
	struct image img;
	struct rp_elf *elf;

	(void)state;
	for (int agrees = 0; agrees < 2; agrees++) {
		make(&table, GO_1_20, 0);
		memcpy(table.bytes + NAMES + name_at[2], start, sizeof(start));
		start_program(&img, &table, ".gopclntab");
		image__header(&img)->e_entry = begins[agrees ? 2 : 1];
		assert_int_equal(count(&img, &symbols, &elf), agrees ? N : 0);
		assert_true(!agrees || symbols[2].addr == begins[2]);
		rp_elf__free(elf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_is_none),
		cmocka_unit_test(test_found_among_other_data),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_names_run_out),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_of_a_stripped_program),
		cmocka_unit_test(test_of_another_language),
		cmocka_unit_test(test_of_a_relocated_program),
		cmocka_unit_test(test_without_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
