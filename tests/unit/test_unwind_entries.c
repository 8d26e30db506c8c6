// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Entries of .eh_frame, byte by byte: what each says, and what is none. */
#include <dwarf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unwind/entries.h"

#define ADDR 0x700000

/* A section: one CIE, and functions of it. */
static struct section {
	uint8_t bytes[512];
	size_t size;
} s;

static void put(const void *bytes, size_t size)
{
	assert_true(s.size + size <= sizeof(s.bytes));
	memcpy(s.bytes + s.size, bytes, size);
	s.size += size;
}

static void put_number(uint64_t number, size_t size)
{
	put(&number, size);
}

static size_t begin_entry(uint32_t id)
{
	size_t at = s.size;

	put_number(0, 4);
	put_number(id, 4);
	return at;
}

static void end_entry(size_t at)
{
	uint32_t length = (uint32_t)(s.size - at - 4);

	memcpy(s.bytes + at, &length, 4);
}

/* Alignments 2 and -8, return address in register 16, one instruction. */
static void put_cie(uint8_t version, const char *letters, const char *data, size_t data_size)
{
	size_t at;

	s.size = 0;
	at = begin_entry(0);
	put_number(version, 1);
	put(letters, strlen(letters) + 1);
	put_number(2, 1);
	put_number(0x78, 1);
	put_number(version == 1 ? 0x90 : 16, 1); /* as LEB128 that would go on */
	if (letters[0] == 'z') {
		put_number(data_size, 1);
		put(data, data_size);
	}
	put("\x11", 1);
	end_entry(at);
}

static void put_fde(const void *start, size_t start_size, const void *size, size_t size_size,
		    bool has_data)
{
	size_t at = begin_entry((uint32_t)s.size + 4);

	put(start, start_size);
	put(size, size_size);
	if (has_data)
		put("\2ab", 3);
	put("\x22\x33", 2);
	end_entry(at);
}

static struct rp_eh_frame section(void)
{
	return (struct rp_eh_frame){.data = s.bytes, .size = s.size, .addr = ADDR};
}

static enum rp_unwind_entry read_at(size_t *offset, size_t *cie, struct rp_unwind_fde *fde)
{
	const struct rp_eh_frame frame = section();

	return rp_unwind_entry__read(&frame, offset, cie, fde);
}

/* The only function, behind the CIE. */
static enum rp_unwind_entry read_function(struct rp_unwind_fde *fde)
{
	size_t offset = 0, cie = SIZE_MAX;

	memset(fde, 0, sizeof(*fde));
	assert_int_equal(read_at(&offset, &cie, fde), RP_UNWIND_ENTRY_OTHER);
	return read_at(&offset, &cie, fde);
}

/* ---- addresses --------------------------------------------------------------------------------
 */

static const struct {
	uint8_t encoding;
	const char *start, *size;
	size_t start_len, size_len;
	uint64_t is_start, is_size; /* size 0: it is refused */
} encoded[] = {
	{DW_EH_PE_absptr, "\1\2\3\4\5\6\7\x08", "\x10\0\0\0\0\0\0\x01", 8, 8, 0x0807060504030201,
	 0x0100000000000010},
	{DW_EH_PE_udata8, "\1\2\3\4\5\6\7\x88", "\x10\0\0\0\0\0\0\0", 8, 8, 0x8807060504030201,
	 0x10},
	{DW_EH_PE_sdata8, "\1\2\3\4\5\6\7\x08", "\x10\0\0\0\0\0\0\0", 8, 8, 0x0807060504030201,
	 0x10},
	{DW_EH_PE_uleb128, "\x81\x82\x03", "\xff\x01", 3, 2, 0xc101, 0xff},
	{DW_EH_PE_sleb128, "\x81\x02", "\x85\x01", 2, 2, 0x101, 0x85},
	{DW_EH_PE_udata2, "\xfe\xff", "\xff\xff", 2, 2, 0xfffe, 0xffff},
	{DW_EH_PE_sdata2, "\xfe\x7f", "\xff\x7f", 2, 2, 0x7ffe, 0x7fff},
	{DW_EH_PE_udata4, "\xfd\xff\xff\xff", "\xff\xff\xff\xff", 4, 4, 0xfffffffd, 0xffffffff},
	{DW_EH_PE_sdata4, "\xfd\xff\xff\x7f", "\xff\xff\0\0", 4, 4, 0x7ffffffd, 0xffff},
	/* Relative to where the number stands; the size is relative to nothing. */
	{DW_EH_PE_pcrel | DW_EH_PE_sdata2, "\xfe\xff", "\xff\x7f", 2, 2, 1, 0x7fff},
	{DW_EH_PE_pcrel | DW_EH_PE_sdata4, "\0\0\0\x80", "\1\0\0\0", 4, 4, 1, 1},
	{DW_EH_PE_pcrel | DW_EH_PE_sleb128, "\x7f", "\1", 1, 1, 1, 1},
	{DW_EH_PE_pcrel | DW_EH_PE_udata4, "\2\0\0\x80", "\1\0\0\0", 4, 4, 1, 1},
	{DW_EH_PE_pcrel | DW_EH_PE_absptr, "\2\0\0\0\0\0\0\0", "\7\0\0\0\0\0\0\0", 8, 8, 1, 7},
	/* To what nobody can say, or written in no way that is known. */
	{DW_EH_PE_datarel | DW_EH_PE_udata4, "\1\0\0\0", "\1\0\0\0", 4, 4, 0, 0},
	{DW_EH_PE_textrel | DW_EH_PE_udata4, "\1\0\0\0", "\1\0\0\0", 4, 4, 0, 0},
	{0x05, "\1\0\0\0\0\0\0\0", "\1\0\0\0\0\0\0\0", 8, 8, 0, 0},
	{0x0f, "\1\0\0\0\0\0\0\0", "\1\0\0\0\0\0\0\0", 8, 8, 0, 0},
	/* Of no size, or past the end of all addresses. */
	{DW_EH_PE_udata2, "\1\0", "\0\0", 2, 2, 0, 0},
	{DW_EH_PE_sdata2, "\xfe\xff", "\2\0", 2, 2, 0, 0},
	{DW_EH_PE_sdata2, "\xfe\xff", "\1\0", 2, 2, UINT64_MAX - 1, 1},
};

static void test_encodings(void **state)
{
	static const int64_t relative[] = {-2, INT32_MIN, -1, 0x80000002, 2};
	struct rp_unwind_fde fde;
	size_t n_relative = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++) {
		const char encoding = (char)encoded[i].encoding;
		uint64_t start = encoded[i].is_start;

		put_cie(1, "zR", &encoding, 1);
		if (encoded[i].is_size && (encoded[i].encoding & 0x70))
			start = ADDR + s.size + 8 + (uint64_t)relative[n_relative++];
		put_fde(encoded[i].start, encoded[i].start_len, encoded[i].size,
			encoded[i].size_len, true);
		if (!encoded[i].is_size) {
			assert_int_equal(read_function(&fde), RP_UNWIND_ENTRY_BROKEN);
			continue;
		}
		assert_int_equal(read_function(&fde), RP_UNWIND_ENTRY_FDE);
		assert_true(fde.start == start);
		assert_true(fde.size == encoded[i].is_size);
		assert_int_equal(fde.program.end - fde.program.at, 2);
		assert_int_equal(*fde.program.at, 0x22);
	}
}

/* ---- what they have in common -----------------------------------------------------------------
 */

static const uint8_t start8[8] = {0x10}, size8[8] = {0x20}, start4[4] = {0x10}, size4[4] = {0x20};

static void test_augmentations(void **state)
{
	static const struct {
		const char *letters, *data;
		size_t len;
		bool is_known, is_signal, is_short; /* addresses of 4 bytes */
	} rows[] = {
		{"", "", 0, true, false, false},
		{"z", "", 0, true, false, false},
		{"zR", "\3", 1, true, false, true},
		{"zRS", "\3", 1, true, true, true},
		{"zSR", "\3", 1, true, true, true},
		{"zLR", "\xff\3", 2, true, false, true},
		{"zPLR", "\0\1\2\3\4\5\6\7\x08\x1b\3", 11, true, false, true},
		{"zPR", "\x1b\1\2\3\4\3", 6, true, false, true},
		{"zPR", "\xff\3", 2, true, false, true}, /* none at all */
		{"zBR", "\3", 1, true, false, true},
		{"zGR", "\3", 1, true, false, true},
		{"zRRRRRRR", "\0\0\0\0\0\0\3", 7, true, false, true},
		{"zRRRRRRRR", "\0\0\0\0\0\0\0\3", 8, false, false, false},
		{"zRX", "\3\0", 2, false, false, false},
		{"zR", "", 0, false, false, false},
		{"zPR", "\x1b\1\2\3\4", 5, false, false, false},
		{"zPR", "\x05\3", 2, false, false, false},
		{"R", "", 0, false, false, false},
		{"eh", "", 0, false, false, false},
	};
	struct rp_unwind_fde fde;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool has_data = rows[i].letters[0] == 'z';

		put_cie(1, rows[i].letters, rows[i].data, rows[i].len);
		if (rows[i].is_short)
			put_fde(start4, 4, size4, 4, has_data);
		else
			put_fde(start8, 8, size8, 8, has_data);
		if (!rows[i].is_known) {
			assert_int_equal(read_function(&fde), RP_UNWIND_ENTRY_BROKEN);
			continue;
		}
		assert_int_equal(read_function(&fde), RP_UNWIND_ENTRY_FDE);
		assert_int_equal(fde.start, 0x10);
		assert_int_equal(fde.size, 0x20);
		assert_int_equal(fde.cie.is_signal, rows[i].is_signal);
		assert_int_equal(fde.cie.has_data, has_data);
		assert_int_equal(fde.cie.encoding, rows[i].is_short ? 3 : 0);
		assert_int_equal(fde.cie.code_align, 2);
		assert_int_equal(fde.cie.data_align, -8);
		assert_int_equal(fde.cie.program.end - fde.cie.program.at, 1);
		assert_int_equal(*fde.cie.program.at, 0x11);
		assert_int_equal(fde.program.end - fde.program.at, 2);
		assert_int_equal(*fde.program.at, 0x22);
	}
}

static void test_versions(void **state)
{
	struct rp_unwind_fde fde;

	(void)state;
	for (uint8_t version = 0; version < 6; version++) {
		put_cie(version, "", "", 0);
		put_fde(start8, 8, size8, 8, false);
		if (version != 1 && version != 3) {
			assert_int_equal(read_function(&fde), RP_UNWIND_ENTRY_BROKEN);
			continue;
		}
		assert_int_equal(read_function(&fde), RP_UNWIND_ENTRY_FDE);
		assert_int_equal(fde.cie.return_reg, version == 1 ? 0x90 : 16);
	}
}

/* ---- one after the other ----------------------------------------------------------------------
 */

/* Functions in a row do not have theirs read again; after one that is broken it is. */
static void test_in_a_row(void **state)
{
	size_t offset = 0, cie = SIZE_MAX, behind_cie, at;
	struct rp_unwind_fde fde = {0};

	(void)state;
	put_cie(1, "zR", "\3", 1);
	behind_cie = s.size;
	put_fde(start4, 4, size4, 4, true);
	at = begin_entry((uint32_t)s.size + 4 + 4096); /* before the section */
	end_entry(at);
	at = begin_entry((uint32_t)(s.size + 4 - behind_cie)); /* that is a function */
	end_entry(at);
	at = begin_entry((uint32_t)s.size + 4);
	put(start8, 8);
	put(size8, 8);
	end_entry(at);
	put_number(0, 4);
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_OTHER);
	assert_int_equal(offset, behind_cie);
	assert_int_equal(cie, SIZE_MAX);
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_FDE);
	assert_int_equal(cie, 0);
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_BROKEN);
	assert_int_equal(cie, 0);
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_BROKEN);
	assert_int_equal(cie, SIZE_MAX);
	cie = 0;
	fde.cie = (struct rp_unwind_cie){.encoding = DW_EH_PE_absptr};
	at = offset;
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_FDE);
	assert_int_equal(fde.start, 0x10);
	assert_int_equal(fde.size, 0x20);
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_END);
	/* Read again it has addresses of 4 bytes. */
	cie = SIZE_MAX;
	assert_int_equal(read_at(&at, &cie, &fde), RP_UNWIND_ENTRY_BROKEN);
	assert_int_equal(cie, 0);
}

/* A length of 64 bits, one past the end, and nothing there. */
static void test_lengths(void **state)
{
	size_t offset, cie = SIZE_MAX, behind;
	struct rp_unwind_fde fde;

	(void)state;
	put_cie(1, "", "", 0);
	behind = s.size;
	put_number(0xffffffff, 4);
	put_number(4 + 8 + 8 + 1, 8);
	put_number(s.size, 4);
	put(start8, 8);
	put(size8, 8);
	put("\x22", 1);
	offset = behind;
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_FDE);
	assert_int_equal(offset, s.size);
	assert_int_equal(fde.program.end - fde.program.at, 1);
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_END);
	s.size--;
	offset = behind;
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_END);
	s.size = behind;
	put_number(3, 4);
	put("abc", 3);
	offset = behind;
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_BROKEN);
	offset = s.size + 100;
	assert_int_equal(read_at(&offset, &cie, &fde), RP_UNWIND_ENTRY_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings), cmocka_unit_test(test_augmentations),
		cmocka_unit_test(test_versions),  cmocka_unit_test(test_in_a_row),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests_name("unwind_entries", tests, NULL, NULL);
}
