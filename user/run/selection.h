/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* From what the options select to a plan, and what to say where nothing is selected. */
#ifndef RP_SELECTION_H
#define RP_SELECTION_H

#include "attach/features.h"
#include "opts/opts.h"
#include "run/run.h"
#include "targets/targets.h"
#include "util/error.h"

/* The plan that the options ask for. The strings of opts must outlive it. */
int rp_selection__plan(const struct rp_opts *opts, const struct rp_features *features,
		       struct rp_plan **out, struct rp_err *err);

/* Is there a plan for them? Before anything is done. */
int rp_selection__check(const struct rp_opts *opts, struct rp_err *err);

/* Bring in the objects of what the options aim at; a command is started, and goes no further. */
int rp_selection__discover(const struct rp_opts *opts, struct rp_targets *targets,
			   struct rp_err *err);

/* Nothing was selected: the error that says so, and the command that helps. */
int rp_selection__nothing(const struct rp_opts *opts, const struct rp_plan *plan,
			  const struct rp_targets *targets, struct rp_err *err);

/* Files of the targets that were left: how many, which was the first, and why. false: there are
 * none. */
bool rp_selection__left(const struct rp_targets *targets, char *line, size_t size);

#endif
