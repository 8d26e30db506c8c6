/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the parts of the targets share: objects and processes, and who is probed where. */
#ifndef RP_TARGETS_INTERNAL_H
#define RP_TARGETS_INTERNAL_H

#include <sys/stat.h>
#include <uthash.h>

#include "discover/proc.h"
#include "targets.h"

#define RP_PROC "/proc"

struct rp_object {
	struct rp_file_id id; /* as maps shows it; 0:0 where it was opened by path alone */
	dev_t st_dev;
	ino_t st_ino;
	char *path;
	int fd;
	bool wide;		/* probed in every process */
	size_t first, n;	/* its sites in the plan; n is 0 where nothing is wanted */
	struct rp_links *links; /* when wide */
	size_t users;		/* processes that map it; where the whole system is traced */
	int watch;		/* for writes to it, likewise */
};

/* One object's probes in one process. */
struct rp_local {
	size_t object;
	struct rp_links *links;
	struct rp_local *next;
};

struct rp_process {
	pid_t pid;
	struct rp_local *locals;
	size_t *uses; /* objects that it maps; where the whole system is traced */
	size_t n_uses;
	int rescans;		  /* still to do */
	double due;		  /* s, CLOCK_MONOTONIC */
	double rested;		  /* when the last look has paid for itself */
	uint64_t cpu_before, cpu; /* ns: when tracing began; when last looked at */
	UT_hash_handle hh;
};

struct rp_targets {
	struct rp_session *session;
	struct rp_plan *plan;
	bool follow;
	struct rp_object *objects;
	size_t n_objects;
	struct rp_process *processes;
	bool system;	       /* all of it is traced; the rest of this block is for that */
	struct rp_file *files; /* that were looked at */
	int writes;	       /* to files that are probed: inotify */
	uint64_t round;	       /* of looking */
	bool came;	       /* some process did so far */
	uint64_t events_lost;  /* up to now */
	bool missed;	       /* something was not told: look at everything again ... */
	double rested;	       /* ... but not before, s */
	bool late;	       /* something was found only now */
	bool stripped, denied;
	size_t refused;	       /* sites that the kernel would not probe */
	uint64_t cpu_of_ended; /* ns */
};

int rp_targets__no_memory(struct rp_err *err);
double rp_targets__now(void); /* s, CLOCK_MONOTONIC */

/* ---- objects --------------------------------------------------------------------------------- */

/* Object of a mapping, opened and planned if it is new. NULL: nothing wanted, or not readable. */
struct rp_object *rp_object__of_mapping(struct rp_targets *t, pid_t pid, const struct rp_mapped *m);
/* Take a file in that is not known; fd is taken over, too. *out: NULL where there is no memory. */
int rp_object__add(struct rp_targets *t, const char *path, int fd, bool is_exe,
		   struct rp_object **out, struct rp_err *err);
/* Undo that; of the last one. */
void rp_object__take_back(struct rp_targets *t, struct rp_object *o);
/* The one of an open file; NULL. */
struct rp_object *rp_object__by_stat(struct rp_targets *t, const struct stat *st);
/* The one of a mapping, if it is known. */
struct rp_object *rp_object__by_id(struct rp_targets *t, dev_t dev, ino_t ino);
/* Open a file by path and plan it; one that is known is left alone. */
int rp_object__add_path(struct rp_targets *t, const char *path, bool is_exe, bool must,
			struct rp_err *err);
/* Probe its sites in a process; 0: in all of them. */
int rp_object__link(struct rp_targets *t, const struct rp_object *o, pid_t pid,
		    struct rp_links **out, struct rp_err *err);
/* Objects from `first` on that no process outside the trace maps are probed everywhere. */
int rp_objects__decide_scopes(struct rp_targets *t, size_t first);
void rp_objects__free(struct rp_targets *t);

/* ---- processes ------------------------------------------------------------------------------- */

/* Made if need be; NULL: out of memory. */
struct rp_process *rp_process__get(struct rp_targets *t, pid_t pid);
void rp_process__free(struct rp_targets *t, struct rp_process *p);
/* ns that it has used since it is traced. */
uint64_t rp_process__cpu(struct rp_process *p);
/* Count it in, and, with its children, all that descend from it. */
int rp_process__track(struct rp_targets *t, pid_t pid, struct rp_err *err);
int rp_process__track_descendants(struct rp_targets *t, pid_t pid, struct rp_err *err);
/* Probe an object in a process unless that is done. *late: it had run without these probes. */
int rp_process__attach(struct rp_targets *t, struct rp_process *p, struct rp_object *o, bool *late,
		       struct rp_err *err);
/* The last thread of a process tells of its end; others may still be on their way out. */
void rp_process__await_end(pid_t pid);

/* ---- the whole system ------------------------------------------------------------------------ */

void rp_targets__on_system_event(struct rp_targets *t, const struct rp_event *event);
void rp_targets__reap_system(struct rp_targets *t);
/* Look at everything if something was not told. Returns when that is due, s; 0: it is not. */
double rp_targets__look_again(struct rp_targets *t);
/* A process has other mappings now, or none. */
void rp_process__uses_nothing(struct rp_targets *t, struct rp_process *p);
void rp_files__free(struct rp_targets *t);

#endif
