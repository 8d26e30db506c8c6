// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Names processes and users that want more than their share of a bound (include/rp_shares.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "opts/cure.h"
#include "opts/options.h"
#include "run/internal.h"

#define TOLD_MAX 32 /* new processes without end must not flood the terminal */

struct bound {
	const char *what, *option; /* either the one or the other */
	const char *rest;	   /* what becomes of the rest */
};

static const struct bound bounds[] = {
	[RP_SHARED_NODES] = {NULL, "max-nodes", "its entries on other paths are lost"},
	[RP_SHARED_NAMES] = {NULL, "max-names", "its regions of other names are lost"},
	[RP_SHARED_SPANS] = {NULL, "max-spans", "more that it begins now are lost"},
	[RP_SHARED_WAKERS] = {NULL, "max-wakers", "who ends more of its sleeps is not told"},
	[RP_SHARED_LABELS] = {NULL, "max-labels", "its other labels share the row 'other'"},
	[RP_SHARED_SEGMENTS] = {"the room for deep stacks", NULL,
				"what it enters there now is lost"},
	[RP_SHARED_GOROUTINES] = {"the room for goroutines", NULL,
				  "what it enters on others is lost"},
	[RP_SHARED_EVENTS] = {"the ring of events", NULL,
			      "what it starts and maps now is found later"},
};

static const struct rp_option *find_option(const char *name)
{
	for (size_t i = 0; i < rp_n_options; i++)
		if (!strcmp(rp_options[i].name, name))
			return &rp_options[i];
	return NULL;
}

/* The cure is the same line with four times the bound, or the largest one allowed. */
static void propose_more(const struct rp_opts *opts, const char *name, struct rp_err *err)
{
	const struct rp_option *option = find_option(name);
	char with[32], value[32];
	unsigned now;
	double more;

	memcpy(&now, (const char *)opts + option->member, sizeof(now));
	more = 4.0 * now < option->most ? 4.0 * now : option->most;
	if (more <= now)
		return;
	snprintf(with, sizeof(with), "--%s", name);
	snprintf(value, sizeof(value), "%.0f", more);
	rp_err__line(err, 0, name, with, value);
	rp_cure__fill(opts, err);
}

void rp_run__tell_share(struct rp_run *run, const struct rp_event *event)
{
	struct rp_err err = {0};
	const struct bound *bound;
	char who[80];

	if (event->detail >= sizeof(bounds) / sizeof(bounds[0]) || run->shares_told == TOLD_MAX)
		return;
	bound = &bounds[event->detail];
	if (!bound->rest)
		return;
	run->shares_told++;
	if (event->header.type == RP_EVENT_USER_SHARE)
		snprintf(who, sizeof(who), "user %" PRIu32 " (process %" PRIu32 ", %.*s)",
			 event->user, event->pid, RP_COMM_LEN, event->path);
	else
		snprintf(who, sizeof(who), "process %" PRIu32 " (%.*s)", event->pid, RP_COMM_LEN,
			 event->path);
	rp_err__set(&err, RP_EXIT_OK, 0, NULL, "%s has had its share of %s%s: %s", who,
		    bound->option ? "--" : "", bound->option ? bound->option : bound->what,
		    bound->rest);
	if (bound->option)
		propose_more(run->opts, bound->option, &err);
	rp_run__say(run, err.cause, err.cure[0] ? err.cure : NULL);
}
