/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the forms of a comparison share. Internal to compare/. */
#ifndef RP_COMPARE_FORMS_INTERNAL_H
#define RP_COMPARE_FORMS_INTERNAL_H

#include "compare/forms.h"

int rp_diff__table(FILE *out, const struct rp_comparison *c, const struct rp_diff_form_opts *opts);
int rp_diff__csv(FILE *out, const struct rp_comparison *c, const struct rp_diff_form_opts *opts);
int rp_diff__json(FILE *out, const struct rp_comparison *c, const struct rp_diff_form_opts *opts);
int rp_diff__markdown(FILE *out, const struct rp_comparison *c,
		      const struct rp_diff_form_opts *opts);

/* ---- columns of those for people ------------------------------------------------------------ */

struct rp_diff_column {
	const char *title;
	enum rp_figure figure;
	const char *key; /* of CSV and JSON */
};
extern const struct rp_diff_column rp_diff_columns[RP_FIGURES];

/* B, and how much more that is than A: "880 ms   +5.2 %". Returns buf. */
const char *rp_diff__figure(const struct rp_change *change, enum rp_figure figure, bool utf8,
			    char *buf, size_t size);
/* "+5.1 % ± 0.4 %"; without an error where it was not judged. Returns buf. */
const char *rp_diff__ratio(const struct rp_ratio *ratio, bool utf8, char *buf, size_t size);
/* "slower", "cannot tell: 7 more pairs". Returns buf. */
const char *rp_diff__verdict(const struct rp_comparison *c, const struct rp_change *change,
			     char *buf, size_t size);

/* Samples' part of the table, and of Markdown; nothing without samples. 0 or -ENOMEM. */
int rp_diff__print_samples(FILE *out, const struct rp_comparison *c, int width, bool utf8);
int rp_diff__print_sample_rows(FILE *out, const struct rp_comparison *c);

/* As wide as the terminal; 0: as wide as it wants to be. NULL: out of memory. */
struct libscols_table;
struct libscols_table *rp_diff__new_table(int width, bool utf8);
/* Markdown: text that is escaped already, as code in a cell. */
void rp_diff__print_code(FILE *out, const char *escaped);

struct rp_diff_notes {
	FILE *out;
	const char *before;  /* each line */
	const char *special; /* characters that mean something in this form, but behind a backslash;
				NULL: none */
	bool utf8;
};
/* Lines below: what was compared, how it was judged, and what to be wary of. 0 or -ENOMEM. */
int rp_diff__print_notes(const struct rp_diff_notes *notes, const struct rp_comparison *c);

#endif
