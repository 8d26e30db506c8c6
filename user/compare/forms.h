/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A comparison in print. Names of the target are escaped in all forms. Pure. */
#ifndef RP_COMPARE_FORMS_H
#define RP_COMPARE_FORMS_H

#include <stdio.h>

#include "compare/compare.h"

struct rp_diff_form_opts {
	int width; /* cells of the terminal; 0: no limit */
	bool utf8;
};

/* 0 or a negative errno. */
struct rp_diff_form {
	const char *name; /* what --format takes */
	int (*print)(FILE *out, const struct rp_comparison *comparison,
		     const struct rp_diff_form_opts *opts);
};
enum { RP_DIFF_FORM_TABLE, RP_DIFF_FORM_CSV, RP_DIFF_FORM_JSON, RP_DIFF_FORM_MARKDOWN };
extern const struct rp_diff_form rp_diff_forms[]; /* by these */
/* NULL past the last. */
const char *rp_diff_form__name(unsigned i);

/* In a line: how it stands with the bound on regressions. Returns buf. */
const char *rp_comparison__gate_text(const struct rp_comparison *comparison, bool utf8, char *buf,
				     size_t size);

#endif
