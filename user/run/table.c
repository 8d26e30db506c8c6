// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/table.h"

#include <errno.h>
#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "run/standard.h"

int rp_table__width(FILE *out)
{
	struct winsize size;
	int fd = rp_standard__fileno(out);

	return isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size) ? size.ws_col : 0;
}

int rp_table__print(FILE *out, const struct rp_reading *now, const struct rp_reading *before,
		    struct rp_open_regions *open, const struct rp_table_opts *opts)
{
	struct rp_view_opts view = {
		.tree = opts->tree,
		.columns = opts->columns,
		.width = rp_table__width(out),
		.title = opts->title,
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.one_line = opts->one_line,
		.summary = opts->summary,
	};
	struct rp_snapshot *snapshot = rp_reading__snapshot(now, before, &opts->snapshot);
	int rc;

	if (!snapshot) {
		rp_open_regions__free(open);
		return -ENOMEM;
	}
	snapshot->open = open;
	rp_snapshot__sort(snapshot, opts->sort, false);
	errno = 0; /* where a write fails on the way, the view ends with it */
	rc = opts->view->print(out, snapshot, &view);
	if (!rc && fflush(out))
		rc = -errno;
	rp_snapshot__free(snapshot);
	return rc;
}
