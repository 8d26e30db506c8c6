// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/output.h"

#include <string.h>
#include <unistd.h>

#include "util/caller.h"

int rp_output__open(const char *path, FILE **out, struct rp_err *err)
{
	int fd;

	*out = NULL;
	if (!path || !strcmp(path, "-"))
		return 0;
	fd = rp_caller__create(path, false);
	if (fd < 0) {
		rp_err__set(err, RP_EXIT_FAILED, fd, NULL, "%s: %s", path, strerror(-fd));
		return rp_err__line(err, fd, "output", "-o", "rptrace.out");
	}
	*out = fdopen(fd, "w");
	if (!*out)
		close(fd);
	return *out ? 0 : rp_err__no_memory(err);
}

int rp_output__begin(FILE *out, const char *path)
{
	return out ? rp_caller__empty(fileno(out), path) : 0;
}
