// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/elsewhere.h"

#include <stdio.h>
#include <string.h>

#include "discover/elf_image.h"
#include "run/internal.h"
#include "run/selection.h"
#include "targets/targets.h"
#include "util/glob.h"

static bool has(struct rp_elf *elf, const char *glob)
{
	const struct rp_symbol *symbols;
	size_t n;

	if (rp_elf__symbols(elf, &symbols, &n, NULL))
		return false;
	for (size_t i = 0; i < n; i++)
		if (rp_glob__match(glob, symbols[i].name))
			return true;
	return false;
}

static const char *search(const struct rp_targets *targets, const char *glob)
{
	size_t n = rp_targets__n_objects(targets);
	const char *path, *found = NULL;
	struct rp_elf *elf;

	for (uint32_t i = 0; i < n && !found && !rp_run__is_cancelled(); i++) {
		if (rp_targets__is_executable(targets, i) ||
		    rp_targets__read(targets, i, RP_ELF_FUNCTIONS, &elf))
			continue;
		rp_targets__object(targets, i, &path);
		if (has(elf, glob))
			found = path;
		rp_elf__free(elf);
	}
	return found;
}

/* The default selection is about all files of a target. */
bool rp_elsewhere__find(const struct rp_opts *opts, const char *glob, char *name, size_t size)
{
	struct rp_targets_opts all = {.follow = !opts->no_follow,
				      .helper = rp_helper__new(rp_run__is_cancelled),
				      .is_cancelled = rp_run__is_cancelled};
	struct rp_targets *targets = NULL;
	const char *found = NULL, *slash;
	struct rp_err err;

	if (all.helper && !rp_plan__new(&(struct rp_plan_opts){0}, &all.plan, &err))
		targets = rp_targets__new(&all);
	if (targets && !rp_selection__discover(opts, targets, &err))
		found = search(targets, glob);
	if (found) {
		slash = strrchr(found, '/');
		snprintf(name, size, "%s", slash ? slash + 1 : found);
	}
	rp_targets__free(targets);
	rp_plan__free(all.plan);
	rp_helper__free(all.helper);
	return found;
}
