// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Regions of USDT probes. */
#include <fcntl.h>
#include <unistd.h>

#include "plan_fixture.h"

static const struct rp_usdt_note database[] = {
	NOTE(0, "db", "query__start", "8@%rdi -4@NBuffers(%rip)"),
	NOTE(1, "db", "query__done", ""),
	NOTE(2, "db", "transaction__start", "4@%eax"),
	NOTE(3, "db", "transaction__commit", ""),
	NOTE(4, "db", "transaction__abort", ""),
	NOTE(5, "db", "query__start", "8@%rsi"),
	NOTE(6, "db", "lock__acquire", ""),
	NOTE(7, "db", "lock__release", ""),
	NOTE(8, "vm", "function__entry", ""),
	NOTE(9, "vm", "function__return", ""),
	NOTE(10, "vm", "flush", ""),
	NOTE(11, "vm", "flush__end", ""),
};

static void run_database(struct fixture *f)
{
	run_notes(f, database, N(database));
}

static void test_default_is_all_pairs(void **state)
{
	struct fixture f = fixture();

	(void)state;
	run_database(&f);
	assert_regions(&f, "query", "transaction", "function", "flush", NULL);
	assert_int_equal(count_sites(&f, "query", RP_ROLE_BEGIN), 2);
	assert_int_equal(count_sites(&f, "query", RP_ROLE_END), 1);
	assert_int_equal(count_sites(&f, "transaction", RP_ROLE_END), 2);
	assert_int_equal(region(&f, "query")->kind, RP_KIND_USDT);
	assert_int_equal(region(&f, "query")->sites, 3);
	assert_int_equal(site(&f, "function", RP_ROLE_BEGIN)->flags,
			 RP_SITE_NESTED | RP_SITE_LOOSE);
	assert_int_equal(site(&f, "function", RP_ROLE_END)->flags, 0);
	assert_int_equal(site(&f, "query", RP_ROLE_BEGIN)->flags, RP_SITE_LOOSE);
	assert_int_equal(f.plan->n_refusals, 0);
	rp_plan__free(f.plan);
}

/* Where samples tell what an interpreter calls; who asks for it gets it. */
static void test_every_call_of_an_interpreter(void **state)
{
	struct fixture f = fixture();

	(void)state;
	f.opts.samples = true;
	run_database(&f);
	assert_regions(&f, "query", "transaction", "flush", NULL);
	rp_plan__free(f.plan);

	f = fixture();
	f.opts.samples = true;
	select_usdt(&f, "vm:*");
	run_database(&f);
	assert_regions(&f, "function", "flush", NULL);
	rp_plan__free(f.plan);
}

static void test_default_takes_no_functions(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "work")};
	struct fixture f = fixture();

	(void)state;
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(f.added, 0);
	rp_plan__free(f.plan);
}

static void test_usdt_by_begin_or_stem(void **state)
{
	static const char *const forms[] = {"db:query__start", "db:query", "db:query-start",
					    "d?:q*", "app:db:query"};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < N(forms); i++) {
		f = fixture();
		select_usdt(&f, forms[i]);
		run_database(&f);
		assert_regions(&f, "query", NULL);
		assert_int_equal(f.added, 3);
		rp_plan__free(f.plan);
	}
}

static void test_usdt_object_may_be_any(void **state)
{
	struct fixture f = fixture();

	(void)state;
	f.object.is_exe = false;
	f.object.path = "/opt/none/libdb.so";
	select_usdt(&f, "*:db:q*");
	run_database(&f);
	assert_regions(&f, "query", NULL);
	rp_plan__free(f.plan);

	f = fixture();
	f.object.is_exe = false;
	select_usdt(&f, "db:q*");
	run_database(&f);
	assert_regions(&f, "query", NULL);
	rp_plan__free(f.plan);
}

static void test_usdt_with_explicit_end(void **state)
{
	struct fixture f = fixture();

	(void)state;
	select_usdt(&f, "db:lock__acquire:lock__release");
	select_usdt(&f, "db:query__start:transaction__*t");
	select_usdt(&f, "app:vm:flush:function__entry");
	run_database(&f);
	assert_regions(&f, "lock", "query__start-transaction__*t", "flush-function__entry", NULL);
	assert_int_equal(count_sites(&f, "lock", RP_ROLE_END), 1);
	assert_int_equal(count_sites(&f, "query__start-transaction__*t", RP_ROLE_BEGIN), 2);
	/* transaction__start ends in a 't' as well. */
	assert_int_equal(count_sites(&f, "query__start-transaction__*t", RP_ROLE_END), 3);
	rp_plan__free(f.plan);
}

static void test_explicit_ends_of_several_begins(void **state)
{
	struct fixture f = fixture();

	(void)state;
	select_usdt(&f, "db:*__start:*__[dc]o*");
	run_database(&f);
	assert_regions(&f, "query", "transaction", NULL);
	assert_int_equal(count_sites(&f, "transaction", RP_ROLE_END), 1);
	assert_int_equal(count_sites(&f, "query", RP_ROLE_END), 1);
	rp_plan__free(f.plan);
}

static void test_pair_selected_twice_is_one(void **state)
{
	struct fixture f = fixture();

	(void)state;
	select_usdt(&f, "db:query__start");
	select_usdt(&f, "db:q*");
	select_usdt(&f, "db:query__start:query__done");
	run_database(&f);
	assert_regions(&f, "query", NULL);
	assert_int_equal(f.added, 3);
	assert_int_equal(region(&f, "query")->sites, 3);
	rp_plan__free(f.plan);
}

static void test_probe_without_an_end(void **state)
{
	struct fixture f = fixture();

	(void)state;
	select_usdt(&f, "db:lock__acquire");
	run_database(&f);
	assert_regions(&f, NULL);
	assert_refused(&f, "db:lock__acquire", "name the end");
	rp_plan__free(f.plan);
}

static void test_usdt_labels(void **state)
{
	struct fixture f = fixture();
	const struct rp_site *s;
	size_t labels = 0;

	(void)state;
	f.opts.label = (struct rp_operand){.kind = RP_OPERAND_ARG};
	run_database(&f);
	s = site(&f, "query", RP_ROLE_BEGIN);
	assert_int_equal(s->flags, RP_SITE_LABEL | RP_SITE_LOOSE);
	assert_int_equal(s->args[0].reg, 112);
	assert_int_equal(site(&f, "query", RP_ROLE_END)->flags, 0);
	/* Without such an argument the region does without. */
	assert_int_equal(site(&f, "function", RP_ROLE_BEGIN)->flags,
			 RP_SITE_NESTED | RP_SITE_LOOSE);
	assert_int_equal(site(&f, "function", RP_ROLE_BEGIN)->n_args, 0);
	rp_plan__free(f.plan);

	f = fixture();
	f.opts.label = (struct rp_operand){.kind = RP_OPERAND_ARG, .index = 1};
	run_database(&f);
	assert_int_equal(count_sites(&f, "query", RP_ROLE_BEGIN), 2);
	/*
	 * One that cannot be read is the kernel's to count; where there is none there is no label.
	 */
	for (size_t i = 0; i < f.plan->n_sites; i++) {
		s = &f.plan->sites[i];
		if (s->region == region(&f, "query")->id && s->role == RP_ROLE_BEGIN)
			labels += s->flags & RP_SITE_LABEL && s->args[0].kind == RP_ARG_UNREADABLE;
	}
	assert_int_equal(labels, 1);
	rp_plan__free(f.plan);
}

/* Ends that tell the same as their begins do name the call that they end; no others. */
static void test_ends_that_name_their_call(void **state)
{
	static const struct rp_usdt_note notes[] = {
		NOTE(0, "vm", "function__entry", "8@%rdi 8@%rsi"),
		NOTE(1, "vm", "function__return", "8@%rdi 8@%rsi"),
		NOTE(2, "vm", "method__entry", "8@%rdi 8@%rsi"), /* its result, perhaps */
		NOTE(3, "vm", "method__return", "8@%rax"),
		NOTE(4, "vm", "gc__start", "8@%rdi"), /* no call */
		NOTE(5, "vm", "gc__done", "8@%rdi"),
	};
	struct fixture f = fixture();

	(void)state;
	f.opts.label = (struct rp_operand){.kind = RP_OPERAND_ARG, .flags = RP_ARG_TEXT};
	run_notes(&f, notes, N(notes));
	assert_int_equal(site(&f, "function", RP_ROLE_END)->flags, RP_SITE_LABEL);
	assert_int_equal(site(&f, "method", RP_ROLE_END)->flags, 0);
	assert_int_equal(site(&f, "gc", RP_ROLE_END)->flags, RP_SITE_IDS);
	rp_plan__free(f.plan);

	/* A number is no name. */
	f = fixture();
	f.opts.label = (struct rp_operand){.kind = RP_OPERAND_ARG};
	run_notes(&f, notes, N(notes));
	assert_int_equal(site(&f, "function", RP_ROLE_END)->flags, 0);
	rp_plan__free(f.plan);
}

static void test_two_providers_of_one_stem(void **state)
{
	static const struct rp_usdt_note notes[] = {
		NOTE(0, "b", "gc__start", ""),	NOTE(1, "b", "gc__done", ""),
		NOTE(2, "a", "gc__start", ""),	NOTE(3, "a", "gc__done", ""),
		NOTE(4, "one", "start", ""),	NOTE(5, "one", "done", ""),
		NOTE(6, "two", "x__begin", ""), NOTE(7, "two", "x__start", ""),
		NOTE(8, "two", "x__end", ""),	NOTE(9, "two", "x", ""),
	};
	struct fixture f = fixture();

	(void)state;
	run_notes(&f, notes, N(notes));
	assert_regions(&f, "gc", "b:gc", "one", "x", NULL);
	/* Both begins lead to it, and its end is one site; plain x is no third begin. */
	assert_int_equal(count_sites(&f, "x", RP_ROLE_BEGIN), 2);
	assert_int_equal(count_sites(&f, "x", RP_ROLE_END), 1);
	add(&f);
	assert_int_equal(f.plan->n_regions, 4);
	rp_plan__free(f.plan);
}

static void test_semaphores(void **state)
{
	static const struct rp_usdt_note notes[] = {
		{.provider = "p", .name = "a__begin", .args = "", .offset = NOPS, .semaphore = 96},
		{.provider = "p",
		 .name = "a__begin",
		 .args = "",
		 .offset = NOPS + 32,
		 .semaphore = 98},
		{.provider = "p", .name = "a__end", .args = "", .offset = NOPS + 64},
	};
	struct fixture f = fixture();

	(void)state;
	run_notes(&f, notes, N(notes));
	assert_int_equal(f.added, 3);
	assert_int_equal(f.plan->sites[0].semaphore, 96);
	assert_int_equal(f.plan->sites[1].semaphore, 98);
	assert_int_equal(f.plan->sites[2].semaphore, 0);
	rp_plan__free(f.plan);
}

static void test_excluded_pairs(void **state)
{
	struct fixture f = fixture();

	(void)state;
	exclude(&f, "quer*");
	exclude(&f, "vm:*");
	run_database(&f);
	assert_regions(&f, "transaction", NULL);
	rp_plan__free(f.plan);
}

static void test_note_that_cannot_be_probed(void **state)
{
	static const struct rp_usdt_note notes[] = {
		NOTE(0, "p", "a__begin", ""),
		{.provider = "p", .name = "a__end", .args = "", .offset = IMAGE_SIZE + 5},
		NOTE(2, "p", "b__begin", ""),
		NOTE(3, "p", "b__end", "")};
	struct fixture f = fixture();

	(void)state;
	run_notes(&f, notes, N(notes));
	assert_regions(&f, "b", NULL);
	assert_int_equal(f.added, 2);
	assert_refused(&f, "p:a__end", "cannot be read");
	rp_plan__free(f.plan);
}

static void test_nearest_probes(void **state)
{
	struct fixture f = fixture();
	const char *names[4];

	(void)state;
	select_usdt(&f, "db:qeury__start");
	run_database(&f);
	assert_true(rp_plan__suggest(f.plan, names, 4) >= 1);
	assert_string_equal(names[0], "db:query__start");
	rp_plan__free(f.plan);
}

/* ---- spans by an argument ------------------------------------------------------------------ */

static const struct rp_usdt_note keyed[] = {
	NOTE(0, "app", "task__start", "8@%rax -4@%edi"),
	NOTE(1, "app", "task__done", "8@%rsi"),
	NOTE(2, "app", "task__done", "8@$1 -8@8(%rbp)"),
	NOTE(3, "app", "job__start", "-4@%edi"),
	NOTE(4, "app", "job__done", "4@%esi 8@$-1"),
	NOTE(5, "app", "job__done", "-4@$-7 8@$-1"),
	NOTE(6, "app", "job__abort", "8@4(%rsp)"),
	NOTE(7, "app", "flow__start", "8@%xmm0 8@%rdi"),
	NOTE(8, "app", "flow__done", "8@%rdi 8@%rdi"),
};

/* All ends of a span see the same bytes of its id; constants have as many as are wanted. */
static void test_spans_by_argument(void **state)
{
	struct fixture f = fixture();
	const struct rp_site *s;

	(void)state;
	select_usdt(&f, "app:job__start:job__*@arg0");
	select_usdt(&f, "app:flow__start@arg1");
	select_usdt(&f, "app:flow__start");
	run_notes(&f, keyed, N(keyed));
	assert_regions(&f, "flow", "app@arg1:flow", "job", NULL);
	assert_int_equal(region(&f, "flow")->kind, RP_KIND_USDT);
	assert_int_equal(region(&f, "app@arg1:flow")->kind, RP_KIND_SPAN);
	assert_int_equal(site(&f, "app@arg1:flow", RP_ROLE_SPAN_BEGIN)->args[0].size, 8);
	assert_int_equal(count_sites(&f, "job", RP_ROLE_SPAN_END), 3);
	s = site(&f, "job", RP_ROLE_SPAN_BEGIN);
	assert_int_equal(s->flags, 0);
	for (size_t i = 0; i < f.plan->n_sites; i++) {
		s = &f.plan->sites[i];
		if (s->region != region(&f, "job")->id)
			continue;
		assert_int_equal(s->args[0].size, 4);
		assert_int_equal(s->args[0].flags, 0);
		if (s->args[0].kind == RP_ARG_CONST)
			assert_int_equal(s->args[0].value, 0xfffffff9);
	}
	rp_plan__free(f.plan);
}

static void test_spans_by_several_arguments(void **state)
{
	struct fixture f = fixture();

	(void)state;
	select_usdt(&f, "app:flow__start:flow__done@arg1");
	select_usdt(&f, "app:job__start:job__abort@arg0");
	select_usdt(&f, "app:job__start@arg0");
	select_usdt(&f, "app:flow__start:flow__done@arg0");
	run_notes(&f, keyed, N(keyed));
	assert_regions(&f, "job", "flow", NULL);
	assert_refused(&f, "app:flow__start", "arg0, which tells spans apart, cannot be read");
	rp_plan__free(f.plan);
}

/* An id that is known at one end alone is none. */
static void test_span_without_an_id(void **state)
{
	struct fixture f = fixture();

	(void)state;
	select_usdt(&f, "app:task__start:task__done@arg1");
	select_usdt(&f, "app:job__start@arg1");
	run_notes(&f, keyed, N(keyed));
	assert_regions(&f, NULL);
	assert_refused(&f, "app:task__done", "no arg1 to tell spans apart by");
	assert_refused(&f, "app:job__start", "no arg1 to tell spans apart by");
	rp_plan__free(f.plan);
}

/*
 * What both ends have may tell calls apart that overlap, behind what --where reads; not calls of an
 * interpreter, which nest.
 */
static void test_arguments_that_may_be_ids(void **state)
{
	static const struct rp_usdt_note notes[] = {
		NOTE(0, "vm", "pool__begin", "8@%rdi 8@%rsi 8@$7"),
		NOTE(1, "vm", "pool__end", "8@%rdi -4@%eax"),
		NOTE(2, "vm", "call__entry", "8@%rdi"),
		NOTE(3, "vm", "call__return", "8@%rdi"),
		NOTE(4, "vm", "bare__begin", "8@%rdi"),
		NOTE(5, "vm", "bare__end", ""),
	};
	struct fixture f = fixture();
	const struct rp_site *s;
	struct rp_where where;
	size_t at;

	(void)state;
	assert_null(rp_where__parse("arg0 > 7", &where, &at));
	f.opts.where = &where;
	run_notes(&f, notes, N(notes));
	s = site(&f, "pool", RP_ROLE_BEGIN);
	assert_true(s->flags & RP_SITE_IDS);
	assert_int_equal(s->n_args, 2 + RP_OVERLAP_ARGS);
	assert_int_equal(s->args[2].reg, 112);
	assert_int_equal(s->args[3].size, 4);
	assert_int_equal(s->args[4].kind, RP_ARG_NONE);
	s = site(&f, "pool", RP_ROLE_END);
	assert_true(s->flags & RP_SITE_IDS && !(s->flags & RP_SITE_LABEL));
	assert_int_equal(s->args[0].kind, RP_ARG_NONE);
	assert_int_equal(s->args[3].reg, 80);
	assert_int_equal(s->args[3].flags, 0);
	assert_false(site(&f, "call", RP_ROLE_BEGIN)->flags & RP_SITE_IDS);
	assert_false(site(&f, "bare", RP_ROLE_BEGIN)->flags & RP_SITE_IDS);
	assert_string_equal(region(&f, "pool")->usdt, "vm:pool__begin:pool__end");
	rp_plan__free(f.plan);
}

/* ---- programs of the distribution ---------------------------------------------------------- */

static void assert_pairs_of(const char *path, const char *selection, size_t wanted)
{
	struct fixture f = fixture();
	struct rp_elf *elf;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		skip();
	assert_int_equal(rp_elf__open(fd, path, &elf, NULL), 0);
	close(fd);
	if (selection)
		select_usdt(&f, selection);
	start(&f);
	assert_int_equal(rp_plan__add_object(f.plan, 0, path, true, elf, &f.added, NULL), 0);
	rp_elf__free(elf);
	/* Names outlive the object. */
	for (size_t i = 0; i < f.plan->n_regions; i++)
		assert_true(strlen(f.plan->regions[i].name) > 0);
	assert_int_equal(f.plan->n_regions, wanted);
	assert_int_equal(f.plan->n_refusals, 0);
	rp_plan__free(f.plan);
}

static void test_pairs_of_python(void **state)
{
	(void)state;
	assert_pairs_of("/usr/bin/python3.11", NULL, 3);
	assert_pairs_of("/usr/bin/python3.11", "python:import*", 1);
}

static void test_pairs_of_postgres(void **state)
{
	(void)state;
	assert_pairs_of("/usr/lib/postgresql/15/bin/postgres", NULL, 22);
	assert_pairs_of("/usr/lib/postgresql/15/bin/postgres", "postgresql:query__*", 5);
}

/* Each is looked for by itself, and what is refused was found. */
static void test_probes_that_match_nothing(void **state)
{
	static const struct {
		const char *text;
		bool matches;
	} selections[] = {
		{"db:query", true},
		{"db:query-start", true},
		{"d*:q*", true},
		{"db:lock-acquire", true},
		{"db:lock-acquire:lock-release", true},
		{"db:query-start@arg0", true},
		{"*:lock-acquire", true},
		{"db:query-done", true},
		{"db:nosuch", false},
		{"nosuch:query", false},
		{"vm:query", false},
		{"db:lock-acquire:nosuch", false},
		{"db:query-start:nosuch", false},
		{"db:nosuch:lock-release", false},
		{"vm:lock-acquire:lock-release", false},
		{"libother.so:db:query", false},
	};

	(void)state;
	for (size_t i = 0; i < N(selections); i++) {
		struct fixture f = fixture();

		select_usdt(&f, "db:transaction");
		select_usdt(&f, selections[i].text);
		select_usdt(&f, "db:*");
		run_database(&f);
		assert_unmatched(&f, selections[i].matches ? NULL : selections[i].text);
		rp_plan__free(f.plan);
	}
}

/*
 * A glob that takes in only probes which begin no pair names nothing. A name of such a probe does:
 * that it has no end is told. Of markers those count that are traced.
 */
static void test_probes_that_begin_nothing(void **state)
{
	static const struct rp_usdt_note notes[] = {
		NOTE(0, "db", "query__start", ""),
		NOTE(1, "db", "query__done", ""),
		NOTE(2, "db", "check__alpha", ""),
		NOTE(3, "db", "check__beta", ""),
		NOTE(4, "rptrace", "work__begin", "8@%rdi"),
		NOTE(5, "rptrace", "work__end", ""),
		NOTE(6, "rptrace", "other__end", ""),
		NOTE(7, "rptrace", "nothing", ""),
		NOTE(8, "rptrace_scope", "block__begin", "8@%rbp"),
		NOTE(9, "rptrace_scope", "end", "8@%rbx"),
	};
	static const struct {
		const char *text;
		bool matches;
	} selections[] = {
		{"db:check-alpha", true},
		{"*:check-alpha", true},
		{"db:check-alpha@arg0", true},
		{"db:check*", false},
		{"db:*done", false},
		{"*:check*@arg0", false},
		{"rptrace:work", true},
		{"rptrace:work-begin", true},
		{"rptrace:work-begin:work-end", true},
		{"rptrace:other", true},
		{"rptrace_scope:*", true},
		{"rptrace:*", true},
		{"rptrace:other-end", false},
		{"rptrace:nothing", false},
		{"rptrace:*@arg0", false},
		{"rptrace_scope:end", false},
	};

	(void)state;
	for (size_t i = 0; i < N(selections); i++) {
		struct fixture f = fixture();

		select_usdt(&f, "db:query");
		select_usdt(&f, selections[i].text);
		run_notes(&f, notes, N(notes));
		assert_unmatched(&f, selections[i].matches ? NULL : selections[i].text);
		rp_plan__free(f.plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes_that_match_nothing),
		cmocka_unit_test(test_probes_that_begin_nothing),
		cmocka_unit_test(test_default_is_all_pairs),
		cmocka_unit_test(test_every_call_of_an_interpreter),
		cmocka_unit_test(test_default_takes_no_functions),
		cmocka_unit_test(test_usdt_by_begin_or_stem),
		cmocka_unit_test(test_usdt_object_may_be_any),
		cmocka_unit_test(test_usdt_with_explicit_end),
		cmocka_unit_test(test_explicit_ends_of_several_begins),
		cmocka_unit_test(test_pair_selected_twice_is_one),
		cmocka_unit_test(test_probe_without_an_end),
		cmocka_unit_test(test_usdt_labels),
		cmocka_unit_test(test_ends_that_name_their_call),
		cmocka_unit_test(test_two_providers_of_one_stem),
		cmocka_unit_test(test_semaphores),
		cmocka_unit_test(test_excluded_pairs),
		cmocka_unit_test(test_note_that_cannot_be_probed),
		cmocka_unit_test(test_nearest_probes),
		cmocka_unit_test(test_spans_by_argument),
		cmocka_unit_test(test_spans_by_several_arguments),
		cmocka_unit_test(test_span_without_an_id),
		cmocka_unit_test(test_arguments_that_may_be_ids),
		cmocka_unit_test(test_pairs_of_python),
		cmocka_unit_test(test_pairs_of_postgres),
	};

	return cmocka_run_group_tests(tests, make_image, NULL);
}
