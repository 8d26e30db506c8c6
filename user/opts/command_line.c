// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "opts/command_line.h"

#include <ctype.h>
#include <string.h>

static void append(struct rp_command_line *line, const char *text, size_t n)
{
	if (line->n + n >= sizeof(line->text)) {
		line->fits = false;
		return;
	}
	memcpy(line->text + line->n, text, n);
	line->n += n;
	line->text[line->n] = '\0';
}

/* Control characters and backslashes are escaped where a hint is printed: not to be typed. */
void rp_command_line__add(struct rp_command_line *line, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789@%+=:,./_-";

	if (line->n)
		append(line, " ", 1);
	else
		line->fits = true;
	if (*word && word[strspn(word, plain)] == '\0') {
		append(line, word, strlen(word));
		return;
	}
	append(line, "'", 1);
	for (; *word; word++) {
		if (iscntrl((unsigned char)*word) || *word == '\\')
			line->fits = false;
		else if (*word == '\'')
			append(line, "'\"'\"'", 5);
		else
			append(line, word, 1);
	}
	append(line, "'", 1);
}

void rp_command_line__add_all(struct rp_command_line *line, const char *const *words)
{
	while (*words)
		rp_command_line__add(line, *words++);
}

void rp_command_line__of_target(struct rp_command_line *line, const struct rp_opts *opts,
				const char *verb, const char *const *words)
{
	char pids[sizeof(line->text)];
	size_t at = 0;

	*line = (struct rp_command_line){0};
	rp_command_line__add(line, "rptrace");
	if (verb)
		rp_command_line__add(line, verb);
	for (size_t i = 0; i < opts->n_pids && at < sizeof(pids); i++)
		at += (size_t)snprintf(pids + at, sizeof(pids) - at, "%s%d", at ? "," : "",
				       (int)opts->pids[i]);
	if (at) {
		rp_command_line__add(line, "-p");
		rp_command_line__add(line, pids);
	}
	if (words)
		rp_command_line__add_all(line, words);
	if (opts->argv) {
		rp_command_line__add(line, "--");
		rp_command_line__add_all(line, (const char *const *)opts->argv);
	}
}

const char *rp_command_line__of_told(struct rp_command_line *line, const struct rp_opts *opts)
{
	static const char more[] = " ...";

	*line = (struct rp_command_line){0};
	for (size_t i = 0; i + 1 < opts->told.n; i += 2) {
		char name[64];

		snprintf(name, sizeof(name), "--%s", opts->told.items[i]);
		rp_command_line__add(line, name);
		if (opts->told.items[i + 1])
			rp_command_line__add(line, opts->told.items[i + 1]);
	}
	if (!opts->told.n)
		return NULL;
	if (!line->fits && line->n > sizeof(line->text) - sizeof(more))
		line->n = sizeof(line->text) - sizeof(more);
	if (!line->fits)
		strcpy(line->text + line->n, more);
	return line->text;
}

const char *rp_command_line__edit(struct rp_command_line *line, int argc, char *const *argv,
				  const struct rp_edit *edit)
{
	*line = (struct rp_command_line){0};
	rp_command_line__add(line, "rptrace");
	for (int i = 1; i <= argc; i++) {
		for (size_t k = 0; i == edit->insert && k < 3 && edit->with[k]; k++)
			rp_command_line__add(line, edit->with[k]);
		if (i < argc && !(i >= edit->skip && i < edit->skip + edit->n_skip))
			rp_command_line__add(line, argv[i]);
	}
	return line->fits ? line->text : "rptrace --help";
}
