// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * From the options to a plan, and the answers where that comes to nothing. Their cure is a command
 * to type, which works as it stands: the line itself with what was wrong in it mended, or the one
 * that lists what there is.
 */
#include "run/selection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "opts/cure.h"
#include "plan/select.h"
#include "run/elsewhere.h"
#include "run/launch.h"
#include "run/offer.h"

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
		.within = opts->within,
		.max_regions = opts->max_regions,
		.samples = opts->sample_hz > 0,
		.whole_system = rp_opts__is_system(opts),
	};

	rp_features__site_rules(features, opts->attach, &plan.rules);
	return rp_plan__new(&plan, out, err);
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

int rp_selection__discover(const struct rp_opts *opts, struct rp_targets *targets,
			   struct rp_err *err)
{
	struct rp_launch *launch;
	const char *path;
	int rc = rp_targets__add_named(targets, err);

	if (!rc)
		rc = rp_targets__add(targets, opts->pids, opts->n_pids, opts->n_found, err);
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

/* ---- cures ----------------------------------------------------------------------------------- */

/* What there is; where that is what has just been asked, what of it is missing. */
static const char *of_what_is_there(const struct rp_opts *opts, struct rp_command_line *line)
{
	if (opts->command != RP_COMMAND_LIST || opts->functions.n || opts->usdts.n)
		return rp_cure__of_target(opts, "list", line);
	return opts->n_pids ? rp_cure__of_target(opts, "doctor", line) : "rptrace doctor";
}

static const char *edited(const struct rp_opts *opts, const struct rp_edit *edit,
			  struct rp_command_line *line)
{
	return rp_command_line__edit(line, opts->n_words, opts->words, edit);
}

/* The word of the line that a value of an option lies in; 0: none. */
static int word_of(const struct rp_opts *opts, const char *value)
{
	for (int i = 1; i < opts->n_own; i++)
		if (value >= opts->words[i] && value <= opts->words[i] + strlen(opts->words[i]))
			return i;
	return 0;
}

/* ---- what is wrong --------------------------------------------------------------------------- */

/* The line without that -x, which is a word of its own or begins that of its value. */
static int excluded(const struct rp_opts *opts, const char *glob, struct rp_err *err)
{
	struct rp_command_line line;
	int word = word_of(opts, glob);
	struct rp_edit edit = {.skip = word, .n_skip = 1};

	if (glob == opts->words[word]) {
		edit.skip--;
		edit.n_skip++;
	}
	return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT, edited(opts, &edit, &line),
			   "-x '%s' leaves nothing of what is selected", glob);
}

/* Nothing can be named but by what the executable's debug file has. */
static int no_symbols(const struct rp_opts *opts, const struct rp_offer *offer, struct rp_err *err)
{
	struct rp_edit sampled = {.insert = opts->n_own, .with = {"--sample"}};
	struct rp_command_line line;
	char where[RP_OFFER_WHERE];

	rp_offer__where_names_are(offer, where);
	return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT,
			   opts->command == RP_COMMAND_LIVE ? edited(opts, &sampled, &line)
							    : of_what_is_there(opts, &line),
			   "the target has no markers, no pairs of USDT probes and no symbols of "
			   "functions%s%s%s",
			   where, offer->lacks ? "; " : "", offer->lacks ? offer->lacks : "");
}

/* Without markers there are functions, and the probes of all of them under a bound. */
static int no_markers(const struct rp_opts *opts, const struct rp_targets *targets,
		      struct rp_err *err)
{
	struct rp_edit edit = {.insert = opts->n_own, .with = {"-f", "*", "--max-overhead=5%"}};
	struct rp_edit few = {.insert = opts->n_own, .with = {"--auto"}};
	bool many, live = opts->command == RP_COMMAND_LIVE;
	struct rp_command_line line;
	char names[RP_OFFER_NAMES * 66] = "";
	struct rp_offer offer;
	size_t at = 0;

	if (rp_opts__is_system(opts))
		return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT, RP_CURE_PROCESSES,
				   "no process carries rptrace markers");
	rp_offer__fill(targets, &offer);
	if (!offer.n_functions)
		return no_symbols(opts, &offer, err);
	for (size_t i = 0; i < offer.n_names; i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "",
				       offer.names[i]);
	many = offer.n_functions > RP_OFFER_ALL_MAX;
	if (opts->max_overhead > 0)
		edit.with[2] = NULL;
	return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT,
			   many && !live ? rp_cure__of_target(opts, "list", &line)
					 : edited(opts, many ? &few : &edit, &line),
			   "the target has neither markers nor pairs of USDT probes%s%s%s, but %zu "
			   "functions: %s%s",
			   offer.lacks ? " (" : "", offer.lacks ? offer.lacks : "",
			   offer.lacks ? ")" : "", offer.n_functions, names,
			   offer.n_functions > offer.n_names ? ", ..." : "");
}

/* The selection with the nearest name in it, in the OBJECT that it names; false: not known. */
static bool correct(const struct rp_opts *opts, const char *typed, const char *nearest, char *text,
		    size_t size)
{
	struct rp_select_function function;
	struct rp_select_usdt usdt;
	const char *object = NULL;

	if (opts->functions.n) {
		if (rp_select_function__parse(typed, &function, NULL))
			return false;
		snprintf(text, size, "%s%s%s", function.object ? function.object : "",
			 function.object ? ":" : "", nearest);
		rp_select_function__free(&function);
		return true;
	}
	/* Of a pair that was named by both ends, either may be wrong. */
	if (strchr(typed, '@') || rp_select_usdt__parse(typed, &usdt, NULL))
		return false;
	if (usdt.n > 2 && (rp_opts__is_system(opts) || rp_select__is_path(usdt.fields[0])))
		object = usdt.fields[0];
	snprintf(text, size, "%s%s%s", object ? object : "", object ? ":" : "", nearest);
	rp_select_usdt__free(&usdt);
	return usdt.n == 2 || object;
}

/* As the end of a cause: why an interpreter has no USDT probes, where such are asked for. */
static void append_lack(const struct rp_opts *opts, const struct rp_targets *targets, char *text,
			size_t size)
{
	struct rp_offer offer = {0};
	size_t n = strlen(text);

	if (opts->usdts.n)
		rp_offer__fill(targets, &offer);
	if (offer.lacks)
		snprintf(text + n, size - n, ": %s", offer.lacks);
}

/* The selection with the library in it that has what was typed without one; false: none has. */
static bool of_library(const struct rp_opts *opts, const char *typed, char *text, size_t size)
{
	struct rp_select_function function;
	char name[256];
	bool found;

	if (!opts->functions.n || opts->usdts.n || rp_opts__is_system(opts) ||
	    rp_select_function__parse(typed, &function, NULL))
		return false;
	found = !function.object && !function.end &&
		rp_elsewhere__find(opts, function.glob, name, sizeof(name));
	if (found)
		snprintf(text, size, "%s:%s", name, function.glob);
	rp_select_function__free(&function);
	return found;
}

static int no_match(const struct rp_opts *opts, const struct rp_plan *plan,
		    const struct rp_targets *targets, bool is_stripped, struct rp_err *err)
{
	const char *typed = opts->functions.n ? opts->functions.items[0] : opts->usdts.items[0];
	const char *names[NEAREST_MAX], *cure;
	size_t n = rp_plan__suggest(plan, names, NEAREST_MAX), at = 0;
	int word = word_of(opts, typed);
	struct rp_edit edit = {.skip = word, .n_skip = 1, .insert = word};
	char nearest[400] = "", text[400], whole[512];
	bool elsewhere;
	struct rp_command_line line;

	for (size_t i = 0; i < n && at < sizeof(nearest); i++)
		at += (size_t)snprintf(nearest + at, sizeof(nearest) - at, "%s%s",
				       i ? ", " : "; nearest names: ", names[i]);
	append_lack(opts, targets, nearest, sizeof(nearest));
	cure = rp_cure__of_target(opts, "list", &line);
	elsewhere = of_library(opts, typed, text, sizeof(text));
	if (elsewhere)
		snprintf(nearest, sizeof(nearest), ", but %.*s has it",
			 (int)(strrchr(text, ':') - text), text);
	if (elsewhere || (n && !(opts->functions.n && opts->usdts.n) &&
			  correct(opts, typed, names[0], text, sizeof(text)))) {
		snprintf(whole, sizeof(whole), "%.*s%s", (int)(typed - opts->words[word]),
			 opts->words[word], text);
		edit.with[0] = whole;
		cure = edited(opts, &edit, &line);
	}
	if (is_stripped && opts->functions.n)
		return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT, cure,
				   "no function matches '%s', and the executable is stripped of "
				   "its symbols%s",
				   typed, nearest);
	return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT, cure, "%s matches '%s'%s",
			   rp_opts__is_system(opts) ? "no process maps a file with anything that"
			   : elsewhere		    ? "no function of the executable"
						    : "nothing in the target",
			   typed, nearest);
}

int rp_selection__nothing(const struct rp_opts *opts, const struct rp_plan *plan,
			  const struct rp_targets *targets, struct rp_err *err)
{
	const struct rp_refusal *refusals;
	struct rp_command_line line;
	struct rp_targets_stats stats;
	size_t n_refusals;

	rp_targets__stats(targets, &stats);
	refusals = rp_plan__refusals(plan, &n_refusals);
	if (n_refusals)
		return rp_err__set(err, RP_EXIT_NOTHING, -ENOENT,
				   rp_cure__of_target(opts, "list", &line),
				   "%s cannot be traced: %s", refusals[0].name, refusals[0].reason);
	if (stats.denied)
		return rp_err__set(err, RP_EXIT_DENIED, -EACCES, rp_cure__rights(opts, &line),
				   "the files that the target has mapped may not be read: that "
				   "takes root, or CAP_SYS_PTRACE");
	if (rp_plan__excluded_by(plan))
		return excluded(opts, rp_plan__excluded_by(plan), err);
	if (rp_plan__is_default(plan))
		return no_markers(opts, targets, err);
	return no_match(opts, plan, targets, stats.stripped, err);
}

bool rp_selection__left(const struct rp_targets *targets, char *line, size_t size)
{
	struct rp_targets_stats stats;

	rp_targets__stats(targets, &stats);
	if (!stats.left)
		return false;
	snprintf(line, size, "%zu file%s left unread, or in part: %s: %s%s", stats.left,
		 stats.left == 1 ? "" : "s", stats.left_path ? stats.left_path : "?",
		 stats.left_why, stats.left > 1 ? " ..." : "");
	return true;
}
