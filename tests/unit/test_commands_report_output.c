// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace report: the files that it writes, as a whole or in parts, and what keeps it from that. */
#include "record_fixture.h"

#include "late_fixture.h"
#include "report_fixture.h"

static void a_report_goes_to_its_file(void **state)
{
	const char *out = path_of("report.csv"), *record = path_of("own.rpt");
	static char bytes[8192], text[8192];
	size_t n = read_file(GOLDEN, bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(report("--format csv -o %s " GOLDEN, out), RP_EXIT_OK);
	assert_string_equal(ran.out, "");
	read_file(out, text, sizeof(text));
	assert_int_equal(report("--format csv " GOLDEN), RP_EXIT_OK);
	assert_string_equal(ran.out, text);
	/* Where there is nothing to report the file keeps what is in it. */
	assert_int_equal(report("--format csv --region none -o %s " GOLDEN, out), RP_EXIT_NOTHING);
	assert_true(exists(out));
	read_file(out, ran.said, sizeof(ran.said));
	assert_string_equal(ran.said, text);
	/* A record that is to be read is not written over. */
	write_file(record, bytes, n);
	assert_int_equal(report("-o %s %s", record, record), RP_EXIT_USAGE);
	assert_failed("is a record that is to be read", "-o rptrace.out");
	assert_int_equal(read_file(record, text, sizeof(text)), n);
	assert_int_equal(report("-o %s " GOLDEN, path_of("no/such/folder")), RP_EXIT_FAILED);
}

/* What is of no use until it is whole takes its place at the end; else nothing of it stays. */
static void whole_exports_replace_the_file(void **state)
{
	const char *out = path_of("report.db");
	char bytes[64];
	struct dirent *entry;
	size_t files = 0;
	DIR *dir;

	(void)state;
	remove_folder(NULL);
	assert_int_equal(mkdir(folder, 0700), 0);
	write_file(out, "before", 6);
	assert_int_equal(report("--format sqlite --region none -o %s " GOLDEN, out),
			 RP_EXIT_NOTHING);
	read_file(out, bytes, sizeof(bytes));
	assert_string_equal(bytes, "before");
	assert_int_equal(report("--format sqlite -o %s " GOLDEN, out), RP_EXIT_OK);
	read_file(out, bytes, sizeof(bytes));
	assert_memory_equal(bytes, "SQLite format 3", 15);
	dir = opendir(folder);
	while ((entry = readdir(dir)))
		files += entry->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(files, 1);
}

/* The number of a part stands in front of what readers go by. */
static void parts_are_numbered_in_front_of_their_ending(void **state)
{
	static const struct {
		const char *name, *part;
	} cases[] = {{"run.trace.json", "run.1.trace.json"},
		     {"run", "run.1"},
		     {".run.json", ".run.1.json"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			report("--format chrome --split -o %s " GOLDEN, path_of(cases[i].name)),
			RP_EXIT_OK);
		assert_true(exists(path_of(cases[i].part)));
		assert_false(exists(path_of(cases[i].name)));
	}
}

static void what_closing_tells_is_an_error(void **state)
{
	static const char *const parts[] = {"late.1.json", "late.2.json"};
	int status;

	(void)state;
	late = path_of("late.csv");
	status = report("--format csv -o %s " GOLDEN, late);
	late = NULL;
	assert_int_equal(status, RP_EXIT_FAILED);
	assert_failed("late.csv: Disk quota exceeded", "-o rptrace.out");
	/* Of any part, the last one as well; it is none of the record that is read meanwhile. */
	for (size_t i = 0; i < COUNT(parts); i++) {
		late = path_of(parts[i]);
		status = report("--format chrome --split=40 -o %s " GOLDEN, path_of("late.json"));
		late = NULL;
		assert_int_equal(status, RP_EXIT_FAILED);
		assert_failed(parts[i], "-o rptrace.out");
	}
}

static int fail_to_end(void *ctx)
{
	(void)ctx;
	return -EDQUOT;
}

static int take_instance(void *ctx, const struct rp_event_instance *instance)
{
	(void)ctx, (void)instance;
	return 0;
}

static int open_bad(FILE *out, struct rp_event_sink *sink)
{
	(void)out;
	*sink = (struct rp_event_sink){.instance = take_instance, .close = fail_to_end};
	return 0;
}

/* Though its file could be closed. */
static void a_part_that_is_not_whole_is_an_error(void **state)
{
	static const struct rp_export bad = {.name = "bad", .open = open_bad};
	char text[256];
	int status;

	(void)state;
	snprintf(text, sizeof(text), "rptrace report --format chrome --split=9999 -o %s " GOLDEN,
		 path_of("bad.json"));
	parse_good(&ran.line, text);
	ran.line.opts.export = &bad;
	status = run_with(rp_report__run, &ran.line.opts, &ran.line.err);
	rp_opts__free(&ran.line.opts);
	assert_int_equal(status, RP_EXIT_FAILED);
	assert_failed("bad.1.json: Disk quota exceeded", "-o rptrace.out");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_goes_to_its_file),
		cmocka_unit_test(whole_exports_replace_the_file),
		cmocka_unit_test(parts_are_numbered_in_front_of_their_ending),
		cmocka_unit_test(what_closing_tells_is_an_error),
		cmocka_unit_test(a_part_that_is_not_whole_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
