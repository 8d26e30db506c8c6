// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace report, from the command line to what is printed, written and refused. */
#include "record_fixture.h"

#include "report_fixture.h"

#include <errno.h>

#define SAMPLES "tests/golden/samples.rpt"

/* ---- what is shown -----------------------------------------------------------------------------
 */

static void a_record_is_shown_as_a_table(void **state)
{
	(void)state;
	assert_int_equal(report(GOLDEN), RP_EXIT_OK);
	assert_prints("outer          30  21.9");
	assert_prints("demo: 100 ms");
	assert_says("lost: 9 instances that the recorder had no room for");
	assert_int_equal(report("--tree " GOLDEN), RP_EXIT_OK);
	assert_prints("in;ner");
	assert_int_equal(report("--json " GOLDEN), RP_EXIT_OK);
	assert_prints("\"schema\": \"rptrace-snapshot/1\"");
	assert_int_equal(report("--columns count --format csv " GOLDEN), RP_EXIT_OK);
	assert_int_equal(strncmp(ran.out, "name,", 5), 0);
}

static int take_block(void *file, const struct rp_block_header *header, const void *payload)
{
	return fwrite(header, sizeof(*header), 1, file) == 1 &&
			       (!header->stored || fwrite(payload, header->stored, 1, file) == 1)
		       ? 0
		       : -EIO;
}

/* Of a run that has lost nothing, and has used the CPU for 1 ms; kept: as of one that keeps a part
 * of its instances. */
static const char *write_whole(const char *kept)
{
	struct rp_event_run about = run_about;
	const char *path = path_of("whole.rpt");
	const uint64_t lost[RP_LOST_COUNT] = {0};
	const struct rp_event_end end = {
		.time = RUN_START + 100000000, .lost = lost, .cpu = 1000000};
	struct rp_writer_opts opts = {.run = 5, .fn = take_block, .ctx = fopen(path, "wb")};
	struct rp_event_sink sink;
	struct rp_writer *writer;

	assert_non_null(opts.ctx);
	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	about.meta.kept = kept;
	assert_int_equal(run_tell_ids_of(&sink, &about), 0);
	for (unsigned i = 0; i < 30; i++) {
		struct rp_event_instance instance = run_instance(i);

		assert_int_equal(RP_TELL(&sink, instance, &instance), 0);
	}
	assert_int_equal(RP_TELL(&sink, end, &end), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	fclose(opts.ctx);
	return path;
}

/* What probes took of the CPU time is known of the whole run only. */
static void overhead_is_of_all_or_not_told(void **state)
{
	static const char *const parts[] = {"--from 0.00001", "--to 0.05", "--thread 43",
					    "--region outer"};
	const char *whole = write_whole(NULL);

	(void)state;
	assert_int_equal(report("--json %s", whole), RP_EXIT_OK);
	assert_prints("\"cpu_share\": 0.0");
	for (size_t i = 0; i < COUNT(parts); i++) {
		assert_int_equal(report("--json %s %s", parts[i], whole), RP_EXIT_OK);
		assert_prints("\"cpu_share\": null");
	}
	/* Of a record that lacks some it is known no more. */
	assert_int_equal(report("--json " GOLDEN), RP_EXIT_OK);
	assert_prints("\"cpu_share\": null");
	assert_int_equal(report("--json %s", write_whole("--every 5")), RP_EXIT_OK);
	assert_prints("\"cpu_share\": null");
}

static void the_cost_of_probes_is_taken_off_where_asked(void **state)
{
	(void)state;
	assert_int_equal(report("--json " GOLDEN), RP_EXIT_OK);
	assert_prints("\"total_ns\": 21870, \"self_ns\": 18870");
	assert_int_equal(report("--json --compensate " GOLDEN), RP_EXIT_OK);
	assert_prints("\"total_ns\": 21495, \"self_ns\": 18495");
}

static void a_part_of_the_time_is_shown(void **state)
{
	(void)state;
	/* Instance i ends 1000 i + some 700 ns after the begin. */
	assert_int_equal(report("--format csv --region outer --to 10us " GOLDEN), RP_EXIT_OK);
	assert_prints("outer,function,/bin/demo,5,");
	assert_int_equal(report("--format csv --from 1s " GOLDEN), RP_EXIT_OK);
	assert_prints("outer,function,/bin/demo,0,");
	/* To the ns, also where a fraction of a second is none of 2. */
	assert_int_equal(report("--json --to 0.000000063 " GOLDEN), RP_EXIT_OK);
	assert_prints("\"duration_ns\": 63,");
	assert_int_equal(report("--json --from 40ms " GOLDEN), RP_EXIT_OK);
	assert_prints("\"duration_ns\": 60000000,");
}

static void slowest_instances_are_shown(void **state)
{
	(void)state;
	assert_int_equal(report("--slowest 2 " GOLDEN), RP_EXIT_OK);
	assert_prints("outer (function): the slowest 2 of 30");
	assert_prints("758 ns");
	assert_int_equal(report("--slowest 1 --json " GOLDEN), RP_EXIT_OK);
	assert_int_equal(ran.out[0], '{');
}

static void what_matches_nothing_is_a_mistake(void **state)
{
	(void)state;
	assert_int_equal(report("--region 'nn*' " GOLDEN), RP_EXIT_NOTHING);
	assert_failed("--region: no region that was recorded is called 'nn*'",
		      "rptrace report " GOLDEN);
	assert_int_equal(report("--thread 77 " GOLDEN), RP_EXIT_NOTHING);
	assert_failed("--thread: no thread 77 was recorded", "rptrace report " GOLDEN);
	/* One that matches what another has matched is no mistake. */
	assert_int_equal(report("--region outer --region 'out*' " GOLDEN), RP_EXIT_OK);
	/* Of two mistakes the first one is named. */
	assert_int_equal(report("--thread 77 --region outer --region 'nn*' --region none " GOLDEN),
			 RP_EXIT_NOTHING);
	assert_failed("called 'nn*'", "rptrace report --thread 77 " GOLDEN);
	assert_int_equal(report("--format flamegraph " GOLDEN), RP_EXIT_NOTHING);
	assert_failed("has no samples", "--format region-flamegraph");
	assert_int_equal(report("--format flamegraph " SAMPLES), RP_EXIT_OK);
	assert_prints("<svg");
}

/* ---- files -------------------------------------------------------------------------------------
 */

static void files_that_are_none_are_told(void **state)
{
	const char *other = path_of("other"), *empty = path_of("empty");

	(void)state;
	assert_int_equal(report("%s", path_of("none")), RP_EXIT_FAILED);
	assert_failed("No such file", "rptrace record --help");
	write_file(other, "no record at all, but longer than its header", 44);
	assert_int_equal(report("%s", other), RP_EXIT_FAILED);
	write_file(empty, "", 0);
	assert_int_equal(report("%s", empty), RP_EXIT_FAILED);
	/* Beside another one it is left out. */
	assert_int_equal(report("%s " GOLDEN, empty), RP_EXIT_OK);
	assert_says("empty: it is empty");
	assert_prints("outer          30");
	assert_int_equal(report(GOLDEN " %s", empty), RP_EXIT_OK);
	assert_says("empty: it is empty");
	assert_int_equal(report(GOLDEN " %s " GOLDEN, empty), RP_EXIT_USAGE);
	assert_failed("of the same run as another record", "rptrace report " GOLDEN);
}

static void what_is_damaged_is_told(void **state)
{
	static char told[sizeof(ran.said)];
	static char bytes[8192];
	size_t n = read_file(GOLDEN, bytes, sizeof(bytes));
	const char *cut = path_of("cut.rpt"), *damaged = path_of("damaged.rpt");
	double from, to;

	(void)state;
	write_file(cut, bytes, n - 400);
	assert_int_equal(report("%s", cut), RP_EXIT_OK);
	assert_says("cut.rpt: the record ends before its run did");
	memset(bytes + n / 2, 0x55, 40);
	write_file(damaged, bytes, n);
	assert_int_equal(report("%s", damaged), RP_EXIT_OK);
	assert_says("damaged.rpt: ");
	assert_says("are damaged");
	assert_says("may be missing");
	/* Seconds of the run, which took less than a minute. */
	assert_int_equal(sscanf(strstr(ran.said, "what ended from"),
				"what ended from %lf s to %lf s", &from, &to),
			 2);
	assert_true(from <= to && to < 60);
	/* Once, also where it is read twice. */
	strcpy(told, ran.said);
	assert_int_equal(report("--slowest 1 %s", damaged), RP_EXIT_OK);
	assert_says("are damaged");
	assert_int_equal(strncmp(told, ran.said, strlen(ran.said)), 0);
}

/* More places than are told one by one. */
static void much_damage_is_told(void **state)
{
	struct record_image image = {0};
	const struct rp_writer_opts opts = {.run = 9, .fn = image_take, .ctx = &image};
	const char *damaged = path_of("damaged.rpt");
	struct rp_event_sink sink;
	struct rp_writer *writer;
	size_t told = 0;

	(void)state;
	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(run_tell(&sink, writer, 400, 10), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	/* Every other one, as neighbours make one place. */
	for (size_t i = 0, block = 4; i < 11; i++, block += 2) {
		assert_true(block < image.n_blocks);
		image.at[image.block[block] + sizeof(struct rp_block_header)] ^= 0xff;
	}
	write_file(damaged, image.at, image.n);
	free(image.at);
	assert_int_equal(report("%s", damaged), RP_EXIT_OK);
	for (const char *at = ran.said; (at = strstr(at, " are damaged:")); at++)
		told++;
	assert_int_equal(told, 8);
	assert_says("damaged.rpt: 3 more places are damaged");
}

/* ---- a record in several files ------------------------------------------------------------------
 */

static struct {
	FILE *file;
	unsigned n;
	const char *name;
} parts;

static int next_part(void *ctx)
{
	char name[64];

	(void)ctx;
	if (parts.file)
		fclose(parts.file);
	snprintf(name, sizeof(name), "%s.%u", parts.name, ++parts.n);
	parts.file = fopen(path_of(name), "wb");
	return parts.file ? 0 : -EIO;
}

static int take_part(void *ctx, const struct rp_block_header *header, const void *payload)
{
	(void)ctx;
	return take_block(parts.file, header, payload);
}

/* Files NAME.1, NAME.2...; returns how many. */
static unsigned write_parts(const char *name, uint64_t run_number, uint64_t max_bytes)
{
	const struct rp_writer_opts opts = {.run = run_number,
					    .max_bytes = max_bytes,
					    .next = max_bytes ? next_part : NULL,
					    .fn = take_part};
	struct rp_event_sink sink;
	struct rp_writer *writer;

	parts.name = name;
	parts.n = 0;
	parts.file = NULL;
	assert_int_equal(next_part(NULL), 0);
	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(run_tell(&sink, writer, 400, 20), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	fclose(parts.file);
	return parts.n;
}

static const char *all_but(char *text, size_t size, unsigned n, unsigned left_out, unsigned last)
{
	size_t at = 0;

	text[0] = '\0';
	/* In the wrong order. */
	for (unsigned i = n; i; i--)
		if (i < left_out || i > last)
			at += (size_t)snprintf(text + at, size - at, "%s.%u ", path_of("p"), i);
	return text;
}

static void parts_of_a_run_are_one(void **state)
{
	unsigned n = write_parts("p", 7, 1500);
	static char whole[sizeof(ran.out)];
	char text[400], line[128];

	(void)state;
	assert_in_range(n, 4, 9);
	assert_int_equal(report("--format csv %s", all_but(text, sizeof(text), n, 99, 0)),
			 RP_EXIT_OK);
	assert_string_equal(ran.said, "lost: 9 instances that the recorder had no room for\n");
	strcpy(whole, ran.out);
	write_parts("whole", 8, 0);
	assert_int_equal(report("--format csv %s.1", path_of("whole")), RP_EXIT_OK);
	assert_string_equal(ran.out, whole);
	/* One is missing, two are, and what comes behind. */
	assert_int_equal(report("%s", all_but(text, sizeof(text), n, 2, 2)), RP_EXIT_OK);
	assert_says("p.3: part 2 of its record, which comes before it, is not here");
	assert_int_equal(report("%s", all_but(text, sizeof(text), n, 2, 3)), RP_EXIT_OK);
	assert_says("p.4: parts 2 to 3 of its record, which come before it, are not here");
	assert_int_equal(report("%s", all_but(text, sizeof(text), n, n, n)), RP_EXIT_OK);
	snprintf(line, sizeof(line), "p.%u: its record goes on in part %u, which is not here",
		 n - 1, n);
	assert_says(line);
	assert_int_equal(report("%s.1 %s.2 %s.1", path_of("p"), path_of("p"), path_of("p")),
			 RP_EXIT_USAGE);
	assert_failed("p.1 is of the same run", "rptrace report");
	/* The one that is named again, and not the last one. */
	assert_int_equal(report("%s.1 %s.1 %s.2", path_of("p"), path_of("p"), path_of("p")),
			 RP_EXIT_USAGE);
	snprintf(line, sizeof(line), "rptrace report %s.1 %s.2", path_of("p"), path_of("p"));
	assert_failed("p.1 is of the same run", line);
}

static void runs_are_added_up(void **state)
{
	static char whole[sizeof(ran.out)];

	(void)state;
	write_parts("one", 21, 0);
	write_parts("two", 22, 0);
	assert_int_equal(report("--format csv --columns count %s.1", path_of("one")), RP_EXIT_OK);
	strcpy(whole, ran.out);
	assert_int_equal(
		report("--format csv --columns count %s.1 %s.1", path_of("one"), path_of("two")),
		RP_EXIT_OK);
	assert_string_not_equal(ran.out, whole);
	assert_says("lost: 18 instances");
}

/* ---- the baseline ------------------------------------------------------------------------------
 */

static void changes_against_a_baseline(void **state)
{
	const char *out = path_of("base.rpt"), *json = path_of("base.json");
	static char text[65536];
	size_t n;

	(void)state;
	assert_int_equal(report("--baseline " GOLDEN " " GOLDEN), RP_EXIT_OK);
	assert_says("has lost 9 instances: its rates are lower than they were");
	assert_int_equal(report("--json " GOLDEN), RP_EXIT_OK);
	n = (size_t)snprintf(text, sizeof(text), "%s", ran.out);
	write_file(json, text, n);
	assert_int_equal(report("--baseline %s " GOLDEN, json), RP_EXIT_OK);
	for (size_t cut = 1; cut < n - 1; cut += n / 7) { /* the last is the end of a line */
		write_file(json, text, cut);
		assert_int_equal(report("--baseline %s " GOLDEN, json), RP_EXIT_FAILED);
		assert_failed("base.json ", "rptrace record --help");
	}
	/* No more of it than a snapshot may have is read. */
	write_file(json, "{", 1);
	assert_int_equal(truncate(json, (256 << 20) + 1), 0);
	assert_int_equal(report("--baseline %s " GOLDEN, json), RP_EXIT_FAILED);
	assert_failed("base.json: File too large", "rptrace --help");
	/* What has a part of its instances has other rates. */
	assert_int_equal(report("--baseline %s " GOLDEN, write_whole("--every 5")), RP_EXIT_FAILED);
	assert_failed("has a part of its run (--every 5)", "rptrace report " GOLDEN);
	/* It is shown in rows of regions alone, and not written over. */
	assert_int_equal(report("--baseline " GOLDEN " --slowest 2 " GOLDEN), RP_EXIT_USAGE);
	assert_failed("--baseline is shown in rows of regions", "rptrace report");
	assert_int_equal(report("--baseline " GOLDEN " --format chrome " GOLDEN), RP_EXIT_USAGE);
	assert_int_equal(report("--baseline " GOLDEN " --format openmetrics " GOLDEN),
			 RP_EXIT_USAGE);
	write_parts("base", 33, 0);
	out = path_of("base.1");
	assert_int_equal(report("--baseline %s -o %s --slowest 2 " GOLDEN, out, out),
			 RP_EXIT_USAGE);
	assert_failed("--baseline is shown in rows of regions", "rptrace report");
	assert_int_equal(report("--baseline %s -o %s " GOLDEN, out, out), RP_EXIT_USAGE);
	assert_failed("is both the baseline and what -o writes", "rptrace report");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_shown_as_a_table),
		cmocka_unit_test(overhead_is_of_all_or_not_told),
		cmocka_unit_test(the_cost_of_probes_is_taken_off_where_asked),
		cmocka_unit_test(a_part_of_the_time_is_shown),
		cmocka_unit_test(slowest_instances_are_shown),
		cmocka_unit_test(what_matches_nothing_is_a_mistake),
		cmocka_unit_test(files_that_are_none_are_told),
		cmocka_unit_test(what_is_damaged_is_told),
		cmocka_unit_test(much_damage_is_told),
		cmocka_unit_test(parts_of_a_run_are_one),
		cmocka_unit_test(runs_are_added_up),
		cmocka_unit_test(changes_against_a_baseline),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
