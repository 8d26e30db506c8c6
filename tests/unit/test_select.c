// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plan/select.h"

static void test_globs(void **state)
{
	(void)state;
	assert_true(rp_glob__match("main", "main"));
	assert_false(rp_glob__match("main", "mainly"));
	assert_false(rp_glob__match("main", "mai"));
	assert_true(rp_glob__match("ma*", "main"));
	assert_true(rp_glob__match("*", "bytes \xff\xfe that are no text"));
	assert_true(rp_glob__match("*::run", "ns::run"));
	assert_false(rp_glob__match("*::run", "ns::runs"));
	assert_true(rp_glob__match("m?in", "main"));
	assert_true(rp_glob__match("[lm]ain", "main"));
	assert_true(rp_glob__match("*", "a/b"));
	assert_true(rp_glob__match("a*c", "a/b/c"));
}

static void test_names_that_look_like_globs(void **state)
{
	(void)state;
	assert_true(rp_glob__match("ns::A::operator[]", "ns::A::operator[]"));
	assert_true(rp_glob__match("ns::operator*", "ns::operator*"));
	assert_true(rp_glob__match("f[abi:cxx11]", "f[abi:cxx11]"));
	assert_false(rp_glob__match("f[abi:cxx11]", "g[abi:cxx11]"));
}

static void test_probe_globs(void **state)
{
	(void)state;
	assert_true(rp_glob__match_probe("query-start", "query__start"));
	assert_true(rp_glob__match_probe("query__start", "query-start"));
	assert_true(rp_glob__match_probe("query-*", "query__start"));
	assert_true(rp_glob__match_probe("*_start", "query__start"));
	assert_true(rp_glob__match_probe("q[a-z]ery-start", "query__start"));
	/* In brackets "__" is what it is, and behind them it is '-' again. */
	assert_true(rp_glob__match_probe("a-b[__]c", "a__b_c"));
	assert_true(rp_glob__match_probe("[a]__b", "a-b"));
	assert_false(rp_glob__match_probe("query_start", "query__start"));
	assert_false(rp_glob__match_probe("Query-start", "query__start"));
}

static struct rp_select_function function(const char *text)
{
	struct rp_select_function selection;

	assert_int_equal(rp_select_function__parse(text, &selection, NULL), 0);
	return selection;
}

static void assert_split(const char *text, const char *object, const char *glob)
{
	struct rp_select_function selection = function(text);

	if (object)
		assert_string_equal(selection.object, object);
	else
		assert_null(selection.object);
	assert_string_equal(selection.glob, glob);
	rp_select_function__free(&selection);
}

static void test_function_selections(void **state)
{
	(void)state;
	assert_split("main", NULL, "main");
	assert_split("ns::f", NULL, "ns::f");
	assert_split("::f", NULL, "::f");
	assert_split("libz.so:deflate", "libz.so", "deflate");
	assert_split("libz.so:ns::f", "libz.so", "ns::f");
	assert_split("*:ns::f*", "*", "ns::f*");
	assert_split("/usr/lib/libz.so.1:deflate*", "/usr/lib/libz.so.1", "deflate*");
	assert_split("f[abi:cxx11]", NULL, "f[abi:cxx11]");
	assert_split("lib.so:f[abi:cxx11]", "lib.so", "f[abi:cxx11]");
}

static void assert_span(const char *text, const char *object, const char *begin, const char *end,
			unsigned key)
{
	struct rp_select_function selection = function(text);

	assert_non_null(selection.end);
	assert_string_equal(selection.object ? selection.object : "", object);
	assert_string_equal(selection.glob, begin);
	assert_string_equal(selection.end, end);
	assert_int_equal(selection.key, key);
	rp_select_function__free(&selection);
}

static void test_function_spans(void **state)
{
	(void)state;
	assert_span("open_*:close_*@arg0", "", "open_*", "close_*", 0);
	assert_span("nginx:open:close@arg5", "nginx", "open", "close", 5);
	assert_span("a::open:b::close@arg1", "", "a::open", "b::close", 1);
	assert_span("lib.so:a::open:b::close@arg1", "lib.so", "a::open", "b::close", 1);
	/* A version of a symbol, and what has but one end. */
	assert_split("libc.so.6:memcpy@GLIBC_2.14", "libc.so.6", "memcpy@GLIBC_2.14");
	assert_split("open@arg0", NULL, "open@arg0");
	assert_split("a:b:c", "a", "b:c");
}

static void test_malformed_functions(void **state)
{
	static const char *const bad[] = {"",		":f",	       "libz.so:", ":close@arg0",
					  "open:@arg0", "x:open:@arg0"};
	struct rp_select_function selection;
	struct rp_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = (struct rp_err){0};
		assert_int_equal(rp_select_function__parse(bad[i], &selection, &err), -EINVAL);
		assert_int_equal(err.exit, RP_EXIT_USAGE);
		assert_true(*err.cause && *err.cure);
	}
}

static bool applies(const char *text, const char *path, bool is_exe)
{
	struct rp_select_function selection = function(text);
	bool yes = rp_select_function__applies(&selection, path, is_exe);

	rp_select_function__free(&selection);
	return yes;
}

static void test_objects(void **state)
{
	const char *path = "/opt/none/libz.so.1.2.13";

	(void)state;
	assert_true(applies("f", "/opt/none/app", true));
	assert_false(applies("f", path, false));
	assert_true(applies("*:f", path, false));
	assert_true(applies("libz.so.1.2.13:f", path, false));
	assert_true(applies("libz.so.1:f", path, false));
	assert_true(applies("libz.so:f", path, false));
	assert_true(applies("libz*:f", path, false));
	assert_true(applies("/opt/none/libz.so:f", path, false));
	assert_true(applies("/opt/*:f", path, false));
	assert_false(applies("libz:f", path, false));
	assert_false(applies("libz.so.2:f", path, false));
	assert_false(applies("z.so:f", path, false));
	assert_false(applies("/lib/libz.so:f", path, false));
	assert_false(applies("libz.so:f", "/opt/none/app", true));
}

static void test_objects_through_links(void **state)
{
	char folder[] = "/tmp/rp-select-XXXXXX", file[64], link[64], text[80];
	FILE *stream;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/server", folder);
	snprintf(link, sizeof(link), "%s/alias", folder);
	stream = fopen(file, "w");
	assert_non_null(stream);
	fclose(stream);
	assert_int_equal(symlink("server", link), 0);
	snprintf(text, sizeof(text), "%s:main", link);
	assert_true(applies(text, file, false));
	assert_true(applies(text, link, false));
	unlink(link);
	unlink(file);
	rmdir(folder);
}

static void test_object_paths(void **state)
{
	(void)state;
	assert_true(rp_select__is_path("/usr/bin/x"));
	assert_true(rp_select__is_path("./x"));
	assert_false(rp_select__is_path("x"));
	assert_false(rp_select__is_path("/usr/bin/*"));
}

static struct rp_select_usdt usdt(const char *text)
{
	struct rp_select_usdt selection;

	assert_int_equal(rp_select_usdt__parse(text, &selection, NULL), 0);
	return selection;
}

static void assert_query(const struct rp_usdt_query *query, const char *provider, const char *begin,
			 const char *end)
{
	assert_string_equal(query->provider, provider);
	assert_string_equal(query->begin, begin);
	if (end)
		assert_string_equal(query->end, end);
	else
		assert_null(query->end);
}

static void test_usdt_two_fields(void **state)
{
	struct rp_select_usdt s = usdt("python:gc__start");
	struct rp_usdt_query query;

	(void)state;
	assert_true(rp_select_usdt__plain(&s, true, &query));
	assert_false(rp_select_usdt__plain(&s, false, &query));
	assert_query(&query, "python", "gc__start", NULL);
	assert_false(rp_select_usdt__of_object(&s, "/usr/bin/python", &query));
	assert_null(rp_select_usdt__object(&s));
	rp_select_usdt__free(&s);
}

static void test_usdt_three_fields(void **state)
{
	struct rp_select_usdt s = usdt("postgres:pg:query");
	struct rp_usdt_query query;

	(void)state;
	assert_true(rp_select_usdt__plain(&s, true, &query));
	assert_query(&query, "postgres", "pg", "query");
	assert_true(rp_select_usdt__of_object(&s, "/opt/none/postgres", &query));
	assert_query(&query, "pg", "query", NULL);
	assert_false(rp_select_usdt__of_object(&s, "/opt/none/python", &query));
	rp_select_usdt__free(&s);
}

static void test_usdt_four_fields(void **state)
{
	struct rp_select_usdt s = usdt("/opt/none/lib.so:pg:query__start:query__*");
	struct rp_usdt_query query;

	(void)state;
	assert_false(rp_select_usdt__plain(&s, true, &query));
	assert_true(rp_select_usdt__of_object(&s, "/opt/none/lib.so", &query));
	assert_query(&query, "pg", "query__start", "query__*");
	assert_string_equal(rp_select_usdt__object(&s), "/opt/none/lib.so");
	rp_select_usdt__free(&s);
}

static void test_usdt_key(void **state)
{
	struct rp_select_usdt s = usdt("lib.so:pg:start:done@arg11");
	struct rp_usdt_query query;

	(void)state;
	assert_true(rp_select_usdt__of_object(&s, "/opt/none/lib.so", &query));
	assert_query(&query, "pg", "start", "done");
	assert_int_equal(query.key, 11);
	rp_select_usdt__free(&s);

	s = usdt("pg:start@arg0");
	assert_true(rp_select_usdt__plain(&s, true, &query));
	assert_query(&query, "pg", "start", NULL);
	assert_int_equal(query.key, 0);
	rp_select_usdt__free(&s);

	s = usdt("pg:start:done");
	assert_true(rp_select_usdt__plain(&s, true, &query));
	assert_int_equal(query.key, -1);
	rp_select_usdt__free(&s);
}

static void test_malformed_usdt(void **state)
{
	static const char *const bad[] = {"",	  "python", "python:",	":x",
					  "a::b", "a:b:",   "a:b:c:d:e"};
	struct rp_select_usdt selection;
	struct rp_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = (struct rp_err){0};
		assert_int_equal(rp_select_usdt__parse(bad[i], &selection, &err), -EINVAL);
		assert_int_equal(err.exit, RP_EXIT_USAGE);
		assert_true(*err.cause && *err.cure);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_names_that_look_like_globs),
		cmocka_unit_test(test_probe_globs),
		cmocka_unit_test(test_function_selections),
		cmocka_unit_test(test_function_spans),
		cmocka_unit_test(test_malformed_functions),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_objects_through_links),
		cmocka_unit_test(test_object_paths),
		cmocka_unit_test(test_usdt_two_fields),
		cmocka_unit_test(test_usdt_three_fields),
		cmocka_unit_test(test_usdt_four_fields),
		cmocka_unit_test(test_usdt_key),
		cmocka_unit_test(test_malformed_usdt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
