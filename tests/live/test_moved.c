// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Code that is not where its file says: what is never hit is told, and why a program dies of it. */
#include <string.h>

#include "live.h"

/* It was moved before rptrace came: the breakpoints go where nothing runs. */
static void before(void **state)
{
	const char *path = live_path("before.json");
	struct live_proc *target = live_target("moved before %s 50", (const char *)*state),
			 *rptrace = live_rptrace_ready("-p %d -f moved_work --format json -o %s",
						       target->pid, path);
	json_t *json;

	live_finish(target);
	json = live_figures(rptrace, path);
	assert_non_null(strstr(rptrace->err, "never hit"));
	assert_int_equal(live_u64(json_object_get(json, "lost"), "moved"), 1);
	live_assert_nothing_lost_but(json, "moved");
}

static void listed(void **state)
{
	struct live_proc *target = live_target("moved before %s 50", (const char *)*state),
			 *list = live_rptrace("list -p %d -f moved_work", target->pid);

	assert_int_equal(live_wait(list), 0);
	assert_non_null(strstr(list->out, "never hit: "));
	live_finish(target);
}

/* The copy has the breakpoints in it, of which the kernel knows nothing. */
static void after(void **state)
{
	const char *path = live_path("after.json");
	struct live_proc *target = live_target("moved after %s 50", (const char *)*state),
			 *rptrace = live_rptrace_ready("-p %d -f moved_work --format json -o %s",
						       target->pid, path);

	live_release(target);
	assert_int_equal(live_wait(target), 128 + 5);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "SIGTRAP"));
}

static void command(void **state)
{
	struct live_proc *rptrace = live_rptrace("-f moved_work -- %s before %s 50",
						 live_target_path("moved"), (const char *)*state);

	assert_int_equal(live_wait(rptrace), 128 + 5);
	assert_non_null(strstr(rptrace->err, "SIGTRAP"));
}

static const struct CMUnitTest tests[] = {
	{"moved before, a page", before, NULL, NULL, "page"},
	{"moved before, all of it", before, NULL, NULL, "all"},
	{"mapped shared", before, NULL, NULL, "shared"},
	{"listed, a page", listed, NULL, NULL, "page"},
	{"listed, all of it", listed, NULL, NULL, "all"},
	{"copied after, a page", after, NULL, NULL, "page"},
	{"copied after, all of it", after, NULL, NULL, "all"},
	{"a command that copies a page", command, NULL, NULL, "page"},
};

int main(void)
{
	return live_main("moved", tests, LIVE_COUNT(tests));
}
