// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What probes cost, by a child that calls probed functions: the kernel's figures are made up. */
#include "libbpf_fixture.h"

#include "attach/calibrate.h"

#define PERIOD_NS 10000000000ull
enum { KINDS = 3 };

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside_is_part_of_the_whole),
		cmocka_unit_test(test_measured_again),
	};

	return cmocka_run_group_tests_name("calibrate", tests, NULL, NULL);
}
