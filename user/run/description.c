// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/description.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "discover/proc.h"

static void describe_target(struct rp_description *d, const struct rp_opts *o)
{
	size_t at = 0;

	snprintf(d->target, sizeof(d->target), "the whole system");
	if (o->argv) {
		snprintf(d->target, sizeof(d->target), "%s", o->argv[0]);
		return;
	}
	for (size_t i = 0; i < o->n_pids && at < sizeof(d->target); i++) {
		char comm[RP_COMM_LEN] = "";

		rp_proc__comm("/proc", o->pids[i], comm, sizeof(comm));
		at += (size_t)snprintf(d->target + at, sizeof(d->target) - at, "%s%d%s%s",
				       i ? ", " : "PID ", (int)o->pids[i], comm[0] ? " " : "",
				       comm);
	}
}

static void describe_start(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;
	size_t n = strftime(text, size, "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &tm));

	if (n >= 2 && n + 1 < size) {
		/* RFC 3339 has a colon in the offset. */
		memmove(&text[n - 1], &text[n - 2], 3);
		text[n - 2] = ':';
	}
}

void rp_description__fill(struct rp_description *d, const struct rp_opts *opts,
			  const char *attach_mode)
{
	describe_target(d, opts);
	describe_start(d->meta.start_time, sizeof(d->meta.start_time));
	uname(&d->host);
	d->meta.version = RP_VERSION;
	d->meta.host = d->host.nodename;
	d->meta.kernel = d->host.release;
	d->meta.attach_mode = attach_mode;
	d->meta.target = d->target;
}
