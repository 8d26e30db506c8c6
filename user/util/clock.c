// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/clock.h"

#include <time.h>

static uint64_t ns_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * RP_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t rp_clock__now(void)
{
	return ns_of(CLOCK_MONOTONIC);
}

uint64_t rp_clock__wall(void)
{
	return ns_of(CLOCK_REALTIME);
}

uint64_t rp_clock__thread_cpu(void)
{
	return ns_of(CLOCK_THREAD_CPUTIME_ID);
}
