/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Rows on their way into a table of SQLite, many at a time: as a virtual table, of which one
 * statement takes them all. That is twice as fast as a statement for each. Internal to export/.
 */
#ifndef RP_SQLITE_FEED_H
#define RP_SQLITE_FEED_H

#include <sqlite3.h>
#include <stddef.h>

#define RP_FEED_COLUMNS 11
#define RP_FEED_TEXT	9
#define RP_FEED_ROWS	1024

struct rp_feed_row {
	sqlite3_int64 number[RP_FEED_COLUMNS];
	unsigned null;	  /* bits: those that have none */
	const char *text; /* of RP_FEED_TEXT, in place of its number; lasts */
};

struct rp_feed {
	struct rp_feed_row row[RP_FEED_ROWS];
	size_t n;
	sqlite3_stmt *insert;
};

/*
 * A table by the name of `feed`, and the statement that takes its rows, which reads from that.
 * Returns a code of SQLite. The feed must last as long as the database is open.
 */
int rp_feed__open(struct rp_feed *feed, sqlite3 *db, const char *insert);
/* All rows that are there. Likewise. */
int rp_feed__flush(struct rp_feed *feed);
void rp_feed__close(struct rp_feed *feed);

#endif
