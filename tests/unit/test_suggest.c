// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Names that are suggested where nothing matches, and those that begin with what was typed. */
#include "plan_fixture.h"
#include "util/edit_distance.h"

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(rp_edit_distance("work", "work", 9), 0);
	assert_int_equal(rp_edit_distance("work", "WORK", 9), 0);
	assert_int_equal(rp_edit_distance("work", "wrok", 9), 1);
	assert_int_equal(rp_edit_distance("work", "worker", 9), 2);
	assert_int_equal(rp_edit_distance("kitten", "sitting", 9), 3);
	assert_int_equal(rp_edit_distance("abc", "xyz", 2), 2);
	assert_int_equal(rp_edit_distance("", "abc", 9), 3);
	assert_int_equal(rp_edit_distance("abcdef", "badcfe", 9), 3);
}

static void test_nearest_functions(void **state)
{
	static const struct rp_symbol symbols[] = {
		C(0, "main"), C(1, "work_once"), C(2, "work_twice"),
		CXX(3, "ns::Widget::draw", "_ZN2ns6Widget4drawEv"), C(4, "unlike_it_all")};
	struct fixture f = fixture();
	const char *names[3];

	(void)state;
	select_function(&f, "wrok_once");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(rp_plan__suggest(f.plan, names, 3), 2);
	assert_string_equal(names[0], "work_once");
	assert_string_equal(names[1], "work_twice");
	assert_int_equal(rp_plan__suggest(f.plan, names, 0), 0);
	rp_plan__free(f.plan);

	f = fixture();
	select_function(&f, "Widget::drwa");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(rp_plan__suggest(f.plan, names, 3), 1);
	assert_string_equal(names[0], "ns::Widget::draw");
	rp_plan__free(f.plan);

	f = fixture();
	select_function(&f, "WORK*");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(rp_plan__suggest(f.plan, names, 3), 2);
	assert_string_equal(names[0], "work_once");
	assert_string_equal(names[1], "work_twice");
	assert_int_equal(rp_plan__suggest(f.plan, names, 1), 1);
	assert_string_equal(names[0], "work_once");
	rp_plan__free(f.plan);
}

/* A nearer one takes the place of the last, though it is not as near as the first. */
static void test_nearer_than_the_last(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "work_once"), C(1, "work_ones"),
						   C(2, "work_ounce")};
	struct fixture f = fixture();
	const char *names[2];

	(void)state;
	select_function(&f, "wrok_once");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(rp_plan__suggest(f.plan, names, 2), 2);
	assert_string_equal(names[0], "work_once");
	assert_string_equal(names[1], "work_ounce");
	rp_plan__free(f.plan);
}

static void test_nothing_near(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "main"), C(1, "abc")};
	struct fixture f = fixture();
	const char *names[4];

	(void)state;
	select_function(&f, "zzz");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(rp_plan__suggest(f.plan, names, 4), 0);
	rp_plan__free(f.plan);
}

static const struct rp_usdt_note query_notes[] = {
	NOTE(0, "postgresql", "query__start", ""),
	NOTE(1, "postgresql", "query__done", ""),
	NOTE(2, "mysql", "query__exec__start", ""),
	NOTE(3, "mysql", "query__exec__done", ""),
};

/* Whichever of the fields of a selection are meant for provider and probe. */
static void test_nearest_probes(void **state)
{
	static const struct {
		const char *usdt, *nearest;
	} cases[] = {
		{"postgresql:qury__start", "postgresql:query__start"},
		{"postgresq:query__start:x", "postgresql:query__start"},
		{"app:postgresql:quer_start", "postgresql:query__start"},
		{"app:mysql:query__exec__strt:x", "mysql:query__exec__start"},
		{"zz:yyyy", NULL},
	};
	const char *names[4];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct fixture f = fixture();
		size_t n;

		select_usdt(&f, cases[i].usdt);
		run_notes(&f, query_notes, N(query_notes));
		n = rp_plan__suggest(f.plan, names, 4);
		if (!cases[i].nearest && n)
			fail_msg("%s: %s", cases[i].usdt, names[0]);
		if (cases[i].nearest && (!n || strcmp(names[0], cases[i].nearest) != 0))
			fail_msg("%s: %s", cases[i].usdt, n ? names[0] : "nothing");
		rp_plan__free(f.plan);
	}
}

/* Each once, functions and probes; the last of too many is the one that is least like the first. */
static void test_completion(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "query_plan"), C(1, "query_parse"),
						   C(2, "quick"),      C(3, "query_parse_all"),
						   C(4, "main"),       C(5, "query_pass")};
	struct fixture f = fixture();
	const char *names[8];

	(void)state;
	select_function(&f, "nosuch");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(rp_plan__complete(f.plan, "query_pa", names, 8), 3);
	assert_string_equal(names[0], "query_parse");
	assert_string_equal(names[1], "query_parse_all");
	assert_string_equal(names[2], "query_pass");
	assert_int_equal(rp_plan__complete(f.plan, "query_pass", names, 8), 1);
	assert_int_equal(rp_plan__complete(f.plan, "nothing", names, 8), 0);
	assert_int_equal(rp_plan__complete(f.plan, "q", names, 0), 0);
	/* All of these share the two letters of quick, which was met in the midst of them. */
	assert_int_equal(rp_plan__complete(f.plan, "qu", names, 2), 2);
	assert_string_equal(names[0], "query_plan");
	assert_string_equal(names[1], "quick");
	assert_int_equal(rp_plan__complete(f.plan, "query", names, 2), 2);
	assert_string_equal(names[1], "query_parse");
	rp_plan__free(f.plan);

	f = fixture();
	select_usdt(&f, "no:such");
	run_notes(&f, query_notes, N(query_notes));
	assert_int_equal(rp_plan__complete(f.plan, "postgresql:query__", names, 8), 1);
	assert_int_equal(rp_plan__complete(f.plan, "mysql", names, 8), 1);
	assert_string_equal(names[0], "mysql:query__exec__start");
	rp_plan__free(f.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_nearest_functions),
		cmocka_unit_test(test_nearer_than_the_last),
		cmocka_unit_test(test_nothing_near),
		cmocka_unit_test(test_nearest_probes),
		cmocka_unit_test(test_completion),
	};

	return cmocka_run_group_tests(tests, make_image, NULL);
}
