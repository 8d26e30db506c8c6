/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Go programs without symbols: the functions are those of their line tables, and as exact. */
#include <string.h>

#include "methods.h"

#define FUNCTIONS                                                                                  \
	"-f main.descend -f main.yielding -f main.recovering -f main.leaf -f main.failing -f "     \
	"main.ending"

static const struct live_case cases[] = {
	LIVE_CASE("go-growth-stripped 10 50 5", FUNCTIONS, BY_AUTO),
	LIVE_CASE("go-growth-pie-stripped 10 50 5", FUNCTIONS, BY_AUTO),
};

/* With what to type instead where a name is not right: the program is not taken for stripped. */
static void listed(void **state)
{
	static const char target[] = "go-growth-stripped 1 5 1";
	struct live_proc *rptrace;

	(void)state;
	live_need_target(target);
	rptrace = live_rptrace("list -- %s", live_target_path(target));
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->out, "\nmain.descend "));
	assert_non_null(strstr(rptrace->out, " ret-sites "));
	rptrace = live_rptrace("-f main.desc -- %s", live_target_path(target));
	live_wait(rptrace);
	assert_non_null(strstr(rptrace->err, "nearest names: main.descend"));
	assert_null(strstr(rptrace->err, "stripped of"));
}

int main(void)
{
	static const struct CMUnitTest single[] = {cmocka_unit_test(listed)};

	return live_main_methods("go", cases, LIVE_COUNT(cases), single, LIVE_COUNT(single));
}
