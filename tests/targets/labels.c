/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * labels MODE [ARG...]: regions that are told apart by their arguments and by what they return.
 *
 *   values T N D
 *	T threads, in each batches of N calls in all of by_value: one thread goes on where the
 *	other ends, with 0 to D - 1 in turn; "piece" after each batch
 *   texts T N D
 *	the same of by_text, with as many strings
 *   returns N
 *	N batches, in each calls of by_return, which returns -2 to 2 in turn, and as many of
 *	by_jump, which jumps to it
 *   slow N
 *	N times each nap of 0 ms and of 300 ms, called with what it sleeps
 *   odd
 *	by_text with strings that are hard to show, and with pointers to none
 *   late N
 *	by_value(0) to by_value(N - 1) and by_text of as many strings, three times; then 5,000 calls
 *	each with N + 1 and "favourite", among as many with values and strings that never come again
 *   sized N
 *	N times each by_sized of strings with their lengths: "GET" of a longer one, "POST", "end" at
 *	the end of its page, 0 bytes, 64 and 65 of many, -1 for up to the zero, and NULL
 *   types
 *	by_types with -1, 300 and a pointer
 *   usdt N
 *	USDT regions whose argument lives in a register, in memory, in an array, is a constant, a
 *	string or not there; each N times
 *   thrown N
 *	N calls of by_catch, with 0 to 9 in turn; by_throw, which it calls with the same, is left
 *	by longjmp if that is odd
 *   cut N
 *	by_depth(N) calls by_depth(N - 1) and so on; in by_depth(0) the process ends
 *   ends N
 *	N ends of a marker that nothing begins
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define THREADS_MAX 64
#define PIECE	    20000ul

/* ---- as many values as are wanted: functions that begin with what the kernel emulates -------- */

static unsigned long calls, distinct;
static char (*texts)[32];

NO_CLONES void by_value(long value);
NO_CLONES void by_value(long value)
{
	__asm__ volatile("nop" ::"r"(value) : "memory");
}

NO_CLONES void by_text(const char *text);
NO_CLONES void by_text(const char *text)
{
	__asm__ volatile("nop" ::"r"(text) : "memory");
}

/* Calls nothing else that is traced: what its children take is what all labels take. */
NO_CLONES void batch(const char *mode, unsigned long from, unsigned long end);
NO_CLONES void batch(const char *mode, unsigned long from, unsigned long end)
{
	for (unsigned long i = from; i < end; i++) {
		if (*mode == 't')
			by_text(texts[i % distinct]);
		else
			by_value((long)(i % distinct));
	}
	KEEP();
}

/* In pieces, each of which is told: a test waits for one after the other. */
static void *run_batches(void *from)
{
	unsigned long at = (unsigned long)(uintptr_t)from, end = at + calls;

	for (; at < end; at += PIECE) {
		batch(texts ? "texts" : "values", at, at + PIECE < end ? at + PIECE : end);
		say("piece");
	}
	return NULL;
}

static void batches(unsigned long n_threads, int of_texts)
{
	pthread_t ids[THREADS_MAX];

	if (n_threads > THREADS_MAX || !distinct)
		exit(2);
	if (of_texts) {
		texts = calloc(distinct, sizeof(*texts));
		if (!texts)
			exit(1);
		for (unsigned long i = 0; i < distinct; i++)
			snprintf(texts[i], sizeof(texts[i]), "text %lu", i);
	}
	for (unsigned long i = 0; i < n_threads; i++)
		if (pthread_create(&ids[i], NULL, run_batches, (void *)(uintptr_t)(i * calls)))
			exit(1);
	for (unsigned long i = 0; i < n_threads; i++)
		pthread_join(ids[i], NULL);
	expect("batch", n_threads * ((calls + PIECE - 1) / PIECE));
	expect(of_texts ? "by_text" : "by_value", n_threads * calls);
}

/* ---- what is known at the end only ----------------------------------------------------------- */

#define RETURNS 1000

NO_CLONES int by_return(long i);
NO_CLONES int by_return(long i)
{
	KEEP();
	return (int)(i % 5) - 2;
}

/* Its one exit is a jump. */
NO_CLONES int by_jump(long i);
NO_CLONES int by_jump(long i)
{
	KEEP();
	return by_return(i);
}

NO_CLONES void nap(unsigned milliseconds);
NO_CLONES void nap(unsigned milliseconds)
{
	usleep(milliseconds * 1000);
	KEEP();
}

NO_CLONES void return_all(void);
NO_CLONES void return_all(void)
{
	for (long i = 0; i < RETURNS; i++) {
		by_return(i);
		by_jump(i);
	}
	KEEP();
}

/* ---- what is left without its exit ----------------------------------------------------------- */

static jmp_buf catcher;

NO_CLONES void by_throw(long value);
NO_CLONES void by_throw(long value)
{
	KEEP();
	if (value % 2)
		longjmp(catcher, 1);
	KEEP();
}

NO_CLONES void by_catch(long value);
NO_CLONES void by_catch(long value)
{
	if (!setjmp(catcher))
		by_throw(value);
	KEEP();
}

NO_CLONES void by_depth(long value);
NO_CLONES void by_depth(long value)
{
	if (value)
		by_depth(value - 1);
	else if (calls)
		exit(0);
	KEEP();
}

static void ends(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		if (i > n)
			RPTRACE_BEGIN(never_begun);
		RPTRACE_END(never_begun);
	}
}

/* ---- strings --------------------------------------------------------------------------------- */

#define SIXTEEN	   "0123456789abcdef"
#define SIXTY_FOUR SIXTEEN SIXTEEN SIXTEEN SIXTEEN

static void odd(void)
{
	static const char *const strings[] = {"",
					      "plain",
					      "with \"quotes\", a comma and \\",
					      "other",
					      "\x1b[31mred\x1b[0m\r\n\t",
					      "gr\xc3\xb6\xc3\x9f"
					      "e \xe2\x86\x92 \xff\xfe",
					      SIXTY_FOUR,
					      SIXTY_FOUR "5",
					      SIXTY_FOUR "6 and more"};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);

	if (pages == MAP_FAILED || munmap(pages + page, page))
		exit(1);
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		for (size_t n = 0; n <= i; n++)
			by_text(strings[i]);
	by_text(NULL);
	by_text((const char *)1);
	by_text((const char *)UINTPTR_MAX);
	/* Ends with the mapping; then without an end. */
	strcpy(pages + page - 5, "edge");
	by_text(pages + page - 5);
	pages[page - 1] = '!';
	by_text(pages + page - 5);
}

/* One more of each; a string of its own. */
static void meet(long value)
{
	char text[32];

	snprintf(text, sizeof(text), "text %ld", value);
	by_value(value);
	by_text(text);
}

#define FAVOURED 5000

static void late(long n)
{
	char favourite[] = "favourite";

	for (long i = 0; i < 3 * n; i++)
		meet(i % n);
	for (long i = 0; i < FAVOURED; i++) {
		by_value(n + 1);
		by_text(favourite);
		meet(n + 2 + i);
	}
	expect("by_value", 3 * (unsigned long)n + 2 * FAVOURED);
	expect("by_text", 3 * (unsigned long)n + 2 * FAVOURED);
}

NO_CLONES int by_sized(const char *text, int length);
NO_CLONES int by_sized(const char *text, int length)
{
	__asm__ volatile("nop" ::"r"(text), "r"(length) : "memory");
	return length;
}

static void sized(unsigned long n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	char many[200], request[] = "GET /index.html", post[] = "POST";

	if (pages == MAP_FAILED || munmap(pages + page, page))
		exit(1);
	memcpy(pages + page - 3, "end", 3);
	memset(many, 'x', sizeof(many) - 1);
	many[65] = 'y'; /* behind the longest */
	many[sizeof(many) - 1] = '\0';
	for (unsigned long i = 0; i < n; i++) {
		by_sized(request, 3);
		by_sized(post, 4);
		by_sized(pages + page - 3, 3);
		by_sized(request, 0);
		by_sized(many, 64);
		by_sized(many, 65);
		by_sized(request, -1);
		by_sized(NULL, 3);
	}
}

NO_CLONES void by_types(long minus, long wide, const void *pointer);
NO_CLONES void by_types(long minus, long wide, const void *pointer)
{
	__asm__ volatile("" ::"r"(minus), "r"(wide), "r"(pointer) : "memory");
}

/* ---- USDT ------------------------------------------------------------------------------------ */

#define BEGIN(name, declared, ...)                                                                 \
	RPTRACE__SITE("places", #name "__start", "0", declared, ##__VA_ARGS__)
#define END(name) RPTRACE__SITE("places", #name "__done", "0", "")

static volatile int in_memory;
static int table[4] = {10, 11, 12, 13};

static void usdt(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		int value = (int)(i % 4);

		BEGIN(reg, "-4@%[v]", : : [v] "r"(value - 2));
		END(reg);
		in_memory = value + 100;
		BEGIN(mem, "-4@%[v]", : : [v] "m"(*(volatile int *)&value));
		END(mem);
		BEGIN(constant, "-4@$-5");
		END(constant);
#ifdef __x86_64__
		BEGIN(scaled, "4@(%[base],%[index],4)",
		      :
		      : [base] "r"(table), [index] "r"((long)value));
#else
		BEGIN(scaled, "4@[%[at]]", : : [at] "r"(&table[value]));
#endif
		END(scaled);
		BEGIN(text, "8@%[v]", : : [v] "r"(value % 2 ? "odd" : "even"));
		END(text);
		BEGIN(bare, "");
		END(bare);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned long a = target_number(argc, argv, 2, 1);

	calls = target_number(argc, argv, 3, 1);
	distinct = target_number(argc, argv, 4, 1);
	RPT_WAIT();
	if (!strcmp(mode, "values") || !strcmp(mode, "texts"))
		batches(a, mode[0] == 't');
	else if (!strcmp(mode, "returns"))
		for (unsigned long i = 0; i < a; i++)
			return_all();
	else if (!strcmp(mode, "slow"))
		for (unsigned long i = 0; i < 2 * a; i++)
			nap(i % 2 ? 300 : 0);
	else if (!strcmp(mode, "odd"))
		odd();
	else if (!strcmp(mode, "late"))
		late((long)a);
	else if (!strcmp(mode, "sized"))
		sized(a);
	else if (!strcmp(mode, "types"))
		by_types(-1, 300, (const void *)0xbeef);
	else if (!strcmp(mode, "usdt"))
		usdt(a);
	else if (!strcmp(mode, "thrown"))
		for (unsigned long i = 0; i < a; i++)
			by_catch((long)(i % 10));
	else if (!strcmp(mode, "cut"))
		by_depth((long)a);
	else if (!strcmp(mode, "ends"))
		ends(a);
	else
		return 2;
	return 0;
}
