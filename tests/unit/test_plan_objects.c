// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Objects as they are read: tables that are broken, and files that bring too much, or nothing. */
#include "discover/elf_internal.h"
#include "elf_image.h"
#include "plan/plan.h"

static struct image image;
static struct rp_elf *elf;
static struct rp_plan *plan;
static size_t added;

static int add_as(uint32_t number, const char *path)
{
	struct rp_err err;

	return rp_plan__add_object(plan, number, path, true, elf, &added, &err);
}

/* alpha() and its kin, job__start to job__done, step. */
static void start(const struct rp_plan_opts *opts)
{
	struct rp_err err;

	full_image(&image);
	/* push %rbp; mov %rsp,%rbp; pop %rbp; ret: wherever a function begins. */
	memset(image.bytes + TEXT_OFFSET, 0x90, 512);
	for (size_t at = 0; at < 128; at += 32)
		memcpy(image.bytes + TEXT_OFFSET + at, "\x55\x48\x89\xe5\x5d\xc3", 6);
	memset(image.bytes + TEXT_OFFSET + 8, 0x90, 24);
	elf = open_image(&image);
	assert_int_equal(rp_plan__new(opts, &plan, &err), 0);
}

static void end(void)
{
	rp_plan__free(plan);
	rp_elf__free(elf);
}

static void assert_refused(const char *name, const char *reason)
{
	size_t n;
	const struct rp_refusal *refusals = rp_plan__refusals(plan, &n);

	assert_int_equal(n, 1);
	assert_string_equal(refusals[0].name, name);
	assert_string_equal(refusals[0].object, "/opt/app");
	assert_non_null(strstr(refusals[0].reason, reason));
}

static size_t sites_of(enum rp_kind kind)
{
	size_t n_sites, n_regions, n = 0;
	const struct rp_site *sites = rp_plan__sites(plan, &n_sites);
	const struct rp_region *regions = rp_plan__regions(plan, &n_regions);

	for (size_t i = 0; i < n_sites; i++)
		n += regions[sites[i].region - 1].kind == kind;
	return n;
}

static const char *const functions[] = {"*:alpha"}, *const usdts[] = {"app:job__start:job__done"};
static const struct rp_plan_opts both = {.functions = functions,
					 .n_functions = 1,
					 .usdts = usdts,
					 .n_usdts = 1,
					 .exit_method = RP_EXIT_METHOD_RETURN};

static void test_both_tables(void **state)
{
	size_t n;

	(void)state;
	start(&both);
	assert_int_equal(add_as(0, "/opt/app"), 0);
	assert_int_equal(added, 3);
	assert_int_equal(sites_of(RP_KIND_FUNCTION), 1);
	assert_int_equal(sites_of(RP_KIND_USDT), 2);
	rp_plan__refusals(plan, &n);
	assert_int_equal(n, 0);
	end();
}

/* It costs what it would have offered, and is told; the other one serves. */
static void test_broken_functions(void **state)
{
	(void)state;
	start(&both);
	elf->symbols_read = true;
	elf->symbols_error = -EBADMSG;
	assert_int_equal(add_as(0, "/opt/app"), 0);
	assert_refused("functions", "its symbols cannot be read");
	assert_int_equal(added, 2);
	assert_int_equal(sites_of(RP_KIND_USDT), 2);
	end();
}

static void test_broken_notes(void **state)
{
	(void)state;
	start(&both);
	elf->notes_read = true;
	elf->notes_error = -EBADMSG;
	assert_int_equal(add_as(0, "/opt/app"), 0);
	assert_refused("USDT probes", "its USDT notes cannot be read");
	assert_int_equal(added, 1);
	assert_int_equal(sites_of(RP_KIND_FUNCTION), 1);
	end();
}

/* Memory is no matter of one file. */
static void test_no_memory_for_a_table(void **state)
{
	struct rp_err err;

	(void)state;
	for (int notes = 0; notes < 2; notes++) {
		start(&both);
		elf->symbols_read = elf->notes_read = true;
		elf->symbols_error = notes ? 0 : -ENOMEM;
		elf->notes_error = notes ? -ENOMEM : 0;
		assert_int_equal(rp_plan__add_object(plan, 0, "/opt/app", true, elf, &added, &err),
				 -ENOMEM);
		assert_int_equal(err.exit, RP_EXIT_FAILED);
		assert_string_equal(err.cause, "/opt/app: Cannot allocate memory");
		assert_int_equal(added, 0);
		end();
	}
}

/* What is not asked for is not read, however broken it is. */
static void test_what_is_not_asked_for(void **state)
{
	const struct rp_plan_opts notes = {.usdts = usdts, .n_usdts = 1};
	size_t n;

	(void)state;
	start(&notes);
	elf->symbols_read = true;
	elf->symbols_error = -ENOMEM;
	assert_int_equal(add_as(0, "/opt/app"), 0);
	assert_int_equal(added, 2);
	rp_plan__refusals(plan, &n);
	assert_int_equal(n, 0);
	end();
}

/* In the whole system, with nothing selected: markers, and so many a file. */
static void test_markers_of_the_whole_system(void **state)
{
	enum { MOST = RP_PLAN_MARKERS_A_FILE };
	const struct rp_plan_opts system = {.whole_system = true};
	struct rp_usdt_note *notes, *own;
	static char names[MOST + 2][16];
	size_t n;

	(void)state;
	start(&system);
	assert_int_equal(add_as(0, "/opt/app"), 0);
	assert_int_equal(added, 0); /* it has notes, but no markers */
	rp_plan__regions(plan, &n);
	assert_int_equal(n, 0);
	own = elf->notes;
	notes = calloc(MOST + 2, sizeof(*notes));
	assert_non_null(notes);
	for (size_t i = 0; i < MOST + 2; i++) {
		snprintf(names[i], sizeof(names[i]), "m%zu__begin", i);
		notes[i] = (struct rp_usdt_note){.provider = "rptrace",
						 .name = names[i],
						 .args = "",
						 .addr = TEXT_ADDR + 256,
						 .offset = TEXT_OFFSET + 256};
	}
	elf->notes = notes;
	elf->n_notes = 1;
	assert_int_equal(add_as(1, "/opt/app"), 0);
	rp_plan__regions(plan, &n);
	assert_int_equal(n, 1);
	/* One more than a file may bring, of which one was there already; then one too many. */
	elf->n_notes = MOST + 1;
	assert_int_equal(add_as(2, "/opt/app"), 0);
	rp_plan__regions(plan, &n);
	assert_int_equal(n, MOST + 1);
	rp_plan__refusals(plan, &n);
	assert_int_equal(n, 0);
	elf->notes = own;
	end();
	start(&system);
	elf->notes = notes;
	elf->n_notes = MOST + 1;
	elf->notes_read = true;
	assert_int_equal(add_as(0, "/opt/app"), 0);
	rp_plan__regions(plan, &n);
	assert_int_equal(n, MOST);
	assert_refused("m8192", "past the 8192 regions that one file may bring");
	end(); /* with the notes */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_tables),
		cmocka_unit_test(test_broken_functions),
		cmocka_unit_test(test_broken_notes),
		cmocka_unit_test(test_no_memory_for_a_table),
		cmocka_unit_test(test_what_is_not_asked_for),
		cmocka_unit_test(test_markers_of_the_whole_system),
	};

	return cmocka_run_group_tests_name("plan_objects", tests, NULL, NULL);
}
