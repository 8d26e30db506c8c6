/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The command line: every type, every mistake, and that the cure of a mistake is none. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "opts/options.h"
#include "opts/opts.h"
#include "util/duration.h"

#define WORDS_MAX 32

struct line {
	char text[1024];
	char *argv[WORDS_MAX];
	int argc;
	struct rp_opts opts;
	struct rp_err err;
};

/* Split as a shell does, as far as quotes of both kinds go. */
static void split(struct line *line, const char *text)
{
	char *out = line->text, quote = 0;
	bool in_word = false;

	assert_true(strlen(text) < sizeof(line->text));
	line->argc = 0;
	for (; *text; text++) {
		if (!quote && *text == ' ') {
			if (in_word)
				*out++ = '\0';
			in_word = false;
			continue;
		}
		if (!in_word)
			line->argv[line->argc++] = out;
		in_word = true;
		if (!quote && (*text == '\'' || *text == '"'))
			quote = *text;
		else if (*text == quote)
			quote = 0;
		else
			*out++ = *text;
	}
	*out = '\0';
	line->argv[line->argc] = NULL;
}

static int parse(struct line *line, const char *text)
{
	memset(line, 0, sizeof(*line));
	split(line, text);
	return rp_opts__parse(&line->opts, line->argc, line->argv, &line->err);
}

static void parse_good(struct line *line, const char *text)
{
	if (parse(line, text))
		fail_msg("%s: %s", text, line->err.cause);
}

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
	assert_non_null(strstr(help, "p999"));
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
	parse_good(&l, "rptrace -bvn3 -i.5 --by=thread --tr -f a --function=b -fc -p 1,2 -p '3 4' "
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

/* ---- mistakes ---------------------------------------------------------------------------- */

static const struct mistake {
	const char *line, *cause, *cure; /* cure: NULL: any that parses */
} mistakes[] = {
	{"rptrace -n 0", "from 1 to", "rptrace -n 10"},
	{"rptrace -n0 -b", "from 1 to", "rptrace -n10 -b"},
	{"rptrace -n 1.5", "1.5", NULL},
	{"rptrace -n 99999999999999999999", "from 1 to", NULL},
	{"rptrace --max-depth 1024", "from 1 to 1023", "rptrace --max-depth 1023"},
	{"rptrace --max-depth=0x10", "0x10", "rptrace --max-depth=1023"},
	{"rptrace -i soon", "soon", "rptrace -i 1s"},
	{"rptrace -i 0", "too short", NULL},
	{"rptrace -d -1", "-1", NULL},
	{"rptrace -d 1e12", "30 years", NULL},
	{"rptrace --min-duration 10", "has no unit: ns, us, ms, s, m or h",
	 "rptrace --min-duration 10us"},
	{"rptrace -b --auto", "-p", RP_CURE_PROCESSES},
	{"rptrace --sample=0", "from 1 to 20000", "rptrace --sample=997"},
	{"rptrace --format flamegraph", "needs --sample", "rptrace --format flamegraph --sample"},
	{"rptrace --max-overhead 0", "percentage", "rptrace --max-overhead 5"},
	{"rptrace --max-overhead 101%", "percentage", NULL},
	{"rptrace --by pid", "process, thread, command, cgroup, label", "rptrace --by process"},
	{"rptrace --format=xml", "table, csv, json, openmetrics", "rptrace --format=table"},
	{"rptrace --attach foo", "auto, session, multi, perf", NULL},
	{"rptrace --exit foo", "auto, return, ret-sites", NULL},
	{"rptrace --sort nope", "total, self", NULL},
	{"rptrace --columns count,nope,p99", "'nope' is none of name,",
	 "rptrace --columns share,p50,p99"},
	{"rptrace --label n", "arg0 to arg5, or ret", "rptrace --label arg0"},
	{"rptrace --label dur", "arg0 to arg5, or ret", NULL},
	{"rptrace --label arg0arg1", "arg0arg1", NULL},
	{"rptrace --within [a", "expected ]", "rptrace --within '*'"},
	{"rptrace --label arg0:str@x", "the length of the string", NULL},
	{"rptrace --where 'arg0 > x' -b", "at 'x'", "rptrace --where 'dur > 1ms' -b"},
	{"rptrace -f", "-f needs a value: [OBJECT:]GLOB[:END@argN]", "rptrace -f main"},
	{"rptrace --on-stuck", "needs a value", NULL},
	{"rptrace report a.rpt -o ''", "-o: '' is empty", "rptrace report a.rpt -o report.txt"},
	{"rptrace -p", "needs a process id", "ps -eo pid,comm"},
	{"rptrace -p 12x", "12x", "ps -eo pid,comm"},
	{"rptrace -p 0", "'0'", "ps -eo pid,comm"},
	{"rptrace -p ,", "no process", "ps -eo pid,comm"},
	{"rptrace -p 12 34 -b", "-p 12,34", "rptrace -p 12,34 -b"},
	{"rptrace -b -p12 34 56", "-p 12,34,56", NULL},
	{"rptrace 12 34 -b", "-p", "rptrace -p 12,34 -b"},
	{"rptrace ./prog -x", "goes after --", "rptrace -- ./prog -x"},
	{"rptrace -f main /bin/prog \"it's\"", "goes after --",
	 "rptrace -f main -- /bin/prog 'it'\"'\"'s'"},
	{"rptrace lst -p 1", "list", "rptrace list -p 1"},
	{"rptrace docter", "doctor", "rptrace doctor"},
	{"rptrace -p 1 list", "comes first", "rptrace list -p 1"},
	{"rptrace top -p 1", "record, report, diff, list and doctor", "rptrace -p 1"},
	{"rptrace report", "needs a record", "rptrace record --help"},
	{"rptrace report a.rpt -- b", "report starts no command", "rptrace report a.rpt"},
	{"rptrace diff", "records of two sides", "rptrace diff --help"},
	{"rptrace diff a.rpt", "records of two sides", "rptrace diff --help"},
	{"rptrace diff a --json b c d", "-- goes between", "rptrace diff a --json b -- c d"},
	{"rptrace diff a b --metric max", "none of median, cpu, p50",
	 "rptrace diff a b --metric median"},
	{"rptrace diff a b --max-regression 0", "above 0 and up to 10000",
	 "rptrace diff a b --max-regression 5%"},
	{"rptrace diff -f main a b", "-f is for runs that diff makes", "rptrace diff a b"},
	{"rptrace diff --sort self a b", "rptrace diff has no option -s", "rptrace diff a b"},
	{"rptrace diff --run 5 -- one 2", "needs two commands",
	 "rptrace diff --run 5 -- one 2 --- one 2"},
	{"rptrace diff --run 5 a b", "no records of others", "rptrace diff a b"},
	{"rptrace diff --run 5 a -- b --- c", "'a' is one too many", "rptrace diff --help"},
	{"rptrace diff --run 5 --json -- a --- b", "json goes to a file",
	 "rptrace diff --run 5 --json -o rptrace.out -- a --- b"},
	{"rptrace report --by cgroup a.rpt", "none of process, thread, command, label, file",
	 "rptrace report --by process a.rpt"},
	{"rptrace report --slowest 3 --by thread a.rpt", "the thread of each",
	 "rptrace report --slowest 3 a.rpt"},
	{"rptrace report --format chrome --slowest 3 a.rpt", "a table, or JSON",
	 "rptrace report --format chrome a.rpt"},
	{"rptrace report --format chrome --tree a.rpt", "--tree is about rows",
	 "rptrace report --format chrome a.rpt"},
	{"rptrace report -s cpu --format folded a.rpt", "--sort is about rows",
	 "rptrace report --format folded a.rpt"},
	{"rptrace --format folded -- b", "needs --sample",
	 "rptrace --format folded --sample -o rptrace.out -- b"},
	{"rptrace report --format svg a.rpt",
	 "is none of table, csv, json, openmetrics, flamegraph, chrome",
	 "rptrace report --format table a.rpt"},
	{"rptrace -s first", "is none of", "rptrace -s total"},
	{"rptrace record -o - -p 1", "a record is a file", "rptrace record -p 1 -o rptrace.rpt"},
	{"rptrace --record=- -b", "a record is a file", "rptrace -b --record rptrace.rpt"},
	{"rptrace record -o /dev/stdout -p 1", "a file", "rptrace record -p 1 -o rptrace.rpt"},
	{"rptrace --record=/dev/stderr -b", "a file", "rptrace -b --record rptrace.rpt"},
	{"rptrace --stream - -p 1", "needs a file", "rptrace -p 1"},
	{"rptrace record --stream x --last 3 -p 1", "not with --last",
	 "rptrace record --last 3 -p 1"},
	{"rptrace report --split a.rpt", "is about exports", "rptrace report a.rpt"},
	{"rptrace report --split=5 --format chrome a.rpt", "several files",
	 "rptrace report --split=5 --format chrome a.rpt -o rptrace.out"},
	{"rptrace report --format sqlite a.rpt", "needs a file",
	 "rptrace report --format sqlite a.rpt -o rptrace.out"},
	{"rptrace report --format sqlite -o - a.rpt", "needs a file",
	 "rptrace report --format sqlite a.rpt -o rptrace.out"},
	{"rptrace report --from 2 --to 1 a.rpt", "no later", "rptrace report --from 2 a.rpt"},
	{"rptrace --", "no command follows --", "rptrace"},
	{"rptrace -b -d 1 --", "no command follows --", "rptrace -b -d 1"},
	{"rptrace --no-such-option", "no-such-option", "rptrace --help"},
	{"rptrace --iterval 2", "--interval", "rptrace --interval 2"},
	{"rptrace --iterval=2", "--interval", "rptrace --interval=2"},
	{"rptrace --max 2", "'--max'", "rptrace --help"},
	{"rptrace -Z", "-Z", "rptrace --help"},
	{"rptrace --tree=yes -b", "no value", "rptrace --tree -b"},
	{"rptrace list --interval 2 -b", "rptrace list has no option -i", NULL},
	{"rptrace doctor -f x", "rptrace doctor has no option -f", "rptrace doctor"},
	{"rptrace list --auto -p 1", "rptrace list has no option --auto", "rptrace list -p 1"},
	{"rptrace doctor --tree", "no option --tree", "rptrace doctor"},
	{"rptrace doctor -- true", "starts no command", "rptrace doctor"},
	{"rptrace -p 1 -- true", "exclude each other", "rptrace -p 1"},
	{"rptrace -p 1 --user nobody -- true", "exclude each other",
	 "rptrace --user nobody -- true"},
	{"rptrace --label ret --compensate -b", "--compensate", "rptrace --label ret -b"},
	{"rptrace -b --user nobody -n 3", "COMMAND", "rptrace -b -n 3"},
	{"rptrace --on-stuck 'a b'", "--stuck", "rptrace --on-stuck 'a b' --stuck 5"},
	{"rptrace --json -- true", "json", "rptrace --json -o rptrace.out -- true"},
	{"rptrace --format csv -o - -- true", "csv", "rptrace --format csv -o rptrace.out -- true"},
	{"rptrace record -p 1 -o -", "a file", "rptrace record -p 1 -o rptrace.rpt"},
	{"rptrace -p 1 --record=- -b", "a file", "rptrace -p 1 -b --record rptrace.rpt"},
	{"rptrace -p 1 --format perfetto", "report", "rptrace record -p 1"},
	{"rptrace --format=pprof -p 1", "report", "rptrace record -p 1"},
	{"rptrace record -p 1 --auto", "--record FILE", "rptrace -p 1 --auto --record rptrace.rpt"},
	{"rptrace -p 1 --sample 100 -b", "goes after =", "rptrace -p 1 --sample=100 -b"},
	{"rptrace -p 1 --auto 5", "goes after =", "rptrace -p 1 --auto=5"},
	{"rptrace -f -p 1", "-f needs a value", "rptrace -f main -p 1"},
	{"rptrace -p 1 --sort --tree", "needs a value", "rptrace -p 1 --sort total --tree"},
	{"rptrace attach 123 -b", "go after -p", "rptrace -p 123 -b"},
	{"rptrace -b run ./prog -x", "goes after --", "rptrace -b -- ./prog -x"},
	{"rptrace list -p 1 --format json", "--format", "rptrace list -p 1 --json"},
	{"rptrace last.rpt --tree", "rptrace report", "rptrace report last.rpt --tree"},
};

static void every_mistake_has_a_cure(void **state)
{
	struct line l, cured;

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct mistake *m = &mistakes[i];

		if (parse(&l, m->line) != -EINVAL || l.err.exit != RP_EXIT_USAGE)
			fail_msg("%s: taken", m->line);
		if (!strstr(l.err.cause, m->cause))
			fail_msg("%s: %s", m->line, l.err.cause);
		if (m->cure && strcmp(l.err.cure, m->cure))
			fail_msg("%s: cure: %s", m->line, l.err.cure);
		if (!strncmp(l.err.cure, "rptrace", 7)) {
			if (parse(&cured, l.err.cure) && (!strcmp(cured.err.cause, l.err.cause) ||
							  strncmp(cured.err.cure, "rptrace", 7)))
				fail_msg("%s: the cure fails: %s: %s", m->line, l.err.cure,
					 cured.err.cause);
			rp_opts__free(&cured.opts);
		}
		rp_opts__free(&l.opts);
	}
}

/* A line that cannot be told is not told cut. */
static void cures_that_do_not_fit(void **state)
{
	char text[1024] = "rptrace --by pid -f ";
	char *control[] = {"rptrace", "--by", "pid", "-f", "a\nb", NULL};
	struct line l;

	(void)state;
	memset(text + strlen(text), 'a', 600);
	assert_int_equal(parse(&l, text), -EINVAL);
	assert_string_equal(l.err.cure, "rptrace --help");
	rp_opts__free(&l.opts);
	assert_int_equal(rp_opts__parse(&l.opts, 5, control, &l.err), -EINVAL);
	assert_string_equal(l.err.cure, "rptrace --help");
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
	parse_good(&l, "rptrace -p worker,4,a-name-of-15-bytes -p worker");
	assert_int_equal(rp_opts__find_processes(&l.opts, root, &l.err), 0);
	assert_int_equal(l.opts.n_pids, 4);
	assert_int_equal(l.opts.pids[0], 4);
	assert_int_equal(l.opts.pids[1], 3);
	assert_int_equal(l.opts.pids[2], 20);
	assert_int_equal(l.opts.pids[3], 5);
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
		cmocka_unit_test(defaults),
		cmocka_unit_test(help_tells_defaults),
		cmocka_unit_test(words_and_flags),
		cmocka_unit_test(recording),
		cmocka_unit_test(sides_of_diff),
		cmocka_unit_test(values),
		cmocka_unit_test(sampling),
		cmocka_unit_test(durations),
		cmocka_unit_test(every_mistake_has_a_cure),
		cmocka_unit_test(cures_that_do_not_fit),
		cmocka_unit_test(processes_by_name),
		cmocka_unit_test(help_and_version),
	};

	return cmocka_run_group_tests_name("opts", tests, NULL, NULL);
}
