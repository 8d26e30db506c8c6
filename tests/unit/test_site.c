/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "site_code.h"

/* ---- entries --------------------------------------------------------------------------------- */

static void expect_entry(uint16_t machine, const struct rp_site_rules *rules, const uint8_t *code,
			 size_t size, uint32_t offset, bool slow)
{
	struct rp_entry_site site = {.offset = UINT32_MAX};
	const char *reason;

	assert_int_equal(rp_site__entry(machine, code, size, rules, &site, &reason), 0);
	assert_null(reason);
	assert_int_equal(site.offset, offset);
	assert_int_equal(site.slow, slow);
}

static void expect_no_entry(uint16_t machine, const uint8_t *code, size_t size, const char *why)
{
	struct rp_entry_site site;
	const char *reason;

	assert_int_equal(rp_site__entry(machine, code, size, &nop5_kernel, &site, &reason),
			 -ENOTSUP);
	assert_non_null(strstr(reason, why));
}

static void fast(const uint8_t *code, size_t size, uint32_t offset)
{
	expect_entry(EM_X86_64, &nop5_kernel, code, size, offset, false);
}

static void slow(const uint8_t *code, size_t size, uint32_t offset)
{
	expect_entry(EM_X86_64, &nop5_kernel, code, size, offset, true);
}

static void no_entry(const uint8_t *code, size_t size, const char *why)
{
	expect_no_entry(EM_X86_64, code, size, why);
}

static void test_entry_emulated_first(void **state)
{
	(void)state;
	fast(CODE(0x55, RET), 0);	/* push rbp */
	fast(CODE(0x41, 0x57, RET), 0); /* push r15 */
	fast(CODE(0x90, RET), 0);
	fast(CODE(0x66, 0x90, RET), 0);
	fast(CODE(0x74, 0x01, RET, RET), 0); /* je */
	fast(CODE(JMP_OUT), 0);
	fast(CODE(CALL, RET), 0);
}

static void test_entry_stepped_first(void **state)
{
	(void)state;
	slow(CODE(RET), 0);
	slow(CODE(ENDBR64, RET), 0);
	slow(CODE(0x68, 1, 0, 0, 0, 0x58, RET), 0);    /* push imm */
	slow(CODE(0x40, 0x55, 0x5d, RET), 0);	       /* push rbp behind a needless rex prefix */
	slow(CODE(0xff, 0x37, 0x58, RET), 0);	       /* push (rdi) */
	slow(CODE(0xe3, 0x00, RET), 0);		       /* jrcxz is a branch, but stepped */
	slow(CODE(0x48, 0x83, 0xec, 8, 0x53, RET), 0); /* sub rsp, 8; push rbx */
}

static void test_entry_skips(void **state)
{
	(void)state;
	fast(CODE(ENDBR64, 0x55, RET), 4);
	fast(CODE(0x31, 0xc0, 0x53, RET), 2);			/* xor eax, eax */
	fast(CODE(0x48, 0x85, 0xff, 0x74, 0x01, RET, RET), 3);	/* test rdi, rdi; je */
	fast(CODE(0x48, 0x8d, 0x05, 0, 0, 0, 0, 0x53, RET), 7); /* lea rax, [rip] */
	fast(CODE(0x48, 0x8b, 0x07, 0x53, RET), 3);		/* mov rax, [rdi] */
	fast(CODE(0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0, 0x53, RET), 9); /* mov rax, fs:28 */
	fast(CODE(0x0f, 0x28, 0xc1, 0x53, RET), 3); /* movaps xmm0, xmm1 */
}

static void test_entry_does_not_skip(void **state)
{
	(void)state;
	slow(CODE(0x89, 0xd7, 0x53, RET), 0);		  /* mov edi, edx: an argument */
	slow(CODE(0x31, 0xc9, 0x53, RET), 0);		  /* xor ecx, ecx */
	slow(CODE(0x41, 0xb8, 1, 0, 0, 0, 0x53, RET), 0); /* mov r8d, 1 */
	slow(CODE(0x48, 0x89, 0x37, 0x53, RET), 0);	  /* mov [rdi], rsi: memory */
	slow(CODE(0x5d, 0x53, RET), 0);	      /* pop rbp: the return address has moved */
	slow(CODE(0x0f, 0xa2, 0x53, RET), 0); /* cpuid */
	slow(CODE(0xf3, 0xaa, 0x53, RET), 0); /* rep stosb */
	slow(CODE(0x31, 0xc0, CALL, RET), 0); /* no call but the first instruction */
}

static void test_entry_reach(void **state)
{
	uint8_t code[40];

	(void)state;
	memset(code, 0x89, sizeof(code)); /* mov eax, eax, twice a word */
	for (size_t i = 1; i < sizeof(code); i += 2)
		code[i] = 0xc0;
	code[32] = 0x53;
	fast(code, sizeof(code), 32);
	code[32] = 0x89;
	code[34] = 0x53;
	slow(code, sizeof(code), 0);
}

static void test_entry_branch_lands_between(void **state)
{
	(void)state;
	/* endbr64; push rbx; ...; jmp to the push */
	slow(CODE(ENDBR64, 0x53, 0xeb, 0xfd, RET), 0);
	/* endbr64; 4: test edi, edi; je; jne 4 */
	slow(CODE(ENDBR64, 0x85, 0xff, 0x74, 0x02, 0x75, 0xfa, RET), 0);
	/* the same by a call into the function */
	slow(CODE(ENDBR64, 0x53, 0xe8, 0xfa, 0xff, 0xff, 0xff, RET), 0);
	/* a branch behind the site does no harm */
	fast(CODE(ENDBR64, 0x53, 0x90, 0xeb, 0xfd, RET), 4);
	/* nor does recursion */
	fast(CODE(0x53, 0xe8, 0xfa, 0xff, 0xff, 0xff, RET), 0);
}

static void test_entry_loop_at_start(void **state)
{
	(void)state;
	no_entry(CODE(0xff, 0xcf, 0x75, 0xfc, RET), "loop");
	no_entry(CODE(0x53, 0xeb, 0xfd), "loop");
}

static void test_entry_behind_stack_check(void **state)
{
	(void)state;
	/* cmp rsp, [r14+16]; jbe 0f; push rbp; pop rbp; ret; 0f: call; jmp start */
	fast(CODE(0x49, 0x3b, 0x66, 0x10, 0x76, 0x03, 0x55, 0x5d, RET, CALL, 0xeb, 0xf0), 6);
	/* with sub rsp it is as safe, but slow */
	slow(CODE(0x49, 0x3b, 0x66, 0x10, 0x76, 0x05, 0x48, 0x83, 0xec, 0x08, RET, CALL, 0xeb,
		  0xee),
	     6);
	/* a loop that calls nothing is a loop */
	no_entry(CODE(0x49, 0x3b, 0x66, 0x10, 0x76, 0x03, 0x55, 0x5d, RET, 0x90, 0xeb, 0xf4),
		 "loop");
}

static void test_entry_jump_table(void **state)
{
	(void)state;
	/* test edi, edi; je: a table's entry may lead there too */
	slow(CODE(0x85, 0xff, 0x74, 0x03, 0x3e, 0xff, 0xe0, RET), 0);
	/* but never to a push of the prologue */
	fast(CODE(ENDBR64, 0x53, 0x3e, 0xff, 0xe0, RET), 4);
}

static void test_entry_nops(void **state)
{
	(void)state;
	/* A 5-byte nop is skipped where it is unsafe, and the next best site slow. */
	slow(CODE(NOP5, RET), 5);
	fast(CODE(NOP5, 0x55, RET), 5);
	slow(CODE(0x66, 0x0f, 0x1f, 0x40, 0x00, RET), 5);
	expect_entry(EM_X86_64, &old_kernel, CODE(NOP5, RET), 0, true);
	expect_entry(EM_X86_64, &nop10_kernel, CODE(NOP5, RET), 0, false);
	/* Only the kernel's own encodings are emulated. */
	fast(CODE(0x0f, 0x1f, 0x40, 0x00, RET), 0);
	slow(CODE(0x0f, 0x1f, 0x40, 0x08, RET), 0);
	/* Never the 10-byte one. */
	slow(CODE(NOP10, RET), 10);
	expect_entry(EM_X86_64, &nop10_kernel, CODE(NOP10, RET), 10, true);
}

static void test_entry_refused_instructions(void **state)
{
	(void)state;
	no_entry(CODE(0xcc, RET), "breakpoint");
	no_entry(CODE(0xf4), "no instruction");			       /* hlt */
	no_entry(CODE(0x0f, 0x05, RET), "no instruction");	       /* syscall */
	no_entry(CODE(0xf0, 0xff, 0x07, RET), "no instruction");       /* lock inc */
	no_entry(CODE(0x2e, 0xff, 0xe0), "no instruction");	       /* cs jmp rax */
	no_entry(CODE(0x66, 0xe8, 0, 0, 0, 0, RET), "no instruction"); /* data16 call */
	no_entry(CODE(0x8e, 0xd0, RET), "no instruction");	       /* mov ss, eax */
	slow(CODE(0xc5, 0xf9, 0xef, 0xc0, RET), 4); /* vpxor, transparent: its opcode is ef */
	no_entry(CODE(0xeb, 0x08, RET), "no instruction");
	slow(CODE(0xc5, 0xf8, 0x77, RET), 0); /* vzeroupper */
	/* mov eax, es:[rdi] is refused but transparent */
	slow(CODE(0x26, 0x8b, 0x07, 0x89, 0xc0, RET), 3);
}

static void test_entry_undecodable(void **state)
{
	(void)state;
	no_entry(CODE(0x06), "decoded");
	/* Data further on: what lands where is not known, so the first instruction it is. */
	slow(CODE(ENDBR64, 0x55, 0x06), 0);
	/* cut off in the middle of an instruction */
	no_entry(CODE(0xe8, 0x00), "decoded");
}

static void test_entry_arguments(void **state)
{
	(void)state;
	no_entry((const uint8_t *)"", 0, "size");
	no_entry((const uint8_t *)"", SIZE_MAX, "size");
	expect_no_entry(EM_RISCV, CODE(RET), "decoder");
}

/* ---- arm64 ----------------------------------------------------------------------------------- */

static void a_entry(const uint8_t *code, size_t size, uint32_t offset, bool slow)
{
	expect_entry(EM_AARCH64, &nop5_kernel, code, size, offset, slow);
}

static void test_arm64_entry(void **state)
{
	(void)state;
	a_entry(CODE(A_STP, A_LDP, A_RET), 0, true);
	a_entry(CODE(A_BTI, A_STP, A_LDP, A_RET), 0, true);
	a_entry(CODE(A_RET), 0, false);
	a_entry(CODE(A_BTI, A_CBZ(2), A_NOP, A_RET), 4, false);
	a_entry(CODE(A_CMP, A_B_EQ(2), A_NOP, A_RET), 4, false);
	a_entry(CODE(A_PACIASP, A_CBZ(2), A_NOP, A_AUTIASP, A_RET), 0, true);
	a_entry(CODE(A_MOV_X0, A_CBZ(2), A_NOP, A_RET), 0, true);
	/* bti; 4: cmp; b.eq; b 4 */
	a_entry(CODE(A_BTI, A_CMP, A_B_EQ(2), A_B_BACK(2), A_RET), 0, true);
	expect_no_entry(EM_AARCH64, CODE(A_CMP, A_B_BACK(1)), "loop");
	expect_no_entry(EM_AARCH64, CODE(WORD(0xd4200000u)), "breakpoint");
	expect_no_entry(EM_AARCH64, CODE(WORD(0xd4000001u), A_RET), "no instruction"); /* svc */
	expect_no_entry(EM_AARCH64, CODE(WORD(0xc85f7c01u), A_RET), "no instruction"); /* ldxr */
	expect_no_entry(EM_AARCH64, CODE(WORD(0x1c000041u), A_RET),
			"no instruction"); /* ldr s1, lit */
	expect_no_entry(EM_AARCH64, CODE(0xc0, 0x03), "decoded");
	/* ldr x16, [x28, #16]; cmp sp, x16; b.ls 0f; str; ldr; ret; 0f: bl; b start */
	a_entry(CODE(WORD(0xf9400b90u), WORD(0xeb3063ffu), WORD(0x54000089u), A_STR_SP, A_LDR_SP,
		     A_RET, A_NOP, A_BL_OUT, A_B_BACK(8)),
		12, true);
}

/* Of the hints those can be probed that do no more than a nop, or sign and check an address. */
static void test_arm64_hints(void **state)
{
	static const uint8_t steppable[] = {0,	7,  8,	10, 12, 14, 24, 25, 26,
					    27, 28, 29, 30, 31, 32, 34, 36, 38};
	const char *reason;

	(void)state;
	for (unsigned hint = 0; hint < 64; hint++) {
		const uint8_t code[] = {WORD(0xd503201fu | hint << 5), WORD(0xd65f03c0u)};
		struct rp_entry_site site = {0};
		bool found = memchr(steppable, (int)hint, sizeof(steppable)) != NULL;

		if (!rp_site__entry(EM_AARCH64, code, sizeof(code), &nop5_kernel, &site, &reason) !=
		    found)
			fail_msg("hint %u: %s", hint, found ? reason : "it can be probed");
	}
}

/* ---- USDT nops ------------------------------------------------------------------------------- */

static void expect_nop(uint16_t machine, const struct rp_site_rules *rules, const uint8_t *code,
		       size_t size, uint32_t offset, bool slow)
{
	struct rp_entry_site site = {.offset = UINT32_MAX};
	const char *reason;

	assert_int_equal(rp_site__nop(machine, code, size, rules, &site, &reason), 0);
	assert_int_equal(site.offset, offset);
	assert_int_equal(site.slow, slow);
}

static void expect_no_nop(uint16_t machine, const struct rp_site_rules *rules, const uint8_t *code,
			  size_t size, const char *why)
{
	struct rp_entry_site site;
	const char *reason;

	assert_int_equal(rp_site__nop(machine, code, size, rules, &site, &reason), -ENOTSUP);
	assert_non_null(strstr(reason, why));
}

static void test_nop_x86(void **state)
{
	const uint16_t x86 = EM_X86_64;

	(void)state;
	expect_nop(x86, &nop5_kernel, CODE(0x90), 0, false);
	expect_nop(x86, &nop5_kernel, CODE(0x90, NOP5, RET), 0, false);
	expect_nop(x86, &nop10_kernel, CODE(0x90, NOP5, RET), 0, false);
	expect_nop(x86, &old_kernel, CODE(0x66, 0x90), 0, false);
	expect_nop(x86, &old_kernel, CODE(0x0f, 0x1f, 0x00), 0, true);
	expect_nop(x86, &nop5_kernel, CODE(0x0f, 0x1f, 0x00), 0, false);
	expect_nop(x86, &nop5_kernel, CODE(0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0), 0, true);
	expect_nop(x86, &old_kernel, CODE(NOP5), 0, true);
	expect_no_nop(x86, &nop5_kernel, CODE(NOP5), "safely");
	expect_no_nop(x86, &nop5_kernel, CODE(0x66, 0x66, 0x66, 0x66, 0x90), "safely");
}

static void test_nop10(void **state)
{
	const uint16_t x86 = EM_X86_64;

	(void)state;
	expect_nop(x86, &nop10_kernel, CODE(0x90, NOP10), 1, false);
	expect_nop(x86, &nop10_kernel, CODE(NOP10), 0, false);
	expect_nop(x86, &nop5_kernel, CODE(0x90, NOP10), 0, false);
	expect_nop(x86, &old_kernel, CODE(0x90, NOP10), 0, false);
	expect_no_nop(x86, &nop5_kernel, CODE(NOP10), "safely");
	/* cut off at the end of the page */
	expect_nop(x86, &nop10_kernel, CODE(0x90, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0), 0,
		   false);
}

static void test_nop_refused(void **state)
{
	(void)state;
	expect_no_nop(EM_X86_64, &nop5_kernel, CODE(0xcc), "breakpoint");
	expect_no_nop(EM_X86_64, &nop5_kernel, CODE(0x55), "no nop");
	expect_no_nop(EM_X86_64, &nop5_kernel, CODE(0xf3, 0x90), "no nop"); /* pause */
	expect_no_nop(EM_X86_64, &nop5_kernel, CODE(0x06), "no instruction");
	expect_no_nop(EM_X86_64, &nop5_kernel, (const uint8_t *)"", 0, "no instruction");
	expect_no_nop(EM_RISCV, &nop5_kernel, CODE(0x90), "decoder");
	expect_nop(EM_AARCH64, &nop5_kernel, CODE(WORD(0xd503201fu)), 0, false);
	expect_no_nop(EM_AARCH64, &nop5_kernel, CODE(WORD(0xd4200000u)), "breakpoint");
	expect_no_nop(EM_AARCH64, &nop5_kernel, CODE(WORD(0xd65f03c0u)), "no nop");
}

/* ---- branches -------------------------------------------------------------------------------- */

static void first_branch(const uint8_t *code, size_t size, int64_t to)
{
	assert_int_equal(rp_site__first_branch(EM_X86_64, code, size), to);
}

/* Out of the function, or none. */
static void test_first_branch(void **state)
{
	(void)state;
	/* push, jmp; push, call back */
	first_branch(CODE(0x55, 0xe9, 0x00, 0x01, 0x00, 0x00), 0x106);
	first_branch(CODE(0x55, 0xe8, 0x00, 0xff, 0xff, 0xff), -0xfa);
	/* within itself; behind a ret; of no instruction; by a register */
	first_branch(CODE(0xeb, 0x00, 0xe9, 0x00, 0x01, 0x00, 0x00), 0);
	first_branch(CODE(0xc3, 0xe9, 0x00, 0x01, 0x00, 0x00), 0);
	first_branch(CODE(0x06, 0xe9, 0x00, 0x01, 0x00, 0x00), 0);
	first_branch(CODE(0xff, 0xe0, 0xe9, 0x00, 0x01, 0x00, 0x00), 0);
	first_branch(CODE(0x55), 0);
	assert_int_equal(rp_site__first_branch(EM_RISCV, CODE(0x55)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry_emulated_first),
		cmocka_unit_test(test_entry_stepped_first),
		cmocka_unit_test(test_entry_skips),
		cmocka_unit_test(test_entry_does_not_skip),
		cmocka_unit_test(test_entry_reach),
		cmocka_unit_test(test_entry_branch_lands_between),
		cmocka_unit_test(test_entry_loop_at_start),
		cmocka_unit_test(test_entry_behind_stack_check),
		cmocka_unit_test(test_entry_jump_table),
		cmocka_unit_test(test_entry_nops),
		cmocka_unit_test(test_entry_refused_instructions),
		cmocka_unit_test(test_entry_undecodable),
		cmocka_unit_test(test_entry_arguments),
		cmocka_unit_test(test_nop_x86),
		cmocka_unit_test(test_nop10),
		cmocka_unit_test(test_nop_refused),
		cmocka_unit_test(test_first_branch),
		cmocka_unit_test(test_arm64_entry),
		cmocka_unit_test(test_arm64_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
