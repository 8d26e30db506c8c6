// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * screen_names [REGIONS [PERIOD_MS]]: something for the live screen to show, until it is told to
 * end. In each period, three regions of 1, 4 and 16 ms ("short", "middle" and "long"), a nest of
 * them, one of ten lengths of which nine are alike ("mixed"), REGIONS empty ones ("region_00000"
 * and so on, a fresh count each), and names that no terminal should see as they are.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "rptrace.h"
#include "target.h"

#define PERIOD_MS 100

static const char *const hostile[] = {
	"clear\x1b[2Jscreen",			      /* escape codes */
	"title\x1b]0;owned\x07",		      /* ... and of the window */
	"two\nlines\r\ttabs",			      /* control characters */
	"bad \xff\xfe utf8 \xc3",		      /* no UTF-8 */
	"wide \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.", /* two columns a character */
	("turn \xe2\x80\xae"
	 "around"),							/* right to left override */
	"over e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81 there", /* many accents on one
									   letter */
	"percent %s %n %d",
	"\\backslash\\",
	"",
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void rest(long ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void region(const char *name, long ms)
{
	rptrace_begin(name);
	if (ms)
		rest(ms);
	rptrace_end(name);
}

static void nest(void)
{
	rptrace_begin("outer");
	rptrace_begin("inner");
	region("short", 1);
	rptrace_end("inner");
	RPTRACE_BEGIN(innermost); /* has a site of its own */
	RPTRACE_END(innermost);
	rptrace_end("outer");
}

int main(int argc, char **argv)
{
	unsigned long regions = target_number(argc, argv, 1, 0);
	unsigned long period = target_number(argc, argv, 2, PERIOD_MS);
	char name[32];

	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	target_wait();
	while (!stop) {
		region("long", 16);
		region("middle", 4);
		region("short", 1);
		nest();
		for (int i = 0; i < 10; i++)
			region("mixed", i ? 0 : 8);
		for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
			region(hostile[i], 0);
		for (unsigned long i = 0; i < regions; i++) {
			snprintf(name, sizeof(name), "region_%05lu", i);
			region(name, 0);
		}
		rest((long)period);
	}
	return 0;
}
