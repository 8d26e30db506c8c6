// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Arguments of functions: ids of spans, and the lengths of strings. */
#include "plan_fixture.h"

/* From the entry of some functions to that of others, in one file, by one argument. */
static void test_function_spans(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "open_file"), C(1, "open_pipe"),
						   C(2, "close_all"), C(3, "other")};
	struct fixture f = fixture();
	const struct rp_site *s;

	(void)state;
	select_function(&f, "open_*:close_*@arg1");
	select_function(&f, "open_*:nothing@arg1");
	select_function(&f, "close_all:close_*@arg0");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "open_*-close_*", "open_*-nothing", "close_all-close_*", NULL);
	assert_int_equal(region(&f, "open_*-close_*")->kind, RP_KIND_SPAN);
	assert_int_equal(count_sites(&f, "open_*-close_*", RP_ROLE_SPAN_BEGIN), 2);
	assert_int_equal(count_sites(&f, "open_*-close_*", RP_ROLE_SPAN_END), 1);
	s = site(&f, "open_*-close_*", RP_ROLE_SPAN_END);
	assert_int_equal(s->n_args, 1);
	assert_int_equal(s->args[0].reg, 104); /* rsi */
	assert_refused(&f, "open_*:nothing@arg1", "no function that ends it");
	assert_refused(&f, "close_all", "it begins the span that it would end");
	assert_true(rp_plan__may_have_spans(f.plan));
	rp_plan__free(f.plan);
}

/* A copy for callers that pass a constant has no arguments that are known, but returns the same. */
static void test_copies_with_other_arguments(void **state)
{
	static const struct rp_symbol symbols[] = {
		C(0, "work"), CXX(1, "work", "work.constprop.0"), CXX(2, "fold", "fold.isra.1"),
		CXX(3, "meet", "meet.specialized.2"), CXX(4, "same", "same.lto_priv.0")};
	struct rp_where where;
	size_t at;

	(void)state;
	for (int filtered = 0; filtered <= 1; filtered++) {
		struct fixture f = fixture();

		assert_null(rp_where__parse(filtered ? "arg0 > 1" : "ret > 1", &where, &at));
		f.opts.where = &where;
		f.opts.label = (struct rp_operand){.kind = RP_OPERAND_ARG};
		select_function(&f, "*");
		run_symbols(&f, symbols, N(symbols));
		assert_int_equal(site(&f, "work", RP_ROLE_CALL)->args[0].reg, 112); /* rdi */
		assert_int_equal(site(&f, "same", RP_ROLE_CALL)->args[0].reg, 112);
		assert_int_equal(count_sites(&f, "work", RP_ROLE_CALL), filtered ? 1 : 2);
		if (filtered) {
			assert_regions(&f, "work", "same", NULL);
			assert_refused(&f, "work", "other arguments");
			assert_refused(&f, "fold", "other arguments");
			assert_refused(&f, "meet", "other arguments");
		} else {
			assert_int_equal(site(&f, "fold", RP_ROLE_CALL)->args[0].kind, RP_ARG_NONE);
			assert_int_equal(site(&f, "fold", RP_ROLE_CALL)->args[1].reg, 80); /* rax */
		}
		rp_plan__free(f.plan);
	}
}

/* A copy with other arguments has no id. */
static void test_spans_of_copies(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "open"), CXX(1, "open", "open.constprop.0"),
						   C(2, "close")};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "open:close@arg0");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(count_sites(&f, "open-close", RP_ROLE_SPAN_BEGIN), 1);
	assert_refused(&f, "open", "other arguments");
	rp_plan__free(f.plan);
}

/* Begin and end may be in two files, that of the end first: nothing is wanted before both are
 * there.
 */
static void test_spans_over_two_files(void **state)
{
	static const struct rp_symbol begins[] = {C(0, "open_file"), C(1, "main")},
				      ends[] = {C(2, "close_file")},
				      both[] = {C(3, "open_file"), C(4, "close_file")};
	static const char text[] = "*:open_file:close_file@arg0", name[] = "open_file-close_file";
	struct fixture f = fixture();
	size_t n;

	(void)state;
	select_function(&f, text);
	run_symbols(&f, ends, N(ends));
	assert_true(rp_region__is_half(region(&f, name)));
	assert_false(rp_plan__wants_site(f.plan, site(&f, name, RP_ROLE_SPAN_END)));
	assert_refused(&f, text, "no function that begins it");
	assert_int_equal(rp_plan__completed_spans(f.plan), 0);

	/* Which is told once, however many files have an end. */
	f.object.number = 10;
	add(&f);
	rp_plan__refusals(f.plan, &n);
	assert_int_equal(n, 1);

	f.object.number = 8;
	f.object.symbols = begins;
	f.object.n_symbols = N(begins);
	add(&f);
	assert_false(rp_region__is_half(region(&f, name)));
	assert_true(rp_plan__wants_site(f.plan, site(&f, name, RP_ROLE_SPAN_END)));
	assert_true(rp_plan__wants_site(f.plan, site(&f, name, RP_ROLE_SPAN_BEGIN)));
	assert_int_equal(rp_plan__completed_spans(f.plan), 1);
	rp_plan__refusals(f.plan, &n);
	assert_int_equal(n, 0);

	f.object.number = 9;
	f.object.symbols = both;
	f.object.n_symbols = N(both);
	add(&f);
	assert_int_equal(count_sites(&f, name, RP_ROLE_SPAN_BEGIN), 2);
	assert_int_equal(rp_plan__completed_spans(f.plan), 1);
	assert_regions(&f, name, NULL);
	rp_plan__free(f.plan);
}

/* The lengths of strings are behind all that is read, in the same order. */
static void test_lengths_of_strings(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "work")};
	struct fixture f = fixture();
	struct rp_where where;
	const struct rp_site *s;
	size_t at;

	(void)state;
	assert_null(rp_where__parse("arg2 > 1 && arg1:str@arg3 == 'x'", &where, &at));
	f.opts.where = &where;
	f.opts.label = (struct rp_operand){
		.kind = RP_OPERAND_ARG, .size = 8, .flags = RP_ARG_TEXT, .length = 2};
	select_function(&f, "work");
	run_symbols(&f, symbols, N(symbols));
	s = site(&f, "work", RP_ROLE_CALL);
	assert_int_equal(s->n_args, 6);
	assert_int_equal(s->args[0].reg, 112); /* rdi */
	assert_int_equal(s->args[3].reg, 104); /* rsi */
	assert_int_equal(s->args[4].kind, RP_ARG_NONE);
	assert_int_equal(s->args[5].reg, 88); /* rcx */
	rp_plan__free(f.plan);
}

/* By name, whatever the kind; each of its sites says so. */
static void test_within(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "handle_get"), C(1, "work")};
	struct fixture f = fixture();

	(void)state;
	f.opts.within = "handle_*";
	select_function(&f, "*");
	run_symbols(&f, symbols, N(symbols));
	assert_true(region(&f, "handle_get")->within);
	assert_false(region(&f, "work")->within);
	assert_true(site(&f, "handle_get", RP_ROLE_CALL)->within);
	assert_false(site(&f, "work", RP_ROLE_CALL)->within);
	rp_plan__free(f.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function_spans),
		cmocka_unit_test(test_copies_with_other_arguments),
		cmocka_unit_test(test_spans_of_copies),
		cmocka_unit_test(test_spans_over_two_files),
		cmocka_unit_test(test_lengths_of_strings),
		cmocka_unit_test(test_within),
	};

	return cmocka_run_group_tests(tests, make_image, NULL);
}
