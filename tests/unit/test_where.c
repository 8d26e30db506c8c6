// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/where.h"
#include "rp_filter.h"

static struct rp_where where;

static void parse(const char *text)
{
	size_t at;

	assert_null(rp_where__parse(text, &where, &at));
	assert_int_equal(at, strlen(text));
}

static void refuse(const char *text, const char *what, size_t expected)
{
	const char *wrong;
	size_t at;

	wrong = rp_where__parse(text, &where, &at);
	assert_non_null(wrong);
	assert_string_equal(wrong, what);
	assert_int_equal(at, expected);
}

/* Outcomes of the comparisons, the first on the right. */
static bool holds(unsigned outcomes)
{
	return where.filter.table >> outcomes & 1;
}

/* Only the arguments are told. */
static bool may_hold(unsigned outcomes)
{
	return rp_filter__may_hold(&where.filter, outcomes, 1u << RP_OPERAND_ARG);
}

static void check_atom(unsigned k, enum rp_operand_kind kind, unsigned accepts, uint64_t value)
{
	assert_true(k < where.filter.n);
	assert_int_equal(where.operand[k].kind, kind);
	assert_int_equal(where.filter.atom[k].kind, kind);
	assert_int_equal(where.filter.atom[k].accepts, accepts);
	assert_int_equal(where.filter.atom[k].value, value);
}

static void test_comparisons(void **state)
{
	static const struct {
		const char *token;
		unsigned accepts;
	} relations[] = {{"<", 1}, {"<=", 3}, {"==", 2}, {"=", 2}, {">=", 6}, {">", 4}, {"!=", 5}};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		snprintf(text, sizeof(text), "arg1%s0x10", relations[i].token);
		parse(text);
		check_atom(0, RP_OPERAND_ARG, relations[i].accepts, 16);
		assert_int_equal(where.operand[0].index, 1);
		assert_int_equal(where.filter.n, 1);
		assert_true(holds(1) && !holds(0));
		snprintf(text, sizeof(text), " ! ( arg1 %s 0x10 ) ", relations[i].token);
		parse(text);
		check_atom(0, RP_OPERAND_ARG, RP_ANY_ORDER ^ relations[i].accepts, 16);
		assert_true(holds(1) && !holds(0));
	}
}

static void test_numbers(void **state)
{
	(void)state;
	parse("ret:i32 == -1");
	check_atom(0, RP_OPERAND_RET, RP_EQUAL, UINT64_MAX);
	assert_int_equal(where.filter.atom[0].negative, 1);
	assert_int_equal(where.operand[0].size, 4);
	assert_int_equal(where.operand[0].flags, RP_ARG_SIGNED);
	parse("arg0 < 18446744073709551615");
	check_atom(0, RP_OPERAND_ARG, RP_LESS, UINT64_MAX);
	assert_int_equal(where.filter.atom[0].negative, 0);
	parse("arg0 >= -9223372036854775808");
	check_atom(0, RP_OPERAND_ARG, RP_GREATER | RP_EQUAL, 1ull << 63);
	parse("arg0 == -0");
	assert_int_equal(where.filter.atom[0].negative, 0);
	parse("dur > 1.5ms");
	check_atom(0, RP_OPERAND_DUR, RP_GREATER, 1500000);
	parse("dur<=20ns");
	check_atom(0, RP_OPERAND_DUR, RP_LESS | RP_EQUAL, 20);
}

static void test_joined(void **state)
{
	(void)state;
	parse("arg0 > 1 && arg1 > 1 || ret > 1"); /* && binds closer */
	assert_int_equal(where.filter.n, 3);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(holds(i), (i & 3) == 3 || i & 4);
	parse("arg0 > 1 && (arg1 > 1 || ret > 1)");
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(holds(i), i & 1 && i & 6);
	/* The opposite of each comparison, and the other way to join them. */
	parse("!(arg0 > 1 && (arg1 > 1 || !(ret > 1)))");
	check_atom(1, RP_OPERAND_ARG, RP_LESS | RP_EQUAL, 1);
	check_atom(2, RP_OPERAND_RET, RP_GREATER, 1);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(holds(i), i & 1 || (i & 6) == 6);
	parse("!!(arg0 > 1)");
	check_atom(0, RP_OPERAND_ARG, RP_GREATER, 1);
	parse("arg0>1 && arg1>1 && arg2>1 && arg3>1 && arg4>1 && arg5>1");
	assert_int_equal(where.filter.table, 1ull << 63);
}

static void test_alike(void **state)
{
	(void)state;
	parse("arg0 == 1 && ret == 2 || arg0 == 1 && ret == 3");
	assert_int_equal(where.filter.n, 3);
	parse("arg0 == 1 && arg0:u32 == 1 || arg1 == 1");
	assert_int_equal(where.filter.n, 3);
}

static bool matches(unsigned k, const char *text)
{
	uint64_t states = RP_PATTERN_START;

	for (; *text; text++)
		states = rp_pattern__step(&where.pattern[k], states, (uint8_t)*text);
	return rp_pattern__is_found(&where.pattern[k], states);
}

static void test_strings(void **state)
{
	(void)state;
	parse("arg1:str@arg2 == \"a\\\"b\" && !(arg0 =~ 'x*' || ret != 'y') && arg3:i8 == 1");
	assert_int_equal(where.filter.n, 4);
	check_atom(0, RP_OPERAND_ARG, RP_EQUAL, 0);
	assert_int_equal(where.filter.atom[0].is_text, 1);
	assert_int_equal(where.operand[0].flags, RP_ARG_TEXT);
	assert_int_equal(where.operand[0].length, 3);
	assert_true(matches(0, "a\"b") && !matches(0, "a\"bc") && !matches(0, "a\\\"b"));
	check_atom(1, RP_OPERAND_ARG, RP_LESS | RP_GREATER, 0);
	assert_int_equal(where.operand[1].flags, RP_ARG_TEXT); /* what it is compared with is one */
	assert_true(matches(1, "x") && matches(1, "xyz") && !matches(1, "ax"));
	check_atom(2, RP_OPERAND_RET, RP_EQUAL, 0);
	assert_int_equal(where.filter.atom[3].is_text, 0);
	assert_true(rp_where__has_lengths(&where));
	parse("arg0 == 'x*' || arg0 =~ x* || arg0 == 'x*' || (arg0 =~ x*)");
	assert_int_equal(where.filter.n, 2); /* one of them is a glob */
	assert_true(matches(0, "x*") && !matches(0, "xy") && matches(1, "xy"));
	assert_false(rp_where__has_lengths(&where));
	/* What differs in anything is another one. */
	parse("arg0:str@arg1 == 'x' || arg0:str@arg2 == 'x' || arg0 == 'x' || arg1 == 'x' || "
	      "arg0 == 'y'");
	assert_int_equal(where.filter.n, 5);
	parse("arg0:i8 == 1 || arg0:u8 == 1 || arg0:i16 == 1 || arg0:i8 == 2 || ret:i8 == 1 || "
	      "arg0:i8 == 1");
	assert_int_equal(where.filter.n, 5);
}

/* What is not known before the exit may turn out either way. */
static void test_may_hold(void **state)
{
	(void)state;
	parse("arg0 > 1 && dur > 1ms");
	assert_true(may_hold(1) && !may_hold(0));
	parse("dur > 1ms && ret == 0 && arg0 > 1");
	assert_true(may_hold(4) && !may_hold(0));
	parse("dur > 1ms || arg0 > 1");
	assert_true(may_hold(0));
	parse("arg0 > 1 || arg1 > 1");
	assert_true(!may_hold(0) && may_hold(1) && may_hold(2) && may_hold(3));
}

/* Brackets that are closed again are not within each other. */
static void test_many_brackets(void **state)
{
	char text[2048] = "(arg0 > 1)";

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, " && (arg0 > 1)");
	parse(text);
}

static void test_wrong(void **state)
{
	char deep[300];

	(void)state;
	refuse("", "expected arg0 to arg5, ret or dur", 0);
	refuse("arg6 > 1", "expected arg0 to arg5, ret or dur", 0);
	refuse("arg0 ~ 1", "expected one of < <= == != >= > =~", 5);
	refuse("arg0 >", "expected a whole number of 64 bits", 6);
	refuse("arg0 > 1.5", "expected a whole number of 64 bits", 7);
	refuse("arg0 > 1ms", "expected a whole number of 64 bits", 7);
	refuse("arg0 > 18446744073709551616", "expected a whole number of 64 bits", 7);
	refuse("arg0 > -9223372036854775809", "expected a whole number of 64 bits", 8);
	refuse("arg0:str == 1", "expected a string in quotes", 12);
	refuse("arg0:str == x", "expected a string in quotes", 12);
	refuse("arg0 =~ ", "expected a glob", 8);
	refuse("arg0:str > \"x\"", "strings are compared by ==, != and =~", 11);
	refuse("arg0:u32 == \"x\"", "expected a number, as the operand is one", 12);
	refuse("dur =~ x", "expected a number, as the operand is one", 7);
	refuse("arg0 == \"x", "expected the other quote", 10);
	refuse("arg0 =~ [a", "expected ]", 10);
	refuse("arg0:str@arg6 == 'x'", "expected @arg0 to @arg5, the length of the string", 8);
	refuse("ret:str@arg1 == 'x'",
	       "what is returned has no argument any more that could tell its length", 7);
	refuse("dur > 5", "expected a duration like 10us or 1.5ms", 6);
	refuse("dur:u32 > 5us", "durations have no type", 4);
	refuse("arg0 > 1 arg1 > 1", "expected && or || or the end", 9);
	refuse("(arg0 > 1", "expected && or || or )", 9);
	refuse("arg0 > 1)", "expected && or || or the end", 8);
	refuse("arg0 > 1  )", "expected && or || or the end", 10);
	parse("  arg0  >  1  ");
	refuse("arg0>1&&arg0>2&&arg0>3&&arg0>4&&arg0>5&&arg0>6&&arg0>7",
	       "more than 6 different comparisons", 54);
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	refuse(deep, "too many brackets", 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comparisons), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_joined),	    cmocka_unit_test(test_alike),
		cmocka_unit_test(test_may_hold),    cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_strings),	    cmocka_unit_test(test_many_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
