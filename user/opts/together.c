// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Options that exclude each other, and options that need another. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "opts/command_line.h"
#include "opts/cure.h"
#include "opts/parser.h"

static const struct rp_words *words_of(const struct rp_parser *p, const void *member)
{
	size_t offset = (size_t)((const char *)member - (const char *)p->opts), i = 0;

	while (rp_options[i].member != offset || !(rp_options[i].commands & 1u << p->opts->command))
		i++;
	return &p->opts->stood[i];
}

static int without(const struct rp_parser *p, const void *member, const char *cause)
{
	const struct rp_words *words = words_of(p, member);
	struct rp_edit edit = {.skip = words->first, .n_skip = words->n};

	return rp_mistake__tell(p, &edit, "%s", cause);
}

static bool has_no_file(const struct rp_opts *o)
{
	return !o->output || !strcmp(o->output, "-");
}

/* Output for programs must not be mixed with that of the command. */
static bool shares_stream(const struct rp_opts *o)
{
	return o->command == RP_COMMAND_LIVE && o->argv && strcmp(o->format->name, "table") &&
	       has_no_file(o);
}

/* The cure is the line with this option set to that value, whether it had the option or not. */
static int with_option(const struct rp_parser *p, const void *member, const char *option,
		       const char *value, const char *cause)
{
	const struct rp_words *words = words_of(p, member);
	const struct rp_edit edit = {.skip = words->first,
				     .n_skip = words->n,
				     .insert = p->own,
				     .with = {option, value}};

	return rp_mistake__tell(p, &edit, "%s", cause);
}

static int with_output(const struct rp_parser *p, const char *cause)
{
	return with_option(p, &p->opts->output, "-o", "rptrace.out", cause);
}

/* Exports have single instances, so options about rows mean nothing there. */
static int export_together(const struct rp_parser *p)
{
	const struct rp_opts *o = p->opts;
	const void *const members[] = {&o->tree, &o->by, &o->sort, &o->columns, &o->compensate};
	char cause[96];

	for (size_t i = 0; o->export && i < sizeof(members) / sizeof(members[0]); i++) {
		const struct rp_words *words = words_of(p, members[i]);

		if (!words->n)
			continue;
		snprintf(cause, sizeof(cause), "--%s is about rows: --format %s has none",
			 rp_options[words - o->stood].name, o->export->name);
		return without(p, members[i], cause);
	}
	if (!o->export && o->split)
		return without(p, &o->split, "--split is about exports: --format chrome, ...");
	if (o->export && o->split && has_no_file(o))
		return with_output(p, "--split makes several files: it needs -o FILE");
	if (o->export && o->export->whole && has_no_file(o)) {
		snprintf(cause, sizeof(cause), "--format %s needs a file: -o FILE",
			 o->export->name);
		return with_output(p, cause);
	}
	return 0;
}

#define BOTH_TARGETS "-p and -- COMMAND exclude each other"

/* The cure: the file that `rptrace record` writes without -o, if this folder has it. */
static int no_record(const struct rp_parser *p)
{
	const struct rp_edit edit = {.insert = p->own, .with = {RP_RECORD_NAME}};
	const char cause[] = "report needs a record: FILE";
	struct stat st;

	if (!stat(RP_RECORD_NAME, &st) && S_ISREG(st.st_mode))
		return rp_mistake__tell(p, &edit, "%s", cause);
	return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, "rptrace record --help", "%s", cause);
}

static int report_together(const struct rp_parser *p)
{
	const struct rp_opts *o = p->opts;

	if (!o->files.n)
		return no_record(p);
	if (o->slowest &&
	    (o->export || (strcmp(o->format->name, "table") && strcmp(o->format->name, "json"))))
		return without(p, &o->slowest, "--slowest is printed as a table, or JSON");
	if (o->slowest && o->by != RP_BY_NONE)
		return without(p, &o->by,
			       "--slowest shows the thread of each instance: not with --by");
	if (o->to > 0 && o->to <= o->from)
		return without(p, &o->to, "--to is no later than --from");
	return export_together(p);
}

/* The command and rptrace itself print there. */
static bool is_stream(const char *file)
{
	return !strcmp(file, "-") || !strcmp(file, "/dev/stdout") || !strcmp(file, "/dev/stderr");
}

/* Options about the record: there must be one, and it must have what they need. */
static int record_together(const struct rp_parser *p)
{
	const struct rp_opts *o = p->opts;
	const void *const members[] = {&o->every, &o->slower_than, &o->last, &o->max_size,
				       &o->rotate};
	char cause[64];

	/* It needs a file: blocks are taken out again when the disk is full. */
	if (o->record && is_stream(o->record))
		return with_option(p, &o->record,
				   o->command == RP_COMMAND_RECORD ? "-o" : "--record",
				   RP_RECORD_NAME,
				   "a record is a file: standard output and standard error have "
				   "other text");
	if (o->slower_than > 0 && o->within)
		return without(p, &o->slower_than,
			       "--slower-than is about outermost calls: not with --within");
	if (o->stream && !strcmp(o->stream, "-"))
		return without(p, &o->stream, "--stream needs a file, for other programs to open");
	if (o->stream && o->last > 0)
		return without(p, &o->stream, "--stream has the whole run: not with --last");
	if (o->rotate && o->last > 0)
		return without(p, &o->rotate,
			       "--rotate is about a record that is written all the time: not with "
			       "--last");
	if (o->rotate && !o->max_size)
		return with_option(p, &o->max_size, "--max-size", "100M",
				   "--rotate needs the size of a file: --max-size");
	if (o->command != RP_COMMAND_LIVE || o->record)
		return 0;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct rp_words *words = words_of(p, members[i]);

		if (!words->n)
			continue;
		snprintf(cause, sizeof(cause), "--%s needs --record FILE",
			 rp_options[words - o->stood].name);
		return with_option(p, &o->record, "--record", RP_RECORD_NAME, cause);
	}
	return 0;
}

/* --run makes the runs: it takes two commands, and no records. */
static int runs_together(const struct rp_parser *p)
{
	const struct rp_opts *o = p->opts;
	struct rp_edit edit = {.skip = words_of(p, &o->runs)->first,
			       .n_skip = words_of(p, &o->runs)->n};
	char cause[96];

	if (o->files.n == 2 && !o->argv)
		return rp_mistake__tell(
			p, &edit, "--run makes the runs that it compares: no records of others");
	if (o->files.n)
		return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, "rptrace diff --help",
				   "--run makes the runs that it compares: '%s' is one too many",
				   o->files.items[0]);
	/* Comparing a command with itself is useful, too: it shows how far runs scatter. */
	edit = (struct rp_edit){.insert = p->argc, .with = {"---"}};
	if (o->argv && !o->second_argv && p->argc - p->own <= 3 &&
	    strcmp(p->argv[p->argc - 1], "---")) {
		edit.with[1] = o->argv[0];
		edit.with[2] = o->argv[1];
		return rp_mistake__tell(p, &edit, "--run needs two commands: -- A... --- B...");
	}
	if (!o->second_argv)
		return rp_mistake__tell(p, NULL, "--run needs two commands: -- A... --- B...");
	if (o->diff_form != RP_DIFF_FORM_TABLE && has_no_file(o)) {
		snprintf(cause, sizeof(cause),
			 "%s goes to a file (-o): the commands use standard output",
			 rp_diff_form__name(o->diff_form));
		return with_output(p, cause);
	}
	return 0;
}

/* An option about tracing, in a diff of records, which traces nothing. NULL: none. */
static const struct rp_words *words_of_tracing(const struct rp_parser *p)
{
	const unsigned both = 1u << RP_COMMAND_DIFF | 1u << RP_COMMAND_RECORD;

	for (size_t i = 0; i < rp_n_options; i++)
		if (rp_options[i].section != RP_SECTION_OTHER &&
		    (rp_options[i].commands & both) == both && p->opts->stood[i].n)
			return &p->opts->stood[i];
	return NULL;
}

/* It must be clear which records are of A, and which of B. */
static int diff_together(const struct rp_parser *p)
{
	const struct rp_opts *o = p->opts;
	const struct rp_words *tracing = words_of_tracing(p);
	struct rp_edit edit = {.with = {"--"}};
	char name[32];

	if (o->runs)
		return runs_together(p);
	if (tracing) {
		edit = (struct rp_edit){.skip = tracing->first, .n_skip = tracing->n};
		return rp_mistake__tell(
			p, &edit, "%s is for runs that diff makes: --run N -- A... --- B...",
			rp_mistake__typed(&rp_options[tracing - o->stood], name, sizeof(name)));
	}
	if (o->files.n && o->other_files.n)
		return 0;
	if (o->files.n < 2)
		return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, "rptrace diff --help",
				   "diff needs records of two sides: A B, or A... -- B...");
	while (p->argv[edit.insert] != o->files.items[o->files.n / 2])
		edit.insert++;
	return rp_mistake__tell(p, &edit, "-- goes between the records of A and those of B");
}

/* The screen has a pane of wakers, which is bounded, too. */
static int needs_another(const struct rp_parser *p)
{
	const struct rp_opts *o = p->opts;
	bool may_be_screen = !o->batch && !o->argv && isatty(STDOUT_FILENO);

	if (o->command != RP_COMMAND_LIVE)
		return 0;
	if (o->on_stuck && !(o->stuck > 0))
		return with_option(p, &o->stuck, "--stuck", "5", "--on-stuck needs --stuck T");
	if (words_of(p, &o->max_on_stuck)->n && !o->on_stuck)
		return without(p, &o->max_on_stuck, "--max-on-stuck needs --on-stuck COMMAND");
	if (words_of(p, &o->max_wakers)->n && !o->wakers && !may_be_screen)
		return with_option(p, &o->wakers, "--wakers", NULL, "--max-wakers needs --wakers");
	return 0;
}

int rp_mistake__together(const struct rp_parser *p)
{
	const struct rp_opts *o = p->opts;
	struct rp_edit no_command = {.skip = p->own, .n_skip = p->argc - p->own};

	if (o->command == RP_COMMAND_DIFF)
		return diff_together(p);
	if (p->own < p->argc && !o->argv)
		return rp_mistake__tell(p, &no_command, "no command follows --");
	if (o->argv && (o->command == RP_COMMAND_DOCTOR || o->command == RP_COMMAND_REPORT))
		return rp_mistake__tell(p, &no_command, "%s starts no command",
					rp_verbs[o->command].name);
	if (o->argv && (o->n_pids || o->n_names))
		return o->user ? without(p, &o->pids, BOTH_TARGETS)
			       : rp_mistake__tell(p, &no_command, BOTH_TARGETS);
	if (o->command == RP_COMMAND_REPORT)
		return report_together(p);
	if (o->user && !o->argv)
		return without(p, &o->user, "--user is for -- COMMAND, and there is none");
	if (o->label.kind == RP_OPERAND_RET && o->compensate)
		return without(p, &o->compensate,
			       "--compensate: not with --label ret, as calls inside a call are "
			       "counted before its label is known");
	if (needs_another(p))
		return -EINVAL;
	if (o->auto_most && !o->argv && !o->n_pids && !o->n_names)
		return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, RP_CURE_PROCESSES,
				   "--auto chooses among the functions of processes (-p) or of a "
				   "command (--)");
	if (o->sample_hz && o->off_cpu && o->format->of_samples)
		return without(p, o->auto_most ? (const void *)&o->off_cpu : &o->sample_hz,
			       "folded stacks and flame graphs are of one unit: of --sample or of "
			       "--off-cpu");
	if (!o->sample_hz && !o->off_cpu && o->format->of_samples) {
		struct rp_edit edit = {.insert = p->own, .with = {"--sample"}};

		if (shares_stream(o)) {
			edit.with[1] = "-o";
			edit.with[2] = "rptrace.out";
		}
		return rp_mistake__tell(
			p, &edit, "--format %s is of samples: it needs --sample, or --off-cpu",
			o->format->name);
	}
	if (shares_stream(o)) {
		char cause[96];

		snprintf(cause, sizeof(cause),
			 "%s goes to a file (-o): COMMAND uses standard output and standard error",
			 o->format->name);
		return with_output(p, cause);
	}
	return record_together(p);
}
