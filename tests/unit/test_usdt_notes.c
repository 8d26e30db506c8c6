// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "elf_image.h"

/* An image with n notes, which last as long as it is open. */
static struct rp_elf *open_notes(const struct image *img, size_t n,
				 const struct rp_usdt_note **notes)
{
	struct rp_elf *elf = open_image(img);
	struct rp_err err = {0};
	size_t found;

	assert_int_equal(rp_elf__usdt(elf, notes, &found, &err), 0);
	assert_int_equal(found, n);
	return elf;
}

static void test_usdt(void **state)
{
	const struct rp_usdt_note *notes;
	struct image img;
	struct rp_elf *elf;

	(void)state;
	full_image(&img);
	elf = open_notes(&img, 3, &notes);
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
	struct rp_elf *elf;
	char bytes[512];
	size_t size;

	(void)state;
	image__start(&img);
	size = PROBE(bytes, TEXT_ADDR - 0x1000 + 8, DATA_ADDR - 0x1000, DATA_ADDR - 0x1000 + 16,
		     "app\0moved\0");
	size += PROBE(bytes + size, TEXT_ADDR + 8, 0, 0, "app\0nobase\0");
	image__add(&img, ".note.stapsdt", SHT_NOTE, 0, bytes, size);
	image__add(&img, ".stapsdt.base", SHT_PROGBITS, DATA_ADDR, "", 1);
	image__finish(&img);
	elf = open_notes(&img, 2, &notes);
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
	struct rp_elf *elf;
	char bytes[2048];
	Elf64_Nhdr last = {.n_namesz = 8, .n_descsz = UINT32_MAX, .n_type = 3};
	size_t size;

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
	elf = open_notes(&img, 1, &notes);
	assert_string_equal(notes[0].name, "good");
	rp_elf__free(elf);
}

/* In a section whose notes are aligned to 8 bytes, so are their owner and what follows it. */
static void test_usdt_aligned_to_8(void **state)
{
	static const char strings[] = "app\0job\0";
	const Elf64_Nhdr hdr = {.n_namesz = 8, .n_descsz = 24 + sizeof(strings), .n_type = 3};
	const uint64_t addrs[3] = {TEXT_ADDR + 8};
	const struct rp_usdt_note *notes;
	char bytes[128] = {0};
	struct image img;
	struct rp_elf *elf;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *note = bytes + 64 * i;

		memcpy(note, &hdr, sizeof(hdr));
		strcpy(note + 12, "stapsdt");
		memcpy(note + 24, addrs, sizeof(addrs));
		memcpy(note + 48, strings, sizeof(strings));
	}
	image__start(&img);
	img.sections[image__add(&img, ".note.stapsdt", SHT_NOTE, 0, bytes, sizeof(bytes))]
		.sh_addralign = 8;
	image__finish(&img);
	elf = open_notes(&img, 2, &notes);
	assert_string_equal(notes[1].name, "job");
	assert_int_equal(notes[1].addr, TEXT_ADDR + 8);
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
	elf = open_notes(&img, 1, &notes);
	assert_string_equal(notes[0].name, "step");
	rp_elf__free(elf);
	/* Sections that overlap: the same notes twice, no harm done. */
	full_image(&img);
	image__section(&img, 6)->sh_offset = image__section(&img, 5)->sh_offset;
	image__section(&img, 6)->sh_size = image__section(&img, 5)->sh_size;
	elf = open_notes(&img, 4, &notes);
	rp_elf__free(elf);
	full_image(&img);
	image__section(&img, 5)->sh_size = UINT64_MAX;
	image__section(&img, 6)->sh_size = img.size;
	elf = open_image(&img);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), -EBADMSG);
	assert_non_null(strstr(err.cause, "image: its USDT notes cannot be read: "));
	rp_elf__free(elf);
}

/* ---- real programs ------------------------------------------------------------------------ */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usdt),
		cmocka_unit_test(test_usdt_base),
		cmocka_unit_test(test_usdt_skipped),
		cmocka_unit_test(test_usdt_aligned_to_8),
		cmocka_unit_test(test_usdt_section_broken),
		cmocka_unit_test(test_python),
		cmocka_unit_test(test_postgres),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
