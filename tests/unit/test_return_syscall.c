// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What seccomp thinks of the system call of return probes, by how two tries were answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>

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

#ifdef __x86_64__

/* Of a kernel that is made up, or of the one that there is. */
static enum { HAS_NO_CALL, ASKS_NO_FILTER, ASKS_FILTERS, AS_IT_IS } kernel;

long syscall(long number, ...)
{
	long rc = -ENOSYS;

	if (kernel == AS_IT_IS)
		__asm__ volatile("syscall" : "=a"(rc) : "0"(number) : "rcx", "r11", "memory");
	else if (kernel == ASKS_FILTERS && prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER)
		rc = -EDOM;
	else if (kernel != HAS_NO_CALL)
		raise(SIGILL);
	errno = (int)-rc;
	return -1;
}

static void the_call_is_tried(void **state)
{
	(void)state;
	if (prctl(PR_GET_SECCOMP))
		skip(); /* a filter of others may let none of it through */
	kernel = HAS_NO_CALL;
	assert_int_equal(rp_return_syscall__probe(), RP_RETURN_SYSCALL_NONE);
	kernel = ASKS_NO_FILTER;
	assert_int_equal(rp_return_syscall__probe(), RP_RETURN_SYSCALL_EXEMPT);
	kernel = ASKS_FILTERS;
	assert_int_equal(rp_return_syscall__probe(), RP_RETURN_SYSCALL_FILTERED);
	kernel = AS_IT_IS;
	assert_int_not_equal(rp_return_syscall__probe(), RP_RETURN_SYSCALL_UNKNOWN);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
#ifdef __x86_64__
		cmocka_unit_test(the_call_is_tried),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
