/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Where the exits of functions that end in a jump to another one are probed. */
#include "plan_fixture.h"

/* Jumps at the end of 6 bytes of function number i, to function number k. */
static void write_jump(size_t i, size_t k, uint8_t opcode)
{
	const uint8_t code[] = {0x90, 0x90, 0x90, 0x90, opcode, (uint8_t)((k - i) * 16 - 6)};

	memcpy(image + AT(i), code, sizeof(code));
	if (opcode != 0xeb)
		image[AT(i) + 6] = 0xc3;
}

static size_t sites_of(const struct fixture *f, enum rp_role role, uint32_t region)
{
	size_t n = 0;

	for (size_t i = 0; i < f->plan->n_sites; i++)
		n += f->plan->sites[i].role == role && f->plan->sites[i].region == region;
	return n;
}

/* A tail call is timed to the end of the callee: whether or not that is a region. */
static void test_tail_calls(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "first"), C(1, "second"), C(2, "third")};

	write_jump(0, 1, 0xeb);
	write_jump(1, 2, 0xeb);
	for (size_t n = 1; n <= N(symbols); n++) {
		struct fixture f = fixture();

		for (size_t i = 0; i < n; i++)
			select_function(&f, symbols[i].name);
		f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
		run_symbols(&f, symbols, N(symbols));
		for (size_t i = 0; i < n; i++) {
			uint32_t id = region(&f, symbols[i].name)->id;

			assert_false(region(&f, symbols[i].name)->ends_at_jump);
			assert_int_equal(sites_of(&f, RP_ROLE_CALL_SITE, id), 1);
			assert_int_equal(sites_of(&f, RP_ROLE_TAIL_JUMP, id), i + 1 < n);
			assert_int_equal(sites_of(&f, RP_ROLE_RET_SITE, id), i == 2);
		}
		assert_int_equal(sites_of(&f, RP_ROLE_RET_SITE, RP_REGION_NONE), n < 3);
		assert_int_equal(sites_of(&f, RP_ROLE_TAIL_JUMP, RP_REGION_NONE), 0);
		rp_plan__free(f.plan);
	}
	make_image(state);
}

/* Between two regions is a function that is none: the jump out of it is nobody's own. */
static void test_tail_call_through_another(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "first"), C(1, "second"), C(2, "third")};
	struct fixture f = fixture();
	const struct rp_site *s = NULL;

	write_jump(0, 1, 0xeb);
	write_jump(1, 2, 0xeb);
	select_function(&f, "first");
	select_function(&f, "third");
	f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
	run_symbols(&f, symbols, N(symbols));
	for (size_t i = 0; i < f.plan->n_sites; i++)
		if (f.plan->sites[i].region == RP_REGION_NONE)
			s = &f.plan->sites[i];
	assert_non_null(s);
	assert_int_equal(s->role, RP_ROLE_TAIL_JUMP);
	assert_int_equal(s->offset, AT(1) + 4);
	assert_int_equal(s->owner, region(&f, "first")->id);
	assert_int_equal(site(&f, "third", RP_ROLE_RET_SITE)->flags, RP_SITE_SHARED);
	rp_plan__leave_out(f.plan, region(&f, "third")->id, true);
	assert_true(rp_plan__wants_site(f.plan, site(&f, "third", RP_ROLE_RET_SITE)));
	assert_false(rp_plan__wants_site(f.plan, site(&f, "third", RP_ROLE_CALL_SITE)));
	rp_plan__leave_out(f.plan, region(&f, "first")->id, true);
	assert_false(rp_plan__wants_site(f.plan, s));
	rp_plan__free(f.plan);
	make_image(state);
}

/* A conditional jump comes with its condition; one whose callee is not probed is no site. */
static void test_conditional_tail_call(void **state)
{
	static const struct rp_symbol symbols[] = {
		{.name = "maybe", .linker = "maybe", .size = 7, .offset = AT(0)},
		C(1, "other"),
		{.name = "far", .linker = "far", .size = 7, .offset = AT(2)}};
	struct fixture f = fixture();
	const struct rp_site *s;

	write_jump(0, 1, 0x75);
	write_jump(2, 70, 0x74); /* 70 cannot be followed */
	image[AT(2) + 5] = 0x7f;
	image[AT(2) + 6 + 0x7f] = 0x06;
	for (size_t i = 0; i < N(symbols); i++)
		select_function(&f, symbols[i].name);
	f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
	run_symbols(&f, symbols, N(symbols));
	s = site(&f, "maybe", RP_ROLE_TAIL_JUMP);
	assert_int_equal(s->flags, RP_SITE_CONDITIONAL);
	assert_int_equal(s->n_args, 2);
	assert_int_equal(s->args[1].value, 5);
	assert_false(region(&f, "maybe")->ends_at_jump);
	assert_int_equal(sites_of(&f, RP_ROLE_RET_SITE, region(&f, "far")->id), 2);
	s = site(&f, "far", RP_ROLE_RET_SITE);
	assert_int_equal(s->flags, RP_SITE_CONDITIONAL);
	assert_int_equal(s->args[1].value, 4);
	assert_true(region(&f, "far")->ends_at_jump);
	rp_plan__free(f.plan);
	make_image(state);
}

/* A jump through a pointer, be it that of a callee's callee, marks the region. */
static void test_ends_at_jump(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "first"), C(1, "second"), C(3, "plain")};
	struct fixture f = fixture();

	write_jump(0, 1, 0xeb);
	memcpy(image + AT(1), "\x55\x5d\xff\x27\x90\x90", 6);
	for (size_t i = 0; i < N(symbols); i++)
		select_function(&f, symbols[i].name);
	f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
	run_symbols(&f, symbols, N(symbols));
	assert_true(region(&f, "first")->ends_at_jump);
	assert_true(region(&f, "second")->ends_at_jump);
	assert_false(region(&f, "plain")->ends_at_jump);
	rp_plan__free(f.plan);
	make_image(state);
}

/* All parts of a function are its own, and those of a function called alike, between them, are not.
 */
static void test_parts_of_both_kinds(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "f")};
	/* By name, as they are read. */
	static const struct rp_symbol parts[] = {C(1, "f.__part.1"),	 C(2, "f.a.__part.9"),
						 C(3, "f.cleanup.cold"), C(4, "f.cold"),
						 C(5, "f.cold.7"),	 C(6, "f.colder.cold")};
	static const uint64_t own[] = {AT(0) + 5, AT(1) + 5, AT(4) + 5, AT(5) + 5};
	struct fixture f = fixture();
	size_t n = 0;

	/* push rbx; jmp [rdx+rax*8]; pop rbx; ret: jumps to the parts are in a table alone */
	memcpy(image + AT(0), "\x53\xff\x24\xc2\x5b\xc3", 6);
	for (size_t i = 0; i < N(parts); i++)
		memcpy(image + AT(1 + i), "\x5b\x90\x90\x90\x90\xc3", 6);
	select_function(&f, "f");
	f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
	f.object.cold_parts = parts;
	f.object.n_cold_parts = N(parts);
	run_symbols(&f, symbols, N(symbols));
	for (size_t i = 0; i < f.plan->n_sites; i++)
		if (f.plan->sites[i].role == RP_ROLE_RET_SITE) {
			assert_int_equal(f.plan->sites[i].offset, own[n++]);
			assert_int_equal(f.plan->sites[i].owner,
					 n > 1 ? region(&f, "f")->id : RP_REGION_NONE);
		}
	assert_int_equal(n, N(own));
	/* They go with it. */
	rp_plan__leave_out(f.plan, region(&f, "f")->id, true);
	for (size_t i = 0; i < f.plan->n_sites; i++)
		assert_false(rp_plan__wants_site(f.plan, &f.plan->sites[i]));
	rp_plan__free(f.plan);
	make_image(state);
}

/* Stacks are switched in some other object: no return may be probed. */
static void test_switches_elsewhere(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "work"), C(64, "odd")};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "*");
	f.object.symbols = symbols;
	f.object.n_symbols = N(symbols);
	start(&f);
	assert_true(rp_plan__fears_switches(f.plan));
	f.plan->has_switches = true;
	assert_false(rp_plan__fears_switches(f.plan));
	add(&f);
	assert_regions(&f, "work", NULL);
	assert_int_equal(count_sites(&f, "work", RP_ROLE_CALL), 0);
	assert_int_equal(count_sites(&f, "work", RP_ROLE_RET_SITE), 1);
	assert_refused(&f, "odd", "a program that switches stacks");
	rp_plan__free(f.plan);

	f = fixture();
	select_function(&f, "begin:end@arg0");
	start(&f);
	assert_false(rp_plan__fears_switches(f.plan));
	rp_plan__free(f.plan);

	f = fixture();
	f.opts.exit_method = RP_EXIT_METHOD_RETURN;
	select_function(&f, "work");
	start(&f);
	assert_false(rp_plan__fears_switches(f.plan));
	rp_plan__free(f.plan);
}

/* One of the two: of what is returned but a condition, where the label is an argument. */
static void test_returned_is_no_label(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "work")};
	struct fixture f = fixture();
	struct rp_where where;
	const struct rp_site *s;
	size_t at;

	(void)state;
	assert_null(rp_where__parse("ret < 0", &where, &at));
	f.opts.label = (struct rp_operand){.kind = RP_OPERAND_ARG};
	f.opts.where = &where;
	f.opts.exit_method = RP_EXIT_METHOD_RET_SITES;
	select_function(&f, "work");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(site(&f, "work", RP_ROLE_CALL_SITE)->flags, RP_SITE_LABEL);
	s = site(&f, "work", RP_ROLE_RET_SITE);
	assert_int_equal(s->flags, 0);
	assert_int_equal(s->n_args, 2);
	assert_int_equal(s->args[1].reg, 80); /* rax */
	rp_plan__free(f.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switches_elsewhere),
		cmocka_unit_test(test_tail_calls),
		cmocka_unit_test(test_tail_call_through_another),
		cmocka_unit_test(test_conditional_tail_call),
		cmocka_unit_test(test_ends_at_jump),
		cmocka_unit_test(test_parts_of_both_kinds),
		cmocka_unit_test(test_returned_is_no_label),
	};

	return cmocka_run_group_tests(tests, make_image, NULL);
}
