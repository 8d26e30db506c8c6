// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Windows of records from sums of slots: the very figures that a reading of all instances gives. */
#include "counts_fixture.h"
#include "instances_fixture.h"
#include "record/event_filter.h"
#include "record/timeline.h"

enum { F = 1, G, H };
#define BLOCK	100 /* instances that are read together */
#define THREADS 3

/* A run with instances of all kinds, of this length; it is the same whenever it is told. */
struct story {
	const char *file;
	unsigned n;
	uint64_t length;
	uint32_t threads;
};

/* What is read: all, or what a window has need of. */
struct reading {
	struct rp_event_sink sink;
	struct rp_window *window; /* NULL: all of it is */
	unsigned read;
};

static struct rp_event_instance instance_of(const struct story *story, unsigned i)
{
	uint64_t end = (story->length - 1) / story->n * (i + 1), ns = 100 + i * 7919ull % 300000;
	struct rp_event_instance instance = {
		.ns = ns < end ? ns : end,
		.child = ns / 3,
		.cpu = ns / 2,
		.wait = ns / 5,
		.thread = 1 + i % story->threads,
		.node = 2 + i % 3,
		.unwound = i % 31 == 5,
		.open = i + 1 == story->n,
	};

	/* Later windows have what was called in it, and nothing of the outermost path itself. */
	if (i >= story->n / 3 && instance.node == 2)
		instance.node = i % 2 ? 3 : 5;
	/* Neighbours come in another order than they ended in. */
	if (i % 7 == 3)
		end -= end > 2000 ? 2000 : 0;
	instance.start = end - (instance.ns < end ? instance.ns : end);
	return instance;
}

static uint64_t end_of(const struct story *story, unsigned i)
{
	struct rp_event_instance instance = instance_of(story, i);

	return TOLD_START + rp_event_instance__end(&instance);
}

static bool is_skipped(const struct reading *r, const struct story *story, unsigned first)
{
	uint64_t t0 = UINT64_MAX, t1 = 0;

	for (unsigned i = first; i < story->n && i < first + BLOCK; i++) {
		uint64_t end = end_of(story, i);

		t0 = end < t0 ? end : t0;
		t1 = end > t1 ? end : t1;
	}
	return r->window && rp_window__skips(r->window, t0, t1);
}

static void tell_story(struct reading *r, const struct story *story)
{
	tell_run(&r->sink, story->file);
	tell_region(&r->sink, F, "f", RP_KIND_FUNCTION);
	tell_region(&r->sink, G, "g", RP_KIND_MARKER);
	tell_region(&r->sink, H, "h", RP_KIND_USDT);
	tell_node(&r->sink, 2, TOLD_ROOT, F);
	tell_node(&r->sink, 3, 2, G);
	tell_node(&r->sink, 4, 3, F); /* recursion */
	tell_node(&r->sink, 5, TOLD_ROOT, H);
	for (uint32_t i = 1; i <= story->threads; i++)
		tell_thread(&r->sink, i, 10, 10 + i, "app");
	for (unsigned i = 0; i < story->n; i += BLOCK) {
		if (is_skipped(r, story, i))
			continue;
		for (unsigned k = i; k < story->n && k < i + BLOCK; k++, r->read++)
			tell(&r->sink, instance_of(story, k));
	}
	assert_int_equal(RP_TELL(&r->sink, lost, 3, 5), 0);
	assert_int_equal(RP_TELL(&r->sink, left_out, 5, 4), 0);
	tell_end(&r->sink, story->length);
}

struct asked {
	uint64_t from, to;
	enum rp_by by;
	const char *region; /* NULL: all */
};

static struct rp_event_sink filter_of(const struct asked *asked, bool in_time,
				      struct rp_event_sink last)
{
	struct rp_event_filter_opts opts = {.from = in_time ? asked->from : 0,
					    .to = in_time ? asked->to : 0,
					    .regions = &asked->region,
					    .n_regions = asked->region != NULL};
	struct rp_event_filter *filter = rp_event_filter__new(&opts, &last);

	assert_non_null(filter);
	return rp_event_filter__sink(filter);
}

static unsigned read_stories(const struct story *stories, size_t n, struct reading *r)
{
	for (size_t i = 0; i < n; i++)
		tell_story(r, &stories[i]);
	assert_int_equal(r->sink.close(r->sink.ctx), 0);
	return r->read;
}

static void assert_same_row(const struct rp_row *a, const struct rp_row *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->group ? a->group : "", b->group ? b->group : "");
	assert_memory_equal(&a->f, &b->f, sizeof(a->f));
	for (uint32_t i = 0; i < RP_HIST_BUCKETS; i++)
		assert_int_equal(rp_hist_part__at(&a->hist, i), rp_hist_part__at(&b->hist, i));
}

static void assert_same(const struct rp_snapshot *a, const struct rp_snapshot *b)
{
	assert_int_equal(a->duration, b->duration);
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->lost, b->lost, sizeof(a->lost));
	assert_int_equal(a->n_rows, b->n_rows);
	assert_int_equal(a->n_tree, b->n_tree);
	for (size_t i = 0; i < a->n_rows; i++)
		assert_same_row(&a->rows[i], &b->rows[i]);
	for (size_t i = 0; i < a->n_tree; i++) {
		/* Ids follow the order in which paths came. */
		assert_int_equal(a->tree[i].depth, b->tree[i].depth);
		assert_same_row(&a->tree[i].row, &b->tree[i].row);
	}
}

/* What was told of latencies. */
struct timed {
	uint64_t from, to, count;
};

static int add_timed(void *ctx, uint32_t node, uint64_t from, uint64_t to,
		     const struct rp_hist_part *hist)
{
	struct timed *timed = ctx;

	assert_in_range(node, 2, 5);
	assert_true(from < to && from >= timed->from);
	assert_true(!timed->to || to <= timed->to);
	for (uint32_t i = hist->from; i < hist->end; i++)
		timed->count += rp_hist_part__at(hist, i);
	return 0;
}

/* What is told by time is as much as what is told in all; but one is open at the end. */
static void assert_by_time(const struct rp_snapshot *snapshot, const struct timed *timed,
			   const double *load, bool all_is_inside)
{
	uint64_t ended = 0, count = 0;
	double sum = 0;

	for (size_t i = 0; i < snapshot->n_rows; i++) {
		count += snapshot->rows[i].f.count;
		ended += snapshot->rows[i].f.count + snapshot->rows[i].f.unwound;
	}
	for (size_t c = 0; c < RP_LOAD_COLUMNS; c++)
		sum += load[c];
	assert_int_equal(timed->count, count);
	if (all_is_inside)
		assert_true(sum > (double)ended - 0.01 && sum < (double)ended + 2.01);
}

/* Returns how many instances were read again. */
static unsigned check_window(struct rp_timeline *timeline, const struct story *stories, size_t n,
			     const struct asked *asked, uint64_t exact)
{
	struct rp_instance_counts *whole = rp_instance_counts__new(asked->by);
	struct rp_instance_counts *summed = rp_instance_counts__new(asked->by);
	double load[RP_LOAD_COLUMNS] = {0};
	struct timed timed = {asked->from, asked->to, 0};
	struct rp_window_opts opts = {.timeline = timeline,
				      .from = asked->from,
				      .to = asked->to,
				      .counts = summed,
				      .exact = exact,
				      .load = load,
				      .timed = add_timed,
				      .timed_ctx = &timed};
	struct reading all = {.sink = filter_of(asked, true, rp_instance_counts__sink(whole))};
	struct reading again = {.window = rp_window__new(&opts)};
	struct rp_event_sink filter;
	struct rp_snapshot *a, *b;

	assert_non_null(again.window);
	read_stories(stories, n, &all);
	filter = filter_of(asked, true, rp_window__last(again.window));
	again.sink = rp_window__sink(again.window, &filter);
	read_stories(stories, n, &again);
	a = snapshot_of(whole, asked->by, asked->from);
	b = snapshot_of(summed, asked->by, asked->from);
	assert_same(a, b);
	assert_int_equal(rp_instance_counts__lost(whole), rp_instance_counts__lost(summed));
	assert_by_time(b, &timed, load, asked->to && asked->to <= rp_timeline__end(timeline));
	rp_snapshot__free(a);
	rp_snapshot__free(b);
	rp_instance_counts__free(whole);
	rp_instance_counts__free(summed);
	rp_window__free(again.window);
	return again.read;
}

static struct rp_timeline *timeline_of(const struct story *stories, size_t n,
				       const struct asked *asked)
{
	struct rp_timeline *timeline = rp_timeline__new();
	struct reading first = {0};

	assert_non_null(timeline);
	first.sink = filter_of(asked, false, rp_timeline__sink(timeline));
	read_stories(stories, n, &first);
	return timeline;
}

/* Windows that begin and end anywhere; slots are of a power of two. */
static void check_windows(const struct story *stories, size_t n, struct asked asked)
{
	struct rp_timeline *timeline = timeline_of(stories, n, &asked);
	uint64_t length = rp_timeline__end(timeline), slot = 1ull << 50;
	uint64_t windows[][2] = {
		{0, 0},
		{0, length},
		{length / 3, 0},
		{length / 3, length / 2},
		{length / 3 + 1, length / 3 + 2},
		{length / 7, length / 7 + length / 5000 + 1},
		{length - 1, length},
		{length, 0},
		{2 * length, 0},
		{0, 2 * length},
	};

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		asked.from = windows[i][0];
		asked.to = windows[i][1];
		check_window(timeline, stories, n, &asked, 0);
		check_window(timeline, stories, n, &asked, UINT64_MAX);
	}
	for (; slot; slot /= 2)
		if (slot < length) {
			asked.from = slot;
			asked.to = 2 * slot;
			check_window(timeline, stories, n, &asked, 1000);
		}
	rp_timeline__free(timeline);
}

static const struct story stories[] = {
	{"a.rpt", 5000, 3000000000, THREADS},
	{"b.rpt", 700, 90000000, 1},
};

static void test_a_window_is_what_a_reading_gives(void **state)
{
	(void)state;
	check_windows(stories, 1, (struct asked){0});
	check_windows(stories, 2, (struct asked){.by = RP_BY_THREAD});
	check_windows(stories, 2, (struct asked){.by = RP_BY_FILE});
	check_windows(stories, 2, (struct asked){.region = "g"});
}

/* Slots are wide in a long run, and where there are many threads in it. */
static void test_slots_become_wider(void **state)
{
	static const struct story day = {"day.rpt", 3000, 86400000000000, THREADS};
	static const struct story burst = {"burst.rpt", 150000, 900000000, 100};
	struct asked asked = {.from = 200000001, .to = 700000001, .by = RP_BY_THREAD};
	struct rp_timeline *timeline;
	unsigned read;

	(void)state;
	check_windows(&day, 1, (struct asked){0});
	timeline = timeline_of(&burst, 1, &asked);
	read = check_window(timeline, &burst, 1, &asked, 0);
	assert_in_range(read, BLOCK, burst.n / 20);
	rp_timeline__free(timeline);
}

/* A reading of the whole reads nothing again, and one with ends two blocks or three each. */
static void test_little_is_read_again(void **state)
{
	struct asked all = {0}, part = {.from = 1000000001, .to = 2000000001};
	struct rp_timeline *timeline = timeline_of(stories, 1, &all);

	(void)state;
	assert_int_equal(rp_timeline__end(timeline), stories[0].length);
	assert_int_equal(check_window(timeline, stories, 1, &all, 0), 0);
	assert_in_range(check_window(timeline, stories, 1, &part, 100), BLOCK, 6 * BLOCK);
	rp_timeline__free(timeline);
}

static void test_load(void **state)
{
	struct asked all = {0};
	struct rp_timeline *timeline = timeline_of(stories, 1, &all);
	double load[RP_LOAD_COLUMNS], sum = 0, usual = (double)stories[0].n / RP_LOAD_COLUMNS;

	(void)state;
	rp_timeline__load(timeline, 0, stories[0].length, load);
	for (size_t c = 0; c < RP_LOAD_COLUMNS; c++) {
		assert_true(load[c] > usual / 2 && load[c] < usual * 2);
		sum += load[c];
	}
	assert_true(sum > stories[0].n - 0.001 && sum <= stories[0].n + 0.001);
	rp_timeline__free(timeline);
}

/* ---- when ------------------------------------------------------------------------------------ */

/* As narrow as slots are in a short run. */
#define SLOT (1ull << 20)

/* Ends of instances; three of the six are in one slot. */
static const uint64_t ends[] = {SLOT / 4,     SLOT + 1,	     SLOT + SLOT / 2,
				2 * SLOT - 1, 2 * SLOT + 10, 4 * SLOT - 5};
#define N_ENDS (sizeof(ends) / sizeof(ends[0]))

#define LATE   (5 * SLOT + 10) /* one more, where there is a record of then */

static void tell_one(const struct rp_event_sink *sink, uint64_t end, bool unwound)
{
	tell(sink,
	     (struct rp_event_instance){
		     .start = end - 100, .ns = 100, .node = 2, .thread = 1, .unwound = unwound});
}

static void tell_ends(const struct rp_event_sink *sink, uint64_t length)
{
	tell_run(sink, "run.rpt");
	tell_region(sink, F, "f", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, F);
	tell_thread(sink, 1, 10, 10, "app");
	for (size_t i = 0; i < N_ENDS; i++)
		tell_one(sink, ends[i], i == 2);
	if (length > LATE)
		tell_one(sink, LATE, false);
	tell_end(sink, length);
}

static struct rp_timeline *timeline_of_ends(uint64_t length)
{
	struct rp_timeline *timeline = rp_timeline__new();
	struct rp_event_sink sink = rp_timeline__sink(timeline);

	tell_ends(&sink, length);
	return timeline;
}

/* Columns up to this one, from those of the step before on, and what is in each. */
struct load_step {
	unsigned end;
	double each;
};

static void assert_load(const double *load, const struct load_step *step)
{
	for (unsigned c = 0; c < RP_LOAD_COLUMNS; c++) {
		if (c == step->end)
			step++;
		if (load[c] < step->each - 1e-9 || load[c] > step->each + 1e-9)
			fail_msg("column %u: %f, not %f", c, load[c], step->each);
	}
}

/* Instances of a slot are spread over the columns that it lies in, as far as there is a record. */
static void test_load_lies_where_it_ended(void **state)
{
	struct rp_timeline *timeline = timeline_of_ends(4 * SLOT);
	double load[RP_LOAD_COLUMNS];

	(void)state;
	rp_timeline__load(timeline, 0, 4 * SLOT, load);
	assert_load(load, (struct load_step[]){
				  {64, 1 / 64.}, {128, 3 / 64.}, {192, 1 / 64.}, {256, 1 / 64.}});
	rp_timeline__load(timeline, SLOT / 2, 2 * SLOT + SLOT / 2, load);
	assert_load(load, (struct load_step[]){{64, 1 / 128.}, {192, 3 / 128.}, {256, 1 / 128.}});
	rp_timeline__load(timeline, 2 * SLOT, 10 * SLOT, load);
	assert_load(load, (struct load_step[]){{64, 1 / 32.}, {256, 0}});
	/* A column wider than a slot. */
	rp_timeline__load(timeline, 0, 1024 * SLOT, load);
	assert_load(load, (struct load_step[]){{1, 6}, {256, 0}});
	rp_timeline__load(timeline, SLOT, SLOT, load);
	assert_load(load, (struct load_step[]){{256, 0}});
	rp_timeline__free(timeline);
	timeline = timeline_of_ends(3 * SLOT + SLOT / 2);
	rp_timeline__load(timeline, 0, 4 * SLOT, load);
	assert_load(
		load,
		(struct load_step[]){
			{64, 1 / 64.}, {128, 3 / 64.}, {192, 1 / 64.}, {224, 1 / 32.}, {256, 0}});
	rp_timeline__free(timeline);
}

/* Two slots become one where the run is longer than there are of them. */
static void test_load_in_wider_slots(void **state)
{
	struct rp_timeline *timeline = rp_timeline__new();
	struct rp_event_sink sink = rp_timeline__sink(timeline);
	double load[RP_LOAD_COLUMNS];

	(void)state;
	tell_ends(&sink, 4 * SLOT);
	tell_run(&sink, "longer.rpt");
	tell(&sink, (struct rp_event_instance){.start = 1024 * SLOT, .node = 2, .thread = 1});
	tell_end(&sink, 1026 * SLOT);
	rp_timeline__load(timeline, 0, 8 * SLOT, load);
	assert_load(load, (struct load_step[]){{64, 4 / 64.}, {128, 2 / 64.}, {256, 0}});
	rp_timeline__load(timeline, 1024 * SLOT, 1028 * SLOT, load);
	assert_load(load, (struct load_step[]){{128, 1 / 128.}, {256, 0}});
	rp_timeline__free(timeline);
}

static int note_times(void *ctx, uint32_t node, uint64_t from, uint64_t to,
		      const struct rp_hist_part *hist)
{
	char *text = ctx;
	uint64_t n = 0;

	for (uint32_t i = hist->from; i < hist->end; i++)
		n += hist->bucket[i - hist->from];
	assert_int_equal(rp_hist_part__at(hist, rp_hist_index(100)), n);
	sprintf(text + strlen(text), "%u: %lu at %lu for %lu\n", node, n, from, to - from);
	return 0;
}

/* A window from 1.5 slots on, to 5.5. */
static void tell_window(uint64_t exact, double *load, char *text)
{
	struct rp_timeline *timeline = timeline_of_ends(6 * SLOT);
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_NONE);
	struct rp_window_opts opts = {.timeline = timeline,
				      .from = SLOT + SLOT / 2,
				      .to = 5 * SLOT + SLOT / 2,
				      .counts = counts,
				      .exact = exact,
				      .load = load,
				      .timed = note_times,
				      .timed_ctx = text};
	struct asked asked = {.from = opts.from, .to = opts.to};
	struct rp_window *window = rp_window__new(&opts);
	struct rp_event_sink filter = filter_of(&asked, true, rp_window__last(window)), sink;

	sink = rp_window__sink(window, &filter);
	tell_ends(&sink, 6 * SLOT);
	assert_int_equal(sink.close(sink.ctx), 0);
	rp_window__free(window);
	rp_instance_counts__free(counts);
	rp_timeline__free(timeline);
}

/* Where a window is read as a whole, to the nanosecond; else by slots but for those that are cut.
 */
static void test_when_in_a_window(void **state)
{
	double exact[RP_LOAD_COLUMNS] = {0}, slots[RP_LOAD_COLUMNS] = {0};
	char text[256] = "", want[256];

	(void)state;
	tell_window(2, exact, text);
	for (size_t i = 2; i < N_ENDS; i++)
		exact[(ends[i] - SLOT - SLOT / 2) / (SLOT / 64)]--;
	exact[224]--;
	assert_load(exact, (struct load_step[]){{256, 0}});
	snprintf(want, sizeof(want),
		 "2: 1 at %llu for 1\n2: 1 at %llu for 1\n2: 1 at %llu for 1\n2: 1 at %llu for 1\n",
		 2 * SLOT - 1, 2 * SLOT + 10, 4 * SLOT - 5, LATE);
	assert_string_equal(text, want);
	text[0] = '\0';
	tell_window(1, slots, text);
	assert_load(
		slots,
		(struct load_step[]){
			{1, 1}, {31, 0}, {32, 1}, {160, 1 / 64.}, {224, 0}, {225, 1}, {256, 0}});
	snprintf(want, sizeof(want),
		 "2: 1 at %llu for 1\n2: 1 at %llu for 1\n2: 1 at %llu for %llu\n"
		 "2: 1 at %llu for %llu\n",
		 2 * SLOT - 1, LATE, 2 * SLOT, SLOT, 3 * SLOT, SLOT);
	assert_string_equal(text, want);
}

/* Of several runs, each of which begins at 0, that of the longest one. */
static void test_end_is_that_of_the_longest(void **state)
{
	static const uint64_t lengths[] = {300, 500, 100};
	struct rp_timeline *timeline = rp_timeline__new();
	struct rp_event_sink sink = rp_timeline__sink(timeline);

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		tell_run(&sink, "run.rpt");
		tell_end(&sink, lengths[i]);
	}
	assert_int_equal(rp_timeline__end(timeline), 500);
	rp_timeline__free(timeline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_is_that_of_the_longest),
		cmocka_unit_test(test_a_window_is_what_a_reading_gives),
		cmocka_unit_test(test_slots_become_wider),
		cmocka_unit_test(test_little_is_read_again),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_lies_where_it_ended),
		cmocka_unit_test(test_load_in_wider_slots),
		cmocka_unit_test(test_when_in_a_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
