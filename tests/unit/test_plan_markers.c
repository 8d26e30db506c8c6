// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Regions of markers: static and named ones, blocks, spans. */
#include "plan_fixture.h"

static const struct rp_usdt_note markers[] = {
	NOTE(0, "rptrace", "order__begin", "-8@%rax"),
	NOTE(1, "rptrace", "order__end", ""),
	NOTE(2, "rptrace", "Order__begin", ""),
	NOTE(3, "rptrace", "Order__end", ""),
	NOTE(4, "rptrace_scope", "block__begin", "8@%rbp 4@%esi"),
	NOTE(5, "rptrace_scope", "end", "8@%rbx"),
	NOTE(6, "rptrace_name", "begin", "8@%rdi"),
	NOTE(7, "rptrace_name", "end", "8@%rdi"),
	NOTE(8, "rptrace", "nothing", ""),
	NOTE(9, "rptrace", "__begin", ""),
	NOTE(10, "other", "x__begin", ""),
	NOTE(11, "other", "x__end", ""),
};

static void run_markers(struct fixture *f)
{
	run_notes(f, markers, N(markers));
}

static void test_default_markers(void **state)
{
	struct fixture f = fixture();
	const struct rp_site *s;

	(void)state;
	run_markers(&f);
	assert_regions(&f, "order", "Order", "block", "x", NULL);
	assert_int_equal(f.added, 10);
	assert_int_equal(region(&f, "order")->kind, RP_KIND_MARKER);
	s = site(&f, "order", RP_ROLE_BEGIN);
	assert_int_equal(s->flags, RP_SITE_LABEL);
	assert_int_equal(s->args[0].reg, 80);
	assert_int_equal(site(&f, "Order", RP_ROLE_BEGIN)->flags, 0);
	s = site(&f, "block", RP_ROLE_SCOPE_BEGIN);
	assert_int_equal(s->flags, 0);
	assert_int_equal(s->args[0].reg, 32);
	assert_int_equal(site(&f, NULL, RP_ROLE_SCOPE_END)->args[0].reg, 40);
	assert_int_equal(site(&f, NULL, RP_ROLE_SCOPE_END)->flags, 0);
	assert_int_equal(site(&f, NULL, RP_ROLE_NAME_BEGIN)->args[0].reg, 112);
	assert_non_null(site(&f, NULL, RP_ROLE_NAME_END));
	rp_plan__free(f.plan);
}

static const struct rp_usdt_note blocks[] = {
	NOTE(0, "rptrace_scope", "block__begin", "8@%rbp"),
	NOTE(1, "rptrace_scope", "other__begin", "8@%rbp"),
	NOTE(2, "rptrace_scope", "unread__begin", "what is this"),
	NOTE(3, "rptrace_scope", "end", "8@%rbx"),
};

/* Where only some blocks are traced, the end of any may be that of another. */
static void test_ends_of_some_blocks(void **state)
{
	struct fixture f = fixture();

	(void)state;
	run_notes(&f, blocks, N(blocks));
	assert_regions(&f, "block", "other", NULL);
	assert_int_equal(site(&f, NULL, RP_ROLE_SCOPE_END)->flags, RP_SITE_SOME);
	rp_plan__free(f.plan);
	f = fixture();
	exclude(&f, "other");
	run_notes(&f, blocks, N(blocks));
	assert_regions(&f, "block", NULL);
	assert_int_equal(site(&f, NULL, RP_ROLE_SCOPE_END)->flags, RP_SITE_SOME);
	rp_plan__free(f.plan);
}

static void test_markers_by_name(void **state)
{
	struct fixture f = fixture();

	(void)state;
	select_usdt(&f, "rptrace:order");
	run_markers(&f);
	assert_regions(&f, "order", NULL);
	assert_null(site(&f, NULL, RP_ROLE_SCOPE_END));
	assert_non_null(site(&f, NULL, RP_ROLE_NAME_BEGIN));
	rp_plan__free(f.plan);

	f = fixture();
	select_usdt(&f, "rptrace:block");
	run_markers(&f);
	assert_regions(&f, "block", NULL);
	assert_non_null(site(&f, NULL, RP_ROLE_SCOPE_END));
	rp_plan__free(f.plan);
}

static void test_markers_that_are_not_wanted(void **state)
{
	struct fixture f = fixture();

	(void)state;
	select_usdt(&f, "other:*");
	run_markers(&f);
	assert_regions(&f, "x", NULL);
	assert_int_equal(f.added, 2);
	rp_plan__free(f.plan);

	f = fixture();
	select_function(&f, "work");
	run_markers(&f);
	assert_int_equal(f.added, 0);
	rp_plan__free(f.plan);

	f = fixture();
	exclude(&f, "block");
	exclude(&f, "x");
	run_markers(&f);
	assert_regions(&f, "order", "Order", NULL);
	assert_null(site(&f, NULL, RP_ROLE_SCOPE_END));
	rp_plan__free(f.plan);
}

static void test_marker_key_that_cannot_be_read(void **state)
{
	static const struct rp_usdt_note notes[] = {
		NOTE(0, "rptrace_scope", "block__begin", "8@key(%rip)"),
		NOTE(1, "rptrace_scope", "end", "8@%rax"),
	};
	struct fixture f = fixture();

	(void)state;
	run_notes(&f, notes, N(notes));
	assert_int_equal(f.added, 0);
	assert_refused(&f, "rptrace_scope:block__begin", "argument");
	rp_plan__free(f.plan);
}

static void test_nearest_markers(void **state)
{
	struct fixture f = fixture();
	const char *names[4];

	(void)state;
	select_usdt(&f, "rptrace:ordr");
	run_markers(&f);
	assert_true(rp_plan__suggest(f.plan, names, 4) >= 1);
	assert_string_equal(names[0], "rptrace:order");
	rp_plan__free(f.plan);
}

/* ---- spans ----------------------------------------------------------------------------------- */

static const struct rp_usdt_note spans[] = {
	NOTE(0, "rptrace", "order__begin", "-8@%rax"),
	NOTE(1, "rptrace", "order__end", ""),
	NOTE(2, "rptrace_span", "order__begin", "8@%rdi"),
	NOTE(3, "rptrace_span", "order__end", "8@-8(%rbp)"),
	NOTE(4, "rptrace_span", "wait__begin", "8@$7"),
	NOTE(5, "rptrace_span", "wait__end", "8@%xmm1"),
	NOTE(6, "rptrace_span", "nothing", "8@%rax"),
};

/* A span is not the marker of that name, nor anything without its id. */
static void test_spans(void **state)
{
	struct fixture f = fixture();
	const struct rp_site *s;

	(void)state;
	run_notes(&f, spans, N(spans));
	assert_regions(&f, "order", "rptrace_span:order", "wait", NULL);
	assert_int_equal(f.added, 5);
	assert_int_equal(region(&f, "order")->kind, RP_KIND_MARKER);
	assert_int_equal(region(&f, "rptrace_span:order")->kind, RP_KIND_SPAN);
	s = site(&f, "rptrace_span:order", RP_ROLE_SPAN_BEGIN);
	assert_int_equal(s->flags, 0);
	assert_int_equal(s->args[0].kind, RP_ARG_REG);
	assert_int_equal(site(&f, "rptrace_span:order", RP_ROLE_SPAN_END)->args[0].kind,
			 RP_ARG_MEM);
	assert_non_null(site(&f, "wait", RP_ROLE_SPAN_BEGIN));
	assert_null(site(&f, "wait", RP_ROLE_SPAN_END));
	assert_refused(&f, "rptrace_span:wait__end", "argument");
	rp_plan__free(f.plan);
}

static void test_spans_by_name(void **state)
{
	static const struct {
		const char *usdt, *exclude, *regions[3];
	} rows[] = {
		{"rptrace:order", NULL, {"order", "rptrace_span:order"}},
		{"rptrace_span:order", NULL, {"order"}},
		{"rptrace_span:order__begin", NULL, {"order"}},
		{"rptrace:*", "rptrace_span:*", {"order"}},
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct fixture f = fixture();

		select_usdt(&f, rows[i].usdt);
		if (rows[i].exclude)
			exclude(&f, rows[i].exclude);
		run_notes(&f, spans, 4);
		assert_regions(&f, rows[i].regions[0], rows[i].regions[1], NULL);
		rp_plan__free(f.plan);
	}
}

/* What has a name made at run time may come yet, where there are such. */
static void test_markers_that_match_nothing(void **state)
{
	struct fixture f = fixture();

	(void)state;
	select_usdt(&f, "rptrace:order");
	select_usdt(&f, "rptrace:o*");
	select_usdt(&f, "rptrace:made-later");
	select_usdt(&f, "other:nosuch");
	run_markers(&f);
	assert_string_equal(rp_plan__unmatched(f.plan), "other:nosuch");
	rp_plan__free(f.plan);

	f = fixture();
	select_usdt(&f, "rptrace:block");
	select_usdt(&f, "rptrace:bl*");
	select_usdt(&f, "rptrace:made-later");
	run_notes(&f, blocks, N(blocks));
	assert_string_equal(rp_plan__unmatched(f.plan), "rptrace:made-later");
	rp_plan__free(f.plan);
}

/* No name made at run time has an end or an id to be named, but all share two probes. */
static void test_names_with_an_end_or_an_id(void **state)
{
	static const struct {
		const char *text;
		bool matches;
	} selections[] = {
		{"rptrace:order-begin:order-end", true},
		{"rptrace_name:begin:end", true},
		{"rptrace_name:begin", true},
		{"rptrace_name:*@arg0", true},
		{"*:rptrace:made-later", true}, /* of any object */
		{"*:made-later", true},
		{"rptrace:order-begin:nosuch", false},
		{"rptrace:made-later@arg0", false},
		{"rptrace:*@arg0", false},
		{"*:order-begin:nosuch", false},
		{"rptrace_name:begin:nosuch", false},
		{"rptrace_name:nosuch:end", false},
	};

	(void)state;
	for (size_t i = 0; i < N(selections); i++) {
		struct fixture f = fixture();

		select_usdt(&f, "rptrace:order");
		select_usdt(&f, selections[i].text);
		run_markers(&f);
		assert_unmatched(&f, selections[i].matches ? NULL : selections[i].text);
		rp_plan__free(f.plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_with_an_end_or_an_id),
		cmocka_unit_test(test_markers_that_match_nothing),
		cmocka_unit_test(test_default_markers),
		cmocka_unit_test(test_ends_of_some_blocks),
		cmocka_unit_test(test_markers_by_name),
		cmocka_unit_test(test_markers_that_are_not_wanted),
		cmocka_unit_test(test_marker_key_that_cannot_be_read),
		cmocka_unit_test(test_nearest_markers),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_spans_by_name),
	};

	return cmocka_run_group_tests(tests, make_image, NULL);
}
