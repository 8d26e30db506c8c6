// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/html_hot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "export/internal.h"

static int put_text(const char *text, FILE *out)
{
	char *quoted = rp_export__quote_json(text);

	if (!quoted)
		return -ENOMEM;
	fprintf(out, "\"%s\"", quoted);
	free(quoted);
	return 0;
}

/* [function, file, line, object, samples in itself, those in what it called as well] */
static int put_line(const struct rp_line *line, FILE *out)
{
	int rc;

	fputc('[', out);
	rc = put_text(line->place->function, out);
	fputc(',', out);
	if (!rc)
		rc = put_text(line->place->file, out);
	fprintf(out, ",%" PRIu32 ",", line->place->line);
	if (!rc)
		rc = put_text(line->place->object, out);
	fprintf(out, ",%" PRIu64 ",%" PRIu64 "]", line->self, line->cumulative);
	return rc;
}

static int put_lines(const char *key, const struct rp_lines *lines, size_t most, FILE *out)
{
	int rc = 0;

	fprintf(out, ",\"%s\":[", key);
	for (size_t i = 0; !rc && i < lines->n && i < most; i++) {
		fputs(i ? ",\n" : "", out);
		rc = put_line(&lines->item[i], out);
	}
	fputc(']', out);
	return rc;
}

int rp_html_hot__print(const struct rp_profile *profile, size_t most, FILE *out)
{
	int rc;

	fprintf(out, "{\"samples\":%" PRIu64 ",\"cpu_ns\":%" PRIu64, profile->samples,
		profile->cpu);
	rc = put_lines("functions", &profile->functions, most, out);
	if (!rc)
		rc = put_lines("lines", &profile->lines, most, out);
	fputc('}', out);
	return rc;
}
