/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * system N [PROGRAM ARG...]: runs its marker and its function N times, and is PROGRAM then. Tests
 * of the whole system run copies of it, each a file of its own.
 */
#include <stdlib.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

REGION_FN(sys_work)
{
	RPTRACE_BEGIN(sys_marker);
	KEEP();
	RPTRACE_END(sys_marker);
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, 1, 100);

	say_code(sys_work);
	target_wait();
	for (unsigned long i = 0; i < n; i++)
		sys_work();
	expect("sys_marker", n);
	if (argc > 2)
		execv(argv[2], &argv[2]);
	return argc > 2;
}
