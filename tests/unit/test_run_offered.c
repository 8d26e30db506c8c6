// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Where nothing is there to trace by default: which command line is offered instead. */
#include "run_fixture.h"

#include "run/offer.h"

static struct rp_offer offer; /* what there is */

void rp_offer__fill(const struct rp_targets *targets, struct rp_offer *out)
{
	(void)targets;
	*out = offer;
}

void rp_offer__where_names_are(const struct rp_offer *of, char where[RP_OFFER_WHERE])
{
	(void)of;
	snprintf(where, RP_OFFER_WHERE, ": elsewhere");
}

static void assert_offers(const char *words, const char *cause, const char *cure)
{
	size_t n = strlen(cause), all;

	assert_int_equal(trace(words), RP_EXIT_NOTHING);
	assert_failed(cause, cure);
	all = strlen(ran.line.err.cause);
	assert_string_equal(ran.line.err.cause + all - n, cause);
	n = strlen(cure);
	all = strlen(ran.line.err.cure);
	assert_true(all >= n);
	assert_string_equal(ran.line.err.cure + all - n, cure);
}

/* All functions under a bound, which is one's own where there is one. */
static void all_of_a_few(void **state)
{
	(void)state;
	offer = (struct rp_offer){.n_functions = 2, .n_names = 2, .names = {"one", "two"}};
	assert_offers("-b -i 20ms", ", but 2 functions: one, two",
		      "-b -i 20ms -f '*' --max-overhead=5%");
	assert_offers("-b -i 20ms --max-overhead 7%", ", but 2 functions: one, two",
		      "-b -i 20ms --max-overhead 7% -f '*'");
}

/* More than there is room for are chosen from. */
static void some_of_many(void **state)
{
	(void)state;
	offer = (struct rp_offer){
		.n_functions = RP_OFFER_ALL_MAX + 1, .n_names = 1, .names = {"one"}};
	assert_offers("-b -i 20ms", " functions: one, ...", "-b -i 20ms --auto");
}

static void samples_where_there_are_no_names(void **state)
{
	(void)state;
	offer = (struct rp_offer){0};
	assert_offers("-b -i 20ms", "no symbols of functions: elsewhere", "-b -i 20ms --sample");
}

/* Of a library that has what the executable has not, the first that is mapped. */
static void what_a_library_has(void **state)
{
	(void)state;
	offer = (struct rp_offer){0};
	assert_offers("-b -f l64a -i 20ms",
		      "no function of the executable matches 'l64a', but libc.so.6 has it",
		      "-b -f libc.so.6:l64a -i 20ms");
	assert_offers("-b --function=l64a -i 20ms", ", but libc.so.6 has it",
		      "-b --function=libc.so.6:l64a -i 20ms");
	/* Where a library is named, or the end is another function, that is meant. */
	assert_int_equal(trace("-b -f libdw.so.1:l64a -i 20ms"), RP_EXIT_NOTHING);
	assert_null(strstr(ran.line.err.cause, "but libc"));
	assert_int_equal(trace("-b -f l64a:a64l@arg0 -i 20ms"), RP_EXIT_NOTHING);
	assert_null(strstr(ran.line.err.cause, "but libc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_of_a_few),
		TEST(some_of_many),
		TEST(samples_where_there_are_no_names),
		TEST(what_a_library_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
