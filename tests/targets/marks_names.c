/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * marks_names [THREADS [ITERATIONS [changing]]]: regions named at run time. Says "expect REGION
 * COUNT" at its end.
 *
 * With "changing" the text of one name changes between begin and end, which is a mistake of the
 * program: the name is read at both, so the end finds no begin (it is unmatched) and the frame
 * stays open until a region around it ends; "unwound before COUNT" says how many there were.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define THREADS_MAX 64
#define BUILT	    16
#define SHOWN	    63 /* bytes of a name that count */

#define TEN	    "0123456789"
#define LONG_START  "long_" TEN TEN TEN TEN TEN TEN

static const char non_ascii[] = "gr\xc3\xb6\xc3\x9f"
				"e \xe2\x86\x92 \xe6\x97\xa5\xe6\x9c\xac";

static unsigned long iterations;
static int changing;

NO_CLONES static void literal(void)
{
	rptrace_begin("literal");
	rptrace_begin("literal inner");
	KEEP();
	rptrace_end("literal inner");
	rptrace_end("literal");
}

/* The text counts, not the pointer: begin and end have each their own copy. */
NO_CLONES static void built(unsigned long i)
{
	char begin[32], end[32];

	snprintf(begin, sizeof(begin), "built_%02lu", i % BUILT);
	memcpy(end, begin, sizeof(end));
	rptrace_begin(begin);
	KEEP();
	rptrace_end(end);
}

/* Differ past the bytes that count only: one region. */
NO_CLONES static void long_names(void)
{
	rptrace_begin(LONG_START " one");
	KEEP();
	rptrace_end(LONG_START " one");
	rptrace_begin(LONG_START " two");
	KEEP();
	rptrace_end(LONG_START " two");
}

NO_CLONES static void others(void)
{
	rptrace_begin(non_ascii);
	KEEP();
	rptrace_end(non_ascii);
	rptrace_begin(NULL);
	KEEP();
	rptrace_end(NULL);
}

NO_CLONES static void change(void)
{
	char name[16] = "before";

	rptrace_begin("around");
	rptrace_begin(name);
	strcpy(name, "after");
	rptrace_end(name);
	rptrace_end("around");
}

static void *run(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < iterations; i++) {
		literal();
		built(i);
		long_names();
		others();
		if (changing)
			change();
	}
	return NULL;
}

static void expect_all(unsigned long threads)
{
	unsigned long total = threads * iterations;
	char name[SHOWN + 1];

	expect("literal", total);
	expect("literal inner", total);
	for (unsigned long i = 0; i < BUILT; i++) {
		snprintf(name, sizeof(name), "built_%02lu", i);
		expect(name, threads * ((iterations + BUILT - 1 - i) / BUILT));
	}
	memcpy(name, LONG_START " one", SHOWN);
	name[SHOWN] = '\0';
	expect(name, 2 * total);
	expect(non_ascii, total);
	if (changing) {
		expect("around", total);
		say("unwound before %lu", total);
	}
}

int main(int argc, char **argv)
{
	unsigned long threads = target_number(argc, argv, 1, 4);
	pthread_t ids[THREADS_MAX];

	iterations = target_number(argc, argv, 2, 1000);
	changing = argc > 3 && !strcmp(argv[3], "changing");
	if (threads > THREADS_MAX)
		return 2;
	target_wait();
	for (unsigned long i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, run, NULL))
			return 1;
	for (unsigned long i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	expect_all(threads);
	return 0;
}
