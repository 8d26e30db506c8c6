// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Regions come and go while it runs: what is tried, what is refused, and why. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "run/internal.h"
#include "util/kernel_file.h"

/* ---- a run that is made up ------------------------------------------------------------------- */

static struct {
	struct rp_region region[4];
	struct rp_site site[2];
	struct rp_refusal refusal[2];
	size_t n_regions, n_sites, n_refusals;
	struct rp_region adds; /* what selecting adds ... */
	bool refuses;	       /* ... unless it is refused */
	int selects;	       /* what selecting returns */
	unsigned tried;
	enum rp_attach_mode mode;
	const char *hung_task; /* whether the kernel panics; NULL: it cannot */
	size_t left_out;
} made;

static struct rp_run run;
static struct rp_err err;

const struct rp_region *rp_plan__regions(const struct rp_plan *plan, size_t *n)
{
	(void)plan;
	*n = made.n_regions;
	return made.region;
}

const struct rp_site *rp_plan__sites(const struct rp_plan *plan, size_t *n)
{
	(void)plan;
	*n = made.n_sites;
	return made.site;
}

const struct rp_refusal *rp_plan__refusals(const struct rp_plan *plan, size_t *n)
{
	(void)plan;
	*n = made.n_refusals;
	return made.refusal;
}

int rp_targets__select(struct rp_targets *targets, const char *glob, struct rp_err *e)
{
	(void)targets;
	(void)e;
	assert_string_equal(glob, "late*");
	if (made.refuses)
		made.refusal[made.n_refusals++] = (struct rp_refusal){.name = "later",
								      .reason = "it jumps out"};
	else
		made.region[made.n_regions++] = made.adds;
	return made.selects;
}

int rp_targets__leave_out(struct rp_targets *targets, const uint32_t *regions, size_t n,
			  struct rp_err *e)
{
	(void)targets;
	(void)e;
	assert_int_equal(regions[n - 1], n);
	made.left_out += n;
	return 0;
}

void rp_run__try_regions(struct rp_run *of)
{
	assert_ptr_equal(of, &run);
	made.tried++;
}

enum rp_attach_mode rp_session__mode(const struct rp_session *session)
{
	(void)session;
	return made.mode;
}

ssize_t rp_kernel_file__read_line(const char *path, char *text, size_t size)
{
	assert_string_equal(path, "/proc/sys/kernel/hung_task_panic");
	return made.hung_task ? snprintf(text, size, "%s", made.hung_task) : -ENOENT;
}

static int begin(void **state)
{
	(void)state;
	memset(&made, 0, sizeof(made));
	memset(&err, 0, sizeof(err));
	run = (struct rp_run){.features.session = true};
	made.region[0] = (struct rp_region){.name = "early", .sites = 2};
	made.n_regions = 1;
	made.refusal[0] = (struct rp_refusal){.name = "earlier", .reason = "it is no function"};
	made.n_refusals = 1;
	made.adds = (struct rp_region){.name = "late", .sites = 1};
	made.site[0].role = RP_ROLE_BEGIN;
	made.site[1].role = RP_ROLE_CALL;
	made.n_sites = 2;
	made.mode = RP_ATTACH_SESSION;
	return 0;
}

/* ---- those that are added -------------------------------------------------------------------- */

static size_t add(int expected)
{
	size_t added = 77;

	assert_int_equal(rp_run__add_regions(&run, "late*", &added, &err), expected);
	return added;
}

/* Nobody knows what they cost: the budget looks at them soon. */
static void added_regions_are_tried(void **state)
{
	(void)state;
	assert_int_equal(add(0), 1);
	assert_int_equal(made.tried, 1);
	/* Those of which a part was added before the rest failed are there, too. */
	made.selects = -ENOMEM;
	assert_int_equal(add(-ENOMEM), 1);
	assert_int_equal(made.tried, 2);
}

/* A region that is not probed costs nothing, and is none that was added. */
static void what_is_not_traced_is_not_added(void **state)
{
	(void)state;
	made.adds = (struct rp_region){.name = "late"};
	assert_int_equal(add(0), 0);
	made.adds = (struct rp_region){.name = "late", .sites = 1, .left_out = true};
	assert_int_equal(add(0), 0);
	made.adds = (struct rp_region){.name = "late", .sites = 1, .begins = true};
	assert_int_equal(add(0), 0);
	assert_int_equal(made.tried, 0);
}

/* Of what was refused before nobody has asked now. */
static void why_nothing_was_added(void **state)
{
	(void)state;
	made.refuses = true;
	assert_int_equal(add(-ENOTSUP), 0);
	assert_int_equal(err.exit, RP_EXIT_NOTHING);
	assert_string_equal(err.cause, "not traced: later: it jumps out");
	assert_int_equal(made.tried, 0);
}

/* ---- those that go --------------------------------------------------------------------------- */

static int drop(void)
{
	static const uint32_t regions[] = {1, 2};

	memset(&err, 0, sizeof(err));
	return rp_run__drop_regions(&run, regions, 2, &err);
}

static void assert_refuses(const char *cause, const char *cure)
{
	assert_int_equal(drop(), -ENOTSUP);
	assert_int_equal(err.exit, RP_EXIT_DENIED);
	assert_non_null(strstr(err.cause, cause));
	assert_string_equal(err.cure, cure);
	assert_int_equal(made.left_out, 0);
}

static void assert_drops(void)
{
	made.left_out = 0;
	assert_int_equal(drop(), 0);
	assert_int_equal(made.left_out, 2);
}

static void regions_are_left_out(void **state)
{
	(void)state;
	assert_drops();
	made.hung_task = "0";
	assert_drops();
	made.mode = RP_ATTACH_MULTI;
	assert_drops();
}

/* A thread of rptrace's own may wait in the kernel for long. */
static void no_panic_is_risked(void **state)
{
	(void)state;
	made.hung_task = "1";
	assert_refuses("this kernel may panic where detaching takes long (kernel.hung_task_panic)",
		       "use --exit ret-sites");
	/* Where nothing waits for returns, none does; nor with kernels that do not wait. */
	made.n_sites = 1;
	assert_drops();
	made.n_sites = 2;
	run.features.session = false;
	assert_drops();
}

/* All others of the system would wait. */
static void perf_events_stay(void **state)
{
	(void)state;
	made.mode = RP_ATTACH_PERF;
	assert_refuses("perf events cannot be detached safely", "leave --attach perf out");
	made.n_sites = 1;
	assert_drops();
	made.n_sites = 2;
	run.features.session = false;
	assert_drops();
}

static void names_of_run_time_share_their_probes(void **state)
{
	static const uint32_t regions[] = {1, RP_REGION_DYNAMIC};

	(void)state;
	assert_int_equal(rp_run__drop_regions(&run, regions, 2, &err), -ENOTSUP);
	assert_non_null(strstr(err.cause, "regions that are named at run time"));
	assert_int_equal(made.left_out, 0);
}

#define TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(added_regions_are_tried),
		TEST(what_is_not_traced_is_not_added),
		TEST(why_nothing_was_added),
		TEST(regions_are_left_out),
		TEST(no_panic_is_risked),
		TEST(perf_events_stay),
		TEST(names_of_run_time_share_their_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
