// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * rptrace list: what the selection comes to, how it would be probed, and what is refused. Without a
 * selection also what there is to select from: the files of the target, and where it has no
 * markers the functions of its executables.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/list_internal.h"
#include "run/offer.h"
#include "run/selection.h"
#include "util/written.h"

const char *rp_listing__method(const struct rp_listing *l, const struct rp_site *site)
{
	switch (site->role) {
	case RP_ROLE_CALL:
		return l->mode == RP_ATTACH_SESSION ? "session" : "return";
	case RP_ROLE_CALL_SITE:
	case RP_ROLE_CALL_AND_RET:
	case RP_ROLE_CALL_AND_JUMP:
		return "ret-sites";
	default:
		return "begin/end";
	}
}

const struct rp_site **rp_listing__sites(const struct rp_listing *l)
{
	size_t n_regions, n_sites;
	const struct rp_site *sites = rp_plan__sites(l->plan, &n_sites), **out;

	rp_plan__regions(l->plan, &n_regions);
	out = calloc(n_regions + 1, sizeof(*out));
	for (size_t i = n_sites; out && i-- > 0;)
		if (sites[i].region && sites[i].region <= n_regions &&
		    rp_plan__wants_site(l->plan, &sites[i]))
			out[sites[i].region - 1] = &sites[i];
	return out;
}

/* A plan, and the targets that it was made for. */
struct planned {
	struct rp_helper *helper;
	struct rp_plan *plan;
	struct rp_targets *targets;
};

static int make(const struct rp_opts *opts, const struct rp_features *features, struct planned *out,
		struct rp_err *err)
{
	int rc = rp_selection__plan(opts, features, &out->plan, err);

	if (rc)
		return rc;
	out->helper = rp_helper__new(NULL);
	if (out->helper)
		out->targets = rp_targets__new(&(struct rp_targets_opts){
			.plan = out->plan, .follow = !opts->no_follow, .helper = out->helper});
	return out->targets ? rp_selection__discover(opts, out->targets, err)
			    : rp_err__no_memory(err);
}

static void drop(struct planned *planned)
{
	rp_targets__free(planned->targets);
	rp_helper__free(planned->helper);
	rp_plan__free(planned->plan);
}

static bool is_empty(const struct planned *planned)
{
	struct rp_targets_stats stats;
	size_t n_regions, n_refusals;

	rp_targets__stats(planned->targets, &stats);
	rp_plan__regions(planned->plan, &n_regions);
	rp_plan__refusals(planned->plan, &n_refusals);
	return !n_regions && !n_refusals && !stats.names;
}

/* The file with most functions, or that but the program's own; NULL: there is none. */
static const struct rp_listed_object *find_functions(const struct rp_listing *l, bool libraries)
{
	const struct rp_listed_object *most = NULL;

	for (size_t i = 0; i < l->n_objects; i++)
		if (l->objects[i].functions > (most ? most->functions : 0) &&
		    !(libraries && l->objects[i].is_exe))
			most = &l->objects[i];
	return most;
}

/* Of a program of more functions not all are to be probed. */
#define PROBE_ALL_MAX 2000

static void add_next(struct rp_listing *l, const struct rp_opts *opts, const char *verb,
		     const char *const *words)
{
	rp_command_line__of_target(&l->next[l->n_next], opts, verb, words);
	l->n_next += l->next[l->n_next].fits;
}

static void add_nexts(struct rp_listing *l, const struct rp_opts *opts,
		      const struct rp_targets *targets)
{
	const struct rp_listed_object *library = find_functions(l, true);
	const char *name = library ? strrchr(library->path, '/') : NULL;
	char glob[512];
	struct rp_offer offer;

	rp_offer__fill(targets, &offer);
	if (!l->without_markers)
		add_next(l, opts, NULL, NULL);
	if (offer.n_functions && !l->without_markers)
		add_next(l, opts, "list", (const char *[]){"-f", "*", NULL});
	else if (offer.n_functions && offer.n_functions <= PROBE_ALL_MAX)
		add_next(l, opts, NULL, (const char *[]){"-f", "*", "--max-overhead=5%", NULL});
	else if (offer.n_names)
		add_next(l, opts, NULL, (const char *[]){"-f", offer.names[0], NULL});
	if (!name || !l->without_markers)
		return;
	snprintf(glob, sizeof(glob), "%s:*", name + 1);
	add_next(l, opts, "list", (const char *[]){"-f", glob, NULL});
}

static int print(const struct rp_opts *opts, struct rp_listing *l, const struct planned *planned,
		 struct rp_err *err)
{
	int rc;

	l->plan = planned->plan;
	rp_targets__stats(planned->targets, &l->stats);
	rc = opts->json ? rp_listing__print_json(l) : rp_listing__print(l);
	if (rp_written__check(stdout, "the list", err))
		return -EIO;
	return rc ? rp_err__no_memory(err) : 0;
}

/* Without a selection: markers and USDT regions, or else functions; and all there is besides. */
static int list_all(const struct rp_opts *opts, const struct rp_features *features,
		    struct rp_listing *l, const struct planned *regions, struct rp_err *err)
{
	struct rp_opts all = *opts;
	struct planned functions = {0};
	const char *every = "*";
	int rc;

	if (rp_listing__add_objects(l, regions->targets))
		return rp_err__no_memory(err);
	if (is_empty(regions) && !find_functions(l, false))
		return rp_selection__nothing(opts, regions->plan, regions->targets, err);
	l->without_markers = is_empty(regions);
	add_nexts(l, opts, regions->targets);
	if (!l->without_markers)
		return print(opts, l, regions, err);
	all.functions = (struct rp_texts){.items = &every, .n = 1};
	rc = make(&all, features, &functions, err);
	if (!rc)
		rc = print(opts, l, &functions, err);
	drop(&functions);
	return rc;
}

static int list(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	struct rp_listing listing = {0};
	struct planned planned = {0};
	struct rp_features features;
	char left[512];
	int rc;

	rp_features__probe(&features);
	listing.mode = features.session ? RP_ATTACH_SESSION : RP_ATTACH_MULTI;
	rc = make(opts, &features, &planned, err);
	if (rc)
		goto out;
	if (rp_selection__left(planned.targets, left, sizeof(left)))
		say(left, NULL);
	if (rp_plan__is_default(planned.plan) && !rp_opts__is_system(opts))
		rc = list_all(opts, &features, &listing, &planned, err);
	else if (is_empty(&planned))
		rc = rp_selection__nothing(opts, planned.plan, planned.targets, err);
	else
		rc = print(opts, &listing, &planned, err);
out:
	rp_listing__free(&listing);
	drop(&planned);
	return rc;
}

int rp_list__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	return list(opts, say, err) ? (int)err->exit : RP_EXIT_OK;
}
