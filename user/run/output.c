// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/standard.h"
#include "util/caller.h"

const char *rp_output__instead(const char *name, const char *other)
{
	struct stat st;

	if (!lstat(name, &st) || errno != ENOENT || rp_caller__may_create(name))
		return other;
	return name;
}

static bool is_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

int rp_output__open(const char *path, FILE **out, struct rp_err *err)
{
	char why[RP_REFUSAL_SIZE];
	int fd;

	*out = NULL;
	if (!path || !strcmp(path, "-"))
		return 0;
	fd = rp_caller__create(path, false);
	if (fd < 0) {
		rp_err__set(err, RP_EXIT_FAILED, fd, NULL, "%s: %s", path,
			    rp_caller__refusal(path, fd, why, sizeof(why)));
		return rp_err__line(err, fd, "output", "-o",
				    rp_output__instead("rptrace.out", "/var/tmp/rptrace.%p.out"));
	}
	*out = is_file(fd) ? fdopen(fd, "w") : rp_standard__open(fd);
	if (!*out)
		close(fd);
	return *out ? 0 : rp_err__no_memory(err);
}

int rp_output__begin(FILE *out, const char *path)
{
	return out && fileno(out) >= 0 ? rp_caller__empty(fileno(out), path) : 0;
}

int rp_output__open_beside(const char *path, FILE **out, char **beside, struct rp_err *err)
{
	uint64_t number = 0;
	struct stat st;
	int rc;

	*out = NULL;
	*beside = NULL;
	if (stat(path, &st) || !S_ISREG(st.st_mode)) {
		rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL, "%s is no file", path);
		return rp_err__line(err, -EINVAL, "output", "-o", "rptrace.out");
	}
	/* A random name, so that nobody can create it first. */
	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number) ||
	    asprintf(beside, "%s.%016" PRIx64, path, number) < 0)
		return rp_err__no_memory(err);
	rc = rp_output__open(*beside, out, err);
	if (!rc)
		return 0;
	free(*beside);
	*beside = NULL;
	return rc;
}
