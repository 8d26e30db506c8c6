/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The processes under trace and the objects they have mapped: finds what the plan wants, attaches
 * it, and keeps both up with fork, exec, dlopen and exit.
 *
 * An object that only traced processes map is probed in every process (the kernel programs tell
 * them apart), so that children are measured from their first instruction. One that others map
 * too is probed process by process, so that those others never pay. Where the whole system is
 * traced, all are probed in every process.
 */
#ifndef RP_TARGETS_H
#define RP_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "discover/proc.h"
#include "helper/helper.h"
#include "plan/plan.h"
#include "rp_abi.h"
#include "targets/ops.h"
#include "util/error.h"

struct rp_targets;

struct rp_targets_stats {
	size_t processes; /* alive */
	bool came;	  /* where the whole system is traced: some process ever was */
	size_t objects;	  /* with probes */
	size_t sites, slow_sites;
	size_t refused; /* sites that the kernel would not probe: not measured */
	size_t moved;	/* sites that a process has moved code away from: never hit there */
	size_t trapped; /* processes that ended by SIGTRAP */
	bool denied;	/* objects of the target could not be read */
	size_t left;	/* files that were left, as they could not be read or took too much ... */
	const char *left_path, *left_why; /* ... and which was the first */
	bool names;    /* regions that are named at run time are among the sites */
	bool stripped; /* an executable without symbol table was looked at */
};

struct rp_targets_opts {
	/* NULL: objects are discovered and planned, and nothing is attached. */
	struct rp_session *session;
	const struct rp_targets_ops *ops; /* of the session */
	struct rp_plan *plan;
	const char *proc; /* NULL: /proc */
	/* Opens and reads files. NULL: this process does, as in tests with a /proc of their own. */
	struct rp_helper *helper;
	bool follow;	    /* children, too */
	bool others_hidden; /* processes may map a file that /proc does not show */
	/* Whether to give up what is under way, which may take long: asked often. NULL: never. */
	bool (*is_cancelled)(void);
	/* Told before what may take long: what is done with which file. NULL: nobody asks. */
	void (*on_work)(void *ctx, const char *doing, const char *path);
	void *ctx;
	uint64_t max_reading; /* ns of CPU time that the files of one process may take; 0: 30 s */
	bool link_per_site;   /* each site is a link of its own, of which to close one takes long */
};

struct rp_targets *rp_targets__new(const struct rp_targets_opts *opts);
void rp_targets__free(struct rp_targets *targets);

/*
 * Trace processes that run, with the children they have. All at once: to each of them the others
 * are no processes outside the trace. The last n_found were found by a name: those that have ended
 * since are left out, unless nobody is left. -ESRCH: there is no such process; -EACCES: it may not
 * be looked at; and errors of attaching.
 */
int rp_targets__add(struct rp_targets *targets, const pid_t *pids, size_t n, size_t n_found,
		    struct rp_err *err);

/* Trace a process that will exec the program at path: it and the libraries it links come first. */
int rp_targets__add_command(struct rp_targets *targets, pid_t pid, const char *path,
			    struct rp_err *err);

/*
 * Trace every process that maps something selected, those that are started later too. Comes after
 * rp_targets__add_named.
 */
int rp_targets__add_system(struct rp_targets *targets, struct rp_err *err);

/* Objects that the selection names by path, mapped or not. */
int rp_targets__add_named(struct rp_targets *targets, struct rp_err *err);

/* ---- changes while tracing ----------------------------------------------------------------- */

/*
 * Trace what this selects, too, be it new or left out before: as after -f, or -u. That nothing
 * matches is no error.
 */
int rp_targets__select(struct rp_targets *targets, const char *text, struct rp_err *err);

/*
 * Trace these regions no more: their probes go, all others stay as they are without a gap. After an
 * error they are traced as before.
 */
int rp_targets__leave_out(struct rp_targets *targets, const uint32_t *regions, size_t n,
			  struct rp_err *err);
/* Trace them again. */
int rp_targets__take_back(struct rp_targets *targets, const uint32_t *regions, size_t n,
			  struct rp_err *err);

/* ---- while it runs ------------------------------------------------------------------------- */

/* The file that it is about. */
dev_t rp_event__dev(const struct rp_event *event);

/* An event of the kernel's. Errors here cost the probes of one process, and are counted as late. */
void rp_targets__on_event(struct rp_targets *targets, const struct rp_event *event);

/* Something was mapped anywhere in the system, all of which is traced. */
void rp_targets__on_mapping(struct rp_targets *targets, pid_t pid, const struct rp_mapped *mapped,
			    uint64_t time); /* ns, CLOCK_MONOTONIC */

/* Some mappings were not told: they are found by looking. */
void rp_targets__missed_mappings(struct rp_targets *targets);

/* Can be read when rp_targets__rescan is called for; -1: it never is so. */
int rp_targets__fd(const struct rp_targets *targets);

/*
 * Look again at processes that mapped something, and take away probes that have had their time;
 * returns ms until there is more to do, or -1.
 */
int rp_targets__rescan(struct rp_targets *targets);

/* Drop processes that ended unnoticed. */
void rp_targets__reap(struct rp_targets *targets);

/* The processes that are traced now, in a malloc'ed array in no order. -ENOMEM. */
int rp_targets__pids(const struct rp_targets *targets, pid_t **pids, size_t *n);

/* A traced process that somebody has under ptrace(2), and who; 0: none is. */
pid_t rp_targets__debugged(const struct rp_targets *targets, pid_t *debugger);

/*
 * From now on it is measured what the processes do. What CPU time they used before is not counted:
 * to read their files and to attach may have taken seconds, in which nothing was measured.
 */
void rp_targets__begin_cpu(struct rp_targets *targets);

/* CPU time that they have used since then, or since they came later, ns; ended ones included. */
uint64_t rp_targets__cpu(struct rp_targets *targets);

/* Number, as in the sites of the plan: path as the target's maps show it. Returns its open file,
 * which stays the targets'. */
int rp_targets__object(const struct rp_targets *targets, uint32_t object, const char **path);
/*
 * Read it, as rp_elf__open() does, with these tables (enum rp_elf_tables); one at a time. -EBADF:
 * it is let go of.
 */
int rp_targets__read(const struct rp_targets *targets, uint32_t object, unsigned tables,
		     struct rp_elf **out);
/* How many numbers there are; is it the executable of a process? */
size_t rp_targets__n_objects(const struct rp_targets *targets);
bool rp_targets__is_executable(const struct rp_targets *targets, uint32_t object);

void rp_targets__stats(const struct rp_targets *targets, struct rp_targets_stats *stats);

#endif
