// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Plans without a target: markers alone, and selections that name a file. */
#include "plan_fixture.h"

#define LIBRARY "/usr/lib/libwork.so.1.2"

static const struct rp_usdt_note notes[] = {
	NOTE(0, "libc", "lll__start", ""),
	NOTE(1, "libc", "lll__done", ""),
	NOTE(2, "rptrace", "work__begin", ""),
	NOTE(3, "rptrace", "work__end", ""),
};

static const struct rp_symbol symbols[] = {C(0, "work"), C(1, "rest")};

/* As targets_system.c does: nothing is anybody's executable. */
static struct fixture system_fixture(const char *path)
{
	struct fixture f = fixture();

	f.opts.whole_system = true;
	f.object.path = path;
	f.object.is_exe = false;
	f.object.symbols = symbols;
	f.object.n_symbols = N(symbols);
	return f;
}

static void markers_alone(void **state)
{
	struct fixture f = system_fixture(EXE);

	(void)state;
	run_notes(&f, notes, N(notes));
	assert_true(rp_plan__wants_object(f.plan, EXE, false));
	assert_regions(&f, "work", NULL);
	rp_plan__free(f.plan);
}

static void of_a_target_all_pairs(void **state)
{
	struct fixture f = system_fixture(EXE);

	(void)state;
	f.opts.whole_system = false;
	run_notes(&f, notes, N(notes));
	assert_regions(&f, "lll", "work", NULL);
	rp_plan__free(f.plan);
}

static void of_a_file(void **state)
{
	static const struct {
		const char *function, *usdt, *path, *region;
	} rows[] = {
		{"libwork.so:work", NULL, LIBRARY, "work"},
		{"libwork.so:work", NULL, EXE, NULL},
		{EXE ":re*", NULL, EXE, "rest"},
		{NULL, "libwork.so.1:libc:lll__start", LIBRARY, "lll"},
		{NULL, "libwork.so.1:libc:lll__start:lll__done", LIBRARY, "lll"},
		{NULL, "libwork.so.1:libc:lll__start", EXE, NULL},
		/* The reading of a target's own probes is none here. */
		{NULL, "libc:lll__start:lll__done", LIBRARY, NULL},
		{NULL, "lib*:rptrace:work", LIBRARY, "work"},
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct fixture f = system_fixture(rows[i].path);

		if (rows[i].function)
			select_function(&f, rows[i].function);
		if (rows[i].usdt)
			select_usdt(&f, rows[i].usdt);
		run_notes(&f, notes, N(notes));
		assert_int_equal(rp_plan__wants_object(f.plan, rows[i].path, false),
				 rows[i].region != NULL);
		assert_regions(&f, rows[i].region, NULL);
		rp_plan__free(f.plan);
	}
}

static void a_file_must_be_named(void **state)
{
	static const char *const functions[] = {"work", "*:work", "**:work", "std::sort"};
	static const char *const usdts[] = {"libc:lll__start", "*:libc:lll__start"};

	(void)state;
	for (size_t i = 0; i < N(functions) + N(usdts); i++) {
		bool function = i < N(functions);
		const char *text = function ? functions[i] : usdts[i - N(functions)];
		struct rp_plan_opts opts = {
			.functions = &text,
			.n_functions = function,
			.usdts = &text,
			.n_usdts = !function,
			.whole_system = true,
		};
		struct rp_plan *plan;
		struct rp_err err;

		assert_int_equal(rp_plan__new(&opts, &plan, &err), -EINVAL);
		assert_int_equal(err.exit, RP_EXIT_USAGE);
		assert_non_null(strstr(err.cause, text));
		assert_non_null(strstr(err.cause, "OBJECT"));
		opts.whole_system = false;
		assert_int_equal(rp_plan__new(&opts, &plan, &err), 0);
		rp_plan__free(plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markers_alone),
		cmocka_unit_test(of_a_target_all_pairs),
		cmocka_unit_test(of_a_file),
		cmocka_unit_test(a_file_must_be_named),
	};

	return cmocka_run_group_tests(tests, make_image, NULL);
}
