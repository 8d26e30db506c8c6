/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * From what the user selected and what an object offers to regions and probe sites. Pure: no
 * libbpf, no /proc. Objects are added one by one, also while tracing (dlopen, exec); ids that
 * were given stay.
 */
#ifndef RP_PLAN_H
#define RP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/elf_object.h"
#include "plan/method.h"
#include "plan/where.h"
#include "rp_abi.h"
#include "util/error.h"
#include "util/region_kind.h"

/* What kernel and machine allow, as far as it bears on where a site may be. */
struct rp_site_rules {
	bool nop5_unsafe;     /* a probed 5-byte nop is rewritten in a way that harms the target */
	bool nop10_optimized; /* a probed 10-byte nop (66 2e 0f 1f 84 ...) becomes a fast call */
	bool multi_nop_emulated; /* nops of 2 to 8 bytes need no single step */
	bool return_probes;	 /* false: return probes may harm targets under seccomp */
	bool no_sessions;	 /* the kernel redirects every return, on whatever stack it is */
};

struct rp_region {
	uint32_t id; /* from 1, without gaps: index in the plan + 1 */
	enum rp_kind kind;
	const char *name;
	const char *object;   /* path of the object that had it first */
	const char *build_id; /* of that object, hexadecimal; "": it has none */
	uint32_t sites;	      /* probe sites that contribute to it */
	uint32_t slow_sites;
	const char *usdt;  /* of a USDT pair: how -u names it; else NULL */
	bool within;	   /* what is entered inside of it counts: opts.within names it */
	bool left_out;	   /* while tracing: its sites are not wanted any more */
	bool by_ret_sites; /* while tracing: RET sites are wanted beside its return probes */
	bool ends_at_jump; /* some calls are timed only up to a jump to a function not known */
	bool begins, ends; /* of a span: where it begins, or ends, is known. Both may be in
			      different objects: before both are there, none is wanted */
};

/* A span of which one end was not found so far. */
static inline bool rp_region__is_half(const struct rp_region *region)
{
	return region->begins != region->ends;
}

struct rp_site {
	uint32_t object; /* as numbered by rp_plan__add_object */
	uint32_t region; /* id; RP_REGION_NONE for sites of no region of their own */
	uint32_t owner;	 /* without a region: the only one that needs the site; 0: all may */
	enum rp_role role;
	uint32_t flags;		   /* RP_SITE_* */
	uint64_t offset;	   /* file offset to probe */
	uint64_t semaphore;	   /* file offset of the USDT semaphore; 0: none */
	const struct rp_arg *args; /* the first: label, key or name */
	uint32_t n_args;
	bool slow;	 /* the kernel single-steps the instruction there */
	bool within;	 /* its region is */
	bool superseded; /* while tracing: RET sites of the same function take its calls */
};

/*
 * Of the whole system, where nobody has named a file: so many markers of one are traced, so that
 * there is room for those of others.
 */
#define RP_PLAN_MARKERS_A_FILE 8192u

/* A selected thing that is not traced, and why. */
struct rp_refusal {
	const char *name;
	const char *object;
	const char *reason; /* one line, with the option that overrides it if one does */
	uint32_t
		half; /* the span of which one end was not found so far; RP_REGION_NONE: all else */
};

struct rp_plan_opts {
	const char *const *functions; /* -f, each [OBJECT:]GLOB or [OBJECT:]BEGIN:END@argN */
	size_t n_functions;
	const char *const *usdts; /* -u, each [OBJECT:]PROVIDER:BEGIN[:END][@argN] */
	size_t n_usdts;
	const char *const *excludes; /* -x, globs on region names */
	size_t n_excludes;
	enum rp_exit_method exit_method;
	struct rp_operand label;      /* an argument or what is returned; else none */
	const struct rp_where *where; /* NULL: all calls */
	const char *within;	      /* a glob on region names; NULL: all counts, wherever */
	uint32_t max_regions;	      /* 0: RP_REGION_CALIBRATE - 1 */
	bool samples;	   /* are taken: by default not every call of an interpreter is a region */
	bool whole_system; /* no target: selections name an OBJECT; without any, markers alone */
	struct rp_site_rules rules;
};

struct rp_plan;

/*
 * opts and the strings it points to must outlive the plan. -EINVAL with err for a malformed
 * selection, or one that is not for the whole system.
 */
int rp_plan__new(const struct rp_plan_opts *opts, struct rp_plan **out, struct rp_err *err);
void rp_plan__free(struct rp_plan *plan);

/* The first -x that has taken something which is selected; NULL: none has. */
const char *rp_plan__excluded_by(const struct rp_plan *plan);
/* The first -f or -u that names nothing of what was added so far; NULL: there is none. */
const char *rp_plan__unmatched(const struct rp_plan *plan);

/* How many spans have got an end from another object than the one before: more is wanted then of
 * objects that were added earlier. */
size_t rp_plan__completed_spans(const struct rp_plan *plan);

/*
 * May return probes be planned? They are harmed by code that switches stacks, in whatever object of
 * the target it is: all are to be searched for it. Once it was found, exits are probed by RET
 * sites.
 */
bool rp_plan__fears_switches(const struct rp_plan *plan);
bool rp_plan__has_switches(const struct rp_plan *plan);
void rp_plan__assume_switches(struct rp_plan *plan);
/* 0 or -ENOMEM. */
int rp_plan__search_switches(struct rp_plan *plan, const char *path, struct rp_elf *elf);

/* Does the selection ask for spans, or for what may have some? */
bool rp_plan__may_have_spans(const struct rp_plan *plan);

/* With neither -f nor -u: markers and, of a target, every USDT pair. */
bool rp_plan__is_default(const struct rp_plan *plan);

/*
 * May the selection name something in this object? `path` is what the target's maps show;
 * is_exe: it is the executable of a traced process. True for every object under the default
 * selection and under -u without OBJECT; else for executables, and for objects that an OBJECT of
 * the selection names: as a path, as a file name, as a glob on either, with or without the version
 * after ".so".
 */
bool rp_plan__wants_object(const struct rp_plan *plan, const char *path, bool is_exe);

/* Does a selection ask for functions, for USDT probes or markers, of this object? */
bool rp_plan__wants_functions(const struct rp_plan *plan, const char *path, bool is_exe);
bool rp_plan__wants_usdt(const struct rp_plan *plan, const char *path, bool is_exe);

/*
 * Paths among the OBJECTs of the selection (they hold a '/' and no wildcard): these files can be
 * probed before anything maps them. Returns the i-th or NULL past the last.
 */
const char *rp_plan__object_path(const struct rp_plan *plan, size_t i);

/*
 * Match an object against the selection; what matches is appended to regions and sites under
 * object number `object`. *added is the number of new sites. An object without any match is no
 * error.
 */
int rp_plan__add_object(struct rp_plan *plan, uint32_t object, const char *path, bool is_exe,
			struct rp_elf *elf, size_t *added, struct rp_err *err);

/* ---- changes while tracing ----------------------------------------------------------------- */

/*
 * Select more: as after -f, and as after -u where the text has that form. Objects added from now on
 * are matched against all selections, those added before by rp_plan__rematch. -EINVAL with err
 * for what is neither.
 */
int rp_plan__select(struct rp_plan *plan, const char *text, struct rp_err *err);

/*
 * Match an object that was added before against the last selection alone. Regions that match and
 * were left out come back; sites that are there already are not added again.
 */
int rp_plan__rematch(struct rp_plan *plan, uint32_t object, const char *path, bool is_exe,
		     struct rp_elf *elf, size_t *added, struct rp_err *err);

/*
 * Want a region no more, or again. All ids stay as they are, and so do the sites. Whether that was
 * a change.
 */
bool rp_plan__leave_out(struct rp_plan *plan, uint32_t region, bool left_out);

/*
 * Calls of a function region are to be timed by RET sites from now on, as their returns cannot all
 * be probed. Whether that was a change: not where a method is forced. What it takes is added object
 * by object, for those of its functions whose exits are known. The other sites stay: the kernel
 * side ignores them where the new ones take the call.
 */
bool rp_plan__use_ret_sites(struct rp_plan *plan, uint32_t region);
int rp_plan__add_ret_sites(struct rp_plan *plan, uint32_t object, const char *path, bool is_exe,
			   struct rp_elf *elf, size_t *added, struct rp_err *err);

/* Is it a site of a region that is wanted? Those without a region are, as far as this goes. */
bool rp_plan__wants_site(const struct rp_plan *plan, const struct rp_site *site);

/* Call fn for each region that is added from now on, before any of its sites can be. */
void rp_plan__on_region(struct rp_plan *plan, void (*fn)(void *ctx, const struct rp_region *region),
			void *ctx);

/* ---- what there is ------------------------------------------------------------------------- */

const struct rp_region *rp_plan__regions(const struct rp_plan *plan, size_t *n);
const struct rp_site *rp_plan__sites(const struct rp_plan *plan, size_t *n);

#define RP_PLAN_FORGOTTEN UINT32_MAX

/*
 * Forget the sites of objects that are gone for good, or a machine that makes ever new programs
 * would have us hold ever more. number: of each of n objects RP_PLAN_FORGOTTEN, if it may be; then
 * its new number. It stays where a region has no other sites, whose costs are asked for until the
 * end. moved: of each site, where it is then; SIZE_MAX: nowhere. 0, or -ENOMEM and nothing is
 * changed.
 */
int rp_plan__forget(struct rp_plan *plan, uint32_t *number, size_t n, size_t *moved);
/* How often objects were numbered anew so far. */
uint64_t rp_plan__renumbered(const struct rp_plan *plan);
const struct rp_refusal *rp_plan__refusals(const struct rp_plan *plan, size_t *n);

/*
 * For the message when nothing matched: up to `max` names nearest to the selection among those
 * seen so far, nearest first. The strings live as long as the plan.
 */
size_t rp_plan__suggest(const struct rp_plan *plan, const char **names, size_t max);

/*
 * Up to `max` names, each once, that begin with a text, among those seen so far; the same way.
 * Where there are more, the last one is of those that agree least with the first: they all share
 * what the names that are returned share.
 */
size_t rp_plan__complete(const struct rp_plan *plan, const char *text, const char **names,
			 size_t max);

#endif
