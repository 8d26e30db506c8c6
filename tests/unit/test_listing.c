// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What rptrace list prints of regions, refusals and files, for people and for programs. */
#include "targets_fixture.h"

#include <jansson.h>

#include "commands/list_internal.h"
#include "elf_image.h"
#include "features_fixture.h"
#include "plan/plan_internal.h"
#include "run/internal.h"

/* Nobody types. */
bool rp_run__is_cancelled(void)
{
	return false;
}

/* ---- a listing made by hand ------------------------------------------------------------------ */

static struct rp_region regions[] = {
	{.id = 1, .kind = RP_KIND_FUNCTION, .name = "fast", .object = "/a", .sites = 2},
	{.id = 2, .kind = RP_KIND_FUNCTION, .name = "gone", .object = "/a", .left_out = true},
	{.id = 3,
	 .kind = RP_KIND_MARKER,
	 .name = "sl\now",
	 .object = "/b",
	 .sites = 5,
	 .slow_sites = 3,
	 .ends_at_jump = true},
};
static struct rp_site sites[] = {
	{.region = 1, .role = RP_ROLE_CALL, .offset = 0x10},
	{.region = 1, .role = RP_ROLE_CALL, .offset = 0x20},
	{.region = 2, .role = RP_ROLE_CALL, .offset = 0x30},
	{.region = 3, .role = RP_ROLE_BEGIN, .offset = 0x1234},
};
static struct rp_refusal refusals[] = {
	{.name = "first", .object = "/a", .reason = "one"},
	{.name = "second", .object = "/b", .reason = "two"},
};

static struct rp_plan plan;
static struct rp_listed_object objects[] = {{.path = "/a", .functions = 12},
					    {.path = "/b", .providers = (char *)"app (2)"}};
static struct rp_listing listing;

static int make_listing(void **state)
{
	(void)state;
	plan = (struct rp_plan){.regions = regions,
				.n_regions = 3,
				.sites = sites,
				.n_sites = 4,
				.refusals = refusals,
				.n_refusals = 2};
	listing = (struct rp_listing){
		.plan = &plan, .mode = RP_ATTACH_SESSION, .objects = objects, .n_objects = 2};
	return 0;
}

static int print_table(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	(void)opts, (void)say, (void)err;
	return rp_listing__print(&listing);
}

static int print_json(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	(void)opts, (void)say, (void)err;
	return rp_listing__print_json(&listing);
}

#define SLOW_NOTE "SLOW sites are single-stepped by the kernel"
#define JUMP_NOTE "> may end in a jump"

static void each_region_has_a_row(void **state)
{
	(void)state;
	assert_int_equal(run(print_table, "rptrace list"), 0);
	assert_prints("fast     function session         2    -   0x10 /a\n");
	assert_prints("sl\\x0aow marker   begin/end >     5    3 0x1234 /b\n");
	assert_null(strstr(ran.out, "gone"));
	assert_prints(SLOW_NOTE);
	assert_prints(JUMP_NOTE);
	assert_null(strstr(ran.out, "never hit"));
	assert_null(strstr(ran.out, "named at run time"));
	/* What there is nothing of is not explained. */
	plan.n_regions = 1;
	plan.n_sites = 2;
	assert_int_equal(run(print_table, "rptrace list"), 0);
	assert_null(strstr(ran.out, SLOW_NOTE));
	assert_null(strstr(ran.out, JUMP_NOTE));
}

static void what_is_not_traced_is_told(void **state)
{
	(void)state;
	listing.stats.moved = 1;
	listing.stats.names = true;
	assert_int_equal(run(print_table, "rptrace list"), 0);
	assert_prints("never hit: 1 site, as the program has moved");
	assert_prints("\nand regions that are named at run time\n");
	assert_prints("\nrefused: first: one\nrefused: second: two\n");
}

static void files_have_their_functions_and_probes(void **state)
{
	(void)state;
	assert_int_equal(run(print_table, "rptrace list"), 0);
	assert_prints("       12 /a     -\n");
	assert_prints("        0 /b     app (2)\n");
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void programs_get_the_same(void **state)
{
	const json_t *array, *slow, *refused, *object;
	json_t *all;

	(void)state;
	listing.stats.moved = 4;
	listing.stats.sites = 9;
	assert_int_equal(run(print_json, "rptrace list"), 0);
	all = json_loads(ran.out, 0, NULL);
	assert_non_null(all);
	assert_int_equal(number_of(all, "moved_sites"), 4);
	assert_true(json_is_false(json_object_get(all, "named_at_run_time")));
	array = json_object_get(all, "regions");
	assert_int_equal(json_array_size(array), 2);
	slow = json_array_get(array, 1);
	assert_int_equal(number_of(slow, "sites"), 5);
	assert_int_equal(number_of(slow, "slow_sites"), 3);
	assert_int_equal(number_of(slow, "offset"), 0x1234);
	assert_true(json_is_true(json_object_get(slow, "ends_at_jump")));
	refused = json_array_get(json_object_get(all, "refused"), 1);
	assert_string_equal(json_string_value(json_object_get(refused, "name")), "second");
	assert_string_equal(json_string_value(json_object_get(refused, "reason")), "two");
	object = json_array_get(json_object_get(all, "objects"), 0);
	assert_int_equal(number_of(object, "functions"), 12);
	assert_string_equal(json_string_value(json_object_get(object, "usdt")), "");
	json_decref(all);
}

/* ---- files of a target ----------------------------------------------------------------------- */

static void probes_are_counted_by_their_provider(void **state)
{
	static struct image img;
	struct rp_listing found = {0};
	const struct rp_listed_object *o;
	char path[PATH_MAX], exe[PATH_MAX];

	(void)state;
	full_image(&img);
	write_file(f.root, "probes", img.bytes, img.size);
	write_file(f.root, "text", "no object at all", 16);
	put_process(PID, 1);
	snprintf(path, sizeof(path), "%s/prog", f.root);
	snprintf(exe, sizeof(exe), "%s/%d/exe", f.root, PID);
	assert_int_equal(symlink(path, exe), 0);
	map(PID, "prog");
	map(PID, "text");
	map(PID, "probes");
	f.plan_opts.n_functions = 0; /* all files are looked at */
	start();
	add(PID);
	assert_int_equal(rp_listing__add_objects(&found, f.targets), 0);
	assert_int_equal(found.n_objects, 2);
	for (size_t i = 0; i < 2; i++) {
		o = &found.objects[i];
		assert_int_equal(o->is_exe, !strcmp(o->path, path));
		assert_true(o->functions > 0);
		if (o->is_exe)
			assert_null(o->providers);
		else
			assert_string_equal(o->providers, "app (2), lib (1)");
	}
	rp_listing__free(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_region_has_a_row, make_listing),
		cmocka_unit_test_setup(what_is_not_traced_is_told, make_listing),
		cmocka_unit_test_setup(files_have_their_functions_and_probes, make_listing),
		cmocka_unit_test_setup(programs_get_the_same, make_listing),
		TARGETS_TEST(probes_are_counted_by_their_provider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
