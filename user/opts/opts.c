// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The words of the command line, one after the other: --name=VALUE, --name VALUE, -nVALUE, -n
 * VALUE, flags in one word (-bv); a long name may be cut where no other begins so. All behind "--"
 * is the command to start.
 */
#include "opts/opts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "opts/parser.h"

static bool takes(const struct rp_parser *p, const struct rp_option *option)
{
	return option->commands & 1u << p->opts->command;
}

/* By its name, or a beginning that no other has; rp_n_options: none. */
static size_t find_long(const struct rp_parser *p, const char *name, size_t len)
{
	size_t found = rp_n_options;

	for (size_t i = 0; i < rp_n_options; i++) {
		if (!takes(p, &rp_options[i]) || strncmp(rp_options[i].name, name, len))
			continue;
		if (!rp_options[i].name[len])
			return i;
		if (found < rp_n_options)
			return rp_n_options;
		found = i;
	}
	return found;
}

static size_t find_letter(const struct rp_parser *p, char letter)
{
	size_t i = 0;

	while (i < rp_n_options && !(takes(p, &rp_options[i]) && rp_options[i].letter == letter))
		i++;
	return i;
}

/* "-f -p 1": the word after -f is the next option, so the value of -f is missing. */
static bool is_option(const struct rp_parser *p, const char *word)
{
	if (word[0] != '-' || !word[1])
		return false;
	if (word[1] == '-')
		return find_long(p, word + 2, strcspn(word + 2, "=")) < rp_n_options;
	return !word[2] && find_letter(p, word[1]) < rp_n_options;
}

static int keep_told(struct rp_parser *p, const struct rp_option *option, const char *value)
{
	struct rp_texts *told = &p->opts->told;
	int rc = rp_texts__add(told, option->name);

	if (!rc)
		rc = rp_texts__add(told, option->type == RP_OPTION_FLAG ? NULL : value);
	return rc ? rp_err__no_memory(p->err) : 0;
}

/* `word` is where the value is, or would be, behind its first `at` bytes. */
static int set(struct rp_parser *p, size_t i, int first, int word, size_t at)
{
	const struct rp_option *option = &rp_options[i];
	const char *value = word < p->own ? p->argv[word] + at : NULL;
	struct rp_bad_value bad = {0};
	int rc;

	if (option->bare && !at)
		value = option->bare;

	if (option->type != RP_OPTION_FLAG && (!value || (!at && is_option(p, value))))
		return rp_mistake__no_value(p, option);
	p->opts->stood[i] = (struct rp_words){first, word - first + 1, at};
	for (int w = first; w <= word; w++)
		p->opts->option_of[w] = i + 1;
	rc = rp_option__set(option, value, p->opts, &bad);
	if (rc == -ENOMEM)
		return rp_err__no_memory(p->err);
	if (rc)
		return rp_mistake__value(p, option, &bad, word, at);
	if (option->given)
		*(bool *)((char *)p->opts + option->given) = true;
	p->last = option;
	return option->decides ? keep_told(p, option, value) : 0;
}

static int take_long(struct rp_parser *p)
{
	int first = p->at;
	const char *name = p->argv[first] + 2;
	size_t len = strcspn(name, "="), i = find_long(p, name, len);

	if (i == rp_n_options)
		return rp_mistake__option(p, name, len);
	if (name[len] && rp_options[i].type == RP_OPTION_FLAG)
		return rp_mistake__flag_value(p, &rp_options[i]);
	if (name[len])
		return set(p, i, first, first, len + 3);
	if (rp_options[i].type != RP_OPTION_FLAG && !rp_options[i].bare)
		p->at++;
	return set(p, i, first, p->at, 0);
}

static int take_letters(struct rp_parser *p)
{
	int first = p->at, rc = 0;
	const char *word = p->argv[first];

	for (size_t at = 1; !rc && word[at]; at++) {
		size_t i = find_letter(p, word[at]);

		if (i == rp_n_options)
			return rp_mistake__option(p, word + at, 0);
		if (rp_options[i].type == RP_OPTION_FLAG) {
			rc = set(p, i, first, first, at);
			continue;
		}
		if (word[at + 1])
			return set(p, i, first, first, at + 1);
		p->at++;
		return set(p, i, first, p->at, 0);
	}
	return rc;
}

static int take_word(struct rp_parser *p)
{
	const char *word = p->argv[p->at];

	if (!strncmp(word, "--", 2))
		return take_long(p);
	if (word[0] == '-' && word[1])
		return take_letters(p);
	if (p->opts->command == RP_COMMAND_REPORT || p->opts->command == RP_COMMAND_DIFF)
		return rp_texts__add(&p->opts->files, word) ? rp_err__no_memory(p->err) : 0;
	return rp_mistake__stray_word(p);
}

/* -- A... --- B...: the first command is copied, so that it can end in a NULL, too. */
static int split_commands(struct rp_parser *p)
{
	struct rp_opts *o = p->opts;
	int n = 0;

	while (o->argv && o->argv[n] && strcmp(o->argv[n], "---"))
		n++;
	if (!n || !o->argv[n] || !o->argv[n + 1])
		return 0; /* a mistake: rp_mistake__together() has the answer */
	o->first_argv = calloc((size_t)n + 1, sizeof(*o->first_argv));
	if (!o->first_argv)
		return rp_err__no_memory(p->err);
	memcpy(o->first_argv, o->argv, (size_t)n * sizeof(*o->first_argv));
	o->second_argv = o->argv + n + 1;
	o->argv = o->first_argv;
	return 0;
}

/* diff A B, or diff A... -- B...: here records follow the dashes, not a command. */
static int take_other_files(struct rp_parser *p)
{
	struct rp_opts *o = p->opts;
	int rc = 0;

	for (int i = p->own + 1; !rc && i < p->argc; i++)
		rc = rp_texts__add(&o->other_files, p->argv[i]);
	o->argv = NULL;
	if (!rc && p->own == p->argc && o->files.n == 2)
		rc = rp_texts__add(&o->other_files, o->files.items[--o->files.n]);
	return rc ? rp_err__no_memory(p->err) : 0;
}

/* What the options do to each other. */
static int finish(struct rp_parser *p)
{
	struct rp_opts *o = p->opts;

	if (o->command == RP_COMMAND_DIFF && (o->runs ? split_commands(p) : take_other_files(p)))
		return -ENOMEM;
	if (o->label.kind && o->by == RP_BY_NONE)
		o->by = RP_BY_LABEL;
	if (o->command == RP_COMMAND_RECORD && !o->record)
		o->record = RP_RECORD_NAME;
	if (o->json) {
		o->format = rp_view__find("json");
		o->export = NULL;
		o->diff_form = RP_DIFF_FORM_JSON;
	}
	if (o->auto_most && !o->sample_hz)
		o->sample_hz = RP_AUTO_HZ;
	if (o->auto_most && !(o->max_overhead > 0))
		o->max_overhead = RP_AUTO_OVERHEAD;
	return rp_mistake__together(p);
}

static enum rp_command find_command(const struct rp_parser *p)
{
	for (unsigned i = 0; p->own > 1 && i < RP_COMMAND_COUNT; i++)
		if (rp_verbs[i].name && !strcmp(p->argv[1], rp_verbs[i].name))
			return i;
	return RP_COMMAND_LIVE;
}

int rp_opts__parse(struct rp_opts *opts, int argc, char **argv, struct rp_err *err)
{
	struct rp_parser p = {.argc = argc, .argv = argv, .own = 1, .opts = opts, .err = err};
	int rc = 0;

	memset(opts, 0, sizeof(*opts));
	for (size_t i = 0; i < rp_n_options; i++)
		rp_option__set_default(&rp_options[i], opts);
	opts->stood = calloc(rp_n_options, sizeof(*opts->stood));
	opts->option_of = calloc((size_t)argc + 1, sizeof(*opts->option_of));
	if (!opts->stood || !opts->option_of)
		return rp_err__no_memory(err);
	while (p.own < argc && strcmp(argv[p.own], "--"))
		p.own++;
	opts->words = argv;
	opts->n_words = argc;
	opts->n_own = p.own;
	if (p.own + 1 < argc)
		opts->argv = argv + p.own + 1;
	opts->command = find_command(&p);
	p.at = opts->command == RP_COMMAND_LIVE ? 1 : 2;
	for (; !rc && p.at < p.own; p.at++)
		rc = take_word(&p);
	if (!rc && !opts->help && !opts->version)
		rc = finish(&p);
	return rc;
}

bool rp_opts__is_given(const struct rp_opts *opts, const char *name)
{
	for (size_t i = 0; i < rp_n_options; i++)
		if (opts->stood[i].n && !strcmp(rp_options[i].name, name))
			return true;
	return false;
}

bool rp_opts__is_system(const struct rp_opts *opts)
{
	return !opts->n_pids && !opts->argv;
}

void rp_opts__free(struct rp_opts *opts)
{
	for (size_t i = 0; i < opts->n_names; i++)
		free(opts->names[i]);
	free(opts->names);
	free(opts->stood);
	free(opts->option_of);
	free(opts->pids);
	free(opts->functions.items);
	free(opts->usdts.items);
	free(opts->excludes.items);
	free(opts->files.items);
	free(opts->other_files.items);
	free(opts->first_argv);
	free(opts->told.items);
	free(opts->regions.items);
	for (size_t i = 0; i < sizeof(opts->named) / sizeof(opts->named[0]); i++)
		free(opts->named[i]);
}
