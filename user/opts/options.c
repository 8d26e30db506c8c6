// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The options there are. A new one is a row here, a member of struct rp_opts, and its use. */
#include "opts/options.h"

#include <limits.h>
#include <string.h>

#include "plan/pattern.h"

#define LIVE	     (1u << RP_COMMAND_LIVE)
#define LIST	     (1u << RP_COMMAND_LIST)
#define RECORD	     (1u << RP_COMMAND_RECORD)
#define REPORT	     (1u << RP_COMMAND_REPORT)
#define DIFF	     (1u << RP_COMMAND_DIFF)
#define DOCTOR	     (1u << RP_COMMAND_DOCTOR)

#define MEMBER(name) offsetof(struct rp_opts, name)

#define SECONDS_MIN  1e-9
#define SECONDS_MAX  1e9

const struct rp_verb rp_verbs[RP_COMMAND_COUNT] = {
	[RP_COMMAND_LIVE] = {NULL, "[OPTION...] [-p PID|NAME[,...] | -- COMMAND [ARG...]]",
			     "top(1) for the regions of your code: how often each is entered, and "
			     "where its time goes."},
	[RP_COMMAND_LIST] = {"list", "[OPTION...] [-p PID|NAME[,...] | -- COMMAND [ARG...]]",
			     "What can be traced, how, and at what cost. Nothing is attached."},
	[RP_COMMAND_RECORD] = {"record", "[OPTION...] [-p PID|NAME[,...] | -- COMMAND [ARG...]]",
			       "Every run through a region, to a file: when it began, how long it "
			       "took, and where that time went."},
	[RP_COMMAND_REPORT] =
		{"report", "[OPTION...] FILE...",
		 "Shows what is in a record, in any view. It needs no root, and traces "
		 "nothing."},
	[RP_COMMAND_DIFF] =
		{"diff", "[OPTION...] A B | A... -- B... | --run N -- A... --- B...",
		 "What has changed between runs of A and runs of B: records, or JSON "
		 "snapshots. It judges five or more records a side, recorded alternately."},
	[RP_COMMAND_DOCTOR] = {"doctor", "[-p PID|NAME[,...]] [--json]",
			       "What this kernel, this user and a process allow, and the cure "
			       "where they do not."},
};

const char *rp_by__name(unsigned by)
{
	static const char *const names[] = {
		[RP_BY_PROCESS] = "process", [RP_BY_THREAD] = "thread", [RP_BY_COMMAND] = "command",
		[RP_BY_CGROUP] = "cgroup",   [RP_BY_LABEL] = "label",	[RP_BY_FILE] = "file",
	};

	return by < sizeof(names) / sizeof(names[0]) ? names[by] : NULL;
}

/* A live run has no record files to group by. */
static const char *live_by(unsigned by)
{
	return by < RP_BY_FILE ? rp_by__name(by) : NULL;
}

/* Records do not tell control groups. */
static const char *report_by(unsigned i)
{
	return rp_by__name(RP_BY_PROCESS + i + (RP_BY_PROCESS + i >= RP_BY_CGROUP));
}

static const char *parse_report_by(const char *text, struct rp_opts *opts, const char **at)
{
	(void)at;
	for (unsigned by = RP_BY_PROCESS; rp_by__name(by); by++)
		if (by != RP_BY_CGROUP && !strcmp(rp_by__name(by), text)) {
			opts->by = by;
			return NULL;
		}
	return "";
}

static const char *sort_key(unsigned i)
{
	return i < rp_n_columns ? rp_columns[i].sort : NULL;
}

/* The keys of a live run, then those of columns that only records have. */
static const char *report_sort_key(unsigned i)
{
	if (i < rp_n_columns)
		return sort_key(i);
	i -= (unsigned)rp_n_columns;
	return i < rp_n_record_columns ? rp_record_columns[i].sort : NULL;
}

static bool is_column_of(const struct rp_opts *opts, const struct rp_column *column)
{
	return opts->command == RP_COMMAND_REPORT || !rp_column__is_of_records(column);
}

static const char *parse_sort(const char *text, struct rp_opts *opts, const char **at)
{
	(void)at;
	opts->sort = rp_column__find(text);
	return opts->sort && is_column_of(opts, opts->sort) ? NULL : "";
}

static const char *parse_columns(const char *text, struct rp_opts *opts, const char **at)
{
	*at = rp_column_list__parse(text, &opts->columns);
	for (size_t i = 0; !*at && i < opts->columns.n; i++)
		if (!is_column_of(opts, opts->columns.column[i]))
			*at = strcasestr(text, opts->columns.column[i]->sort);
	return *at ? "" : NULL;
}

static const char *view_name(unsigned i)
{
	return rp_views[i].name;
}

static const char *parse_format(const char *text, struct rp_opts *opts, const char **at)
{
	(void)at;
	opts->format = rp_view__find(text);
	return opts->format ? NULL : "";
}

/* Of a name that a view and an export share, the export is meant. */
static const char *report_form(unsigned i)
{
	for (const struct rp_view *view = rp_views; view->name; view++)
		if (!rp_export__find(view->name) && !i--)
			return view->name;
	return rp_exports[i].name;
}

static const char *parse_report_format(const char *text, struct rp_opts *opts, const char **at)
{
	opts->export = rp_export__find(text);
	return opts->export ? NULL : parse_format(text, opts, at);
}

static const char *parse_label(const char *text, struct rp_opts *opts, const char **at)
{
	const char *wrong = rp_operand__parse(&text, &opts->label);

	(void)at;
	if (opts->label.kind == RP_OPERAND_NONE || opts->label.kind == RP_OPERAND_DUR)
		return "expected arg0 to arg5, or ret";
	return !wrong && *text ? "one operand is all" : wrong;
}

static const char *parse_where(const char *text, struct rp_opts *opts, const char **at)
{
	size_t place;
	const char *wrong = rp_where__parse(text, &opts->where, &place);

	*at = wrong ? text + place : NULL;
	return wrong;
}

static const char *parse_within(const char *text, struct rp_opts *opts, const char **at)
{
	(void)at;
	opts->within = text;
	return rp_pattern__of_glob(text, &opts->within_pattern);
}

const struct rp_option rp_options[] = {
	{"pid", 'p', RP_SECTION_WHAT, LIVE | LIST | RECORD | DOCTOR, RP_OPTION_PROCESSES,
	 MEMBER(pids), .arg = "PID|NAME[,...]",
	 .help = "these processes, by number or command name"},
	{"run", 0, RP_SECTION_WHAT, DIFF, RP_OPTION_NUMBER, MEMBER(runs), .arg = "N",
	 .help = "run commands A and B alternately, N times each, after a warm-up", .example = "8",
	 .least = 1, .most = 10000},
	{"user", 0, RP_SECTION_WHAT, LIVE | RECORD | DIFF, RP_OPTION_TEXT, MEMBER(user),
	 .arg = "NAME", .help = "run COMMAND as this user", .example = "nobody"},
	{"no-follow", 0, RP_SECTION_WHAT, LIVE | LIST | RECORD | DIFF, RP_OPTION_FLAG,
	 MEMBER(no_follow), .decides = true,
	 .help = "leave out the children of the processes or of COMMAND"},
	{"function", 'f', RP_SECTION_WHAT, LIVE | LIST | RECORD | DIFF, RP_OPTION_LIST,
	 MEMBER(functions), .arg = "[OBJECT:]GLOB[:END@argN]", .decides = true,
	 .help = "functions, by name; spans to END; repeatable", .example = "main"},
	{"usdt", 'u', RP_SECTION_WHAT, LIVE | LIST | RECORD | DIFF, RP_OPTION_LIST, MEMBER(usdts),
	 .arg = "[OBJECT:]PROVIDER:BEGIN[:END][@argN]", .decides = true,
	 .help = "USDT regions; repeatable", .example = "*:*"},
	{"auto", 0, RP_SECTION_WHAT, LIVE, RP_OPTION_NUMBER, MEMBER(auto_most), .arg = "N",
	 .help = "up to N functions, chosen by samples", .least = 1, .most = 256, .bare = "16",
	 .example = "16"},
	{"exclude", 'x', RP_SECTION_WHAT, LIVE | LIST | RECORD | DIFF, RP_OPTION_LIST,
	 MEMBER(excludes), .arg = "GLOB", .decides = true,
	 .help = "leave these regions out; repeatable", .example = "main"},
	{"within", 0, RP_SECTION_WHAT, LIVE | RECORD | DIFF, RP_OPTION_PARSED, 0, .arg = "GLOB",
	 .decides = true, .help = "count only what happens inside these regions", .example = "*",
	 .parse = parse_within},
	{"label", 0, RP_SECTION_WHAT, LIVE | LIST | RECORD, RP_OPTION_PARSED, 0,
	 .arg = "argN|ret[:TYPE]", .decides = true,
	 .help = "tell calls apart by a value (arg0: the first argument)", .example = "arg0",
	 .parse = parse_label},
	{"where", 0, RP_SECTION_WHAT, LIVE | LIST | RECORD | DIFF, RP_OPTION_PARSED, 0,
	 .arg = "EXPR", .decides = true,
	 .help = "only calls like these ('arg1 > 4096 && dur > 1ms')", .example = "dur > 1ms",
	 .parse = parse_where},
	{"min-duration", 0, RP_SECTION_WHAT, LIVE | LIST | RECORD | DIFF, RP_OPTION_DURATION,
	 MEMBER(min_duration), .arg = "T", .decides = true,
	 .help = "leave out what is shorter (10us, 1ms)", .example = "10us", .most = SECONDS_MAX},

	{"interval", 'i', RP_SECTION_SHOW, LIVE, RP_OPTION_SECONDS, MEMBER(interval), .arg = "T",
	 .help = "between tables: seconds, or with a unit (500ms)", .least = SECONDS_MIN,
	 .most = SECONDS_MAX, .preset = 1, .given = MEMBER(interval_given)},
	{"iterations", 'n', RP_SECTION_SHOW, LIVE, RP_OPTION_NUMBER, MEMBER(iterations), .arg = "N",
	 .help = "stop after N intervals", .least = 1, .most = UINT_MAX},
	{"duration", 'd', RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_SECONDS, MEMBER(duration),
	 .arg = "T", .help = "stop after T (10, 500ms, 1m)", .least = SECONDS_MIN,
	 .most = SECONDS_MAX},
	{"batch", 'b', RP_SECTION_SHOW, LIVE | REPORT, RP_OPTION_FLAG, MEMBER(batch),
	 .help = "printed tables, no screen control"},
	{"sort", 's', RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_PARSED, 0, .arg = "KEY",
	 .help = "order by this column", .choice = sort_key, .parse = parse_sort, .word = "total",
	 .names_elsewhere = true},
	{"sort", 's', RP_SECTION_SHOW, REPORT, RP_OPTION_PARSED, MEMBER(sort), .arg = "KEY",
	 .help = "order by this column", .choice = report_sort_key, .parse = parse_sort,
	 .word = "total", .names_elsewhere = true},
	{"columns", 0, RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_PARSED, 0, .arg = "KEY[,...]",
	 .help = "show these columns, in this order; keys as of --sort", .choice = sort_key,
	 .parse = parse_columns, .example = "share,p50,p99", .names_elsewhere = true},
	{"columns", 0, RP_SECTION_SHOW, REPORT, RP_OPTION_PARSED, MEMBER(columns),
	 .arg = "KEY[,...]", .help = "show these columns, in this order; keys as of --sort",
	 .choice = report_sort_key, .parse = parse_columns, .example = "count,first,last",
	 .names_elsewhere = true},
	{"by", 0, RP_SECTION_SHOW, LIVE, RP_OPTION_CHOICE, MEMBER(by), .arg = "GROUP",
	 .help = "a row for each", .choice = live_by, .least = RP_BY_PROCESS},
	{"by", 0, RP_SECTION_SHOW, REPORT, RP_OPTION_PARSED, MEMBER(by), .arg = "GROUP",
	 .help = "a row for each", .choice = report_by, .parse = parse_report_by},
	{"tree", 0, RP_SECTION_SHOW, LIVE | RECORD | REPORT, RP_OPTION_FLAG, MEMBER(tree),
	 .help = "regions under the regions they are entered in"},
	{"no-setup", 0, RP_SECTION_SHOW, LIVE | REPORT, RP_OPTION_FLAG, MEMBER(no_setup),
	 .help = "the screen neither takes nor keeps what keys made of it before"},
	{"no-mouse", 0, RP_SECTION_SHOW, LIVE | REPORT, RP_OPTION_FLAG, MEMBER(no_mouse),
	 .help = "the screen leaves the mouse to the terminal, to select text with"},
	{"baseline", 0, RP_SECTION_SHOW, LIVE | REPORT, RP_OPTION_TEXT, MEMBER(baseline),
	 .arg = "FILE", .help = "change against this record or JSON snapshot beside the figures",
	 .example = "rptrace.rpt"},
	{"compensate", 0, RP_SECTION_SHOW, LIVE | REPORT, RP_OPTION_FLAG, MEMBER(compensate),
	 .help = "take the cost of the probes off"},
	{"stuck", 0, RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_SECONDS, MEMBER(stuck), .arg = "T",
	 .help = "list regions that are open for longer than T (5, 500ms)", .example = "5",
	 .least = SECONDS_MIN, .most = SECONDS_MAX},
	{"on-stuck", 0, RP_SECTION_SHOW, LIVE, RP_OPTION_TEXT, MEMBER(on_stuck), .arg = "COMMAND",
	 .help = "run COMMAND once for each stuck region", .example = "echo $RPTRACE_PATH"},
	{"sample", 0, RP_SECTION_SHOW, LIVE | RECORD | DIFF, RP_OPTION_NUMBER, MEMBER(sample_hz),
	 .arg = "HZ", .help = "hot functions and lines, sampled HZ times a second of CPU time",
	 .least = 1, .most = 20000, .bare = "997", .example = "997"},
	{"off-cpu", 0, RP_SECTION_SHOW, LIVE, RP_OPTION_NUMBER, MEMBER(off_cpu), .arg = "N",
	 .help = "where threads sleep in regions, by time; N stacks a second and CPU at most",
	 .least = 1, .most = 1000000, .bare = "5000", .example = "5000"},
	{"wakers", 0, RP_SECTION_SHOW, LIVE, RP_OPTION_FLAG, MEMBER(wakers),
	 .help = "which regions end the sleep of threads in regions"},
	{"format", 0, RP_SECTION_SHOW, LIVE, RP_OPTION_PARSED, 0, .arg = "FORM",
	 .help = "form of the final summary", .choice = view_name, .parse = parse_format,
	 .word = "table"},
	{"format", 0, RP_SECTION_SHOW, REPORT, RP_OPTION_PARSED, 0, .arg = "FORM",
	 .help = "form of the report", .choice = report_form, .parse = parse_report_format,
	 .word = "table", .given = MEMBER(format_given)},
	{"format", 0, RP_SECTION_SHOW, DIFF, RP_OPTION_CHOICE, MEMBER(diff_form), .arg = "FORM",
	 .help = "form of the comparison", .choice = rp_diff_form__name, .word = "table"},
	{"json", 0, RP_SECTION_SHOW, LIVE | LIST | REPORT | DIFF | DOCTOR, RP_OPTION_FLAG,
	 MEMBER(json), .help = "print JSON, for programs"},
	{"output", 'o', RP_SECTION_SHOW, LIVE, RP_OPTION_TEXT, MEMBER(output), .arg = "FILE",
	 .help = "the final summary goes there (-: stdout)", .example = "summary.txt"},
	{"output", 'o', RP_SECTION_SHOW, RECORD, RP_OPTION_TEXT, MEMBER(record), .arg = "FILE",
	 .help = "the record goes there (rptrace.rpt)", .example = "rptrace.rpt"},
	{"record", 0, RP_SECTION_SHOW, DIFF, RP_OPTION_TEXT, MEMBER(record), .arg = "PREFIX",
	 .help = "keep the records of --run: PREFIX.a1.rpt, PREFIX.b1.rpt and so on",
	 .example = "rptrace"},
	{"record", 0, RP_SECTION_SHOW, LIVE, RP_OPTION_TEXT, MEMBER(record), .arg = "FILE",
	 .help = "record all instances to this file, too", .example = "rptrace.rpt"},
	{"stream", 0, RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_TEXT, MEMBER(stream), .arg = "FILE",
	 .help = "all instances as a Chrome trace, which can be opened while it grows",
	 .example = "rptrace.trace.json"},
	{"output", 'o', RP_SECTION_SHOW, REPORT, RP_OPTION_TEXT, MEMBER(output), .arg = "FILE",
	 .help = "the report goes there (-: stdout)", .example = "report.txt"},
	{"output", 'o', RP_SECTION_SHOW, DIFF, RP_OPTION_TEXT, MEMBER(output), .arg = "FILE",
	 .help = "the comparison goes there (-: stdout)", .example = "diff.txt"},
	{"from", 0, RP_SECTION_SHOW, REPORT, RP_OPTION_SECONDS, MEMBER(from), .arg = "T",
	 .decides = true,
	 .help = "only instances that ended T or later after the run began (10, 500ms)",
	 .example = "1", .most = SECONDS_MAX},
	{"to", 0, RP_SECTION_SHOW, REPORT, RP_OPTION_SECONDS, MEMBER(to), .arg = "T",
	 .decides = true, .help = "only instances that ended before T", .example = "2",
	 .least = SECONDS_MIN, .most = SECONDS_MAX},
	{"thread", 0, RP_SECTION_SHOW, REPORT, RP_OPTION_NUMBER, MEMBER(thread), .arg = "ID",
	 .decides = true, .help = "only this thread", .example = "1234", .least = 1,
	 .most = INT_MAX},
	{"region", 0, RP_SECTION_SHOW, REPORT, RP_OPTION_LIST, MEMBER(regions), .arg = "GLOB",
	 .decides = true, .help = "only these regions; repeatable", .example = "parse_*"},
	{"split", 0, RP_SECTION_SHOW, REPORT, RP_OPTION_NUMBER, MEMBER(split), .arg = "N",
	 .help = "an export in files of N instances each", .least = 1, .most = UINT_MAX,
	 .bare = "1000000", .example = "1000000"},
	{"region", 0, RP_SECTION_SHOW, DIFF, RP_OPTION_LIST, MEMBER(regions), .arg = "GLOB",
	 .help = "judge only these regions; repeatable", .example = "parse_*"},
	{"metric", 0, RP_SECTION_SHOW, DIFF, RP_OPTION_CHOICE, MEMBER(metric), .arg = "M",
	 .help = "what to judge", .choice = rp_metric__name, .word = "median"},
	{"max-regression", 0, RP_SECTION_SHOW, DIFF, RP_OPTION_PERCENT, MEMBER(max_regression),
	 .arg = "PCT",
	 .help = "exit with 5 if a region is slower by more, with 6 if these runs cannot tell",
	 .example = "5%", .most = 100},
	{"slowest", 0, RP_SECTION_SHOW, REPORT, RP_OPTION_NUMBER, MEMBER(slowest), .arg = "N",
	 .help = "the N slowest instances of each region, and what ran inside them", .example = "3",
	 .least = 1, .most = 1000},

	{"every", 0, RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_NUMBER, MEMBER(every), .arg = "N",
	 .help = "record one in N outermost calls, with all that runs inside", .example = "100",
	 .least = 1, .most = UINT_MAX},
	{"slower-than", 0, RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_DURATION, MEMBER(slower_than),
	 .arg = "T",
	 .help = "record outermost calls that take T or longer, with all that runs inside",
	 .example = "10ms", .most = SECONDS_MAX},
	{"last", 0, RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_SECONDS, MEMBER(last), .arg = "T",
	 .help = "keep the last T in memory; the record is written on SIGUSR1, when a call is "
		 "--slower-than, when one is --stuck, and at the end",
	 .example = "30s", .least = SECONDS_MIN, .most = SECONDS_MAX},
	{"max-size", 0, RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_SIZE, MEMBER(max_size),
	 .arg = "SIZE", .help = "end the record at this size (100M, 1G), or --rotate",
	 .example = "1G", .least = 65536, .most = 1ull << 50},
	{"rotate", 0, RP_SECTION_SHOW, LIVE | RECORD, RP_OPTION_NUMBER, MEMBER(rotate), .arg = "N",
	 .help = "at --max-size go on in another file, and keep the last N of them",
	 .example = "10", .least = 2, .most = 100000},

	{"max-overhead", 0, RP_SECTION_HOW, LIVE | RECORD, RP_OPTION_PERCENT, MEMBER(max_overhead),
	 .arg = "PCT", .decides = true,
	 .help = "leave out the most expensive regions if probes take more of the target's CPU",
	 .example = "5"},
	{"attach", 0, RP_SECTION_HOW, LIVE | LIST | RECORD | DIFF, RP_OPTION_CHOICE, MEMBER(attach),
	 .arg = "MODE", .decides = true, .help = "kind of probes", .choice = rp_attach_mode__name,
	 .word = "auto"},
	{"exit", 0, RP_SECTION_HOW, LIVE | LIST | RECORD | DIFF, RP_OPTION_CHOICE,
	 MEMBER(exit_method), .arg = "METHOD", .decides = true,
	 .help = "how function exits are observed", .choice = rp_exit_method__name, .word = "auto"},
	{"max-depth", 0, RP_SECTION_HOW, LIVE | RECORD | DIFF, RP_OPTION_NUMBER, MEMBER(max_depth),
	 .arg = "N", .help = "open regions a thread", .least = 1, .most = RP_FRAMES_MAX - 1,
	 .preset = RP_FRAMES_MAX - 1},
	{"max-nodes", 0, RP_SECTION_HOW, LIVE | RECORD | DIFF, RP_OPTION_NUMBER, MEMBER(max_nodes),
	 .arg = "N", .help = "different call paths", .least = 1, .most = RP_NODES_MAX,
	 .preset = RP_NODES_MAX},
	{"max-labels", 0, RP_SECTION_HOW, LIVE | RECORD, RP_OPTION_NUMBER, MEMBER(max_labels),
	 .arg = "N", .help = "labelled paths", .least = 1, .most = RP_NODES_MAX, .preset = 1024},
	{"max-names", 0, RP_SECTION_HOW, LIVE | RECORD | DIFF, RP_OPTION_NUMBER, MEMBER(max_names),
	 .arg = "N", .help = "names made at run time", .least = 1, .most = 65536, .preset = 4096},
	{"max-spans", 0, RP_SECTION_HOW, LIVE | RECORD | DIFF, RP_OPTION_NUMBER, MEMBER(max_spans),
	 .arg = "N", .help = "spans open at a time", .least = 1, .most = 1 << 22, .preset = 65536},
	{"max-wakers", 0, RP_SECTION_HOW, LIVE, RP_OPTION_NUMBER, MEMBER(max_wakers), .arg = "N",
	 .help = "pairs of a path that sleeps and who wakes it", .least = 1, .most = 1 << 20,
	 .preset = 16384},
	{"max-regions", 0, RP_SECTION_HOW, LIVE | LIST | RECORD | DIFF, RP_OPTION_NUMBER,
	 MEMBER(max_regions), .arg = "N", .help = "regions selected", .least = 1,
	 .most = RP_REGION_CALIBRATE - 1, .preset = RP_REGION_CALIBRATE - 1},
	{"max-ring", 0, RP_SECTION_HOW, LIVE | RECORD | DIFF, RP_OPTION_SIZE, MEMBER(max_ring),
	 .arg = "SIZE", .help = "memory for instances on their way to the record", .least = 4096,
	 .most = 1u << 30, .preset = 1 << 24},
	{"max-on-stuck", 0, RP_SECTION_HOW, LIVE, RP_OPTION_NUMBER, MEMBER(max_on_stuck),
	 .arg = "N", .help = "commands of --on-stuck at a time", .least = 1, .most = 1024,
	 .preset = 8},
	{"verbose", 'v', RP_SECTION_HOW, LIVE | LIST | RECORD | DIFF, RP_OPTION_FLAG,
	 MEMBER(verbose), .help = "print messages of libbpf and the kernel"},

	{"help", 'h', RP_SECTION_OTHER, LIVE | LIST | RECORD | REPORT | DIFF | DOCTOR,
	 RP_OPTION_FLAG, MEMBER(help), .help = "this list"},
	{"version", 'V', RP_SECTION_OTHER, LIVE | LIST | RECORD | REPORT | DIFF | DOCTOR,
	 RP_OPTION_FLAG, MEMBER(version), .help = "the version"},
};
const size_t rp_n_options = sizeof(rp_options) / sizeof(rp_options[0]);
