// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which functions and lines grew: of runs in pairs judged, of two runs shown. */
#include <locale.h>
#include <math.h>

#include "counts_fixture.h"

#include "compare/forms.h"
#include "util/array.h"

#define PAIRS		8
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct line {
	const char *function, *file;
	uint32_t line;
	double a, b;  /* samples a run */
	double swing; /* times as much noise as others, besides theirs */
};

/* One function is three times as long by one of its lines; one is new, and one has hardly any. */
static const struct line usual[] = {
	{"parse", "/src/parse.c", 40, 100, 100, 0},	{"parse", "/src/parse.c", 41, 50, 350, 0},
	{"walk<int>|`", "/src/walk.c", 1, 300, 300, 0}, {"fresh", "", 0, 0, 60, 0},
	{"seldom", "/src/seldom.c", 3, 1, 2, 0},
};

static struct rp_side a, b;
static struct rp_comparison c;

/* Runs scatter by a few per cent, not alike in A and in B. */
static const double noise[] = {1.01, 0.98, 1.0, 1.02, 0.99, 1.01, 0.97, 1.02, 1.0};

static void make_run(struct rp_side *side, size_t i, bool of_b, const struct line *lines, size_t n)
{
	struct rp_run_summary run = {
		.name = of_b ? "b.rpt" : "a.rpt", .is_record = true, .wall = 1000 + 10 * i + of_b};

	for (size_t k = 0; k < n; k++) {
		double self = of_b ? lines[k].b : lines[k].a;
		const struct rp_run_place place = {
			.function = lines[k].function,
			.file = lines[k].file,
			.line = lines[k].line,
			.self = round(self *
				      (1 + (1 + lines[k].swing) *
						   (noise[(i + k + of_b) % COUNT_OF(noise)] - 1)))};

		assert_int_equal(rp_run_profile__add(&run.profile, &run.strings, &place), 0);
	}
	run.profile.each = 1000000;
	assert_int_equal(rp_run_profile__finish(&run.profile), 0);
	assert_int_equal(rp_array__fit(&side->run, side->n + 1, sizeof(*side->run)), 0);
	side->run[side->n++] = run;
}

static void compare(size_t runs, const struct line *lines, size_t n)
{
	const struct rp_compare_opts opts = {.metric = RP_METRIC_MEDIAN};

	for (size_t i = 0; i < runs; i++) {
		make_run(&a, i, false, lines, n);
		make_run(&b, i, true, lines, n);
	}
	assert_int_equal(rp_compare(&a, &b, &opts, &c), 0);
}

static int end(void **state)
{
	struct rp_side *sides[] = {&a, &b};

	(void)state;
	rp_comparison__free(&c);
	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < sides[s]->n; i++)
			rp_run_summary__free(&sides[s]->run[i]);
		free(sides[s]->run);
		*sides[s] = (struct rp_side){0};
	}
	return 0;
}

static const struct rp_sample_change *change_of(const char *function, uint32_t line)
{
	for (size_t i = 0; i < c.samples.n; i++) {
		const struct rp_sample_change *change = &c.samples.item[i];

		assert_int_equal(!!change->place.line, i >= c.samples.n_functions);
		if (!strcmp(change->place.function, function) && change->place.line == line)
			return change;
	}
	fail_msg("no change of %s:%u", function, line);
	return NULL;
}

static bool is_near(double value, double want)
{
	return fabs(value - want) <= 0.03 * want;
}

/* The unit is a run. A function has what its lines have, and what has no line is one. */
static void test_pairs(void **state)
{
	const struct rp_sample_change *parse;

	(void)state;
	compare(PAIRS, usual, COUNT_OF(usual));
	assert_true(c.samples.is_judged && c.samples.has_cpu);
	assert_int_equal(c.samples.n_functions, 4);
	assert_int_equal(c.samples.n, 8);
	parse = change_of("parse", 0);
	assert_true(is_near(parse->self[0], 150e6) && is_near(parse->self[1], 450e6));
	assert_true(is_near(parse->ratio.value, 3));
	assert_true(parse->ratio.low > 2.8 && parse->ratio.high < 3.2);
	assert_int_equal(parse->verdict, RP_OUTCOME_SLOWER);
	assert_int_equal(change_of("parse", 41)->verdict, RP_OUTCOME_SLOWER);
	assert_int_equal(change_of("parse", 40)->verdict, RP_OUTCOME_UNCERTAIN);
	assert_string_equal(change_of("parse", 41)->place.file, "parse.c");
	assert_int_equal(change_of("fresh", 0)->verdict, RP_OUTCOME_NEW);
	assert_int_equal(change_of("walk<int>|`", 0)->verdict, RP_OUTCOME_UNCERTAIN);
	/* It has twice as many, which is next to nothing of the whole. */
	assert_int_equal(change_of("seldom", 0)->verdict, RP_OUTCOME_NONE);
	assert_ptr_equal(&c.samples.item[0], parse);
}

/* Twice what is no change is none, either, where runs scatter by ten times as much. */
static void test_scatter(void **state)
{
	static const struct line lines[] = {{"walk", "walk.c", 7, 1000, 1000, 0},
					    {"swing", "swing.c", 1, 1000, 1040, 10}};
	const struct rp_sample_change *swing;

	(void)state;
	compare(PAIRS, lines, COUNT_OF(lines));
	swing = change_of("swing", 0);
	assert_true(swing->ratio.value > 1.02 && swing->ratio.low < 1 && swing->ratio.high > 1.06);
	assert_int_equal(swing->verdict, RP_OUTCOME_UNCERTAIN);
}

/* One of A and one of B, without noise. */
static void compare_two(const struct line *lines, size_t n)
{
	make_run(&a, 2, false, lines, 0);
	make_run(&b, 2, true, lines, 0);
	for (size_t k = 0; k < n; k++) {
		struct rp_run_place place = {.function = lines[k].function,
					     .file = lines[k].file,
					     .line = lines[k].line,
					     .self = lines[k].a};

		assert_int_equal(rp_run_profile__add(&a.run->profile, &a.run->strings, &place), 0);
		place.self = lines[k].b;
		assert_int_equal(rp_run_profile__add(&b.run->profile, &b.run->strings, &place), 0);
	}
	assert_int_equal(rp_run_profile__finish(&a.run->profile), 0);
	assert_int_equal(rp_run_profile__finish(&b.run->profile), 0);
	assert_int_equal(
		rp_compare(&a, &b, &(struct rp_compare_opts){.metric = RP_METRIC_MEDIAN}, &c), 0);
}

/*
 * 150 of 451 samples in A and 450 of 812 in B. Wilson's interval by hand: half of its width is
 * 0.0433 and 0.0341, of 451 and 812 ms that are 19.5 and 27.7 ms, together 33.9 ms.
 */
static void test_two_runs(void **state)
{
	const struct rp_sample_change *parse;

	(void)state;
	compare_two(usual, COUNT_OF(usual));
	assert_false(c.samples.is_judged);
	parse = change_of("parse", 0);
	assert_true(fabs(parse->ratio.value - 3) < 1e-9);
	assert_true(fabs((parse->ratio.high - parse->ratio.value) * 150 - 33.9) < 0.2);
	for (size_t i = 0; i < c.samples.n; i++)
		assert_int_equal(c.samples.item[i].verdict, RP_OUTCOME_NONE);
}

/*
 * 8 of 1000 samples in A and none of as many in B, by hand: half of Wilson's interval is 5.824 ms
 * in A, and 1.913 ms in B, where it might have been missed. Together 6.130 ms.
 */
static void test_one_that_is_gone(void **state)
{
	static const struct line lines[] = {{"gone", "", 0, 8, 0, 0},
					    {"rest", "", 0, 992, 1000, 0}};

	(void)state;
	compare_two(lines, COUNT_OF(lines));
	assert_true(fabs(change_of("gone", 0)->ratio.value) < 1e-9);
	assert_true(fabs(change_of("gone", 0)->ratio.high * 8 - 6.130) < 0.01);
}

/* A side without samples has nothing to compare with; a run without any is left out. */
static void test_without(void **state)
{
	(void)state;
	compare(1, usual, 0);
	assert_int_equal(c.samples.n, 0);
	end(state);
	compare(PAIRS, usual, COUNT_OF(usual));
	rp_comparison__free(&c);
	rp_run_profile__free(&a.run[3].profile);
	assert_int_equal(
		rp_compare(&a, &b, &(struct rp_compare_opts){.metric = RP_METRIC_MEDIAN}, &c), 0);
	assert_true(c.samples.is_judged);
	assert_true(is_near(change_of("parse", 0)->self[0], 150e6));
	assert_int_equal(change_of("parse", 0)->verdict, RP_OUTCOME_SLOWER);
}

/* What CPU time they stand for is not known: shares are compared. */
static void test_without_cpu(void **state)
{
	(void)state;
	compare(PAIRS, usual, COUNT_OF(usual));
	rp_comparison__free(&c);
	b.run[0].profile.each = 0;
	assert_int_equal(
		rp_compare(&a, &b, &(struct rp_compare_opts){.metric = RP_METRIC_MEDIAN}, &c), 0);
	assert_false(c.samples.has_cpu);
	assert_true(is_near(change_of("parse", 0)->ratio.value, 450.0 / 812 / (150.0 / 451)));
	assert_int_equal(change_of("walk<int>|`", 0)->verdict, RP_OUTCOME_FASTER);
}

static void assert_form(unsigned form, int width, const char *golden)
{
	const struct rp_diff_form_opts opts = {.utf8 = true, .width = width};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(rp_diff_forms[form].print(out, &c, &opts), 0);
	assert_int_equal(fclose(out), 0);
	assert_golden(golden, text);
	free(text);
}

static void test_forms(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	compare(PAIRS, usual, COUNT_OF(usual));
	assert_form(RP_DIFF_FORM_TABLE, 80, "diff-samples.table");
	assert_form(RP_DIFF_FORM_CSV, 0, "diff-samples.csv");
	assert_form(RP_DIFF_FORM_JSON, 0, "diff-samples.json");
	assert_form(RP_DIFF_FORM_MARKDOWN, 0, "diff-samples.markdown");
}

/* The ten that have changed most, though each of fourteen has share enough. */
static void test_most_changed_are_shown(void **state)
{
	static const unsigned forms[] = {RP_DIFF_FORM_TABLE, RP_DIFF_FORM_MARKDOWN};
	const struct rp_diff_form_opts opts = {.width = 100};
	char names[14][8];
	struct line lines[14];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		snprintf(names[i], sizeof(names[i]), "fn_%c", (char)('a' + i));
		lines[i] = (struct line){names[i], "", 0, 100, 110 + 10 * (double)i, 0};
	}
	compare_two(lines, COUNT_OF(lines));
	for (size_t k = 0; k < COUNT_OF(forms); k++) {
		char *text = NULL;
		size_t size, shown = 0;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		assert_int_equal(rp_diff_forms[forms[k]].print(out, &c, &opts), 0);
		assert_int_equal(fclose(out), 0);
		for (size_t i = 0; i < COUNT_OF(lines); i++)
			shown += strstr(text, names[i]) != NULL;
		assert_int_equal(shown, 10);
		assert_null(strstr(text, "fn_d"));
		assert_non_null(strstr(text, "fn_e"));
		free(text);
	}
}

/* Those that have too small a share take the place of none, though they have changed more. */
static void test_small_ones_are_not_shown(void **state)
{
	const struct rp_diff_form_opts opts = {.width = 100};
	char names[20][8], *text = NULL;
	struct line lines[20];
	size_t size, shown = 0, small = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		bool is_small = i >= 5;

		snprintf(names[i], sizeof(names[i]), "fn_%c", (char)('a' + i));
		lines[i] = is_small ? (struct line){names[i], "", 0, 1, 9, 0}
				    : (struct line){names[i], "", 0, 2000, 2001, 0};
	}
	compare_two(lines, COUNT_OF(lines));
	assert_int_equal(rp_diff_forms[RP_DIFF_FORM_TABLE].print(out, &c, &opts), 0);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if (i < 5)
			shown += strstr(text, names[i]) != NULL;
		else
			small += strstr(text, names[i]) != NULL;
	assert_int_equal(shown, 5);
	assert_int_equal(small, 0);
	free(text);
}

/* A snapshot's samples: what one stands for follows from those a second of CPU time. */
static void test_snapshot(void **state)
{
	static const char text[] =
		"{\"schema\": \"rptrace-snapshot/1\", \"regions\": [], \"samples\": "
		"{\"hz_achieved\": "
		"1000, \"taken\": 90, \"lost\": 10}, \"lines\": [{\"function\": \"parse\", "
		"\"file\": \"src/parse.c\", \"line\": 40, \"self\": 60}, {\"function\": \"parse\", "
		"\"file\": \"src/parse.c\", \"line\": 41, \"self\": 30}, {\"function\": 3}, "
		"{\"function\": \"x\", \"file\": \"\", \"line\": 1e99, \"self\": -4}, null]}";
	struct rp_run_summary run;
	const char *why;

	(void)state;
	assert_int_equal(rp_run_summary__of_json(text, strlen(text), "x", &run, &why), 0);
	assert_true(fabs(run.profile.samples - 90) < 1e-9);
	assert_true(fabs(run.profile.each - 900000) < 1e-3);
	assert_int_equal(run.profile.n, 3);
	assert_string_equal(run.profile.place[0].function, "parse");
	assert_int_equal(run.profile.place[0].line, 0);
	assert_true(fabs(run.profile.place[0].self - 90) < 1e-9);
	rp_run_summary__free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_pairs, end),
		cmocka_unit_test_teardown(test_scatter, end),
		cmocka_unit_test_teardown(test_two_runs, end),
		cmocka_unit_test_teardown(test_one_that_is_gone, end),
		cmocka_unit_test_teardown(test_most_changed_are_shown, end),
		cmocka_unit_test_teardown(test_small_ones_are_not_shown, end),
		cmocka_unit_test_teardown(test_without, end),
		cmocka_unit_test_teardown(test_without_cpu, end),
		cmocka_unit_test_teardown(test_forms, end),
		cmocka_unit_test(test_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
