// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * --auto: what the target does is looked at first, by samples; then the functions that are worth it
 * become regions. What their probes cost samples cannot tell, as they do not count calls: that is
 * for the budget to see (overhead.c), which leaves out what costs most.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/hot_functions.h"
#include "opts/cure.h"
#include "run/internal.h"
#include "run/offer.h"
#include "util/clock.h"

#define LOOK_NS	      (2 * RP_NS_PER_S)
#define LOOK_AGAIN_NS RP_NS_PER_S

/*
 * The name as a glob. Characters with a meaning in globs become '?': in practice nothing else
 * matches.
 */
static void write_glob(const struct rp_place *place, char *glob, size_t size)
{
	snprintf(glob, size, "%s:%s", place->object, place->function);
	for (char *c = glob; *c; c++)
		if (strchr("*[]\\", *c))
			*c = '?';
}

/* begin: what comes of it. */
static void say_chosen(struct rp_run *run, const struct rp_hot_functions *chosen, const char *begin)
{
	char line[1024];

	snprintf(
		line, sizeof(line),
		"%s; left out: %zu that do not return, "
		"%zu that take as long as what calls them, %zu that call next to nothing, %zu more",
		begin, chosen->roots, chosen->wrappers, chosen->leaves, chosen->more);
	rp_run__say(run, line, NULL);
}

/*
 * Samples do not show which functions are called how often, be it that all of the time is in one
 * that does not return. Of all that the executable has, the budget leaves those that are called
 * least.
 */
static void add_all(struct rp_run *run)
{
	struct rp_offer offer;
	struct rp_err err;
	size_t added = 0;
	char line[256];

	rp_offer__fill(run->targets, &offer);
	if (!offer.n_functions || offer.n_functions > RP_OFFER_ALL_MAX ||
	    rp_run__add_regions(run, "*", &added, &err) || !added)
		return;
	snprintf(line, sizeof(line),
		 "tracing all %zu functions of the executable instead: those that are called most "
		 "are left out first",
		 added);
	rp_run__say(run, line, NULL);
}

/* A function that cannot be traced is left, and the reason told. Returns how many are traced. */
static size_t add(struct rp_run *run, const struct rp_hot_functions *chosen)
{
	char glob[512], names[768] = "", line[896];
	size_t added, n = 0, at = 0;
	struct rp_err err;

	for (size_t i = 0; i < chosen->n; i++) {
		write_glob(chosen->item[i].place, glob, sizeof(glob));
		if (rp_run__add_regions(run, glob, &added, &err)) {
			rp_run__say(run, err.cause, NULL);
			continue;
		}
		if (!added)
			continue;
		n += added;
		if (at < sizeof(names))
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s",
					       at ? ", " : "", chosen->item[i].place->function);
	}
	snprintf(line, sizeof(line), "tracing %zu function%s chosen by samples: %s", n,
		 n == 1 ? "" : "s", names);
	if (n)
		say_chosen(run, chosen, line);
	else
		rp_run__say(run, "--auto: none of the functions that are hot can be traced", NULL);
	return n;
}

/* That nothing was chosen, and why. */
static void say_none(struct rp_run *run, const struct rp_sampled *sampled,
		     const struct rp_hot_functions *none)
{
	char where[RP_OFFER_WHERE], line[RP_OFFER_WHERE + 128];
	struct rp_offer offer;

	/* Those with names that are left are the few that no program is without. */
	if (sampled->totals.unresolved > sampled->totals.taken / 2) {
		rp_offer__fill(run->targets, &offer);
		rp_offer__where_names_are(&offer, where);
		snprintf(line, sizeof(line),
			 "--auto: most of the time is in functions without names%s", where);
		rp_run__say(run, line, NULL);
	} else if (none->roots + none->wrappers + none->leaves)
		say_chosen(run, none, "--auto: no function of the target is hot and worth it");
	else
		rp_run__say(run, "--auto: no function of the target with a name is hot", NULL);
}

static int choose(struct rp_run *run, const struct rp_snapshot *snapshot, unsigned most)
{
	struct rp_hot_functions chosen;
	int rc = rp_hot_functions__choose(snapshot->sampled, most, &chosen);
	size_t added = 0;

	if (rc)
		return rc;
	if (chosen.n)
		added = add(run, &chosen);
	else
		say_none(run, snapshot->sampled, &chosen);
	if (!added)
		add_all(run);
	rp_hot_functions__free(&chosen);
	return 0;
}

int rp_run__choose_functions(struct rp_run *run, unsigned most, uint64_t *samples)
{
	const struct rp_snapshot_opts opts = {.by = RP_BY_NONE};
	const struct rp_reading start = {0};
	struct rp_snapshot *snapshot = NULL;
	struct rp_reading reading;
	int rc = rp_run__drain_events(run);

	if (!rc)
		rc = rp_run__read(run, &reading);
	if (rc)
		return rc;
	snapshot = rp_reading__snapshot(&reading, &start, &opts);
	rp_counts__free(reading.counts);
	if (!snapshot)
		return -ENOMEM;
	*samples = snapshot->sampled->all.samples;
	if (*samples >= RP_SAMPLES_LEAST)
		rc = choose(run, snapshot, most);
	rp_snapshot__free(snapshot);
	return rc;
}

/* Once: nothing is traced meanwhile, which needs a reason. */
static void say_waiting(struct rp_run *run, uint64_t samples)
{
	char line[256];

	if (run->auto_waits)
		return;
	snprintf(line, sizeof(line),
		 "--auto waits for %u samples, and has %" PRIu64
		 ": the target is idle, or its threads end before they are sampled",
		 RP_SAMPLES_LEAST, samples);
	rp_run__say(run, line, NULL);
	run->auto_waits = true;
}

void rp_run__tell_of_short_auto(struct rp_run *run)
{
	struct rp_command_line line;

	if (!run->auto_look || run->auto_looked)
		return;
	run->say("--auto has chosen nothing: the run was over before there were enough samples",
		 rp_cure__with(run->opts, "--function", "*", &line));
}

/* Once there is enough to choose from. */
static int on_look(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;
	uint64_t samples = 0;
	int rc = rp_run__choose_functions(run, run->opts->auto_most, &samples);

	if (!rc && samples < RP_SAMPLES_LEAST) {
		say_waiting(run, samples);
		rp_timer__set(run->auto_look, now + LOOK_AGAIN_NS);
	}
	run->auto_looked = samples >= RP_SAMPLES_LEAST;
	return rc;
}

int rp_run__watch_auto(struct rp_run *run)
{
	int rc;

	if (!run->opts->auto_most)
		return 0;
	rc = rp_loop__timer(run->loop, on_look, run, &run->auto_look);
	if (!rc)
		rp_timer__set(run->auto_look, run->began + LOOK_NS);
	return rc;
}
