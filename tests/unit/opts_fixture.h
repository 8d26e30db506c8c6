/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Command lines, taken apart and parsed. */
#ifndef OPTS_FIXTURE_H
#define OPTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "opts/opts.h"

#define WORDS_MAX 32

struct line {
	char text[1024];
	char *argv[WORDS_MAX];
	int argc;
	struct rp_opts opts;
	struct rp_err err;
};

/* Split as a shell does, as far as quotes of both kinds go. */
static inline void split(struct line *line, const char *text)
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

static inline int parse(struct line *line, const char *text)
{
	memset(line, 0, sizeof(*line));
	split(line, text);
	return rp_opts__parse(&line->opts, line->argc, line->argv, &line->err);
}

static inline void parse_good(struct line *line, const char *text)
{
	if (parse(line, text))
		fail_msg("%s: %s", text, line->err.cause);
}

#endif
