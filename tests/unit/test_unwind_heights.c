// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Code without .eh_frame: the rows that can be told from what it does to the stack. */
#include "elf_image.h"
#include "unwind/heights.h"
#include "util/sanitizer.h"

#define BASE	   0x4000ull
#define CODE	   0x100u /* pc of the gap; before it is a function that has rows */
#define SAME	   RP_UNWIND_FP_SAME
#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

struct code {
	const uint8_t *bytes;
	size_t size;
};

static size_t read_code(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct code *code = ctx;

	assert_int_equal(addr, BASE + CODE);
	if (size > code->size)
		size = code->size;
	memcpy(buf, code->bytes, size);
	return size;
}

/* All that is mapped to be run, at its addresses. */
static size_t read_elf(void *ctx, uint64_t addr, void *buf, size_t size)
{
	struct rp_elf_segment segment;

	assert_int_equal(rp_elf__code_segments(ctx, &segment, 1), 1);
	assert_true(addr >= segment.addr && addr - segment.addr < segment.size);
	if (size > segment.size - (addr - segment.addr))
		size = segment.size - (addr - segment.addr);
	return rp_elf__read(ctx, segment.offset + (addr - segment.addr), buf, size);
}

/* Behind a function, a PLT and code that no row can hold. */
static struct rp_unwind_rows rows_of(const uint8_t *bytes, size_t size)
{
	static const struct rp_unwind_row rows[] = {
		{.pc = 0, .cfa = RP_UNWIND_CFA_SP, .off = 1},
		{.pc = 0x20, .cfa = RP_UNWIND_CFA_PLT, .off = 11},
		{.pc = 0x30, .cfa = RP_UNWIND_UNKNOWN},
		{.pc = CODE, .cfa = RP_UNWIND_GAP},
	};
	struct rp_unwind_rows out = {.rows = malloc(sizeof(rows)), .n = 4, .base = BASE};

	assert_non_null(out.rows);
	memcpy(out.rows, rows, sizeof(rows));
	assert_int_equal(rp_unwind_heights__add(&out, read_code, &(struct code){bytes, size}), 0);
	assert_int_equal(out.rows[0].cfa, RP_UNWIND_CFA_SP);
	assert_int_equal(out.rows[1].cfa, RP_UNWIND_CFA_PLT);
	assert_int_equal(out.rows[2].cfa, RP_UNWIND_UNKNOWN);
	assert_int_equal(out.rows[out.n - 1].cfa, RP_UNWIND_GAP);
	for (size_t i = 1; i < out.n; i++)
		assert_true(out.rows[i].pc > out.rows[i - 1].pc);
	return out;
}

static void assert_rule(const struct rp_unwind_rows *rows, unsigned at, int cfa, int off, int fp)
{
	const struct rp_unwind_row *row = rp_unwind_rows__find(rows, BASE + CODE + at);

	assert_non_null(row);
	assert_int_equal(row->cfa, cfa);
	assert_int_equal(row->off, off);
	assert_int_equal(row->fp, fp);
}

static void assert_gap(const struct rp_unwind_rows *rows, unsigned at)
{
	assert_rule(rows, at, RP_UNWIND_GAP, 0, 0);
}

static void test_pushed_registers(void **state)
{
	struct rp_unwind_rows rows = rows_of(BYTES(0x55,		   /* push %rbp */
						   0x53,		   /* push %rbx */
						   0x48, 0x83, 0xec, 0x10, /* sub $16,%rsp */
						   0x48, 0x89, 0xfd,	   /* mov %rdi,%rbp */
						   0x48, 0xff, 0xcd,	   /* 9: dec %rbp */
						   0x75, 0xfb,		   /* jne 9 */
						   0x48, 0x8d, 0x64, 0x24,
						   0x10,   /* lea 16(%rsp),%rsp */
						   0x5b,   /* 19: pop %rbx */
						   0x5d,   /* pop %rbp */
						   0xc3)); /* 21: ret */

	(void)state;
	assert_rule(&rows, 0, RP_UNWIND_CFA_SP, 1, SAME);
	assert_rule(&rows, 1, RP_UNWIND_CFA_SP, 2, -2);
	assert_rule(&rows, 2, RP_UNWIND_CFA_SP, 3, -2);
	for (unsigned at = 6; at < 19; at++)
		assert_rule(&rows, at, RP_UNWIND_CFA_SP, 5, -2);
	assert_rule(&rows, 19, RP_UNWIND_CFA_SP, 3, -2);
	assert_rule(&rows, 20, RP_UNWIND_CFA_SP, 2, -2);
	assert_rule(&rows, 21, RP_UNWIND_CFA_SP, 1, SAME);
	assert_gap(&rows, 22);
	rp_unwind_rows__free(&rows);
}

static void test_frame_pointers(void **state)
{
	struct rp_unwind_rows rows = rows_of(BYTES(0x55,		   /* push %rbp */
						   0x48, 0x89, 0xe5,	   /* mov %rsp,%rbp */
						   0x48, 0x83, 0xe4, 0xe0, /* 4: and $-32,%rsp */
						   0x90,		   /* 8: nop */
						   0xc9,		   /* leave */
						   0xc3,		   /* 10: ret */
						   0x48, 0x8b, 0x6c, 0x24,
						   0x10, /* 11: mov 16(%rsp),%rbp */
						   0x48, 0x83, 0xc4, 0x18, /* 16: add $24,%rsp */
						   0xc3));		   /* 20: ret */

	(void)state;
	assert_rule(&rows, 8, RP_UNWIND_CFA_FP, 2, -2);
	assert_rule(&rows, 9, RP_UNWIND_CFA_FP, 2, -2);
	assert_rule(&rows, 10, RP_UNWIND_CFA_SP, 1, SAME);
	assert_rule(&rows, 11, RP_UNWIND_CFA_SP, 4, -2);
	assert_rule(&rows, 16, RP_UNWIND_CFA_SP, 4, SAME);
	rp_unwind_rows__free(&rows);
}

/* What is below a frame pointer is popped from there, and one may point above the stack pointer. */
static void test_stacks_cut_by_frame_pointers(void **state)
{
	struct rp_unwind_rows rows = rows_of(BYTES(0x90,		   /* nop */
						   0x48, 0x8d, 0x65, 0xf0, /* lea -16(%rbp),%rsp */
						   0x5b,		   /* 5: pop %rbx */
						   0x41, 0x5c,		   /* pop %r12 */
						   0x5d,		   /* pop %rbp */
						   0xc3,		   /* 9: ret */
						   0x48, 0x89, 0xec,	   /* mov %rbp,%rsp */
						   0x5d,		   /* 13: pop %rbp */
						   0xc3,		   /* 14: ret */
						   0x48, 0x8d, 0x6c, 0x24,
						   0x08,   /* lea 8(%rsp),%rbp */
						   0xc9,   /* 20: leave */
						   0xc3)); /* 21: ret */

	(void)state;
	assert_rule(&rows, 0, RP_UNWIND_CFA_FP, 2, -2);
	assert_rule(&rows, 1, RP_UNWIND_CFA_FP, 2, -2);
	assert_rule(&rows, 5, RP_UNWIND_CFA_SP, 4, -2);
	assert_rule(&rows, 6, RP_UNWIND_CFA_SP, 3, -2);
	assert_rule(&rows, 8, RP_UNWIND_CFA_SP, 2, -2);
	assert_rule(&rows, 9, RP_UNWIND_CFA_SP, 1, SAME);
	assert_rule(&rows, 10, RP_UNWIND_CFA_FP, 2, -2);
	assert_rule(&rows, 13, RP_UNWIND_CFA_SP, 2, -2);
	assert_rule(&rows, 15, RP_UNWIND_CFA_SP, 3, -2);
	assert_rule(&rows, 20, RP_UNWIND_CFA_FP, 2, -2);
	assert_rule(&rows, 21, RP_UNWIND_CFA_SP, 1, SAME);
	rp_unwind_rows__free(&rows);
}

/* Other registers, an index, and what is no whole word: each alone, as what is before it is lost.
 */
static void test_stacks_from_elsewhere(void **state)
{
	static const uint8_t codes[][6] = {
		{0x48, 0x8d, 0x63, 0xf0, 0xc3},	      /* lea -16(%rbx),%rsp */
		{0x48, 0x8d, 0x64, 0x05, 0xf0, 0xc3}, /* lea -16(%rbp,%rax),%rsp */
		{0x48, 0x8d, 0x65, 0xf3, 0xc3},	      /* lea -13(%rbp),%rsp */
		{0x48, 0x8d, 0x64, 0x24, 0x03, 0xc3}, /* lea 3(%rsp),%rsp */
		{0x48, 0x8b, 0x65, 0xf0, 0xc3},	      /* mov -16(%rbp),%rsp */
		{0x48, 0x01, 0xc4, 0xc3},	      /* add %rax,%rsp */
		{0x5c, 0xc3},			      /* pop %rsp */
		{0x66, 0x5b, 0xc3},		      /* pop %bx */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		size_t size = 6;
		struct rp_unwind_rows rows;

		while (codes[i][size - 1] != 0xc3)
			size--;
		rows = rows_of(codes[i], size);
		assert_gap(&rows, 0);
		assert_rule(&rows, (unsigned)size - 1, RP_UNWIND_CFA_SP, 1, SAME);
		rp_unwind_rows__free(&rows);
	}
}

static void test_tail_calls(void **state)
{
	struct rp_unwind_rows rows = rows_of(
		BYTES(0x5b,				  /* pop %rbx */
		      0xe9, 0xfa, 0xfe, 0xff, 0xff,	  /* to the first */
		      0x5b, 0xe9, 0x14, 0xff, 0xff, 0xff, /* to the PLT */
		      0x5b, 0xe9, 0x26, 0xff, 0xff, 0xff, /* not known */
		      0x5b, 0xff, 0xe0,			  /* jmp *%rax */
		      0xc3));

	(void)state;
	assert_rule(&rows, 0, RP_UNWIND_CFA_SP, 2, SAME);
	assert_rule(&rows, 1, RP_UNWIND_CFA_SP, 1, SAME);
	assert_rule(&rows, 6, RP_UNWIND_CFA_SP, 2, SAME);
	assert_gap(&rows, 12);
	assert_gap(&rows, 13);
	assert_gap(&rows, 18);
	rp_unwind_rows__free(&rows);
}

/* What holds at the next function says nothing of a call before it that does not return. */
static void test_calls(void **state)
{
	struct rp_unwind_rows rows = rows_of(BYTES(0x50,	     /* push %rax */
						   0xe8, 0, 0, 0, 0, /* call */
						   0x58,	     /* 6: pop %rax */
						   0xc3,	     /* ret */
						   0xe8, 0, 0, 0, 0, /* 8: call */
						   0x66, 0x90,	     /* 13: nop */
						   0xc3));	     /* 15: ret */

	(void)state;
	assert_rule(&rows, 1, RP_UNWIND_CFA_SP, 2, SAME);
	assert_gap(&rows, 8);
	assert_rule(&rows, 13, RP_UNWIND_CFA_SP, 1, SAME);
	rp_unwind_rows__free(&rows);
}

static void test_what_cannot_be_told(void **state)
{
	struct rp_unwind_rows rows = rows_of(BYTES(0x74, 0x01,	     /* je 3 */
						   0x5b,	     /* pop %rbx */
						   0xc3,	     /* 3: ret */
						   0x48, 0x89, 0xcc, /* 4: mov %rcx,%rsp */
						   0xc3, 0x48, 0x83, 0xc4,
						   0x03,       /* 8: add $3,%rsp */
						   0xc3, 0x53, /* 13: push %rbx */
						   0xc3,       /* ret */
						   0x06));     /* 15: no instruction */

	(void)state;
	assert_gap(&rows, 0);
	assert_rule(&rows, 2, RP_UNWIND_CFA_SP, 2, SAME);
	assert_gap(&rows, 4);
	assert_gap(&rows, 8);
	assert_gap(&rows, 13);
	assert_rule(&rows, 14, RP_UNWIND_CFA_SP, 1, SAME);
	assert_gap(&rows, 15);
	rp_unwind_rows__free(&rows);
}

/* A frame pointer that was written and not restored is nowhere. */
static void test_frame_pointers_that_are_lost(void **state)
{
	struct rp_unwind_rows rows = rows_of(BYTES(0x53,       /* push %rbx */
						   0x89, 0xfd, /* 1: mov %edi,%ebp */
						   0x5b,       /* 3: pop %rbx */
						   0x90, 0x90, 0x90, 0xc3));

	(void)state;
	assert_rule(&rows, 1, RP_UNWIND_CFA_SP, 2, RP_UNWIND_FP_LOST);
	assert_rule(&rows, 3, RP_UNWIND_CFA_SP, 2, SAME);
	rp_unwind_rows__free(&rows);
}

static void test_no_code(void **state)
{
	struct rp_unwind_rows rows = rows_of((const uint8_t *)"", 0);

	(void)state;
	assert_int_equal(rows.n, 4);
	rp_unwind_rows__free(&rows);
}

/* Where both know it, code says what its compiler has said in .eh_frame: of nearly all of it. */
static void test_agrees_with_tables(void **state)
{
	struct rp_unwind_rows table, rows = {.n = 1};
	struct rp_elf *elf;
	size_t told = 0, same = 0, all = 0;
	struct rp_eh_frame eh_frame;
	char *data;

	(void)state;
	if (RP_UNDER_ASAN)
		skip(); /* most of its code calls what does not return */
	rows.rows = calloc(1, sizeof(*rows.rows));
	elf = open_path("/proc/self/exe");
	assert_int_equal(rp_elf__eh_frame(elf, &data, &eh_frame.size, &eh_frame.addr), 0);
	eh_frame.data = data;
	assert_int_equal(rp_unwind_rows__read(&eh_frame, &table), 0);
	rows.base = table.base;
	rows.rows->cfa = RP_UNWIND_GAP;
	assert_int_equal(rp_unwind_heights__add(&rows, read_elf, elf), 0);
	for (uint64_t at = table.base; at < table.base + RP_UNWIND_GAPS_MAX; at++) {
		const struct rp_unwind_row *row = rp_unwind_rows__find(&rows, at);
		const struct rp_unwind_row *by_table = rp_unwind_rows__find(&table, at);

		if (by_table->cfa != RP_UNWIND_CFA_SP && by_table->cfa != RP_UNWIND_CFA_FP)
			continue;
		all++;
		told += row->cfa == by_table->cfa;
		same += row->cfa == by_table->cfa && row->off == by_table->off;
	}
	print_message("%zu bytes of code, %zu told, %zu alike\n", all, told, same);
	assert_true(told > all / 2);
	assert_true(same > told - told / 20);
	rp_unwind_rows__free(&table);
	rp_unwind_rows__free(&rows);
	free(data);
	rp_elf__free(elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pushed_registers),
		cmocka_unit_test(test_frame_pointers),
		cmocka_unit_test(test_stacks_cut_by_frame_pointers),
		cmocka_unit_test(test_stacks_from_elsewhere),
		cmocka_unit_test(test_tail_calls),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_what_cannot_be_told),
		cmocka_unit_test(test_frame_pointers_that_are_lost),
		cmocka_unit_test(test_no_code),
		cmocka_unit_test(test_agrees_with_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
