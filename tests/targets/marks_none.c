/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* marks_none: all markers compiled out. There is nothing to trace in it. */
#define _GNU_SOURCE
#define RPTRACE_DISABLE
#include "regions.h"
#include "rptrace.h"
#include "target.h"

NO_CLONES static int silent(unsigned long i)
{
	RPTRACE_FUNCTION();
	RPTRACE_BEGIN_VALUE(silent_pair, i);
	RPTRACE_REGION(silent_block)
	{
		rptrace_begin("silent_name");
		KEEP();
		rptrace_end("silent_name");
	}
	RPTRACE_END(silent_pair);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, 1, 1000);

	target_wait();
	for (unsigned long i = 0; i < n; i++)
		silent(i);
	return 0;
}
