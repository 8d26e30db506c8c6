/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the tests of the snapshot share: counts to build it from, and a way to its rows. */
#ifndef RP_TEST_SNAPSHOT_FIXTURE_H
#define RP_TEST_SNAPSHOT_FIXTURE_H

#include "counts_fixture.h"

static struct fixture now, before;

static inline struct rp_snapshot *build(const struct fixture *old, enum rp_by by)
{
	struct rp_snapshot_opts opts = {.by = by};
	struct rp_snapshot *snapshot;

	snapshot = rp_snapshot__build(&now.counts, old ? &old->counts : NULL, &opts);
	assert_non_null(snapshot);
	return snapshot;
}

static inline const struct rp_row *row(const struct rp_snapshot *snapshot, const char *name,
				       const char *group)
{
	for (size_t i = 0; i < snapshot->n_rows; i++) {
		const struct rp_row *r = &snapshot->rows[i];

		if (!strcmp(r->name, name) && (!group || (r->group && !strcmp(r->group, group))))
			return r;
	}
	fail_msg("no row %s %s", name, group ? group : "");
	return NULL;
}

static inline int start(void **state)
{
	(void)state;
	fixture_init(&now);
	fixture_init(&before);
	return 0;
}

#endif
