/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the user types after -f, -u and -x: taken apart, and matched against names. */
#ifndef RP_SELECT_H
#define RP_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"
#include "util/glob.h"

/* [OBJECT:]GLOB, or [OBJECT:]BEGIN:END@argN */
struct rp_select_function {
	const char *text;
	char *object;	/* NULL: the executables of the target */
	char *resolved; /* object with its links followed, where it is a path of a file; NULL */
	const char *glob;
	const char *end; /* of a span, which begins where `glob` is entered; else NULL */
	unsigned key;	 /* the argument that tells spans apart */
	char *span;	 /* memory of those two */
	bool matched;	 /* by what was seen so far */
};

/*
 * [OBJECT:]PROVIDER:BEGIN[:END][@argN]. Three fields are ambiguous: only an object's probes tell
 * whether the first is a provider or an object.
 */
struct rp_select_usdt {
	const char *text;
	char *fields[4]; /* the first owns the memory of all */
	unsigned n;
	int key; /* 0 to RP_USDT_ARGS_MAX - 1: the argument that tells spans apart; -1: no spans */
	char *resolved; /* as above, of the field that may be an object */
	bool matched;	/* by what was seen so far */
};

/* One reading of a USDT selection. */
struct rp_usdt_query {
	const char *provider, *begin;
	const char *end; /* NULL: the pair rule finds it */
	int key;	 /* as above */
	bool *matched;	 /* that of its selection; NULL as it is read */
};

#define RP_USDT_ARGS_MAX     12
#define RP_FUNCTION_ARGS_MAX 6

/* -EINVAL with err: malformed; -ENOMEM. After an error there is nothing to free. */
int rp_select_function__parse(const char *text, struct rp_select_function *out, struct rp_err *err);
int rp_select_usdt__parse(const char *text, struct rp_select_usdt *out, struct rp_err *err);
void rp_select_function__free(struct rp_select_function *selection);
void rp_select_usdt__free(struct rp_select_usdt *selection);

/* The selection is about an object at this path; without OBJECT it is about executables. */
bool rp_select_function__applies(const struct rp_select_function *selection, const char *path,
				 bool is_exe);

/* The OBJECT, or the field that may be one; NULL: there is none. */
const char *rp_select_usdt__object(const struct rp_select_usdt *selection);

/*
 * The reading without an OBJECT, which is about all objects of a target; and that with one, where
 * the object at this path is meant.
 */
bool rp_select_usdt__plain(const struct rp_select_usdt *selection, bool is_target,
			   struct rp_usdt_query *out);
bool rp_select_usdt__of_object(const struct rp_select_usdt *selection, const char *path,
			       struct rp_usdt_query *out);

/* OBJECT is a path of one file: it holds a '/' and no wildcard. */
bool rp_select__is_path(const char *object);

/* rp_glob__match(), with '-' and "__" in names alike. */
bool rp_glob__match_probe(const char *glob, const char *name);

#endif
