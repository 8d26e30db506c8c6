// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Changes while tracing: ids and sites stay as they are, whatever is selected or left out. */
#include "plan_fixture.h"

static const struct rp_symbol symbols[] = {C(0, "main"), C(1, "work_a"), C(2, "work_b"),
					   C(3, "other")};
static const struct rp_usdt_note notes[] = {
	NOTE(0, "db", "query__start", ""),
	NOTE(1, "db", "query__done", ""),
	NOTE(2, "rptrace", "load__begin", ""),
	NOTE(3, "rptrace", "load__end", ""),
	NOTE(4, "rptrace_scope", "a__begin", "8@%rdi"),
	NOTE(5, "rptrace_scope", "end", "8@%rdi"),
};

static struct fixture begin(const char *function)
{
	struct fixture f = fixture();

	if (function)
		select_function(&f, function);
	f.object.symbols = symbols;
	f.object.n_symbols = N(symbols);
	f.object.notes = notes;
	f.object.n_notes = N(notes);
	start(&f);
	add(&f);
	return f;
}

/* Select more of the object that is there. */
static void more(struct fixture *f, const char *text)
{
	assert_int_equal(rp_plan__select(f->plan, text, NULL), 0);
	assert_int_equal(rp_plan__begin_rematch(f->plan, f->object.number), 0);
	add(f);
	rp_plan__end_rematch(f->plan);
}

static void leave_out(struct fixture *f, const char *name)
{
	assert_true(rp_plan__leave_out(f->plan, region(f, name)->id, true));
	assert_false(rp_plan__leave_out(f->plan, region(f, name)->id, true));
}

static void test_more_is_appended(void **state)
{
	struct fixture f = begin("work_b");

	(void)state;
	more(&f, "*a*");
	assert_regions(&f, "work_b", "main", "work_a", NULL);
	assert_int_equal(region(&f, "work_b")->id, 1);
	assert_int_equal(f.added, 2);
	assert_int_equal(f.plan->sites[0].region, 1);
	rp_plan__free(f.plan);
}

static void test_what_is_there_is_not_added(void **state)
{
	struct fixture f = begin("work_*");

	(void)state;
	more(&f, "*");
	assert_int_equal(f.added, 2);
	assert_int_equal(region(&f, "work_a")->sites, 1);
	more(&f, "*");
	assert_int_equal(f.added, 0);
	assert_int_equal(f.plan->n_sites, 4);
	rp_plan__free(f.plan);
}

static void test_left_out_comes_back(void **state)
{
	struct fixture f = begin("work_*");

	(void)state;
	leave_out(&f, "work_a");
	assert_false(rp_plan__wants_site(f.plan, site(&f, "work_a", RP_ROLE_CALL)));
	assert_true(rp_plan__wants_site(f.plan, site(&f, "work_b", RP_ROLE_CALL)));
	more(&f, "main");
	assert_true(region(&f, "work_a")->left_out);
	more(&f, "work_a");
	assert_int_equal(f.added, 0);
	assert_false(region(&f, "work_a")->left_out);
	rp_plan__free(f.plan);
}

/* The first selection still holds for another object, which has the region: it stays left out. */
static void test_left_out_stays_so_in_new_objects(void **state)
{
	struct fixture f = begin("work_*");

	(void)state;
	leave_out(&f, "work_a");
	f.object.number = 8;
	add(&f);
	assert_int_equal(f.added, 2);
	assert_int_equal(count_sites(&f, "work_a", RP_ROLE_CALL), 2);
	assert_true(region(&f, "work_a")->left_out);
	rp_plan__free(f.plan);
}

/* One function is one region, also where a later selection would call it otherwise. */
static void test_overload_is_known(void **state)
{
	static const struct rp_symbol overloads[] = {CXX(0, "ns::g", "_ZN2ns1gEi"),
						     CXX(1, "ns::g", "_ZN2ns1gEd")};
	struct fixture f = fixture();

	(void)state;
	select_function(&f, "ns::g(int)");
	run_symbols(&f, overloads, N(overloads));
	assert_regions(&f, "ns::g", NULL);
	leave_out(&f, "ns::g");
	more(&f, "ns::*");
	assert_int_equal(f.added, 1);
	assert_regions(&f, "ns::g", "ns::g(double)", NULL);
	assert_false(region(&f, "ns::g")->left_out);
	rp_plan__free(f.plan);
}

static void test_probes_beside_functions(void **state)
{
	struct fixture f = begin("main");

	(void)state;
	more(&f, "db:query__start");
	assert_regions(&f, "main", "query", NULL);
	assert_int_equal(f.added, 2);
	more(&f, "rptrace:load");
	assert_regions(&f, "main", "query", "load", NULL);
	rp_plan__free(f.plan);
}

/* Without -f and -u all markers and pairs are meant, for good. */
static void test_default_stays(void **state)
{
	struct fixture f = begin(NULL);

	(void)state;
	assert_regions(&f, "query", "load", "a", NULL);
	more(&f, "main");
	assert_regions(&f, "query", "load", "a", "main", NULL);
	assert_true(rp_plan__is_default(f.plan));
	f.object.number = 8;
	add(&f);
	assert_int_equal(count_sites(&f, "query", RP_ROLE_BEGIN), 2);
	assert_int_equal(count_sites(&f, "main", RP_ROLE_CALL), 2);
	leave_out(&f, "load");
	more(&f, "rptrace:*");
	assert_int_equal(f.added, 0);
	assert_false(region(&f, "load")->left_out);
	rp_plan__free(f.plan);
}

/* What the names returned have in common holds of all, also of those that there is no room for. */
static void test_complete(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "main"),    C(1, "work_aa"),
						   C(2, "work_ab"), C(3, "work_ac"),
						   C(4, "worker"),  C(5, "work_ad")};
	struct fixture f = fixture();
	const char *names[4];

	(void)state;
	select_function(&f, "none");
	run_symbols(&f, symbols, N(symbols));
	assert_int_equal(rp_plan__complete(f.plan, "work_", names, 4), 4);
	assert_string_equal(names[0], "work_aa");
	assert_string_equal(names[3], "work_ad");
	assert_int_equal(rp_plan__complete(f.plan, "w", names, 3), 3);
	assert_string_equal(names[0], "work_aa");
	assert_string_equal(names[1], "work_ab");
	assert_string_equal(names[2], "worker");
	assert_int_equal(rp_plan__complete(f.plan, "w", names, 0), 0);
	rp_plan__free(f.plan);
}

/* Objects 7 and 8 have the same regions, and object 9 has one more. */
static struct fixture begin_three(void)
{
	struct fixture f = fixture();

	select_function(&f, "work_*");
	select_function(&f, "other");
	run_symbols(&f, symbols, N(symbols) - 1);
	f.object.number = 8;
	add(&f);
	f.object.number = 9;
	f.object.n_symbols = N(symbols);
	add(&f);
	return f;
}

/* Numbers are given anew from 0 to what stays, sites move up. */
static void assert_forgets(struct fixture *f, const bool gone[10], const uint32_t expected[10])
{
	size_t moved[32] = {0}, before = f->plan->n_sites, kept = 0;
	struct rp_site sites[32];
	uint32_t number[10];

	assert_true(before && before <= N(sites));
	memcpy(sites, f->plan->sites, before * sizeof(*sites));
	for (size_t i = 0; i < 10; i++)
		number[i] = gone[i] ? RP_PLAN_FORGOTTEN : 0;
	assert_int_equal(rp_plan__forget(f->plan, number, 10, moved), 0);
	assert_memory_equal(number, expected, sizeof(number));
	for (size_t i = 0; i < before; i++) {
		if (number[sites[i].object] == RP_PLAN_FORGOTTEN) {
			assert_true(moved[i] == SIZE_MAX);
			continue;
		}
		assert_int_equal(moved[i], kept);
		assert_int_equal(f->plan->sites[kept].object, number[sites[i].object]);
		assert_int_equal(f->plan->sites[kept].offset, sites[i].offset);
		assert_int_equal(f->plan->sites[kept++].region, sites[i].region);
	}
	assert_int_equal(f->plan->n_sites, kept);
}

static void test_objects_that_are_gone(void **state)
{
	const uint32_t none = RP_PLAN_FORGOTTEN;
	struct fixture f = begin_three();

	(void)state;
	assert_int_equal(rp_plan__renumbered(f.plan), 0);
	assert_int_equal(region(&f, "work_a")->sites, 3);
	assert_forgets(&f, (bool[10]){[1] = true, [7] = true},
		       (uint32_t[10]){0, none, 1, 2, 3, 4, 5, none, 6, 7});
	assert_int_equal(rp_plan__renumbered(f.plan), 1);
	assert_int_equal(region(&f, "work_a")->sites, 2);
	assert_int_equal(region(&f, "other")->sites, 1);
	assert_regions(&f, "work_a", "work_b", "other", NULL);
	rp_plan__free(f.plan);
}

/* What calls cost is told by sites of their region, of which some have to be there. */
static void test_last_sites_of_a_region_stay(void **state)
{
	const uint32_t none = RP_PLAN_FORGOTTEN;
	struct fixture f = begin_three();

	(void)state;
	assert_forgets(&f, (bool[10]){[7] = true, [8] = true, [9] = true},
		       (uint32_t[10]){0, 1, 2, 3, 4, 5, 6, none, none, 7});
	assert_int_equal(region(&f, "work_a")->sites, 1);
	rp_plan__free(f.plan);
	/* One that lives has none of the third region. */
	f = begin_three();
	assert_forgets(&f, (bool[10]){[7] = true, [9] = true},
		       (uint32_t[10]){0, 1, 2, 3, 4, 5, 6, none, 7, 8});
	rp_plan__free(f.plan);
}

/* Sites that read ids are few: programs that came and went take no room of those to come. */
static void test_room_of_what_is_gone(void **state)
{
	static const struct rp_usdt_note pair[] = {NOTE(0, "db", "query__start", "8@%rdi"),
						   NOTE(1, "db", "query__done", "8@%rdi")};
	struct fixture f = fixture();
	size_t moved[4];

	(void)state;
	f.object.notes = pair;
	f.object.n_notes = N(pair);
	start(&f);
	f.object.number = 0;
	add(&f);
	f.object.number = 1;
	for (int i = 0; i < 1000; i++) {
		uint32_t number[] = {0, RP_PLAN_FORGOTTEN};

		add(&f);
		assert_int_equal(f.plan->n_sites, 4);
		assert_true(f.plan->sites[3].flags & RP_SITE_IDS);
		assert_int_equal(rp_plan__forget(f.plan, number, N(number), moved), 0);
	}
	rp_plan__free(f.plan);
}

static void test_malformed(void **state)
{
	struct fixture f = begin("main");
	struct rp_err err = {0};

	(void)state;
	assert_int_equal(rp_plan__select(f.plan, "", &err), -EINVAL);
	assert_true(*err.cause);
	assert_int_equal(rp_plan__select(f.plan, ":x", &err), -EINVAL);
	more(&f, "other");
	assert_regions(&f, "main", "other", NULL);
	rp_plan__free(f.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_more_is_appended),
		cmocka_unit_test(test_what_is_there_is_not_added),
		cmocka_unit_test(test_left_out_comes_back),
		cmocka_unit_test(test_left_out_stays_so_in_new_objects),
		cmocka_unit_test(test_overload_is_known),
		cmocka_unit_test(test_probes_beside_functions),
		cmocka_unit_test(test_default_stays),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_objects_that_are_gone),
		cmocka_unit_test(test_last_sites_of_a_region_stay),
		cmocka_unit_test(test_room_of_what_is_gone),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests_name("plan_again", tests, make_image, NULL);
}
