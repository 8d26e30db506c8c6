/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Command lines that are told as a cure: quoted for the shell, to be typed as they stand. */
#ifndef RP_COMMAND_LINE_H
#define RP_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "opts/opts.h"
#include "util/error.h"

struct rp_command_line {
	char text[sizeof(((struct rp_err *)0)->cure)];
	size_t n;
	bool fits; /* false: too long, or with a character that cannot be told: not to be shown */
};

/* One change of a line: words left out, and at most three put in before one. */
struct rp_edit {
	int skip, n_skip;
	int insert;
	const char *with[3];
};

/* One word more, or all of a line that is NULL at its end. */
void rp_command_line__add(struct rp_command_line *line, const char *word);
void rp_command_line__add_all(struct rp_command_line *line, const char *const *words);

/*
 * `rptrace [VERB] -p PIDS WORDS` or `rptrace [VERB] WORDS -- COMMAND`, of the processes or the
 * command of the options; words end in a NULL.
 */
void rp_command_line__of_target(struct rp_command_line *line, const struct rp_opts *opts,
				const char *verb, const char *const *words);

/* The options that decide what figures are of, as they were typed; NULL: there are none. */
const char *rp_command_line__of_told(struct rp_command_line *line, const struct rp_opts *opts);

/*
 * The line of this program that argv was, with the change; "rptrace --help" where it does not fit.
 */
const char *rp_command_line__edit(struct rp_command_line *line, int argc, char *const *argv,
				  const struct rp_edit *edit);

#endif
