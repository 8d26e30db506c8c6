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

#include "opts/command_line.h"
#include "opts/cure.h"
#include "opts/parser.h"
#include "util/edit_distance.h"
#include "util/program.h"

/* Names that differ in so many letters are no longer taken for each other. */
#define NEAR 3

int rp_mistake__tell(const struct rp_parser *p, const struct rp_edit *edit, const char *cause, ...)
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

const char *rp_mistake__typed(const struct rp_option *option, char *buf, size_t size)
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

	rp_mistake__typed(option, name, sizeof(name));
	if (option->type == RP_OPTION_PROCESSES)
		return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, RP_CURE_PROCESSES,
				   "%s needs a process id or a command name", name);
	rp_option__example(option, example, sizeof(example));
	return rp_mistake__tell(p, &edit, "%s needs a value: %s", name, option->arg);
}

/* Only records have that form, so the run is to be recorded first. */
static int form_of_records(const struct rp_parser *p, const char *form, int word, bool own_word)
{
	struct rp_edit edit = {
		.skip = word - own_word, .n_skip = 1 + own_word, .insert = 1, .with = {"record"}};

	return rp_mistake__tell(
		p, &edit,
		"--format %s is for records: first rptrace record, then rptrace report "
		"--format %s " RP_RECORD_NAME,
		form, form);
}

int rp_mistake__value(const struct rp_parser *p, const struct rp_option *option,
		      const struct rp_bad_value *bad, int word, size_t at)
{
	char name[32], example[64], whole[256];
	struct rp_edit edit = {.skip = word, .n_skip = 1, .insert = word, .with = {whole}};

	rp_mistake__typed(option, name, sizeof(name));
	if (option->type == RP_OPTION_PROCESSES)
		return rp_err__set(p->err, RP_EXIT_USAGE, -EINVAL, RP_CURE_PROCESSES, "%s: %s",
				   name, bad->cause);
	if (p->opts->command == RP_COMMAND_LIVE && !strcmp(option->name, "format") &&
	    rp_export__find(p->argv[word] + at))
		return form_of_records(p, p->argv[word] + at, word, !at);
	rp_option__example(option, example, sizeof(example));
	snprintf(whole, sizeof(whole), "%.*s%s", (int)at, p->argv[word], example);
	return rp_mistake__tell(p, &edit, "%s: %s", name, bad->cause);
}

int rp_mistake__flag_value(const struct rp_parser *p, const struct rp_option *option)
{
	char name[64];
	struct rp_edit edit = {.skip = p->at, .n_skip = 1, .insert = p->at, .with = {name}};

	snprintf(name, sizeof(name), "--%s", option->name);
	return rp_mistake__tell(p, &edit, "%s takes no value", name);
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
					.with = {"--record", RP_RECORD_NAME}};
		return rp_mistake__tell(
			p, &edit, "rptrace record has no option %s: rptrace --record FILE has",
			rp_mistake__typed(option, name, sizeof(name)));
	}
	if (!strcmp(option->name, "format") &&
	    (p->opts->command == RP_COMMAND_LIST || p->opts->command == RP_COMMAND_DOCTOR)) {
		edit.insert = p->at;
		edit.with[0] = "--json";
	}
	if (!has_value && option->type != RP_OPTION_FLAG && !option->bare && p->at + 1 < p->own)
		edit.n_skip = 2;
	return rp_mistake__tell(p, &edit, "rptrace%s%s has no option %s", verb ? " " : "",
				verb ? verb : "", rp_mistake__typed(option, name, sizeof(name)));
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
		return rp_mistake__tell(p, NULL, "there is no option '-%c'", *name);
	snprintf(text, sizeof(text), "%.*s", (int)len, name);
	near = nearest_option(p, text);
	if (!near)
		return rp_mistake__tell(p, NULL, "there is no option '--%s'", text);
	snprintf(fixed, sizeof(fixed), "--%s%s", near->name, name + len);
	return rp_mistake__tell(p, &edit, "there is no option '--%s': --%s is the nearest", text,
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
	return rp_mistake__tell(
		p, &edit, "'%s' is not an option: the value of --%s goes after =", word, name);
}

/* "attach 123", "run ./prog": other tools have such commands; here options do that. */
static int after_verb(const struct rp_parser *p, const char *verb, const char *what)
{
	struct rp_edit edit = {.skip = p->at, .n_skip = 2, .insert = p->at, .with = {"-p", what}};

	if (is_number(what))
		return rp_mistake__tell(
			p, &edit, "'%s' is not a command of rptrace: processes go after -p", verb);
	edit.n_skip = 1;
	edit.insert = p->at + 1;
	edit.with[0] = "--";
	edit.with[1] = NULL;
	return rp_mistake__tell(
		p, &edit, "'%s' is not a command of rptrace: a program to start goes after --",
		verb);
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
	return rp_mistake__tell(p, edit, "'%s' is not an option: %s after %s", p->argv[p->at],
				strcmp(option, "-p") ? "a command goes" : "processes go", option);
}

/* A path that is typed may be one that is not there, which is told when it is to be run. */
static bool may_be_program(const char *word)
{
	return strchr(word, '/') ? rp_program__check(word) != -EACCES : rp_cure__is_installed(word);
}

/* "attach 123": a command of other tools. A program would be given what follows. */
static bool may_be_verb(const char *word)
{
	return !strchr(word, '/') && !may_be_program(word) && rp_program__check(word);
}

int rp_mistake__stray_word(const struct rp_parser *p)
{
	const char *word = p->argv[p->at], *verb = nearest_verb(word);
	char joined[512];
	struct rp_edit edit = {.skip = p->at, .n_skip = 1, .insert = p->at};
	bool has_pid = names_processes(p);
	const char *next = next_word(p);

	if (verb && p->opts->command == RP_COMMAND_LIVE &&
	    (!strcmp(word, verb) || !next || !rp_cure__is_installed(word))) {
		edit.insert = 1;
		edit.with[0] = verb;
		return rp_mistake__tell(p, &edit,
					strcmp(word, verb)
						? "'%s' is not a command of rptrace: %s is"
						: "'%s' comes first: rptrace %s",
					word, verb);
	}
	if (p->last && p->last->type == RP_OPTION_PROCESSES && word[0] != '-') {
		edit.skip = edit.insert = p->at - 1;
		edit.n_skip = join_words(p, p->at - 1, joined, sizeof(joined));
		edit.with[0] = joined;
		return rp_mistake__tell(p, &edit, "-p takes one word: -p %s",
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
		return rp_mistake__tell(
			p, &edit, "'%s' is not an option: rptrace report shows records", word);
	}
	if (next && !has_pid && may_be_verb(word) &&
	    (is_number(next) || (strchr(next, '/') && may_be_program(next))))
		return after_verb(p, word, next);
	if (!next && !has_pid && !p->opts->argv && is_running(word))
		return goes_after(p, &edit, "-p", word);
	if (!has_pid && !p->opts->argv && may_be_program(word)) {
		edit.n_skip = 0;
		return goes_after(p, &edit, "--", NULL);
	}
	/* A program in this folder, which needs ./ to be found. */
	if (!has_pid && !p->opts->argv && !rp_program__check(word)) {
		snprintf(joined, sizeof(joined), "./%s", word);
		return goes_after(p, &edit, "--", joined);
	}
	return rp_mistake__tell(
		p, has_pid || p->own < p->argc ? &edit : NULL,
		"'%s' is neither an option nor a command of rptrace, which are "
		"record, report, diff, list and doctor; a program to start goes after --",
		word);
}
