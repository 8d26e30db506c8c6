/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Strings and globs as the BPF programs match them. */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/pattern.h"

static struct rp_pattern pattern;

static bool matches(const char *text)
{
	uint64_t states = RP_PATTERN_START;

	for (; *text; text++)
		states = rp_pattern__step(&pattern, states, (uint8_t)*text);
	return rp_pattern__is_found(&pattern, states);
}

static void assert_match(const char *glob, const char *text, bool expected)
{
	if (matches(text) != expected)
		fail_msg("'%s' %s '%s'", glob, expected ? "does not match" : "matches", text);
}

/* The same as the C library says. */
static void test_globs(void **state)
{
	static const char *const globs[] = {"",	      "a",     "*",	"a*",	 "*a",	  "a*b*c",
					    "?",      "a?c",   "**",	"*?*",	 "[ab]c", "[!a]",
					    "[a-c]*", "[]x]",  "[!]x]", "[a-]",	 "*.so*", "a\\*",
					    "\\?",    "[\\]]", "*aab",	"*a?b*b"};
	static const char *const texts[] = {
		"",	"a",   "b",    "c",	 "ab",	     "abc",	 "aXbXc", "acb",
		"bc",	"cc",  "]",    "x",	 "-",	     "a*",	 "?",	  "\\",
		"aaab", "aab", "aaba", "lib.so", "lib.so.6", "\xc3\xa9", "axcbb"};

	(void)state;
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
		assert_null(rp_pattern__of_glob(globs[i], &pattern));
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			assert_match(globs[i], texts[k], !fnmatch(globs[i], texts[k], 0));
	}
}

static void read_all_of(const char *text, bool is_glob)
{
	const char *at = text;

	assert_null(rp_pattern__parse(&at, is_glob, &pattern));
	assert_string_equal(at, "");
}

/* Names as they are printed can be typed. */
static void test_quotes(void **state)
{
	(void)state;
	read_all_of("\"it's\"", false);
	assert_match("it's", "it's", true);
	read_all_of("'\\x1b\\\\\\''", false);
	assert_match("escape", "\x1b\\'", true);
	read_all_of("'*[x]?'", false);
	assert_match("string", "*[x]?", true);
	assert_match("string", "ax?", false);
	read_all_of("'\\x2a'", true);
	assert_match("escaped glob", "*", true);
	assert_match("escaped glob", "a", false);
	read_all_of("''", false);
	assert_match("empty", "", true);
	assert_match("empty", "a", false);
}

/* A glob without quotes ends where the expression goes on. */
static void test_bare_globs(void **state)
{
	static const char *const ends[] = {"", " && x", ")", "&&", "||", "\t"};
	char text[32];
	const char *at;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(text, sizeof(text), "ab*%s", ends[i]);
		at = text;
		assert_null(rp_pattern__parse(&at, true, &pattern));
		assert_string_equal(at, ends[i]);
		assert_match("ab*", "abc", true);
	}
}

static void test_bounds(void **state)
{
	char text[80] = "'", *end = text + 1;
	const char *at = text;

	(void)state;
	memset(end, 'x', RP_PATTERN_MAX);
	strcpy(end + RP_PATTERN_MAX, "'");
	assert_null(rp_pattern__parse(&at, false, &pattern));
	end[RP_PATTERN_MAX] = '\0';
	assert_match("the longest", end, true);
	assert_match("the longest", end + 1, false);
	strcpy(end + RP_PATTERN_MAX, "*'");
	at = text;
	assert_null(rp_pattern__parse(&at, true, &pattern));
	strcpy(end + RP_PATTERN_MAX, "and more");
	assert_match("the longest and more", end, true);
	strcpy(end + RP_PATTERN_MAX, "x'");
	at = text;
	assert_string_equal(rp_pattern__parse(&at, false, &pattern),
			    "strings to compare with have at most 63 characters");
	at = "";
	assert_non_null(rp_pattern__parse(&at, false, &pattern));
	assert_non_null(rp_pattern__parse(&at, true, &pattern));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_bare_globs),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
