/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What parsing shares with the answers to mistakes. Internal to opts/. */
#ifndef RP_PARSER_H
#define RP_PARSER_H

#include "opts/command_line.h"
#include "opts/options.h"

/* What `rptrace record` writes to without -o, and the example of a record in cures. */
#define RP_RECORD_NAME "rptrace.rpt"

struct rp_parser {
	int argc, own; /* words; those before "--" */
	char **argv;
	int at;			      /* the word that is read */
	const struct rp_option *last; /* the option read last; NULL so far */
	struct rp_opts *opts;
	struct rp_err *err;
};

/* Each fills p->err, with the mended command line as the cure, and returns -EINVAL. */

int rp_mistake__no_value(const struct rp_parser *p, const struct rp_option *option);
/* In the word `word` behind `at` bytes. */
int rp_mistake__value(const struct rp_parser *p, const struct rp_option *option,
		      const struct rp_bad_value *bad, int word, size_t at);
/* There is no such option: a long name of that length, or a letter where it is 0. */
int rp_mistake__option(const struct rp_parser *p, const char *name, size_t len);
int rp_mistake__flag_value(const struct rp_parser *p, const struct rp_option *option);
/* A word that is no option. */
int rp_mistake__stray_word(const struct rp_parser *p);
/* Options that do not go together; 0: they do. */
int rp_mistake__together(const struct rp_parser *p);

/* What they all end with, as does this: cause, and the line that edit makes of it, which is NULL
 * where no mending is known. */
__attribute__((format(printf, 3, 4))) int
rp_mistake__tell(const struct rp_parser *p, const struct rp_edit *edit, const char *cause, ...);
/* As most people type it: "-i", "--stuck". Returns buf. */
const char *rp_mistake__typed(const struct rp_option *option, char *buf, size_t size);

#endif
