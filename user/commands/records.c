// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "commands/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/reader.h"
#include "util/caller.h"
#include "util/clock.h"

__attribute__((format(printf, 3, 4))) static void tell(rp_say_fn say, const char *file,
						       const char *text, ...)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%.400s: ", file);
	va_list ap;

	va_start(ap, text);
	vsnprintf(line + n, sizeof(line) - (size_t)n, text, ap);
	va_end(ap);
	say(line, NULL);
}

/* damage->t0 and t1 are equal where no instances are known to be missing. */
static void tell_damage(rp_say_fn say, const char *file, uint64_t start,
			const struct rp_damage *damage)
{
	double from = damage->t0 > start ? (double)(damage->t0 - start) / RP_NS_PER_S : 0;
	double to = ((double)damage->t1 - (double)start) / RP_NS_PER_S;
	char missing[96] = "";

	if (damage->t1 > damage->t0)
		snprintf(missing, sizeof(missing),
			 ": what ended from %.6f s to %.6f s may be missing", from, to);
	tell(say, file, "%" PRIu64 " bytes at %" PRIu64 " are damaged%s", damage->bytes,
	     damage->offset, missing);
}

static void tell_parts(rp_say_fn say, const struct rp_reader *reader)
{
	const struct rp_reader_figures *f = rp_reader__figures(reader);
	const char *file = rp_reader__name(reader);
	uint32_t part = rp_reader__part(reader);

	if (f->parts_before == 1)
		tell(say, file,
		     "part %" PRIu32 " of its record, which comes before it, is not here",
		     part - 1);
	else if (f->parts_before)
		tell(say, file,
		     "parts %" PRIu32 " to %" PRIu32
		     " of its record, which come before it, are not here",
		     part - f->parts_before, part - 1);
	if (f->goes_on)
		tell(say, file, "its record goes on in part %" PRIu32 ", which is not here",
		     part + 1);
}

static void tell_file(rp_say_fn say, const struct rp_reader *reader)
{
	const struct rp_reader_figures *f = rp_reader__figures(reader);
	size_t room = sizeof(f->damage) / sizeof(f->damage[0]);
	const char *file = rp_reader__name(reader);

	tell_parts(say, reader);
	for (size_t i = 0; i < f->n_damaged && i < room; i++)
		tell_damage(say, file, rp_reader__run(reader)->start, &f->damage[i]);
	if (f->n_damaged > room)
		tell(say, file, "%" PRIu64 " more places are damaged", f->n_damaged - room);
	if (f->unknown_blocks)
		tell(say, file, "%" PRIu64 " blocks are of a later version of rptrace",
		     f->unknown_blocks);
	if (f->cut)
		tell(say, file, "the record ends before its run did");
}

void rp_records__tell_missing(rp_say_fn say, const struct rp_reader *reader)
{
	for (; reader; reader = rp_reader__next(reader))
		tell_file(say, reader);
}

/* ---- read ------------------------------------------------------------------------------------ */

/* 0 or a negative errno: it is no record. */
static int open_record(const char *file, struct rp_reader **reader, struct rp_err *err)
{
	int fd = rp_caller__open(file), rc;

	if (fd < 0)
		return rp_err__set(err, RP_EXIT_FAILED, fd, "rptrace record --help", "%s: %s",
				   *file ? file : "''", strerror(-fd));
	rc = rp_reader__open(fd, file, reader, err);
	if (rc)
		close(fd);
	return rc;
}

int rp_records__read(const char *file, const struct rp_event_sink *sink, rp_say_fn say,
		     struct rp_err *err)
{
	struct rp_reader *reader;
	int rc = open_record(file, &reader, err);

	if (rc)
		return rc;
	rc = rp_reader__read(reader, sink, err);
	if (!rc)
		rp_records__tell_missing(say, reader);
	rp_reader__free(reader);
	return rc;
}

/* ---- several files of one run ---------------------------------------------------------------- */

static int describe(const char *file, struct rp_record *out, struct rp_err *err)
{
	struct rp_reader *reader;
	int rc = open_record(file, &reader, err);

	if (rc)
		return rc;
	*out = (struct rp_record){.name = file,
				  .run = rp_reader__run_number(reader),
				  .part = rp_reader__part(reader)};
	rp_reader__free(reader);
	return 0;
}

/*
 * Keep the parts of one run together, in their order; a new run comes last. -EEXIST: the part is
 * there.
 */
static int insert(struct rp_record *records, size_t n, const struct rp_record *new)
{
	size_t at = n;

	for (size_t i = 0; i < n; i++) {
		if (!new->run || records[i].run != new->run)
			continue;
		if (records[i].part == new->part)
			return -EEXIST;
		at = records[i].part > new->part ? i : i + 1;
		if (at == i)
			break;
	}
	memmove(&records[at + 1], &records[at], (n - at) * sizeof(*records));
	records[at] = *new;
	return 0;
}

int rp_records__sort(const struct rp_texts *files, rp_say_fn say, struct rp_record **out,
		     size_t *twice, struct rp_err *err)
{
	struct rp_record *records = calloc(files->n, sizeof(*records)), record;
	int rc = records ? 0 : rp_err__no_memory(err), n = 0;

	for (size_t i = 0; i < files->n && !rc; i++) {
		bool is_needed = !n && i + 1 == files->n;

		*twice = i;
		rc = describe(files->items[i], &record, err);
		if (rc == -ENODATA && !is_needed) {
			*err = (struct rp_err){0};
			tell(say, files->items[i], "it is empty");
			rc = 0;
			continue;
		}
		if (!rc)
			rc = insert(records, (size_t)n++, &record);
	}
	if (rc)
		free(records);
	else
		*out = records;
	return rc ? rc : n;
}

int rp_records__open_run(const struct rp_record *records, size_t n, struct rp_reader **reader,
			 struct rp_err *err)
{
	int rc = open_record(records[0].name, reader, err), taken = 1;
	struct rp_reader *later;

	for (size_t i = 1; !rc && i < n && records[0].run && records[i].run == records[0].run;
	     i++, taken++) {
		rc = open_record(records[i].name, &later, err);
		if (rc)
			rp_reader__free(*reader);
		else
			rp_reader__join(*reader, later);
	}
	return rc ? rc : taken;
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
