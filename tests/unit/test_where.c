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

static void test_wrong(void **state)
{
	char deep[300];

	(void)state;
	refuse("", "expected arg0 to arg5, ret or dur", 0);
	refuse("arg6 > 1", "expected arg0 to arg5, ret or dur", 0);
	refuse("arg0 ~ 1", "expected one of < <= == != >= >", 5);
	refuse("arg0 >", "expected a whole number of 64 bits", 6);
	refuse("arg0 > 1.5", "expected a whole number of 64 bits", 7);
	refuse("arg0 > 1ms", "expected a whole number of 64 bits", 7);
	refuse("arg0 > 18446744073709551616", "expected a whole number of 64 bits", 7);
	refuse("arg0 > -9223372036854775809", "expected a whole number of 64 bits", 8);
	refuse("arg0:str == 1", "strings are not compared", 8);
	refuse("dur > 5", "expected a duration like 10us or 1.5ms", 6);
	refuse("dur:u32 > 5us", "durations have no type", 4);
	refuse("arg0 > 1 arg1 > 1", "expected && or || or the end", 9);
	refuse("(arg0 > 1", "expected && or || or )", 9);
	refuse("arg0 > 1)", "expected && or || or the end", 8);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
