// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A database of SQLite, for questions that no view answers: docs/SQLITE.md has its tables. It is
 * written in one go and nobody else opens it before that, so it has no journal: where that fails,
 * the file is to be thrown away.
 */
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/internal.h"
#include "export/sqlite_feed.h"
#include "record/joined_samples.h"

static const char schema[] =
	"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
	"PRAGMA page_size = 32768;"
	"CREATE TABLE runs(id INTEGER PRIMARY KEY, file TEXT, host TEXT, target TEXT, kept TEXT,"
	" started_ns INTEGER, duration_ns INTEGER, cut INTEGER, sample_ns INTEGER);"
	"CREATE TABLE lost(run INTEGER, reason TEXT, count INTEGER);"
	"CREATE TABLE threads(id INTEGER PRIMARY KEY, run INTEGER, pid INTEGER, tid INTEGER,"
	" goroutine INTEGER, command TEXT, process TEXT);"
	"CREATE TABLE paths(id INTEGER PRIMARY KEY, run INTEGER, parent INTEGER, depth INTEGER,"
	" region TEXT, label TEXT, kind TEXT);"
	"CREATE TABLE instances(id INTEGER PRIMARY KEY, path INTEGER, thread INTEGER,"
	" end_thread INTEGER, start_ns INTEGER, duration_ns INTEGER, self_ns INTEGER,"
	" cpu_ns INTEGER, wait_ns INTEGER, cpu INTEGER, left TEXT, span INTEGER);"
	"CREATE VIEW calls AS SELECT i.id, p.run, p.region, p.label, p.kind, p.depth, t.pid, t.tid,"
	" t.command, i.start_ns, i.duration_ns, i.self_ns, i.cpu_ns, i.wait_ns,"
	" i.duration_ns - i.cpu_ns - i.wait_ns AS blocked_ns, i.cpu, i.left, i.span, i.path, "
	"i.thread"
	" FROM instances i JOIN paths p ON p.id = i.path JOIN threads t ON t.id = i.thread;"
	"CREATE TABLE frames(id INTEGER PRIMARY KEY, run INTEGER, caller INTEGER, function TEXT,"
	" file TEXT, line INTEGER, object TEXT);"
	"CREATE TABLE samples(id INTEGER PRIMARY KEY, run INTEGER, time_ns INTEGER, pid INTEGER,"
	" tid INTEGER, thread INTEGER, path INTEGER, frame INTEGER, cut TEXT);"
	"BEGIN";

enum statement {
	INSERT_RUN,
	INSERT_LOST,
	INSERT_THREAD,
	INSERT_PATH,
	INSERT_FRAME,
	INSERT_SAMPLE,
	STATEMENTS
};

static const char *const inserts[STATEMENTS] = {
	[INSERT_RUN] = "INSERT INTO runs VALUES(?,?,?,?,?,?,?,?,?)",
	[INSERT_LOST] = "INSERT INTO lost VALUES(?,?,?)",
	[INSERT_THREAD] = "INSERT INTO threads VALUES(?,?,?,?,?,?,?)",
	[INSERT_PATH] = "INSERT INTO paths VALUES(?,?,?,?,?,?,?)",
	[INSERT_FRAME] = "INSERT INTO frames VALUES(?,?,?,?,?,?,?)",
	[INSERT_SAMPLE] = "INSERT INTO samples VALUES(NULL,?,?,?,?,?,?,?,?)",
};

/* All columns in their order, the id among them: SQLite copies none of them then. */
static const char insert_instances[] = "INSERT INTO instances SELECT NULL, * FROM feed";

/* The columns of that, of which these may be NULL. */
enum { END_THREAD = 2, SELF = 5, CPU_TIME, WAIT, LEFT = RP_FEED_TEXT, SPAN };

struct database {
	struct rp_told told; /* first: see told.h */
	sqlite3 *db;
	sqlite3_stmt *insert[STATEMENTS];
	struct rp_feed feed; /* of instances */
	/* Of those told in this run so many are written; ids of rows are those of all runs. */
	size_t n_paths, n_threads, n_frames;
	sqlite3_int64 paths_before, threads_before, frames_before;
	uint64_t wall;			   /* of the run: ns since 1970 */
	char *file, *host, *target, *kept; /* of the run, quoted; NULL: not known */
};

/* ---- rows ------------------------------------------------------------------------------------ */

static int error_of(struct database *d, int code)
{
	int error = d->db ? sqlite3_system_errno(d->db) : 0;

	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	default:
		return error ? -error : -EIO;
	}
}

static void bind_number(sqlite3_stmt *insert, int column, uint64_t number)
{
	sqlite3_bind_int64(insert, column, (sqlite3_int64)number);
}

/* It stays as it is until the row is written. */
static void bind_text(sqlite3_stmt *insert, int column, const char *text)
{
	sqlite3_bind_text(insert, column, text, -1, SQLITE_STATIC);
}

static int write_row(struct database *d, enum statement statement)
{
	sqlite3_step(d->insert[statement]);
	return error_of(d, sqlite3_reset(d->insert[statement]));
}

/* ---- what instances refer to ----------------------------------------------------------------- */

static sqlite3_int64 path_id(const struct database *d, size_t index)
{
	return d->paths_before + (sqlite3_int64)index + 1;
}

static sqlite3_int64 thread_id(const struct database *d, size_t index)
{
	return d->threads_before + (sqlite3_int64)index + 1;
}

static sqlite3_int64 frame_id(const struct database *d, size_t index)
{
	return d->frames_before + (sqlite3_int64)index;
}

static int write_path(struct database *d, size_t index)
{
	const struct rp_told_node *node = &d->told.nodes[index];
	sqlite3_stmt *insert = d->insert[INSERT_PATH];

	sqlite3_bind_int64(insert, 1, path_id(d, index));
	bind_number(insert, 2, d->told.run);
	if (node->parent)
		sqlite3_bind_int64(insert, 3, path_id(d, node->parent - 1));
	else
		sqlite3_bind_null(insert, 3);
	bind_number(insert, 4, node->depth);
	bind_text(insert, 5, node->region);
	bind_text(insert, 6, node->label);
	bind_text(insert, 7, rp_kind__name(node->kind));
	return write_row(d, INSERT_PATH);
}

static int write_thread(struct database *d, size_t index)
{
	const struct rp_told_thread *thread = &d->told.threads[index];
	sqlite3_stmt *insert = d->insert[INSERT_THREAD];

	sqlite3_bind_int64(insert, 1, thread_id(d, index));
	bind_number(insert, 2, d->told.run);
	bind_number(insert, 3, thread->pid);
	bind_number(insert, 4, thread->tid);
	bind_number(insert, 5, thread->goroutine);
	bind_text(insert, 6, thread->comm);
	bind_text(insert, 7, thread->process_comm);
	return write_row(d, INSERT_THREAD);
}

/* A call below its caller; the first one, of samples without a stack, has no row. */
static int write_frame(struct database *d, size_t index)
{
	const struct rp_told_call *call = &d->told.calls.calls[index];
	const struct rp_told_place *place = &d->told.calls.places[call->place];
	sqlite3_stmt *insert = d->insert[INSERT_FRAME];

	if (!index)
		return 0;
	sqlite3_clear_bindings(insert);
	sqlite3_bind_int64(insert, 1, frame_id(d, index));
	bind_number(insert, 2, d->told.run);
	if (call->parent)
		sqlite3_bind_int64(insert, 3, frame_id(d, call->parent - 1));
	bind_text(insert, 4, place->function);
	if (*place->file) {
		bind_text(insert, 5, place->file);
		bind_number(insert, 6, place->line);
	}
	bind_text(insert, 7, place->object);
	return write_row(d, INSERT_FRAME);
}

/* All that were told since; the first of each is for instances of which nothing is known. */
static int write_told(struct database *d)
{
	int rc = 0;

	while (!rc && d->n_paths < d->told.n_nodes)
		rc = write_path(d, d->n_paths++);
	while (!rc && d->n_threads < d->told.n_threads)
		rc = write_thread(d, d->n_threads++);
	while (!rc && d->n_frames < d->told.calls.n_calls)
		rc = write_frame(d, d->n_frames++);
	return rc;
}

/* ---- instances ------------------------------------------------------------------------------- */

/* What is not known is NULL. */
static void set_row(const struct database *d, const struct rp_event_instance *instance,
		    struct rp_feed_row *row)
{
	bool timed = rp_event_instance__is_timed(instance);
	size_t node = (size_t)(rp_told__node(&d->told, instance->node) - d->told.nodes);

	*row = (struct rp_feed_row){
		.number = {path_id(d, node),
			   thread_id(d, rp_told__thread(&d->told, instance->thread)), 0,
			   (sqlite3_int64)rp_told__since(&d->told, instance),
			   (sqlite3_int64)instance->ns,
			   (sqlite3_int64)(instance->ns - instance->child),
			   (sqlite3_int64)instance->cpu, (sqlite3_int64)instance->wait,
			   instance->cpu_number, 0, (sqlite3_int64)instance->span}};
	if (!timed || instance->is_span)
		row->null = 1u << SELF | 1u << CPU_TIME | 1u << WAIT;
	if (timed)
		row->null |= 1u << LEFT;
	else
		row->text = instance->unwound ? "unwound" : "open";
	if (instance->end_thread != instance->thread)
		row->number[END_THREAD] = thread_id(
			d, rp_told__thread(&d->told, instance->end_thread));
	else
		row->null |= 1u << END_THREAD;
	if (!instance->is_span)
		row->null |= 1u << SPAN;
}

static int flush(struct database *d)
{
	return d->feed.n ? error_of(d, rp_feed__flush(&d->feed)) : 0;
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct database *d = ctx;
	int rc = write_told(d);

	if (rc)
		return rc;
	set_row(d, instance, &d->feed.row[d->feed.n++]);
	return d->feed.n == RP_FEED_ROWS ? flush(d) : 0;
}

/* ---- samples --------------------------------------------------------------------------------- */

static int on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	static const char *const ends[RP_UNWIND_END_COUNT] = {
#define END(symbol, key, meaning) [RP_UNWIND_END_##symbol] = key,
		RP_UNWIND_ENDS(END)
#undef END
	};
	struct database *d = ctx;
	sqlite3_stmt *insert = d->insert[INSERT_SAMPLE];
	size_t node = (size_t)(rp_told__node(&d->told, sample->node) - d->told.nodes);
	uint32_t thread = rp_told__thread(&d->told, sample->thread);
	uint32_t call = rp_told_calls__of(&d->told.calls, sample);
	int rc = write_told(d);

	if (rc)
		return rc;
	sqlite3_clear_bindings(insert);
	bind_number(insert, 1, d->told.run);
	bind_number(insert, 2, rp_told__since_start(&d->told, sample->time));
	bind_number(insert, 3, sample->pid);
	bind_number(insert, 4, sample->tid);
	if (thread)
		sqlite3_bind_int64(insert, 5, thread_id(d, thread));
	if (node)
		sqlite3_bind_int64(insert, 6, path_id(d, node));
	if (call)
		sqlite3_bind_int64(insert, 7, frame_id(d, call));
	if (sample->end != RP_UNWIND_END_COMPLETE && sample->end < RP_UNWIND_END_COUNT)
		bind_text(insert, 8, ends[sample->end]);
	return write_row(d, INSERT_SAMPLE);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void forget_run(struct database *d)
{
	free(d->file);
	free(d->host);
	free(d->target);
	free(d->kept);
	d->file = d->host = d->target = d->kept = NULL;
}

static int keep_text(char **out, const char *text)
{
	*out = text ? rp_export__escape(text) : NULL;
	return text && !*out ? -ENOMEM : 0;
}

/* What is told last of a run is what holds. */
static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct database *d = ctx;
	int rc;

	forget_run(d);
	d->wall = run->wall;
	rc = keep_text(&d->file, run->file);
	if (!rc)
		rc = keep_text(&d->host, run->meta.host);
	if (!rc)
		rc = keep_text(&d->target, run->meta.target);
	if (!rc)
		rc = keep_text(&d->kept, run->meta.kept);
	return rc ? rc : rp_told__on_run(d, run);
}

static int write_run(struct database *d, const struct rp_event_end *end)
{
	sqlite3_stmt *insert = d->insert[INSERT_RUN];
	uint64_t start = d->told.start;

	bind_number(insert, 1, d->told.run);
	bind_text(insert, 2, d->file);
	bind_text(insert, 3, d->host);
	bind_text(insert, 4, d->target);
	bind_text(insert, 5, d->kept);
	bind_number(insert, 6, d->wall);
	bind_number(insert, 7, end->time > start ? end->time - start : 0);
	bind_number(insert, 8, end->cut);
	if (d->told.sample_hz)
		bind_number(insert, 9, rp_samples__cpu(end, 1, d->told.sample_hz));
	else
		sqlite3_bind_null(insert, 9);
	return write_row(d, INSERT_RUN);
}

static int write_lost(struct database *d, const uint64_t *lost)
{
	static const char *const reasons[RP_LOST_COUNT] = {
#define REASON(symbol, key, meaning) key,
		RP_LOST_REASONS(REASON)
#undef REASON
	};
	sqlite3_stmt *insert = d->insert[INSERT_LOST];
	int rc = 0;

	for (size_t i = 0; !rc && i < RP_LOST_COUNT; i++) {
		if (!lost[i])
			continue;
		bind_number(insert, 1, d->told.run);
		bind_text(insert, 2, reasons[i]);
		bind_number(insert, 3, lost[i]);
		rc = write_row(d, INSERT_LOST);
	}
	return rc;
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct database *d = ctx;
	int rc = write_told(d);

	if (!rc)
		rc = flush(d);
	if (!rc)
		rc = write_run(d, end);
	if (!rc)
		rc = write_lost(d, end->lost);
	d->paths_before += (sqlite3_int64)d->n_paths;
	d->threads_before += (sqlite3_int64)d->n_threads;
	d->frames_before += d->n_frames ? (sqlite3_int64)d->n_frames - 1 : 0;
	d->n_paths = d->n_threads = d->n_frames = 0;
	return rc ? rc : rp_told__on_end(d, end);
}

static int on_close(void *ctx)
{
	struct database *d = ctx;
	int rc = flush(d);

	if (!rc)
		rc = error_of(d, sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL));
	rp_feed__close(&d->feed);
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(d->insert[i]);
	sqlite3_close(d->db);
	forget_run(d);
	rp_told__free(&d->told);
	free(d);
	return rc;
}

/* The path that a file was opened by: SQLite opens it once more, and somebody may have put a link
 * there meanwhile. */
static int open_file(struct database *d, FILE *out)
{
	char link[32], path[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstat(fileno(out), &st) || !S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fileno(out));
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	return error_of(d, sqlite3_open_v2(path, &d->db,
					   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL));
}

int rp_export__sqlite(FILE *out, struct rp_event_sink *sink)
{
	struct database *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return -ENOMEM;
	d->told.quote = rp_export__escape;
	rc = open_file(d, out);
	if (!rc)
		rc = error_of(d, sqlite3_exec(d->db, schema, NULL, NULL, NULL));
	for (size_t i = 0; !rc && i < STATEMENTS; i++)
		rc = error_of(d,
			      sqlite3_prepare_v3(d->db, inserts[i], -1, SQLITE_PREPARE_PERSISTENT,
						 &d->insert[i], NULL));
	if (!rc)
		rc = error_of(d, rp_feed__open(&d->feed, d->db, insert_instances));
	*sink = rp_export__sink(d);
	sink->run = on_run;
	sink->instance = on_instance;
	sink->place = rp_told__on_place;
	sink->call = rp_told__on_call;
	sink->sample = on_sample;
	sink->end = on_end;
	sink->close = on_close;
	if (rc)
		on_close(d);
	return rc;
}
