// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* How samples are shown: beside regions and without any, in every form. */
#include <errno.h>

#include "samples_fixture.h"

static struct fixture f;
/* With the regions of a server, or none. */
static struct rp_snapshot *begin(bool regions)
{
	struct rp_snapshot *s;

	if (regions)
		fixture_server(&f);
	else
		fixture_init(&f);
	samples_init(&f, regions ? 2 : 0);
	s = fixture_snapshot(&f, RP_BY_NONE);
	rp_sampled__set_cpu(s, 126000000);
	return s;
}

static void end(struct rp_snapshot *s)
{
	rp_snapshot__free(s);
	samples_free(&f);
}

static void check(bool regions, const char *view, const char *golden)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s = begin(regions);
	char *text = fixture_print(view, s, &opts);

	assert_golden(golden, text);
	free(text);
	end(s);
}

static void test_table(void **state)
{
	(void)state;
	check(true, "table", "samples.txt");
	check(false, "table", "profile.txt");
}

/* Regions that most samples were outside of say little of the target. */
static void test_outside(void **state)
{
	const struct rp_view_opts opts = {0};
	char *text;

	(void)state;
	for (unsigned most = 0; most < 2; most++) {
		struct rp_sample_store *store = rp_sample_store__new(1000, UINT64_MAX, false);
		struct rp_snapshot *s;

		fixture_server(&f);
		add_sampled(store, 2, 10, sampled_place(store, "a", "", 0),
			    sampled_place(store, "b", "", 0),
			    sampled_place(store, "inside", "", 0));
		add_sampled(store, 0, 10 + most, sampled_place(store, "a", "", 0),
			    sampled_place(store, "b", "", 0),
			    sampled_place(store, "outside", "", 0));
		f.counts.samples = rp_sample_counts__of(store);
		f.counts.samples->hz = 997;
		rp_sample_store__put(store);
		s = fixture_snapshot(&f, RP_BY_NONE);
		text = fixture_print("table", s, &opts);
		assert_non_null(strstr(text, "  inside  server"));
		assert_int_equal(strstr(text, "  outside  server") != NULL, most);
		free(text);
		end(s);
	}
}

/* Threads that are too short for a sample are not told by those of others. */
static void test_most_is_unseen(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s = begin(false);
	uint64_t few = 4 * s->sampled->all.samples * 1000000000ull / 997;
	char *text;

	(void)state;
	rp_sampled__set_cpu(s, few);
	assert_false(s->sampled->most_unseen);
	rp_sampled__set_cpu(s, 100 * few);
	assert_true(s->sampled->most_unseen);
	assert_in_range(s->sampled->all.cpu, few - few / 100, few + few / 100);
	text = fixture_print("table", s, &opts);
	assert_ptr_equal(strstr(text, "most CPU time is in no sample: threads that use less than "
				      "1.00 ms each get few, or none; --sample=10000 tells more\n"),
			 text);
	free(text);
	/* As few as that may be by chance. */
	s->sampled->totals.taken = s->sampled->lost = 0;
	rp_sampled__set_cpu(s, 90000000);
	assert_false(s->sampled->most_unseen);
	rp_sampled__set_cpu(s, 1000000000);
	assert_true(s->sampled->most_unseen);
	end(s);
}

static void test_json(void **state)
{
	(void)state;
	check(true, "json", "samples.json");
}

static void test_csv(void **state)
{
	(void)state;
	check(true, "csv", "samples.csv");
	check(false, "csv", "profile.csv");
}

static void test_folded(void **state)
{
	(void)state;
	check(true, "folded", "samples.folded");
}

/* Tags that are open, of a text that an XML parser would take. */
static void assert_well_formed(const char *text)
{
	char open[64][16];
	size_t n = 0, len;

	for (const char *at = strchr(text, '<'); at; at = strchr(at, '<')) {
		const char *end = strchr(at, '>');

		assert_non_null(end);
		if (!strncmp(at, "<![CDATA[", 9)) {
			at = strstr(at, "]]>");
			assert_non_null(at);
			continue;
		}
		len = strcspn(at + 1 + (at[1] == '/'), " >/");
		assert_true(len < sizeof(open[0]) && n < 64);
		if (at[1] == '/') {
			assert_true(n > 0);
			assert_memory_equal(open[--n], at + 2, len);
		} else if (at[1] != '?' && end[-1] != '/') {
			snprintf(open[n++], sizeof(open[0]), "%.*s", (int)len, at + 1);
		}
		at = end;
	}
	assert_int_equal(n, 0);
}

static void test_flamegraph(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s = begin(true);
	char *text = fixture_print("flamegraph", s, &opts);
	size_t addresses = 0, script = 0;

	(void)state;
	assert_well_formed(text);
	/* It asks nobody for anything: the one address is the name of the format. */
	assert_non_null(strstr(text, "xmlns=\"http://www.w3.org/2000/svg\""));
	for (size_t i = 0; text[i]; i++) {
		addresses += !strncmp(text + i, "://", 3);
		if (!strncmp(text + i, "<script>", 8))
			script = i;
	}
	assert_int_equal(addresses, 1);
	assert_non_null(strstr(text, "parse&lt;int&gt;;"));
	text[script] = '\0';
	assert_golden("samples.flamegraph", text);
	free(text);
	end(s);
}

static void test_flamegraph_of_nothing(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s;
	char *text;

	(void)state;
	fixture_init(&f);
	s = fixture_snapshot(&f, RP_BY_NONE);
	text = fixture_print("flamegraph", s, &opts);
	assert_well_formed(text);
	free(text);
	rp_snapshot__free(s);
}

/* A disk that is full for a moment: what was to be written then is missing. */
static ssize_t fail_once(void *ctx, const char *bytes, size_t n)
{
	bool *failed = ctx;

	(void)bytes;
	if (*failed)
		return (ssize_t)n;
	*failed = true;
	errno = ENOSPC;
	return 0;
}

static void test_why_a_write_failed_is_told(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s = begin(true);
	bool failed = false;
	FILE *out = fopencookie(&failed, "w", (cookie_io_functions_t){.write = fail_once});

	(void)state;
	assert_non_null(out);
	errno = 0;
	assert_int_equal(rp_view__find("flamegraph")->print(out, s, &opts), -ENOSPC);
	fclose(out);
	end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_most_is_unseen),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_folded),
		cmocka_unit_test(test_flamegraph),
		cmocka_unit_test(test_flamegraph_of_nothing),
		cmocka_unit_test(test_why_a_write_failed_is_told),
	};

	return cmocka_run_group_tests_name("view_samples", tests, NULL, NULL);
}
