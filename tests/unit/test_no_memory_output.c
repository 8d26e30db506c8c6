// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Exports, slowest instances, comparisons and plans when memory runs out. */
#include "allocations_fixture.h"

#include "compare/compare.h"
#include "compare/forms.h"
#include "export/export.h"
#include "export/slowest.h"
#include "plan_fixture.h"

/* ---- exports -----------------------------------------------------------------------------------
 */

static int try_export(FILE *out, int which)
{
	const struct rp_export *export = &rp_exports[which / FILES];
	struct rp_event_sink sink;
	int rc = export->open(out, &sink), closed;

	if (rc)
		return rc;
	rc = read_file(which % FILES, &sink);
	closed = sink.close(sink.ctx);
	return rc ? rc : closed;
}

/* Databases want a file; a page may have its rows in another order then, as they came. */
static bool is_left_out(const struct rp_export *export)
{
	return export->whole || !strcmp(export->name, "html");
}

static void exports(void **state)
{
	(void)state;
	for (int i = 0; rp_exports[i].name; i++)
		for (int file = 0; file < FILES && !is_left_out(&rp_exports[i]); file++)
			each_fails(try_export, i * FILES + file);
}

static int try_slowest(FILE *out, int json)
{
	struct rp_slowest *slowest = rp_slowest__new(3);
	struct rp_event_sink sink;
	int rc = slowest ? 0 : -ENOMEM;

	if (rc)
		return rc;
	sink = rp_slowest__finder(slowest);
	rc = read_file(0, &sink);
	if (!rc)
		rc = sink.close(sink.ctx);
	if (!rc) {
		sink = rp_slowest__gatherer(slowest);
		rc = read_file(0, &sink);
	}
	if (!rc)
		rc = json ? rp_slowest__print_json(slowest, out)
			  : rp_slowest__print(slowest, out, true);
	rp_slowest__free(slowest);
	return rc;
}

static void slowest_instances(void **state)
{
	(void)state;
	each_fails(try_slowest, false);
	each_fails(try_slowest, true);
}

/* ---- comparisons -------------------------------------------------------------------------------
 */

static int summarize(int file, struct rp_run_summary *out)
{
	struct rp_run_summing *summing = rp_run_summing__new();
	struct rp_event_sink sink;
	int rc;

	if (!summing)
		return -ENOMEM;
	sink = rp_run_summing__sink(summing);
	rc = read_file(file, &sink);
	if (!rc)
		rc = rp_run_summing__finish(summing, "run", out);
	rp_run_summing__free(summing);
	return rc;
}

static int try_compare(FILE *out, int form)
{
	const struct rp_diff_form_opts print = {.utf8 = true};
	const struct rp_compare_opts opts = {.max_regression = 0.05};
	struct rp_run_summary runs[2] = {0};
	struct rp_side a = {.run = &runs[0], .n = 1}, b = {.run = &runs[1], .n = 1};
	struct rp_comparison comparison;
	int rc = summarize(0, &runs[0]);

	if (!rc)
		rc = summarize(1, &runs[1]);
	if (!rc)
		rc = rp_compare(&a, &b, &opts, &comparison);
	if (!rc) {
		rc = rp_diff_forms[form].print(out, &comparison, &print);
		rp_comparison__free(&comparison);
	}
	rp_run_summary__free(&runs[0]);
	rp_run_summary__free(&runs[1]);
	return rc;
}

static void comparisons(void **state)
{
	(void)state;
	for (int form = 0; rp_diff_form__name((unsigned)form); form++)
		each_fails(try_compare, form);
}

/* ---- plans -------------------------------------------------------------------------------------
 */

static int try_plan(FILE *out, int which)
{
	static const struct rp_symbol symbols[] = {
		C(0, "one"), C(1, "two"), CXX(2, "ns::three(int)", "_ZN2ns5threeEi"), C(70, "odd")};
	static const struct rp_usdt_note notes[] = {
		NOTE(0, "app", "query__start", "8@%rdi"), NOTE(1, "app", "query__done", ""),
		NOTE(2, "app", "begin", ""), NOTE(3, "app", "end", "")};
	struct fixture f = fixture();
	int rc;

	if (which == 0)
		select_function(&f, "*");
	if (which == 1)
		select_usdt(&f, "app:query__start:query__done@arg1");
	f.opts.functions = f.functions;
	f.opts.usdts = f.usdts;
	f.object.symbols = symbols;
	f.object.n_symbols = N(symbols);
	f.object.notes = notes;
	f.object.n_notes = N(notes);
	rc = rp_plan__new(&f.opts, &f.plan, NULL);
	if (rc)
		return rc;
	rc = rp_plan__add_arrays(f.plan, &f.object, &f.added, NULL);
	for (size_t i = 0; !rc && i < f.plan->n_regions; i++)
		fprintf(out, "%s %u\n", f.plan->regions[i].name, f.plan->regions[i].sites);
	for (size_t i = 0; !rc && i < f.plan->n_sites; i++)
		fprintf(out, "%u %d %llx %u\n", f.plan->sites[i].region, (int)f.plan->sites[i].role,
			(unsigned long long)f.plan->sites[i].offset, f.plan->sites[i].n_args);
	rp_plan__free(f.plan);
	return rc;
}

static void plans(void **state)
{
	make_image(state);
	for (int which = 0; which < 3; which++)
		each_fails(try_plan, which);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exports),
		cmocka_unit_test(slowest_instances),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
