/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the parts of the targets share: objects and processes, and who is probed where. */
#ifndef RP_TARGETS_INTERNAL_H
#define RP_TARGETS_INTERNAL_H

#include <sys/stat.h>
#include <uthash.h>

#include "discover/proc.h"
#include "helper/killed.h"
#include "targets/targets.h"

/* Sites that are attached at once. */
struct rp_site_group {
	struct rp_site_group *next; /* of the object */
	size_t object;
	struct rp_site *sites;
	size_t *planned; /* of site: where it is in the plan */
	size_t n;
	struct rp_links *links; /* where the object is wide */
	bool started;		/* these count */
	uint64_t code;		/* hash of what is at the sites */
};

/* Old links of a generation swap, kept while frames that they entered are open. */
struct rp_retired {
	struct rp_retired *next;
	size_t object;
	const struct rp_site_group *rest; /* what took its place; NULL: nothing is left */
	struct rp_generation_swap swap;
	uint32_t *left_out; /* of the swap */
	bool detaching;
	double due, latest; /* s: when to look again, when to go on in any case */
};

struct rp_object {
	struct rp_file_id id; /* as maps shows it; 0:0 where it was opened by path alone */
	struct stat st;	      /* when it was planned; st_ino 0: it is let go of */
	char *path;
	int fd;
	bool is_exe;
	bool libraries_known;		   /* of a program: they were looked for by its file */
	bool scope_decided;		   /* whether it is ... */
	bool wide;			   /* ... probed in every process */
	bool attached;			   /* as that, or in some: it stays so */
	bool planned;			   /* it has sites */
	bool has_signal_stack;		   /* its handlers may run on a stack of their own */
	uint64_t since;			   /* ns: all of its links are there; 0: they are not */
	struct rp_site_group *site_groups; /* of those that are wanted */
	size_t users;			   /* processes that map it */
	double idle; /* s: nobody did when it was last looked at; 0: somebody does, or never did */
	bool used;   /* somebody did since its probes came */
	pid_t by;    /* in whom it was found; where the whole system is traced ... */
	uint64_t user;	/* ... and whose that was (rp_proc__user) */
	size_t regions; /* that came with it */
	int watch;	/* for writes to it; 0: not watched; negative: it cannot be */
	int lease;	/* likewise, and asked before; 0: none */
};

/* One site group's probes in one process. */
struct rp_local {
	const struct rp_site_group *site_group;
	struct rp_links *links;
	struct rp_links *fresh; /* that are to take their place */
	struct rp_local *next;
};

struct rp_process {
	pid_t pid;
	struct rp_local *locals;
	size_t *uses; /* objects that it maps */
	size_t n_uses;
	bool moved;		  /* code of it is not where its file says: that is counted */
	bool unmapped;		  /* it mapped no file any more, though it looked alive */
	bool tracked;		  /* as the last look at what is tracked has shown */
	int rescans;		  /* still to do */
	uint64_t late;		  /* ns: when it was counted as late; 0: it was not */
	uint64_t mapped;	  /* ns: when it mapped what they are for; 0: that was looked at */
	struct rp_loaded *loaded; /* libraries that nobody knew when it mapped them */
	size_t n_loaded;
	double due;		  /* s, CLOCK_MONOTONIC */
	double rested;		  /* when the last look has paid for itself */
	uint64_t cpu_before, cpu; /* ns: when measuring began; when last looked at */
	UT_hash_handle hh;
};

/* A library that a process has mapped. */
struct rp_loaded {
	dev_t dev;
	ino_t ino;
	uint64_t time; /* ns */
};

/* What a process or a user has cost of that which all share (quota.c). */
struct rp_share {
	uint64_t id;	  /* the process or the user */
	uint64_t reading; /* ns that its files took, of whoever reads them ... */
	uint64_t since;	  /* ... since then, ns */
	size_t left;	  /* files of it that were left: others need room, too */
	UT_hash_handle hh;
};

/* Leases whose probes are on their way out. */
struct rp_ended_lease {
	int fd;
	double latest; /* s: when it is given back in any case */
};

struct rp_writers {
	int epoll, inotify, signals;
	struct rp_killed asked; /* who was to watch files that a process serves ... */
	bool is_silent;		/* ... one of which did not answer: no more are asked */
	struct rp_ended_lease *ended;
	size_t n_ended;
};

struct rp_targets {
	struct rp_session *session;
	const struct rp_targets_ops *ops;
	const char *proc;	  /* /proc, or what a test has for it */
	struct rp_helper *helper; /* it opens and reads their files; NULL: this process does */
	bool link_per_site;
	bool others_hidden;	    /* so any file may be mapped by processes outside the trace */
	bool (*is_cancelled)(void); /* may be NULL, as may the next */
	void (*on_work)(void *ctx, const char *doing, const char *path);
	void *ctx;
	struct rp_plan *plan;
	bool follow;
	struct rp_object *objects;
	size_t n_objects;
	size_t n_gone; /* of them that stayed when others were forgotten */
	struct rp_process *processes;
	bool system;		 /* all of it is traced; what follows, up to came, is for that */
	struct rp_file *files;	 /* that were looked at; under -p and -- those without an object */
	uint64_t round;		 /* of looking */
	struct rp_share *shares; /* of processes */
	struct rp_share *user_shares;
	uint64_t max_reading; /* ns, of one process */
	bool came;	      /* some process did so far */
	uint64_t events_lost; /* up to now */
	unsigned looks;	      /* at everything, still to do: something was not told ... */
	double rested;	      /* ... but not before, s */
	struct rp_writers writers;
	struct rp_retired *retired;
	uint64_t event_time; /* ns: when that happened which is looked at now */
	bool late;	     /* it ran without probes that are there now, or may be */
	bool *in_group;	     /* of site: it is in a site group */
	size_t n_in_group;
	bool waiting;	/* for links to retire: sites that are wanted again, or only by now ... */
	bool unpruned;	/* ... and site groups with sites that are wanted no more ... */
	bool unsafe;	/* ... and regions that need RET sites beside their return probes */
	bool selecting; /* what is found now comes by the last selection */
	bool stripped, denied;
	struct rp_file_id *denied_files; /* that rptrace may not read */
	size_t n_denied;
	struct rp_file_id *searched; /* for code that switches stacks */
	size_t n_searched;
	uint64_t searching; /* ns that this took */
	size_t refused;	    /* sites that the kernel would not probe */
	size_t moved;	    /* sites that the code of a process is away from */
	size_t trapped;	    /* processes that ended by SIGTRAP */
	size_t n_left;	    /* files that were left, and why the first was */
	char *left;
	char left_why[128];
	size_t past_quota; /* files that were left in this look, past what a process may bring */
	const char *past_path; /* the first of them ... */
	uint64_t past_user;    /* ... and on whose account it would be */
	uint64_t cpu_of_ended; /* ns */
};

void rp_targets__unlink(struct rp_targets *t, struct rp_links *links); /* NULL: nothing to do */
bool rp_targets__is_cancelled(const struct rp_targets *t);
/* Tell what is done with a file. */
void rp_targets__tell(const struct rp_targets *t, const char *doing, const char *path);
/* It is rptrace, or its helper. */
bool rp_targets__is_own(const struct rp_targets *t, pid_t pid);
double rp_targets__now(void); /* s, CLOCK_MONOTONIC */

/*
 * Something happened in a process at that time (ns; pid 0: in any): look at it between the two. Who
 * ran then without probes that are there now, or may have, is counted as late, and only once for
 * all that happened until it was.
 */
void rp_targets__begin_event(struct rp_targets *t, uint64_t time);
void rp_targets__end_event(struct rp_targets *t, pid_t pid);

/* ---- stack switches -------------------------------------------------------------------------- */

/* ns that were spent on reading files: CPU time of this thread, and time that the helper took. */
uint64_t rp_targets__reading_so_far(const struct rp_targets *t);

/* Search files that were not searched yet. 0 or -ENOMEM. */
int rp_targets__search_mapped(struct rp_targets *t, pid_t pid, const struct rp_mapped *mapped,
			      size_t n);
int rp_targets__search_process(struct rp_targets *t, pid_t pid);
int rp_targets__search_linked(struct rp_targets *t, const struct rp_linked *linked);

/* Leave out the functions whose returns are still probed. */
void rp_targets__leave_out_returns(struct rp_targets *t);

/* ---- objects --------------------------------------------------------------------------------- */

/* Object of a mapping, opened and planned if it is new. NULL: nothing wanted, or not readable. */
struct rp_object *rp_object__of_mapping(struct rp_targets *t, pid_t pid, const struct rp_mapped *m);
/*
 * Object of the program that a process had, which has ended since, by the path that exec had and if
 * that is the same file still. NULL: it is another, nothing in it is wanted (and that is noted), or
 * it may not be read.
 */
struct rp_object *rp_object__of_exec(struct rp_targets *t, dev_t dev, ino_t ino, const char *path);
/* Take a file in that is not known; fd is taken over, too. *out: NULL where there is no memory. */
int rp_object__add(struct rp_targets *t, const char *path, int fd, bool is_exe,
		   struct rp_object **out, struct rp_err *err);
/* Open the file of a mapping; one that cannot be read now, though it is there, is counted. */
int rp_object__open_mapped(struct rp_targets *t, pid_t pid, const struct rp_mapped *m);
/* A file is left to itself, so that it does not keep us from all others. */
void rp_object__leave(struct rp_targets *t, const char *path, const char *why);
/* Undo that; of the last one. */
void rp_object__take_back(struct rp_targets *t, struct rp_object *o);
/* The one that is this open file under other numbers, as is mapped there; NULL. */
struct rp_object *rp_object__same_file(struct rp_targets *t, pid_t pid, const struct rp_mapped *m,
				       int fd, const struct stat *st);
/* The one of an open file; NULL. */
struct rp_object *rp_object__by_stat(struct rp_targets *t, const struct stat *st);
/* The one of a mapping, if it is known. */
struct rp_object *rp_object__by_id(struct rp_targets *t, dev_t dev, ino_t ino);
/* Open a file by path and plan it; one that is known is left alone. */
int rp_object__add_path(struct rp_targets *t, const char *path, bool is_exe, bool must,
			struct rp_err *err);
/* Is in the file what was there when it was planned? */
bool rp_object__is_as_planned(struct rp_targets *t, const struct rp_object *o);
bool rp_object__is_linked(const struct rp_object *o); /* anywhere, in every process */
/* Did what happened at that time find it without some of its links? */
bool rp_object__was_unlinked(const struct rp_object *o, uint64_t time);
/* Let go of it, written anew or gone: what was counted stays, its number is not used again. */
void rp_object__drop(struct rp_targets *t, struct rp_object *o);
/* Take the probes out of what nobody has used for a moment. Returns when to look again, s; 0:
 * never. */
double rp_objects__drop_unused(struct rp_targets *t);
/* Match it against the last selection. */
int rp_object__plan_again(struct rp_targets *t, struct rp_object *o, struct rp_err *err);
/*
 * Where its functions may run on a signal stack, RET sites are wanted instead of their return
 * probes: the kernel is about to redirect returns without asking whether that is safe. Whether
 * there are any that are to be added.
 */
bool rp_object__avoid_return_probes(struct rp_targets *t, const struct rp_object *o);
/* Add RET sites for those of its regions that need them beside their return probes; after an error
 * regions stay as they are. */
void rp_object__plan_ret_sites(struct rp_targets *t, struct rp_object *o);
/*
 * Probe the sites of a site group in a process; 0: in all of them. Nothing counts until the links
 * are started, or swapped for those that they replace (NULL: none).
 */
int rp_object__link(struct rp_targets *t, const struct rp_object *o,
		    const struct rp_site_group *group, pid_t pid, const struct rp_links *replaces,
		    struct rp_links **out, struct rp_err *err);
/*
 * All links of an object that is probed everywhere are there: count from now on. Where that is the
 * case already, see whether the event that is looked at was before.
 */
void rp_object__start(struct rp_targets *t, struct rp_object *o);
/* Of objects of which something is wanted for the first time: those that no process outside the
 * trace maps are probed everywhere. */
int rp_objects__decide_scopes(struct rp_targets *t);
void rp_objects__free(struct rp_targets *t);

/* Files in which nothing is wanted: whoever runs them is not late. */
void rp_file__note_unwanted(struct rp_targets *t, const struct rp_mapped *m);
bool rp_file__is_known(struct rp_targets *t, dev_t dev, ino_t ino);

/* What is mapped there is the object's file under other numbers; NULL: no such thing is known. */
void rp_file__note_same(struct rp_targets *t, const struct rp_mapped *m, const struct stat *st,
			const struct rp_object *o);
struct rp_object *rp_file__same_as(struct rp_targets *t, dev_t dev, ino_t ino);
/* Forget that where it is not so any more. */
void rp_file__check_same(struct rp_targets *t, pid_t pid, const struct rp_mapped *m);

/* ---- site groups ----------------------------------------------------------------------------- */

/*
 * Make site groups of those sites, from `from` on in the plan, that are wanted and in none yet.
 * Those of regions whose old links are still there have to wait: nothing is to be seen twice.
 */
int rp_object__gather(struct rp_targets *t, struct rp_object *o, size_t from, struct rp_err *err);
/* Hash of what is at its sites in the file; 0: it cannot be read. */
uint64_t rp_site_group__code(struct rp_targets *t, const struct rp_site_group *group, int fd);
/* Take the probes out, anywhere; what is open is left unwound. The site groups stay. */
void rp_object__unlink(struct rp_targets *t, struct rp_object *o);
/* The same, and forget its site groups. */
void rp_object__drop_site_groups(struct rp_targets *t, struct rp_object *o);

/* Add RET sites for regions that return probes are not safe for, and probe them. */
void rp_targets__add_ret_sites(struct rp_targets *t);
/* Take out what is wanted no more; after an error that is tried again later. */
int rp_targets__prune(struct rp_targets *t, struct rp_err *err);
/* End what has retired, where its time has come. Returns when to look again, s; 0: nothing left. */
double rp_targets__end_swaps(struct rp_targets *t, double now);

/* ---- whoever writes to files under probes ---------------------------------------------------- */

void rp_writers__open(struct rp_targets *t);
void rp_writers__close(struct rp_targets *t);
/* Before it is probed. true: whoever wants to write to it waits until its probes are out. */
bool rp_object__watch_writers(struct rp_targets *t, struct rp_object *o);
/* Its probes were taken out: writers may go on as soon as their breakpoints are gone. */
void rp_object__end_lease(struct rp_targets *t, struct rp_object *o);
/* Returns when there is more of that to do, s; 0: nothing. */
double rp_writers__end_leases(struct rp_targets *t, double now);
/* Drop what somebody writes to. */
void rp_writers__see(struct rp_targets *t);

/* ---- processes ------------------------------------------------------------------------------- */

/* Made if need be; NULL: out of memory. */
struct rp_process *rp_process__get(struct rp_targets *t, pid_t pid);
void rp_process__free(struct rp_targets *t, struct rp_process *p);
/* ns that it has used since it is traced. */
uint64_t rp_process__cpu(struct rp_targets *t, struct rp_process *p);
/* The same while it can still be seen, and what the kernel has said of it: both may be too low. */
void rp_process__ends(struct rp_targets *t, struct rp_process *p, const struct rp_event *event);
/* The kernel tells that it maps a library: kept until a look at the process has shown it. */
void rp_process__loads(struct rp_targets *t, struct rp_process *p, const struct rp_event *event);
/* A look has shown what it maps: libraries that are among that need not be kept any longer. */
void rp_process__looked_at_loaded(struct rp_targets *t, struct rp_process *p);
/*
 * It, or its program, ended at that time, or, UINT64_MAX, it has closed them again: late where
 * libraries of it were never seen.
 */
void rp_process__ends_loaded(struct rp_targets *t, struct rp_process *p, uint64_t time);
/* Count it in, and, with its children, all that descend from it. */
int rp_process__track(struct rp_targets *t, pid_t pid, struct rp_err *err);
int rp_process__track_descendants(struct rp_targets *t, pid_t pid, struct rp_err *err);
/* Is all of an object probed in this one process, whatever is probed in every process? */
bool rp_process__is_linked(const struct rp_process *p, const struct rp_object *o);
/* Probe an object in a process unless that is done. */
int rp_process__attach(struct rp_targets *t, struct rp_process *p, struct rp_object *o,
		       struct rp_err *err);
/* Its use was over before it was looked at: the next finds the file probed, and may take longer. */
void rp_process__has_used(struct rp_targets *t, struct rp_process *p, struct rp_object *o);
/*
 * Are its sites where it runs code? What it has moved or copied elsewhere, to huge pages say, is
 * not in the file any more, where the kernel puts probes: they are never hit. This goes through all
 * sites of a process, so it is not for the whole system, where processes come and go by thousands.
 */
void rp_process__check_code(struct rp_targets *t, struct rp_process *p,
			    const struct rp_mapped_list *mapped);
/* The last thread of a process tells of its end; others may still be on their way out. */
void rp_process__await_end(pid_t pid);

/* Look at everything if something was not told. Returns when that is due, s; 0: it is not. */
double rp_targets__look_again(struct rp_targets *t);

/* ---- the whole system ------------------------------------------------------------------------ */

void rp_targets__on_system_event(struct rp_targets *t, const struct rp_event *event);
/* Look at everything for what was selected meanwhile, and probe it. */
int rp_targets__catch_up_system(struct rp_targets *t, struct rp_err *err);
/*
 * All that any process maps. Whatever is started or maps something meanwhile, the kernel tells of.
 */
int rp_targets__look_at_system(struct rp_targets *t, struct rp_err *err);
void rp_files__forget(struct rp_targets *t, size_t object);
/* number: of each object, its new one. None is known under one that is forgotten. */
void rp_files__renumber(struct rp_targets *t, const uint32_t *number);
/* Does a process map an object? It does; it has other mappings now, or none. */
bool rp_process__uses(const struct rp_process *p, size_t object);
void rp_process__use(struct rp_targets *t, struct rp_process *p, size_t object);
void rp_process__uses_nothing(struct rp_targets *t, struct rp_process *p);
void rp_files__free(struct rp_targets *t);

/* ---- what processes and users may bring there ------------------------------------------------ */

/* Nothing more of that process is looked into: it, or its user, has brought enough. */
bool rp_quota__is_used_up(struct rp_targets *t, pid_t pid, uint64_t user);
/* For what was read of it since then (rp_targets__reading_so_far). */
void rp_quota__charge(struct rp_targets *t, pid_t pid, uint64_t user, uint64_t before);
/* Count the files that were left in a process: in a look at all of it, where those of an earlier
 * look are among them, or one more. */
void rp_quota__tell(struct rp_targets *t, pid_t pid);
void rp_quota__tell_more(struct rp_targets *t, pid_t pid);
void rp_quota__forget(struct rp_targets *t, pid_t pid); /* it has ended */
void rp_quotas__free(struct rp_targets *t);

#endif
