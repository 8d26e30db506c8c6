// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which functions --auto takes, of stacks made by hand. */
#include "aggregate/hot_functions.h"
#include "snapshot_fixture.h"

static struct rp_sample_store *store;

static int begin(void **state)
{
	start(state);
	store = rp_sample_store__new(10000, UINT64_MAX, false);
	assert_non_null(store);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rp_sample_store__put(store);
	return 0;
}

/* n samples of a stack, names from the outermost call in. */
static void add(unsigned n, const char *stack)
{
	const struct rp_taken_sample sample = {.end = RP_UNWIND_END_COMPLETE};
	uint32_t places[16];
	char *copy = strdup(stack), *save;
	size_t depth = 0;

	assert_non_null(copy);
	for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		const struct rp_place place = {.function = name,
					       .file = "a.c",
					       .line = (uint32_t)depth,
					       .object = *name == '<' ? "[python]" : "app"};

		places[depth++] = rp_sample_store__place(store, &place);
	}
	while (n--)
		rp_sample_store__add(store, &sample, places, depth);
	free(copy);
}

/* The names, in their order. */
static struct rp_hot_functions choose(size_t most, char *names, size_t size)
{
	struct rp_hot_functions chosen, counts;
	struct rp_snapshot *s;

	now.counts.samples = rp_sample_counts__of(store);
	now.counts.samples->hz = 997;
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(rp_hot_functions__choose(s->sampled, most, &chosen), 0);
	names[0] = '\0';
	for (size_t i = 0; i < chosen.n; i++)
		snprintf(names + strlen(names), size - strlen(names), "%s%s", i ? " " : "",
			 chosen.item[i].place->function);
	counts = chosen;
	counts.item = NULL;
	rp_hot_functions__free(&chosen);
	rp_snapshot__free(s);
	rp_sample_counts__free(now.counts.samples);
	now.counts.samples = NULL;
	return counts;
}

static void of_a_server(void **state)
{
	struct rp_hot_functions chosen;
	char names[256];

	(void)state;
	add(300, "_start init init2 main serve parse copy");
	add(20, "_start init init2 main serve parse");
	add(560, "_start init init2 main serve run scan fetch compare");
	add(20, "_start init init2 main serve run scan fetch");
	add(90, "_start init init2 main serve log write");
	add(10, "_start init init2 main serve rare");
	chosen = choose(16, names, sizeof(names));
	/* scan, fetch and compare take as long as run, write as long as log; copy calls nothing. */
	assert_string_equal(names, "run parse log serve");
	assert_int_equal(chosen.roots, 4);
	assert_int_equal(chosen.wrappers, 4);
	assert_int_equal(chosen.leaves, 1);
	assert_int_equal(chosen.more, 0);
}

static void of_threads(void **state)
{
	char names[256];

	(void)state;
	add(400, "_start main loop draw fill");
	add(100, "_start main loop poll");
	add(500, "clone3 start_thread worker job step");
	add(10, "clone3 start_thread worker wait");
	choose(16, names, sizeof(names));
	assert_null(strstr(names, "main"));
	assert_null(strstr(names, "start_thread"));
	assert_non_null(strstr(names, "draw"));
}

/* From the exact share on: of all samples, of a caller that is kept, and of its own samples. */
static void shares(void **state)
{
	static const struct {
		unsigned rare, all; /* samples: of one, and of all with it */
		const char *names;
	} rares[] = {{19, 1000, "big"}, {20, 1000, "big few"}, {21, 1000, "big few"}};
	struct rp_hot_functions chosen;
	char names[256];

	for (size_t i = 0; i < sizeof(rares) / sizeof(rares[0]); i++) {
		begin(state);
		add(rares[i].all - rares[i].rare, "main big x");
		add(rares[i].rare, "main few y");
		choose(16, names, sizeof(names));
		assert_string_equal(names, rares[i].names);
		end(state);
	}
	for (unsigned of = 959; of <= 961; of++) {
		begin(state);
		add(of, "main kept part x");
		add(1000 - of, "main kept");
		add(1000, "main other y");
		chosen = choose(16, names, sizeof(names));
		assert_string_equal(names, of < 960 ? "kept other part" : "kept other");
		assert_int_equal(chosen.wrappers, of < 960 ? 2 : 3);
		end(state);
	}
	for (unsigned of = 199; of <= 201; of++) {
		begin(state);
		add(of, "main short");
		add(400 - of, "main short x");
		add(600, "main other y");
		chosen = choose(16, names, sizeof(names));
		assert_string_equal(names, of > 200 ? "other" : "other short");
		end(state);
	}
	for (unsigned of = 989; of <= 991; of++) {
		begin(state);
		add(of, "main inner x");
		add(1000 - of, "main rest y");
		chosen = choose(16, names, sizeof(names));
		assert_int_equal(chosen.roots, of < 990 ? 1 : 3);
		end(state);
	}
	begin(state);
}

/* What does not return in as many of its samples as it does elsewhere. */
static void half_a_root(void **state)
{
	struct rp_hot_functions chosen;
	char names[256];

	for (unsigned of = 99; of <= 101; of++) {
		end(state);
		begin(state);
		add(of, "clone loop a x");
		add(100, "main both loop b y");
		add(300, "main both other z");
		chosen = choose(16, names, sizeof(names));
		/* clone, a, x; main, both; and loop, where that is half of it. */
		assert_int_equal(chosen.roots, of < 100 ? 5 : 6);
	}
}

/* What is kept has less than a tenth: then the leaves are taken as well. */
static void leaves_beside_little(void **state)
{
	struct rp_hot_functions chosen;
	char names[256];

	for (unsigned of = 99; of <= 101; of++) {
		end(state);
		begin(state);
		add(of, "main some x");
		add(1000 - of, "main leaf");
		chosen = choose(16, names, sizeof(names));
		assert_string_equal(names, of < 100 ? "leaf some" : "some");
		assert_int_equal(chosen.leaves, of < 100 ? 0 : 1);
	}
}

/* Many functions of one caller, and one function of many callers, stay what they are. */
static void many_functions(void **state)
{
	const struct rp_hot_function *item;
	char stack[64];

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		snprintf(stack, sizeof(stack), "main f%u in%u step", i, i);
		add(100 + i, stack);
		for (unsigned k = 0; k < 100; k++) {
			snprintf(stack, sizeof(stack), "main f%u in%u step s%u", i, i, k);
			add(1, stack);
		}
	}
	now.counts.samples = rp_sample_counts__of(store);
	now.counts.samples->hz = 997;
	struct rp_snapshot *s = build(NULL, RP_BY_NONE);
	struct rp_hot_functions chosen;

	assert_int_equal(rp_hot_functions__choose(s->sampled, 100, &chosen), 0);
	/* step is a leaf, which is taken as each of the others has so little. */
	assert_int_equal(chosen.n, 41);
	assert_string_equal(chosen.item[0].place->function, "step");
	assert_int_equal(chosen.item[0].inclusive, 40 * 200 + 39 * 40 / 2);
	assert_int_equal(chosen.item[0].self, 40 * 100 + 39 * 40 / 2);
	for (size_t i = 0; i < 40; i++) {
		item = &chosen.item[i + 1];
		snprintf(stack, sizeof(stack), "f%zu", 39 - i);
		assert_string_equal(item->place->function, stack);
		assert_int_equal(item->inclusive, 200 + 39 - i);
		assert_int_equal(item->self, 0);
	}
	assert_int_equal(chosen.wrappers, 40);
	assert_int_equal(chosen.leaves, 0);
	assert_int_equal(chosen.roots, 1);
	rp_hot_functions__free(&chosen);
	rp_snapshot__free(s);
	rp_sample_counts__free(now.counts.samples);
	now.counts.samples = NULL;
}

static void no_more_than_asked_for(void **state)
{
	struct rp_hot_functions chosen;
	char names[256];

	(void)state;
	add(60, "main a x");
	add(50, "main b y");
	add(40, "main c z");
	chosen = choose(2, names, sizeof(names));
	assert_string_equal(names, "a b");
	assert_int_equal(chosen.more, 1);
}

static void leaves_where_there_is_nothing_else(void **state)
{
	char names[256];

	(void)state;
	add(70, "main hot");
	add(30, "main cold");
	choose(16, names, sizeof(names));
	assert_string_equal(names, "hot cold");
}

/* Under recursion a function is its own caller, and none that stands for it. */
static void recursion(void **state)
{
	char names[256];

	(void)state;
	add(50, "main walk walk walk visit");
	add(50, "main other job");
	choose(16, names, sizeof(names));
	assert_string_equal(names, "walk other");
}

/* Whether what takes all of the time returns, only probes tell: where there is room for them. */
static void innermost_of_what_does_not_return(void **state)
{
	char names[256];

	(void)state;
	add(600, "_start init init2 main shell query step app+0x10 sort compare");
	add(400, "_start init init2 main shell query step app+0x10 read app+0x20 copy");
	choose(16, names, sizeof(names));
	assert_string_equal(names, "sort read query step");
	choose(3, names, sizeof(names));
	assert_string_equal(names, "sort read query");
	choose(2, names, sizeof(names));
	assert_string_equal(names, "sort read");
}

/* What is in no file cannot be probed. */
static void python_functions_are_left_out(void **state)
{
	char names[256];

	(void)state;
	add(60, "main <work> a x");
	add(50, "main <other> b y");
	choose(16, names, sizeof(names));
	assert_string_equal(names, "a b");
}

/* What has no symbol is called by its object and its offset; a name may begin as that does. */
static void names_like_the_object(void **state)
{
	char names[256];

	(void)state;
	add(60, "main app+0x5 a1 x");
	add(59, "main apple a2 x");
	add(58, "main app a3 x");
	add(57, "main b+0x5 a4 x");
	add(56, "main [vdso] a5 x");
	choose(5, names, sizeof(names));
	assert_string_equal(names, "a1 apple app b+0x5 a5");
}

static void nothing_of_nothing(void **state)
{
	char names[256];

	(void)state;
	choose(16, names, sizeof(names));
	assert_string_equal(names, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_a_server, begin, end),
		cmocka_unit_test_setup_teardown(of_threads, begin, end),
		cmocka_unit_test_teardown(shares, end),
		cmocka_unit_test_setup_teardown(half_a_root, begin, end),
		cmocka_unit_test_setup_teardown(leaves_beside_little, begin, end),
		cmocka_unit_test_setup_teardown(many_functions, begin, end),
		cmocka_unit_test_setup_teardown(no_more_than_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(leaves_where_there_is_nothing_else, begin, end),
		cmocka_unit_test_setup_teardown(recursion, begin, end),
		cmocka_unit_test_setup_teardown(innermost_of_what_does_not_return, begin, end),
		cmocka_unit_test_setup_teardown(python_functions_are_left_out, begin, end),
		cmocka_unit_test_setup_teardown(names_like_the_object, begin, end),
		cmocka_unit_test_setup_teardown(nothing_of_nothing, begin, end),
	};

	return cmocka_run_group_tests_name("hot_functions", tests, NULL, NULL);
}
