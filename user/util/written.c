// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/written.h"

#include <errno.h>
#include <string.h>

int rp_written__check(FILE *out, const char *what, struct rp_err *err)
{
	int rc = 0;

	errno = 0;
	if (fflush(out) || ferror(out))
		rc = errno ? -errno : -EIO;
	if (!rc)
		return 0;
	rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s could not be written: %s", what,
		    strerror(-rc));
	return rp_err__remedy(err, rc, RP_REMEDY_LINE);
}
