// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/paths.h"
#include "counts_fixture.h"

static void test_buckets_meet(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RP_HIST_BUCKETS; i++) {
		assert_true(rp_hist_floor(i) < rp_hist_floor(i + 1));
		assert_int_equal(rp_hist_index(rp_hist_floor(i)), i);
		assert_int_equal(rp_hist_index(rp_hist_floor(i + 1) - 1), i);
	}
	assert_int_equal(rp_hist_index(UINT64_MAX), RP_HIST_BUCKETS - 1);
}

static struct rp_hist hist;

static uint64_t percentile(uint64_t count, double q, uint64_t min, uint64_t max)
{
	const struct rp_hist_part part = fixture_part(&hist);
	uint64_t value;

	rp_hist__percentiles(&part, count, &q, 1, min, max, &value);
	return value;
}

static int empty(void **state)
{
	(void)state;
	memset(&hist, 0, sizeof(hist));
	return 0;
}

static void test_none_and_one(void **state)
{
	(void)state;
	assert_int_equal(percentile(0, 0.5, 0, 0), 0);
	hist.bucket[rp_hist_index(12345)] = 1;
	for (double q = 0; q <= 1; q += 0.125)
		assert_int_equal(percentile(1, q, 12345, 12345), 12345);
}

/* 1 to 100,000, each once: every percentile is known. */
static void test_uniform(void **state)
{
	const uint64_t n = 100000;

	(void)state;
	for (uint64_t v = 1; v <= n; v++)
		hist.bucket[rp_hist_index(v)]++;
	for (double q = 0.01; q <= 1; q += 0.01) {
		double exact = q * (double)n;
		double got = (double)percentile(n, q, 1, n);

		assert_true(got > exact * 0.999 - 1 && got < exact * 1.001 + 1);
	}
	assert_int_equal(percentile(n, 0, 1, n), 1);
	assert_int_equal(percentile(n, 1, 1, n), n);
	assert_int_equal(percentile(n, -3, 1, n), 1);
	assert_int_equal(percentile(n, 7, 1, n), n);
}

static void test_two_peaks(void **state)
{
	(void)state;
	hist.bucket[rp_hist_index(10)] = 90;
	hist.bucket[rp_hist_index(1000000)] = 10;
	assert_int_equal(percentile(100, 0.5, 10, 1000000), 10);
	assert_int_equal(percentile(100, 0.9, 10, 1000000), 10);
	assert_in_range(percentile(100, 0.99, 10, 1000000), 937500, 1000000);
}

static void test_last_bucket_ends_at_max(void **state)
{
	const uint64_t max = UINT64_C(1) << 50;

	(void)state;
	hist.bucket[RP_HIST_BUCKETS - 1] = 2;
	assert_int_equal(percentile(2, 1, 5, max), max);
	assert_true(percentile(2, 1, 5, UINT64_MAX) >= max);
}

/* Count and buckets are not read at one instant. */
static void test_fewer_than_counted(void **state)
{
	(void)state;
	hist.bucket[20] = 3;
	assert_int_equal(percentile(100, 0.99, 20, 5000), 5000);
}

/* A part may begin and end anywhere in the one that it is added to. */
static void test_parts_are_added(void **state)
{
	enum { FROM = 100, N = 8 };

	(void)state;
	for (uint32_t from = 0; from <= N; from++)
		for (uint32_t end = from; end <= N; end++) {
			uint64_t sum[N] = {1, 2, 3, 4, 5, 6, 7, 8}, more[N] = {10, 20, 30};
			struct rp_hist_part to = {sum, FROM, FROM + N};
			const struct rp_hist_part part = {more, FROM + from, FROM + end};

			rp_hist__add(&to, &part);
			for (uint32_t i = 0; i < N; i++)
				assert_int_equal(
					sum[i],
					i + 1 + (i >= from && i < end ? more[i - from] : 0));
		}
}

/* Calls of a region below another one, of which no bucket is kept but those that are used. */
static void call(struct fixture *f, uint32_t parent, uint32_t region, uint64_t n, uint64_t ns)
{
	uint32_t node = fixture_node(f, parent, region), bucket = rp_hist_index(ns);
	struct rp_hist_part *part = &f->nodes[node - 1].hist;

	fixture_frames(f, node, n, ns, 0, 0, 0);
	*part = (struct rp_hist_part){part->bucket + bucket, bucket, bucket + 1};
}

/* A region has the times of all of its callers' calls, whichever are longer. */
static void test_of_several_callers(void **state)
{
	static struct fixture f;
	struct rp_snapshot_opts opts = {.by = RP_BY_NONE};
	struct rp_snapshot *s;
	uint32_t root, region;

	(void)state;
	fixture_init(&f);
	root = fixture_root(&f, 1, "a");
	region = fixture_region(&f, "called", RP_KIND_FUNCTION, "/bin/a");
	call(&f, root, region, 3, 1000);
	call(&f, fixture_node(&f, root, fixture_region(&f, "b", RP_KIND_FUNCTION, "/bin/a")),
	     region, 5, 900000);
	call(&f, fixture_node(&f, root, fixture_region(&f, "c", RP_KIND_FUNCTION, "/bin/a")),
	     region, 2, 50);
	s = rp_snapshot__build(&f.counts, NULL, &opts);
	assert_non_null(s);
	assert_string_equal(s->rows[0].name, "called");
	for (uint32_t i = 0; i < RP_HIST_BUCKETS; i++)
		assert_int_equal(rp_hist_part__at(&s->rows[0].hist, i),
				 i == rp_hist_index(1000)     ? 3
				 : i == rp_hist_index(900000) ? 5
				 : i == rp_hist_index(50)     ? 2
							      : 0);
	rp_snapshot__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_meet),
		cmocka_unit_test_setup(test_none_and_one, empty),
		cmocka_unit_test_setup(test_uniform, empty),
		cmocka_unit_test_setup(test_two_peaks, empty),
		cmocka_unit_test_setup(test_last_bucket_ends_at_max, empty),
		cmocka_unit_test_setup(test_fewer_than_counted, empty),
		cmocka_unit_test(test_parts_are_added),
		cmocka_unit_test(test_of_several_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
