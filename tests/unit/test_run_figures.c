// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Figures of intervals: tables, what they say of the CPU, the overhead budget, grouping. */
#include "counts_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "run/budget.h"
#include "run/grouping.h"
#include "run/table.h"

#define MS 1000000ull

/* Readings of one run, each with all that came before: two regions that call each other not. */
struct moment {
	struct fixture f;
	struct rp_reading reading;
};

enum { COLD = 1, HOT };

/* At a time: calls of both since the trace began, and the CPU time of the target. */
static void at(struct moment *m, uint64_t time, uint64_t cold, uint64_t hot, uint64_t cpu)
{
	uint32_t root;

	fixture_init(&m->f);
	for (uint32_t id = COLD; id <= HOT; id++) {
		fixture_region(&m->f, id == COLD ? "cold" : "hot", RP_KIND_FUNCTION, "/bin/a");
		m->f.regions[id - 1].cost.whole = 1000;
	}
	root = fixture_root(&m->f, 1, "a");
	fixture_frames(&m->f, fixture_node(&m->f, root, COLD), cold, 10, 0, 10, 0);
	fixture_frames(&m->f, fixture_node(&m->f, root, HOT), hot, 20, 0, 20, 0);
	m->f.counts.time = time;
	m->reading = (struct rp_reading){.counts = &m->f.counts, .cpu = cpu};
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* A view that keeps what it is given. */
static struct {
	uint64_t count[HOT + 1], total[HOT + 1], duration;
	double cpu_share, ns_per_region;
	const char *title;
} seen;

static int see(FILE *out, const struct rp_snapshot *snapshot, const struct rp_view_opts *opts)
{
	memset(&seen, 0, sizeof(seen));
	for (size_t i = 0; i < snapshot->n_rows; i++) {
		const struct rp_row *row = &snapshot->rows[i];

		seen.count[row->region] += row->f.count;
		seen.total[row->region] += row->f.total;
	}
	seen.duration = snapshot->duration;
	seen.cpu_share = snapshot->meta.cpu_share;
	seen.ns_per_region = snapshot->meta.ns_per_region;
	seen.title = opts->title;
	return fputs("seen\n", out) < 0 ? -EIO : 0;
}

static const struct rp_view view = {.name = "seen", .print = see};

static void print(const struct rp_reading *now, const struct rp_reading *before)
{
	struct rp_table_opts opts = {.view = &view,
				     .sort = rp_column__find("total"),
				     .title = "now",
				     .snapshot = {.since = 100 * MS}};
	FILE *out = tmpfile();

	assert_non_null(out);
	assert_int_equal(rp_table__print(out, now, before, NULL, &opts), 0);
	assert_string_equal(seen.title, "now");
	fclose(out);
}

/* Tables fit the terminal, and are as wide as they are where there is none. */
static void width_of_the_terminal(void **state)
{
	struct winsize size = {.ws_col = 77, .ws_row = 20};
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	FILE *terminal, *file = tmpfile();

	(void)state;
	assert_int_equal(rp_table__width(file), 0);
	fclose(file);
	if (master < 0 || grantpt(master) || unlockpt(master))
		skip(); /* no pseudo terminals here */
	terminal = fdopen(open(ptsname(master), O_RDWR | O_NOCTTY), "r+");
	assert_non_null(terminal);
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	assert_int_equal(rp_table__width(terminal), 77);
	fclose(terminal);
	close(master);
}

static void tables_have_the_interval_and_add_up(void **state)
{
	static struct moment moments[3];
	const struct rp_reading start = {0};
	struct rp_reading before = start;
	uint64_t count[HOT + 1] = {0}, total[HOT + 1] = {0}, duration = 0;
	const uint64_t cold[] = {7, 7, 20}, hot[] = {1, 500, 501};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		at(&moments[i], (200 + 100 * i) * MS, cold[i], hot[i], 0);
		print(&moments[i].reading, &before);
		assert_int_equal(seen.count[COLD], cold[i] - (i ? cold[i - 1] : 0));
		assert_int_equal(seen.count[HOT], hot[i] - (i ? hot[i - 1] : 0));
		assert_int_equal(seen.duration, 100 * MS);
		for (int id = COLD; id <= HOT; id++) {
			count[id] += seen.count[id];
			total[id] += seen.total[id];
		}
		duration += seen.duration;
		before = moments[i].reading;
	}
	print(&moments[2].reading, &start);
	assert_int_equal(seen.duration, duration);
	for (int id = COLD; id <= HOT; id++) {
		assert_int_equal(seen.count[id], count[id]);
		assert_int_equal(seen.total[id], total[id]);
	}
}

/* 1000 ns a call, of the CPU time of the same interval. */
static void share_of_the_cpu_time_of_the_interval(void **state)
{
	static struct moment first, second;
	const struct rp_reading start = {0};

	(void)state;
	at(&first, 200 * MS, 0, 1000, 100 * MS);
	at(&second, 300 * MS, 0, 2000, 102 * MS);
	print(&second.reading, &first.reading);
	assert_true(seen.cpu_share > 0.499 && seen.cpu_share < 0.501);
	assert_true(seen.ns_per_region > 999 && seen.ns_per_region < 1001);
	print(&second.reading, &start);
	assert_true(seen.cpu_share > 0.0195 && seen.cpu_share < 0.0197);
	/* It was idle. */
	at(&first, 200 * MS, 0, 1000, 100 * MS);
	at(&second, 300 * MS, 0, 1000, 100 * MS);
	print(&second.reading, &first.reading);
	assert_true(seen.cpu_share == 0);
	/* As in a report: a record does not tell what the target has used. */
	at(&second, 300 * MS, 0, 2000, 0);
	print(&second.reading, &start);
	assert_true(isnan(seen.cpu_share));
}

static void a_full_disk_is_told(void **state)
{
	static struct moment m;
	const struct rp_reading start = {0};
	struct rp_table_opts opts = {.view = &view, .sort = rp_column__find("total")};
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	at(&m, MS, 1, 1, 0);
	assert_int_equal(rp_table__print(out, &m.reading, &start, NULL, &opts), -ENOSPC);
	fclose(out);
}

/* ---- the budget ------------------------------------------------------------------------------ */

/* What goes, at a moment. */
static const char *judge(struct rp_budget *budget, struct moment *m)
{
	struct rp_snapshot_opts opts = {.by = RP_BY_NONE};
	static char names[64];
	struct rp_verdict verdict;

	assert_int_equal(rp_budget__judge(budget, &m->reading, &opts, &verdict), 0);
	names[0] = '\0';
	for (size_t i = 0; i < verdict.n; i++) {
		strcat(names, i ? " " : "");
		strcat(names, verdict.rows[i]->name);
	}
	rp_snapshot__free(verdict.period);
	return names;
}

/* Over the whole run it would cost next to nothing. */
static void a_region_that_turns_hot_late(void **state)
{
	static struct moment early, late;
	struct rp_budget budget = {.share = 0.1};

	(void)state;
	at(&early, 1000 * MS, 1000, 1, 100000 * MS);
	at(&late, 2000 * MS, 1001, 20001, 100100 * MS);
	assert_string_equal(judge(&budget, &early), "");
	assert_string_equal(judge(&budget, &late), "hot");
}

/* What was costly before the period is no reason to leave it out now. */
static void a_region_that_has_cooled_down(void **state)
{
	static struct moment early, late;
	struct rp_budget budget = {.share = 0.1};

	(void)state;
	at(&early, 1000 * MS, 20000, 0, 100 * MS);
	at(&late, 2000 * MS, 20001, 20000, 200 * MS);
	assert_string_equal(judge(&budget, &early), "cold");
	assert_string_equal(judge(&budget, &late), "hot");
}

/* The kernel tells what a process used in steps of 10 ms. */
static void a_period_too_short_to_judge(void **state)
{
	struct rp_budget budget = {.share = 0.1, .before.cpu = 1000 * MS};

	(void)state;
	assert_false(rp_budget__can_judge(&budget, 1000 * MS));
	assert_false(rp_budget__can_judge(&budget, 1049 * MS));
	assert_true(rp_budget__can_judge(&budget, 1050 * MS));
}

/* The caller frees what is not needed any more: the reading before, never that of now. */
static void the_reading_becomes_the_one_before(void **state)
{
	static struct moment early, late;
	struct rp_budget budget = {.share = 0.1};

	(void)state;
	at(&early, 1000 * MS, 1, 1, 100 * MS);
	at(&late, 2000 * MS, 2, 2, 200 * MS);
	judge(&budget, &early);
	assert_null(early.reading.counts);
	assert_ptr_equal(budget.before.counts, &early.f.counts);
	judge(&budget, &late);
	assert_ptr_equal(late.reading.counts, &early.f.counts);
	assert_int_equal(budget.before.cpu, 200 * MS);
}

/* ---- grouping -------------------------------------------------------------------------------- */

static void what_the_kernel_keeps_apart(void **state)
{
	struct rp_grouping g = {.by = RP_BY_THREAD, .kernel = rp_grouping__of(RP_BY_THREAD)};

	(void)state;
	assert_int_equal(rp_grouping__of(RP_BY_PROCESS), RP_GROUP_PROCESS);
	assert_int_equal(rp_grouping__of(RP_BY_COMMAND), RP_GROUP_COMMAND);
	assert_int_equal(rp_grouping__of(RP_BY_CGROUP), RP_GROUP_CGROUP);
	assert_int_equal(rp_grouping__of(RP_BY_LABEL), RP_GROUP_NONE);
	assert_true(rp_grouping__can_show(&g, RP_BY_THREAD));
	assert_true(rp_grouping__can_show(&g, RP_BY_NONE));
	assert_true(rp_grouping__can_show(&g, RP_BY_LABEL));
	assert_false(rp_grouping__can_show(&g, RP_BY_PROCESS));
}

static void groups_of_a_part_of_the_run_do_not_add_up(void **state)
{
	struct rp_grouping g = {.by = RP_BY_THREAD, .kernel = RP_GROUP_THREAD};

	(void)state;
	assert_int_equal(rp_grouping__of_whole_run(&g), RP_BY_THREAD);
	g.changed = true;
	assert_int_equal(rp_grouping__of_whole_run(&g), RP_BY_NONE);
	g.by = RP_BY_LABEL;
	assert_int_equal(rp_grouping__of_whole_run(&g), RP_BY_LABEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(width_of_the_terminal),
		cmocka_unit_test(tables_have_the_interval_and_add_up),
		cmocka_unit_test(share_of_the_cpu_time_of_the_interval),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(a_region_that_turns_hot_late),
		cmocka_unit_test(a_region_that_has_cooled_down),
		cmocka_unit_test(a_period_too_short_to_judge),
		cmocka_unit_test(the_reading_becomes_the_one_before),
		cmocka_unit_test(what_the_kernel_keeps_apart),
		cmocka_unit_test(groups_of_a_part_of_the_run_do_not_add_up),
	};

	return cmocka_run_group_tests_name("run_figures", tests, NULL, NULL);
}
