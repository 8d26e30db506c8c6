// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/usdt_pair.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * Words that pair in programs seen in the wild. Not start/stop and not acquire/release: there they
 * mostly frame no region (a keepalive timer; a lock that was taken by another probe's path).
 */
static const struct pair_words {
	const char *begin, *end;
	bool call;
} pair_words[] = {
	{"begin", "end", false},    {"start", "end", false},	{"start", "done", false},
	{"start", "finish", false}, {"entry", "return", true},	{"entry", "exit", true},
	{"enter", "exit", true},    {"enter", "leave", true},	{"enter", "entered", false},
	{"pre", "post", false},	    {"before", "after", false}, {"startup", "shutdown", false},
	{"start", "commit", false}, {"start", "abort", false},	{"begin", "commit", false},
	{"begin", "abort", false},
};

#define N_PAIR_WORDS (sizeof(pair_words) / sizeof(pair_words[0]))

struct split {
	size_t stem;	  /* bytes before the last separator */
	const char *last; /* the last word */
	bool wide; /* the separator is "__" or '-', which set off a word more than '_' does */
};

static bool is_separator(char c)
{
	return c == '_' || c == '-';
}

static struct split split_last_word(const char *name)
{
	const char *last = name + strlen(name), *separator;

	while (last > name && !is_separator(last[-1]))
		last--;
	separator = last;
	while (separator > name && is_separator(separator[-1]))
		separator--;
	return (struct split){
		.stem = separator - name,
		.last = last,
		.wide = last - separator >= 2 || (last > separator && last[-1] == '-'),
	};
}

static void fold(const char *name, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (c == '_' && i + 1 < len && name[i + 1] == '_') {
			c = '-';
			i++;
		} else if (c >= 'A' && c <= 'Z') {
			c += 'a' - 'A';
		}
		*out++ = c;
	}
	*out = '\0';
}

/* Equality of folded forms, without the memory for them. */
static bool same_folded(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t i = 0, j = 0;

	while (i < a_len && j < b_len) {
		size_t wide_a = i + 1 < a_len && a[i] == '_' && a[i + 1] == '_';
		size_t wide_b = j + 1 < b_len && b[j] == '_' && b[j + 1] == '_';
		char c[2] = {wide_a ? '-' : a[i], wide_b ? '-' : b[j]};

		if (strncasecmp(&c[0], &c[1], 1) != 0)
			return false;
		i += 1 + wide_a;
		j += 1 + wide_b;
	}
	return i == a_len && j == b_len;
}

static const struct pair_words *find_words(const char *begin, const char *end)
{
	for (size_t i = 0; i < N_PAIR_WORDS; i++)
		if (!strcasecmp(begin, pair_words[i].begin) && !strcasecmp(end, pair_words[i].end))
			return &pair_words[i];
	return NULL;
}

static void write_stem(const char *name, size_t len, char *stem, size_t size)
{
	if (size)
		snprintf(stem, size, "%.*s", (int)len, name);
}

/* NAME__end and NAME__done close NAME. */
static bool closes_plain_name(const struct split *e)
{
	return e->wide && e->stem && (!strcasecmp(e->last, "end") || !strcasecmp(e->last, "done"));
}

bool rp_usdt_pair__match(const char *begin, const char *end, char *stem, size_t size)
{
	struct split b = split_last_word(begin), e = split_last_word(end);

	if (find_words(b.last, e.last) && same_folded(begin, b.stem, end, e.stem)) {
		write_stem(begin, b.stem, stem, size);
		return true;
	}
	if (closes_plain_name(&e) && same_folded(begin, strlen(begin), end, e.stem)) {
		write_stem(begin, strlen(begin), stem, size);
		return true;
	}
	return false;
}

bool rp_usdt_pair__is_call(const char *begin, const char *end)
{
	const struct pair_words *words = find_words(split_last_word(begin).last,
						    split_last_word(end).last);

	return words && words->call;
}

/* Of Python and PHP, Ruby and Java, Ruby's C code, Perl, Tcl. */
bool rp_usdt_pair__is_every_call(const char *stem)
{
	static const char *const names[] = {"function", "method", "cmethod", "sub", "proc"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(stem, names[i]))
			return true;
	return false;
}

/* They are parted by blanks. */
static int count_args(const char *args)
{
	int n = 0;

	for (const char *at = args; *at; at++)
		n += *at != ' ' && (at == args || at[-1] == ' ');
	return n;
}

bool rp_usdt_pair__tell_the_same(const struct rp_usdt_note *begin, const struct rp_usdt_note *end)
{
	return rp_usdt_pair__is_call(begin->name, end->name) &&
	       count_args(begin->args) == count_args(end->args);
}

bool rp_usdt_pair__share_stem(const char *begin, const char *end, char *stem, size_t size)
{
	struct split b = split_last_word(begin), e = split_last_word(end);

	if (!b.stem || !same_folded(begin, b.stem, end, e.stem))
		return false;
	write_stem(begin, b.stem, stem, size);
	return true;
}

bool rp_usdt_pair__is_end(const char *name)
{
	struct split e = split_last_word(name);

	for (size_t i = 0; i < N_PAIR_WORDS; i++)
		if (!strcasecmp(e.last, pair_words[i].end))
			return true;
	return false;
}

void rp_usdt_pair__fold(const char *name, char *out)
{
	fold(name, strlen(name), out);
}

void rp_usdt_pair__fold_stem(const char *name, char *out)
{
	fold(name, split_last_word(name).stem, out);
}
