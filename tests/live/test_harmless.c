/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A target says the same and ends the same with rptrace and without, whatever it does to its
 * stacks, threads and processes; and what is counted of it is right.
 */
#include "methods.h"

#define UNWIND "-f first -f second -f third -f relay"
#define JUMPS  "-f descend -f around -f tail"
#define STEPS  "-f inside -f step"

static const struct live_case cases[] = {
	/* Return probes are no choice where the unwinder must see the frames. */
	{"unwind throw 1000", UNWIND, BY_AUTO | BY_SITES, NULL},
	{"unwind nested 1000", UNWIND, BY_AUTO | BY_SITES, NULL},
	{"unwind exit 100", UNWIND, BY_AUTO | BY_SITES, NULL},
	{"unwind cancel 100", UNWIND, BY_AUTO | BY_SITES, NULL},

	{"jumps over 5 200", JUMPS, BY_ALL, NULL},
	{"jumps twice 40 50", JUMPS, BY_ALL, NULL},
	{"jumps over 200 20", JUMPS, BY_SITES, NULL},
	{"jumps twice 200 20", JUMPS, BY_SITES, NULL},
	{"jumps fifo 100", "-f work -f tail", BY_ALL, NULL},
	{"jumps signal 5 200", "-f dive -f handle -f tail", BY_ALL, NULL},
	{"jumps escape 5 200", "-f dive -f handle -f tail", BY_ALL, NULL},
	{"jumps exit 100", "-f end_at -f tail", BY_ALL, NULL},
	{"jumps cancel 100", "-f end_at -f tail", BY_ALL, NULL},

	{"processes vfork 20", STEPS, BY_ALL, NULL},
	{"processes clone 20", STEPS, BY_ALL, NULL},
	{"processes fork 20", STEPS, BY_ALL, NULL},
	{"processes exec 20", STEPS, BY_ALL, NULL},
	{"processes seccomp 1000", STEPS, BY_ALL, NULL},
	{"processes ptraced 100", STEPS, BY_ALL, NULL},
};

int main(void)
{
	return live_main_methods("harmless", cases, LIVE_COUNT(cases), live_exact, NULL, 0);
}
