// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <ctype.h>
#include <math.h>

#include "counts_fixture.h"

static struct fixture server;

/* ---- a strict reader of what we may write ------------------------------------------------- */

struct reader {
	char family[64], type[16];
	char seen[32][64]; /* families that are over */
	size_t n_seen, samples;
	/* of the histogram under way */
	double le;
	uint64_t below, infinite;
	bool has_infinite;
};

static const char *after(const char *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(line, prefix, len) ? NULL : line + len;
}

static void begin_family(struct reader *r, const char *rest)
{
	assert_int_equal(sscanf(rest, "%63s %15s", r->family, r->type), 2);
	for (size_t i = 0; i < r->n_seen; i++)
		assert_string_not_equal(r->seen[i], r->family);
	strcpy(r->seen[r->n_seen++], r->family);
}

static void check_comment(struct reader *r, const char *line)
{
	const char *rest = after(line, "# TYPE ");
	char name[64], unit[16];

	if (rest) {
		begin_family(r, rest);
	} else if ((rest = after(line, "# UNIT "))) {
		assert_int_equal(sscanf(rest, "%63s %15s", name, unit), 2);
		assert_string_equal(name, r->family);
		assert_true(strlen(name) > strlen(unit));
		assert_string_equal(name + strlen(name) - strlen(unit), unit);
	} else {
		rest = after(line, "# HELP ");
		assert_non_null(rest);
		assert_int_equal(strncmp(rest, r->family, strlen(r->family)), 0);
	}
}

/* Past the labels; the value of `le`, if it is there, unescaped by nobody: it needs none. */
static const char *check_labels(const char *at, char *le)
{
	assert_int_equal(*at++, '{');
	do {
		const char *name = at;

		assert_true(isalpha((unsigned char)*at));
		while (isalnum((unsigned char)*at) || *at == '_')
			at++;
		assert_int_equal(strncmp(at, "=\"", 2), 0);
		at += 2;
		if (!strncmp(name, "le=", 3))
			assert_int_equal(sscanf(at, "%31[^\"]", le), 1);
		for (; *at != '"'; at++) {
			assert_true((unsigned char)*at >= ' ');
			if (*at == '\\') {
				at++;
				assert_true(*at == '\\' || *at == '"' || *at == 'n');
			}
		}
		at++;
	} while (*at++ == ',');
	assert_int_equal(at[-1], '}');
	return at;
}

static void check_histogram(struct reader *r, const char *suffix, const char *le, const char *value)
{
	uint64_t n = strtoull(value, NULL, 10);

	if (!strcmp(suffix, "_bucket")) {
		double bound = strtod(le, NULL);

		if (r->has_infinite) {
			r->has_infinite = false;
			r->le = 0;
			r->below = 0;
		}
		assert_true(bound > r->le);
		assert_true(n >= r->below);
		r->le = bound;
		r->below = n;
		if (isinf(bound)) {
			r->has_infinite = true;
			r->infinite = n;
		}
	} else if (!strcmp(suffix, "_count")) {
		assert_true(r->has_infinite);
		assert_int_equal(n, r->infinite);
	} else {
		assert_string_equal(suffix, "_sum");
	}
}

static void check_sample(struct reader *r, const char *line)
{
	const char *rest = after(line, r->family), *brace = strchr(line, '{');
	char suffix[16] = "", le[32] = "", *end;

	assert_non_null(rest);
	assert_non_null(brace);
	assert_true(brace - rest < (ptrdiff_t)sizeof(suffix));
	memcpy(suffix, rest, (size_t)(brace - rest));
	rest = check_labels(brace, le);
	assert_int_equal(*rest++, ' ');
	assert_true(strtod(rest, &end) >= 0);
	assert_int_equal(*end, '\0');
	if (!strcmp(r->type, "histogram"))
		check_histogram(r, suffix, le, rest);
	else
		assert_string_equal(suffix, !strcmp(r->type, "counter") ? "_total" : "");
	r->samples++;
}

/* Returns how many samples there were. */
static size_t check_exposition(const char *text)
{
	char *copy = strdup(text), *save = NULL, *line;
	struct reader r = {0};
	bool ended = false;

	assert_non_null(copy);
	assert_null(strstr(copy, "\n\n"));
	assert_int_equal(copy[strlen(copy) - 1], '\n');
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		assert_false(ended);
		if (!strcmp(line, "# EOF"))
			ended = true;
		else if (*line == '#')
			check_comment(&r, line);
		else
			check_sample(&r, line);
	}
	assert_true(ended);
	free(copy);
	return r.samples;
}

/* ---- tests -------------------------------------------------------------------------------- */

static void test_golden(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	const struct rp_view_opts opts = {0};
	char *text = fixture_print("openmetrics", s, &opts);

	(void)state;
	/* The span has neither CPU time, nor waits, nor sleeps. */
	assert_int_equal(check_exposition(text), s->n_rows * (14 + 3 + 4 + 2) - 3 + RP_LOST_COUNT);
	assert_golden("snapshot.openmetrics", text);
	free(text);
	rp_snapshot__free(s);
}

static void test_groups(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_PROCESS);
	const struct rp_view_opts opts = {0};
	char *text = fixture_print("openmetrics", s, &opts);

	(void)state;
	check_exposition(text);
	assert_non_null(strstr(text,
			       "rptrace_region_open{region=\"handle_request\",kind=\"function\","
			       "object=\"/usr/sbin/server\",group=\"4242 server\"} 2\n"));
	free(text);
	rp_snapshot__free(s);
}

static void test_labels_escaped(void **state)
{
	struct rp_row row = {.name = "a\"b\\c\nd", .object = "{x=\"y\"}"};
	struct rp_snapshot s = {.rows = &row, .n_rows = 1};
	const struct rp_view_opts opts = {0};
	char *text = fixture_print("openmetrics", &s, &opts);

	(void)state;
	check_exposition(text);
	assert_non_null(strstr(text, "{region=\"a\\\"b\\\\\\\\c\\\\x0ad\",kind=\"function\","
				     "object=\"{x=\\\"y\\\"}\"} 0\n"));
	free(text);
}

/* A boundary is the last value it counts: exact, since it ends a bucket of ours. */
static void test_boundaries(void **state)
{
	const struct rp_view_opts opts = {0};

	(void)state;
	for (unsigned int k = 10; k <= 36; k += 2) {
		const uint64_t bound = (UINT64_C(1) << k) - 1;
		struct rp_hist hist = {0};
		struct rp_row row = {.name = "r", .hist = fixture_part(&hist), .f = {.count = 3}};
		struct rp_snapshot s = {.rows = &row, .n_rows = 1};
		char *text, *at, *end;
		int ones = 0;

		hist.bucket[rp_hist_index(bound)] = 1;
		hist.bucket[rp_hist_index(bound + 1)] = 2;
		text = fixture_print("openmetrics", &s, &opts);
		for (at = text; (at = strstr(at, "le=\"")); at = end) {
			double le = strtod(at + 4, &end);
			uint64_t ns = isinf(le) ? UINT64_MAX : (uint64_t)llround(le * 1e9);
			uint64_t n = strtoull(end + 2, NULL, 10);

			assert_int_equal(n, ns < bound ? 0 : ns == bound ? 1 : 3);
			ones += n == 1;
		}
		assert_int_equal(ones, 1);
		free(text);
	}
}

/* Both are read while they are added to: no bucket has more than there are. */
static void test_buckets_and_count_add_up(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_hist hist = {0};
	struct rp_row row = {.name = "r", .hist = fixture_part(&hist), .f = {.count = 2}};
	struct rp_snapshot s = {.rows = &row, .n_rows = 1};
	char *text, *at;
	int n = 0;

	(void)state;
	hist.bucket[rp_hist_index(5000)] = 3;
	text = fixture_print("openmetrics", &s, &opts);
	for (at = text; (at = strstr(at, "le=\"")); n++) {
		at = strchr(at, ' ');
		assert_true(strtoull(at, NULL, 10) <= 2);
	}
	assert_true(n > 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_labels_escaped),
		cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_buckets_and_count_add_up),
	};

	fixture_server(&server);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
