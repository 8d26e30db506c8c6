/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * One error for one run: what went wrong and what the user can do about it, a line each.
 * Functions return 0 or a negative errno and fill the error; only main.c prints it.
 */
#ifndef RP_ERROR_H
#define RP_ERROR_H

enum rp_exit {
	RP_EXIT_OK = 0,
	RP_EXIT_FAILED = 1,
	RP_EXIT_USAGE = 2,
	RP_EXIT_NOTHING = 3,	/* nothing to trace */
	RP_EXIT_DENIED = 4,	/* not permitted, or not supported here */
	RP_EXIT_REGRESSION = 5, /* rptrace diff found one */
	RP_EXIT_CANNOT_RUN = 126,
	RP_EXIT_NOT_FOUND = 127,
};

struct rp_err {
	enum rp_exit exit;
	char cause[512];
	char cure[512]; /* empty where there is none to tell */
};

/*
 * Fill err and return `code`, a negative errno. `cure` may be NULL, and is a plain string;
 * `cause` is a printf format. Names from a target go in as they are: what prints an error escapes.
 */
int rp_err__set(struct rp_err *err, enum rp_exit exit, int code, const char *cure,
		const char *cause, ...) __attribute__((format(printf, 5, 6)));

/* The same for memory that is not to be had: -ENOMEM. */
int rp_err__no_memory(struct rp_err *err);

#endif
