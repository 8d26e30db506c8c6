/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the files of rptrace doctor share; nobody else includes it. */
#ifndef RP_DOCTOR_INTERNAL_H
#define RP_DOCTOR_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach/features.h"
#include "opts/cure.h"

enum rp_level { RP_LEVEL_OK, RP_LEVEL_NOTE, RP_LEVEL_FAIL };

struct rp_finding {
	const char *name;
	enum rp_level level;
	char found[384];
	char cure[384]; /* empty where all is well */
};

/* cure may be NULL. The text is printed as it is: names in it are escaped when it is printed. */
void rp_finding__set(struct rp_finding *finding, enum rp_level level, const char *cure,
		     const char *found, ...) __attribute__((format(printf, 4, 5)));

#define RP_CHECKS_MAX 16

struct rp_findings {
	struct rp_finding items[RP_CHECKS_MAX];
	size_t n;
};

struct rp_system {
	struct rp_features features;
	uint64_t caps;	    /* effective */
	char lockdown[128]; /* as the kernel tells it; "": it has none */
	const struct rp_opts *opts;
};

void rp_system__open(struct rp_system *system, const struct rp_opts *opts);

/* A failure that was found elsewhere: its cause, and its cure for who runs rptrace. */
void rp_finding__fail(struct rp_finding *finding, const struct rp_system *system,
		      struct rp_err *err);

/* What gives the capability of that number to who runs rptrace, where that is what is lacking. */
const char *rp_system__cure(const struct rp_system *system, unsigned cap,
			    struct rp_command_line *line);

/* Newer than the headers of some distributions. */
#define RP_CAP_PERFMON 38
#define RP_CAP_BPF     39

void rp_system__check(const struct rp_system *system, struct rp_findings *out);

/* All checks of one process; those that need what an earlier one did not find are left out. */
void rp_target__check(const struct rp_system *system, pid_t pid, struct rp_findings *out);

#endif
