// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <math.h>

#include "counts_fixture.h"

static void check_ns(double ns, const char *want)
{
	char buf[32];

	assert_string_equal(rp_text__ns(ns, buf, sizeof(buf)), want);
}

static void test_ns(void **state)
{
	char buf[32];

	(void)state;
	check_ns(0, "0 ns");
	check_ns(1, "1 ns");
	check_ns(999, "999 ns");
	check_ns(12.34, "12.3 ns");
	check_ns(999.6, "1.00 us");
	check_ns(1000, "1.00 us");
	check_ns(1234567, "1.23 ms");
	check_ns(9994999, "9.99 ms");
	check_ns(9995000, "10.0 ms");
	check_ns(99950000, "100 ms");
	check_ns(999499999, "999 ms");
	check_ns(999500000, "1.00 s");
	check_ns(600e9, "600 s");
	check_ns(1000e9, "16.7 min");
	check_ns(6000e9, "1.67 h");
	check_ns(360000e9, "4.17 d");
	check_ns((double)UINT64_MAX, "213504 d");
	check_ns(-5, "0 ns");
	check_ns(NAN, "0 ns");
	for (double ns = 0.001; ns < 1e25; ns *= 1.01)
		assert_true(strlen(rp_text__ns(ns, buf, sizeof(buf))) <= 8);
}

static void check_count(double count, const char *want)
{
	char buf[32];

	assert_string_equal(rp_text__count(count, buf, sizeof(buf)), want);
}

static void test_count(void **state)
{
	(void)state;
	check_count(0, "0");
	check_count(999999, "999999");
	check_count(1000000, "1.00M");
	check_count(12345678, "12.3M");
	check_count(999.6e6, "1.00G");
	check_count((double)UINT64_MAX, "18.4E");
	check_count(0.5, "0.50");
	check_count(123.4, "123");
	check_count(INFINITY, "999E");
	check_count(NAN, "0");
}

static void check_escape(const char *text, const char *want)
{
	char buf[64];

	assert_ptr_equal(rp_text__escape(text, buf, sizeof(buf)), buf);
	assert_string_equal(buf, want);
}

static void test_escape(void **state)
{
	(void)state;
	check_escape("", "");
	check_escape("a<b>(c*)\\x", "a<b>(c*)\\x");
	check_escape("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		     "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	check_escape("\x1b[2J\n\t\x7f", "\\x1b[2J\\x0a\\x09\\x7f");
	check_escape("\xc2\x9b", "\\xc2\\x9b");			  /* C1 */
	check_escape("\xff\x80z", "\\xff\\x80z");		  /* no UTF-8 */
	check_escape("\xc0\xaf", "\\xc0\\xaf");			  /* overlong */
	check_escape("\xe0\x80\xaf", "\\xe0\\x80\\xaf");	  /* overlong */
	check_escape("\xed\xa0\x80", "\\xed\\xa0\\x80");	  /* surrogate */
	check_escape("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* past U+10FFFF */
	check_escape("\xe2\x82", "\\xe2\\x82");			  /* cut off */
	check_escape("\xe2\x80\x8b|", "\\xe2\\x80\\x8b|");	  /* zero width space */
	check_escape("\xe2\x80\xae|", "\\xe2\\x80\\xae|");	  /* right to left */
	check_escape("\xe2\x81\xa6|", "\\xe2\\x81\\xa6|");	  /* isolate */
	check_escape("\xef\xbb\xbf|", "\\xef\\xbb\\xbf|");	  /* byte order mark */
	check_escape("\xe2\x80\x90", "\xe2\x80\x90");		  /* a hyphen is plain */
}

/* Never half a character nor half an escape, whatever the room. */
static void test_escape_short_buffer(void **state)
{
	static const char *const want[] = {"",		"a",	     "a",	  "a\xc3\xa9",
					   "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9\\x01"};
	char buf[9];

	(void)state;
	for (size_t size = 1; size <= 8; size++) {
		memset(buf, '#', sizeof(buf));
		assert_string_equal(rp_text__escape("a\xc3\xa9\x01", buf, size), want[size - 1]);
		assert_int_equal(buf[size], '#');
	}
	buf[0] = '#';
	rp_text__escape("abc", buf, 0);
	assert_int_equal(buf[0], '#');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ns),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_short_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
