/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the targets with function regions share: functions that stay functions, and what they say.
 */
#ifndef REGIONS_H
#define REGIONS_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* One symbol, one copy, called by a call. */
#if __has_attribute(noipa)
#define NO_CLONES __attribute__((noinline, noipa))
#else
#define NO_CLONES __attribute__((noinline))
#endif

/* Last in a function: the call before it is no tail call, and an empty body is not dropped. */
#define KEEP() __asm__ volatile("" ::: "memory")

#define REGION_FN(name)                                                                            \
	NO_CLONES void name(void);                                                                 \
	NO_CLONES void name(void)

/* One line, written at once, and whole, whatever other threads write. */
static inline void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	va_list args;

	flockfile(stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	funlockfile(stdout);
}

static inline void expect(const char *region, unsigned long count)
{
	say("expect %s %lu", region, count);
}

/* "code PID NAME ADDRESS": lets a test see which probes are in place. */
#define say_code(function)                                                                         \
	say("code %d %s %llx", (int)getpid(), #function, (unsigned long long)(uintptr_t)(function))

#endif
