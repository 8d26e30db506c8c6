// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Where the probes of function regions go.
 *
 * The exit is either left to the kernel's return probe, which replaces the return address on the
 * stack, or observed at each instruction that leaves the function. Return probes break what unwinds
 * or switches the stack, so objects in which that may happen get the latter, and a function whose
 * exits are not all known is refused rather than half measured.
 *
 * Whatever returns with the stack pointer that a function was entered with returns from it. So at
 * each exit the kernel side closes all frames that were entered with this stack pointer, and a
 * function that ends in a tail call is closed by the exits of its callee. What that takes here:
 *   - the exits of a callee that is no region itself are probed as sites without a region;
 *   - where the entry of the callee is probed, the jump to it is probed as well
 * (RP_ROLE_TAIL_JUMP): an entry with the stack pointer of an open frame means else that this was
 * left by an exception, unseen;
 *   - where the exits of the callee are not known, or it is not known who it is, the jump is the
 *     exit, and the region says so (ends_at_jump).
 * First all functions of an object are looked at, then the sites are added: whether a callee is a
 * region is not known before.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/body.h"
#include "plan/plan_internal.h"
#include "plan/stack_switch.h"

/* Code that is read to choose an entry site. */
#define ENTRY_CODE_MAX 65536u

struct places {
	struct rp_plan *plan;
	const struct rp_plan_object *object;
	bool ret_sites;
	bool switches_stacks;
	struct rp_bodies bodies;
	struct rp_declared declared;
};

/* ---- methods ------------------------------------------------------------------------------- */

/* 0 or -ENOMEM. */
static int choose_method(struct places *p)
{
	const struct rp_plan_opts *opts = &p->plan->opts;
	const struct rp_elf_traits *traits = &p->object->traits;
	int rc;

	p->switches_stacks = rp_plan__is_on_several_stacks(p->plan, traits) ||
			     p->plan->has_switches;
	if (p->plan->adding_ret_sites) {
		p->ret_sites = true;
		return 0;
	}
	if (opts->exit_method != RP_EXIT_METHOD_AUTO) {
		p->ret_sites = opts->exit_method == RP_EXIT_METHOD_RET_SITES;
		return 0;
	}
	p->ret_sites = traits->is_go || traits->has_unwinding || p->switches_stacks ||
		       !opts->rules.return_probes;
	if (p->ret_sites)
		return 0;
	/* All of the code is searched, so not before there is need to. */
	rc = rp_plan__switches_stacks(p->object, &p->switches_stacks);
	p->ret_sites = p->switches_stacks;
	return rc;
}

/* Why the kernel's return probe is no way out where exits were not found. */
static int refuse_exits(struct places *p, const struct rp_function *function, const char *reason)
{
	const struct rp_plan_opts *opts = &p->plan->opts;
	const char *why = "";
	char text[512];

	if (p->object->traits.is_go)
		why = ", and a return probe would crash a Go program";
	else if (!opts->rules.return_probes)
		why = ", and a return probe of this kernel may end a program under seccomp";
	else if (opts->exit_method == RP_EXIT_METHOD_AUTO && p->switches_stacks)
		why = ", and a return probe would crash a program that switches stacks";
	else if (opts->exit_method == RP_EXIT_METHOD_AUTO)
		why = ", and a return probe would break exceptions that pass through it";
	snprintf(text, sizeof(text), "its exits are not known: %s%s; --exit return overrides",
		 reason ? reason : "not decoded", why);
	return rp_plan__refuse(p->plan, function->name, p->object->path, text);
}

/* Go has its own. */
struct rp_declared rp_plan__calling_convention(const struct rp_elf_traits *traits)
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

bool rp_function__has_changed_arguments(const struct rp_function *function)
{
	static const char *const copies[] = {".constprop.", ".isra.", ".specialized."};

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		if (strstr(function->symbol->linker, copies[i]))
			return true;
	return false;
}

static bool compares(const struct rp_plan *plan, enum rp_operand_kind kind)
{
	const struct rp_where *where = plan->opts.where;
	bool any = false;

	for (uint32_t k = 0; where && k < where->filter.n; k++)
		any |= where->operand[k].kind == kind;
	return any;
}

/* Is it asked what functions return? */
static bool wants_returned(const struct rp_plan *plan)
{
	return plan->opts.label.kind == RP_OPERAND_RET || compares(plan, RP_OPERAND_RET);
}

/* ---- sites --------------------------------------------------------------------------------- */

static int set_region_args(struct places *p, const struct rp_function *function, bool returns,
			   struct rp_site *site)
{
	struct rp_declared declared = p->declared;

	if (function && rp_function__has_changed_arguments(function))
		declared.args = NULL;
	if (!returns)
		declared.returns = NULL;
	return rp_plan__region_args(p->plan, &declared, &p->plan->opts.label, site);
}

/* What is to be read at an exit: what is returned, at a RET. */
static int set_exit_args(struct places *p, const struct rp_exit_site *exit, struct rp_site *site)
{
	int rc;

	if (exit->kind != RP_EXIT_RETURN || !wants_returned(p->plan))
		return 0;
	rc = set_region_args(p, NULL, true, site);
	if (p->plan->opts.label.kind != RP_OPERAND_RET)
		site->flags &= ~RP_SITE_LABEL;
	return rc;
}

/* The condition of a jump, behind whatever else is read there. */
static int set_condition(struct places *p, const struct rp_exit_site *exit, struct rp_site *site)
{
	struct rp_arg condition = {.kind = RP_ARG_CONST, .size = 8, .value = exit->condition};

	if (exit->condition == RP_CONDITION_ALWAYS)
		return 0;
	site->flags |= RP_SITE_CONDITIONAL;
	return rp_plan__append_args(p->plan, &condition, 1, site);
}

/* What a hit at an exit means; *needed: it is to be probed at all. */
static int exit_role(struct places *p, const struct rp_body *body, const struct rp_exit_site *exit,
		     enum rp_role *role, bool *needed)
{
	struct rp_body *callee;

	*needed = true;
	*role = RP_ROLE_RET_SITE;
	if (exit->kind != RP_EXIT_TAIL_CALL)
		return 0;
	callee = rp_bodies__callee(&p->bodies, body, exit);
	if (!callee)
		return -ENOMEM;
	if (rp_body__returns_for_caller(callee)) {
		*role = RP_ROLE_TAIL_JUMP;
		*needed = callee->region != RP_REGION_NONE;
	}
	return 0;
}

/*
 * The exits of a function, or of what is needed for others. In parts of it elsewhere they are
 * nobody's own, since such parts may be shared. skip: where the entry is.
 */
static int add_exits(struct places *p, const struct rp_body *body, const struct rp_site *base,
		     uint64_t skip, bool jumps_only)
{
	int rc = 0;

	for (size_t i = 0; i < body->exits.n && !rc; i++) {
		const struct rp_exit_site *exit = &body->exits.items[i];
		bool own = exit->offset >= 0 && (uint64_t)exit->offset < body->size, needed;
		struct rp_site site = *base;

		site.offset = body->offset + (uint64_t)exit->offset;
		site.slow = exit->slow;
		if (!own && site.region) {
			site.owner = site.region;
			site.region = RP_REGION_NONE;
		}
		rc = exit_role(p, body, exit, &site.role, &needed);
		if (rc || !needed || site.offset == skip ||
		    (jumps_only && site.role != RP_ROLE_TAIL_JUMP))
			continue;
		rc = set_exit_args(p, exit, &site);
		if (!rc)
			rc = set_condition(p, exit, &site);
		if (!rc)
			rc = rp_plan__site(p->plan, &site);
	}
	return rc;
}

/* A function may be left where it is entered: by a bare RET, or a jump. */
static int add_entry(struct places *p, const struct rp_function *function,
		     const struct rp_body *body, struct rp_site *site)
{
	const struct rp_exit_site *exit = NULL;
	enum rp_role role;
	bool needed = false;
	int rc = 0;

	site->role = body ? RP_ROLE_CALL_SITE : RP_ROLE_CALL;
	site->slow = function->entry.slow;
	for (size_t i = 0; body && i < body->exits.n; i++)
		if (body->exits.items[i].offset == (int64_t)function->entry.offset)
			exit = &body->exits.items[i];
	if (exit)
		rc = exit_role(p, body, exit, &role, &needed);
	if (needed)
		site->role = role == RP_ROLE_TAIL_JUMP ? RP_ROLE_CALL_AND_JUMP
						       : RP_ROLE_CALL_AND_RET;
	if (!rc)
		rc = set_region_args(p, function, !exit || exit->kind == RP_EXIT_RETURN, site);
	if (!rc && needed)
		rc = set_condition(p, exit, site);
	return rc ? rc : rp_plan__site(p->plan, site);
}

static int add_function(struct places *p, const struct rp_function *function)
{
	struct rp_site site = {
		.object = p->object->number,
		.region = function->region,
		.offset = function->symbol->offset + function->entry.offset,
	};
	struct rp_body *body = NULL;
	struct rp_site base = site;
	int rc = 0;

	if (p->ret_sites) {
		body = rp_bodies__get(&p->bodies, function->symbol->offset);
		if (!body)
			return -ENOMEM;
	}
	if (body && p->object->traits.is_go)
		site.flags = base.flags = RP_SITE_GO;
	if (!function->was_planned)
		rc = add_entry(p, function, body, &site);
	if (rc || !body)
		return rc;
	if (body->is_callee)
		base.flags |= RP_SITE_SHARED;
	return add_exits(p, body, &base, site.offset, function->was_planned);
}

/* The exits of callees that are no regions. */
static int add_callees(struct places *p)
{
	struct rp_site base = {.object = p->object->number, .flags = RP_SITE_SHARED};
	struct rp_body *body;
	size_t at = 0;
	int rc = 0;

	if (p->object->traits.is_go)
		base.flags |= RP_SITE_GO;
	while (!rc && (body = rp_bodies__next(&p->bodies, &at))) {
		if (!body->is_callee || body->region != RP_REGION_NONE)
			continue;
		base.owner = body->owner;
		rc = add_exits(p, body, &base, UINT64_MAX, false);
	}
	return rc;
}

/* ---- what can be probed -------------------------------------------------------------------- */

static int refuse(struct places *p, const struct rp_function *function, const char *reason)
{
	return rp_plan__refuse(p->plan, function->name, p->object->path, reason);
}

int rp_plan__choose_entry(const struct rp_plan *plan, const struct rp_plan_object *object,
			  struct rp_function *function, const char **reason)
{
	size_t size = function->size < ENTRY_CODE_MAX ? function->size : ENTRY_CODE_MAX;
	uint8_t *code = malloc(size + 1);
	int rc = -ENOTSUP;

	if (!code)
		return -ENOMEM;
	*reason = "its code cannot be read";
	size = object->read(object->file, function->symbol->offset, code, size);
	if (size)
		rc = rp_site__entry(object->traits.machine, code, size, &plan->opts.rules,
				    &function->entry, reason);
	free(code);
	return rc;
}

/* A function that has its region goes over to RET sites, where its exits are known. */
static int choose_exits(struct places *p, struct rp_function *function)
{
	uint64_t at = function->symbol->offset + function->entry.offset;
	uint32_t region = rp_plan__known_call(p->plan, at);
	struct rp_body *body;

	if (region == RP_REGION_NONE)
		return 0;
	body = rp_bodies__get(&p->bodies, function->symbol->offset);
	if (!body)
		return -ENOMEM;
	if (!body->why && body->exits.n)
		function->region = body->region = region;
	return 0;
}

/* Give a function its region, or refuse it. */
static int choose(struct places *p, struct rp_function *function)
{
	struct rp_body *body = NULL;
	const char *reason = NULL;
	int rc = rp_plan__choose_entry(p->plan, p->object, function, &reason);

	if (p->plan->adding_ret_sites && rc != -ENOMEM)
		return rc ? 0 : choose_exits(p, function);
	if (rc == -ENOTSUP)
		return refuse(p, function, reason ? reason : "its entry cannot be probed");
	if (rc)
		return rc;
	if (compares(p->plan, RP_OPERAND_ARG) && rp_function__has_changed_arguments(function))
		return refuse(p, function, RP_ARGUMENTS_CHANGED);
	if (p->plan->rematching) {
		function->region = rp_plan__known_function(p->plan, function->symbol->offset +
									    function->entry.offset);
		function->was_planned = function->region != RP_REGION_NONE;
	}
	if (p->ret_sites) {
		body = rp_bodies__get(&p->bodies, function->symbol->offset);
		if (!body)
			return -ENOMEM;
		if (body->why || !body->exits.n)
			return refuse_exits(p, function,
					    body->why ? body->why : "it never returns");
	}
	if (!function->was_planned)
		rc = rp_plan__region(p->plan, RP_KIND_FUNCTION, NULL, function->name,
				     p->object->path, &function->region);
	if (body)
		body->region = function->region;
	return rc;
}

/* Whose exits a function needs besides its own. */
static int reach(struct places *p, const struct rp_function *function)
{
	struct rp_body *body = rp_bodies__get(&p->bodies, function->symbol->offset);
	bool ends_at_jump = false;
	int rc = body ? rp_bodies__reach(&p->bodies, body, function->region, &ends_at_jump)
		      : -ENOMEM;

	p->plan->regions[function->region - 1].ends_at_jump |= ends_at_jump;
	return rc;
}

int rp_plan__place_functions(struct rp_plan *plan, const struct rp_plan_object *object,
			     struct rp_function *functions, size_t n)
{
	struct places p = {
		.plan = plan,
		.object = object,
		.declared = rp_plan__calling_convention(&object->traits),
	};
	int rc = rp_bodies__init(&p.bodies, object);

	if (!rc && n)
		rc = choose_method(&p);
	for (size_t i = 0; i < n && !rc; i++)
		rc = choose(&p, &functions[i]);
	for (size_t i = 0; i < n && !rc && p.ret_sites; i++)
		if (functions[i].region)
			rc = reach(&p, &functions[i]);
	for (size_t i = 0; i < n && !rc; i++)
		if (functions[i].region)
			rc = add_function(&p, &functions[i]);
	if (!rc && p.ret_sites)
		rc = add_callees(&p);
	rp_bodies__free(&p.bodies);
	return rc;
}
