// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What seccomp thinks of the system call of return probes, by how two tries were answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attach/return_syscall.h"

static void test_answers(void **state)
{
	enum { REACHED = RP_SYSCALL_REACHED, NOT_TRIED = RP_SYSCALL_NOT_TRIED };
	static const struct {
		int unfiltered, filtered;
		enum rp_return_syscall is;
	} cases[] = {
		{ENOSYS, NOT_TRIED, RP_RETURN_SYSCALL_NONE},
		{REACHED, REACHED, RP_RETURN_SYSCALL_EXEMPT},
		{REACHED, EDOM, RP_RETURN_SYSCALL_FILTERED},
		{REACHED, NOT_TRIED, RP_RETURN_SYSCALL_UNKNOWN},
		{EPERM, NOT_TRIED, RP_RETURN_SYSCALL_UNKNOWN},
		{NOT_TRIED, NOT_TRIED, RP_RETURN_SYSCALL_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rp_return_syscall__judge(cases[i].unfiltered, cases[i].filtered),
				 cases[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
