/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What parsing shares with the answers to mistakes. Internal to opts/. */
#ifndef RP_PARSER_H
#define RP_PARSER_H

#include "opts/options.h"

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

#endif
