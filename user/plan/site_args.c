// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the kernel reads where a region is entered or left: the label, and what --where compares. */
#include <errno.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "plan/usdt_arg.h"

/* RP_ARG_NONE where there is no such thing; what is there and not understood is counted later. */
static void find(const struct rp_declared *declared, const struct rp_operand *operand,
		 struct rp_arg *out)
{
	const char *text = operand->kind == RP_OPERAND_ARG   ? declared->args
			   : operand->kind == RP_OPERAND_RET ? declared->returns
							     : NULL;
	int rc = text ? rp_usdt_arg__parse(declared->machine, text, operand->index, out) : -ENOENT;

	if (!rc)
		rc = rp_operand__apply(operand, out);
	if (rc) {
		memset(out, 0, sizeof(*out));
		out->kind = rc == -ENOENT ? RP_ARG_NONE : RP_ARG_UNREADABLE;
	}
}

/* Most sites that follow each other have the same. */
int rp_plan__set_args(struct rp_plan *plan, const struct rp_arg *args, uint32_t n,
		      struct rp_site *site)
{
	size_t bytes = n * sizeof(*args);

	if (n != plan->n_args || memcmp(args, plan->args, bytes)) {
		plan->args = rp_arena__array(&plan->arena, args, bytes);
		if (!plan->args)
			return -ENOMEM;
		plan->n_args = n;
	}
	site->args = plan->args;
	site->n_args = n;
	return 0;
}

static uint32_t comparisons(const struct rp_plan *plan)
{
	return plan->opts.where ? plan->opts.where->filter.n : 0;
}

static bool have_lengths(const struct rp_plan *plan)
{
	return plan->opts.label.length ||
	       (plan->opts.where && rp_where__has_lengths(plan->opts.where));
}

int rp_plan__append_args(struct rp_plan *plan, const struct rp_arg *args, uint32_t n,
			 struct rp_site *site)
{
	uint32_t at = rp_args__end(comparisons(plan), have_lengths(plan));
	struct rp_arg all[2 * (1 + RP_ATOMS_MAX) + RP_OVERLAP_ARGS] = {0};

	if (site->n_args)
		memcpy(all, site->args, site->n_args * sizeof(all[0]));
	memcpy(&all[at], args, n * sizeof(args[0]));
	return rp_plan__set_args(plan, all, at + n, site);
}

/* The length of what an operand points to; RP_ARG_NONE where it has none. */
static void find_length(const struct rp_declared *declared, const struct rp_operand *operand,
			struct rp_arg *out)
{
	struct rp_operand length = {.kind = RP_OPERAND_ARG};

	memset(out, 0, sizeof(*out));
	if (!operand->length)
		return;
	length.index = operand->length - 1;
	find(declared, &length, out);
	if (out->kind == RP_ARG_NONE)
		out->kind = RP_ARG_UNREADABLE;
}

int rp_plan__region_args(struct rp_plan *plan, const struct rp_declared *declared,
			 const struct rp_operand *label, struct rp_site *site)
{
	const struct rp_where *where = plan->opts.where;
	uint32_t n = comparisons(plan), lengths = rp_args__lengths(n);
	struct rp_arg args[2 * (1 + RP_ATOMS_MAX)];

	find(declared, label, &args[0]);
	find_length(declared, label, &args[lengths]);
	for (uint32_t k = 0; k < n; k++) {
		find(declared, &where->operand[k], &args[1 + k]);
		find_length(declared, &where->operand[k], &args[lengths + 1 + k]);
	}
	if (args[0].kind != RP_ARG_NONE)
		site->flags |= RP_SITE_LABEL;
	else if (!n)
		return 0;
	return rp_plan__set_args(plan, args, rp_args__end(n, have_lengths(plan)), site);
}
