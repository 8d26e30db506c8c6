// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/usdt_pair.h"

static void assert_pair(const char *begin, const char *end, const char *wanted)
{
	char stem[64] = "untouched";

	assert_true(rp_usdt_pair__match(begin, end, stem, sizeof(stem)));
	assert_string_equal(stem, wanted);
}

static void assert_no_pair(const char *begin, const char *end)
{
	char stem[64];

	assert_false(rp_usdt_pair__match(begin, end, stem, sizeof(stem)));
}

static void test_every_pair_of_words(void **state)
{
	static const char *const words[][2] = {
		{"begin", "end"},    {"start", "end"},	  {"start", "done"},
		{"start", "finish"}, {"entry", "return"}, {"entry", "exit"},
		{"enter", "exit"},   {"enter", "leave"},  {"enter", "entered"},
		{"pre", "post"},     {"before", "after"}, {"startup", "shutdown"},
		{"start", "commit"}, {"start", "abort"},  {"begin", "commit"},
		{"begin", "abort"},
	};
	char begin[64], end[64];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(begin, sizeof(begin), "db__query__%s", words[i][0]);
		snprintf(end, sizeof(end), "db__query__%s", words[i][1]);
		assert_pair(begin, end, "db__query");
		assert_no_pair(end, begin);
		assert_true(rp_usdt_pair__is_end(end));
	}
}

static void test_words_that_do_not_pair(void **state)
{
	(void)state;
	assert_no_pair("rpc_keepalive_start", "rpc_keepalive_stop");
	assert_no_pair("lwlock__acquire", "lwlock__release");
	assert_no_pair("begin", "finish");
	assert_no_pair("entry", "end");
	assert_no_pair("query__start", "query__started");
	assert_no_pair("query__start", "query__start");
	assert_false(rp_usdt_pair__is_end("lwlock__release"));
	assert_false(rp_usdt_pair__is_end("restart"));
	assert_false(rp_usdt_pair__is_end(""));
}

static void test_stems_must_agree(void **state)
{
	(void)state;
	assert_no_pair("query__start", "parse__done");
	assert_no_pair("query__start", "query__parse__done");
	assert_no_pair("query__parse__start", "query__done");
	assert_no_pair("query__start", "done");
	assert_no_pair("a_b__start", "a__b__done");
}

static void test_spelling_does_not_count(void **state)
{
	(void)state;
	assert_pair("Query__Start", "query__DONE", "Query");
	assert_pair("gc-mark-start", "gc__mark__done", "gc-mark");
	assert_pair("launch_start", "launch_end", "launch");
	assert_pair("launch_start", "launch__end", "launch");
}

static void test_bare_words(void **state)
{
	(void)state;
	assert_pair("start", "done", "");
	assert_pair("_enter", "_exit", "");
}

static void test_plain_name(void **state)
{
	(void)state;
	assert_pair("flush", "flush__done", "flush");
	assert_pair("flush", "flush-end", "flush");
	assert_pair("disk__flush", "Disk__Flush__End", "disk__flush");
	/* '_' alone sets off no word here: run and run_end are as likely two things. */
	assert_no_pair("run", "run_end");
	assert_no_pair("flush", "flush__commit");
	assert_no_pair("", "__end");
}

static void test_short_buffer(void **state)
{
	char stem[4];

	(void)state;
	assert_true(rp_usdt_pair__match("query__start", "query__done", stem, sizeof(stem)));
	assert_string_equal(stem, "que");
	assert_true(rp_usdt_pair__match("query__start", "query__done", NULL, 0));
}

static void test_calls(void **state)
{
	(void)state;
	assert_true(rp_usdt_pair__is_call("function__entry", "function__return"));
	assert_true(rp_usdt_pair__is_call("function__ENTRY", "function__exit"));
	assert_true(rp_usdt_pair__is_call("enter", "exit"));
	assert_true(rp_usdt_pair__is_call("x_enter", "x_leave"));
	assert_true(rp_usdt_pair__is_every_call("function"));
	assert_false(rp_usdt_pair__is_every_call("function__compile"));
	assert_false(rp_usdt_pair__is_call("monitor__enter", "monitor__entered"));
	assert_false(rp_usdt_pair__is_call("query__start", "query__done"));
}

static void test_shared_stem(void **state)
{
	char stem[32];

	(void)state;
	assert_true(rp_usdt_pair__share_stem("lock__acquire", "lock-release", stem, sizeof(stem)));
	assert_string_equal(stem, "lock");
	assert_false(
		rp_usdt_pair__share_stem("lock__acquire", "mutex__release", stem, sizeof(stem)));
	assert_false(rp_usdt_pair__share_stem("acquire", "release", stem, sizeof(stem)));
}

static void test_folded_forms(void **state)
{
	char whole[32], stem[32];

	(void)state;
	rp_usdt_pair__fold("GC__mark_All-x", whole);
	assert_string_equal(whole, "gc-mark_all-x");
	rp_usdt_pair__fold_stem("GC__mark__START", stem);
	assert_string_equal(stem, "gc-mark");
	rp_usdt_pair__fold_stem("start", stem);
	assert_string_equal(stem, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pair_of_words),
		cmocka_unit_test(test_words_that_do_not_pair),
		cmocka_unit_test(test_stems_must_agree),
		cmocka_unit_test(test_spelling_does_not_count),
		cmocka_unit_test(test_bare_words),
		cmocka_unit_test(test_plain_name),
		cmocka_unit_test(test_short_buffer),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_shared_stem),
		cmocka_unit_test(test_folded_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
