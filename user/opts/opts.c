// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "opts/opts.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util/duration.h"
#include "util/error.h"

const char *argp_program_version = "rptrace " RP_VERSION;

enum {
	KEY_NO_FOLLOW = 0x100,
	KEY_BY,
	KEY_TREE,
	KEY_COMPENSATE,
	KEY_FORMAT,
	KEY_MIN_DURATION,
	KEY_STUCK,
	KEY_ON_STUCK,
	KEY_MAX_ON_STUCK,
	KEY_LABEL,
	KEY_WHERE,
	KEY_MAX_OVERHEAD,
	KEY_ATTACH,
	KEY_EXIT,
	KEY_MAX_DEPTH,
	KEY_MAX_NODES,
	KEY_MAX_LABELS,
	KEY_MAX_NAMES,
	KEY_MAX_SPANS,
	KEY_MAX_REGIONS,
	KEY_JSON,
};

static const struct argp_option options[] = {
	{0, 0, 0, 0, "What to trace:", 1},
	{"pid", 'p', "PID[,PID...]", 0, "these (-- COMMAND starts one; neither: the whole system)",
	 1},
	{"no-follow", KEY_NO_FOLLOW, 0, 0, "leave out the children of PID or COMMAND", 1},
	{"function", 'f', "[OBJECT:]GLOB", 0, "functions, by name; repeatable", 1},
	{"usdt", 'u', "[OBJECT:]PROVIDER:BEGIN[:END][@argN]", 0, "USDT regions; repeatable", 1},
	{"exclude", 'x', "GLOB", 0, "leave these regions out; repeatable", 1},
	{"label", KEY_LABEL, "argN|ret[:TYPE]", 0, "tell calls apart by a value", 1},
	{"where", KEY_WHERE, "EXPR", 0, "only calls like these ('arg1 > 4096 && dur > 1ms')", 1},
	{"min-duration", KEY_MIN_DURATION, "T", 0, "leave out what is shorter (10us, 1ms)", 1},
	{0, 0, 0, 0, "What to show:", 2},
	{"interval", 'i', "S", 0, "seconds between tables (1)", 2},
	{"iterations", 'n', "N", 0, "stop after N tables", 2},
	{"duration", 'd', "S", 0, "stop after S seconds", 2},
	{"batch", 'b', 0, 0, "printed tables, no screen control", 2},
	{"sort", 's', "KEY", 0, "order by this column (total)", 2},
	{"by", KEY_BY, "process|thread|command|cgroup|label", 0, "a row for each", 2},
	{"tree", KEY_TREE, 0, 0, "regions under the regions they are entered in", 2},
	{"compensate", KEY_COMPENSATE, 0, 0, "take the cost of the probes off", 2},
	{"stuck", KEY_STUCK, "T", 0, "tell of regions that are open for so long (5s)", 2},
	{"on-stuck", KEY_ON_STUCK, "COMMAND", 0, "run it once for each of them", 2},
	{"format", KEY_FORMAT, "table|csv|json|openmetrics", 0, "form of the final summary", 2},
	{"output", 'o', "FILE", 0, "the final summary goes there (-: stdout)", 2},
	{0, 0, 0, 0, "How to trace:", 3},
	{"max-overhead", KEY_MAX_OVERHEAD, "PCT", 0,
	 "leave out what costs most, where probes take more of the target's CPU", 3},
	{"attach", KEY_ATTACH, "auto|session|multi|perf", 0, "kind of probes", 3},
	{"exit", KEY_EXIT, "auto|return|ret-sites", 0, "how function exits are observed", 3},
	{"max-depth", KEY_MAX_DEPTH, "N", 0, "open regions a thread (895)", 3},
	{"max-nodes", KEY_MAX_NODES, "N", 0, "different call paths (65536)", 3},
	{"max-labels", KEY_MAX_LABELS, "N", 0, "labelled paths (1024)", 3},
	{"max-names", KEY_MAX_NAMES, "N", 0, "names made at run time (4096)", 3},
	{"max-spans", KEY_MAX_SPANS, "N", 0, "spans open at a time (65536)", 3},
	{"max-regions", KEY_MAX_REGIONS, "N", 0, "regions selected (524271)", 3},
	{"max-on-stuck", KEY_MAX_ON_STUCK, "N", 0, "commands of --on-stuck at a time (8)", 3},
	{"verbose", 'v', 0, 0, "pass on what libbpf and the kernel say", 3},
	{0},
};

static const char doc[] =
	"top(1) for the regions of your code: how often each is entered, and where its time goes."
	"\vExamples:\n"
	"  rptrace                                  markers of all processes, also of later ones\n"
	"  rptrace -p 1234                          markers and USDT regions of a process\n"
	"  rptrace -p 1234 -f 'parse_*' --tree      functions, as a tree\n"
	"  rptrace -f 'libz.so.1:*flate' -- gzip F  functions of a library, in a command\n"
	"  rptrace list -p 1234                     what could be traced, how, and at what cost\n"
	"  rptrace doctor -p 1234                   what kernel, user and process allow\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 usage, 3 nothing to trace, 4 not permitted or not\n"
	"supported here; with -- COMMAND that of the command, 126 or 127 where it cannot be run.";

static int append(const char ***list, size_t *n, const char *text)
{
	const char **grown = realloc(*list, (*n + 1) * sizeof(**list));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[(*n)++] = text;
	return 0;
}

static void parse_pids(struct argp_state *state, struct rp_opts *o, char *arg)
{
	for (char *save, *word = strtok_r(arg, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		char *end;
		long pid = strtol(word, &end, 10);
		pid_t *grown;

		if (*end || pid <= 0 || pid > INT_MAX)
			argp_error(state, "'%s' is not a process id", word);
		grown = realloc(o->pids, (o->n_pids + 1) * sizeof(*grown));
		if (!grown)
			argp_failure(state, RP_EXIT_FAILED, ENOMEM, "pids");
		o->pids = grown;
		o->pids[o->n_pids++] = pid;
	}
	if (!o->n_pids)
		argp_error(state, "-p needs a process id");
}

static double parse_seconds(struct argp_state *state, const char *arg, const char *option)
{
	char *end;
	double s = strtod(arg, &end);

	if (end == arg || *end || !(s > 0) || s > 1e9)
		argp_error(state, "%s: '%s' is not a number of seconds above 0", option, arg);
	return s;
}

/* A share of 1. */
static double parse_percent(struct argp_state *state, const char *arg, const char *option)
{
	char *end;
	double percent = strtod(arg, &end);

	end += *end == '%';
	if (end == arg || *end || !(percent > 0) || percent > 100)
		argp_error(state, "%s: '%s' is not a percentage above 0", option, arg);
	return percent / 100;
}

static double parse_duration(struct argp_state *state, const char *arg, const char *option)
{
	const char *end = arg;
	double seconds = 0;

	if (!rp_duration__parse(&end, &seconds) || *end)
		argp_error(state, "%s: '%s' is not a duration like 500ns, 10us, 1ms or 2s", option,
			   arg);
	return seconds;
}

static void parse_label(struct argp_state *state, struct rp_opts *o, const char *arg)
{
	const char *at = arg, *wrong = rp_operand__parse(&at, &o->label);

	if (!wrong && *at)
		wrong = "one operand is all";
	if (!wrong && o->label.kind == RP_OPERAND_DUR)
		wrong = "expected arg0 to arg5, or ret";
	if (wrong)
		argp_error(state, "--label: '%s': %s", arg, wrong);
}

static void parse_where(struct argp_state *state, struct rp_opts *o, const char *arg)
{
	size_t at;
	const char *wrong = rp_where__parse(arg, &o->where, &at);

	if (wrong)
		argp_error(state, "--where: '%s': %s, at '%s'", arg, wrong, arg + at);
}

static unsigned long parse_count(struct argp_state *state, const char *arg, const char *option,
				 unsigned long max)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (end == arg || *end || *arg == '-' || !n || n > max)
		argp_error(state, "%s: '%s' is not a number from 1 to %lu", option, arg, max);
	return n;
}

static const char *const by_names[] = {
	[RP_BY_PROCESS] = "process", [RP_BY_THREAD] = "thread", [RP_BY_COMMAND] = "command",
	[RP_BY_CGROUP] = "cgroup",   [RP_BY_LABEL] = "label",
};

const char *rp_by__name(enum rp_by by)
{
	return by_names[by];
}

static const char *const exit_names[] = {
	[RP_EXIT_METHOD_AUTO] = "auto",
	[RP_EXIT_METHOD_RETURN] = "return",
	[RP_EXIT_METHOD_RET_SITES] = "ret-sites",
};

static int parse_word(struct argp_state *state, const char *arg, const char *const *words, size_t n,
		      const char *option)
{
	for (size_t i = 0; i < n; i++)
		if (words[i] && !strcmp(words[i], arg))
			return i;
	argp_error(state, "%s: '%s' is none of its values", option, arg);
	return 0;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static error_t parse_view(int key, char *arg, struct argp_state *state)
{
	struct rp_opts *o = state->input;

	switch (key) {
	case 'i':
		o->interval = parse_seconds(state, arg, "-i");
		o->interval_given = true;
		return 0;
	case 'n':
		o->iterations = parse_count(state, arg, "-n", UINT_MAX);
		return 0;
	case 'd':
		o->duration = parse_seconds(state, arg, "-d");
		return 0;
	case 'b':
		o->batch = true;
		return 0;
	case 's':
		o->sort = rp_column__find(arg);
		if (!o->sort)
			argp_error(state, "--sort: there is no column '%s'", arg);
		return 0;
	case KEY_BY:
		o->by = parse_word(state, arg, by_names, COUNT(by_names), "--by");
		return 0;
	case KEY_TREE:
		o->tree = true;
		return 0;
	case KEY_COMPENSATE:
		o->compensate = true;
		return 0;
	case KEY_STUCK:
		o->stuck = parse_duration(state, arg, "--stuck");
		if (!(o->stuck >= 1e-9))
			argp_error(state, "--stuck: everything is open for longer than %s", arg);
		return 0;
	case KEY_ON_STUCK:
		o->on_stuck = arg;
		return 0;
	case KEY_FORMAT:
		o->format = rp_view__find(arg);
		if (!o->format)
			argp_error(state, "--format: '%s' is none of its values", arg);
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_bound(int key, char *arg, struct argp_state *state)
{
	struct rp_opts *o = state->input;

	switch (key) {
	case KEY_MAX_DEPTH:
		o->max_depth = parse_count(state, arg, "--max-depth", RP_FRAMES_MAX - 1);
		return 0;
	case KEY_MAX_NODES:
		o->max_nodes = parse_count(state, arg, "--max-nodes", RP_NODES_MAX);
		return 0;
	case KEY_MAX_LABELS:
		o->max_labels = parse_count(state, arg, "--max-labels", RP_NODES_MAX);
		return 0;
	case KEY_MAX_NAMES:
		o->max_names = parse_count(state, arg, "--max-names", 65536);
		return 0;
	case KEY_MAX_SPANS:
		o->max_spans = parse_count(state, arg, "--max-spans", 1 << 22);
		return 0;
	case KEY_MAX_ON_STUCK:
		o->max_on_stuck = parse_count(state, arg, "--max-on-stuck", 1024);
		return 0;
	case KEY_MAX_REGIONS:
		o->max_regions = parse_count(state, arg, "--max-regions", RP_REGION_CALIBRATE - 1);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct rp_opts *o = state->input;

	switch (key) {
	case 'p':
		parse_pids(state, o, arg);
		return 0;
	case KEY_NO_FOLLOW:
		o->follow = false;
		return 0;
	case 'f':
		return append(&o->functions, &o->n_functions, arg);
	case 'u':
		return append(&o->usdts, &o->n_usdts, arg);
	case 'x':
		return append(&o->excludes, &o->n_excludes, arg);
	case KEY_LABEL:
		parse_label(state, o, arg);
		return 0;
	case KEY_WHERE:
		parse_where(state, o, arg);
		return 0;
	case KEY_MIN_DURATION:
		o->min_duration = parse_duration(state, arg, "--min-duration");
		return 0;
	case KEY_MAX_OVERHEAD:
		o->max_overhead = parse_percent(state, arg, "--max-overhead");
		return 0;
	case KEY_ATTACH:
		o->attach = rp_attach_mode__parse(arg);
		if ((int)o->attach < 0)
			argp_error(state, "--attach: '%s' is none of its values", arg);
		return 0;
	case KEY_EXIT:
		o->exit_method = parse_word(state, arg, exit_names, COUNT(exit_names), "--exit");
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is no option: a command comes after --", arg);
		return 0;
	case ARGP_KEY_END:
		if (o->label.kind && o->by == RP_BY_NONE)
			o->by = RP_BY_LABEL;
		if (o->n_pids && o->argv)
			argp_error(state, "-p and -- COMMAND exclude each other");
		if (o->label.kind == RP_OPERAND_RET && o->compensate)
			argp_error(state, "--compensate: not with --label ret: what is inside "
					  "calls is not told apart by what they return");
		if (o->on_stuck && !o->stuck)
			argp_error(state, "--on-stuck needs --stuck T");
		return 0;
	}
	if (parse_view(key, arg, state) == 0)
		return 0;
	return parse_bound(key, arg, state);
}

static const struct argp_option doctor_options[] = {
	{"pid", 'p', "PID[,PID...]", 0, "check these processes too", 0},
	{"json", KEY_JSON, 0, 0, "one JSON object", 0},
	{0},
};

static const char doctor_doc[] =
	"What this kernel, this user and a process allow, and the cure where they do not.\v"
	"Exit status: 0 tracing works here, 4 it cannot, 1 failed, 2 usage.";

static error_t parse_doctor_option(int key, char *arg, struct argp_state *state)
{
	struct rp_opts *o = state->input;

	switch (key) {
	case 'p':
		parse_pids(state, o, arg);
		return 0;
	case KEY_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is no option", arg);
		return 0;
	case ARGP_KEY_END:
		if (o->argv)
			argp_error(state, "doctor starts no command");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct {
	const char *word;
	enum rp_command command;
	struct argp argp;
} commands[] = {
	/* The first is that without a word. */
	{NULL,
	 RP_COMMAND_LIVE,
	 {options, parse_option, "[list] [-p PID | -- COMMAND [ARG...]]", doc, 0, 0, 0}},
	{"list",
	 RP_COMMAND_LIST,
	 {options, parse_option, "[list] [-p PID | -- COMMAND [ARG...]]", doc, 0, 0, 0}},
	{"doctor",
	 RP_COMMAND_DOCTOR,
	 {doctor_options, parse_doctor_option, "doctor", doctor_doc, 0, 0, 0}},
};

void rp_opts__parse(struct rp_opts *opts, int argc, char **argv)
{
	size_t command = 0;
	int own = 1;

	memset(opts, 0, sizeof(*opts));
	opts->follow = true;
	opts->interval = 1;
	opts->sort = rp_column__find("total");
	opts->format = rp_view__find("table");

	while (own < argc && strcmp(argv[own], "--"))
		own++;
	if (own + 1 < argc)
		opts->argv = argv + own + 1;
	for (size_t i = 1; own > 1 && i < COUNT(commands); i++)
		if (!strcmp(argv[1], commands[i].word))
			command = i;
	opts->command = commands[command].command;
	if (command) {
		argv[1] = argv[0];
		argv++;
		own--;
	}
	argp_err_exit_status = RP_EXIT_USAGE;
	argv[0] = (char *)"rptrace"; /* what messages begin with */
	argp_parse(&commands[command].argp, own, argv, 0, 0, opts);
}

bool rp_opts__is_system(const struct rp_opts *opts)
{
	return !opts->n_pids && !opts->argv;
}

void rp_opts__free(struct rp_opts *opts)
{
	free(opts->pids);
	free(opts->functions);
	free(opts->usdts);
	free(opts->excludes);
}
