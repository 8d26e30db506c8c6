// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/select.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Longest probe name that is matched with '-' for "__"; longer ones are matched as they are. */
#define PROBE_NAME_MAX 512

/* ---- globs --------------------------------------------------------------------------------- */

/* "__" becomes '-', but within the brackets of a glob, where '-' has its own meaning. */
static bool fold_dashes(const char *text, bool glob, char *out, size_t size)
{
	bool bracket = false;
	size_t n = 0;

	for (; *text; text++) {
		if (n + 1 >= size)
			return false;
		if (glob && *text == '[')
			bracket = true;
		else if (*text == ']')
			bracket = false;
		if (!bracket && text[0] == '_' && text[1] == '_') {
			out[n++] = '-';
			text++;
		} else {
			out[n++] = *text;
		}
	}
	out[n] = '\0';
	return true;
}

bool rp_glob__match_probe(const char *glob, const char *name)
{
	char folded_glob[PROBE_NAME_MAX], folded_name[PROBE_NAME_MAX];

	if (rp_glob__match(glob, name))
		return true;
	return fold_dashes(glob, true, folded_glob, sizeof(folded_glob)) &&
	       fold_dashes(name, false, folded_name, sizeof(folded_name)) &&
	       rp_glob__match(folded_glob, folded_name);
}

/* ---- objects ------------------------------------------------------------------------------- */

bool rp_select__is_path(const char *object)
{
	return strchr(object, '/') && rp_glob__is_literal(object);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * name as it is, or with its version after ".so" cut back part by part: libz.so.1.2.13 is also
 * libz.so.1.2, libz.so.1 and libz.so.
 */
static bool match_versions(const char *glob, const char *name)
{
	char cut[PATH_MAX];
	const char *so = strstr(file_name(name), ".so.");
	size_t len = strlen(name);

	if (rp_glob__match(glob, name))
		return true;
	if (!so || len >= sizeof(cut))
		return false;
	memcpy(cut, name, len + 1);
	for (char *dot = strrchr(cut, '.'); dot > cut + (so - name); dot = strrchr(cut, '.')) {
		*dot = '\0';
		if (rp_glob__match(glob, cut))
			return true;
	}
	return false;
}

static bool names_object(const char *object, const char *resolved, const char *path)
{
	if (resolved && !strcmp(resolved, path))
		return true;
	return match_versions(object, path) ||
	       (!strchr(object, '/') && match_versions(object, file_name(path)));
}

/*
 * What the maps of a process show has no links in it, what users type has (/lib, libz.so). A path
 * that does not exist here may still exist in the target's own root.
 */
static char *resolve(const char *object)
{
	return rp_select__is_path(object) ? realpath(object, NULL) : NULL;
}

/* ---- ids of spans -------------------------------------------------------------------------- */

/* Cut "@argN" off a selection's last field. false: something else comes after the '@'. */
static bool cut_key(char *field, unsigned long n_args, int *key)
{
	char *at = strrchr(field, '@'), *end;
	unsigned long n;

	*key = -1;
	if (!at)
		return true;
	if (strncmp(at, "@arg", 4) != 0 || !isdigit((unsigned char)at[4]))
		return false;
	n = strtoul(at + 4, &end, 10);
	if (*end || n >= n_args)
		return false;
	*at = '\0';
	*key = (int)n;
	return true;
}

/* ---- -f ------------------------------------------------------------------------------------ */

/* The ':' that ends OBJECT: neither one of "::" nor within brackets (foo[abi:cxx11]). */
static const char *find_object_end(const char *text)
{
	for (const char *at = text; *at; at++) {
		const char *close = *at == '[' ? strchr(at, ']') : NULL;

		if (close)
			at = close;
		if (*at != ':')
			continue;
		if (at[1] != ':')
			return at;
		at += strspn(at, ":") - 1;
	}
	return NULL;
}

static int wrong_function(const char *text, struct rp_err *err)
{
	return rp_err__set(err, RP_EXIT_USAGE, -EINVAL, "rptrace --help",
			   "\"%s\" selects no function: what does is [OBJECT:]GLOB, as "
			   "'parse_*' or 'libz.so:deflate', or [OBJECT:]BEGIN:END@argN for spans "
			   "(arg0 to arg5)",
			   text);
}

/* BEGIN:END of a span. */
static int split_span(struct rp_select_function *out, struct rp_err *err)
{
	const char *begin = out->glob, *colon = find_object_end(begin);
	int key;

	if (!colon || colon == begin || !colon[1])
		return wrong_function(out->text, err);
	out->span = strdup(begin);
	if (!out->span)
		return rp_err__no_memory(err);
	out->span[colon - begin] = '\0';
	out->glob = out->span;
	out->end = out->span + (colon + 1 - begin);
	cut_key(out->span + (colon + 1 - begin), RP_FUNCTION_ARGS_MAX, &key);
	out->key = (unsigned)key;
	return *out->end ? 0 : wrong_function(out->text, err);
}

/* OBJECT:GLOB with "@argN" behind it: a span, of which the first field is the object if there are
 * three. */
static bool is_span(const char *text)
{
	const char *at = strrchr(text, '@');

	return at && at[1] == 'a' && at[2] == 'r' && at[3] == 'g' && at[4] >= '0' &&
	       at[4] < '0' + RP_FUNCTION_ARGS_MAX && !at[5] && find_object_end(text);
}

/* "BEGIN:END@arg9", "BEGIN:END@size": no version of a symbol is in small letters. */
static bool is_wrong_span(const char *text)
{
	const char *at = strrchr(text, '@');

	return at && (!at[1] || islower((unsigned char)at[1])) && find_object_end(text) &&
	       !is_span(text);
}

int rp_select_function__parse(const char *text, struct rp_select_function *out, struct rp_err *err)
{
	const char *colon = find_object_end(text);
	bool span = is_span(text);
	int rc = 0;

	*out = (struct rp_select_function){.text = text, .glob = text};
	if (span && !find_object_end(colon + 1))
		colon = NULL; /* it is between begin and end */
	if (colon)
		out->glob = colon + 1;
	if (!*out->glob || colon == text || is_wrong_span(text))
		return wrong_function(text, err);
	if (span)
		rc = split_span(out, err);
	if (!rc && colon) {
		out->object = strndup(text, colon - text);
		rc = out->object ? 0 : rp_err__no_memory(err);
	}
	if (!rc)
		out->resolved = out->object ? resolve(out->object) : NULL;
	else
		rp_select_function__free(out);
	return rc;
}

void rp_select_function__free(struct rp_select_function *selection)
{
	free(selection->object);
	free(selection->resolved);
	free(selection->span);
}

bool rp_select_function__applies(const struct rp_select_function *selection, const char *path,
				 bool is_exe)
{
	if (!selection->object)
		return is_exe;
	return names_object(selection->object, selection->resolved, path);
}

/* ---- -u ------------------------------------------------------------------------------------ */

int rp_select_usdt__parse(const char *text, struct rp_select_usdt *out, struct rp_err *err)
{
	char *rest = strdup(text);
	bool empty = false, keyed;

	*out = (struct rp_select_usdt){.text = text};
	if (!rest)
		return rp_err__no_memory(err);
	while (rest && out->n < 4)
		out->fields[out->n++] = strsep(&rest, ":");
	keyed = cut_key(out->fields[out->n - 1], RP_USDT_ARGS_MAX, &out->key);
	for (unsigned i = 0; i < out->n; i++)
		empty |= !*out->fields[i];
	if (empty || rest || out->n < 2 || !keyed) {
		free(out->fields[0]);
		return rp_err__set(err, RP_EXIT_USAGE, -EINVAL, "rptrace --help",
				   "\"%s\" selects no USDT probes: %s", text,
				   keyed ? "what does is [OBJECT:]PROVIDER:BEGIN[:END][@argN], as "
					   "'postgresql:query__start' or 'python:*'"
					 : "after '@' comes arg0 to arg11, the id of a span");
	}
	if (out->n > 2)
		out->resolved = resolve(out->fields[0]);
	return 0;
}

void rp_select_usdt__free(struct rp_select_usdt *selection)
{
	free(selection->fields[0]);
	free(selection->resolved);
}

const char *rp_select_usdt__object(const struct rp_select_usdt *selection)
{
	return selection->n > 2 ? selection->fields[0] : NULL;
}

bool rp_select_usdt__plain(const struct rp_select_usdt *selection, bool is_target,
			   struct rp_usdt_query *out)
{
	char *const *f = selection->fields;

	if (!is_target || selection->n > 3 || strchr(f[0], '/'))
		return false;
	*out = (struct rp_usdt_query){.provider = f[0],
				      .begin = f[1],
				      .end = selection->n == 3 ? f[2] : NULL,
				      .key = selection->key};
	return true;
}

bool rp_select_usdt__of_object(const struct rp_select_usdt *selection, const char *path,
			       struct rp_usdt_query *out)
{
	char *const *f = selection->fields;

	if (selection->n < 3 || !names_object(f[0], selection->resolved, path))
		return false;
	*out = (struct rp_usdt_query){.provider = f[1],
				      .begin = f[2],
				      .end = selection->n == 4 ? f[3] : NULL,
				      .key = selection->key};
	return true;
}
