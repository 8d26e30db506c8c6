/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Shared by the files of the plan, and by their unit tests; of no concern to other stages. */
#ifndef RP_PLAN_INTERNAL_H
#define RP_PLAN_INTERNAL_H

#include "plan/plan.h"
#include "plan/select.h"
#include "plan/site.h"
#include "util/arena.h"

/* ---- the plan ------------------------------------------------------------------------------ */

struct rp_region_key;

/* Names that a user could have meant, kept for as long as nothing has matched. */
struct rp_names {
	const char **items;
	size_t n, capacity;
};

struct rp_plan {
	struct rp_plan_opts opts;
	struct rp_select_function *functions;
	struct rp_select_usdt *usdts;
	size_t n_functions, n_usdts;	   /* those parsed */
	bool by_default;		   /* neither -f nor -u */
	const char *excluded_by;	   /* the first -x that took something */
	size_t last_function, last_usdt;   /* the last selection begins there */
	size_t first_function, first_usdt; /* the first ones to match */
	bool has_switches;		   /* some object of the target switches stacks */
	bool rematching;		   /* an object is matched that was before ... */
	bool adding_ret_sites;		   /* ... for regions whose returns are probed so far */
	struct rp_site *known;		   /* ... and what it has, by offset */
	size_t n_known;
	struct rp_region *regions;
	size_t n_regions, regions_capacity;
	size_t regions_before;		       /* the object that is planned now ... */
	const char *build_id;		       /* ... has this one */
	const char *kept_path, *kept_build_id; /* the last of them that is in the arena */
	uint64_t renumbered;		       /* so often */
	struct rp_region_key *by_name;
	struct rp_site *sites;
	size_t n_sites, sites_capacity;
	struct rp_refusal *refusals;
	size_t n_refusals, refusals_capacity;
	struct rp_names function_names, usdt_names;
	void (*on_region)(void *ctx, const struct rp_region *region); /* NULL: nobody asks */
	void *on_region_ctx;
	struct rp_arena arena;
	const struct rp_arg *args; /* of the last site that has any */
	uint32_t n_args;
	uint32_t n_id_sites; /* with RP_SITE_IDS */
	size_t n_completed;  /* spans that were half before another object came */
};

/* An object as matching sees it: plain arrays, so that tests can make one up. */
struct rp_plan_object {
	uint32_t number;
	const char *path;
	bool is_exe;
	struct rp_elf_traits traits;
	const char *build_id;		 /* NULL: none */
	const struct rp_symbol *symbols; /* by offset */
	size_t n_symbols;
	const struct rp_symbol *cold_parts; /* by name */
	size_t n_cold_parts;
	uint64_t code_offset, code_size; /* of all that can be run, in the file */
	const struct rp_usdt_note *notes;
	size_t n_notes;
	size_t (*read)(const void *file, uint64_t offset, void *buf, size_t len);
	const void *file;
};

/* For objects of which `file` is a struct rp_elf. */
size_t rp_plan__read_elf(const void *file, uint64_t offset, void *buf, size_t len);

/* rp_plan__add_object once the tables are read. */
int rp_plan__add_arrays(struct rp_plan *plan, const struct rp_plan_object *object, size_t *added,
			struct rp_err *err);

/* What follows -f and -u: added to the selections. Errors as those of rp_plan__new. */
int rp_plan__parse_function(struct rp_plan *plan, const char *text, struct rp_err *err);
int rp_plan__parse_usdt(struct rp_plan *plan, const char *text, struct rp_err *err);

/* Every pair that there is. */
bool rp_plan__wants_all_usdt(const struct rp_plan *plan);

/* Of the whole system only executables are, not all that they map. */
bool rp_plan__is_of_target(const struct rp_plan *plan, bool is_exe);

/* What is added in between is matched again: see rp_plan__rematch. 0 or -ENOMEM. */
int rp_plan__begin_rematch(struct rp_plan *plan, uint32_t object);
void rp_plan__end_rematch(struct rp_plan *plan);

/* While matching again: the region of the function that is entered at this offset, which is wanted
 * from now on. RP_REGION_NONE: there is none. */
uint32_t rp_plan__known_function(struct rp_plan *plan, uint64_t offset);
bool rp_plan__is_known(const struct rp_plan *plan, const struct rp_site *site);
/* The same where its returns are probed, and RET sites are wanted. */
uint32_t rp_plan__known_call(const struct rp_plan *plan, uint64_t offset);

/* Where values of a region are, in the form of the arguments of USDT probes. */
struct rp_declared {
	unsigned machine;
	const char *args;
	const char *returns; /* NULL: nothing */
};

/* A function that is meant. */
struct rp_function {
	const struct rp_symbol *symbol;
	const char *name; /* of the region */
	uint64_t size;
	bool size_known;
	bool was_planned; /* before this object was matched again */
	bool is_clone;	  /* another one counts its calls */
	uint32_t region;  /* once it has one */
	struct rp_entry_site entry;
};

/* Of n functions that are called the same, see which are clones that another one stands for. They
 * are sorted by offset. */
void rp_plan__find_clones(const struct rp_plan_object *object, struct rp_function **functions,
			  size_t n);

struct rp_functions {
	struct rp_function *item;
	size_t n;
};

/*
 * Is it a copy that the compiler has made of a function, for callers that pass some constant, or
 * less than the whole of a structure? Which arguments are left, and where, is not known.
 */
bool rp_function__has_changed_arguments(const struct rp_function *function);
#define RP_ARGUMENTS_CHANGED                                                                       \
	"the compiler has made a copy of it with other arguments (.constprop, .isra), of which "   \
	"none is known"

/* Where arguments of functions are as they are entered, and what they return. */
struct rp_declared rp_plan__calling_convention(const struct rp_elf_traits *traits);

/* The entry site of a function; -ENOTSUP with *reason; -ENOMEM. */
int rp_plan__choose_entry(const struct rp_plan *plan, const struct rp_plan_object *object,
			  struct rp_function *function, const char **reason);

/* Spans from the entry of the first functions to that of the others. 0 or -ENOMEM. */
int rp_plan__place_spans(struct rp_plan *plan, const struct rp_plan_object *object,
			 const struct rp_select_function *selection,
			 const struct rp_functions *begins, const struct rp_functions *ends);

/* Choose the probe sites of functions, and add them with their regions. 0 or -ENOMEM. */
int rp_plan__place_functions(struct rp_plan *plan, const struct rp_plan_object *object,
			     struct rp_function *functions, size_t n);

/* Each adds its part of an object. 0 or -ENOMEM. */
int rp_plan__add_functions(struct rp_plan *plan, const struct rp_plan_object *object);
int rp_plan__add_usdt(struct rp_plan *plan, const struct rp_plan_object *object);
int rp_plan__add_markers(struct rp_plan *plan, const struct rp_plan_object *object);

/* Providers of include/rptrace.h: their probes do not go by the pair rule. */
bool rp_plan__is_marker_provider(const char *provider);

/* Does an -x take this, which is selected? Named with or without its provider in front. */
bool rp_plan__excludes(struct rp_plan *plan, const char *provider, const char *name);

/*
 * The region of that name, made if need be; provider is NULL for functions. Neither two providers
 * nor a span and what is none ever share a region: the later one's is named "provider:name", or
 * else "kind:..." of that. *id is RP_REGION_NONE where the plan is full, which is noted as a
 * refusal.
 */
int rp_plan__region(struct rp_plan *plan, enum rp_kind kind, const char *provider, const char *name,
		    const char *object, uint32_t *id);
int rp_plan__site(struct rp_plan *plan, const struct rp_site *site);

/* Arguments for a site; copied. */
int rp_plan__set_args(struct rp_plan *plan, const struct rp_arg *args, uint32_t n,
		      struct rp_site *site);

/* The same, behind what labels and filters read there. */
int rp_plan__append_args(struct rp_plan *plan, const struct rp_arg *args, uint32_t n,
			 struct rp_site *site);

/* What is to be read at a site of a region: label and its flag, then what --where compares. */
int rp_plan__region_args(struct rp_plan *plan, const struct rp_declared *declared,
			 const struct rp_operand *label, struct rp_site *site);

/* The strings are copied. */
int rp_plan__refuse(struct rp_plan *plan, const char *name, const char *object, const char *reason);

/* Where to probe a note's nop; -ENOTSUP with *reason. */
int rp_plan__note_site(const struct rp_plan *plan, const struct rp_plan_object *object,
		       const struct rp_usdt_note *note, struct rp_site *site, const char **reason);

/* The name of a probe as -u takes it, for refusals. */
int rp_plan__refuse_note(struct rp_plan *plan, const struct rp_plan_object *object,
			 const struct rp_usdt_note *note, const char *reason);

/* ---- names to suggest ---------------------------------------------------------------------- */

int rp_names__add(struct rp_names *names, struct rp_arena *arena, const char *provider,
		  const char *name);
void rp_names__free(struct rp_names *names);

#endif
