// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What is said of a command line that cannot be understood. Its cure is a command to type: the
 * line itself with the mistake mended, quoted for the shell, so that it works as it stands. Where
 * no mending is known, or the line is too long for that, it is rptrace --help.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opts/command_line.h"
#include "opts/cure.h"
#include "opts/parser.h"
#include "util/edit_distance.h"

/* Names that differ in so many letters are no longer taken for each other. */
#define NEAR 3

/* edit is NULL where no mending is known. */
__attribute__((format(printf, 3, 4))) static int
mistake(const struct rp_parser *p, const struct rp_edit *edit, const char *cause, ...)
{
	char text[sizeof(p->err->cause)];
	struct rp_command_line line;
	va_list ap;

	va_start(ap, cause);
	vsnprintf(text, sizeof(text), cause, ap);
	va_end(ap);
	return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL,
			   edit ? rp_command_line__edit(&line, p->argc, p->argv, edit)
				: "rptrace --help",
			   "%s", text);
}

/* As most people type it: "-i", "--stuck". Returns buf. */
static const char *typed(const struct rp_option *option, char *buf, size_t size)
{
	if (option->letter)
		snprintf(buf, size, "-%c", option->letter);
	else
		snprintf(buf, size, "--%s", option->name);
	return buf;
}

/* ---- values --------------------------------------------------------------------------- */

int rp_mistake__no_value(const struct rp_parser *p, const struct rp_option *option)
{
	char name[32], example[64];
	struct rp_edit edit = {.insert = p->at, .with = {example}};

	typed(option, name, sizeof(name));
	if (option->type == RP_OPTION_PROCESSES)
		return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, RP_CURE_PROCESSES,
				   "%s needs a process id or a command name", name);
	rp_option__example(option, example, sizeof(example));
	return mistake(p, &edit, "%s needs a value: %s", name, option->arg);
}

/* Only records have that form, so the run is to be recorded first. */
static int form_of_records(const struct rp_parser *p, const char *form, int word, bool own_word)
{
	struct rp_edit edit = {
		.skip = word - own_word, .n_skip = 1 + own_word, .insert = 1, .with = {"record"}};

	return mistake(p, &edit,
		       "--format %s is for records: first rptrace record, then rptrace report "
		       "--format %s rptrace.rpt",
		       form, form);
}

int rp_mistake__value(const struct rp_parser *p, const struct rp_option *option,
		      const struct rp_bad_value *bad, int word, size_t at)
{
	char name[32], example[64], whole[256];
	struct rp_edit edit = {.skip = word, .n_skip = 1, .insert = word, .with = {whole}};

	typed(option, name, sizeof(name));
	if (option->type == RP_OPTION_PROCESSES)
		return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, RP_CURE_PROCESSES, "%s: %s",
				   name, bad->cause);
	if (p->opts->command == RP_COMMAND_LIVE && !strcmp(option->name, "format") &&
	    rp_export__find(p->argv[word] + at))
		return form_of_records(p, p->argv[word] + at, word, !at);
	rp_option__example(option, example, sizeof(example));
	snprintf(whole, sizeof(whole), "%.*s%s", (int)at, p->argv[word], example);
	return mistake(p, &edit, "%s: %s", name, bad->cause);
}

int rp_mistake__flag_value(const struct rp_parser *p, const struct rp_option *option)
{
	char name[64];
	struct rp_edit edit = {.skip = p->at, .n_skip = 1, .insert = p->at, .with = {name}};

	snprintf(name, sizeof(name), "--%s", option->name);
	return mistake(p, &edit, "%s takes no value", name);
}

/* ---- names of options ------------------------------------------------------------------- */

static bool is_called(const struct rp_option *option, const char *name, size_t len)
{
	if (!len)
		return option->letter == *name;
	return strlen(option->name) == len && !memcmp(option->name, name, len);
}

static const struct rp_option *nearest_option(const struct rp_parser *p, const char *name)
{
	const struct rp_option *best = NULL;
	unsigned least = NEAR;

	for (size_t i = 0; i < rp_n_options; i++) {
		unsigned distance = rp_edit_distance(name, rp_options[i].name, NEAR);

		if (!(rp_options[i].commands & 1u << p->opts->command) || distance >= least)
			continue;
		least = distance;
		best = &rp_options[i];
	}
	return best;
}

/* Another command has the option. The line works without it. */
static int of_another_command(const struct rp_parser *p, const struct rp_option *option,
			      bool has_value)
{
	const char *verb = rp_verbs[p->opts->command].name;
	char name[32];
	struct rp_edit edit = {.skip = p->at, .n_skip = 1};

	/* Without the option nothing may be selected. The live view has it, and can record. */
	if (p->opts->command == RP_COMMAND_RECORD && option->section == RP_SECTION_WHAT) {
		edit = (struct rp_edit){.skip = 1,
					.n_skip = 1,
					.insert = p->own,
					.with = {"--record", "rptrace.rpt"}};
		return mistake(p, &edit,
			       "rptrace record has no option %s: rptrace --record FILE has",
			       typed(option, name, sizeof(name)));
	}
	if (!strcmp(option->name, "format") &&
	    (p->opts->command == RP_COMMAND_LIST || p->opts->command == RP_COMMAND_DOCTOR)) {
		edit.insert = p->at;
		edit.with[0] = "--json";
	}
	if (!has_value && option->type != RP_OPTION_FLAG && !option->bare && p->at + 1 < p->own)
		edit.n_skip = 2;
	return mistake(p, &edit, "rptrace%s%s has no option %s", verb ? " " : "", verb ? verb : "",
		       typed(option, name, sizeof(name)));
}

int rp_mistake__option(const struct rp_parser *p, const char *name, size_t len)
{
	char text[64], fixed[256];
	const struct rp_option *near;
	struct rp_edit edit = {.skip = p->at, .n_skip = 1, .insert = p->at, .with = {fixed}};

	for (size_t i = 0; i < rp_n_options; i++)
		if (is_called(&rp_options[i], name, len))
			return of_another_command(p, &rp_options[i], len && name[len] == '=');
	if (!len)
		return mistake(p, NULL, "there is no option '-%c'", *name);
	snprintf(text, sizeof(text), "%.*s", (int)len, name);
	near = nearest_option(p, text);
	if (!near)
		return mistake(p, NULL, "there is no option '--%s'", text);
	snprintf(fixed, sizeof(fixed), "--%s%s", near->name, name + len);
	return mistake(p, &edit, "there is no option '--%s': --%s is the nearest", text,
		       near->name);
}

/* ---- words that are no option ------------------------------------------------------------- */

static const char *nearest_verb(const char *word)
{
	for (size_t i = 0; i < RP_COMMAND_COUNT; i++)
		if (rp_verbs[i].name && rp_edit_distance(word, rp_verbs[i].name, NEAR) < NEAR)
			return rp_verbs[i].name;
	return NULL;
}

static bool is_number(const char *word)
{
	return *word && word[strspn(word, "0123456789,")] == '\0';
}

/* Before this word or after it. */
static bool names_processes(const struct rp_parser *p)
{
	for (int i = 1; i < p->own; i++)
		if (!strncmp(p->argv[i], "-p", 2) || !strncmp(p->argv[i], "--pid", 5))
			return true;
	return false;
}

static bool is_record(const char *word)
{
	const char *suffix = strrchr(word, '.');

	return suffix && !strcmp(suffix, ".rpt");
}

static bool is_running(const char *name)
{
	char *names[] = {(char *)name};
	struct rp_opts named = {.names = names, .n_names = 1};
	struct rp_err err;
	int rc = rp_opts__find_processes(&named, "/proc", &err);

	free(named.pids);
	return !rc;
}

/* "-p A B": all words up to the next option are meant. Joins them by commas; their number. */
static int join_words(const struct rp_parser *p, int first, char *buf, size_t size)
{
	size_t at = 0;
	int i = first;

	for (; i < p->own && (i == first || p->argv[i][0] != '-') && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? "," : "", p->argv[i]);
	return i - first;
}

/* An optional value must be in the same word as its option: "--sample=100". */
static int bare_value(const struct rp_parser *p)
{
	const char *word = p->argv[p->at], *name = p->last->name;
	char joined[64];
	const struct rp_edit edit = {
		.skip = p->at - 1, .n_skip = 2, .insert = p->at - 1, .with = {joined}};

	snprintf(joined, sizeof(joined), "--%s=%s", name, word);
	return mistake(p, &edit, "'%s' is not an option: the value of --%s goes after =", word,
		       name);
}

/* "attach 123", "run ./prog": other tools have such commands; here options do that. */
static int after_verb(const struct rp_parser *p, const char *verb, const char *what)
{
	struct rp_edit edit = {.skip = p->at, .n_skip = 2, .insert = p->at, .with = {"-p", what}};

	if (is_number(what))
		return mistake(p, &edit, "'%s' is not a command of rptrace: processes go after -p",
			       verb);
	edit.n_skip = 1;
	edit.insert = p->at + 1;
	edit.with[0] = "--";
	edit.with[1] = NULL;
	return mistake(p, &edit,
		       "'%s' is not a command of rptrace: a program to start goes after --", verb);
}

/* If it is not an option either; else NULL. */
static const char *next_word(const struct rp_parser *p)
{
	const char *next = p->at + 1 < p->own ? p->argv[p->at + 1] : NULL;

	return next && next[0] != '-' ? next : NULL;
}

/* The word at p->at is what an option of this name takes; `value`: how it has to be written. */
static int goes_after(const struct rp_parser *p, struct rp_edit *edit, const char *option,
		      const char *value)
{
	edit->with[0] = option;
	edit->with[1] = value;
	return mistake(p, edit, "'%s' is not an option: %s after %s", p->argv[p->at],
		       strcmp(option, "-p") ? "a command goes" : "processes go", option);
}

int rp_mistake__stray_word(const struct rp_parser *p)
{
	const char *word = p->argv[p->at], *verb = nearest_verb(word);
	char joined[512];
	struct rp_edit edit = {.skip = p->at, .n_skip = 1, .insert = p->at};
	bool has_pid = names_processes(p);
	const char *next = next_word(p);

	if (verb && p->opts->command == RP_COMMAND_LIVE) {
		edit.insert = 1;
		edit.with[0] = verb;
		return mistake(p, &edit,
			       strcmp(word, verb) ? "'%s' is not a command of rptrace: %s is"
						  : "'%s' comes first: rptrace %s",
			       word, verb);
	}
	if (p->last && p->last->type == RP_OPTION_PROCESSES) {
		edit.skip = edit.insert = p->at - 1;
		edit.n_skip = join_words(p, p->at - 1, joined, sizeof(joined));
		edit.with[0] = joined;
		return mistake(p, &edit, "-p takes one word: -p %s",
			       joined + p->opts->stood[p->last - rp_options].at);
	}
	if (p->last && p->last->bare && is_number(word) && !strncmp(p->argv[p->at - 1], "--", 2) &&
	    !strcmp(p->argv[p->at - 1] + 2, p->last->name))
		return bare_value(p);
	if (is_number(word) && !has_pid && !p->opts->argv) {
		edit.n_skip = join_words(p, p->at, joined, sizeof(joined));
		return goes_after(p, &edit, "-p", joined);
	}
	if (is_record(word) && p->opts->command == RP_COMMAND_LIVE) {
		edit = (struct rp_edit){.insert = 1, .with = {"report"}};
		return mistake(p, &edit, "'%s' is not an option: rptrace report shows records",
			       word);
	}
	if (next && !has_pid && (is_number(next) || strchr(next, '/')))
		return after_verb(p, word, next);
	if (!next && !has_pid && !p->opts->argv && is_running(word))
		return goes_after(p, &edit, "-p", word);
	if (!has_pid && !p->opts->argv && (strchr(word, '/') || rp_cure__is_installed(word))) {
		edit.n_skip = 0;
		return goes_after(p, &edit, "--", NULL);
	}
	/* A program in this folder, which needs ./ to be found. */
	if (!has_pid && !p->opts->argv && !access(word, X_OK)) {
		snprintf(joined, sizeof(joined), "./%s", word);
		return goes_after(p, &edit, "--", joined);
	}
	return mistake(p, has_pid || p->own < p->argc ? &edit : NULL,
		       "'%s' is neither an option nor a command of rptrace, which are "
		       "record, report, diff, list and doctor; a program to start goes after --",
		       word);
}

/* ---- options together -------------------------------------------------------------------- */

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

	return mistake(p, &edit, "%s", cause);
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

	return mistake(p, &edit, "%s", cause);
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

static int report_together(const struct rp_parser *p)
{
	const struct rp_opts *o = p->opts;

	if (!o->files.n)
		return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, "rptrace record --help",
				   "report needs a record: FILE");
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
				   "rptrace.rpt",
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
		return with_option(p, &o->record, "--record", "rptrace.rpt", cause);
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
		return mistake(p, &edit,
			       "--run makes the runs that it compares: no records of others");
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
		return mistake(p, &edit, "--run needs two commands: -- A... --- B...");
	}
	if (!o->second_argv)
		return mistake(p, NULL, "--run needs two commands: -- A... --- B...");
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
		return mistake(p, &edit, "%s is for runs that diff makes: --run N -- A... --- B...",
			       typed(&rp_options[tracing - o->stood], name, sizeof(name)));
	}
	if (o->files.n && o->other_files.n)
		return 0;
	if (o->files.n < 2)
		return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, "rptrace diff --help",
				   "diff needs records of two sides: A B, or A... -- B...");
	while (p->argv[edit.insert] != o->files.items[o->files.n / 2])
		edit.insert++;
	return mistake(p, &edit, "-- goes between the records of A and those of B");
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
		return mistake(p, &no_command, "no command follows --");
	if (o->argv && (o->command == RP_COMMAND_DOCTOR || o->command == RP_COMMAND_REPORT))
		return mistake(p, &no_command, "%s starts no command", rp_verbs[o->command].name);
	if (o->argv && (o->n_pids || o->n_names))
		return o->user ? without(p, &o->pids, BOTH_TARGETS)
			       : mistake(p, &no_command, BOTH_TARGETS);
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
		return mistake(p, &edit,
			       "--format %s is of samples: it needs --sample, or --off-cpu",
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
