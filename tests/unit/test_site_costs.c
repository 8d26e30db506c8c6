// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the probes of a region cost, by the roles of its sites and by which of them are stepped. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/site_costs.h"

static const struct rp_costs costs = {.call = {70, 200}, .mark = {50, 90}, .step = 1000};

static void check(enum rp_kind kind, const struct rp_site *sites, size_t n, double inside,
		  double whole)
{
	struct rp_region_name regions[2] = {{.kind = RP_KIND_MARKER}, {.kind = kind}};
	struct rp_id_names names = {.regions = regions, .n_regions = 2};

	assert_int_equal(rp_site_costs__add(&names, sites, n, &costs), 0);
	assert_true(fabs(regions[1].cost.inside - inside) < 1e-9);
	assert_true(fabs(regions[1].cost.whole - whole) < 1e-9);
	/* Sites of others say nothing of it. */
	assert_true(fabs(regions[0].cost.inside - costs.mark.inside) < 1e-9);
	assert_true(fabs(regions[0].cost.whole - costs.mark.whole) < 1e-9);
}

static void test_functions(void **state)
{
	struct rp_site call = {.region = 2, .role = RP_ROLE_CALL};
	struct rp_site exits[] = {{.region = 2, .role = RP_ROLE_CALL_SITE},
				  {.region = 2, .role = RP_ROLE_RET_SITE}};

	(void)state;
	check(RP_KIND_FUNCTION, &call, 1, 70, 200);
	check(RP_KIND_FUNCTION, exits, 2, 50, 90);
	/* The program runs before the instruction that is stepped: at an entry that is inside. */
	call.slow = true;
	check(RP_KIND_FUNCTION, &call, 1, 1070, 1200);
	exits[0].slow = true;
	check(RP_KIND_FUNCTION, exits, 2, 1050, 1090);
	exits[1].slow = true;
	check(RP_KIND_FUNCTION, exits, 2, 1050, 2090);
	exits[0].slow = false;
	check(RP_KIND_FUNCTION, exits, 2, 50, 1090);
}

static void test_markers(void **state)
{
	const struct rp_site none = {
		.region = RP_REGION_NONE, .role = RP_ROLE_RET_SITE, .slow = true};

	(void)state;
	check(RP_KIND_USDT, NULL, 0, 50, 90);
	check(RP_KIND_MARKER, &none, 1, 50, 90);
}

/* A step is what it takes more than the same probe without one; by chance that may be less. */
static void test_calibrated(void **state)
{
	struct rp_costs of = rp_costs__of((struct rp_probe_cost){70, 200},
					  (struct rp_probe_cost){50, 90},
					  (struct rp_probe_cost){900, 1200});

	(void)state;
	assert_true(fabs(of.call.whole - 200) < 1e-9 && fabs(of.mark.inside - 50) < 1e-9);
	assert_true(fabs(of.step - 1000) < 1e-9);
	of = rp_costs__of(of.call, of.mark, (struct rp_probe_cost){70, 190});
	assert_true(of.step >= 0 && of.step < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_markers),
		cmocka_unit_test(test_calibrated),
	};

	return cmocka_run_group_tests_name("site_costs", tests, NULL, NULL);
}
