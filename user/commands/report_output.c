// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "commands/report_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/records.h"
#include "run/output.h"
#include "util/caller.h"

/* It is emptied before the records are read: one of them would be lost for its report. */
static int open_path(struct rp_report_output *o, const char *path, struct rp_err *err)
{
	const struct rp_export *export = o->opts->export;
	int rc = rp_output__open(path, &o->out, err);

	o->path = path;
	if (!rc && !o->out && export && export->is_binary && isatty(STDOUT_FILENO)) {
		rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL,
			    "--format %s is for a file, no terminal can show it", export->name);
		return rp_err__line(err, -EINVAL, "output", "-o", "rptrace.out");
	}
	return rc ? rc : rp_records__check_output(o->out, path, &o->opts->files, err);
}

int rp_report_output__open(struct rp_report_output *o, struct rp_err *err)
{
	return open_path(o, o->opts->output, err);
}

int rp_report_output__begin(struct rp_report_output *o, struct rp_err *err)
{
	int rc;

	if (o->opts->export && o->opts->export->whole) {
		fclose(o->out);
		return rp_output__open_beside(o->path, &o->out, &o->beside, err);
	}
	rc = rp_output__begin(o->out, o->path);
	return rc ? rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s: %s", o->path, strerror(-rc))
		  : 0;
}

/* "run.trace.json" is "run.1.trace.json": readers go by how a name ends. */
static char *part_of(const char *path, unsigned number)
{
	const char *name = strrchr(path, '/'), *end;
	char *part;

	name = name ? name + 1 : path;
	end = strchr(name + (*name == '.'), '.');
	if (!end)
		end = name + strlen(name);
	return asprintf(&part, "%.*s.%u%s", (int)(end - path), path, number, end) < 0 ? NULL : part;
}

int rp_report_output__begin_part(struct rp_report_output *o, struct rp_err *err)
{
	int rc;

	free(o->part);
	o->part = part_of(o->opts->output, ++o->parts);
	if (!o->part)
		return rp_err__no_memory(err);
	rc = open_path(o, o->part, err);
	return rc ? rc : rp_report_output__begin(o, err);
}

int rp_report_output__end(struct rp_report_output *o)
{
	int rc = o->out && fclose(o->out) ? -errno : 0;

	o->out = NULL;
	if (!rc && o->beside)
		rc = rp_caller__replace(o->beside, o->path);
	o->failed = rc;
	if (rc)
		return rc;
	free(o->beside);
	o->beside = NULL;
	return 0;
}

void rp_report_output__free(struct rp_report_output *o)
{
	if (o->out)
		fclose(o->out);
	if (o->beside)
		unlink(o->beside);
	free(o->beside);
	free(o->part);
}
