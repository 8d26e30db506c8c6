// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/sqlite_feed.h"

#include <stdlib.h>

struct table {
	sqlite3_vtab base; /* comes first, as SQLite wants it */
	const struct rp_feed *feed;
};

struct cursor {
	sqlite3_vtab_cursor base; /* likewise */
	const struct rp_feed *feed;
	size_t at;
};

static int connect(sqlite3 *db, void *feed, int argc, const char *const *argv, sqlite3_vtab **out,
		   char **error)
{
	struct table *table = calloc(1, sizeof(*table));

	(void)argc;
	(void)argv;
	(void)error;
	if (!table)
		return SQLITE_NOMEM;
	table->feed = feed;
	*out = &table->base;
	return sqlite3_declare_vtab(db, "CREATE TABLE feed(a,b,c,d,e,f,g,h,i,j,k)");
}

static int disconnect(sqlite3_vtab *table)
{
	free(table);
	return SQLITE_OK;
}

/* There is one way to read it: from the first row to the last. */
static int choose_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	(void)info;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
	struct cursor *cursor = calloc(1, sizeof(*cursor));

	if (!cursor)
		return SQLITE_NOMEM;
	cursor->feed = ((struct table *)base)->feed;
	*out = &cursor->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

static int rewind_cursor(sqlite3_vtab_cursor *base, int index, const char *name, int argc,
			 sqlite3_value **argv)
{
	(void)index;
	(void)name;
	(void)argc;
	(void)argv;
	((struct cursor *)base)->at = 0;
	return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *base)
{
	((struct cursor *)base)->at++;
	return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
	const struct cursor *cursor = (struct cursor *)base;

	return cursor->at >= cursor->feed->n;
}

static int tell_column(sqlite3_vtab_cursor *base, sqlite3_context *to, int column)
{
	const struct cursor *cursor = (struct cursor *)base;
	const struct rp_feed_row *row = &cursor->feed->row[cursor->at];

	if (row->null >> column & 1)
		return SQLITE_OK;
	if (column == RP_FEED_TEXT)
		sqlite3_result_text(to, row->text, -1, SQLITE_STATIC);
	else
		sqlite3_result_int64(to, row->number[column]);
	return SQLITE_OK;
}

static int tell_number(sqlite3_vtab_cursor *base, sqlite3_int64 *number)
{
	*number = (sqlite3_int64)((struct cursor *)base)->at;
	return SQLITE_OK;
}

/* Without xCreate it is there by its name, and in no schema. */
static const sqlite3_module module = {
	.xConnect = connect,
	.xBestIndex = choose_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = rewind_cursor,
	.xNext = next_row,
	.xEof = is_at_end,
	.xColumn = tell_column,
	.xRowid = tell_number,
};

int rp_feed__open(struct rp_feed *feed, sqlite3 *db, const char *insert)
{
	int code = sqlite3_create_module(db, "feed", &module, feed);

	return code ? code
		    : sqlite3_prepare_v3(db, insert, -1, SQLITE_PREPARE_PERSISTENT, &feed->insert,
					 NULL);
}

int rp_feed__flush(struct rp_feed *feed)
{
	sqlite3_step(feed->insert);
	feed->n = 0;
	return sqlite3_reset(feed->insert);
}

void rp_feed__close(struct rp_feed *feed)
{
	sqlite3_finalize(feed->insert);
}
