// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/usdt_arg.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One argument is cut out of the line before it is parsed; none in the wild is half as long. */
#define OPERAND_MAX 128

/*
 * Byte offsets in the struct pt_regs that the kernel hands to BPF programs. They are constants of
 * ours: records of another machine are parsed here too.
 */
struct register_name {
	const char *name[4]; /* 8, 4, 2 and 1 bytes wide */
	short offset;
};

static const struct register_name x86_registers[] = {
	{{"r15", "r15d", "r15w", "r15b"}, 0},  {{"r14", "r14d", "r14w", "r14b"}, 8},
	{{"r13", "r13d", "r13w", "r13b"}, 16}, {{"r12", "r12d", "r12w", "r12b"}, 24},
	{{"rbp", "ebp", "bp", "bpl"}, 32},     {{"rbx", "ebx", "bx", "bl"}, 40},
	{{"r11", "r11d", "r11w", "r11b"}, 48}, {{"r10", "r10d", "r10w", "r10b"}, 56},
	{{"r9", "r9d", "r9w", "r9b"}, 64},     {{"r8", "r8d", "r8w", "r8b"}, 72},
	{{"rax", "eax", "ax", "al"}, 80},      {{"rcx", "ecx", "cx", "cl"}, 88},
	{{"rdx", "edx", "dx", "dl"}, 96},      {{"rsi", "esi", "si", "sil"}, 104},
	{{"rdi", "edi", "di", "dil"}, 112},    {{"rip", "eip", "ip", NULL}, 128},
	{{"rsp", "esp", "sp", "spl"}, 152},
};

#define X86_RIP	 128

#define ARM64_SP 248

static short x86_register(const char *name, size_t len, bool full_width)
{
	for (size_t i = 0; i < sizeof(x86_registers) / sizeof(x86_registers[0]); i++) {
		const struct register_name *r = &x86_registers[i];

		for (int w = 0; w < (full_width ? 1 : 4); w++)
			if (r->name[w] && strlen(r->name[w]) == len &&
			    !memcmp(r->name[w], name, len))
				return r->offset;
	}
	return -ENOENT;
}

static short arm64_register(const char *name, size_t len)
{
	int number = 0;

	if (len == 2 && !memcmp(name, "sp", 2))
		return ARM64_SP;
	if (len < 2 || len > 3 || (name[0] != 'x' && name[0] != 'w'))
		return -ENOENT;
	for (size_t i = 1; i < len; i++) {
		if (!isdigit((unsigned char)name[i]))
			return -ENOENT;
		number = number * 10 + (name[i] - '0');
	}
	return number <= 30 ? number * 8 : -1;
}

/* Decimal or hexadecimal, the full range of 64 bits with or without a sign. */
static bool parse_integer(const char **at, __rp_s64 *value)
{
	const char *digits = *at + (**at == '-' || **at == '+');
	char *end;

	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	*value = **at == '-' ? (__rp_s64)strtoll(*at, &end, 0) : (__rp_s64)strtoull(*at, &end, 0);
	if (errno)
		return false;
	*at = end;
	return true;
}

static void skip_spaces(const char **at)
{
	while (**at == ' ' || **at == '\t')
		(*at)++;
}

/* As the target's compiler would widen a value of `size` bytes. */
static __rp_s64 widen(__rp_s64 value, const struct rp_arg *arg)
{
	unsigned shift = 64 - 8 * arg->size;
	__rp_u64 high = (__rp_u64)value << shift;

	return arg->flags & RP_ARG_SIGNED ? (__rp_s64)high >> shift : (__rp_s64)(high >> shift);
}

static int parse_constant(const char *at, struct rp_arg *out)
{
	if (!parse_integer(&at, &out->value) || *at)
		return -ENOTSUP;
	out->value = widen(out->value, out);
	out->kind = RP_ARG_CONST;
	return 0;
}

/* "%reg" up to one of `stops`. */
static short x86_memory_register(const char **at)
{
	size_t len;
	short reg;

	skip_spaces(at);
	if (**at != '%')
		return -ENOENT;
	(*at)++;
	len = strcspn(*at, ",) ");
	reg = x86_register(*at, len, true);
	*at += len;
	skip_spaces(at);
	return reg;
}

/* off(base,index,scale): base or index may be left out. */
static int parse_x86_memory(const char *at, struct rp_arg *out)
{
	__rp_s64 scale = 1;

	if (*at != '(' && !parse_integer(&at, &out->value))
		return -ENOTSUP;
	if (*at++ != '(')
		return -ENOTSUP;
	if (*at != ',') {
		out->reg = x86_memory_register(&at);
		/* What the instruction pointer is at that place is the assembler's business. */
		if (out->reg < 0 || out->reg == X86_RIP)
			return -ENOTSUP;
	}
	if (*at == ',') {
		at++;
		out->index = x86_memory_register(&at);
		if (out->index < 0 || out->index == X86_RIP)
			return -ENOTSUP;
		if (*at == ',') {
			at++;
			skip_spaces(&at);
			if (!parse_integer(&at, &scale))
				return -ENOTSUP;
		}
		if (scale != 1 && scale != 2 && scale != 4 && scale != 8)
			return -ENOTSUP;
		out->scale = scale;
	}
	if (strcmp(at, ")") != 0)
		return -ENOTSUP;
	out->kind = RP_ARG_MEM;
	return 0;
}

static int parse_x86(const char *at, struct rp_arg *out)
{
	if (*at == '$')
		return parse_constant(at + 1, out);
	if (*at != '%')
		return parse_x86_memory(at, out);
	out->reg = x86_register(at + 1, strlen(at + 1), false);
	if (out->reg < 0)
		return -ENOTSUP;
	out->kind = RP_ARG_REG;
	return 0;
}

/* [base] or [base, off] */
static int parse_arm64_memory(const char *at, struct rp_arg *out)
{
	size_t len = strcspn(at, ",] ");

	if (*at == 'w')
		return -ENOTSUP;
	out->reg = arm64_register(at, len);
	if (out->reg < 0)
		return -ENOTSUP;
	at += len;
	skip_spaces(&at);
	if (*at == ',') {
		at++;
		skip_spaces(&at);
		at += *at == '#';
		if (!parse_integer(&at, &out->value))
			return -ENOTSUP;
		skip_spaces(&at);
	}
	if (strcmp(at, "]") != 0)
		return -ENOTSUP;
	out->kind = RP_ARG_MEM;
	return 0;
}

static int parse_arm64(const char *at, struct rp_arg *out)
{
	if (*at == '[')
		return parse_arm64_memory(at + 1, out);
	if (*at == '#' || *at == '-' || isdigit((unsigned char)*at))
		return parse_constant(at + (*at == '#'), out);
	out->reg = arm64_register(at, strlen(at));
	if (out->reg < 0)
		return -ENOTSUP;
	out->kind = RP_ARG_REG;
	return 0;
}

/* Arguments are set apart by spaces; within brackets a space belongs to the operand. */
static size_t operand_length(const char *at)
{
	size_t len;
	int depth = 0;

	for (len = 0; at[len]; len++) {
		if (at[len] == ' ' && depth == 0)
			break;
		depth += at[len] == '[' || at[len] == '(';
		depth -= at[len] == ']' || at[len] == ')';
	}
	return len;
}

static int cut_operand(const char *args, unsigned index, char *out)
{
	size_t len;

	for (;; index--) {
		while (*args == ' ')
			args++;
		if (!*args)
			return -ENOENT;
		len = operand_length(args);
		if (index == 0)
			break;
		args += len;
	}
	if (len >= OPERAND_MAX)
		return -ENOTSUP;
	memcpy(out, args, len);
	out[len] = '\0';
	return 0;
}

/* "N@" in front, negative where the value is signed; 8 bytes where it is missing. */
static int parse_size(const char **operand, struct rp_arg *out)
{
	const char *at = *operand;
	__rp_s64 size = 8;

	if (strchr(at, '@')) {
		if (!parse_integer(&at, &size) || *at != '@')
			return -ENOTSUP;
		*operand = at + 1;
	}
	if (size < -8 || size > 8)
		return -ENOTSUP;
	out->flags = size < 0 ? RP_ARG_SIGNED : 0;
	out->size = size < 0 ? -size : size;
	return out->size && !(out->size & (out->size - 1)) ? 0 : -ENOTSUP;
}

int rp_usdt_arg__parse(unsigned machine, const char *args, unsigned index, struct rp_arg *out)
{
	struct rp_arg arg = {.reg = -1, .index = -1};
	char text[OPERAND_MAX];
	const char *operand = text;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = cut_operand(args, index, text);
	if (!rc)
		rc = parse_size(&operand, &arg);
	if (!rc && machine == EM_X86_64)
		rc = parse_x86(operand, &arg);
	else if (!rc && machine == EM_AARCH64)
		rc = parse_arm64(operand, &arg);
	else if (!rc)
		rc = -ENOTSUP;
	if (!rc)
		*out = arg;
	return rc;
}

void rp_usdt_arg__narrow(struct rp_arg *arg, unsigned bytes)
{
	arg->size = bytes;
	arg->flags = 0;
	if (arg->kind == RP_ARG_CONST)
		arg->value = widen(arg->value, arg);
}
