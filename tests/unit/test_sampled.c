// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Samples: kept as a tree of calls, and told as hot functions and lines of regions. */
#include <math.h>

#include "run/reading.h"
#include "snapshot_fixture.h"

static struct rp_sample_store *store;
static const struct rp_taken_sample no_region = {.end = RP_UNWIND_END_COMPLETE};

static uint32_t place(const char *function, const char *file, uint32_t line)
{
	const struct rp_place p = {
		.function = function, .file = file, .line = line, .object = "app"};
	uint32_t number = rp_sample_store__place(store, &p);

	assert_int_not_equal(number, 0);
	return number;
}

/* n samples of a stack, the outermost call first. */
static void add(uint32_t node, unsigned n, const uint32_t *places, size_t depth)
{
	const struct rp_taken_sample sample = {.node = node, .end = RP_UNWIND_END_COMPLETE};

	while (n--)
		rp_sample_store__add(store, &sample, places, depth);
}

#define ADD(node, n, ...)                                                                          \
	add(node, n, (uint32_t[]){__VA_ARGS__},                                                    \
	    sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void take(struct fixture *f)
{
	f->counts.samples = rp_sample_counts__of(store);
	assert_non_null(f->counts.samples);
	f->counts.samples->hz = 997;
}

static int begin(void **state)
{
	start(state);
	store = rp_sample_store__new(1000, UINT64_MAX, false);
	assert_non_null(store);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rp_sample_counts__free(now.counts.samples);
	rp_sample_counts__free(before.counts.samples);
	rp_sample_store__put(store);
	return 0;
}

static const struct rp_line *line(const struct rp_lines *lines, const char *function, uint32_t n)
{
	for (size_t i = 0; i < lines->n; i++)
		if (!strcmp(lines->item[i].place->function, function) &&
		    lines->item[i].place->line == n)
			return &lines->item[i];
	return NULL;
}

static void assert_line(const struct rp_lines *lines, const char *function, uint32_t n,
			uint64_t self, uint64_t cumulative)
{
	const struct rp_line *l = line(lines, function, n);

	if (!l)
		fail_msg("no line %s:%u", function, n);
	assert_int_equal(l->self, self);
	assert_int_equal(l->cumulative, cumulative);
}

/* ---- the store ------------------------------------------------------------------------------ */

static void equal_places_are_one(void **state)
{
	char name[] = "f";

	(void)state;
	assert_int_equal(place("f", "a.c", 3), place(name, "a.c", 3));
	assert_int_not_equal(place("f", "a.c", 3), place("f", "a.c", 4));
	assert_int_not_equal(place("f", "a.c", 3), place("f", "b.c", 3));
	assert_int_equal(rp_sample_store__function_of(store, place("f", "a.c", 3)),
			 place("f", "", 0));
	assert_int_equal(rp_sample_store__function_of(store, place("f", "", 0)), place("f", "", 0));
}

/* What differs by one member alone is another place, and each is told of as it was. */
static void other_places_are_others(void **state)
{
	static const struct rp_place all[] = {
		{"f", "a.c", 3, "app"}, {"g", "a.c", 3, "app"},	 {"f", "b.c", 3, "app"},
		{"f", "a.c", 4, "app"}, {"f", "a.c", 3, "libx"}, {"f", "", 0, "liby"},
	};
	uint32_t number[sizeof(all) / sizeof(all[0])];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		number[i] = rp_sample_store__place(store, &all[i]);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(number[i], number[k]);
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct rp_place *p = rp_sample_store__place_at(store, number[i]);

		assert_int_equal(rp_sample_store__place(store, &all[i]), number[i]);
		assert_string_equal(p->function, all[i].function);
		assert_string_equal(p->file, all[i].file);
		assert_int_equal(p->line, all[i].line);
		assert_string_equal(p->object, all[i].object);
		p = rp_sample_store__place_at(store,
					      rp_sample_store__function_of(store, number[i]));
		assert_string_equal(p->function, all[i].function);
		assert_string_equal(p->object, all[i].object);
		assert_string_equal(p->file, "");
		assert_int_equal(p->line, 0);
	}
}

static void count_place(void *ctx, uint32_t number, const struct rp_place *p)
{
	uint32_t *told = ctx;

	assert_int_equal(number, ++*told);
	assert_ptr_equal(p, rp_sample_store__place_at(store, number));
}

/* Who begins to listen late is told all places, too. */
static void listeners_are_told_what_is_there(void **state)
{
	uint32_t told = 0;
	const struct rp_sample_listener listener = {.ctx = &told, .place = count_place};

	(void)state;
	place("f", "", 0);
	place("g", "", 0);
	rp_sample_store__listen(store, &listener);
	assert_int_equal(told, 2);
	place("h", "", 0);
	assert_int_equal(told, 3);
}

static void stacks_share_their_callers(void **state)
{
	uint32_t main_ = place("main", "", 0), f = place("f", "", 0), g = place("g", "", 0);
	size_t n;

	(void)state;
	ADD(0, 5, main_, f);
	ADD(0, 5, main_, g);
	rp_sample_store__calls(store, &n);
	assert_int_equal(n, 5); /* none, the root, main, f, g */
	ADD(7, 1, main_, g);
	rp_sample_store__calls(store, &n);
	assert_int_equal(n, 8); /* of another region */
	assert_int_equal(rp_sample_store__totals(store)->taken, 11);
}

static void past_the_bound_samples_are_dropped(void **state)
{
	struct rp_sample_store *small = rp_sample_store__new(3, UINT64_MAX, false);
	const struct rp_place p = {.function = "f", .file = "", .object = ""};
	uint32_t f = rp_sample_store__place(small, &p), deep[] = {f, f, f, f, f};

	(void)state;
	rp_sample_store__add(small, &no_region, deep, 2);
	rp_sample_store__add(small, &no_region, deep, 5);
	rp_sample_store__add(small, &no_region, deep, 2);
	assert_int_equal(rp_sample_store__totals(small)->taken, 3);
	assert_int_equal(rp_sample_store__totals(small)->dropped, 1);
	rp_sample_store__put(small);
}

/* Stacks of one function each, until one is not kept: how many there were. */
static size_t add_without_end(struct rp_sample_store *s, struct rp_owner owner)
{
	size_t n = 0, dropped = rp_sample_store__totals(s)->dropped;
	char name[64];

	rp_sample_store__charge(s, owner);
	for (; n < 1000 && rp_sample_store__totals(s)->dropped == dropped; n++) {
		const struct rp_place p = {.function = name, .file = "", .object = ""};
		uint32_t place;

		snprintf(name, sizeof(name), "%ju_%zu", (uintmax_t)owner.process, n);
		place = rp_sample_store__place(s, &p);
		if (!place)
			break;
		rp_sample_store__add(s, &no_region, &place, 1);
	}
	return n;
}

/* Whatever stacks and names one has, another's are kept, too. */
static void none_takes_all_of_the_room(void **state)
{
	struct rp_sample_store *calls = rp_sample_store__new(100, UINT64_MAX, true);
	struct rp_sample_store *names = rp_sample_store__new(1 << 20, 20000, true);
	size_t of_first;

	(void)state;
	assert_int_equal(add_without_end(calls, (struct rp_owner){1, 7}), 50);
	assert_true(add_without_end(calls, (struct rp_owner){2, 8}) > 20);
	of_first = add_without_end(names, (struct rp_owner){1, 7});
	assert_true(of_first > 20 && of_first < 1000);
	assert_true(add_without_end(names, (struct rp_owner){2, 8}) > of_first / 3);
	rp_sample_store__put(calls);
	rp_sample_store__put(names);
}

/* More than any table had room for at first. */
static void many_stacks_are_found_again(void **state)
{
	struct rp_sample_store *large = rp_sample_store__new(1 << 20, UINT64_MAX, false);
	char name[16];
	uint32_t p;
	size_t n, again;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5000; i++) {
			const struct rp_place place_ = {
				.function = name, .file = "", .object = "app"};

			snprintf(name, sizeof(name), "f%d", i);
			p = rp_sample_store__place(large, &place_);
			assert_int_equal(p, i + 1);
			rp_sample_store__add(large, &no_region, &p, 1);
		}
		rp_sample_store__calls(large, round ? &again : &n);
	}
	assert_int_equal(n, 5002);
	assert_int_equal(again, n);
	rp_sample_store__put(large);
}

/* ---- profiles ------------------------------------------------------------------------------- */

static void recursion_counts_once(void **state)
{
	uint32_t main_ = place("main", "a.c", 1), f = place("f", "a.c", 10),
		 f2 = place("f", "a.c", 12);
	struct rp_snapshot *s;
	const struct rp_profile *all;

	(void)state;
	ADD(0, 4, main_, f, f, f2, f);
	ADD(0, 2, main_, f2);
	take(&now);
	s = build(NULL, RP_BY_NONE);
	all = &s->sampled->all;
	assert_int_equal(all->samples, 6);
	assert_line(&all->lines, "f", 10, 4, 4);
	assert_line(&all->lines, "f", 12, 2, 6);
	assert_line(&all->lines, "main", 1, 0, 6);
	assert_line(&all->functions, "f", 0, 6, 6);
	assert_line(&all->functions, "main", 0, 0, 6);
	assert_int_equal(all->functions.n, 2);
	/* The hottest first. */
	assert_int_equal(all->lines.item[0].place->line, 10);
	rp_snapshot__free(s);
}

static void a_period_is_a_difference(void **state)
{
	uint32_t f = place("f", "", 0), g = place("g", "", 0);
	struct rp_snapshot *s;

	(void)state;
	ADD(0, 4, f);
	rp_sample_store__totals(store)->unresolved = 1;
	take(&before);
	before.counts.samples->lost = 2;
	ADD(0, 3, g);
	rp_sample_store__totals(store)->unresolved = 3;
	take(&now);
	now.counts.samples->lost = 5;
	s = build(&before, RP_BY_NONE);
	assert_int_equal(s->sampled->all.samples, 3);
	assert_int_equal(s->sampled->totals.taken, 3);
	assert_int_equal(s->sampled->totals.unresolved, 2);
	assert_int_equal(s->sampled->lost, 3);
	assert_int_equal(s->sampled->hz_wanted, 997);
	assert_null(line(&s->sampled->all.functions, "f", 0));
	assert_line(&s->sampled->all.functions, "g", 0, 3, 3);
	rp_snapshot__free(s);
}

/* Whatever is counted of samples and sleeps, members that will be added one day included. */
static void all_totals_are_of_the_period(void **state)
{
	enum { WORDS = sizeof(struct rp_sample_totals) / sizeof(uint64_t) };
	uint64_t *totals = (uint64_t *)rp_sample_store__totals(store);
	const uint64_t *of;
	struct rp_snapshot *s;

	(void)state;
	ADD(0, 4, place("f", "", 0));
	for (size_t i = 0; i < WORDS; i++)
		totals[i] = i + 1;
	take(&before);
	for (size_t i = 0; i < WORDS; i++)
		totals[i] = 10 * (i + 1);
	take(&now);
	s = build(&before, RP_BY_NONE);
	of = (const uint64_t *)&s->sampled->totals;
	for (size_t i = 0; i < WORDS; i++)
		assert_int_equal(of[i], 9 * (i + 1));
	rp_snapshot__free(s);
}

/* What is told of a sleep is that of sleeps alone; what there was no room for is so of both. */
static void sleeps_are_counted_apart(void **state)
{
	const uint32_t places[] = {place("main", "", 0), place("wait", "a.c", 3)};
	uint32_t call = rp_sample_store__call(store, 5, places, 2);
	struct rp_taken_sample sample = {.call = call, .end = RP_UNWIND_END_COMPLETE};
	const struct rp_sample_totals none = {.no_room = 9}, *sleeps;
	struct rp_sample_counts *counts;

	(void)state;
	rp_sample_store__add_sleep(store, &sample, 100);
	rp_sample_store__add_sleep(store, &sample, 11);
	sample = (struct rp_taken_sample){
		.end = RP_UNWIND_END_NO_ROW, .unresolved = true, .at_probe = true};
	rp_sample_store__add_sleep(store, &sample, 7);
	rp_sample_store__set_no_room(store, 9);
	counts = rp_sample_counts__of(store);
	assert_non_null(counts);
	assert_int_equal(rp_sample_store__call(store, 5, places, 2), call);
	assert_int_equal(counts->n, call + 1);
	for (size_t i = 0; i < counts->n; i++) {
		assert_int_equal(counts->asleep[i], i == call ? 111 : 0);
		assert_int_equal(counts->self[i], 0);
	}
	assert_memory_equal(&counts->totals, &none, sizeof(none));
	sleeps = &counts->sleeps;
	assert_int_equal(sleeps->taken, 3);
	assert_int_equal(sleeps->truncated, 1);
	assert_int_equal(sleeps->unresolved, 1);
	assert_int_equal(sleeps->probes, 1);
	assert_int_equal(sleeps->dropped, 1);
	assert_int_equal(sleeps->dropped_ns, 7);
	assert_int_equal(sleeps->no_room, 9);
	assert_int_equal(sleeps->ends[RP_UNWIND_END_COMPLETE], 2);
	assert_int_equal(sleeps->ends[RP_UNWIND_END_NO_ROW], 1);
	rp_sample_counts__free(counts);
}

/* However many functions and lines there are, each is there once, and has all of its samples. */
static void many_lines_are_found_again(void **state)
{
	const struct rp_profile *all;
	struct rp_snapshot *s;
	char name[16];

	(void)state;
	for (uint32_t turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < 400; i++) {
			snprintf(name, sizeof(name), "f%u", i);
			ADD(0, i % 3 + 1, place("main", "a.c", 1), place(name, "a.c", i + 2));
		}
	take(&now);
	s = build(NULL, RP_BY_NONE);
	all = &s->sampled->all;
	assert_int_equal(all->samples, 2 * 799);
	assert_int_equal(all->functions.n, 401);
	assert_int_equal(all->lines.n, 401);
	assert_line(&all->functions, "main", 0, 0, 2 * 799);
	assert_line(&all->lines, "main", 1, 0, 2 * 799);
	for (uint32_t i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		assert_line(&all->functions, name, 0, 2 * (i % 3 + 1), 2 * (i % 3 + 1));
		assert_line(&all->lines, name, i + 2, 2 * (i % 3 + 1), 2 * (i % 3 + 1));
	}
	rp_snapshot__free(s);
}

/* serve, in it query, in it serve again; names as the functions have them. */
static void make_regions(uint32_t node[3])
{
	uint32_t serve = fixture_region(&now, "serve", RP_KIND_FUNCTION, "app");
	uint32_t query = fixture_region(&now, "query", RP_KIND_USDT, "app");

	node[0] = fixture_node(&now, fixture_root(&now, 1, "app"), serve);
	node[1] = fixture_node(&now, node[0], query);
	node[2] = fixture_node(&now, node[1], serve);
	for (int i = 0; i < 3; i++)
		fixture_frames(&now, node[i], 10, 1000, 0, 1000, 0);
}

static void regions_have_what_is_below_them(void **state)
{
	uint32_t main_ = place("main", "", 0), serve = place("serve", "", 0),
		 run = place("run", "", 0), scan = place("scan", "", 0), node[3];
	const struct rp_row *r;
	struct rp_snapshot *s;

	(void)state;
	make_regions(node);
	ADD(0, 5, main_);
	ADD(node[0], 7, main_, serve);
	ADD(node[1], 11, main_, serve, run, scan);
	ADD(node[2], 13, main_, serve, run, serve, scan);
	take(&now);
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->sampled->all.samples, 36);
	r = row(s, "serve", NULL);
	assert_int_equal(r->profile.samples, 31);
	assert_line(&r->profile.functions, "serve", 0, 7, 31);
	assert_line(&r->profile.functions, "scan", 0, 24, 24);
	/* It called the region. */
	assert_null(line(&r->profile.functions, "main", 0));
	r = row(s, "query", NULL);
	assert_int_equal(r->profile.samples, 24);
	assert_line(&r->profile.functions, "scan", 0, 24, 24);
	rp_snapshot__free(s);
}

static void groups_have_their_own(void **state)
{
	uint32_t f = place("f", "", 0), region = fixture_region(&now, "r", RP_KIND_MARKER, "app"),
		 a = fixture_node(&now, fixture_root(&now, 1, "one"), region),
		 b = fixture_node(&now, fixture_root(&now, 2, "two"), region);
	struct rp_snapshot *s;

	(void)state;
	fixture_frames(&now, a, 1, 10, 0, 10, 0);
	fixture_frames(&now, b, 1, 10, 0, 10, 0);
	ADD(a, 3, f);
	ADD(b, 4, f);
	take(&now);
	s = build(NULL, RP_BY_PROCESS);
	assert_int_equal(s->n_rows, 2);
	assert_int_equal(s->rows[0].profile.samples + s->rows[1].profile.samples, 7);
	assert_int_not_equal(s->rows[0].profile.samples, s->rows[1].profile.samples);
	rp_snapshot__free(s);
}

static void samples_share_the_cpu_time(void **state)
{
	uint32_t f = place("f", "", 0), node[3];
	struct rp_reading reading = {.counts = &now.counts, .cpu = 8000000}, none = {0};
	const struct rp_snapshot_opts opts = {.by = RP_BY_NONE};
	struct rp_snapshot *s;

	(void)state;
	make_regions(node);
	ADD(node[1], 4, f);
	ADD(0, 2, f);
	take(&now);
	now.counts.samples->lost = 2;
	s = rp_reading__snapshot(&reading, &none, &opts);
	assert_non_null(s);
	assert_int_equal(row(s, "query", NULL)->profile.cpu, 4000000);
	assert_int_equal(row(s, "serve", NULL)->profile.cpu, 4000000);
	assert_int_equal(s->sampled->all.cpu, 6000000);
	assert_true(fabs(s->sampled->hz_achieved - 750) < 1e-6);
	rp_snapshot__free(s);
}

/* ---- stacks --------------------------------------------------------------------------------- */

static const char *stack_of(const struct rp_snapshot *s, uint64_t samples)
{
	static char text[256];
	struct rp_stack stack = {0};
	uint32_t call = 1;

	while (call < s->sampled->n_calls && s->sampled->self[call] != samples)
		call++;
	assert_int_equal(rp_sampled__stack(s->sampled, call, &stack), 0);
	text[0] = '\0';
	for (size_t i = 0; i < stack.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			 !i			? ""
			 : i == stack.n_regions ? " / "
						: " ",
			 stack.name[i]);
	free(stack.name);
	return text;
}

static void regions_stand_for_their_functions(void **state)
{
	uint32_t main_ = place("main", "", 0), serve = place("serve", "", 0),
		 scan = place("scan", "", 0), node[3];
	struct rp_snapshot *s;

	(void)state;
	make_regions(node);
	ADD(0, 1, main_, scan);
	ADD(node[0], 2, main_, serve, scan);
	ADD(node[1], 3, main_, serve, scan);
	rp_sample_store__add(store, &no_region, NULL, 0);
	for (int i = 0; i < 3; i++)
		rp_sample_store__add(store, &no_region, NULL, 0);
	take(&now);
	s = build(NULL, RP_BY_NONE);
	/* Views put the rows of the tree in another order. */
	rp_snapshot__sort(s, rp_column__find("name"), false);
	assert_string_equal(stack_of(s, 1), "main scan");
	assert_string_equal(stack_of(s, 2), "serve / scan");
	assert_string_equal(stack_of(s, 3), "serve query / main serve scan");
	assert_string_equal(stack_of(s, 4), "[none]");
	rp_snapshot__free(s);
}

/* ---- certainty ------------------------------------------------------------------------------ */

/* From the tables of textbooks. */
static void intervals(void **state)
{
	double low, high;

	(void)state;
	rp_sampled__interval(70, 100, &low, &high);
	assert_true(fabs(low - 0.6042) < 1e-4 && fabs(high - 0.7811) < 1e-4);
	rp_sampled__interval(0, 10, &low, &high);
	assert_true(fabs(low) < 1e-9 && fabs(high - 0.2775) < 1e-4);
	rp_sampled__interval(10, 10, &low, &high);
	assert_true(fabs(low - 0.7225) < 1e-4 && high >= 1 - 1e-9);
	rp_sampled__interval(0, 0, &low, &high);
	assert_true(low <= 0 && high >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(equal_places_are_one, begin, end),
		cmocka_unit_test_setup_teardown(other_places_are_others, begin, end),
		cmocka_unit_test_setup_teardown(listeners_are_told_what_is_there, begin, end),
		cmocka_unit_test_setup_teardown(stacks_share_their_callers, begin, end),
		cmocka_unit_test(past_the_bound_samples_are_dropped),
		cmocka_unit_test(many_stacks_are_found_again),
		cmocka_unit_test_setup_teardown(recursion_counts_once, begin, end),
		cmocka_unit_test_setup_teardown(a_period_is_a_difference, begin, end),
		cmocka_unit_test_setup_teardown(all_totals_are_of_the_period, begin, end),
		cmocka_unit_test_setup_teardown(sleeps_are_counted_apart, begin, end),
		cmocka_unit_test_setup_teardown(many_lines_are_found_again, begin, end),
		cmocka_unit_test_setup_teardown(regions_have_what_is_below_them, begin, end),
		cmocka_unit_test_setup_teardown(groups_have_their_own, begin, end),
		cmocka_unit_test_setup_teardown(samples_share_the_cpu_time, begin, end),
		cmocka_unit_test_setup_teardown(regions_stand_for_their_functions, begin, end),
		cmocka_unit_test(none_takes_all_of_the_room),
		cmocka_unit_test(intervals),
	};

	return cmocka_run_group_tests_name("sampled", tests, NULL, NULL);
}
