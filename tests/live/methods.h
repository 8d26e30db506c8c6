/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The ways in which functions are traced, and runs of a target by each of them beside a run
 * without any. A method that this kernel or build refuses is skipped, loudly. $LIVE_METHODS, a
 * part of the options that make a method, leaves out all that have it not.
 */
#ifndef METHODS_H
#define METHODS_H

#include "live.h"

/* What a method is, and a case about: every method is run that is nothing else. */
enum {
	BY_AUTO = 1,   /* what rptrace chooses */
	BY_RETURN = 2, /* the kernel's return probes */
	BY_SITES = 4,  /* probes at the exits */
	BY_PERF = 8,   /* perf events, which take long to go where there are many */
	BY_ALL = BY_AUTO | BY_RETURN | BY_SITES | BY_PERF,
};

struct live_method {
	const char *options;
	unsigned by;
};

#define LIVE_METHODS 7

extern const struct live_method live_methods[LIVE_METHODS];

/* A target under a method. */
struct live_case {
	const char *target;    /* command line; a path or a name in $RPT_TARGETS; %s: that folder */
	const char *selection; /* -f ... */
	unsigned by;
	const char
		*lost; /* reasons for which anything may be lost, with blanks between; NULL: none */
	/* What holds of the figures; NULL: all that the target expects, and that they are sound. */
	void (*holds)(const struct live_run *run);
};

#define LIVE_CASE(target_, selection_, by_, ...)                                                   \
	{                                                                                          \
		.target = target_, .selection = selection_, .by = by_, __VA_ARGS__                 \
	}

/*
 * Run the target alone and traced: both say the same and end the same, rptrace ends well and its
 * figures are loaded. Does not return where the case cannot be run here (skipped).
 */
struct live_run live_unharmed(const struct live_case *c, const struct live_method *method);

/* Skip the test unless the method, or the target of that path, is there. */
void live_need_method(const struct live_method *method);
void live_need_target(const char *target);

/* ---- tables --------------------------------------------------------------------------------- */

/* Every case by every method it is about, then the single tests; as main() does. */
int live_main_methods(const char *group, const struct live_case *cases, size_t n_cases,
		      const struct CMUnitTest *single, size_t n_single);

#endif
