// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/where.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plan/pattern.h"
#include "rp_filter.h"
#include "util/duration.h"

/* Brackets and negations that may be open at a time: what bounds the recursion. */
#define DEPTH_MAX 64

struct parser {
	const char *at;
	struct rp_where *out;
	const char *wrong;
	int depth;
};

/* A truth table: bit i is the value where bit k of i is that of comparison k. */
typedef uint64_t table;

static table wrong(struct parser *p, const char *what)
{
	if (!p->wrong)
		p->wrong = what;
	return 0;
}

static bool take(struct parser *p, const char *token)
{
	size_t len = strlen(token);

	if (p->wrong)
		return false;
	while (isspace((unsigned char)*p->at))
		p->at++;
	if (strncmp(p->at, token, len))
		return false;
	p->at += len;
	return true;
}

static unsigned parse_relation(struct parser *p)
{
	static const struct {
		const char *token;
		unsigned accepts;
	} relations[] = {
		{"<=", RP_LESS | RP_EQUAL},
		{">=", RP_GREATER | RP_EQUAL},
		{"==", RP_EQUAL},
		{"!=", RP_LESS | RP_GREATER},
		{"<", RP_LESS},
		{">", RP_GREATER},
		{"=", RP_EQUAL},
	};

	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
		if (take(p, relations[i].token))
			return relations[i].accepts;
	return 0;
}

static bool parse_number(struct parser *p, struct rp_atom *atom)
{
	bool negative = take(p, "-");
	char *end;

	if (!isdigit((unsigned char)*p->at))
		return false;
	errno = 0;
	atom->value = strtoull(p->at, &end, 0);
	if (errno || isalnum((unsigned char)*end) || *end == '.' ||
	    (negative && atom->value > (uint64_t)INT64_MAX + 1))
		return false;
	p->at = end;
	atom->negative = negative && atom->value;
	if (negative)
		atom->value = -atom->value;
	return true;
}

static bool parse_duration(struct parser *p, struct rp_atom *atom)
{
	double seconds;

	if (!rp_duration__parse(&p->at, &seconds))
		return false;
	atom->value = (uint64_t)(seconds * 1e9 + 0.5);
	return true;
}

/* Member by member: what is between them is not set. */
static bool same_operand(const struct rp_operand *a, const struct rp_operand *b)
{
	return a->kind == b->kind && a->index == b->index && a->size == b->size &&
	       a->flags == b->flags && a->length == b->length;
}

/* Alike comparisons are one. */
static table add_atom(struct parser *p, const struct rp_operand *operand,
		      const struct rp_atom *atom, const struct rp_pattern *pattern)
{
	struct rp_where *out = p->out;
	uint32_t k = 0;

	while (k < out->filter.n && (memcmp(&out->filter.atom[k], atom, sizeof(*atom)) ||
				     !same_operand(&out->operand[k], operand) ||
				     memcmp(&out->pattern[k], pattern, sizeof(*pattern))))
		k++;
	if (k == RP_ATOMS_MAX)
		return wrong(p, "more than 6 different comparisons");
	out->filter.atom[k] = *atom;
	out->operand[k] = *operand;
	out->pattern[k] = *pattern;
	if (k == out->filter.n)
		out->filter.n++;
	return rp_filter__bits_of(k);
}

/* A string after ==, != or =~ (is_glob). What it is compared with is one, whether it says so or
 * not. */
static const char *parse_text(struct parser *p, bool is_glob, unsigned accepts,
			      struct rp_operand *operand, struct rp_pattern *pattern)
{
	if (operand->kind == RP_OPERAND_DUR || (operand->size && !(operand->flags & RP_ARG_TEXT)))
		return "expected a number, as the operand is one";
	if (accepts != RP_EQUAL && accepts != (RP_ANY_ORDER ^ RP_EQUAL))
		return "strings are compared by ==, != and =~";
	operand->size = 8;
	operand->flags = RP_ARG_TEXT;
	return rp_pattern__parse(&p->at, is_glob, pattern);
}

static bool is_text(const struct parser *p, const struct rp_operand *operand, bool is_glob)
{
	return is_glob || *p->at == '"' || *p->at == '\'' || operand->flags & RP_ARG_TEXT;
}

/* `negated`: the opposite is asked for. It is a comparison, too: see rp_where__parse(). */
static table parse_comparison(struct parser *p, bool negated)
{
	struct rp_pattern pattern = {0};
	struct rp_operand operand;
	struct rp_atom atom = {0};
	const char *what;
	unsigned accepts;
	bool is_glob;

	take(p, "");
	what = rp_operand__parse(&p->at, &operand);
	if (what)
		return wrong(p, what);
	is_glob = take(p, "=~");
	accepts = is_glob ? RP_EQUAL : parse_relation(p);
	if (!accepts)
		return wrong(p, "expected one of < <= == != >= > =~");
	take(p, "");
	if (is_text(p, &operand, is_glob)) {
		atom.is_text = true;
		what = parse_text(p, is_glob, accepts, &operand, &pattern);
	} else if (operand.kind == RP_OPERAND_DUR) {
		if (!parse_duration(p, &atom))
			what = "expected a duration like 10us or 1.5ms";
	} else if (!parse_number(p, &atom)) {
		what = "expected a whole number of 64 bits";
	}
	if (what)
		return wrong(p, what);
	atom.kind = operand.kind;
	atom.accepts = (uint8_t)(negated ? RP_ANY_ORDER ^ accepts : accepts);
	return add_atom(p, &operand, &atom, &pattern);
}

static table parse_any(struct parser *p, bool negated);

static table parse_term(struct parser *p, bool negated)
{
	table t;

	if (p->depth == DEPTH_MAX)
		return wrong(p, "too many brackets");
	p->depth++;
	if (take(p, "!")) {
		t = parse_term(p, !negated);
	} else if (take(p, "(")) {
		t = parse_any(p, negated);
		if (!take(p, ")"))
			t = wrong(p, "expected && or || or )");
	} else {
		t = parse_comparison(p, negated);
	}
	p->depth--;
	return t;
}

static table parse_all(struct parser *p, bool negated)
{
	table t = parse_term(p, negated);

	while (take(p, "&&")) {
		table next = parse_term(p, negated);

		t = negated ? t | next : t & next;
	}
	return t;
}

static table parse_any(struct parser *p, bool negated)
{
	table t = parse_all(p, negated);

	while (take(p, "||")) {
		table next = parse_all(p, negated);

		t = negated ? t & next : t | next;
	}
	return t;
}

const char *rp_where__parse(const char *text, struct rp_where *out, size_t *at)
{
	struct parser p = {.at = text, .out = out};

	*out = (struct rp_where){0};
	out->filter.table = parse_any(&p, false);
	if (!p.wrong && *p.at)
		p.wrong = "expected && or || or the end";
	*at = (size_t)(p.at - text);
	return p.wrong;
}

bool rp_where__has_lengths(const struct rp_where *where)
{
	for (uint32_t k = 0; k < where->filter.n; k++)
		if (where->operand[k].length)
			return true;
	return false;
}
