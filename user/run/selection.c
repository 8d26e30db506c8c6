// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/select.h"
#include "run/selection.h"

#define NEAREST_MAX 5

int rp_selection__plan(const struct rp_opts *opts, const struct rp_features *features,
		       struct rp_plan **out, struct rp_err *err)
{
	struct rp_plan_opts plan = {
		.functions = opts->functions.items,
		.n_functions = opts->functions.n,
		.usdts = opts->usdts.items,
		.n_usdts = opts->usdts.n,
		.excludes = opts->excludes.items,
		.n_excludes = opts->excludes.n,
		.exit_method = opts->exit_method,
		.label = opts->label,
		.where = &opts->where,
		.max_regions = opts->max_regions,
		.whole_system = rp_opts__is_system(opts),
	};

	rp_features__site_rules(features, &plan.rules);
	return rp_plan__new(&plan, out, err);
}

static void list_nearest(const struct rp_plan *plan, char *text, size_t size)
{
	const char *names[NEAREST_MAX];
	size_t n = rp_plan__suggest(plan, names, NEAREST_MAX), at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n && at < size; i++)
		at += snprintf(text + at, size - at, "%s%s",
			       i ? ", " : "nearest names: ", names[i]);
}

int rp_selection__check(const struct rp_opts *opts, struct rp_err *err)
{
	const struct rp_features features = {0};
	struct rp_plan *plan;
	int rc = rp_selection__plan(opts, &features, &plan, err);

	if (!rc)
		rp_plan__free(plan);
	return rc;
}

/* The -x that takes what was selected; NULL: none does. */
static const char *find_exclusion(const struct rp_opts *opts, const struct rp_plan *plan)
{
	const char *name;

	if (!rp_plan__suggest(plan, &name, 1))
		return NULL;
	for (size_t i = 0; i < opts->excludes.n; i++)
		if (rp_glob__match_probe(opts->excludes.items[i], name))
			return opts->excludes.items[i];
	return NULL;
}

int rp_selection__nothing(const struct rp_opts *opts, const struct rp_plan *plan,
			  const struct rp_targets_stats *stats, struct rp_err *err)
{
	const struct rp_refusal *refusals;
	size_t n_refusals;
	const char *exclusion;
	char nearest[400];

	refusals = rp_plan__refusals(plan, &n_refusals);
	if (n_refusals)
		return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT,
				   "rptrace list shows all that can be traced",
				   "%s cannot be traced: %s", refusals[0].name, refusals[0].reason);
	if (stats->denied)
		return rp_err__set(err, RP_EXIT_DENIED, -EACCES,
				   "run it as root, or give it CAP_SYS_PTRACE too",
				   "the files that the target has mapped may not be read");
	if (rp_plan__is_default(plan) && rp_opts__is_system(opts))
		return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT,
				   "put some in with rptrace.h, or name functions with -f "
				   "OBJECT:GLOB",
				   "no process carries rptrace markers");
	if (rp_plan__is_default(plan))
		return rp_err__set(
			err, RP_EXIT_NOTHING, -ENOENT,
			"name functions with -f GLOB, or put markers in with rptrace.h",
			"the target has neither rptrace markers nor pairs of USDT probes");
	exclusion = find_exclusion(opts, plan);
	if (exclusion)
		return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT,
				   "type the line without that -x, or with a narrower GLOB",
				   "-x '%s' leaves nothing of what is selected", exclusion);
	list_nearest(plan, nearest, sizeof(nearest));
	if (stats->stripped && opts->functions.n)
		return rp_err__set(
			err, RP_EXIT_NOTHING, -ENOENT,
			nearest[0] ? nearest
				   : "install its debug symbols, or name the library it is in: -f "
				     "OBJECT:GLOB",
			"no function matches '%s', and the executable is stripped of its symbols",
			opts->functions.items[0]);
	return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT,
			   nearest[0] ? nearest : "rptrace list shows what can be traced",
			   rp_opts__is_system(opts)
				   ? "no process maps a file with anything that matches '%s'"
				   : "nothing in the target matches '%s'",
			   opts->functions.n ? opts->functions.items[0] : opts->usdts.items[0]);
}
