/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* One row of the table of options, and what its type makes of a text. */
#ifndef RP_OPTIONS_H
#define RP_OPTIONS_H

#include <stddef.h>

#include "opts/opts.h"

enum rp_option_type {
	RP_OPTION_FLAG,	     /* bool */
	RP_OPTION_TEXT,	     /* const char * */
	RP_OPTION_LIST,	     /* struct rp_texts: repeatable */
	RP_OPTION_PROCESSES, /* pids and names */
	RP_OPTION_NUMBER,    /* unsigned */
	RP_OPTION_SIZE,	     /* uint64_t, bytes; 4096, 64k, 16M, 1G */
	RP_OPTION_SECONDS,   /* double; without a unit: seconds */
	RP_OPTION_DURATION,  /* double, seconds; it must have a unit */
	RP_OPTION_PERCENT,   /* double, a share of 1 */
	RP_OPTION_CHOICE,    /* an enum, from `least` on */
	RP_OPTION_PARSED,    /* by its own function */
};

/* In help: under which heading. */
enum rp_option_section {
	RP_SECTION_WHAT,
	RP_SECTION_SHOW,
	RP_SECTION_HOW,
	RP_SECTION_OTHER,
	RP_SECTION_COUNT,
};

struct rp_option {
	const char *name; /* without dashes */
	char letter;	  /* or 0 */
	enum rp_option_section section;
	unsigned commands; /* bit 1 << enum rp_command: those that take it */
	enum rp_option_type type;
	size_t member;	 /* offset in struct rp_opts */
	const char *arg; /* what help calls its value */
	const char *help;
	const char *example;  /* a value; NULL where the type knows one */
	double least, most;   /* bounds of what is a number */
	double preset;	      /* the default of a number; 0: none */
	const char *word;     /* the default of a parsed one; NULL: none */
	const char *bare;     /* the value where none follows in the same word; NULL: it must */
	size_t given;	      /* offset of a bool that says that it was there; 0: none */
	bool decides;	      /* changes what is measured: runs compare only if it is the same */
	bool names_elsewhere; /* help lists the choices in a paragraph of their own */
	/* The words it knows, NULL past the last; of RP_OPTION_CHOICE and _PARSED. */
	const char *(*choice)(unsigned i);
	/* NULL, or what is wrong, a static text; *at becomes the place in the text, where that
	 * helps. */
	const char *(*parse)(const char *text, struct rp_opts *opts, const char **at);
};

extern const struct rp_option rp_options[];
extern const size_t rp_n_options;

struct rp_verb {
	const char *name;  /* NULL: that without a word */
	const char *usage; /* behind the name */
	const char *about;
};
extern const struct rp_verb rp_verbs[RP_COMMAND_COUNT];

/* Why a value is none. */
struct rp_bad_value {
	char cause[384]; /* behind "OPTION: " */
};

/* The member becomes what the text says. -EINVAL; -ENOMEM. */
int rp_option__set(const struct rp_option *option, const char *text, struct rp_opts *opts,
		   struct rp_bad_value *bad);
void rp_option__set_default(const struct rp_option *option, struct rp_opts *opts);

/* One more. 0 or -ENOMEM. */
int rp_texts__add(struct rp_texts *texts, const char *text);

/* A value that would do. Returns buf. */
const char *rp_option__example(const struct rp_option *option, char *buf, size_t size);
/* The words it knows, as "a, b, c". Returns buf. */
const char *rp_option__choices(const struct rp_option *option, char *buf, size_t size);
/* The default as help shows it, "" without one. Returns buf. */
const char *rp_option__default(const struct rp_option *option, char *buf, size_t size);

#endif
