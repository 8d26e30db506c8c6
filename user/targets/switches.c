// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Does the target switch stacks? A coroutine calls functions of any file, while the code that
 * switches may be in another one, a library of coroutines say. A return probe in the one is harmed
 * by the switch in the other: functions then return into the wrong coroutine. So where functions
 * are to be probed, every file that a traced process maps is looked at once, before any of them is
 * planned.
 *
 * Whoever maps files that take too long to be searched, or that cannot be read, is taken for one
 * that switches: RET sites are right in any case.
 *
 * What is loaded later may find return probes in place. They go over to RET sites then, as those of
 * functions do that run on a signal stack. Functions whose exits are not known are left out.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "targets/internal.h"
#include "util/array.h"

#define SEARCHED_MAX  4096
#define SEARCH_MAX_NS 3000000000u

/* Is this file met for the first time? Past the bound it is looked at each time. */
static bool is_new(struct rp_targets *t, dev_t dev, ino_t ino)
{
	const struct rp_file_id id = {.dev = dev, .ino = ino};

	for (size_t i = 0; i < t->n_searched; i++)
		if (t->searched[i].dev == id.dev && t->searched[i].ino == id.ino)
			return false;
	if (t->n_searched < SEARCHED_MAX &&
	    !rp_array__fit(&t->searched, t->n_searched + 1, sizeof(*t->searched)))
		t->searched[t->n_searched++] = id;
	return true;
}

/* Takes fd over; a negative errno: it could not be opened. 0 or -ENOMEM. */
static int search_file(struct rp_targets *t, int fd, const char *path)
{
	struct rp_elf *elf = NULL;
	int rc = fd < 0 ? fd : rp_helper__object(t->helper, fd, path, 0, &elf, NULL);

	if (!rc)
		rc = rp_plan__search_switches(t->plan, path, elf);
	rp_elf__free(elf);
	if (fd >= 0)
		close(fd);
	if (rc == -ENOMEM)
		return rc;
	/*
	 * A file that is gone is run by nobody. One that cannot be read may switch stacks: assume
	 * that it does.
	 */
	if (rc && rc != -ENOENT && rc != -ESRCH && rc != -EINTR)
		rp_plan__assume_switches(t->plan);
	return 0;
}

static bool takes_too_long(const struct rp_targets *t, uint64_t before)
{
	return t->searching + rp_targets__reading_so_far(t) - before > SEARCH_MAX_NS;
}

/* What is probed by now goes over to RET sites. */
static void give_up_returns(struct rp_targets *t)
{
	size_t n;
	const struct rp_site *sites = rp_plan__sites(t->plan, &n);

	for (size_t i = 0; i < n; i++)
		if (sites[i].role == RP_ROLE_CALL && !sites[i].superseded)
			t->unsafe |= rp_plan__use_ret_sites(t->plan, sites[i].region);
}

int rp_targets__search_mapped(struct rp_targets *t, pid_t pid, const struct rp_mapped *mapped,
			      size_t n)
{
	uint64_t before = rp_targets__reading_so_far(t);
	int rc = 0;

	if (!rp_plan__fears_switches(t->plan))
		return 0;
	for (size_t i = 0; i < n && !rc && rp_plan__fears_switches(t->plan); i++) {
		if (is_new(t, mapped[i].dev, mapped[i].ino))
			rc = search_file(
				t, rp_helper__open_mapped(t->helper, t->proc, pid, &mapped[i]),
				mapped[i].path);
		if (takes_too_long(t, before))
			rp_plan__assume_switches(t->plan);
		if (rp_targets__is_cancelled(t))
			break;
	}
	t->searching += rp_targets__reading_so_far(t) - before;
	if (!rp_plan__fears_switches(t->plan))
		give_up_returns(t);
	return rc;
}

int rp_targets__search_linked(struct rp_targets *t, const struct rp_linked *linked)
{
	int rc = 0;

	if (!rp_plan__fears_switches(t->plan))
		return 0;
	for (size_t i = 0; i < linked->n && !rc && rp_plan__fears_switches(t->plan); i++) {
		struct stat st;
		int fd = rp_helper__open(t->helper, linked->items[i].path, &st);

		if (fd < 0 || is_new(t, st.st_dev, st.st_ino))
			rc = search_file(t, fd, linked->items[i].path);
		else
			close(fd);
	}
	if (!rp_plan__fears_switches(t->plan))
		give_up_returns(t);
	return rc;
}

int rp_targets__search_process(struct rp_targets *t, pid_t pid)
{
	struct rp_mapped_list list = {0};
	pid_t thread = rp_plan__fears_switches(t->plan) ? rp_proc__live_thread(t->proc, pid) : 0;
	int rc = 0;

	if (thread && !rp_proc__mapped(t->proc, thread, &list))
		rc = rp_targets__search_mapped(t, thread, list.items, list.n);
	rp_proc__mapped_free(&list);
	return rc;
}

void rp_targets__leave_out_returns(struct rp_targets *t)
{
	size_t n, n_regions;
	const struct rp_site *sites = rp_plan__sites(t->plan, &n);
	uint32_t *regions = calloc(n + 1, sizeof(*regions));

	for (size_t i = n_regions = 0; regions && i < n; i++)
		if (sites[i].role == RP_ROLE_CALL && !sites[i].superseded &&
		    rp_plan__wants_site(t->plan, &sites[i]))
			regions[n_regions++] = sites[i].region;
	if (n_regions)
		rp_targets__leave_out(t, regions, n_regions, NULL);
	free(regions);
}
