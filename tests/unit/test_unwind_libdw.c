// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Tables of unwind rows against what libdw says of the same instructions, in installed objects. */
#include "elf_image.h"
#include "unwind/rows.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <glob.h>

#define REG_FP	   6
#define REG_SP	   7
#define REG_RETURN 16

static bool is_at_cfa(const Dwarf_Op *ops, size_t n, int64_t *offset)
{
	*offset = (int64_t)ops[1].number;
	return n == 2 && ops[0].atom == DW_OP_call_frame_cfa && ops[1].atom == DW_OP_plus_uconst &&
	       *offset % 8 == 0;
}

/* false: no row can hold it. */
static bool set_cfa(const Dwarf_Op *ops, size_t n, struct rp_unwind_row *row)
{
	int64_t offset = (int64_t)(ops[0].atom == DW_OP_bregx ? ops[0].number2 : ops[0].number);

	if (n == 9 && ops[0].atom == DW_OP_breg7 && offset == 8 && ops[1].atom == DW_OP_breg16 &&
	    ops[8].atom == DW_OP_plus) {
		row->cfa = RP_UNWIND_CFA_PLT;
		row->off = (int16_t)(ops[4].atom - DW_OP_lit0);
		return true;
	}
	if (n == 1 && ops[0].atom == DW_OP_bregx && ops[0].number == REG_SP && offset % 8 == 0 &&
	    offset / 8 >= RP_UNWIND_FAR && offset / 8 <= RP_UNWIND_FAR + UINT16_MAX) {
		row->cfa = RP_UNWIND_CFA_SP_FAR;
		row->off = (int16_t)(offset / 8 - RP_UNWIND_FAR);
		return true;
	}
	row->off = (int16_t)(offset / 8);
	if (offset % 8 || row->off != offset / 8)
		return false;
	if (n == 1 && ops[0].atom == DW_OP_bregx && ops[0].number == REG_SP)
		row->cfa = RP_UNWIND_CFA_SP;
	else if (n == 1 && ops[0].atom == DW_OP_bregx && ops[0].number == REG_FP)
		row->cfa = RP_UNWIND_CFA_FP;
	else if (n == 2 && ops[0].atom == DW_OP_breg6 && ops[1].atom == DW_OP_deref)
		row->cfa = RP_UNWIND_CFA_FP_DEREF;
	else if (n == 3 && ops[0].atom == DW_OP_breg7 && ops[1].atom == DW_OP_deref &&
		 ops[2].atom == DW_OP_plus_uconst && ops[2].number == 8)
		row->cfa = RP_UNWIND_CFA_SP_DEREF;
	else
		return false;
	return true;
}

static void set_fp(Dwarf_Frame *frame, struct rp_unwind_row *row)
{
	Dwarf_Op mem[3], *ops;
	int64_t offset;
	size_t n;

	assert_int_equal(dwarf_frame_register(frame, REG_FP, mem, &ops, &n), 0);
	row->fp = RP_UNWIND_FP_LOST;
	if (!n && ops != mem)
		row->fp = RP_UNWIND_FP_SAME;
	else if (n == 2 && ops[1].atom == DW_OP_breg6 && !ops[1].number)
		row->fp = RP_UNWIND_FP_AT_FP;
	else if (is_at_cfa(ops, n, &offset) && offset / 8 > -128 && offset / 8 < 127)
		row->fp = (int8_t)(offset / 8);
}

/* What libdw says that holds at an address, as a row would have it. */
static struct rp_unwind_row libdw_row(Dwarf_CFI *cfi, uint64_t addr)
{
	struct rp_unwind_row row = {.cfa = RP_UNWIND_GAP}, unknown = {.cfa = RP_UNWIND_UNKNOWN};
	Dwarf_Op mem[3], *cfa, *ret;
	size_t n_cfa, n_ret;
	Dwarf_Frame *frame;
	int64_t offset;
	bool signal;

	if (dwarf_cfi_addrframe(cfi, addr, &frame))
		return row;
	dwarf_frame_info(frame, NULL, NULL, &signal);
	assert_int_equal(dwarf_frame_register(frame, REG_RETURN, mem, &ret, &n_ret), 0);
	assert_int_equal(dwarf_frame_cfa(frame, &cfa, &n_cfa), 0);
	if (!n_ret && ret == mem)
		row.cfa = RP_UNWIND_OUTERMOST;
	else if (signal && n_cfa == 2 && cfa[0].atom == DW_OP_breg7 && cfa[0].number == 160)
		row.cfa = RP_UNWIND_SIGNAL;
	else if (n_ret == 1 && ret[0].atom == DW_OP_regx && ret[0].number == 5 &&
		 set_cfa(cfa, n_cfa, &row) && row.cfa == RP_UNWIND_CFA_SP)
		row.cfa = RP_UNWIND_RETURN_DI;
	else if (!is_at_cfa(ret, n_ret, &offset) || offset != -8 || !set_cfa(cfa, n_cfa, &row))
		row = unknown;
	else
		set_fp(frame, &row);
	free(frame);
	return row;
}

static bool agree(const struct rp_unwind_row *row, struct rp_unwind_row libdw)
{
	static const struct rp_unwind_row gap = {.cfa = RP_UNWIND_GAP};

	row = row ? row : &gap;
	/* The byte behind it belongs to it: see ends_in_call(). */
	if (row->cfa == RP_UNWIND_SIGNAL && libdw.cfa == RP_UNWIND_GAP)
		return true;
	return row->cfa == libdw.cfa && row->fp == libdw.fp && row->off == libdw.off;
}

/* At each row's first and last byte. */
static size_t differences(const struct rp_unwind_rows *rows, Dwarf_CFI *cfi)
{
	size_t different = 0;

	for (size_t i = 0; i < rows->n; i++) {
		uint64_t addr = rows->base + rows->rows[i].pc;

		for (uint64_t at = i ? addr - 1 : addr; at <= addr; at++) {
			const struct rp_unwind_row *row = rp_unwind_rows__find(rows, at);
			struct rp_unwind_row libdw = libdw_row(cfi, at);

			if (agree(row, libdw))
				continue;
			if (different++ < 10)
				print_message("  at %#jx: {%u %d %d}, libdw {%u %d %d}\n",
					      (uintmax_t)at, row ? row->cfa : 99, row ? row->fp : 0,
					      row ? row->off : 0, libdw.cfa, libdw.fp, libdw.off);
		}
	}
	return different;
}

static void compare(const char *path)
{
	struct rp_elf *elf = open_path(path);
	struct rp_eh_frame eh_frame;
	struct rp_unwind_rows rows;
	size_t unknown = 0;
	Dwarf_CFI *cfi;
	Elf *libelf;
	char *data;
	int fd;

	assert_int_equal(rp_elf__eh_frame(elf, &data, &eh_frame.size, &eh_frame.addr), 0);
	eh_frame.data = data;
	assert_int_equal(rp_unwind_rows__read(&eh_frame, &rows), 0);
	for (size_t i = 0; i < rows.n; i++)
		unknown += rows.rows[i].cfa == RP_UNWIND_UNKNOWN;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	elf_version(EV_CURRENT);
	libelf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	cfi = dwarf_getcfi_elf(libelf);
	assert_non_null(cfi);
	print_message("%s: %zu functions, %zu rows (%zu KiB), %zu unknown, %zu broken\n", path,
		      rows.functions, rows.n, rows.n * sizeof(*rows.rows) >> 10, unknown,
		      rows.broken);
	assert_int_equal(rows.broken, 0);
	assert_int_equal(differences(&rows, cfi), 0);
	dwarf_cfi_end(cfi);
	elf_end(libelf);
	close(fd);
	rp_unwind_rows__free(&rows);
	free(data);
	rp_elf__free(elf);
}

static void compare_installed(const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found)) {
		print_message("SKIPPED: there is no %s here\n", pattern);
		return;
	}
	compare(found.gl_pathv[0]);
	globfree(&found);
}

static void test_own(void **state)
{
	(void)state;
	compare("/proc/self/exe");
}

static void test_installed(void **state)
{
	static const char *const patterns[] = {
		"/lib/*/libc.so.6",
		"/lib/*/ld-linux*.so*",
		"/lib/*/libm.so.6",
		"/usr/bin/python3.11",
		"/usr/lib/*/libstdc++.so.6",
		"/usr/lib/*/libcrypto.so.3",
		"/usr/bin/redis-server",
		"/usr/lib/postgresql/*/bin/postgres",
		"/usr/bin/node",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		compare_installed(patterns[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_installed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
