// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Where kernels count their interrupts, by BTF that is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attach/preempt_count.h"
#include "btf_fixture.h"

#ifdef __x86_64__
static void it_is_found_from_the_run_queue(void **state)
{
	int64_t at = 0;

	(void)state;
	assert_int_equal(rp_preempt_count__find(NULL, &at), 0);
	assert_int_equal(at, 0x2000 - 0x3000);
	/* Of kernels that have it in there. */
	types[3].name = "none";
	assert_int_equal(rp_preempt_count__find(NULL, &at), 0);
	assert_int_equal(at, 0x1000 - 0x3000);
}

static void without_all_of_it_there_is_none(void **state)
{
	int64_t at = 5;

	types[3].name = types[4].name = "none";
	assert_int_equal(rp_preempt_count__find(NULL, &at), -ENODATA);
	make_types(state);
	/* The last member is looked at, and is another one. */
	entity.member[1].name_off = 0;
	assert_int_equal(rp_preempt_count__find(NULL, &at), -ENODATA);
	make_types(state);
	/* A variable that is in no section of each CPU's. */
	section.type.info = BTF_KIND_DATASEC << 24;
	assert_int_equal(rp_preempt_count__find(NULL, &at), -ENODATA);
	assert_int_equal(at, 5);
}
#else
static void others_need_none(void **state)
{
	int64_t at = 5;

	(void)state;
	assert_int_equal(rp_preempt_count__find(NULL, &at), 0);
	assert_int_equal(at, 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef __x86_64__
		cmocka_unit_test_setup(it_is_found_from_the_run_queue, make_types),
		cmocka_unit_test_setup(without_all_of_it_there_is_none, make_types),
#else
		cmocka_unit_test(others_need_none),
#endif
	};

	return cmocka_run_group_tests(tests, make_types, NULL);
}
