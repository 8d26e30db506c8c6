// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "commands/run_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/records.h"
#include "util/caller.h"

#define SNAPSHOT_MAX (256u << 20) /* bytes of one that is read */

static int read_record(const char *file, const char *name, rp_say_fn say,
		       struct rp_run_summary *out, struct rp_err *err)
{
	struct rp_run_summing *summing = rp_run_summing__new();
	struct rp_event_sink sink;
	int rc;

	if (!summing)
		return rp_err__no_memory(err);
	sink = rp_run_summing__sink(summing);
	rc = rp_records__read(file, &sink, say, err);
	if (!rc && rp_run_summing__finish(summing, name, out))
		rc = rp_err__no_memory(err);
	rp_run_summing__free(summing);
	return rc == -ENOMEM && !err->cause[0] ? rp_err__no_memory(err) : rc;
}

/* A record begins otherwise, and of what is no file nothing is taken here. */
static bool is_snapshot(int fd)
{
	char first;

	return pread(fd, &first, 1, 0) == 1 && first == '{';
}

/* All of it; NULL, errno. */
static char *read_text(int fd, size_t *n)
{
	struct stat st;
	ssize_t got = 1;
	char *text;

	*n = 0;
	if (fstat(fd, &st))
		return NULL;
	if (st.st_size > SNAPSHOT_MAX) {
		errno = EFBIG;
		return NULL;
	}
	text = malloc((size_t)st.st_size);
	while (text && got > 0 && *n < (size_t)st.st_size) {
		got = pread(fd, text + *n, (size_t)st.st_size - *n, (off_t)*n);
		*n += got > 0 ? (size_t)got : 0;
	}
	if (got >= 0)
		return text;
	free(text);
	return NULL;
}

static int read_snapshot(int fd, const char *file, const char *name, struct rp_run_summary *out,
			 struct rp_err *err)
{
	const char *why = NULL;
	size_t n;
	char *text = read_text(fd, &n);
	int rc;

	if (!text && errno == ENOMEM)
		return rp_err__no_memory(err);
	if (!text)
		return rp_err__set(err, RP_EXIT_FAILED, -errno, "rptrace --help", "%s: %s", file,
				   strerror(errno));
	rc = rp_run_summary__of_json(text, n, name, out, &why);
	free(text);
	if (why)
		return rp_err__set(err, RP_EXIT_FAILED, -EINVAL, "rptrace record --help", "%s %s",
				   file, why);
	return rc ? rp_err__no_memory(err) : 0;
}

int rp_run_file__read(const char *file, const char *name, rp_say_fn say, struct rp_run_summary *out,
		      struct rp_err *err)
{
	int fd = rp_caller__open(file), rc;

	/* What cannot be opened is told as of a record. */
	if (fd < 0 || !is_snapshot(fd))
		rc = read_record(file, name, say, out, err);
	else
		rc = read_snapshot(fd, file, name, out, err);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- the baseline ---------------------------------------------------------------------------- */

/*
 * A report has one output: where that has no rows of regions, or not all of their figures, no
 * change could be shown. A live run shows changes in its intervals, whatever form the summary has.
 */
static int check_form(const struct rp_opts *o, struct rp_err *err)
{
	if (o->command != RP_COMMAND_REPORT ||
	    (!o->export && !o->slowest && strstr("table json csv", o->format->name)))
		return 0;
	rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL,
		    "--baseline is shown in rows of regions: tables, JSON, CSV");
	return rp_err__line(err, -EINVAL, "baseline", NULL, NULL);
}

/* A baseline that this run writes over would be lost before, or compared with itself. */
static int check_written(const struct rp_opts *o, struct rp_err *err)
{
	const char *const written[] = {o->output, o->record, o->stream};
	static const char *const options[] = {"-o", "--record", "--stream"};
	int fd = rp_caller__open(o->baseline);
	bool is_same = false;

	for (size_t i = 0; fd >= 0 && !is_same && i < 3; i++) {
		is_same = written[i] && rp_caller__is_file(fd, written[i]);
		if (is_same)
			rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL,
				    "%s is both the baseline and what %s writes", o->baseline,
				    options[i]);
	}
	if (fd >= 0)
		close(fd);
	return is_same ? rp_err__line(err, -EINVAL, "baseline", NULL, NULL) : 0;
}

/*
 * A record of a part of its run is no baseline: --every and --last change the rates, --slower-than
 * the percentiles.
 */
static int check_whole(const struct rp_opts *o, const struct rp_run_summary *run,
		       struct rp_err *err)
{
	if (!run->meta.kept && run->past.n)
		return 0;
	if (!run->past.n)
		rp_err__set(err, RP_EXIT_FAILED, -ENODATA, NULL, "%s has no region to compare with",
			    o->baseline);
	else
		rp_err__set(err, RP_EXIT_FAILED, -EINVAL, NULL,
			    "%s has a part of its run (%s), which a whole one is not compared with",
			    o->baseline, run->meta.kept);
	return rp_err__line(err, -EINVAL, "baseline", NULL, NULL);
}

static void tell_lost(const struct rp_opts *o, const struct rp_run_summary *run, rp_say_fn say)
{
	char line[512];

	if (!run->lost)
		return;
	snprintf(line, sizeof(line),
		 "%.256s has lost %" PRIu64 " instance%s: its rates are lower than they were",
		 o->baseline, run->lost, run->lost == 1 ? "" : "s");
	say(line, NULL);
}

int rp_run_file__read_baseline(const struct rp_opts *o, rp_say_fn say, struct rp_run_summary *out,
			       const struct rp_baseline **baseline, struct rp_err *err)
{
	int rc;

	*out = (struct rp_run_summary){0};
	*baseline = NULL;
	if (!o->baseline)
		return 0;
	rc = check_form(o, err);
	if (!rc)
		rc = check_written(o, err);
	if (!rc)
		rc = rp_run_file__read(o->baseline, o->baseline, say, out, err);
	if (!rc)
		rc = check_whole(o, out, err);
	if (rc)
		return rc;
	tell_lost(o, out, say);
	*baseline = &out->past;
	return 0;
}
