// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* --where as the BPF programs judge it: comparisons, and the table of truth over their outcomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rp_filter.h"

#define ARG (1u << RP_OPERAND_ARG)
#define RET (1u << RP_OPERAND_RET)

static bool holds(unsigned accepts, int64_t number, uint64_t value, bool is_signed)
{
	const struct rp_atom atom = {
		.accepts = (uint8_t)accepts, .negative = number < 0, .value = (uint64_t)number};

	return rp_atom__holds(&atom, value, is_signed);
}

static void test_orders(void **state)
{
	static const int64_t numbers[] = {0, 1, 2, -1, -2, INT64_MAX, INT64_MIN, -0x80000000ll};

	(void)state;
	for (size_t i = 0; i < 8; i++)
		for (size_t k = 0; k < 8; k++) {
			int64_t value = numbers[i], number = numbers[k];

			assert_int_equal(holds(RP_LESS, number, (uint64_t)value, true),
					 value < number);
			assert_int_equal(holds(RP_EQUAL, number, (uint64_t)value, true),
					 value == number);
			assert_int_equal(holds(RP_GREATER, number, (uint64_t)value, true),
					 value > number);
			assert_false(holds(0, number, (uint64_t)value, true));
			assert_true(holds(RP_ANY_ORDER, number, (uint64_t)value, true));
		}
}

/* What has no sign is above every number that is negative, whatever its bits. */
static void test_values_without_sign(void **state)
{
	(void)state;
	assert_true(holds(RP_GREATER, -1, UINT64_MAX, false));
	assert_false(holds(RP_EQUAL, -1, UINT64_MAX, false));
	assert_true(holds(RP_GREATER, INT64_MAX, 1ull << 63, false));
	assert_true(holds(RP_LESS, INT64_MAX, 1ull << 63, true));
	assert_true(holds(RP_GREATER, INT64_MIN, 0, false));
}

/* All outcomes of six comparisons, against a table made by hand. */
static void test_table(void **state)
{
	struct rp_filter filter = {.n = 6};

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		filter.atom[i] = (struct rp_atom){.kind = RP_OPERAND_ARG};
	for (uint32_t k = 0; k < 6; k++) {
		filter.table = rp_filter__bits_of(k);
		for (uint32_t outcomes = 0; outcomes < 64; outcomes++)
			assert_int_equal(rp_filter__holds(&filter, outcomes, 0), outcomes >> k & 1);
	}
	for (uint32_t only = 0; only < 64; only++) {
		filter.table = 1ull << only;
		for (uint32_t outcomes = 0; outcomes < 64; outcomes++)
			assert_int_equal(rp_filter__holds(&filter, outcomes, 0), outcomes == only);
	}
}

/* Durations are compared at the exit, as numbers without sign. */
static void test_durations(void **state)
{
	struct rp_filter filter = {
		.n = 2,
		.table = rp_filter__bits_of(0) & rp_filter__bits_of(1),
		.atom = {{.kind = RP_OPERAND_ARG},
			 {.kind = RP_OPERAND_DUR,
			  .accepts = RP_GREATER | RP_EQUAL,
			  .value = 5000000000}},
	};

	(void)state;
	assert_true(rp_filter__holds(&filter, 1, 5000000000));
	assert_false(rp_filter__holds(&filter, 1, 4999999999));
	assert_true(rp_filter__holds(&filter, 1, 1ull << 63));
	assert_false(rp_filter__holds(&filter, 0, 6000000000));
}

static bool any_completion_holds(const struct rp_filter *filter, uint32_t outcomes, uint32_t told)
{
	for (uint32_t all = 0; all < 64; all++) {
		bool fits = true;

		for (uint32_t k = 0; k < filter->n; k++)
			if (told >> filter->atom[k].kind & 1)
				fits &= (all >> k & 1) == (outcomes >> k & 1);
		if (fits && filter->table >> all & 1)
			return true;
	}
	return false;
}

/* What is not told may turn out either way: compared with trying all of it. */
static void test_may_hold(void **state)
{
	static const uint32_t told[] = {0, ARG, RET, ARG | RET};
	struct rp_filter filter = {.n = 6};
	uint64_t random = 1;

	(void)state;
	for (uint32_t k = 0; k < 6; k++)
		filter.atom[k].kind = (uint8_t)(RP_OPERAND_ARG + k % 3);
	for (int round = 0; round < 2000; round++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		/* Mostly zeros, as any completion of a full table holds. */
		filter.table = random & random << 17 & random << 31 & random << 43;
		for (uint32_t outcomes = 0; outcomes < 64; outcomes++)
			for (size_t i = 0; i < 4; i++)
				assert_int_equal(rp_filter__may_hold(&filter, outcomes, told[i]),
						 any_completion_holds(&filter, outcomes, told[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),	 cmocka_unit_test(test_values_without_sign),
		cmocka_unit_test(test_table),	 cmocka_unit_test(test_durations),
		cmocka_unit_test(test_may_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
