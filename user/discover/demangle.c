// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/demangle.h"

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* Without it libiberty.h declares a basename of its own. */
#define HAVE_DECL_BASENAME 1
#include <libiberty/demangle.h>

struct sink {
	char *buf;
	size_t size;
	size_t len;
	jmp_buf full;
};

/*
 * Back references make names whose readable form is exponentially long. libiberty's callback has no
 * way to say "enough", so leave through it: it keeps what it works on in its stack frames, but for
 * a punycode name it may be in the middle of, which then is lost.
 */
static void put(const char *text, size_t len, void *opaque)
{
	struct sink *sink = opaque;

	if (len >= sink->size - sink->len)
		longjmp(sink->full, 1);
	memcpy(sink->buf + sink->len, text, len);
	sink->len += len;
}

#define BINDER "G00" /* how a number begins that was cut */

/*
 * A type of Rust may bring lifetimes, "FG_" one, and libiberty counts to their number, of base 62,
 * even where it prints none of them: six digits are an hour. Of three digits and more the last one
 * is left; zeros leave all else in its place. Other text may look like that, too: hashes of crates,
 * which nobody is shown, and names, as is seen afterwards.
 */
static bool cut_lifetimes(char *mangled)
{
	bool has_cut = false;

	for (char *at = mangled; (at = strchr(at, 'G')); at++) {
		size_t n = 0;

		while (isalnum((unsigned char)at[1 + n]))
			n++;
		if (n < 3 || at[1 + n] != '_' || at == mangled || !strchr("FD", at[-1]))
			continue;
		memset(at + 1, '0', n - 1);
		has_cut = true;
	}
	return has_cut;
}

static int run(const char *mangled, struct sink *sink)
{
	if (setjmp(sink->full))
		return -E2BIG;
	/* The legacy mangling of Rust is valid C++ as well, with the hash as a last name. */
	if (rust_demangle_callback(mangled, DMGL_NO_OPTS, put, sink))
		return 1;
	sink->len = 0;
	return cplus_demangle_v3_callback(mangled, DMGL_NO_OPTS, put, sink) ? 1 : 0;
}

struct suffix {
	const char *word;
	bool whole; /* stands for a copy of all of the function: people know it by the plain name */
};

static const struct suffix suffixes[] = {
	{"isra", true},	      {"constprop", true},   {"llvm", true},  {"lto_priv", true},
	{"localalias", true}, {"specialized", true}, {"part", false},
};

#define WORD_MAX   11 /* "specialized" */
#define DIGITS_MAX 32

/*
 * The suffix ".word" or ".word.123" that ends name[0..len); its length, or 0. No further back than
 * the longest one: a symbol table may have millions of names, each of them the end of the same long
 * one.
 */
static size_t last_suffix(const char *name, size_t len, const struct suffix **which)
{
	size_t end = len, start;

	while (end > 0 && len - end < DIGITS_MAX && name[end - 1] >= '0' && name[end - 1] <= '9')
		end--;
	if (end == len || end == 0 || name[end - 1] != '.')
		end = len;
	else
		end--;
	for (start = end; start > 0 && end - start <= WORD_MAX && name[start - 1] != '.'; start--)
		;
	if (start < 2)
		return 0;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strlen(suffixes[i].word) == end - start &&
		    !memcmp(name + start, suffixes[i].word, end - start)) {
			*which = &suffixes[i];
			return len - start + 1;
		}
	return 0;
}

/* Demangle linker[0..stem) where it is a mangled name; returns as rp_demangle__name does. */
static int demangle_stem(const char *linker, size_t stem, struct sink *sink)
{
	bool has_cut;
	char *copy;
	int ret;

	if (linker[0] != '_' || (linker[1] != 'Z' && linker[1] != 'R'))
		return 0;
	if (!linker[stem] && linker[1] == 'Z')
		return run(linker, sink);
	copy = strndup(linker, stem);
	if (!copy)
		return 0;
	has_cut = linker[1] == 'R' && cut_lifetimes(copy);
	ret = run(copy, sink);
	free(copy);
	return ret > 0 && has_cut && memmem(sink->buf, sink->len, BINDER, strlen(BINDER)) ? 0 : ret;
}

int rp_demangle__name(const char *linker, char *buf, size_t size)
{
	struct sink sink = {.buf = buf, .size = size};
	size_t stem = strlen(linker), part_len = 0, n;
	const struct suffix *which;
	const char *part = "";
	bool trimmed = false;
	int ret;

	while ((n = last_suffix(linker, stem, &which)) && (which->whole || !part_len)) {
		stem -= n;
		trimmed |= which->whole;
		if (!which->whole) {
			part = linker + stem;
			part_len = n;
		}
	}
	ret = demangle_stem(linker, stem, &sink);
	if (ret < 0 || (!ret && !trimmed))
		return ret;
	if (!ret) {
		if (stem >= size)
			return -E2BIG;
		memcpy(buf, linker, stem);
		sink.len = stem;
	}
	if (part_len >= size - sink.len)
		return -E2BIG;
	memcpy(buf + sink.len, part, part_len);
	buf[sink.len + part_len] = '\0';
	return 1;
}

int rp_demangle__signature(const char *linker, char *buf, size_t size)
{
	struct sink sink = {.buf = buf, .size = size};

	if (setjmp(sink.full))
		return -E2BIG;
	if (!cplus_demangle_v3_callback(linker, DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP, put,
					&sink))
		return 0;
	buf[sink.len] = '\0';
	return 1;
}

bool rp_demangle__is_cold_part(const char *linker)
{
	const char *at = strrchr(linker, '.');

	if (at && at != linker && !strcmp(at, ".cold"))
		return true;
	if (!at || at == linker || !at[1] || at[1 + strspn(at + 1, "0123456789")])
		return false;
	/* clang numbers them, and those of a function of which each block has a section */
	at = memrchr(linker, '.', at - linker);
	return at && at != linker && (!strncmp(at, ".cold.", 6) || !strncmp(at, ".__part.", 8));
}
