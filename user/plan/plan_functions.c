// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Function regions: which symbols are meant, what they are called, where their probes go.
 *
 * Three passes over the symbols of an object, since each needs all of the one before:
 *   1. Match. Symbols at one offset are aliases of one function, of which the one that fits the
 *      globs best gives the name: probing each would count every call several times.
 *   2. Name. Functions that are called the same are overloads, told apart by their parameters, or
 *      copies of one function, which stay one region.
 *   3. Place probes. The exit is either left to the kernel's return probe, which replaces the
 *      return address on the stack, or observed at each instruction that leaves the function.
 *      Return probes break what unwinds or switches the stack, so objects in which that may happen
 *      get the latter, and a function whose exits are not all known is refused rather than
 *      half measured.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "plan/signature.h"
#include "plan/site.h"
#include "util/array.h"

/* Code that is read to choose an entry site; all of it is where exits are wanted. */
#define ENTRY_CODE_MAX 65536u
#define EXIT_CODE_MAX  (1u << 20)

/* How much is taken for a function whose symbol has no size. */
#define UNSIZED_MAX   4096u

#define SIGNATURE_MAX 4096

struct match {
	const struct rp_symbol *symbol;
	const char *name; /* of the region */
	uint64_t size;
	bool size_known;
};

struct matching {
	struct rp_plan *plan;
	const struct rp_plan_object *object;
	const char **globs; /* those of -f that are about this object */
	size_t n_globs;
	bool with_parameters; /* a glob has a parameter list */
	struct match *matches;
	size_t n, capacity;
	uint8_t *code;
	size_t code_capacity;
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

	for (size_t i = 0; i < m->n_globs && fit != FIT_LITERAL; i++) {
		if (is_named(symbol, full, m->globs[i], equal))
			fit = FIT_LITERAL;
		else if (is_named(symbol, full, m->globs[i], rp_glob__match))
			fit = FIT_WILD;
	}
	return fit;
}

static bool is_excluded(const struct matching *m, const struct rp_symbol *symbol)
{
	const struct rp_plan *plan = m->plan;
	char buf[SIGNATURE_MAX];
	const char *full;

	if (!plan->opts.n_excludes)
		return false;
	full = m->with_parameters && rp_signature__write(symbol, buf, sizeof(buf)) ? buf : NULL;
	for (size_t i = 0; i < plan->opts.n_excludes; i++)
		if (is_named(symbol, full, plan->opts.excludes[i], rp_glob__match))
			return true;
	return false;
}

static int add_match(struct matching *m, const struct rp_symbol *symbol, uint64_t size)
{
	int rc = rp_array__grow(&m->matches, m->n, &m->capacity, sizeof(*m->matches));

	if (!rc)
		m->matches[m->n++] = (struct match){
			.symbol = symbol, .name = symbol->name, .size = size, .size_known = size};
	return rc;
}

/* Without a size in the table, a function reaches up to the next one, or not far. */
static void guess_size(struct match *match, const struct rp_symbol *next)
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
	for (size_t i = first; i < end; i++) {
		odd |= returns_oddly(symbols[i].linker);
		excluded |= is_excluded(m, &symbols[i]);
	}
	if (excluded || (odd && best_fit != FIT_LITERAL))
		return 0;
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
	const struct match *const *a = a_, *const *b = b_;

	return strcmp((*a)->symbol->name, (*b)->symbol->name);
}

/*
 * Functions first..end are called the same. Overloads are told apart by their parameters; copies of
 * one function (constructors, instances of a generic) have those in common, and stay one region.
 */
static int name_overloads(struct matching *m, struct match **first, struct match **end)
{
	char buf[SIGNATURE_MAX];
	bool differ = false;

	for (struct match **at = first; at < end; at++) {
		const struct rp_symbol *symbol = (*at)->symbol;

		if (rp_signature__write(symbol, buf, sizeof(buf)))
			(*at)->name = rp_arena__dup(&m->plan->arena, buf);
		if (!(*at)->name)
			return -ENOMEM;
		differ |= strcmp((*at)->name, (*first)->name) != 0;
	}
	for (struct match **at = first; at < end && !differ; at++)
		(*at)->name = (*at)->symbol->name;
	return 0;
}

static int name_matches(struct matching *m)
{
	struct match **sorted = calloc(m->n, sizeof(*sorted)), **first, **end;
	int rc = sorted ? 0 : -ENOMEM;

	for (size_t i = 0; i < m->n && !rc; i++)
		sorted[i] = &m->matches[i];
	if (!rc)
		qsort(sorted, m->n, sizeof(*sorted), by_name);
	for (first = sorted; !rc && first < sorted + m->n; first = end) {
		for (end = first + 1; end < sorted + m->n; end++)
			if (by_name(first, end) != 0)
				break;
		if (end - first > 1)
			rc = name_overloads(m, first, end);
	}
	free(sorted);
	return rc;
}

/* ---- sites --------------------------------------------------------------------------------- */

static bool uses_ret_sites(const struct rp_plan *plan, const struct rp_elf_traits *traits)
{
	switch (plan->opts.exit_method) {
	case RP_EXIT_METHOD_RETURN:
		return false;
	case RP_EXIT_METHOD_RET_SITES:
		return true;
	default:
		return traits->is_go || traits->has_unwinding || traits->has_fibers ||
		       !plan->opts.rules.return_probes;
	}
}

/* Why the kernel's return probe is no way out where exits were not found. */
static int refuse_exits(struct matching *m, const struct match *match, const char *reason)
{
	const struct rp_plan_opts *opts = &m->plan->opts;
	const char *why = "";
	char text[512];

	if (m->object->traits.is_go)
		why = ", and a return probe would crash a Go program";
	else if (!opts->rules.return_probes)
		why = ", and a return probe of this kernel may end a program under seccomp";
	else if (opts->exit_method == RP_EXIT_METHOD_AUTO && m->object->traits.has_fibers)
		why = ", and a return probe would crash a program that switches stacks";
	else if (opts->exit_method == RP_EXIT_METHOD_AUTO)
		why = ", and a return probe would break exceptions that pass through it";
	snprintf(text, sizeof(text), "its exits are not known: %s%s; --exit return overrides",
		 reason ? reason : "not decoded", why);
	return rp_plan__refuse(m->plan, match->name, m->object->path, text);
}

/* Registers as the calling convention has them; Go has its own. */
static struct rp_declared declared_by(const struct rp_elf_traits *traits)
{
	struct rp_declared declared = {.machine = traits->machine, .returns = "-8@%rax"};

	if (traits->machine == EM_AARCH64) {
		declared.args = "-8@x0 -8@x1 -8@x2 -8@x3 -8@x4 -8@x5";
		declared.returns = "-8@x0";
	} else if (traits->is_go) {
		declared.args = "-8@%rax -8@%rbx -8@%rcx -8@%rdi -8@%rsi -8@%r8";
	} else {
		declared.args = "-8@%rdi -8@%rsi -8@%rdx -8@%rcx -8@%r8 -8@%r9";
	}
	return declared;
}

static bool is_return(uint16_t machine, const uint8_t *code, size_t size)
{
	if (machine != EM_X86_64)
		return size >= 4 && code[3] == 0xd6 && code[2] == 0x5f;
	if (size > 1 && (code[0] == 0xf2 || code[0] == 0xf3))
		code++;
	return code[0] == 0xc3 || code[0] == 0xc2;
}

/* Branches are emulated by the kernel, x86's return instruction is not. */
static bool is_slow_exit(uint16_t machine, const uint8_t *code, size_t size)
{
	if (machine != EM_X86_64)
		return false;
	if (size > 1 && code[0] == 0xf2)
		code++;
	return code[0] != 0xe9 && code[0] != 0xeb && (code[0] & 0xf0) != 0x70 && code[0] != 0x0f;
}

/* Is it asked what functions return? */
static bool wants_returned(const struct rp_plan *plan)
{
	const struct rp_where *where = plan->opts.where;
	bool wants = plan->opts.label.kind == RP_OPERAND_RET;

	for (uint32_t k = 0; where && k < where->filter.n; k++)
		wants |= where->operand[k].kind == RP_OPERAND_RET;
	return wants;
}

/* What a hit at the entry means: it may be where the function is left, too (a bare RET or jump). */
static enum rp_role entry_role(const struct rp_entry_site *entry, const uint32_t *exits,
			       size_t n_exits)
{
	for (size_t i = 0; i < n_exits; i++)
		if (exits[i] == entry->offset)
			return RP_ROLE_CALL_AND_RET;
	return n_exits ? RP_ROLE_CALL_SITE : RP_ROLE_CALL;
}

/* A jump out of the function does not tell what will be returned. */
static int add_exits(struct matching *m, const struct match *match, const struct rp_site *entry,
		     const uint32_t *exits, size_t n_exits)
{
	uint16_t machine = m->object->traits.machine;
	bool label = m->plan->opts.label.kind == RP_OPERAND_RET, returned = wants_returned(m->plan);
	int rc = 0;

	for (size_t i = 0; i < n_exits && !rc; i++) {
		const uint8_t *code = m->code + exits[i];
		size_t size = match->size - exits[i];
		struct rp_site site = *entry;

		site.role = RP_ROLE_RET_SITE;
		site.offset = match->symbol->offset + exits[i];
		site.slow = is_slow_exit(machine, code, size);
		if (!label || !is_return(machine, code, size))
			site.flags &= RP_SITE_GO;
		if (!returned || !is_return(machine, code, size))
			site.n_args = 0;
		rc = rp_plan__site(m->plan, &site);
	}
	return rc;
}

static int add_sites(struct matching *m, const struct match *match,
		     const struct rp_entry_site *entry, const uint32_t *exits, size_t n_exits)
{
	struct rp_site site = {
		.object = m->object->number,
		.role = entry_role(entry, exits, n_exits),
		.offset = match->symbol->offset + entry->offset,
		.slow = entry->slow,
	};
	const struct rp_operand *label = &m->plan->opts.label;
	struct rp_declared declared = declared_by(&m->object->traits);
	int rc;

	if (m->plan->rematching && rp_plan__known_function(m->plan, site.offset))
		return 0;
	rc = rp_plan__region(m->plan, RP_KIND_FUNCTION, NULL, match->name, m->object->path,
			     &site.region);
	if (rc || site.region == RP_REGION_NONE)
		return rc;
	if (site.role == RP_ROLE_CALL_AND_RET &&
	    !is_return(declared.machine, m->code + entry->offset, match->size - entry->offset))
		declared.returns = NULL;
	rc = rp_plan__region_args(m->plan, &declared, label, &site);
	if (rc)
		return rc;
	if (m->object->traits.is_go && site.role != RP_ROLE_CALL)
		site.flags |= RP_SITE_GO;
	rc = rp_plan__site(m->plan, &site);
	if (rc || site.role == RP_ROLE_CALL_AND_RET)
		return rc;
	return add_exits(m, match, &site, exits, n_exits);
}

/* The function's code, at most `max` bytes of it, into m->code. */
static int read_code(struct matching *m, const struct match *match, size_t max, size_t *size)
{
	uint8_t *grown;

	*size = match->size < max ? match->size : max;
	if (*size > m->code_capacity) {
		grown = realloc(m->code, *size);
		if (!grown)
			return -ENOMEM;
		m->code = grown;
		m->code_capacity = *size;
	}
	*size = m->object->read(m->object->file, match->symbol->offset, m->code, *size);
	return 0;
}

static int add_function(struct matching *m, const struct match *match)
{
	const struct rp_plan_object *object = m->object;
	bool ret_sites = uses_ret_sites(m->plan, &object->traits);
	const char *reason = NULL;
	struct rp_entry_site entry;
	uint32_t *exits = NULL;
	size_t n_exits = 0, size;
	int rc = read_code(m, match, ret_sites ? EXIT_CODE_MAX : ENTRY_CODE_MAX, &size);

	if (rc)
		return rc;
	if (!size)
		return rp_plan__refuse(m->plan, match->name, object->path,
				       "the file ends before its code");
	rc = rp_site__entry(object->traits.machine, m->code, size, &m->plan->opts.rules, &entry,
			    &reason);
	if (rc == -ENOTSUP)
		return rp_plan__refuse(m->plan, match->name, object->path,
				       reason ? reason : "its entry cannot be probed");
	if (!rc && ret_sites) {
		/* Of a function that was cut short some exits would be missed. */
		bool whole = match->size_known && size == match->size;

		rc = rp_site__exits(object->traits.machine, m->code, whole ? size : 0, &exits,
				    &n_exits, &reason);
		if (rc == -ENOTSUP)
			return refuse_exits(m, match, reason);
	}
	if (!rc)
		rc = add_sites(m, match, &entry, exits, n_exits);
	free(exits);
	return rc;
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
	const struct rp_plan *plan = m->plan;

	m->globs = calloc(plan->n_functions + 1, sizeof(*m->globs));
	if (!m->globs)
		return -ENOMEM;
	for (size_t i = plan->first_function; i < plan->n_functions; i++) {
		const struct rp_select_function *s = &plan->functions[i];

		if (!rp_select_function__applies(s, m->object->path, m->object->is_exe))
			continue;
		m->globs[m->n_globs++] = s->glob;
		m->with_parameters |= strchr(s->glob, '(') != NULL;
	}
	for (size_t i = 0; i < plan->opts.n_excludes; i++)
		m->with_parameters |= strchr(plan->opts.excludes[i], '(') != NULL;
	return 0;
}

int rp_plan__add_functions(struct rp_plan *plan, const struct rp_plan_object *object)
{
	struct matching m = {.plan = plan, .object = object};
	int rc = choose_globs(&m);

	if (!rc)
		rc = match_symbols(&m);
	if (!rc && m.n)
		rc = name_matches(&m);
	for (size_t i = 0; i < m.n && !rc; i++)
		rc = add_function(&m, &m.matches[i]);
	if (!rc && !plan->n_sites)
		rc = remember_names(&m);
	free(m.globs);
	free(m.matches);
	free(m.code);
	return rc;
}
