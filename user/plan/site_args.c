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

int rp_plan__append_args(struct rp_plan *plan, const struct rp_arg *args, uint32_t n,
			 struct rp_site *site)
{
	const struct rp_where *where = plan->opts.where;
	uint32_t at = 1 + (where ? where->filter.n : 0);
	struct rp_arg all[1 + RP_ATOMS_MAX + RP_OVERLAP_ARGS] = {0};

	if (site->n_args)
		memcpy(all, site->args, site->n_args * sizeof(all[0]));
	memcpy(&all[at], args, n * sizeof(args[0]));
	return rp_plan__set_args(plan, all, at + n, site);
}

int rp_plan__region_args(struct rp_plan *plan, const struct rp_declared *declared,
			 const struct rp_operand *label, struct rp_site *site)
{
	const struct rp_where *where = plan->opts.where;
	uint32_t n = where ? where->filter.n : 0;
	struct rp_arg args[1 + RP_ATOMS_MAX];

	find(declared, label, &args[0]);
	for (uint32_t k = 0; k < n; k++)
		find(declared, &where->operand[k], &args[1 + k]);
	if (args[0].kind != RP_ARG_NONE)
		site->flags |= RP_SITE_LABEL;
	else if (!n)
		return 0;
	return rp_plan__set_args(plan, args, 1 + n, site);
}
