// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Broken ELF images of every sort: they are refused or give what is left of them, nothing worse. */
#include "elf_image.h"

/* Ask a possibly broken image for everything; whatever it says must hang together. */
static void walk(int fd)
{
	const struct rp_usdt_note *notes;
	const struct rp_symbol *symbols;
	struct rp_err err = {0};
	struct rp_elf *elf;
	size_t n;
	uint64_t offset;

	if (rp_elf__open(fd, "image", &elf, &err)) {
		assert_true(err.cause[0]);
		return;
	}
	if (!rp_elf__symbols(elf, &symbols, &n, &err))
		for (size_t i = 0; i < n; i++) {
			assert_true(strlen(symbols[i].name) && strlen(symbols[i].linker));
			assert_int_equal(rp_elf__offset(elf, symbols[i].addr, &offset), 0);
			assert_int_equal(offset, symbols[i].offset);
			assert_true(i == 0 || symbols[i - 1].offset <= symbols[i].offset);
		}
	if (!rp_elf__usdt(elf, &notes, &n, &err))
		for (size_t i = 0; i < n; i++) {
			assert_true(strlen(notes[i].provider) && strlen(notes[i].name));
			assert_true(strlen(notes[i].args) < sizeof(struct image));
			assert_int_equal(rp_elf__offset(elf, notes[i].addr, &offset), 0);
			assert_int_equal(offset, notes[i].offset);
		}
	assert_true(strlen(rp_elf__build_id(elf)) <= 128);
	rp_elf__free(elf);
}

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
	for (int round = 0; round < 8000; round++) {
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
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bytes_changed),
		cmocka_unit_test(test_extreme_sections),
		cmocka_unit_test(test_sparse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
