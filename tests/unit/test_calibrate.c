// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What probes cost, by a child that calls probed functions: the kernel's figures are made up. */
#include "libbpf_fixture.h"

#include <sys/socket.h>

#include "attach/calibrate.h"
#include "util/cpu_time.h"

#define PERIOD_NS 10000000000ull
enum { KINDS = 3 };

/* What the child says it has measured, of each kind and in ns a call; 0: what it has. */
static double said;

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
	ssize_t got = recvfrom(fd, bytes, size, flags, NULL, NULL);
	struct rp_cpu_time *timing = bytes;

	if (said > 0 && got == (ssize_t)(KINDS * sizeof(*timing)))
		for (int k = 0; k < KINDS; k++)
			timing[k] = (struct rp_cpu_time){.median = said, .mean = said};
	return got;
}

static void put(int fd, const void *bytes, size_t n, size_t offset)
{
	assert_int_equal(pwrite(fd, bytes, n, (off_t)offset), n);
}

/* Each of the functions is known to have been called so often, and to have taken so long. */
static void set_figures(struct rp_session *s, uint64_t count, uint64_t cpu)
{
	const struct rp_figures f = {.count = count, .cpu = cpu};
	uint32_t shards;

	s->skel->bss->nodes_used = KINDS;
	assert_non_null(rp_session__figures(s, 1, &shards));
	for (uint32_t k = 0; k < KINDS; k++) {
		struct rp_node node = {.region = RP_REGION_CALIBRATE + k};
		uint32_t id = k + 1;

		put(fake_map_named("nodes")->fd, &node, sizeof(node), id * sizeof(node));
		/* The first shard of the first chunk, behind two templates. */
		put(fake.chunks[2], &f, sizeof(f), id * (size_t)shards * sizeof(f));
	}
}

static void assert_sound(const struct rp_probe_cost *cost)
{
	assert_true(cost->inside >= 0);
	assert_true(cost->inside <= cost->whole);
}

/* The session is to be freed after it. */
static struct rp_calibration *calibrate(uint64_t inside, struct rp_session **s,
					struct rp_costs *costs)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_calibration *c;
	struct rp_err err;

	*s = fake_session(&opts);
	set_figures(*s, 16, inside);
	assert_int_equal(rp_calibration__new(*s, &c, costs, &err), 0);
	return c;
}

/* No more is within a region's own time than probes take in all, whatever the kernel measured. */
static void test_inside_is_part_of_the_whole(void **state)
{
	struct rp_session *s;
	struct rp_costs costs;
	struct rp_calibration *c = calibrate(16ull * 1000000000, &s, &costs);

	(void)state;
	assert_sound(&costs.call);
	assert_sound(&costs.mark);
	rp_calibration__free(c);
	rp_session__free(s);
}

/* Asked again after so long; the answer is taken when it is there, and not waited for. */
static void test_measured_again(void **state)
{
	const struct rp_costs none = {.call = {-1, -1}};
	struct rp_session *s;
	struct rp_costs costs;
	struct rp_calibration *c = calibrate(16, &s, &costs);

	(void)state;
	alarm(300);				 /* the answer must come */
	rp_calibration__update(NULL, 1, &costs); /* where there is none */
	rp_calibration__update(c, 1, &costs);
	for (uint64_t pass = 0; pass < 3; pass++) {
		uint64_t begun = 1 + pass * PERIOD_NS;

		costs = none;
		for (int i = 0; i < 20; i++, usleep(1000))
			rp_calibration__update(c, begun + PERIOD_NS - 1, &costs);
		assert_true(costs.call.whole < 0); /* it is not time */
		while (costs.call.whole < 0)
			rp_calibration__update(c, begun + PERIOD_NS, &costs);
	}
	alarm(0);
	rp_calibration__free(c);
	rp_session__free(s);
}

static void assert_near(double ns, double wanted)
{
	assert_true(ns > wanted - 0.001 && ns < wanted + 0.001);
}

/* The same pass again, after so many calls in all, which have taken so long in all. */
static void measure_again(struct rp_calibration *c, struct rp_session *s, uint64_t pass,
			  uint64_t count, uint64_t cpu, double took, struct rp_costs *costs)
{
	set_figures(s, count, cpu);
	said = took;
	costs->call.whole = -1;
	while (costs->call.whole < 0)
		rp_calibration__update(c, 1 + pass * PERIOD_NS, costs);
}

/* Each pass is one of its own: what came before is in none of its figures. */
static void test_costs_are_means_over_passes(void **state)
{
	struct rp_session *s;
	struct rp_costs costs;
	struct rp_calibration *c;

	(void)state;
	/* Where it takes as long without probes they cost nothing. */
	said = 1000;
	c = calibrate(16 * 600, &s, &costs);
	assert_near(costs.call.whole, 0);
	assert_near(costs.call.inside, 0);
	rp_calibration__update(c, 1, &costs); /* the time begins */
	measure_again(c, s, 1, 2 * 16, 16 * (600 + 900), 2800, &costs);
	assert_near(costs.call.whole, 900); /* 0, 1800 */
	assert_near(costs.call.inside, 450);
	assert_near(costs.mark.whole, 900);
	measure_again(c, s, 2, 3 * 16, 16 * (600 + 900 + 300), 1600, &costs);
	assert_near(costs.call.whole, 800); /* and 600 */
	assert_near(costs.call.inside, 400);
	assert_near(costs.step, 0);
	said = 0;
	rp_calibration__free(c);
	rp_session__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside_is_part_of_the_whole),
		cmocka_unit_test(test_measured_again),
		cmocka_unit_test(test_costs_are_means_over_passes),
	};

	return cmocka_run_group_tests_name("calibrate", tests, NULL, NULL);
}
