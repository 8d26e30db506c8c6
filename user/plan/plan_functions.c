// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Function regions: which symbols are meant, what they are called, where their probes go.
 *
 * Three passes over the symbols of an object, since each needs all of the one before:
 *   1. Match. Symbols at one offset are aliases of one function, of which the one that fits the
 *      globs best gives the name: probing each would count every call several times.
 *   2. Name. Functions that are called the same are overloads, told apart by their parameters, or
 *      copies of one function, which stay one region.
 *   3. Place probes: plan_places.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "plan/signature.h"
#include "util/array.h"

/* How much is taken for a function whose symbol has no size. */
#define UNSIZED_MAX   4096u

#define SIGNATURE_MAX 4096

/* A glob, and where to tell that something has that name. */
struct wanted {
	const char *text;
	bool *matched;
};

struct matching {
	struct rp_plan *plan;
	const struct rp_plan_object *object;
	struct wanted *globs; /* those of -f that are about this object */
	size_t n_globs;
	bool with_parameters; /* a glob has a parameter list */
	struct rp_function *matches;
	size_t n, capacity;
};

/* Better is greater. */
enum fit { FIT_NONE, FIT_WILD, FIT_LITERAL };

/*
 * Functions that return twice, never, or to somewhere else: what is between entry and exit is not
 * their time, and a return probe would lead such a return astray.
 */
static bool returns_oddly(const char *linker)
{
	static const char *const names[] = {
		"setjmp",
		"_setjmp",
		"__sigsetjmp",
		"sigsetjmp",
		"savectx",
		"vfork",
		"__vfork",
		"__libc_vfork",
		"getcontext",
		"setcontext",
		"swapcontext",
		"longjmp",
		"_longjmp",
		"siglongjmp",
		"__longjmp",
		"__longjmp_chk",
		"____longjmp_chk",
		"__libc_longjmp",
		"__libc_siglongjmp",
		"__restore_rt",
		"_start",
		"_dl_start_user",
		"_init",
		"_fini",
		"__cxa_throw",
		"__cxa_rethrow",
		"_Unwind_Resume",
		"_Unwind_RaiseException",
		"_Unwind_ForcedUnwind",
		"_Unwind_Resume_or_Rethrow",
	};
	size_t len = strcspn(linker, "@");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && !memcmp(names[i], linker, len))
			return true;
	return false;
}

/* ---- matching ------------------------------------------------------------------------------ */

static bool is_named(const struct rp_symbol *symbol, const char *full, const char *glob,
		     bool (*same)(const char *glob, const char *name))
{
	return same(glob, symbol->name) ||
	       (symbol->linker != symbol->name && same(glob, symbol->linker)) ||
	       (full && same(glob, full));
}

static bool equal(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static enum fit fit_symbol(const struct matching *m, const struct rp_symbol *symbol)
{
	char buf[SIGNATURE_MAX];
	const char *full = m->with_parameters && rp_signature__write(symbol, buf, sizeof(buf))
				   ? buf
				   : NULL;
	enum fit fit = FIT_NONE;

	for (size_t i = 0; i < m->n_globs; i++) {
		const char *glob = m->globs[i].text;
		enum fit one = is_named(symbol, full, glob, equal)	      ? FIT_LITERAL
			       : is_named(symbol, full, glob, rp_glob__match) ? FIT_WILD
									      : FIT_NONE;

		/* Whoever asks for many means functions. */
		if (symbol->is_resolver && one == FIT_WILD)
			one = FIT_NONE;
		if (one != FIT_NONE)
			*m->globs[i].matched = true;
		fit = one > fit ? one : fit;
	}
	return fit;
}

static bool is_excluded(const struct matching *m, const struct rp_symbol *symbol)
{
	struct rp_plan *plan = m->plan;
	char buf[SIGNATURE_MAX];
	const char *full;

	if (!plan->opts.n_excludes)
		return false;
	full = m->with_parameters && rp_signature__write(symbol, buf, sizeof(buf)) ? buf : NULL;
	for (size_t i = 0; i < plan->opts.n_excludes; i++)
		if (is_named(symbol, full, plan->opts.excludes[i], rp_glob__match)) {
			if (!plan->excluded_by)
				plan->excluded_by = plan->opts.excludes[i];
			return true;
		}
	return false;
}

static int add_match(struct matching *m, const struct rp_symbol *symbol, uint64_t size)
{
	int rc = rp_array__grow(&m->matches, m->n, &m->capacity, sizeof(*m->matches));

	if (!rc)
		m->matches[m->n++] = (struct rp_function){
			.symbol = symbol, .name = symbol->name, .size = size, .size_known = size};
	return rc;
}

/* Without a size in the table, a function reaches up to the next one, or not far. */
static void guess_size(struct rp_function *match, const struct rp_symbol *next)
{
	uint64_t room = next ? next->offset - match->symbol->offset : UNSIZED_MAX;

	if (match->size_known)
		return;
	match->size = room < UNSIZED_MAX ? room : UNSIZED_MAX;
	match->size_known = room < UNSIZED_MAX;
}

/* Symbols first..end share an offset: aliases, of which at most one becomes a region. */
static int match_aliases(struct matching *m, size_t first, size_t end)
{
	const struct rp_symbol *symbols = m->object->symbols, *best = NULL;
	enum fit best_fit = FIT_NONE;
	bool odd = false, excluded = false;
	uint64_t size = 0;

	for (size_t i = first; i < end; i++) {
		enum fit fit = fit_symbol(m, &symbols[i]);

		if (fit > best_fit ||
		    (fit == best_fit && best && strlen(symbols[i].name) < strlen(best->name))) {
			best = &symbols[i];
			best_fit = fit;
		}
		if (symbols[i].size > size)
			size = symbols[i].size;
	}
	if (!best)
		return 0;
	for (size_t i = first; i < end; i++)
		odd |= returns_oddly(symbols[i].linker);
	if (odd && best_fit != FIT_LITERAL)
		return 0;
	for (size_t i = first; i < end; i++)
		excluded |= is_excluded(m, &symbols[i]);
	if (excluded)
		return 0;
	if (best->is_resolver)
		return rp_plan__refuse(m->plan, best->name, m->object->path,
				       "which function has that name is chosen when the program "
				       "starts (IFUNC): name those it is chosen from, as '*NAME*' "
				       "may");
	if (odd)
		return rp_plan__refuse(m->plan, best->name, m->object->path,
				       "does not return once to where it was called from: "
				       "there is no time between its entry and its exit");
	return add_match(m, best, size);
}

static int match_symbols(struct matching *m)
{
	const struct rp_plan_object *object = m->object;
	const struct rp_symbol *symbols = object->symbols;
	size_t end, known;
	int rc = 0;

	for (size_t i = 0; i < object->n_symbols && !rc; i = end) {
		for (end = i + 1; end < object->n_symbols; end++)
			if (symbols[end].offset != symbols[i].offset)
				break;
		known = m->n;
		rc = match_aliases(m, i, end);
		if (m->n > known)
			guess_size(&m->matches[known],
				   end < object->n_symbols ? &symbols[end] : NULL);
	}
	return rc;
}

/* ---- names --------------------------------------------------------------------------------- */

static int by_name(const void *a_, const void *b_)
{
	const struct rp_function *const *a = a_, *const *b = b_;

	return strcmp((*a)->symbol->name, (*b)->symbol->name);
}

/*
 * Functions first..end are called the same. Overloads are told apart by their parameters; copies of
 * one function (constructors, instances of a generic) have those in common, and stay one region.
 */
static int name_overloads(struct matching *m, struct rp_function **first, struct rp_function **end)
{
	char buf[SIGNATURE_MAX];
	bool differ = false;

	for (struct rp_function **at = first; at < end; at++) {
		const struct rp_symbol *symbol = (*at)->symbol;

		if (rp_signature__write(symbol, buf, sizeof(buf)))
			(*at)->name = rp_arena__dup(&m->plan->arena, buf);
		if (!(*at)->name)
			return -ENOMEM;
		differ |= strcmp((*at)->name, (*first)->name) != 0;
	}
	for (struct rp_function **at = first; at < end && !differ; at++)
		(*at)->name = (*at)->symbol->name;
	return 0;
}

static int name_matches(struct matching *m)
{
	struct rp_function **sorted = calloc(m->n, sizeof(*sorted)), **first, **end;
	int rc = sorted ? 0 : -ENOMEM;

	for (size_t i = 0; i < m->n && !rc; i++)
		sorted[i] = &m->matches[i];
	if (!rc)
		rp_array__sort(sorted, m->n, sizeof(*sorted), by_name);
	for (first = sorted; !rc && first < sorted + m->n; first = end) {
		for (end = first + 1; end < sorted + m->n; end++)
			if (by_name(first, end) != 0)
				break;
		if (end - first < 2)
			continue;
		rc = name_overloads(m, first, end);
		rp_plan__find_clones(m->object, first, (size_t)(end - first));
	}
	free(sorted);
	return rc;
}

static void drop_clones(struct matching *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++)
		if (!m->matches[i].is_clone)
			m->matches[kept++] = m->matches[i];
	m->n = kept;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Only a run that finds nothing needs them. */
static int remember_names(struct matching *m)
{
	int rc = 0;

	for (size_t i = 0; i < m->object->n_symbols && !rc; i++)
		rc = rp_names__add(&m->plan->function_names, &m->plan->arena, NULL,
				   m->object->symbols[i].name);
	return rc;
}

static int choose_globs(struct matching *m)
{
	struct rp_plan *plan = m->plan;

	m->globs = calloc(plan->n_functions + 1, sizeof(*m->globs));
	if (!m->globs)
		return -ENOMEM;
	for (size_t i = plan->first_function; i < plan->n_functions; i++) {
		struct rp_select_function *s = &plan->functions[i];

		if (s->end || !rp_select_function__applies(s, m->object->path, m->object->is_exe))
			continue;
		m->globs[m->n_globs++] = (struct wanted){s->glob, &s->matched};
		m->with_parameters |= strchr(s->glob, '(') != NULL;
	}
	for (size_t i = 0; i < plan->opts.n_excludes; i++)
		m->with_parameters |= strchr(plan->opts.excludes[i], '(') != NULL;
	return 0;
}

/* ---- spans from one function to another --------------------------------------------------- */

static int match_glob(struct rp_plan *plan, const struct rp_plan_object *object, const char *glob,
		      bool *matched, struct matching *m)
{
	*m = (struct matching){.plan = plan, .object = object};
	m->globs = calloc(1, sizeof(*m->globs));
	if (!m->globs)
		return -ENOMEM;
	m->globs[m->n_globs++] = (struct wanted){glob, matched};
	m->with_parameters = strchr(glob, '(') != NULL;
	return match_symbols(m);
}

/* Either end may be in another object. */
static int add_span(struct rp_plan *plan, const struct rp_plan_object *object,
		    struct rp_select_function *selection)
{
	struct matching begins, ends = {0};
	int rc = match_glob(plan, object, selection->glob, &selection->matched, &begins);

	if (!rc)
		rc = match_glob(plan, object, selection->end, &selection->matched, &ends);
	if (!rc && (begins.n || ends.n))
		rc = rp_plan__place_spans(plan, object, selection,
					  &(struct rp_functions){begins.matches, begins.n},
					  &(struct rp_functions){ends.matches, ends.n});
	free(begins.globs);
	free(begins.matches);
	free(ends.globs);
	free(ends.matches);
	return rc;
}

static int add_spans(struct rp_plan *plan, const struct rp_plan_object *object)
{
	int rc = 0;

	for (size_t i = plan->first_function; i < plan->n_functions && !rc; i++) {
		struct rp_select_function *s = &plan->functions[i];

		if (s->end && rp_select_function__applies(s, object->path, object->is_exe))
			rc = add_span(plan, object, s);
	}
	return rc;
}

int rp_plan__add_functions(struct rp_plan *plan, const struct rp_plan_object *object)
{
	struct matching m = {.plan = plan, .object = object};
	int rc = choose_globs(&m);

	if (!rc)
		rc = match_symbols(&m);
	if (!rc && m.n)
		rc = name_matches(&m);
	drop_clones(&m);
	if (!rc)
		rc = rp_plan__place_functions(plan, object, m.matches, m.n);
	if (!rc)
		rc = add_spans(plan, object);
	if (!rc && !plan->n_sites)
		rc = remember_names(&m);
	free(m.globs);
	free(m.matches);
	return rc;
}
