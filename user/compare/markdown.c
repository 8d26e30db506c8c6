// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * For a pull request: what has changed on top, all regions folded away below. Names in
 * cells are code, in which Markdown means nothing; what would end code or cell is replaced.
 */
#include <errno.h>
#include <stdlib.h>

#include "compare/forms_internal.h"
#include "util/escape.h"

static bool is_news(const struct rp_change *change)
{
	return change->verdict >= RP_OUTCOME_NEW && change->verdict <= RP_OUTCOME_FASTER;
}

/* A backquote ends code and a bar ends a cell, whatever stands before it. */
void rp_diff__print_code(FILE *out, const char *escaped)
{
	fputc('`', out);
	for (const char *c = escaped; *c; c++) {
		if (*c == '`' || *c == '|')
			fprintf(out, "\\x%02x", (unsigned)*c);
		else
			fputc(*c, out);
	}
	fputc('`', out);
}

static int print_name(FILE *out, const char *name)
{
	char *escaped = rp_escape__copy(name, true);

	if (!escaped)
		return -ENOMEM;
	rp_diff__print_code(out, escaped);
	free(escaped);
	return 0;
}

static int print_rows(FILE *out, const struct rp_comparison *c, bool news)
{
	char cell[96];
	int rc = 0;

	fputs("| region |", out);
	for (size_t k = 0; k < RP_FIGURES; k++)
		fprintf(out, " %s |", rp_diff_columns[k].title);
	fputs(" change | |\n|---|", out);
	for (size_t k = 0; k <= RP_FIGURES; k++)
		fputs("---:|", out);
	fputs("---|\n", out);
	for (size_t i = 0; i < c->n && !rc; i++) {
		const struct rp_change *change = &c->change[i];

		if (news && !is_news(change))
			continue;
		fputs("| ", out);
		rc = print_name(out, change->name);
		for (size_t k = 0; k < RP_FIGURES; k++)
			fprintf(out, " | %s",
				rp_diff__figure(change, rp_diff_columns[k].figure, true, cell,
						sizeof(cell)));
		fprintf(out, " | %s", rp_diff__ratio(&change->ratio, true, cell, sizeof(cell)));
		fprintf(out, " | %s |\n", rp_diff__verdict(c, change, cell, sizeof(cell)));
	}
	return rc;
}

int rp_diff__markdown(FILE *out, const struct rp_comparison *c,
		      const struct rp_diff_form_opts *opts)
{
	/* <int> of C++ would be a tag, and __init__ of Python bold. */
	const struct rp_diff_notes notes = {
		.out = out, .before = "- ", .special = "\\`*_<>[]|~&", .utf8 = true};
	size_t news = 0;
	int rc = 0;

	(void)opts;
	for (size_t i = 0; i < c->n; i++)
		news += is_news(&c->change[i]);
	fprintf(out, "### rptrace: %zu of %zu region%s changed\n\n", news, c->n,
		c->n == 1 ? "" : "s");
	if (news)
		rc = print_rows(out, c, true);
	if (!rc && news < c->n) {
		fprintf(out, "%s<details><summary>all regions</summary>\n\n", news ? "\n" : "");
		rc = print_rows(out, c, false);
		fputs("\n</details>\n", out);
	}
	if (!rc)
		rc = rp_diff__print_sample_rows(out, c);
	fputc('\n', out);
	return rc ? rc : rp_diff__print_notes(&notes, c);
}
