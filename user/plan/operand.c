// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/operand.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	uint8_t size, flags;
} types[] = {
	{"u8", 1, 0},
	{"u16", 2, 0},
	{"u32", 4, 0},
	{"u64", 8, 0},
	{"i8", 1, RP_ARG_SIGNED},
	{"i16", 2, RP_ARG_SIGNED},
	{"i32", 4, RP_ARG_SIGNED},
	{"i64", 8, RP_ARG_SIGNED},
	{"ptr", 8, RP_ARG_HEX},
	{"str", 8, RP_ARG_TEXT},
};

static size_t word_length(const char *at)
{
	size_t len = 0;

	while (isalnum((unsigned char)at[len]) || at[len] == '_')
		len++;
	return len;
}

static bool is_word(const char *at, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(at, word, len);
}

static bool parse_name(const char *at, size_t len, struct rp_operand *out)
{
	if (is_word(at, len, "ret")) {
		out->kind = RP_OPERAND_RET;
	} else if (is_word(at, len, "dur")) {
		out->kind = RP_OPERAND_DUR;
	} else if (len == 4 && !memcmp(at, "arg", 3) && at[3] >= '0' && at[3] <= '5') {
		out->kind = RP_OPERAND_ARG;
		out->index = at[3] - '0';
	}
	return out->kind != RP_OPERAND_NONE;
}

static bool parse_type(const char *at, size_t len, struct rp_operand *out)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!is_word(at, len, types[i].name))
			continue;
		out->size = types[i].size;
		out->flags = types[i].flags;
		return true;
	}
	return false;
}

/* "@argM" behind a string. */
static const char *parse_length(const char **at, struct rp_operand *out)
{
	size_t len = word_length(*at + 1);
	struct rp_operand length = {0};

	if (!parse_name(*at + 1, len, &length) || length.kind != RP_OPERAND_ARG)
		return "expected @arg0 to @arg5, the length of the string";
	if (out->kind != RP_OPERAND_ARG)
		return "what is returned has no argument any more that could tell its length";
	*at += 1 + len;
	out->length = length.index + 1;
	return NULL;
}

const char *rp_operand__parse(const char **at, struct rp_operand *out)
{
	size_t len = word_length(*at);

	*out = (struct rp_operand){0};
	if (!parse_name(*at, len, out))
		return "expected arg0 to arg5, ret or dur";
	*at += len;
	if (**at != ':')
		return NULL;
	++*at;
	len = word_length(*at);
	if (out->kind == RP_OPERAND_DUR)
		return "durations have no type";
	if (!parse_type(*at, len, out))
		return "expected one of the types u8 u16 u32 u64 i8 i16 i32 i64 ptr str";
	*at += len;
	return **at == '@' && out->flags & RP_ARG_TEXT ? parse_length(at, out) : NULL;
}

int rp_operand__apply(const struct rp_operand *operand, struct rp_arg *arg)
{
	if (!operand->size)
		return 0;
	if (operand->flags & RP_ARG_TEXT && arg->size < 8)
		return -ENOTSUP;
	if (operand->size < arg->size)
		arg->size = operand->size;
	arg->flags = operand->flags;
	return 0;
}
