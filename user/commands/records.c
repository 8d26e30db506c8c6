// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "commands/records.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "record/reader.h"
#include "util/caller.h"
#include "util/clock.h"

/* A stretch that had no instances, for all that is known, has no time. */
static void tell_damage(rp_say_fn say, const char *file, uint64_t start,
			const struct rp_damage *damage)
{
	double from = damage->t0 > start ? (double)(damage->t0 - start) / RP_NS_PER_S : 0;
	double to = ((double)damage->t1 - (double)start) / RP_NS_PER_S;
	char line[512];
	int n = snprintf(line, sizeof(line), "%s: %" PRIu64 " bytes at %" PRIu64 " are damaged",
			 file, damage->bytes, damage->offset);

	if (damage->t1 > damage->t0 && n > 0 && (size_t)n < sizeof(line))
		snprintf(line + n, sizeof(line) - (size_t)n,
			 ": what ended from %.6f s to %.6f s may be missing", from, to);
	say(line, NULL);
}

void rp_records__tell_missing(rp_say_fn say, const char *file, const struct rp_reader *reader)
{
	const struct rp_reader_figures *f = rp_reader__figures(reader);
	size_t room = sizeof(f->damage) / sizeof(f->damage[0]);
	uint64_t start = rp_reader__run(reader)->start;
	char line[512];

	for (size_t i = 0; i < f->n_damaged && i < room; i++)
		tell_damage(say, file, start, &f->damage[i]);
	if (f->n_damaged > room) {
		snprintf(line, sizeof(line), "%s: %" PRIu64 " more places are damaged", file,
			 f->n_damaged - room);
		say(line, NULL);
	}
	if (f->unknown_blocks) {
		snprintf(line, sizeof(line),
			 "%s: %" PRIu64 " blocks are of a later version of rptrace", file,
			 f->unknown_blocks);
		say(line, NULL);
	}
	if (f->cut) {
		snprintf(line, sizeof(line), "%s: the record ends before its run did", file);
		say(line, NULL);
	}
}

int rp_records__open(const char *file, struct rp_reader **reader, struct rp_err *err)
{
	int fd = rp_caller__open(file), rc;

	if (fd < 0)
		return rp_err__set(err, RP_EXIT_FAILED, fd, "rptrace record --help", "%s: %s",
				   *file ? file : "''", strerror(-fd));
	rc = rp_reader__open(fd, file, reader, err);
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

int rp_records__read(const char *file, const struct rp_event_sink *sink, rp_say_fn say,
		     struct rp_err *err)
{
	struct rp_reader *reader;
	int fd = rp_records__open(file, &reader, err), rc;

	if (fd < 0)
		return fd;
	rc = rp_reader__read(reader, sink, err);
	if (!rc)
		rp_records__tell_missing(say, file, reader);
	rp_reader__free(reader);
	close(fd);
	return rc;
}

int rp_records__check_output(FILE *out, const char *path, const struct rp_texts *files,
			     struct rp_err *err)
{
	for (size_t i = 0; out && i < files->n; i++) {
		if (!rp_caller__is_file(fileno(out), files->items[i]))
			continue;
		rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL, "%s is a record that is to be read",
			    path);
		return rp_err__line(err, -EINVAL, "output", "-o", "rptrace.out");
	}
	return 0;
}
