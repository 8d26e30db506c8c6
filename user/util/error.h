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
	RP_EXIT_NOTHING = 3,	 /* nothing to trace */
	RP_EXIT_DENIED = 4,	 /* not permitted, or not supported here */
	RP_EXIT_REGRESSION = 5,	 /* rptrace diff found one */
	RP_EXIT_CANNOT_TELL = 6, /* these runs cannot tell whether there is one */
	RP_EXIT_CANNOT_RUN = 126,
	RP_EXIT_NOT_FOUND = 127,
};

/*
 * What cures it where that is a change of the line that was typed, or depends on who has typed it:
 * most of rptrace knows neither. opts/cure.h makes a command of it.
 */
enum rp_remedy {
	RP_REMEDY_NONE,	  /* the cure is what it says */
	RP_REMEDY_RIGHTS, /* the same line, with the rights that it lacks */
	RP_REMEDY_LIST,	  /* to see what there is in the target */
	RP_REMEDY_LINE,	  /* the same line with other options */
};

struct rp_err {
	enum rp_exit exit;
	char cause[512];
	char cure[512]; /* empty where there is none to tell */
	enum rp_remedy remedy;
	const char *without; /* long names of options, separated by blanks; NULL: none */
	const char *with[3]; /* words, up to a NULL */
};

/* Of an error about a process that is not there, or not named: who is. */
#define RP_CURE_PROCESSES "ps -eo pid,comm"
/* Kernel threads are children of number 2. */
#define RP_CURE_PROGRAMS "ps --ppid 2 -p 2 --deselect -o pid,comm"

/*
 * Fill err and return `code`, a negative errno. `cure` may be NULL, and is a plain string;
 * `cause` is a printf format. Names from a target go in as they are: what prints an error escapes.
 */
int rp_err__set(struct rp_err *err, enum rp_exit exit, int code, const char *cure,
		const char *cause, ...) __attribute__((format(printf, 5, 6)));

/* Of an error that has been set without a cure: what cures it. Returns `code`. */
int rp_err__remedy(struct rp_err *err, int code, enum rp_remedy remedy);

/* The same for RP_REMEDY_LINE; `without` and `with`, an option and its value, may be NULL. */
int rp_err__line(struct rp_err *err, int code, const char *without, const char *with,
		 const char *value);

/* The same for memory that is not to be had: -ENOMEM. */
int rp_err__no_memory(struct rp_err *err);

#endif
