// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/pattern.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct reader {
	const char *at;
	const char *end; /* characters that end it; "": the end of the text */
	bool is_glob;
	struct rp_pattern *out;
	unsigned n; /* characters so far */
};

static bool is_over(const struct reader *r)
{
	return !*r->at || strchr(r->end, *r->at);
}

/* One byte, maybe with a backslash in front; *plain: it had none. */
static uint8_t read_byte(struct reader *r, bool *plain)
{
	unsigned byte;

	*plain = *r->at != '\\';
	if (!*plain && r->at[1] == 'x' && isxdigit((unsigned char)r->at[2]) &&
	    isxdigit((unsigned char)r->at[3]) && sscanf(r->at + 2, "%2x", &byte) == 1) {
		r->at += 4;
		return (uint8_t)byte;
	}
	if (!*plain && r->at[1])
		r->at++;
	return (uint8_t)*r->at++;
}

/* What stands between brackets, of which the first is read. */
static const char *read_set(struct reader *r, bool set[256])
{
	bool negated = *r->at == '!' || *r->at == '^', first = true, plain;

	if (negated)
		r->at++;
	for (; !is_over(r) && (*r->at != ']' || first); first = false) {
		unsigned from = read_byte(r, &plain), to = from;

		if (r->at[0] == '-' && r->at[1] && r->at[1] != ']') {
			r->at++;
			to = read_byte(r, &plain);
		}
		for (; from <= to; from++)
			set[from] = true;
	}
	if (*r->at != ']')
		return "expected ]";
	r->at++;
	for (unsigned byte = 0; byte < 256; byte++)
		set[byte] ^= negated;
	return NULL;
}

static const char *read_character(struct reader *r)
{
	bool set[256] = {false}, plain;
	const char *wrong = NULL;
	uint8_t byte = read_byte(r, &plain);

	if (r->is_glob && plain && byte == '*') {
		r->out->stays |= 1ull << r->n;
		return NULL;
	}
	if (r->n == RP_PATTERN_MAX) {
		r->at--;
		return "strings to compare with have at most 63 characters";
	}
	if (r->is_glob && plain && byte == '?')
		memset(set, true, sizeof(set));
	else if (r->is_glob && plain && byte == '[')
		wrong = read_set(r, set);
	else
		set[byte] = true;
	/* It ends the text. */
	set[0] = false;
	for (unsigned i = 0; i < 256; i++)
		r->out->accepts[i] |= (uint64_t)set[i] << r->n;
	r->n++;
	return wrong;
}

static const char *read_all(struct reader *r)
{
	const char *wrong = NULL;

	*r->out = (struct rp_pattern){0};
	while (!wrong && !is_over(r))
		wrong = read_character(r);
	r->out->end = 1ull << r->n;
	return wrong;
}

const char *rp_pattern__parse(const char **at, bool is_glob, struct rp_pattern *out)
{
	const char quote[] = {**at, '\0'};
	bool quoted = **at == '"' || **at == '\'';
	struct reader r = {.at = *at + quoted,
			   .end = quoted ? quote : " \t)&|",
			   .is_glob = is_glob,
			   .out = out};
	const char *wrong;

	if (!quoted && (!is_glob || is_over(&r)))
		return is_glob ? "expected a glob" : "expected a string in quotes";
	wrong = read_all(&r);
	if (!wrong && quoted && *r.at != *quote)
		wrong = "expected the other quote";
	*at = r.at + (quoted && !wrong);
	return wrong;
}

const char *rp_pattern__of_glob(const char *glob, struct rp_pattern *out)
{
	struct reader r = {.at = glob, .end = "", .is_glob = true, .out = out};

	return read_all(&r);
}
