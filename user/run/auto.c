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
#include "run/internal.h"
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

/* names: of those that are traced, n; where there are none, what was left out is the reason. */
static void say_chosen(struct rp_run *run, const struct rp_hot_functions *chosen, const char *names,
		       size_t n)
{
	char line[1024];
	int at;

	if (n)
		at = snprintf(line, sizeof(line), "tracing %zu function%s chosen by samples: %s", n,
			      n == 1 ? "" : "s", names);
	else
		at = snprintf(line, sizeof(line),
			      "--auto: no function of the target is hot and worth it");
	snprintf(
		line + at, sizeof(line) - (size_t)at,
		"; left out: %zu that do not return, "
		"%zu that take as long as what calls them, %zu that call next to nothing, %zu more",
		chosen->roots, chosen->wrappers, chosen->leaves, chosen->more);
	rp_run__say(run, line, NULL);
}

/* A function that cannot be traced is left, and the reason told. */
static void add(struct rp_run *run, const struct rp_hot_functions *chosen)
{
	char glob[512], names[768] = "";
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
	if (n)
		say_chosen(run, chosen, names, n);
	else
		rp_run__say(run, "--auto: none of the functions that are hot can be traced", NULL);
}

static int choose(struct rp_run *run, const struct rp_snapshot *snapshot, unsigned most)
{
	struct rp_hot_functions chosen;
	int rc = rp_hot_functions__choose(snapshot->sampled, most, &chosen);

	if (!rc && chosen.n)
		add(run, &chosen);
	else if (!rc && chosen.roots + chosen.wrappers + chosen.leaves)
		say_chosen(run, &chosen, "", 0);
	else if (!rc)
		rp_run__say(run, "--auto: no function of the target with a name is hot", NULL);
	rp_hot_functions__free(&chosen);
	return rc;
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

/* Once there is enough to choose from. */
static int on_look(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;
	uint64_t samples;
	int rc = rp_run__choose_functions(run, run->opts->auto_most, &samples);

	if (!rc && samples < RP_SAMPLES_LEAST) {
		say_waiting(run, samples);
		rp_timer__set(run->auto_look, now + LOOK_AGAIN_NS);
	}
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
