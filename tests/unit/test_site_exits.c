/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

#include <Zydis/Zydis.h>

#include "site_code.h"

/* ---- exits ----------------------------------------------------------------------------------- */

static void expect_exits(uint16_t machine, const uint8_t *code, size_t size, const char *caution,
			 const uint32_t *want, size_t n_want)
{
	struct rp_exits found;
	const char *reason;

	assert_int_equal(rp_site__exits(machine, code, size, true, NULL, &found, &reason), 0);
	assert_int_equal(found.n, n_want);
	for (size_t i = 0; i < n_want; i++)
		assert_int_equal(found.items[i].offset, want[i]);
	if (caution)
		assert_non_null(strstr(found.caution, caution));
	else
		assert_null(found.caution);
	rp_exits__free(&found);
}

#define WANT(...)                                                                                  \
	((const uint32_t[]){__VA_ARGS__}),                                                         \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

static void exits(const uint8_t *code, size_t size, const uint32_t *want, size_t n)
{
	expect_exits(EM_X86_64, code, size, NULL, want, n);
}

static void exits_but(const uint8_t *code, size_t size, const uint32_t *want, size_t n)
{
	expect_exits(EM_X86_64, code, size, "outside", want, n);
}

static void expect_no_exits(uint16_t machine, const uint8_t *code, size_t size, const char *why)
{
	struct rp_exits found;
	const char *reason;

	assert_int_equal(rp_site__exits(machine, code, size, true, NULL, &found, &reason),
			 -ENOTSUP);
	assert_non_null(strstr(reason, why));
	assert_null(found.items);
	assert_int_equal(found.n, 0);
}

static void no_exits(const uint8_t *code, size_t size, const char *why)
{
	expect_no_exits(EM_X86_64, code, size, why);
}

static void test_exits_rets(void **state)
{
	(void)state;
	exits(CODE(RET), WANT(0));
	exits(CODE(0xf3, RET), WANT(0));
	exits(CODE(0xf2, RET), WANT(0));
	exits(CODE(0xc2, 8, 0), WANT(0));
	exits(CODE(0x74, 0x01, RET, 0x31, 0xc0, RET), WANT(2, 5));
	/* ret with the padding of the next function, and a loop that ends */
	exits(CODE(0x31, 0xc0, 0xff, 0xc0, 0x75, 0xfc, RET, 0x90, 0x90), WANT(6));
}

static void test_exits_tail_calls(void **state)
{
	(void)state;
	exits(CODE(JMP_OUT), WANT(0));
	exits(CODE(0x53, 0x5b, JMP_OUT), WANT(2));
	exits(CODE(0x48, 0x83, 0xec, 0x18, 0x48, 0x83, 0xc4, 0x18, JMP_OUT), WANT(8));
	exits(CODE(0x55, 0x48, 0x89, 0xe5, 0x50, 0xc9, JMP_OUT), WANT(6)); /* leave */
	/* push rbp; mov rbp, rsp; and rsp, -32; lea rsp, [rbp+0]; pop rbp; jmp */
	exits(CODE(0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xe4, 0xe0, 0x48, 0x8d, 0x65, 0x00, 0x5d,
		   JMP_OUT),
	      WANT(13));
	exits(CODE(0xff, 0x25, 0, 0x10, 0, 0), WANT(0)); /* jmp [rip]: through the GOT */
	exits(CODE(0xff, 0x67, 0x60), WANT(0));		 /* jmp [rdi+0x60] */
	exits(CODE(0xff, 0xe2), WANT(0));		 /* jmp rdx */
}

static void test_exits_cold_parts(void **state)
{
	(void)state;
	/* push rbx; je out; pop rbx; ret */
	exits_but(CODE(0x53, JE_OUT, 0x5b, RET), WANT(8));
	/* with the stack as at entry it is a tail call, when it is taken */
	exits(CODE(JE_OUT, RET), WANT(0, 6));
	/* push rbx; je 0f; pop rbx; ret; 0f: jmp out */
	exits_but(CODE(0x53, 0x74, 0x02, 0x5b, RET, JMP_OUT), WANT(4));
	exits_but(CODE(0x53, JMP_OUT), NULL, 0);
}

static void test_exits_jump_tables(void **state)
{
	(void)state;
	/* notrack jmp rax; jmp out; ret */
	exits(CODE(0x3e, 0xff, 0xe0, JMP_OUT, RET), WANT(3, 8));
	/* lea rdx, [rip]; movslq rax, [rdx+rax*4]; add rax, rdx; jmp rax; ret */
	exits(CODE(0x48, 0x8d, 0x15, 0, 0, 0, 0, 0x48, 0x63, 0x04, 0x82, 0x48, 0x01, 0xd0, 0xff,
		   0xe0, RET),
	      WANT(16));
	/* In a frame no indirect jump is a tail call: push rbx; jmp [rdx+rax*8]; pop rbx; ret */
	exits(CODE(0x53, 0xff, 0x24, 0xc2, 0x5b, RET), WANT(5));
	/* and what follows is in the frame too: jmp out leads to a cold part, pop rbx; jmp out does
	 * not */
	exits_but(CODE(0x53, 0xff, 0x24, 0xc2, JMP_OUT, 0x5b, JMP_OUT), WANT(10));
	/* jmp [rdx+rax*8] without a frame may be either; so may it be through a register */
	no_exits(CODE(0xff, 0x24, 0xc2, RET), "jump table");
	no_exits(CODE(0x48, 0x8b, 0x04, 0xc2, 0xff, 0xe0, RET), "jump table");
	/* unknown depth: mov rsp, rax; jmp rdx */
	no_exits(CODE(0x48, 0x89, 0xc4, 0xff, 0xe2, RET), "jump table");
}

static void test_exits_after_noreturn_call(void **state)
{
	(void)state;
	/* je 0f; push rax; call; 0f: jmp out. The call never returns, so the depth at 0 is that of
	 * je. */
	exits(CODE(0x74, 0x06, 0x50, CALL, JMP_OUT), WANT(8));
	/* je 0f; push rax; call; nop; 0f: jmp out */
	exits(CODE(0x74, 0x07, 0x50, CALL, 0x90, JMP_OUT), WANT(9));
}

static void test_exits_landing_pad(void **state)
{
	(void)state;
	/* push rbx; call; pop rbx; ret; landing pad: call; pop rbx; jmp out */
	exits(CODE(0x53, CALL, 0x5b, RET, CALL, 0x5b, JMP_OUT), WANT(7, 14));
	/* Bytes behind the end that call nothing may be data: no probe on the c3 in them. */
	exits(CODE(0x53, CALL, 0x5b, RET, 0x90, RET), WANT(7));
}

static void test_exits_refused(void **state)
{
	(void)state;
	no_exits((const uint8_t *)"", 0, "size");
	no_exits((const uint8_t *)"", SIZE_MAX, "size");
	no_exits(CODE(RET, 0x06), "decode");
	exits(CODE(0x0f, 0x0b), NULL, 0);
	exits(CODE(0xeb, 0xfe), NULL, 0);
	exits(CODE(CALL), NULL, 0);
}

static void test_exits_of_odd_code(void **state)
{
	(void)state;
	no_exits(CODE(0x74, 0x01, RET, 0x90), "runs on");
	/* call 0f; ret; 0f: ret: the second is none of the function's own exits */
	no_exits(CODE(0xe8, 1, 0, 0, 0, RET, RET), "inside itself");
	/* call next; pop rax is a push and a pop */
	exits(CODE(0xe8, 0, 0, 0, 0, 0x58, JMP_OUT), WANT(6));
	/* mov rsp, rax; jmp out */
	no_exits(CODE(0x48, 0x89, 0xc4, JMP_OUT), "tail call");
	/* cs jmp rax: the kernel refuses the prefix */
	no_exits(CODE(0x2e, 0xff, 0xe0), "cannot probe");
	no_exits(CODE(0xeb, 0x08), "cannot probe");
	expect_no_exits(EM_RISCV, CODE(RET), "decoder");
}

/* ---- conditions, kinds and parts elsewhere --------------------------------------------------- */

/* Code as in a file: the function is at `base`, another one begins at `next`. */
struct file {
	const uint8_t *code;
	size_t size, base, next;
	int64_t part; /* a known part; 0: none */
	size_t part_size;
};

static size_t read_file(const void *ctx, int64_t offset, uint8_t *buf, size_t len)
{
	const struct file *file = ctx;
	int64_t at = (int64_t)file->base + offset;
	size_t end = at < (int64_t)file->next ? file->next : file->size;

	if (at < 0 || at >= (int64_t)file->size)
		return 0;
	len = len < end - (size_t)at ? len : end - (size_t)at;
	memcpy(buf, file->code + at, len);
	return len;
}

static bool known_part(const void *ctx, size_t i, int64_t *offset, size_t *size)
{
	const struct file *file = ctx;

	*offset = file->part;
	*size = file->part_size;
	return file->part && i == 0;
}

static void find_in(const struct file *file, size_t size, struct rp_exits *found)
{
	struct rp_surroundings around = {.read = read_file, .part = known_part, .ctx = file};
	const char *reason;

	assert_int_equal(rp_site__exits(EM_X86_64, file->code + file->base, size, true, &around,
					found, &reason),
			 0);
}

static void test_kinds_and_conditions(void **state)
{
	/* jne out; jmp [rdi]; and, behind ret, nothing */
	static const uint8_t code[] = {0x0f, 0x85, 0x00, 0x10, 0, 0, 0x74, 0x02, 0xff, 0x27, RET};
	struct file file = {.code = code, .size = sizeof(code), .next = sizeof(code)};
	struct rp_exits found;

	(void)state;
	find_in(&file, sizeof(code), &found);
	assert_int_equal(found.n, 3);
	assert_int_equal(found.items[0].kind, RP_EXIT_TAIL_CALL);
	assert_int_equal(found.items[0].condition, 5);
	assert_int_equal(found.items[0].target, 0x1006);
	assert_int_equal(found.items[1].kind, RP_EXIT_POINTER);
	assert_int_equal(found.items[1].condition, RP_CONDITION_ALWAYS);
	assert_int_equal(found.items[2].kind, RP_EXIT_RETURN);
	rp_exits__free(&found);
}

/* loop out; ret */
static void test_condition_in_no_flag(void **state)
{
	static const uint8_t code[] = {0xe2, 0x70, RET};
	struct file file = {.code = code, .size = sizeof(code), .next = sizeof(code)};
	struct rp_exits found;

	(void)state;
	find_in(&file, sizeof(code), &found);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.items[0].condition, RP_CONDITION_UNKNOWN);
	rp_exits__free(&found);
}

/* A part before the function, reached from inside the frame, that returns and jumps back. */
static void test_part_elsewhere(void **state)
{
	static const uint8_t code[] = {
		0x75, 0x02, 0x5b, RET,		    /* 0: jne 4; pop rbx; ret */
		0xe9, 0x0b, 0,	  0,	0,    0xcc, /* 4: jmp 20 */
		RET,  RET,  RET,  RET,		    /* 10: another function's */
		0x53, 0x74, 0xef, 0x90, 0x90, 0x90, /* 14: push rbx; je 0; nops */
		0x5b, RET,			    /* 20: pop rbx; ret */
	};
	struct file file = {.code = code, .size = sizeof(code), .base = 14, .next = 10};
	struct rp_exits found;

	(void)state;
	find_in(&file, 8, &found);
	assert_null(found.caution);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.items[0].offset, -11);
	assert_int_equal(found.items[1].offset, 7);
	rp_exits__free(&found);
}

/* Two jumps to one part, at one instruction and at the one before it: its exit is there once. */
static void test_part_from_two_places(void **state)
{
	static const uint8_t code[] = {
		0x53, 0x75, 0x05, 0x74, 0x02, 0x5b, RET, /* 0: push rbx; jne 8; je 7; pop; ret */
		0x90, 0x5b, RET,			 /* 7: nop; pop rbx; ret */
	};
	struct file file = {.code = code, .size = sizeof(code), .next = sizeof(code)};
	struct rp_exits found;

	(void)state;
	find_in(&file, 7, &found);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.items[0].offset, 6);
	assert_int_equal(found.items[1].offset, 9);
	rp_exits__free(&found);
}

/* What no jump leads to (a landing pad) is found in a part that is known by name. */
static void test_known_part(void **state)
{
	static const uint8_t code[] = {
		0x53, CALL, 0x5b, RET,	/* 0: push rbx; call; pop rbx; ret */
		0xcc, 0xcc, 0xcc, 0xcc, /* 8 */
		CALL, 0x5b, RET,	/* 12: landing pad: call; pop rbx; ret */
	};
	struct file file = {.code = code, .size = sizeof(code), .next = sizeof(code)};
	struct rp_exits found;

	(void)state;
	find_in(&file, 8, &found);
	assert_int_equal(found.n, 1);
	rp_exits__free(&found);
	file.part = 12;
	file.part_size = 7;
	find_in(&file, 8, &found);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.items[1].offset, 18);
	rp_exits__free(&found);
}

/* Of code whose end is not known no more is taken than flow leads to. */
static void test_end_not_known(void **state)
{
	static const uint8_t code[] = {0x74, 0x01, RET, 0x90, RET, RET, RET};
	struct rp_exits found;
	const char *reason;

	(void)state;
	assert_int_equal(
		rp_site__exits(EM_X86_64, code, sizeof(code), false, NULL, &found, &reason), 0);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.items[1].offset, 4);
	rp_exits__free(&found);
}

/* ---- arm64 ----------------------------------------------------------------------------------- */

static void a_exits(const uint8_t *code, size_t size, const uint32_t *want, size_t n)
{
	expect_exits(EM_AARCH64, code, size, NULL, want, n);
}

static void test_arm64_exits(void **state)
{
	(void)state;
	a_exits(CODE(A_RET), WANT(0));
	a_exits(CODE(A_CBZ(2), A_RET, A_RET), WANT(4, 8));
	a_exits(CODE(A_B_OUT), WANT(0));
	a_exits(CODE(A_STP, A_BL_OUT, A_LDP, A_B_OUT), WANT(12));
	a_exits(CODE(A_SUB_SP, A_ADD_SP, A_B_OUT), WANT(8));
	a_exits(CODE(A_STR_SP, A_LDR_SP, A_B_OUT), WANT(8));
	a_exits(CODE(A_STP, A_MOV_FP, A_SUB_SP, A_MOV_SP, A_LDP, A_B_OUT), WANT(20));
	a_exits(CODE(WORD(0xd61f0220u)), WANT(0)); /* br x17 */
	expect_exits(EM_AARCH64, CODE(A_STP, A_CBZ(3), A_LDP, A_RET, A_B_OUT), "outside", WANT(12));
	a_exits(CODE(A_CBZ(2000), A_RET), WANT(0, 4));
	expect_no_exits(EM_AARCH64, CODE(A_PACIASP, A_RETAA), "cannot probe");
	expect_no_exits(EM_AARCH64, CODE(A_RET, 0xc0), "decode");
	a_exits(CODE(A_BL_OUT), NULL, 0);
}

static void test_arm64_indirect(void **state)
{
	const uint32_t add = 0x8b218800; /* add x0, x0, w1, sxtb #2 */

	(void)state;
	/* ldrb w1, [x0, w1, uxtw]; adr x0; add; br x0; ret */
	a_exits(CODE(WORD(0x38614801u), WORD(0x10000060u), WORD(add), WORD(0xd61f0000u), A_RET),
		WANT(16));
	/* ldr x0, [x0, x1, lsl #3]; br x0: a table of functions or of labels */
	expect_no_exits(EM_AARCH64, CODE(WORD(0xf8617800u), WORD(0xd61f0000u), A_RET),
			"jump table");
	/* ldr x16, [x0]; br x16 */
	a_exits(CODE(WORD(0xf9400010u), WORD(0xd61f0200u)), WANT(4));
}

/* ---- real and random code -------------------------------------------------------------------- */

static const void *const real_functions[] = {
	ZydisDecoderInit,
	ZydisDecoderDecodeFull,
	ZydisDecoderDecodeOperands,
	ZydisRegisterGetString,
	ZydisRegisterGetClass,
	ZydisRegisterGetLargestEnclosing,
	ZydisMnemonicGetString,
	ZydisFormatterInit,
	ZydisCalcAbsoluteAddress,
	ZydisGetVersion,
	ZydisDecoderDecodeInstruction,
};

static bool leaves(const uint8_t *at)
{
	bool conditional = (*at & 0xf0) == 0x70 || (at[0] == 0x0f && (at[1] & 0xf0) == 0x80);

	return *at == 0xc3 || *at == 0xc2 || *at == 0xe9 || *at == 0xeb || *at == 0xff ||
	       conditional || !memcmp(at, "\xf3\xc3", 2);
}

static void test_real_functions(void **state)
{
	(void)state;
#ifndef __x86_64__
	skip();
#endif
	for (size_t i = 0; i < sizeof(real_functions) / sizeof(*real_functions); i++) {
		struct rp_entry_site site;
		const ElfW(Sym) * symbol;
		const char *reason;
		struct rp_exits found;
		Dl_info info;

		assert_true(dladdr1(real_functions[i], &info, (void **)&symbol, RTLD_DL_SYMENT));
		assert_int_equal(rp_site__entry(EM_X86_64, info.dli_saddr, symbol->st_size,
						&nop5_kernel, &site, &reason),
				 0);
		assert_int_equal(rp_site__exits(EM_X86_64, info.dli_saddr, symbol->st_size, true,
						NULL, &found, &reason),
				 0);
		for (size_t k = 0; k < found.n; k++)
			assert_true(
				leaves((const uint8_t *)info.dli_saddr + found.items[k].offset));
		rp_exits__free(&found);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Bytes that make up control flow and stack, so that walks do not end at once. */
static uint8_t likely_byte(uint32_t *seed)
{
	static const uint8_t likely[] = {0x55, 0x5d, 0x53, 0x5b, 0x74, 0x75, 0xeb, 0xe8,
					 0xc3, 0xff, 0xe0, 0x48, 0x83, 0xec, 0xc4, 0x08,
					 0x90, 0x66, 0x0f, 0x1f, 0x84, 0x00, 0xfe, 0x02,
					 0xc9, 0x3e, 0x24, 0x63, 0x01, 0xd0};

	return likely[next_random(seed) % sizeof(likely)];
}

static void check_any(uint16_t machine, const struct rp_site_rules *rules, const uint8_t *code,
		      size_t size)
{
	struct rp_entry_site site = {.offset = UINT32_MAX};
	const char *reason = NULL;
	struct rp_exits found;
	int err;

	err = rp_site__entry(machine, code, size, rules, &site, &reason);
	assert_true(err ? err == -ENOTSUP && reason : site.offset < size && site.offset <= 32);

	err = rp_site__exits(machine, code, size, size & 1, NULL, &found, &reason);
	assert_true(err ? err == -ENOTSUP && reason && !found.items : true);
	for (size_t i = 0; i < found.n; i++) {
		assert_in_range(found.items[i].offset, 0, size - 1);
		assert_true(i == 0 || found.items[i - 1].offset < found.items[i].offset);
	}
	rp_exits__free(&found);

	err = rp_site__nop(machine, code, size, rules, &site, &reason);
	assert_true(err ? err == -ENOTSUP && reason : site.offset < size);
}

/* Each in a block of its exact size, so that the sanitizer sees a read beyond it. */
static void test_random_code(void **state)
{
	const struct rp_site_rules *const rules[] = {&old_kernel, &nop5_kernel, &nop10_kernel};
	uint32_t seed = 20240607;

	(void)state;
	for (int round = 0; round < 60000; round++) {
		size_t size = 1 + next_random(&seed) % (round % 100 ? 64 : 2000);
		uint8_t *code = malloc(size);

		assert_non_null(code);
		for (size_t i = 0; i < size; i++)
			code[i] = round & 1 ? likely_byte(&seed)
					    : (uint8_t)(next_random(&seed) >> 8);
		check_any(round & 2 ? EM_AARCH64 : EM_X86_64, rules[round % 3], code, size);
		free(code);
	}
}

/* The largest function allowed, of nothing but branches: bounded, and every one followed. */
static void test_all_branches(void **state)
{
	size_t size = 1 << 20;
	uint8_t *code = malloc(size);

	(void)state;
	assert_non_null(code);
	for (size_t i = 0; i + 1 < size; i += 2) {
		code[i] = 0x74;
		code[i + 1] = 0x02;
	}
	memset(code + size - 4, 0x90, 2);
	code[size - 2] = RET;
	code[size - 1] = RET;
	exits(code, size, WANT(size - 2));
	check_any(EM_X86_64, &nop5_kernel, code, size);
	free(code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exits_rets),
		cmocka_unit_test(test_exits_tail_calls),
		cmocka_unit_test(test_exits_cold_parts),
		cmocka_unit_test(test_exits_jump_tables),
		cmocka_unit_test(test_exits_after_noreturn_call),
		cmocka_unit_test(test_exits_landing_pad),
		cmocka_unit_test(test_exits_refused),
		cmocka_unit_test(test_exits_of_odd_code),
		cmocka_unit_test(test_kinds_and_conditions),
		cmocka_unit_test(test_condition_in_no_flag),
		cmocka_unit_test(test_part_elsewhere),
		cmocka_unit_test(test_part_from_two_places),
		cmocka_unit_test(test_known_part),
		cmocka_unit_test(test_end_not_known),
		cmocka_unit_test(test_arm64_exits),
		cmocka_unit_test(test_arm64_indirect),
		cmocka_unit_test(test_real_functions),
		cmocka_unit_test(test_random_code),
		cmocka_unit_test(test_all_branches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
