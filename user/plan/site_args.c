// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the kernel reads at the entry of a region: the label. */
#include <errno.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "plan/usdt_arg.h"

static int find(unsigned machine, const char *declared, const struct rp_operand *operand,
		struct rp_arg *out)
{
	int rc;

	if (operand->kind != RP_OPERAND_ARG)
		return -ENOENT;
	rc = rp_usdt_arg__parse(machine, declared, operand->index, out);
	if (!rc)
		rc = rp_operand__apply(operand, out);
	if (rc)
		memset(out, 0, sizeof(*out));
	return rc;
}

/* Most sites that follow each other have the same. */
int rp_plan__set_args(struct rp_plan *plan, const struct rp_arg *args, uint32_t n,
		      struct rp_site *site)
{
	size_t bytes = n * sizeof(*args);

	if (n != plan->n_args || memcmp(args, plan->args, bytes)) {
		plan->args = rp_pool__array(&plan->pool, args, bytes);
		if (!plan->args)
			return -ENOMEM;
		plan->n_args = n;
	}
	site->args = plan->args;
	site->n_args = n;
	return 0;
}

int rp_plan__entry_args(struct rp_plan *plan, unsigned machine, const char *declared,
			const struct rp_operand *label, struct rp_site *site)
{
	struct rp_arg arg;
	int rc = find(machine, declared, label, &arg);

	if (rc == -ENOENT)
		return 0;
	/* One that cannot be read is left for the kernel to count. */
	site->flags |= RP_SITE_LABEL;
	return rp_plan__set_args(plan, &arg, 1, site);
}
