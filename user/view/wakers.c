// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Who ended the sleep of threads in regions: below the table, and as a cell of CSV. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "util/escape.h"
#include "view/internal.h"

#define WAKERS_OF_REGION 4    /* that are named ... */
#define SHARE_LEAST	 2000 /* ... of a 2000th of the time, which is 0.1 % when rounded, or more */

static int print_waking(FILE *out, const struct rp_wakings *all, const struct rp_waking *waking,
			const char *before, bool utf8)
{
	char *name = rp_escape__copy(rp_waking__name(waking), utf8);

	if (!name)
		return -ENOMEM;
	fprintf(out, "%.1f %% %s%s", 100.0 * (double)waking->ns / (double)all->ns, before, name);
	free(name);
	return 0;
}

/* The longest comes first. */
static bool is_named(const struct rp_wakings *all, size_t i)
{
	return i < WAKERS_OF_REGION && all->item[i].ns >= all->ns / SHARE_LEAST;
}

static int print_row(FILE *out, const struct rp_row *row, bool utf8)
{
	const struct rp_wakings *all = &row->wakings;
	char *name = rp_escape__copy(row->name, utf8),
	     *group = rp_escape__copy(row->group ? row->group : "", utf8), span[32];
	int err = name && group ? 0 : -ENOMEM;
	size_t n = 0;

	if (!err) {
		rp_text__ns((double)all->ns, span, sizeof(span));
		fprintf(out, "%s%s%s%s: of its %s asleep, ", name, *group ? "[" : "", group,
			*group ? "]" : "", utf8 ? rp_text__micro(span, sizeof(span)) : span);
	}
	for (; n < all->n && (!n || is_named(all, n)) && !err; n++) {
		fputs(n ? ", " : "", out);
		err = print_waking(out, all, &all->item[n], n ? "by " : "ended by ", utf8);
	}
	if (!err && all->n > n)
		fprintf(out, " and %zu more", all->n - n);
	fputc('\n', out);
	free(name);
	free(group);
	return err;
}

int rp_wakers__print(FILE *out, const struct rp_snapshot *snapshot, bool utf8)
{
	int err = 0;

	for (size_t i = 0; i < snapshot->n_rows && !err; i++)
		if (snapshot->rows[i].wakings.count && snapshot->rows[i].wakings.ns)
			err = print_row(out, &snapshot->rows[i], utf8);
	return err;
}

int rp_wakers__print_csv(FILE *out, const struct rp_row *row)
{
	const struct rp_waking *most = row->wakings.n ? row->wakings.item : NULL;
	int err;

	fprintf(out, ",%" PRIu64 ",%s,", row->wakings.ns, most ? rp_waking__kind(most) : "");
	err = rp_csv__text(out, most && most->region ? most->region : "");
	fprintf(out, ",%" PRIu64, most ? most->ns : 0);
	return err;
}
