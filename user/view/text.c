// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/internal.h"

const char *rp_text__fixed(double value, unsigned int decimals, char *buf, size_t size)
{
	double scale = 1, whole;

	for (unsigned int i = 0; i < decimals; i++)
		scale *= 10;
	if (!(value > 0))
		value = 0;
	if (value > 1e19)
		value = 1e19;
	whole = floor(value);
	value = round((value - whole) * scale);
	if (value >= scale) {
		whole++;
		value = 0;
	}
	if (decimals)
		snprintf(buf, size, "%.0f.%0*.0f", whole, (int)decimals, value);
	else
		snprintf(buf, size, "%.0f", whole + value);
	return buf;
}

/* Three significant digits of a number below 999.5, or all digits of a greater one. */
static void three_digits(double value, char *buf, size_t size)
{
	rp_text__fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, buf, size);
}

const char *rp_text__ns(double ns, char *buf, size_t size)
{
	static const struct {
		double ns, end;
		const char *name;
	} units[] = {
		{1, 999.5, "ns"},     {1e3, 999.5, "us"},   {1e6, 999.5, "ms"}, {1e9, 999.5, "s"},
		{60e9, 99.95, "min"}, {3600e9, 99.95, "h"}, {86400e9, 0, "d"},
	};
	char number[32];
	size_t i = 0;

	if (!(ns > 0))
		ns = 0;
	if (ns > 999999 * 86400e9)
		ns = 999999 * 86400e9;
	while (units[i].end && ns / units[i].ns >= units[i].end)
		i++;
	if (!i && ns == floor(ns))
		rp_text__fixed(ns, 0, number, sizeof(number));
	else
		three_digits(ns / units[i].ns, number, sizeof(number));
	snprintf(buf, size, "%s %s", number, units[i].name);
	return buf;
}

const char *rp_text__count(double count, char *buf, size_t size)
{
	static const char suffixes[] = "MGTPE";
	char number[32];
	size_t i = 0;

	if (!(count > 0))
		count = 0;
	if (count > 999e18)
		count = 999e18;
	if (count < 999999.5) {
		if (count == floor(count))
			return rp_text__fixed(count, 0, buf, size);
		three_digits(count, buf, size);
		return buf;
	}
	count /= 1e6;
	for (; count >= 999.5 && suffixes[i + 1]; i++)
		count /= 1e3;
	three_digits(count, number, sizeof(number));
	snprintf(buf, size, "%s%c", number, suffixes[i]);
	return buf;
}

const char *rp_text__change(double ratio, char *buf, size_t size)
{
	double percent = 100 * fabs(ratio - 1);
	char number[32];

	if (ratio >= 9.995) {
		snprintf(buf, size, "x %s", rp_text__count(round(ratio), number, sizeof(number)));
		return buf;
	}
	rp_text__fixed(percent, percent < 99.95 ? 1 : 0, number, sizeof(number));
	snprintf(buf, size, "%c%s%%", ratio < 1 && percent >= 0.05 ? '-' : '+', number);
	return buf;
}

const char *rp_text__micro(char *buf, size_t size)
{
	size_t len = strlen(buf);

	if (len > 2 && len + 2 <= size && !strcmp(buf + len - 2, "us"))
		memcpy(buf + len - 2, "µs", sizeof("µs"));
	return buf;
}

static void print_trimmed(FILE *out, const char *text)
{
	while (*text) {
		size_t line = strcspn(text, "\n"), seen = line;

		while (seen && text[seen - 1] == ' ')
			seen--;
		fprintf(out, "%.*s\n", (int)seen, text);
		text += line + (text[line] == '\n');
	}
}

int rp_text__print_table(FILE *out, struct libscols_table *table)
{
	char *text = NULL;
	int rc = scols_print_table_to_string(table, &text);

	if (!rc)
		print_trimmed(out, text);
	free(text);
	return rc;
}
