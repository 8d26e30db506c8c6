/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The command line: every type of value, defaults, help. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "opts/options.h"
#include "opts_fixture.h"
#include "util/duration.h"

/* ---- defaults --------------------------------------------------------------------------- */

static void defaults(void **state)
{
	struct line l;

	(void)state;
	parse_good(&l, "rptrace");
	assert_int_equal(l.opts.command, RP_COMMAND_LIVE);
	assert_true(l.opts.interval == 1);
	assert_false(l.opts.interval_given);
	assert_string_equal(l.opts.sort->sort, "total");
	assert_string_equal(l.opts.format->name, "table");
	assert_int_equal(l.opts.max_depth, RP_FRAMES_MAX - 1);
	assert_int_equal(l.opts.max_nodes, RP_NODES_MAX);
	assert_int_equal(l.opts.max_labels, 1024);
	assert_int_equal(l.opts.max_names, 4096);
	assert_int_equal(l.opts.max_spans, 65536);
	assert_int_equal(l.opts.max_on_stuck, 8);
	assert_int_equal(l.opts.max_regions, RP_REGION_CALIBRATE - 1);
	assert_int_equal(l.opts.attach, RP_ATTACH_AUTO);
	assert_int_equal(l.opts.exit_method, RP_EXIT_METHOD_AUTO);
	assert_int_equal(l.opts.by, RP_BY_NONE);
	assert_true(rp_opts__is_system(&l.opts));
	rp_opts__free(&l.opts);
}

/* The texts from which help is printed come to what the parser sets. */
static void help_tells_defaults(void **state)
{
	char help[32768] = "", *line;
	FILE *out = fmemopen(help, sizeof(help), "w");

	(void)state;
	rp_opts__help(RP_COMMAND_LIVE, out);
	fclose(out);
	assert_non_null(strstr(help, "open regions a thread (1023)"));
	assert_non_null(strstr(help, "regions selected (8388591)"));
	assert_non_null(strstr(help, "auto, session, multi, perf (auto)"));
	assert_non_null(strstr(help, "process, thread, command, cgroup"));
	line = strstr(help, "p999");
	assert_non_null(line);
	assert_null(strstr(line + 1, "p999")); /* names that two options have */
	assert_true(strstr(help, "-- ./prog") < strstr(help, "postgres"));
	for (char *rest = help; (line = strsep(&rest, "\n"));)
		if (strlen(line) > 79)
			fail_msg("more than 79 columns: %s", line);
	for (size_t i = 0; i < rp_n_options; i++)
		assert_true(strlen(rp_options[i].help) > 0);
}

/* ---- types ------------------------------------------------------------------------------ */

static void words_and_flags(void **state)
{
	struct line l;

	(void)state;
	parse_good(&l, "rptrace -bvn3 -i.5 --by=thread --tr -f a --function=b -fc -p=1,2 -p '3 4' "
		       "--pid=nginx -x 'a b' --output=-");
	assert_true(l.opts.batch && l.opts.verbose && l.opts.tree && l.opts.interval_given);
	assert_int_equal(l.opts.iterations, 3);
	assert_true(l.opts.interval == 0.5);
	assert_int_equal(l.opts.by, RP_BY_THREAD);
	assert_int_equal(l.opts.functions.n, 3);
	assert_string_equal(l.opts.functions.items[0], "a");
	assert_string_equal(l.opts.functions.items[2], "c");
	assert_string_equal(l.opts.excludes.items[0], "a b");
	assert_int_equal(l.opts.n_pids, 4);
	assert_int_equal(l.opts.pids[3], 4);
	assert_int_equal(l.opts.n_names, 1);
	assert_string_equal(l.opts.names[0], "nginx");
	assert_string_equal(l.opts.output, "-");
	rp_opts__free(&l.opts);

	parse_good(&l, "rptrace list --json --exit ret-sites --attach perf -- cmd -p --tree");
	assert_int_equal(l.opts.command, RP_COMMAND_LIST);
	assert_int_equal(l.opts.exit_method, RP_EXIT_METHOD_RET_SITES);
	assert_int_equal(l.opts.attach, RP_ATTACH_PERF);
	assert_true(l.opts.json && !l.opts.tree);
	assert_string_equal(l.opts.argv[0], "cmd");
	assert_string_equal(l.opts.argv[1], "-p");
	rp_opts__free(&l.opts);
}

static void sides_of_diff(void **state)
{
	struct line l;

	(void)state;
	parse_good(&l, "rptrace diff a.rpt --metric p99 b.rpt --max-regression 250%");
	assert_int_equal(l.opts.command, RP_COMMAND_DIFF);
	assert_int_equal(l.opts.files.n, 1);
	assert_int_equal(l.opts.other_files.n, 1);
	assert_string_equal(l.opts.other_files.items[0], "b.rpt");
	assert_int_equal(l.opts.metric, RP_METRIC_P99);
	assert_true(fabs(l.opts.max_regression - 2.5) < 1e-9);
	rp_opts__free(&l.opts);
	parse_good(&l, "rptrace diff a b c -- d -e");
	assert_int_equal(l.opts.files.n, 3);
	assert_int_equal(l.opts.other_files.n, 2);
	assert_string_equal(l.opts.other_files.items[1], "-e");
	assert_null(l.opts.argv);
	rp_opts__free(&l.opts);
	parse_good(&l, "rptrace diff --run 8 -f main --record kept -- one 1 --- two --- 3");
	assert_int_equal(l.opts.runs, 8);
	assert_int_equal(l.opts.functions.n, 1);
	assert_string_equal(l.opts.argv[0], "one");
	assert_string_equal(l.opts.argv[1], "1");
	assert_null(l.opts.argv[2]);
	assert_string_equal(l.opts.second_argv[0], "two");
	assert_string_equal(l.opts.second_argv[1], "---");
	rp_opts__free(&l.opts);
	parse_good(&l, "rptrace diff --json a b");
	assert_int_equal(l.opts.diff_form, RP_DIFF_FORM_JSON);
	rp_opts__free(&l.opts);
}

static void recording(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {{"4096", 4096}, {"64k", 65536}, {"1.5M", 3 << 19}, {"1G", 1 << 30}};
	struct line l;

	(void)state;
	parse_good(&l, "rptrace record -p 1");
	assert_int_equal(l.opts.command, RP_COMMAND_RECORD);
	assert_string_equal(l.opts.record, "rptrace.rpt");
	assert_true(l.opts.max_ring == 16 << 20);
	rp_opts__free(&l.opts);
	/* What decides what its figures are of, and nothing else. */
	parse_good(&l, "rptrace record -f a --no-follow -v -o a.rpt -f 'b c' -s cpu -- cmd -f d");
	assert_int_equal(l.opts.told.n, 6);
	assert_string_equal(l.opts.told.items[0], "function");
	assert_string_equal(l.opts.told.items[1], "a");
	assert_string_equal(l.opts.told.items[2], "no-follow");
	assert_null(l.opts.told.items[3]);
	assert_string_equal(l.opts.told.items[5], "b c");
	rp_opts__free(&l.opts);
	parse_good(&l, "rptrace record -o a.rpt -- cmd");
	assert_string_equal(l.opts.record, "a.rpt");
	assert_null(l.opts.output);
	rp_opts__free(&l.opts);
	parse_good(&l, "rptrace -o a.txt --record a.rpt");
	assert_string_equal(l.opts.record, "a.rpt");
	assert_string_equal(l.opts.output, "a.txt");
	rp_opts__free(&l.opts);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "rptrace record --max-ring %s", sizes[i].text);
		parse_good(&l, text);
		assert_true(l.opts.max_ring == sizes[i].bytes);
		rp_opts__free(&l.opts);
	}
	parse_good(&l, "rptrace record --every 10 --slower-than 5ms --max-size 1G");
	assert_int_equal(l.opts.every, 10);
	assert_true(fabs(l.opts.slower_than - 0.005) < 1e-12);
	assert_true(l.opts.max_size == 1 << 30);
	rp_opts__free(&l.opts);
	assert_int_equal(parse(&l, "rptrace --every 10 -p 1"), -EINVAL);
	assert_string_equal(l.err.cause, "--every needs --record FILE");
	assert_string_equal(l.err.cure, "rptrace --every 10 -p 1 --record rptrace.rpt");
	rp_opts__free(&l.opts);
	assert_int_equal(parse(&l, "rptrace record --slower-than 5ms --within a -p 1"), -EINVAL);
	assert_string_equal(l.err.cure, "rptrace record --within a -p 1");
	rp_opts__free(&l.opts);
	assert_int_equal(parse(&l, "rptrace record --max-ring 12T"), -EINVAL);
	assert_non_null(strstr(l.err.cause, "from 4k to 1G"));
	rp_opts__free(&l.opts);
	assert_int_equal(parse(&l, "rptrace record --max-ring 4095"), -EINVAL);
	rp_opts__free(&l.opts);
	assert_int_equal(parse(&l, "rptrace record --max-ring k"), -EINVAL);
	assert_null(l.opts.argv);
	rp_opts__free(&l.opts);
}

static void values(void **state)
{
	struct line l;

	(void)state;
	parse_good(&l, "rptrace --max-overhead 5% --max-depth 7 -s p99 --format csv --label ret "
		       "--where 'dur > 1m' --json");
	assert_true(fabs(l.opts.max_overhead - 0.05) < 1e-12);
	assert_int_equal(l.opts.max_depth, 7);
	assert_string_equal(l.opts.sort->sort, "p99");
	assert_string_equal(l.opts.format->name, "json");
	assert_int_equal(l.opts.label.kind, RP_OPERAND_RET);
	assert_int_equal(l.opts.by, RP_BY_LABEL);
	rp_opts__free(&l.opts);
	parse_good(&l, "rptrace --columns share,p99");
	assert_int_equal(l.opts.columns.n, 3); /* and the name */
	assert_string_equal(l.opts.columns.column[1]->sort, "share");
	rp_opts__free(&l.opts);
	/* The last one holds. */
	parse_good(&l, "rptrace --max-overhead 12.5 -n1 -n 2 -s min -s max");
	assert_true(l.opts.max_overhead == 0.125);
	assert_int_equal(l.opts.iterations, 2);
	assert_string_equal(l.opts.sort->sort, "max");
	rp_opts__free(&l.opts);
}

static bool takes_text(const struct rp_option *option, const char *text)
{
	struct rp_bad_value bad;
	struct rp_opts opts = {0};

	return !rp_option__set(option, text, &opts, &bad);
}

static bool takes(const struct rp_option *option, double value, const char *unit)
{
	char text[64];

	snprintf(text, sizeof(text), "%.0f%s", value, unit);
	return takes_text(option, text);
}

/* Each option takes the least and the most that its row says, and nothing beyond. */
static void bounds(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < rp_n_options; i++) {
		const struct rp_option *o = &rp_options[i];
		bool whole = o->type == RP_OPTION_NUMBER || o->type == RP_OPTION_SIZE;
		bool time = o->type == RP_OPTION_SECONDS || o->type == RP_OPTION_DURATION;
		double most = o->type != RP_OPTION_PERCENT ? o->most
			      : o->most > 0		   ? 100 * o->most
							   : 100;

		if (!whole && !time && o->type != RP_OPTION_PERCENT)
			continue;
		n++;
		assert_true(takes(o, most, time ? "s" : ""));
		assert_false(takes(o, most + 1, time ? "s" : ""));
		if (whole)
			assert_true(takes(o, o->least, ""));
		if (whole && o->least > 0)
			assert_false(takes(o, o->least - 1, ""));
		/* Of a time it is a millisecond, or none at all. */
		if (time)
			assert_int_equal(takes(o, 0, "s"), !(o->least > 0));
		/* Seconds, where they are meant, need no unit. */
		if (time)
			assert_int_equal(takes(o, most, ""), o->type == RP_OPTION_SECONDS);
		if (o->type == RP_OPTION_PERCENT)
			assert_false(takes(o, 0, ""));
	}
	assert_true(n > 20);
}

static void set_and_compare(const char *option, const char *text, size_t member, double value)
{
	struct line l;
	char words[64];

	snprintf(words, sizeof(words), "rptrace %s %s", option, text);
	parse_good(&l, words);
	assert_true(*(double *)((char *)&l.opts + member) == value);
	rp_opts__free(&l.opts);
}

/* With a fraction or a power of ten; all that strtod() takes besides is no number here. */
static void decimal_numbers(void **state)
{
	static const char *const bad[] = {"0x10", "0X1p4", "+5", " 5", "nan", ".", "5.5.5"};

	(void)state;
	set_and_compare("--max-overhead", ".5%", offsetof(struct rp_opts, max_overhead), 0.005);
	set_and_compare("--max-overhead", "1e1", offsetof(struct rp_opts, max_overhead), 0.1);
	set_and_compare("-d", ".5", offsetof(struct rp_opts, duration), 0.5);
	set_and_compare("-d", "2e1s", offsetof(struct rp_opts, duration), 20);
	for (size_t i = 0; i < rp_n_options; i++) {
		const struct rp_option *o = &rp_options[i];
		bool time = o->type == RP_OPTION_SECONDS || o->type == RP_OPTION_DURATION;
		char text[64];

		if (!time && o->type != RP_OPTION_SIZE && o->type != RP_OPTION_PERCENT)
			continue;
		for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
			snprintf(text, sizeof(text), "%s%s", bad[k],
				 time			     ? "s"
				 : o->type == RP_OPTION_SIZE ? "M"
							     : "%");
			assert_false(takes_text(o, text));
		}
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} good[] = {
		{"500ns", 500e-9}, {"10us", 10e-6}, {"1.5ms", 1.5e-3}, {"2s", 2},
		{"1m", 60},	   {"2h", 7200},    {".5s", 0.5},      {"0.25m", 15},
	};
	static const char *const bad[] = {"",	 "ms",	"10",	 "10 us", "10usec", "-1s",
					  "+1s", " 1s", "1e99s", "infs",  "nan",    "1d"};
	struct line l;
	char text[64];
	double seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *end = good[i].text;

		assert_true(rp_duration__parse(&end, &seconds) && !*end);
		assert_true(fabs(seconds / good[i].seconds - 1) < 1e-12);
		for (int k = 0; k < 4; k++) {
			static const char *const options[] = {"-i", "-d", "--stuck",
							      "--min-duration"};

			snprintf(text, sizeof(text), "rptrace %s %s", options[k], good[i].text);
			parse_good(&l, text);
			seconds = k == 0   ? l.opts.interval
				  : k == 1 ? l.opts.duration
				  : k == 2 ? l.opts.stuck
					   : l.opts.min_duration;
			assert_true(fabs(seconds / good[i].seconds - 1) < 1e-12);
			rp_opts__free(&l.opts);
		}
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *end = bad[i];

		assert_false(rp_duration__parse(&end, &seconds) && !*end);
	}
	parse_good(&l, "rptrace -i 2 -d 0.5 --stuck 5");
	assert_true(l.opts.interval == 2 && l.opts.duration == 0.5 && l.opts.stuck == 5);
	rp_opts__free(&l.opts);
}

/* A value that may be left out is never the next word. */
static void sampling(void **state)
{
	struct line l;

	(void)state;
	parse_good(&l, "rptrace --sample -p 12");
	assert_int_equal(l.opts.sample_hz, 997);
	assert_int_equal(l.opts.n_pids, 1);
	assert_int_equal(l.opts.auto_most, 0);
	rp_opts__free(&l.opts);
	parse_good(&l, "rptrace --sample=49 --auto --max-overhead 2 -p 12");
	assert_int_equal(l.opts.sample_hz, 49);
	assert_int_equal(l.opts.auto_most, 16);
	assert_true(fabs(l.opts.max_overhead - 0.02) < 1e-12);
	rp_opts__free(&l.opts);
	/* It samples, and has a budget. */
	parse_good(&l, "rptrace -p 12 --auto=3");
	assert_int_equal(l.opts.auto_most, 3);
	assert_int_equal(l.opts.sample_hz, 997);
	assert_true(fabs(l.opts.max_overhead - 0.05) < 1e-12);
	rp_opts__free(&l.opts);
}

/* ---- processes by name ---------------------------------------------------------------------- */

static void write_comm(const char *root, int pid, const char *comm)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%d", root, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%d/comm", root, pid);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "%s\n", comm);
	fclose(file);
}

static void processes_by_name(void **state)
{
	char root[] = "/tmp/rptrace-opts-XXXXXX", command[64];
	struct line l;

	(void)state;
	assert_non_null(mkdtemp(root));
	write_comm(root, 20, "worker");
	write_comm(root, 3, "worker");
	write_comm(root, 4, "worker2");
	write_comm(root, 5, "a-name-of-15-by");
	write_comm(root, (int)getpid(), "worker"); /* rptrace's own is none */
	parse_good(&l, "rptrace -p worker,4,a-name-of-15-bytes -p worker");
	assert_int_equal(rp_opts__find_processes(&l.opts, root, &l.err), 0);
	assert_int_equal(l.opts.n_pids, 4);
	assert_int_equal(l.opts.pids[0], 4);
	assert_int_equal(l.opts.pids[1], 3);
	assert_int_equal(l.opts.pids[2], 20);
	assert_int_equal(l.opts.pids[3], 5);
	assert_int_equal(l.opts.n_found, 3);
	rp_opts__free(&l.opts);
	parse_good(&l, "rptrace -p work");
	assert_int_equal(rp_opts__find_processes(&l.opts, root, &l.err), -ESRCH);
	assert_non_null(strstr(l.err.cause, "'work'"));
	rp_opts__free(&l.opts);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

static void help_and_version(void **state)
{
	struct line l;

	(void)state;
	parse_good(&l, "rptrace -h");
	assert_true(l.opts.help);
	rp_opts__free(&l.opts);
	parse_good(&l, "rptrace doctor --help");
	assert_true(l.opts.help && l.opts.command == RP_COMMAND_DOCTOR);
	rp_opts__free(&l.opts);
	/* What else is wrong with the line does not matter then. */
	parse_good(&l, "rptrace --on-stuck x -V --");
	assert_true(l.opts.version);
	rp_opts__free(&l.opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),	     cmocka_unit_test(help_tells_defaults),
		cmocka_unit_test(words_and_flags),   cmocka_unit_test(recording),
		cmocka_unit_test(sides_of_diff),     cmocka_unit_test(values),
		cmocka_unit_test(sampling),	     cmocka_unit_test(decimal_numbers),
		cmocka_unit_test(durations),	     cmocka_unit_test(bounds),
		cmocka_unit_test(processes_by_name), cmocka_unit_test(help_and_version),
	};

	return cmocka_run_group_tests_name("opts", tests, NULL, NULL);
}
