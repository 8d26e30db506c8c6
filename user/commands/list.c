// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace list: what the selection comes to, how it would be probed, and what is refused. */
#include <errno.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "run/launch.h"
#include "run/selection.h"
#include "targets/targets.h"
#include "util/escape.h"

static const char *method_name(const struct rp_site *site, enum rp_attach_mode mode)
{
	switch (site->role) {
	case RP_ROLE_CALL:
		return mode == RP_ATTACH_SESSION ? "session" : "return";
	case RP_ROLE_CALL_SITE:
	case RP_ROLE_CALL_AND_RET:
	case RP_ROLE_CALL_AND_JUMP:
		return "ret-sites";
	default:
		return "begin/end";
	}
}

static const char *const columns[] = {"REGION", "KIND",	  "METHOD", "SITES",
				      "SLOW",	"OFFSET", "OBJECT"};
enum { REGION, KIND, METHOD, SITES, SLOW, OFFSET, OBJECT, N_COLUMNS };

static struct libscols_table *new_table(void)
{
	struct libscols_table *table = scols_new_table();

	if (table)
		scols_table_enable_noencoding(table, 1); /* set() escapes */
	for (int i = 0; table && i < N_COLUMNS; i++)
		if (!scols_table_new_column(table, columns[i], 0,
					    i == SITES || i == SLOW || i == OFFSET ? SCOLS_FL_RIGHT
										   : 0)) {
			scols_unref_table(table);
			return NULL;
		}
	return table;
}

static int set(struct libscols_line *line, int column, const char *text)
{
	char *escaped = rp_escape__copy(text, true);
	int rc = escaped ? scols_line_refer_data(line, (size_t)column, escaped) : -ENOMEM;

	if (rc)
		free(escaped);
	return rc;
}

static int add_line(struct libscols_table *table, const struct rp_region *region,
		    const struct rp_site *site, enum rp_attach_mode mode)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char number[32];
	int rc;

	if (!line)
		return -ENOMEM;
	rc = set(line, REGION, region->name);
	rc |= set(line, KIND, rp_kind__name(region->kind));
	snprintf(number, sizeof(number), "%s%s", method_name(site, mode),
		 region->ends_at_jump ? " >" : "");
	rc |= set(line, METHOD, number);
	snprintf(number, sizeof(number), "%u", region->sites);
	rc |= set(line, SITES, number);
	snprintf(number, sizeof(number), "%u", region->slow_sites);
	rc |= set(line, SLOW, region->slow_sites ? number : "-");
	snprintf(number, sizeof(number), "0x%llx", (unsigned long long)site->offset);
	rc |= set(line, OFFSET, number);
	rc |= set(line, OBJECT, region->object);
	return rc;
}

static int print(const struct rp_plan *plan, enum rp_attach_mode mode,
		 const struct rp_targets_stats *stats)
{
	size_t n_regions, n_sites, n_refusals;
	const struct rp_region *regions = rp_plan__regions(plan, &n_regions);
	const struct rp_site *sites = rp_plan__sites(plan, &n_sites);
	const struct rp_refusal *refusals = rp_plan__refusals(plan, &n_refusals);
	struct libscols_table *table = new_table();
	bool *listed = calloc(n_regions + 1, sizeof(*listed));
	int rc = table && listed ? 0 : -ENOMEM;
	bool ends_at_jump = false;
	char name[1024], reason[1024];

	for (size_t i = 0; !rc && i < n_sites; i++) {
		uint32_t id = sites[i].region;

		if (!id || id > n_regions || listed[id])
			continue;
		listed[id] = true;
		rc = add_line(table, &regions[id - 1], &sites[i], mode);
		ends_at_jump |= regions[id - 1].ends_at_jump;
	}
	if (!rc)
		rc = scols_print_table(table);
	if (!rc && ends_at_jump)
		puts("> may end in a jump to a function that is not known: timed up to the jump");
	if (!rc && stats->moved)
		printf("never hit: %zu sites, as the program has moved or copied their code (to "
		       "huge pages?)\n",
		       stats->moved);
	if (!rc && stats->names)
		puts("and regions that are named at run time");
	for (size_t i = 0; !rc && i < n_refusals; i++)
		printf("refused: %s: %s\n", rp_escape(refusals[i].name, name, sizeof(name)),
		       rp_escape(refusals[i].reason, reason, sizeof(reason)));
	scols_unref_table(table);
	free(listed);
	return rc;
}

/* Objects of the target, planned but not attached. */
static int discover(const struct rp_opts *opts, struct rp_targets *targets, struct rp_err *err)
{
	struct rp_launch *launch;
	const char *path;
	int rc = rp_targets__add_named(targets, err);

	for (size_t i = 0; !rc && i < opts->n_pids; i++)
		rc = rp_targets__add(targets, opts->pids[i], err);
	if (!rc && rp_opts__is_system(opts))
		rc = rp_targets__add_system(targets, err);
	if (rc || !opts->argv)
		return rc;
	rc = rp_launch__new(&(struct rp_launch_opts){.argv = opts->argv}, &launch, &path, err);
	if (rc)
		return rc;
	rc = rp_targets__add_command(targets, rp_launch__pid(launch), path, err);
	rp_launch__free(launch); /* never released */
	return rc;
}

static int list(const struct rp_opts *opts, struct rp_err *err)
{
	struct rp_targets *targets = NULL;
	struct rp_targets_stats stats;
	struct rp_features features;
	enum rp_attach_mode mode;
	struct rp_plan *plan = NULL;
	size_t n_regions, n_refusals;
	int rc;

	rp_features__probe(&features);
	mode = features.session ? RP_ATTACH_SESSION : RP_ATTACH_MULTI;
	rc = rp_selection__plan(opts, &features, &plan, err);
	if (rc)
		return rc;
	targets = rp_targets__new(
		&(struct rp_targets_opts){.plan = plan, .follow = !opts->no_follow});
	rc = targets ? discover(opts, targets, err) : rp_err__no_memory(err);
	if (rc)
		goto out;
	rp_targets__stats(targets, &stats);
	rp_plan__regions(plan, &n_regions);
	rp_plan__refusals(plan, &n_refusals);
	if (!n_regions && !n_refusals && !stats.names)
		rc = rp_selection__nothing(opts, plan, &stats, err);
	else if (print(plan, mode, &stats) || fflush(stdout))
		rc = rp_err__set(err, RP_EXIT_FAILED, -EIO, NULL, "the list could not be written");
out:
	rp_targets__free(targets);
	rp_plan__free(plan);
	return rc;
}

int rp_list__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	(void)say;
	return list(opts, err) ? (int)err->exit : RP_EXIT_OK;
}
