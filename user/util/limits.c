// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/limits.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What the smallest run needs, and some to spare. */
static const struct need {
	int resource;
	bool hard; /* the soft limit will be raised, or the kernel looks at it as it goes */
	rlim_t least, unit;
	const char *what, *of, *option;
} needs[] = {
	{RLIMIT_NOFILE, true, 128, 1, "open files", "", "-n"},
	{RLIMIT_STACK, false, 256 << 10, 1 << 10, "the stack", " KiB", "-s"},
	{RLIMIT_AS, false, 64 << 20, 1 << 10, "memory", " KiB", "-v"},
};

int rp_limits__check(struct rp_err *err)
{
	char cure[64];

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		const struct need *n = &needs[i];
		struct rlimit limit;
		rlim_t have;

		if (getrlimit((__rlimit_resource_t)n->resource, &limit))
			continue;
		have = n->hard ? limit.rlim_max : limit.rlim_cur;
		if (have >= n->least) /* RLIM_INFINITY is the largest number */
			continue;
		snprintf(cure, sizeof(cure), "ulimit %s %llu", n->option,
			 (unsigned long long)(n->least / n->unit));
		return rp_err__set(err, RP_EXIT_DENIED, -ENOMEM, cure,
				   "%s: limited to %llu%s (ulimit %s), and rptrace needs %llu",
				   n->what, (unsigned long long)(have / n->unit), n->of, n->option,
				   (unsigned long long)(n->least / n->unit));
	}
	return 0;
}

void rp_limits__raise(struct rp_limits *before)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct rlimit raised;

	sigaction(SIGXFSZ, &ignore, &before->file_too_large);
	getrlimit(RLIMIT_NOFILE, &before->files);
	raised = before->files;
	raised.rlim_cur = raised.rlim_max;
	setrlimit(RLIMIT_NOFILE, &raised);
}

void rp_limits__restore(const struct rp_limits *before)
{
	sigaction(SIGXFSZ, &before->file_too_large, NULL);
	setrlimit(RLIMIT_NOFILE, &before->files);
}
