// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a kernel offers, found by trying, and what follows from it. */
#include "libbpf_fixture.h"

#include "attach/features.h"
#include "perf_fixture.h"

static int begin(void **state)
{
	(void)state;
	memset(&fake_linked, 0, sizeof(fake_linked));
	forget_events();
	fake.refuses_programs = 0;
	return 0;
}

static struct rp_features probe(void)
{
	struct rp_features f;

	rp_features__probe(&f);
	return f;
}

/* Some load what they refuse to link. */
static void links_are_tried(void **state)
{
	struct rp_features f = probe();

	(void)state;
	assert_true(f.permitted && f.session && f.multi && f.perf);
	/* What comes before the best is not made: to take it away takes long. */
	assert_int_equal(fake_linked.n, 0);
	fake_linked.lacks_session = true;
	f = probe();
	assert_true(f.permitted && !f.session && f.multi && f.perf);
	assert_int_equal(fake_linked.n, 0);
	fake_linked.lacks_multi = true;
	f = probe();
	assert_true(f.permitted && !f.session && !f.multi && f.perf);
	assert_int_equal(fake_linked.n, 1);
	assert_int_equal(fake_linked.site[0].pid, getpid());
	fake_linked.type = -ENOENT;
	f = probe();
	assert_true(f.permitted && !f.multi && !f.perf);
}

static void who_may_load_nothing_has_nothing(void **state)
{
	struct rp_features f;

	(void)state;
	fake.refuses_programs = -EPERM;
	f = probe();
	assert_false(f.permitted || f.session || f.multi);
}

static const struct rp_features all = {
	.permitted = true, .btf = true, .session = true, .multi = true, .perf = true};

static int mode_of(struct rp_features f, enum rp_attach_mode wanted, struct rp_err *err)
{
	enum rp_attach_mode mode;

	*err = (struct rp_err){0};
	return rp_features__mode(&f, wanted, &mode, err) ? -1 : (int)mode;
}

static void the_best_mode_is_taken(void **state)
{
	struct rp_features f = all;
	struct rp_err err;

	(void)state;
	assert_int_equal(mode_of(f, RP_ATTACH_AUTO, &err), RP_ATTACH_SESSION);
	assert_int_equal(mode_of(f, RP_ATTACH_PERF, &err), RP_ATTACH_PERF);
	f.session = false;
	assert_int_equal(mode_of(f, RP_ATTACH_AUTO, &err), RP_ATTACH_MULTI);
	assert_int_equal(mode_of(f, RP_ATTACH_SESSION, &err), -1);
	assert_non_null(strstr(err.cause, "no uprobe sessions"));
	f.multi = false;
	assert_int_equal(mode_of(f, RP_ATTACH_AUTO, &err), RP_ATTACH_PERF);
	assert_int_equal(mode_of(f, RP_ATTACH_MULTI, &err), -1);
	assert_non_null(strstr(err.cause, "no uprobe_multi links"));
	f.perf = false;
	assert_int_equal(mode_of(f, RP_ATTACH_AUTO, &err), -1);
	assert_non_null(strstr(err.cause, "neither"));
	f = all;
	f.btf = false;
	assert_int_equal(mode_of(f, RP_ATTACH_AUTO, &err), -1);
	assert_non_null(strstr(err.cause, "no BTF"));
	f.permitted = false;
	assert_int_equal(mode_of(f, RP_ATTACH_AUTO, &err), -1);
	assert_int_equal(err.remedy, RP_REMEDY_RIGHTS);
}

static struct rp_site_rules rules_of(struct rp_features f, enum rp_attach_mode wanted)
{
	struct rp_site_rules rules = {0};

	rp_features__site_rules(&f, wanted, &rules);
	return rules;
}

static void sites_are_where_the_kernel_does_no_harm(void **state)
{
	struct rp_features f = all;
	struct rp_site_rules rules = rules_of(f, RP_ATTACH_AUTO);

	(void)state;
	assert_false(rules.nop5_unsafe || rules.nop10_optimized || rules.multi_nop_emulated);
	assert_true(rules.return_probes);
	assert_false(rules.no_sessions);
	assert_false(rules_of(f, RP_ATTACH_SESSION).no_sessions);
	assert_true(rules_of(f, RP_ATTACH_MULTI).no_sessions);
	assert_true(rules_of(f, RP_ATTACH_PERF).no_sessions);
	f.session = false;
	assert_true(rules_of(f, RP_ATTACH_AUTO).no_sessions);
	f.nop5_optimized = true;
	rules = rules_of(f, RP_ATTACH_AUTO);
	assert_true(rules.nop5_unsafe && rules.multi_nop_emulated && !rules.nop10_optimized);
	f.nop5_optimized = false;
	f.nop10_optimized = true;
	rules = rules_of(f, RP_ATTACH_AUTO);
	assert_true(!rules.nop5_unsafe && rules.multi_nop_emulated && rules.nop10_optimized);
	f.returns = RP_RETURN_SYSCALL_EXEMPT;
	assert_true(rules_of(f, RP_ATTACH_AUTO).return_probes);
	f.returns = RP_RETURN_SYSCALL_FILTERED;
	assert_false(rules_of(f, RP_ATTACH_AUTO).return_probes);
	f.returns = RP_RETURN_SYSCALL_UNKNOWN;
	assert_false(rules_of(f, RP_ATTACH_AUTO).return_probes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(links_are_tried, begin),
		cmocka_unit_test_setup(who_may_load_nothing_has_nothing, begin),
		cmocka_unit_test_setup(the_best_mode_is_taken, begin),
		cmocka_unit_test_setup(sites_are_where_the_kernel_does_no_harm, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
