// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Functions and objects. */
#include "plan_fixture.h"

/* ---- functions ----------------------------------------------------------------------------- */

static void test_functions_by_glob(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "main"), C(1, "work_a"), C(2, "work_b"),
						   C(3, "other")};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "work_*");
	select_function(&f, "main");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "main", "work_a", "work_b", NULL);
	assert_int_equal(f.added, 3);
	assert_int_equal(site(&f, "work_b", RP_ROLE_CALL)->offset, AT(2));
	assert_int_equal(site(&f, "work_b", RP_ROLE_CALL)->object, 7);
	assert_int_equal(site(&f, "work_b", RP_ROLE_CALL)->n_args, 0);
	assert_int_equal(region(&f, "main")->kind, RP_KIND_FUNCTION);
	assert_int_equal(region(&f, "main")->sites, 1);
	assert_string_equal(region(&f, "main")->object, EXE);
	rp_plan__free(f.plan);
}

/* Each is looked for by itself, whatever else is called by what it names. */
static void test_globs_that_match_nothing(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "main"), C(1, "work")};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "main");
	select_function(&f, "ma*");
	select_function(&f, "nosuch*");
	run_symbols(&f, symbols, N(symbols));
	assert_string_equal(rp_plan__unmatched(f.plan), "nosuch*");
	rp_plan__free(f.plan);
	f = fixture();
	select_function(&f, "other*");
	select_function(&f, "main");
	run_symbols(&f, symbols, N(symbols));
	assert_string_equal(rp_plan__unmatched(f.plan), "other*");
	rp_plan__free(f.plan);
	f = fixture();
	select_function(&f, "m*");
	select_function(&f, "main");
	run_symbols(&f, symbols, N(symbols));
	assert_null(rp_plan__unmatched(f.plan));
	rp_plan__free(f.plan);
}

static void test_function_named_twice_is_one_site(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "main")};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "m*");
	select_function(&f, "main");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(f.added, 1);
	rp_plan__free(f.plan);
}

static void test_aliases(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "__libc_malloc"), C(0, "malloc"),
						   C(1, "__a_long_alias"), C(1, "short")};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "*");
	select_function(&f, "__a_long_alias");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "malloc", "__a_long_alias", NULL);
	assert_int_equal(f.added, 2);
	rp_plan__free(f.plan);
}

static void test_cxx_names(void **state)
{
	static const struct rp_symbol symbols[] = {
		CXX(0, "ns::f", "_ZN2ns1fEi"),	    CXX(1, "ns::g", "_ZN2ns1gEi"),
		CXX(2, "ns::g", "_ZN2ns1gEd"),	    CXX(3, "ns::A::A", "_ZN2ns1AC1Ev"),
		CXX(4, "ns::A::A", "_ZN2ns1AC2Ev"), CXX(5, "ns::h", "_ZN2ns1hEv"),
	};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "ns::[fgA]*");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "ns::f", "ns::g(int)", "ns::g(double)", "ns::A::A", NULL);
	assert_int_equal(region(&f, "ns::A::A")->sites, 2);
	rp_plan__free(f.plan);
}

/* push %rbx, a call or jump to function number `to`, and so on */
static void branch_first(int from, uint8_t opcode, int to)
{
	int32_t distance = (int32_t)AT(to) - (int32_t)AT(from) - 6;

	image[AT(from)] = 0x53;
	image[AT(from) + 1] = opcode;
	memcpy(image + AT(from) + 2, &distance, sizeof(distance));
}

/* One that calls another is not constructed, or destroyed, twice. */
static void test_cxx_clones(void **state)
{
	static const struct rp_symbol symbols[] = {
		CXX(10, "A::A", "_ZN1AC1Ei"),  CXX(11, "A::A", "_ZN1AC4Ei"),
		CXX(12, "A::A", "_ZN1AC2Ei"),  CXX(13, "B::~B", "_ZN1BD2Ev"),
		CXX(14, "B::~B", "_ZN1BD1Ev"), CXX(15, "B::~B", "_ZN1BD0Ev"),
		CXX(16, "C::~C", "_ZN1CD1Ev"), CXX(17, "C::~C", "_ZN1CD0Ev"),
		CXX(18, "D::D", "_ZN1DC1Ei"),  CXX(19, "D::D", "_ZN1DC1Ed"),
	};
	struct fixture f = fixture();

	(void)state;
	branch_first(10, 0xe8, 11);
	branch_first(12, 0xe9, 11);
	branch_first(15, 0xe8, 14);
	branch_first(14, 0xe8, 13);
	branch_first(16, 0xe8, 17); /* another object: no clone calls the one that frees it, too */
	branch_first(18, 0xe8, 19); /* one constructor calls another one */
	select_function(&f, "*");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(region(&f, "A::A")->sites, 2);
	assert_int_equal(region(&f, "B::~B")->sites, 1);
	assert_int_equal(region(&f, "C::~C")->sites, 2);
	assert_non_null(region(&f, "D::D(int)"));
	assert_non_null(region(&f, "D::D(double)"));
	for (size_t i = 0; i < f.plan->n_sites; i++)
		assert_false(f.plan->sites[i].offset / 16 == 11 ||
			     f.plan->sites[i].offset / 16 == 14 ||
			     f.plan->sites[i].offset / 16 == 15);
	rp_plan__free(f.plan);
	make_image(NULL);
}

static void test_cxx_forms_of_one_name(void **state)
{
	static const struct rp_symbol symbols[] = {CXX(0, "ns::g", "_ZN2ns1gEd"),
						   CXX(1, "ns::g", "_ZN2ns1gEi")};
	static const char *const forms[] = {"ns::g(int)", "*g(int*", "_ZN2ns1gEi"};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < N(forms); i++) {
		f = fixture();
		select_function(&f, forms[i]);
		run_symbols(&f, symbols, N(symbols));
		/* Alone it needs no parameters. */
		assert_regions(&f, "ns::g", NULL);
		assert_int_equal(f.plan->sites[0].offset, AT(1));
		rp_plan__free(f.plan);
	}
}

static void test_instances_of_a_rust_generic_are_one_region(void **state)
{
	static const struct rp_symbol symbols[] = {
		CXX(0, "alloc::push", "_ZN5alloc4push17h0123456789abcdefE"),
		CXX(1, "alloc::push", "_ZN5alloc4push17hfedcba9876543210E"),
	};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "alloc::push");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "alloc::push", NULL);
	assert_int_equal(f.added, 2);
	rp_plan__free(f.plan);
}

static void test_functions_that_return_oddly(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "__vfork"), C(0, "alias_of_it"),
						   C(1, "setjmp"), C(2, "siglongjmp"),
						   C(3, "work")};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "*");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "work", NULL);
	assert_int_equal(f.plan->n_refusals, 0);
	rp_plan__free(f.plan);

	f = fixture();
	select_function(&f, "setjmp");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, NULL);
	assert_refused(&f, "setjmp", "does not return once");
	rp_plan__free(f.plan);
}

static void test_resolvers(void **state)
{
	static const struct rp_symbol symbols[] = {
		C(0, "choose"),
		{.name = "work", .linker = "work", .size = 6, .is_resolver = true},
		C(1, "work_avx"),
	};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "work");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, NULL);
	assert_refused(&f, "work", "(IFUNC): name those it is chosen from, as '*NAME*' may");
	rp_plan__free(f.plan);

	f = fixture();
	select_function(&f, "*");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "choose", "work_avx", NULL);
	assert_int_equal(f.plan->n_refusals, 0);
	rp_plan__free(f.plan);
}

static void test_excluded_functions(void **state)
{
	static const struct rp_symbol symbols[] = {
		C(0, "alias"),
		C(0, "work_a"),
		C(1, "work_b"),
		CXX(2, "ns::f", "_ZN2ns1fEi"),
		CXX(3, "ns::f", "_ZN2ns1fEd"),
	};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "*");
	exclude(&f, "*_a");
	exclude(&f, "_ZN2ns1fEd");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "work_b", "ns::f", NULL);
	rp_plan__free(f.plan);
	f = fixture();
	select_function(&f, "ns::*");
	exclude(&f, "ns::f(int)"); /* with its parameters, which nobody else has asked for */
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "ns::f", NULL);
	assert_int_equal(site(&f, "ns::f", RP_ROLE_CALL)->offset, AT(3));
	rp_plan__free(f.plan);
}

/* ---- exits --------------------------------------------------------------------------------- */

static const struct rp_symbol good_and_odd[] = {C(0, "good"), C(64, "odd")};

static void run_exits(struct fixture *f)
{
	select_function(f, "*");
	run_symbols(f, good_and_odd, N(good_and_odd));
}

static void assert_ret_sites(struct fixture *f, const char *reason)
{
	run_exits(f);
	assert_regions(f, "good", NULL);
	assert_int_equal(site(f, "good", RP_ROLE_CALL_SITE)->offset, AT(0));
	assert_int_equal(site(f, "good", RP_ROLE_RET_SITE)->offset, AT(0) + 5);
	assert_true(site(f, "good", RP_ROLE_RET_SITE)->slow);
	assert_int_equal(region(f, "good")->sites, 2);
	assert_int_equal(f->added, 2);
	assert_refused(f, "odd", reason);
	assert_refused(f, "odd", "--exit return");
	rp_plan__free(f->plan);
}

static void assert_return_probes(struct fixture *f)
{
	run_exits(f);
	assert_regions(f, "good", "odd", NULL);
	assert_non_null(site(f, "good", RP_ROLE_CALL));
	assert_non_null(site(f, "odd", RP_ROLE_CALL));
	assert_int_equal(f->added, 2);
	rp_plan__free(f->plan);
}

static void test_exits_of_plain_c(void **state)
{
	struct fixture f = fixture();

	(void)state;
	assert_return_probes(&f);
	f = fixture();
	f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
	assert_ret_sites(&f, "exits are not known");
}

static void test_exits_with_exceptions(void **state)
{
	struct fixture f = fixture();

	(void)state;
	f.object.traits.has_unwinding = true;
	assert_ret_sites(&f, "exceptions");
	f = fixture();
	f.object.traits.has_unwinding = true;
	f.opts.exit_method = RP_EXIT_METHOD_RETURN;
	assert_return_probes(&f);
}

static void test_exits_with_fibers(void **state)
{
	struct fixture f = fixture();

	(void)state;
	f.object.traits.has_fibers = true;
	assert_ret_sites(&f, "switches stacks");
}

static void test_exits_of_go(void **state)
{
	struct fixture f = fixture();

	(void)state;
	f.object.traits.is_go = true;
	assert_ret_sites(&f, "Go");
	f = fixture();
	f.object.traits.is_go = true;
	f.opts.exit_method = RP_EXIT_METHOD_RETURN;
	assert_return_probes(&f);
}

static void test_exits_without_return_probes(void **state)
{
	struct fixture f = fixture();

	(void)state;
	f.opts.rules.return_probes = false;
	assert_ret_sites(&f, "seccomp");
}

static void test_symbols_without_size(void **state)
{
	static const struct rp_symbol symbols[] = {
		{.name = "near", .linker = "near", .offset = AT(0)},
		C(1, "next"),
		{.name = "last", .linker = "last", .offset = AT(2)}};
	struct fixture f = fixture();

	(void)state;
	memset(image + 6, 0x90, 10); /* what pads the first one up to the next */
	select_function(&f, "near");
	select_function(&f, "last");
	f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "near", NULL);
	assert_refused(&f, "last", "size");
	rp_plan__free(f.plan);
	make_image(state);
}

static void test_code_past_the_file(void **state)
{
	static const struct rp_symbol symbols[] = {
		{.name = "lost", .linker = "lost", .size = 6, .offset = UINT64_MAX - 2}};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "lost");
	run_symbols(&f, symbols, N(symbols));
	assert_refused(&f, "lost", "cannot be read");
	assert_int_equal(f.added, 0);
	rp_plan__free(f.plan);
}

static void test_function_labels(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "work")};
	struct fixture f = fixture();
	const struct rp_site *s;

	(void)state;
	f.opts.label = (struct rp_operand){.kind = RP_OPERAND_ARG, .index = 1};
	f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
	select_function(&f, "work");
	run_symbols(&f, symbols, N(symbols));
	s = site(&f, "work", RP_ROLE_CALL_SITE);
	assert_int_equal(s->flags, RP_SITE_LABEL);
	assert_int_equal(s->n_args, 1);
	assert_int_equal(s->args[0].kind, RP_ARG_REG);
	assert_int_equal(s->args[0].reg, 104); /* rsi */
	assert_int_equal(s->args[0].flags, RP_ARG_SIGNED);
	s = site(&f, "work", RP_ROLE_RET_SITE);
	assert_int_equal(s->flags, 0);
	assert_int_equal(s->n_args, 0);
	rp_plan__free(f.plan);
}

/* What is returned is told by the instructions that return, and by none that jumps away. */
static void test_returned(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "work"), C(1, "jumps"), C(2, "leaf")};
	static const uint8_t jumps[] = {0x55, 0x90, 0x90, 0x5d, 0xeb, 0x40};
	static const uint8_t leaf[] = {0xeb, 0x44, 0xeb, 0x42, 0xeb, 0x40};
	struct fixture f = fixture();
	struct rp_where where;
	const struct rp_site *s;
	size_t at;

	memcpy(image + AT(1), jumps, sizeof(jumps));
	memcpy(image + AT(2), leaf, sizeof(leaf));
	/* where they jump to is no code that could be followed */
	image[AT(5) + 6] = image[AT(6) + 6] = 0x06;
	assert_null(rp_where__parse("arg2 > 1 && ret < 0 && dur > 1ms", &where, &at));
	f.opts.label = (struct rp_operand){.kind = RP_OPERAND_RET};
	f.opts.where = &where;
	f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
	for (size_t i = 0; i < N(symbols); i++)
		select_function(&f, symbols[i].name);
	run_symbols(&f, symbols, N(symbols));
	s = site(&f, "work", RP_ROLE_CALL_SITE);
	assert_int_equal(s->n_args, 4);
	assert_int_equal(s->args[0].reg, 80); /* rax: the label */
	assert_int_equal(s->args[1].reg, 96); /* rdx */
	assert_int_equal(s->args[2].reg, 80);
	assert_int_equal(s->args[3].kind, RP_ARG_NONE);
	s = site(&f, "work", RP_ROLE_RET_SITE);
	assert_int_equal(s->flags, RP_SITE_LABEL);
	assert_int_equal(s->n_args, 4);
	s = site(&f, "jumps", RP_ROLE_RET_SITE);
	assert_int_equal(s->flags, 0);
	assert_int_equal(s->n_args, 0);
	s = site(&f, "leaf", RP_ROLE_CALL_AND_RET);
	assert_int_equal(s->flags, 0);
	assert_int_equal(s->args[1].kind, RP_ARG_REG);
	assert_int_equal(s->args[2].kind, RP_ARG_NONE);
	rp_plan__free(f.plan);
	make_image(state);
}

/* ---- objects ------------------------------------------------------------------------------- */

static void test_objects_that_are_wanted(void **state)
{
	struct fixture f = fixture();

	(void)state;
	start(&f);
	assert_true(rp_plan__is_default(f.plan));
	assert_true(rp_plan__wants_object(f.plan, "/opt/none/any.so", false));
	assert_null(rp_plan__object_path(f.plan, 0));
	rp_plan__free(f.plan);

	f = fixture();
	select_function(&f, "libz.so:deflate");
	select_function(&f, "/opt/none/a.so:f");
	select_usdt(&f, "/opt/none/b.so:prov:begin");
	select_usdt(&f, "prov:begin:end");
	start(&f);
	assert_false(rp_plan__is_default(f.plan));
	assert_true(rp_plan__wants_object(f.plan, EXE, true));
	assert_true(rp_plan__wants_object(f.plan, "/usr/none/libz.so.1.2", false));
	assert_true(rp_plan__wants_object(f.plan, "/opt/none/b.so", false));
	assert_true(rp_plan__wants_object(f.plan, "/opt/none/c.so", false)); /* prov may be there */
	assert_string_equal(rp_plan__object_path(f.plan, 0), "/opt/none/a.so");
	assert_string_equal(rp_plan__object_path(f.plan, 1), "/opt/none/b.so");
	assert_null(rp_plan__object_path(f.plan, 2));
	rp_plan__free(f.plan);
}

static void test_objects_without_a_part_in_it(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "work")};
	struct fixture f = fixture();

	(void)state;
	f.object.is_exe = false;
	f.object.path = "/opt/none/libx.so.1";
	select_function(&f, "work");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(f.added, 0);
	rp_plan__free(f.plan);

	f = fixture();
	f.object.is_exe = false;
	f.object.path = "/opt/none/libx.so.1";
	select_function(&f, "libx.so:work");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(f.added, 1);
	rp_plan__free(f.plan);
}

static void test_ids_stay_over_objects(void **state)
{
	static const struct rp_symbol first[] = {C(0, "work"), C(1, "play")},
				      second[] = {C(5, "work")};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "*:*");
	run_symbols(&f, first, N(first));
	f.object.number = 8;
	f.object.path = "/opt/none/lib.so";
	f.object.symbols = second;
	f.object.n_symbols = N(second);
	add(&f);
	assert_int_equal(f.added, 1);
	assert_regions(&f, "work", "play", NULL);
	assert_int_equal(region(&f, "work")->sites, 2);
	assert_string_equal(region(&f, "work")->object, EXE);
	assert_int_equal(f.plan->sites[2].object, 8);
	assert_int_equal(f.plan->sites[2].region, region(&f, "work")->id);
	rp_plan__free(f.plan);
}

static void test_bound_on_regions(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "a"), C(1, "b"), C(2, "c")};
	struct fixture f = fixture();

	(void)state;
	f.opts.max_regions = 2;
	select_function(&f, "*");
	run_symbols(&f, symbols, N(symbols));
	assert_regions(&f, "a", "b", NULL);
	assert_int_equal(f.added, 2);
	assert_refused(&f, "c", "2 regions");
	rp_plan__free(f.plan);
}

static void test_malformed_selection(void **state)
{
	struct rp_plan_opts opts = {.functions = (const char *const[]){"good", ":bad"},
				    .n_functions = 2};
	struct rp_plan *plan;
	struct rp_err err;

	(void)state;
	assert_int_equal(rp_plan__new(&opts, &plan, &err), -EINVAL);
	assert_null(plan);
	assert_int_equal(err.exit, RP_EXIT_USAGE);
}

static void test_many_functions(void **state)
{
	size_t n = 20000;
	struct rp_symbol *symbols = calloc(n, sizeof(*symbols));
	char(*names)[16] = calloc(n, sizeof(*names));
	struct fixture f = fixture();

	(void)state;
	assert_true(symbols && names);
	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "function_%zu", i);
		symbols[i] = (struct rp_symbol){
			.name = names[i], .linker = names[i], .size = 1, .offset = i};
	}
	/* Beyond the image there is no code. */
	select_function(&f, "function_*");
	f.opts.exit_method = RP_EXIT_METHOD_RETURN;
	run_symbols(&f, symbols, n);
	assert_int_equal(f.plan->n_regions + f.plan->n_refusals, n);
	assert_refused(&f, "function_19999", "cannot be read");
	rp_plan__free(f.plan);
	free(symbols);
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_by_glob),
		cmocka_unit_test(test_globs_that_match_nothing),
		cmocka_unit_test(test_function_named_twice_is_one_site),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_cxx_names),
		cmocka_unit_test(test_cxx_clones),
		cmocka_unit_test(test_cxx_forms_of_one_name),
		cmocka_unit_test(test_instances_of_a_rust_generic_are_one_region),
		cmocka_unit_test(test_functions_that_return_oddly),
		cmocka_unit_test(test_resolvers),
		cmocka_unit_test(test_excluded_functions),
		cmocka_unit_test(test_exits_of_plain_c),
		cmocka_unit_test(test_exits_with_exceptions),
		cmocka_unit_test(test_exits_with_fibers),
		cmocka_unit_test(test_exits_of_go),
		cmocka_unit_test(test_exits_without_return_probes),
		cmocka_unit_test(test_symbols_without_size),
		cmocka_unit_test(test_code_past_the_file),
		cmocka_unit_test(test_function_labels),
		cmocka_unit_test(test_returned),
		cmocka_unit_test(test_objects_that_are_wanted),
		cmocka_unit_test(test_objects_without_a_part_in_it),
		cmocka_unit_test(test_ids_stay_over_objects),
		cmocka_unit_test(test_bound_on_regions),
		cmocka_unit_test(test_malformed_selection),
		cmocka_unit_test(test_many_functions),
	};

	return cmocka_run_group_tests(tests, make_image, NULL);
}
