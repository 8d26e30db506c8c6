// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* How samples are shown: beside regions and without any, in every form. */
#include "counts_fixture.h"

static struct fixture f;
static struct rp_sample_store *store;

static uint32_t place(const char *function, const char *file, uint32_t line)
{
	const struct rp_place p = {
		.function = function, .file = file, .line = line, .object = "server"};

	return rp_sample_store__place(store, &p);
}

static void add(uint32_t node, unsigned n, uint32_t a, uint32_t b, uint32_t c)
{
	const struct rp_taken_sample sample = {.node = node, .end = RP_UNWIND_END_COMPLETE};
	const uint32_t places[] = {a, b, c};

	while (n--)
		rp_sample_store__add(store, &sample, places, 3);
}

static void add_samples(uint32_t node)
{
	uint32_t main_ = place("main", "src/main.c", 12),
		 parse = place("parse<int>;\x1b", "src/parse.c", 40),
		 walk = place("walk", "src/walk, \"fast\".c", 7);

	add(0, 20, main_, main_, main_);
	add(node, 70, main_, place("handle_request", "src/main.c", 30), parse);
	add(node, 30, main_, place("handle_request", "src/main.c", 31), walk);
	add(node, 1, main_, place("handle_request", "src/main.c", 31), place("[libc.so]", "", 0));
	*rp_sample_store__totals(store) = (struct rp_sample_totals){
		.taken = 121,
		.truncated = 2,
		.unresolved = 1,
		.probes = 3,
		.dropped = 4,
		.no_room = 2,
		.ends = {[RP_UNWIND_END_COMPLETE] = 119, [RP_UNWIND_END_NO_ROW] = 2}};
	f.counts.samples = rp_sample_counts__of(store);
	assert_non_null(f.counts.samples);
	f.counts.samples->hz = 997;
	f.counts.samples->lost = 5;
}

/* With the regions of a server, or none. */
static struct rp_snapshot *begin(bool regions)
{
	struct rp_snapshot *s;

	if (regions)
		fixture_server(&f);
	else
		fixture_init(&f);
	store = rp_sample_store__new(1000);
	add_samples(regions ? 2 : 0);
	s = fixture_snapshot(&f, RP_BY_NONE);
	rp_sampled__set_cpu(s, 126000000);
	return s;
}

static void end(struct rp_snapshot *s)
{
	rp_snapshot__free(s);
	rp_sample_counts__free(f.counts.samples);
	f.counts.samples = NULL;
	rp_sample_store__put(store);
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
		struct rp_snapshot *s;

		fixture_server(&f);
		store = rp_sample_store__new(1000);
		add(2, 10, place("a", "", 0), place("b", "", 0), place("inside", "", 0));
		add(0, 10 + most, place("a", "", 0), place("b", "", 0), place("outside", "", 0));
		f.counts.samples = rp_sample_counts__of(store);
		s = fixture_snapshot(&f, RP_BY_NONE);
		text = fixture_print("table", s, &opts);
		assert_non_null(strstr(text, "  inside  server"));
		assert_int_equal(strstr(text, "  outside  server") != NULL, most);
		free(text);
		end(s);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_folded),
		cmocka_unit_test(test_flamegraph),
		cmocka_unit_test(test_flamegraph_of_nothing),
	};

	return cmocka_run_group_tests_name("view_samples", tests, NULL, NULL);
}
