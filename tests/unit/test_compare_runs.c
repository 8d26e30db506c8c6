// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Runs that are to be compared: what each comes to, and in what else they differ. */
#include <math.h>

#include "compare_fixture.h"

/* ---- warnings -------------------------------------------------------------------------------- */

static void test_warnings(void **state)
{
	const struct side_opts a = {before, COUNT(before), 6, 0, 20, "here", 'a'};
	const struct side_opts b = {after, COUNT(after), 5, 200, 20, "there", 'b'};
	struct both both;

	(void)state;
	make_side(&both.a, &a);
	make_side(&both.b, &b);
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	assert_int_equal(both.c.n_warnings, 5);
	assert_string_equal(both.c.warnings[0], "hosts differ: here in a1.rpt, there in b1.rpt");
	assert_string_equal(both.c.warnings[1],
			    "options differ: none in a1.rpt, --function x in b1.rpt");
	assert_string_equal(both.c.warnings[2],
			    "/bin/app is of one build in b1.rpt, and of another in b4.rpt");
	assert_string_equal(both.c.warnings[3], "1 of A has no partner, and is not judged");
	assert_non_null(strstr(both.c.warnings[4], "not run alternately"));
	free_both(&both);
}

/* Of a change of the program that is what there is to expect: no warning, and once for all regions
 * of a file. */
static void test_notes(void **state)
{
	struct both both;

	(void)state;
	compare_runs(&both, 2, &defaults);
	assert_int_equal(both.c.n_notes, 0);
	rp_comparison__free(&both.c);
	for (size_t k = 0; k < both.b.run[0].n_regions; k++)
		both.b.run[0].region[k].build_id = "bb";
	for (size_t i = 0; i < 2; i++) {
		both.b.run[1].region[i].build_id = both.b.run[0].region[i].build_id;
		/* Where it is not known, a run has no part in the mean. */
		both.a.run[i].ns_per_region = i ? 800 : 0;
		both.b.run[i].ns_per_region = 1000;
	}
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	assert_int_equal(both.c.n_notes, 2);
	assert_string_equal(both.c.notes[0], "another build: app aa in A, app bb in B");
	assert_non_null(strstr(both.c.notes[1], "800 ns a region in A, 1000 ns in B"));
	free_both(&both);
}

/* Each text that runs should have in common, also where one run alone has none. */
static void test_what_differs(void **state)
{
	static const struct {
		const char *what;
		size_t offset;
	} texts[] = {
		{"hosts", offsetof(struct rp_meta, host)},
		{"kernels", offsetof(struct rp_meta, kernel)},
		{"versions of rptrace", offsetof(struct rp_meta, version)},
		{"kinds of probes", offsetof(struct rp_meta, attach_mode)},
		{"parts that were recorded", offsetof(struct rp_meta, kept)},
		{"options", offsetof(struct rp_meta, options)},
	};
	char wanted[128];
	struct both both;

	(void)state;
	compare_runs(&both, 2, &defaults);
	assert_int_equal(both.c.n_warnings, 0);
	rp_comparison__free(&both.c);
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t k = 1; k < 4; k++) {
			struct rp_side *side = k < 2 ? &both.a : &both.b;
			const char **text = (const char **)((char *)&side->run[k % 2].meta +
							    texts[i].offset);
			const char *is = *text;

			*text = "other";
			assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
			assert_int_equal(both.c.n_warnings, 1);
			snprintf(wanted, sizeof(wanted), "%s differ: %s in a1.rpt, other in %s",
				 texts[i].what, is && *is ? is : "none", side->run[k % 2].name);
			assert_string_equal(both.c.warnings[0], wanted);
			rp_comparison__free(&both.c);
			*text = is;
		}
	both.b.run[1].lost = 7;
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	assert_int_equal(both.c.n_warnings, 1);
	assert_string_equal(both.c.warnings[0], "b2.rpt has lost 7 instances");
	rp_comparison__free(&both.c);
	both.b.run[1].lost = 0;
	/* The second pair may begin as the first is over, and not before. */
	for (unsigned late = 0; late < 2; late++) {
		both.b.run[0].wall = both.a.run[1].wall + late;
		both.a.run[0].wall = both.b.run[0].wall - 10;
		both.b.run[1].wall = both.b.run[0].wall + 10;
		assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
		/* Of the same time, which records tell: of one run. */
		assert_int_equal(both.c.n_warnings, 1);
		assert_non_null(strstr(both.c.warnings[0],
				       late ? "not run alternately" : "of the same run"));
		rp_comparison__free(&both.c);
	}
	free_side(&both.a);
	free_side(&both.b);
}

static void test_partners(void **state)
{
	static const struct {
		unsigned a, b;
		const char *warning;
	} cells[] = {
		{1, 1, NULL},
		{1, 2, "1 of B has no partner, and is not judged"},
		{3, 1, "2 of A have no partner, and are not judged"},
		{1, 0, NULL},
		{0, 1, NULL},
		{2, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cells) - 1; i++) {
		const struct side_opts a = {before, COUNT(before), cells[i].a, 0, 20, "here", 'a'};
		const struct side_opts b = {after, COUNT(after), cells[i].b, 10, 20, "here", 'b'};
		struct both both;

		make_side(&both.a, &a);
		make_side(&both.b, &b);
		assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
		assert_int_equal(both.c.n_warnings, cells[i].warning != NULL);
		if (cells[i].warning)
			assert_string_equal(both.c.warnings[0], cells[i].warning);
		free_both(&both);
	}
}

static void test_same_run_twice(void **state)
{
	const struct side_opts a = {before, COUNT(before), 1, 0, 20, "here", 'a'};
	struct both both;

	(void)state;
	make_side(&both.a, &a);
	make_side(&both.b, &a);
	assert_int_equal(rp_compare(&both.a, &both.b, &defaults, &both.c), 0);
	assert_int_equal(both.c.n_warnings, 1);
	assert_string_equal(both.c.warnings[0], "a1.rpt and a1.rpt are of the same run");
	free_both(&both);
}

/* ---- what a run comes to -------------------------------------------------------------------- */

/* a in b, and another b: the times of each of them are all the same. */
static void tell_all_figures(const struct rp_event_sink *sink)
{
	const struct rp_event_run start = {
		.start = TOLD_START, .wall = 77, .meta = {.host = "box", .kept = "part"}};
	const struct rp_node root = {.flags = RP_NODE_VALID};
	static const struct made made[] = {{"b", RP_KIND_FUNCTION, 0, 0, 0},
					   {"a", RP_KIND_MARKER, 0, 0, 0},
					   {"b", RP_KIND_FUNCTION, 0, 0, 0}};

	assert_int_equal(RP_TELL(sink, run, &start), 0);
	assert_int_equal(RP_TELL(sink, node, TOLD_ROOT, &root), 0);
	tell_thread(sink, 1, 10, 11, "app");
	for (uint32_t i = 0; i < 3; i++) {
		tell_build(sink, i + 1, &made[i], i == 2 ? "cc" : "");
		tell_node(sink, i + 2, i == 1 ? 2 : TOLD_ROOT, i + 1);
	}
	for (uint64_t i = 0; i < 9; i++) {
		tell(sink, (struct rp_event_instance){
				   .start = 1000 * i, .thread = 1, .node = 3, .ns = 16, .cpu = 2});
		tell(sink, (struct rp_event_instance){.start = 1000 * i,
						      .thread = 1,
						      .node = i < 5 ? 2 : 4,
						      .ns = 64,
						      .child = i < 5 ? 16 : 0,
						      .cpu = 32});
	}
	tell(sink, (struct rp_event_instance){
			   .start = 9000, .thread = 1, .node = 2, .ns = 500, .unwound = true});
	assert_int_equal(RP_TELL(sink, lost, 2, 5), 0);
	tell_end(sink, 10000);
}

/* Each figure by its own name; regions that are called the same are one. */
static void test_summary(void **state)
{
	struct rp_run_summing *summing = rp_run_summing__new();
	struct rp_event_sink sink = rp_run_summing__sink(summing);
	const struct rp_run_region *a, *b;
	struct rp_run_summary run;

	(void)state;
	tell_all_figures(&sink);
	assert_int_equal(rp_run_summing__finish(summing, "run.rpt", &run), 0);
	rp_run_summing__free(summing);
	assert_string_equal(run.name, "run.rpt");
	assert_string_equal(run.meta.host, "box");
	assert_string_equal(run.meta.kept, "part");
	assert_true(run.is_record);
	assert_int_equal(run.wall, 77);
	assert_int_equal(run.lost, 5);
	assert_int_equal(run.n_regions, 2);
	a = rp_run_summary__find(&run, "a", RP_KIND_MARKER);
	b = rp_run_summary__find(&run, "b", RP_KIND_FUNCTION);
	assert_ptr_equal(a, &run.region[0]);
	assert_ptr_equal(b, &run.region[1]);
	assert_null(rp_run_summary__find(&run, "a", RP_KIND_FUNCTION));
	assert_null(rp_run_summary__find(&run, "c", RP_KIND_MARKER));
	assert_string_equal(a->name, "a");
	assert_int_equal(a->kind, RP_KIND_MARKER);
	assert_string_equal(b->object, "/bin/app");
	assert_string_equal(a->build_id, "");
	assert_string_equal(b->build_id, "cc");
	assert_true(b->figure[RP_FIGURE_COUNT] == 9);
	assert_true(b->figure[RP_FIGURE_TOTAL] == 9 * 64);
	assert_true(b->figure[RP_FIGURE_SELF] == 9 * 64 - 5 * 16);
	assert_true(b->figure[RP_FIGURE_MEAN] == 64);
	assert_true(fabs(b->figure[RP_FIGURE_P50] - 64) < 1);
	assert_true(fabs(b->figure[RP_FIGURE_P99] - 64) < 1);
	assert_true(fabs(b->figure[RP_FIGURE_CPU] - 32) < 1);
	assert_true(a->figure[RP_FIGURE_COUNT] == 9);
	assert_true(a->figure[RP_FIGURE_TOTAL] == 9 * 16);
	assert_true(a->figure[RP_FIGURE_SELF] == 9 * 16);
	assert_true(fabs(a->figure[RP_FIGURE_P50] - 16) < 1);
	assert_true(fabs(a->figure[RP_FIGURE_CPU] - 2) < 1);
	assert_int_equal(run.past.duration, 10000);
	assert_string_equal(run.past.file, "run.rpt");
	assert_true(run.ns_per_region == 0);
	rp_run_summary__free(&run);
}

/* Places have copies of their names; lines of a function add up to it, also those not known. */
static void test_profile(void **state)
{
	static const struct {
		const char *function, *file;
		uint32_t line;
		double self;
	} lines[] = {{"f", "src/b.c", 3, 1}, {"f", "src/a.c", 3, 2}, {"g", "a.c", 3, 4},
		     {"f", "lib/a.c", 3, 8}, {"f", "a.c", 4, 16},    {"f", "", 0, 32},
		     {"g", "a.c", 9, 0},     {"h", "a.c", 0, 64}};
	static const struct {
		const char *function, *file;
		uint32_t line;
		double self;
	} wanted[] = {{"f", "", 0, 1 + 2 + 8 + 16 + 32},
		      {"g", "", 0, 4},
		      {"h", "", 0, 64},
		      {"f", "a.c", 3, 2 + 8},
		      {"f", "a.c", 4, 16},
		      {"f", "b.c", 3, 1},
		      {"g", "a.c", 3, 4}};
	struct rp_run_profile profile = {0};
	struct rp_arena strings = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char function[8], file[16];
		const struct rp_run_place place = {.function = function,
						   .file = file,
						   .line = lines[i].line,
						   .self = lines[i].self};

		strcpy(function, lines[i].function);
		strcpy(file, lines[i].file);
		assert_int_equal(rp_run_profile__add(&profile, &strings, &place), 0);
		memset(function, 'x', sizeof(function) - 1);
		memset(file, 'x', sizeof(file) - 1);
	}
	assert_int_equal(rp_run_profile__finish(&profile), 0);
	assert_true(profile.samples == 127);
	assert_int_equal(profile.n, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct rp_run_place place = {.function = wanted[i].function,
						   .file = wanted[i].file,
						   .line = wanted[i].line};

		assert_string_equal(profile.place[i].function, wanted[i].function);
		assert_string_equal(profile.place[i].file, wanted[i].file);
		assert_int_equal(profile.place[i].line, wanted[i].line);
		assert_true(rp_run_profile__self(&profile, &place) == wanted[i].self);
	}
	assert_true(rp_run_profile__self(&profile, &(struct rp_run_place){.function = "g",
									  .file = "a.c",
									  .line = 9}) == 0);
	rp_run_profile__free(&profile);
	assert_true(rp_run_profile__self(&profile,
					 &(struct rp_run_place){.function = "g", .file = ""}) == 0);
	rp_arena__free(&strings);
}

/* Each text is the one of its name, and a copy. */
static void test_meta_is_kept(void **state)
{
	char texts[8][2] = {"1", "2", "3", "4", "5", "6", "7", "8"};
	const struct rp_meta all = {.version = texts[0],
				    .host = texts[1],
				    .kernel = texts[2],
				    .target = texts[3],
				    .attach_mode = texts[4],
				    .group_by = texts[5],
				    .kept = texts[6],
				    .options = texts[7],
				    .probes = 9};
	struct rp_meta meta = all, none = {.slow_sites = 3};
	struct rp_arena strings = {0};

	(void)state;
	assert_int_equal(rp_meta__keep(&meta, &strings), 0);
	memset(texts, 0, sizeof(texts));
	assert_string_equal(meta.version, "1");
	assert_string_equal(meta.host, "2");
	assert_string_equal(meta.kernel, "3");
	assert_string_equal(meta.target, "4");
	assert_string_equal(meta.attach_mode, "5");
	assert_string_equal(meta.group_by, "6");
	assert_string_equal(meta.kept, "7");
	assert_string_equal(meta.options, "8");
	assert_int_equal(meta.probes, 9);
	assert_int_equal(rp_meta__keep(&none, &strings), 0);
	assert_null(none.version);
	assert_null(none.options);
	assert_int_equal(none.slow_sites, 3);
	rp_arena__free(&strings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warnings),       cmocka_unit_test(test_notes),
		cmocka_unit_test(test_what_differs),   cmocka_unit_test(test_partners),
		cmocka_unit_test(test_same_run_twice), cmocka_unit_test(test_summary),
		cmocka_unit_test(test_meta_is_kept),   cmocka_unit_test(test_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
