// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "opts/cure.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opts/options.h"
#include "util/program.h"

const char *rp_cure__of_target(const struct rp_opts *opts, const char *verb,
			       struct rp_command_line *line)
{
	if (rp_opts__is_system(opts))
		return RP_CURE_PROCESSES;
	rp_command_line__of_target(line, opts, verb, NULL);
	return line->fits ? line->text : "rptrace --help";
}

static size_t add_each(const char **words, size_t n, size_t room, const char *option,
		       const struct rp_texts *values)
{
	for (size_t i = 0; i < values->n && n + 2 < room; i++) {
		words[n++] = option;
		words[n++] = values->items[i];
	}
	return n;
}

const char *rp_cure__list(const struct rp_opts *opts, struct rp_command_line *line)
{
	const char *words[64];
	size_t room = sizeof(words) / sizeof(words[0]), n;

	n = add_each(words, 0, room, "-f", &opts->functions);
	n = add_each(words, n, room, "-u", &opts->usdts);
	words[n] = NULL;
	rp_command_line__of_target(line, opts, "list", words);
	return line->fits ? line->text : rp_cure__of_target(opts, "list", line);
}

const char *rp_cure__with(const struct rp_opts *opts, const char *option, const char *value,
			  struct rp_command_line *line)
{
	const struct rp_edit edit = {.insert = opts->n_own, .with = {option, value}};

	return rp_command_line__edit(line, opts->n_words, opts->words, &edit);
}

/* ---- more rights ----------------------------------------------------------------------------- */

bool rp_cure__is_installed(const char *program)
{
	char *path = NULL;
	bool found = !rp_program__find(program, &path);

	free(path);
	return found;
}

/* Where root's PATH, or that of sudo, has it under its name alone. */
static bool is_in_standard_folder(const char *path)
{
	return !strncmp(path, "/usr/", 5) || !strncmp(path, "/bin/", 5) ||
	       !strncmp(path, "/sbin/", 6);
}

/* What root types for the program that runs. */
static const char *program(const struct rp_opts *opts, char *buf, size_t size)
{
	ssize_t len;

	if (strchr(opts->words[0], '/'))
		return opts->words[0];
	len = readlink("/proc/self/exe", buf, size - 1);
	if (len <= 0 || (size_t)len == size - 1)
		return opts->words[0];
	buf[len] = '\0';
	return is_in_standard_folder(buf) ? opts->words[0] : buf;
}

static const char *as_root(const struct rp_opts *opts, struct rp_command_line *line)
{
	struct rp_command_line whole = {0};
	char path[PATH_MAX];

	*line = (struct rp_command_line){0};
	if (rp_cure__is_installed("sudo")) {
		rp_command_line__add(line, "sudo");
		rp_command_line__add(line, program(opts, path, sizeof(path)));
		rp_command_line__add_all(line, (const char *const *)opts->words + 1);
		return line->fits ? line->text : "sudo -i";
	}
	rp_command_line__add(&whole, program(opts, path, sizeof(path)));
	rp_command_line__add_all(&whole, (const char *const *)opts->words + 1);
	rp_command_line__add(line, "su");
	rp_command_line__add(line, "-c");
	rp_command_line__add(line, whole.text);
	return whole.fits && line->fits ? line->text : "su";
}

const char *rp_cure__rights(const struct rp_opts *opts, struct rp_command_line *line)
{
	if (geteuid())
		return as_root(opts, line);
	return opts->n_pids ? rp_cure__of_target(opts, "doctor", line) : "rptrace doctor";
}

/* ---- the line, edited ------------------------------------------------------------------------ */

/*
 * Does the word belong to one of these options, whose names are separated by blanks? Wherever they
 * stand: what was typed before would hold again, or be refused again.
 */
static bool is_of(const struct rp_opts *opts, const char *names, int word)
{
	size_t number = opts->option_of[word], len;

	for (; number && names && *names; names += len + (names[len] == ' ')) {
		const char *name = rp_options[number - 1].name;

		len = strcspn(names, " ");
		if (strlen(name) == len && !memcmp(name, names, len))
			return true;
	}
	return false;
}

static const char *edited(const struct rp_opts *opts, const struct rp_err *err,
			  struct rp_command_line *line)
{
	*line = (struct rp_command_line){0};
	rp_command_line__add(line, "rptrace");
	for (int i = 1; i <= opts->n_words; i++) {
		if (i == opts->n_own && err->with[0])
			rp_command_line__add_all(line, err->with);
		if (i < opts->n_words && !is_of(opts, err->without, i))
			rp_command_line__add(line, opts->words[i]);
	}
	return line->fits ? line->text : "rptrace --help";
}

void rp_cure__fill(const struct rp_opts *opts, struct rp_err *err)
{
	struct rp_command_line line;
	const char *cure = NULL;

	switch (err->remedy) {
	case RP_REMEDY_NONE:
		return;
	case RP_REMEDY_RIGHTS:
		cure = rp_cure__rights(opts, &line);
		break;
	case RP_REMEDY_LIST:
		cure = rp_cure__of_target(opts, "list", &line);
		break;
	case RP_REMEDY_LINE:
		cure = edited(opts, err, &line);
		break;
	}
	snprintf(err->cure, sizeof(err->cure), "%s", cure);
}
