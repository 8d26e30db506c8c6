/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Times are of one clock, that of the kernel's own figures; what they were by the calendar is asked
 * for once in a run. */
#ifndef RP_CLOCK_H
#define RP_CLOCK_H

#include <stdint.h>

#define RP_NS_PER_S  1000000000ull
#define RP_NS_PER_MS 1000000ull

/* ns, CLOCK_MONOTONIC. */
uint64_t rp_clock__now(void);

/* ns since 1970, UTC, as the calendar's clock has it now: it is set, and jumps. */
uint64_t rp_clock__wall(void);

/* ns that this thread has been on a CPU. */
uint64_t rp_clock__thread_cpu(void);

#endif
