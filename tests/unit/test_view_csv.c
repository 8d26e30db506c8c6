// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "counts_fixture.h"
#include "util/escape.h"

static struct fixture server;

#define MAX_CELLS 32

/*
 * A strict reader of RFC 4180; cells are unquoted in place. Returns the row's cells, 0 at the end.
 */
static size_t read_row(char **at, char *cells[MAX_CELLS])
{
	char *in = *at, *out;
	size_t n = 0;

	if (!*in)
		return 0;
	for (;;) {
		assert_true(n < MAX_CELLS);
		cells[n++] = out = in;
		if (*in == '"') {
			for (in++; *in != '"' || in[1] == '"'; *out++ = *in++) {
				assert_int_not_equal(*in, '\0');
				in += *in == '"';
			}
			in++;
		} else {
			for (; !strchr(",\"\n", *in); in++)
				out++;
		}
		assert_true(*in == ',' || *in == '\n');
		if (*in++ == '\n') {
			*out = '\0';
			*at = in;
			return n;
		}
		*out = '\0';
	}
}

static void test_golden(void **state)
{
	const struct rp_view_opts opts = {.tree = true};
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	char *text = fixture_print("csv", s, &opts);

	(void)state;
	assert_golden("snapshot.csv", text);
	free(text);
	rp_snapshot__free(s);
}

static void test_read_back(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_PROCESS);
	char *text = fixture_print("csv", s, &opts), *at = text;
	char *head[MAX_CELLS], *cells[MAX_CELLS];
	size_t n;

	(void)state;
	n = read_row(&at, head);
	assert_int_equal(n, 23);
	assert_string_equal(head[4], "total_ns");
	assert_string_equal(head[n - 1], "group");
	for (size_t i = 0; i < s->n_rows; i++) {
		char name[128];

		assert_int_equal(read_row(&at, cells), n);
		rp_escape(s->rows[i].name, name, sizeof(name));
		assert_string_equal(cells[0], name);
		assert_string_equal(cells[2], s->rows[i].object);
		assert_int_equal(strtoull(cells[3], NULL, 10), s->rows[i].f.count);
		assert_int_equal(strtoull(cells[4], NULL, 10), s->rows[i].f.total);
		assert_true(strtod(cells[11], NULL) - s->rows[i].f.mean < 0.001);
		assert_string_equal(cells[n - 1], s->rows[i].group);
	}
	assert_int_equal(strncmp(at, "# lost: ", 8), 0);
	free(text);
	rp_snapshot__free(s);
}

static void test_quoting(void **state)
{
	struct rp_row rows[] = {{.name = "=1+2"}, {.name = "a,b"}, {.name = "say \"x\""}};
	struct rp_snapshot s = {.rows = rows, .n_rows = 3};
	const struct rp_view_opts opts = {0};
	char *text = fixture_print("csv", &s, &opts);

	(void)state;
	assert_non_null(strstr(text, "\n=1+2,function,,0,"));
	assert_non_null(strstr(text, "\n\"a,b\",function,"));
	assert_non_null(strstr(text, "\n\"say \"\"x\"\"\",function,"));
	free(text);
}

/* Comments, which no name can be taken for. */
static void test_lost(void **state)
{
	struct rp_row rows[] = {{.name = "# lost: 7 sheep"}};
	struct rp_snapshot s = {.rows = rows, .n_rows = 1};
	const struct rp_view_opts opts = {0};
	char *text;

	(void)state;
	text = fixture_print("csv", &s, &opts);
	assert_null(strstr(text, "\n#"));
	free(text);
	s.lost[RP_LOST_RETURNS] = 49370;
	s.lost[RP_LOST_LATE] = 1;
	s.late_ns = 12300000;
	text = fixture_print("csv", &s, &opts);
	assert_non_null(strstr(text, "\n\"# lost: 7 sheep\",function,"));
	assert_non_null(strstr(text,
			       "\n# lost: 49370 entries past the kernel's limit of nested "
			       "return probes\n# lost: 1 process that ran for a moment before "
			       "its probes were in place: 12.3 ms in all\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_lost),
	};

	fixture_server(&server);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
