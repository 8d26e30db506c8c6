// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/clock.h"

#include <time.h>

uint64_t rp_clock__now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * RP_NS_PER_S + (uint64_t)now.tv_nsec;
}
