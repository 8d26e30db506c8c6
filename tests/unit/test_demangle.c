// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "discover/demangle.h"

static void expect(const char *linker, const char *name)
{
	char buf[256];

	assert_int_equal(rp_demangle__name(linker, buf, sizeof(buf)), 1);
	assert_string_equal(buf, name);
}

static void expect_as_it_is(const char *linker)
{
	char buf[256];

	assert_int_equal(rp_demangle__name(linker, buf, sizeof(buf)), 0);
}

static void test_cxx(void **state)
{
	(void)state;
	expect("_ZN3foo3barEi", "foo::bar");
	expect("_Z3fooIiEvT_", "foo<int>");
	expect("_ZN3FooC1Ev", "Foo::Foo");
	expect("_ZNSt6vectorIiSaIiEE9push_backERKi",
	       "std::vector<int, std::allocator<int> >::push_back");
	expect("_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()");
}

static void test_rust(void **state)
{
	(void)state;
	expect("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad");
	expect("_ZN38_$LT$T$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE",
	       "<T as core::fmt::Debug>::fmt");
	expect("_RNvCs1234_7mycrate3foo", "mycrate::foo");
	expect("_RNvMCs1234_7mycrateNtB2_3Foo3new", "<mycrate::Foo>::new");
	expect("_RNvCs1234_7mycrate3foo.llvm.123", "mycrate::foo");
}

static void test_plain(void **state)
{
	(void)state;
	expect_as_it_is("main");
	expect_as_it_is("v");
	expect_as_it_is("_Z");
	expect_as_it_is("_R");
	expect_as_it_is("_ZN3foo");
	expect_as_it_is("_");
	expect_as_it_is("");
	expect_as_it_is(".");
	expect_as_it_is("main.main");
	expect_as_it_is("runtime.(*mheap).alloc");
	expect_as_it_is(".isra.0");
}

static void test_copies(void **state)
{
	(void)state;
	expect("parse.isra.0", "parse");
	expect("parse.specialized.12345678901234567890", "parse");
	expect_as_it_is("parse.unspecialized");
	expect("parse.constprop.0.isra.12", "parse");
	expect("parse.lto_priv.3", "parse");
	expect("parse.specialized.1", "parse");
	expect("parse.localalias", "parse");
	expect("_ZN3foo3barEi.constprop.0", "foo::bar");
	/* Part of a function that calls it: not the function again. */
	expect_as_it_is("parse.part.0");
	expect("parse.part.0.isra.1", "parse.part.0");
	expect("_ZN3foo3barEi.part.0", "foo::bar.part.0");
	expect_as_it_is("pkg.israel");
}

static void test_cold_parts(void **state)
{
	(void)state;
	assert_true(rp_demangle__is_cold_part("parse.cold"));
	assert_true(rp_demangle__is_cold_part("parse.cold.1"));
	assert_true(rp_demangle__is_cold_part("_ZN3foo3barEi.part.0.cold"));
	assert_true(rp_demangle__is_cold_part("_Z5parsei.__part.12"));
	assert_false(rp_demangle__is_cold_part("parse.__part.x"));
	assert_false(rp_demangle__is_cold_part("parse"));
	assert_false(rp_demangle__is_cold_part(".cold"));
	assert_false(rp_demangle__is_cold_part("parse.colder"));
	assert_false(rp_demangle__is_cold_part("parse.isra.0"));
	assert_false(rp_demangle__is_cold_part(""));
}

static void test_too_long(void **state)
{
	char buf[9];

	(void)state;
	assert_int_equal(rp_demangle__name("_ZN3foo3barEi", buf, 8), -E2BIG);
	assert_int_equal(rp_demangle__name("_ZN3foo3barEi", buf, 9), 1);
	assert_string_equal(buf, "foo::bar");
	assert_int_equal(rp_demangle__name("01234567.isra.0", buf, 8), -E2BIG);
	assert_int_equal(rp_demangle__name("01234567.isra.0", buf, 9), 1);
	assert_int_equal(rp_demangle__name("_ZN3foo3barEi.part.0", buf, 9), -E2BIG);
}

/* Each of many tuples holds the one before it twice, by back references: 2^40 types. */
static void test_bomb(void **state)
{
	char name[1024] = "_RINvC1a1bTy";
	size_t at = strlen(name), before = at - 2;
	char buf[8192];

	(void)state;
	for (int i = 0; i < 40; i++) {
		static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
					     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
		/* Positions count from after "_R", in base 62 less one. */
		size_t target = before - 2 - 1, start = at;
		char ref[8];

		if (i == 0) {
			at += sprintf(name + at, "E");
			start = at;
		}
		if (target < 62)
			sprintf(ref, "B%c_", digits[target]);
		else
			sprintf(ref, "B%c%c_", digits[target / 62], digits[target % 62]);
		at += sprintf(name + at, "T%s%sE", ref, ref);
		before = start;
	}
	sprintf(name + at, "E");
	assert_int_equal(rp_demangle__name(name, buf, sizeof(buf)), -E2BIG);
}

/* Numbers that libiberty would count to for hours, and what merely looks like them. */
static void test_lifetimes(void **state)
{
	(void)state;
	expect("_RNvC1a1bINvC1a1bFGzzzzzzzz_EuE", "a::b");
	expect("_RNvMINvC1a1bDGzzzzzzzz_EL_Eu1f", "<()>::f");
	expect("_RNvC1a1bINvC1a1bFGzz_EuE", "a::b");
	expect("_RNvCsFGabcdefgh_7mycrate3foo", "mycrate::foo");
	expect("_RNvC1a7NOGOODs", "a::NOGOODs");
	expect_as_it_is("_RNvC1a8FGOOOOD_");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cxx),	   cmocka_unit_test(test_rust),
		cmocka_unit_test(test_plain),	   cmocka_unit_test(test_copies),
		cmocka_unit_test(test_cold_parts), cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_lifetimes),  cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
