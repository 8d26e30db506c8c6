// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
#include <sys/user.h>
#endif

#include <cmocka.h>

#include "plan/operand.h"
#include "plan/usdt_arg.h"

static struct rp_arg parse(unsigned machine, const char *args, unsigned index)
{
	struct rp_arg arg;

	assert_int_equal(rp_usdt_arg__parse(machine, args, index, &arg), 0);
	return arg;
}

static void assert_unreadable(unsigned machine, const char *args)
{
	struct rp_arg arg;

	memset(&arg, 0xff, sizeof(arg));
	assert_int_equal(rp_usdt_arg__parse(machine, args, 0, &arg), -ENOTSUP);
	assert_int_equal(arg.kind, RP_ARG_NONE);
}

static void assert_register(unsigned machine, const char *args, int offset, int size, int is_signed)
{
	struct rp_arg arg = parse(machine, args, 0);

	assert_int_equal(arg.kind, RP_ARG_REG);
	assert_int_equal(arg.reg, offset);
	assert_int_equal(arg.size, size);
	assert_int_equal(arg.flags, is_signed ? RP_ARG_SIGNED : 0);
	assert_int_equal(arg.index, -1);
}

static void assert_memory(unsigned machine, const char *args, int base, int index, int scale,
			  int64_t value)
{
	struct rp_arg arg = parse(machine, args, 0);

	assert_int_equal(arg.kind, RP_ARG_MEM);
	assert_int_equal(arg.reg, base);
	assert_int_equal(arg.index, index);
	assert_int_equal(arg.scale, scale);
	assert_true(arg.value == value);
}

static void assert_constant(unsigned machine, const char *args, int64_t value)
{
	struct rp_arg arg = parse(machine, args, 0);

	assert_int_equal(arg.kind, RP_ARG_CONST);
	assert_true(arg.value == value);
}

static void test_x86_registers(void **state)
{
	(void)state;
	assert_register(EM_X86_64, "8@%rax", 80, 8, 0);
	assert_register(EM_X86_64, "-4@%eax", 80, 4, 1);
	assert_register(EM_X86_64, "2@%ax", 80, 2, 0);
	assert_register(EM_X86_64, "-1@%al", 80, 1, 1);
	assert_register(EM_X86_64, "4@%r8d", 72, 4, 0);
	assert_register(EM_X86_64, "2@%r15w", 0, 2, 0);
	assert_register(EM_X86_64, "1@%r10b", 56, 1, 0);
	assert_register(EM_X86_64, "1@%dil", 112, 1, 0);
	assert_register(EM_X86_64, "%rsi", 104, 8, 0);
	assert_register(EM_X86_64, "8@%rsp", 152, 8, 0);
}

#ifdef __x86_64__
/* The kernel's pt_regs begins like the user_regs of ptrace. */
static void test_x86_offsets(void **state)
{
	(void)state;
#define CHECK(reg)                                                                                 \
	assert_register(EM_X86_64, "8@%" #reg, offsetof(struct user_regs_struct, reg), 8, 0)
	CHECK(r15), CHECK(r14), CHECK(r13), CHECK(r12), CHECK(rbp), CHECK(rbx);
	CHECK(r11), CHECK(r10), CHECK(r9), CHECK(r8), CHECK(rax), CHECK(rcx);
	CHECK(rdx), CHECK(rsi), CHECK(rdi), CHECK(rip), CHECK(rsp);
#undef CHECK
}
#endif

static void test_x86_constants(void **state)
{
	(void)state;
	assert_constant(EM_X86_64, "-4@$-1", -1);
	assert_constant(EM_X86_64, "4@$-1", 0xffffffff);
	assert_constant(EM_X86_64, "8@$0x10", 16);
	assert_constant(EM_X86_64, "$7", 7);
	assert_constant(EM_X86_64, "8@$18446744073709551615", -1);
	assert_constant(EM_X86_64, "-1@$255", -1);
	assert_constant(EM_X86_64, "1@$255", 255);
}

static void test_x86_memory(void **state)
{
	struct rp_arg arg = parse(EM_X86_64, "-4@-20(%rbp)", 0);

	(void)state;
	assert_int_equal(arg.size, 4);
	assert_int_equal(arg.flags, RP_ARG_SIGNED);
	assert_memory(EM_X86_64, "-4@-20(%rbp)", 32, -1, 0, -20);
	assert_memory(EM_X86_64, "8@(%r8)", 72, -1, 0, 0);
	assert_memory(EM_X86_64, "8@(%r15)", 0, -1, 0, 0); /* the first of the registers */
	assert_memory(EM_X86_64, "8@(%rax,%r15,2)", 80, 0, 2, 0);
	assert_memory(EM_X86_64, "8@(%rax,%rdx)", 80, 96, 1, 0);
	assert_memory(EM_X86_64, "8@16(%rax,%rdx,8)", 80, 96, 8, 16);
	assert_memory(EM_X86_64, "8@0x40(,%rdx,4)", -1, 96, 4, 64);
	assert_memory(EM_X86_64, "8@16(%rax, %rdx, 8)", 80, 96, 8, 16);
	assert_memory(EM_X86_64, "8@( %rax )", 80, -1, 0, 0);
}

static void test_x86_unreadable(void **state)
{
	static const char *const forms[] = {
		"-4@NBuffers(%rip)",
		"-4@40+CheckpointStats(%rip)",
		"4@8(%rip)",
		"8f@%xmm0",
		"8@%xmm0",
		"8@$symbol",
		"16@%rax",
		"3@%eax",
		"0@%eax",
		"8@",
		"8@%",
		"8@-(%rax)",
		"8@+",
		"8@x(%rax)",
		"8@$-",
		"8@8(%rax,%rip)",
		"8@%rax)",
		"8@8(%rax",
		"8@8(%rax,%rbx,3)",
		"8@8(%eax)",
		"8@%fs:8",
		"8@(%rax,,)",
		"8@()",
		"8@(,)",
		"1@%ah",
		"9223372036854775808@%rax",
		"8@$99999999999999999999",
		"8@1234",
		"@%rax",
		"-9223372036854775808@%rax",
	};
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_unreadable(EM_X86_64, forms[i]);
	memset(longest, '1', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_unreadable(EM_X86_64, longest);
	assert_unreadable(EM_386, "4@%eax");
}

static void test_index(void **state)
{
	const char *args = "8@%rdi  -4@8(%rsp) 4@$3";
	struct rp_arg arg;

	(void)state;
	assert_int_equal(parse(EM_X86_64, args, 0).reg, 112);
	assert_int_equal(parse(EM_X86_64, args, 1).value, 8);
	assert_int_equal(parse(EM_X86_64, args, 2).value, 3);
	assert_int_equal(rp_usdt_arg__parse(EM_X86_64, args, 3, &arg), -ENOENT);
	assert_int_equal(rp_usdt_arg__parse(EM_X86_64, args, 4000000000u, &arg), -ENOENT);
	assert_int_equal(rp_usdt_arg__parse(EM_X86_64, "", 0, &arg), -ENOENT);
	assert_int_equal(rp_usdt_arg__parse(EM_X86_64, "  ", 0, &arg), -ENOENT);
	/* A blank within brackets sets no arguments apart. */
	assert_int_equal(parse(EM_X86_64, "8@16(%rax, %rdx, 8) 8@%rdi", 1).reg, 112);
	/* One that cannot be read does not cost the next one. */
	assert_int_equal(parse(EM_X86_64, "-4@NBuffers(%rip) 8@%rax", 1).reg, 80);
}

static void test_arm64(void **state)
{
	(void)state;
	assert_register(EM_AARCH64, "8@x0", 0, 8, 0);
	assert_register(EM_AARCH64, "-4@x19", 152, 4, 1);
	assert_register(EM_AARCH64, "4@w30", 240, 4, 0);
	assert_register(EM_AARCH64, "8@sp", 248, 8, 0);
	assert_constant(EM_AARCH64, "4@17", 17);
	assert_constant(EM_AARCH64, "-4@-5", -5);
	assert_memory(EM_AARCH64, "8@[x0]", 0, -1, 0, 0);
	assert_memory(EM_AARCH64, "8@[sp, 16]", 248, -1, 0, 16);
	assert_memory(EM_AARCH64, "8@[x29, -24]", 232, -1, 0, -24);
	assert_int_equal(parse(EM_AARCH64, "8@[sp, 16] 8@[sp, 24] 8@x1", 1).value, 24);
	assert_int_equal(parse(EM_AARCH64, "8@[sp, 16] 8@[sp, 24] 8@x1", 2).reg, 8);
}

static void test_arm64_unreadable(void **state)
{
	static const char *const forms[] = {"8@x31",  "8@d0",	    "8@[x0, x1]", "8@[sp, 16",
					    "8@[",    "8@[w0]",	    "8@x",	  "8@[sp, 16]!",
					    "8@%rax", "8@[symbol]", "8@x0x"};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_unreadable(EM_AARCH64, forms[i]);
}

static void assert_narrow(const char *operand, unsigned bytes, __rp_s64 value)
{
	struct rp_arg arg = parse(EM_X86_64, operand, 0), before = arg;

	rp_usdt_arg__narrow(&arg, bytes);
	assert_int_equal(arg.size, bytes);
	assert_int_equal(arg.flags, 0);
	assert_int_equal(arg.reg, before.reg);
	assert_int_equal(arg.value, value);
}

/* The lowest bytes: of a constant the value, else where they are. */
static void test_narrow(void **state)
{
	(void)state;
	assert_narrow("-4@$-1", 4, 0xffffffff);
	assert_narrow("-4@$-1", 8, -1);
	assert_narrow("8@$0x123456789", 2, 0x6789);
	assert_narrow("-8@-16(%rbp)", 4, -16);
	assert_narrow("8@%rdi", 1, 0);
}

/* As wide as it is asked for, and never wider than it is; a string wants a pointer. */
static void test_operands(void **state)
{
	static const uint8_t sizes[] = {1, 2, 4, 8};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct rp_operand text = {.size = 8, .flags = RP_ARG_TEXT}, none = {0};
		struct rp_arg arg = {.size = sizes[i], .flags = RP_ARG_SIGNED};

		assert_int_equal(rp_operand__apply(&none, &arg), 0);
		assert_int_equal(arg.size, sizes[i]);
		assert_int_equal(arg.flags, RP_ARG_SIGNED);
		for (size_t k = 0; k < 4; k++) {
			struct rp_operand hex = {.size = sizes[k], .flags = RP_ARG_HEX};

			arg = (struct rp_arg){.size = sizes[i], .flags = RP_ARG_SIGNED};
			assert_int_equal(rp_operand__apply(&hex, &arg), 0);
			assert_int_equal(arg.size, sizes[i < k ? i : k]);
			assert_int_equal(arg.flags, RP_ARG_HEX);
		}
		assert_int_equal(rp_operand__apply(&text, &arg), i < 3 ? -ENOTSUP : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x86_registers),
#ifdef __x86_64__
		cmocka_unit_test(test_x86_offsets),
#endif
		cmocka_unit_test(test_x86_constants),  cmocka_unit_test(test_x86_memory),
		cmocka_unit_test(test_x86_unreadable), cmocka_unit_test(test_index),
		cmocka_unit_test(test_arm64),	       cmocka_unit_test(test_arm64_unreadable),
		cmocka_unit_test(test_narrow),	       cmocka_unit_test(test_operands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
