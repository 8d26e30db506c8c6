/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Which argument is the id of calls that overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aggregate/overlap.h"

#define NONE                                                                                       \
	{                                                                                          \
		0                                                                                  \
	}
#define CLEAN                                                                                      \
	{                                                                                          \
		.begun = 80, .matched = 80, .crossed = 60                                          \
	}

static const struct {
	const char *what;
	struct rp_overlap overlap;
	unsigned told_by;
} cases[] = {
	{"nothing seen", {.hits = 9}, 0},
	{"eight memory pools in one collection, the first begin of which was not looked at",
	 {.arg = {{.begun = 1, .taken = 6, .matched = 1, .missed = 7},
		  {.begun = 1, .taken = 6, .matched = 1, .missed = 7},
		  {.begun = 7, .matched = 7, .crossed = 6, .missed = 1}}},
	 3},
	{"the first of two that do", {.arg = {NONE, CLEAN, CLEAN}}, 2},
	{"the better of two",
	 {.arg = {{.begun = 80, .matched = 80, .crossed = 60, .missed = 2}, CLEAN}},
	 2},
	{"calls that nest", {.arg = {{.begun = 80, .matched = 80}}}, 0},
	{"popped in a loop, ended from the last on",
	 {.popped = 70, .arg = {{.begun = 80, .matched = 80}}},
	 1},
	{"left by exceptions", {.popped = 40, .arg = {{.begun = 80, .matched = 40}}}, 0},
	{"popped, and none has come to its end yet", {.popped = 7, .arg = {{.begun = 0}}}, 0},
	{"the same in all",
	 {.popped = 70,
	  .arg = {{.begun = 10, .taken = 70, .matched = 10, .missed = 70, .crossed = 1}}},
	 0},
	{"three of four come to their end",
	 {.arg = {{.begun = 80, .matched = 60, .crossed = 1}}},
	 1},
	{"fewer than three of four", {.arg = {{.begun = 80, .matched = 59, .crossed = 1}}}, 0},
	{"one miss, or one taken, in four",
	 {.arg = {{.begun = 80, .matched = 80, .crossed = 1, .missed = 8, .taken = 12}}},
	 1},
	{"more than one in four",
	 {.arg = {{.begun = 80, .matched = 80, .crossed = 1, .missed = 8, .taken = 13}}},
	 0},
	{"the first of two that miss as much, and the last argument",
	 {.arg = {NONE,
		  {.begun = 80, .matched = 80, .crossed = 9, .taken = 2},
		  {.begun = 80, .matched = 80, .crossed = 9, .missed = 2},
		  {.begun = 80, .matched = 80, .crossed = 9, .missed = 1}}},
	 4},
	{"another thing at the end", {.popped = 70, .arg = {{.begun = 80, .missed = 80}}}, 0},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (rp_overlap__told_by(&cases[i].overlap) != cases[i].told_by)
			fail_msg("%s: %u", cases[i].what, rp_overlap__told_by(&cases[i].overlap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
