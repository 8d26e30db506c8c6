/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * takes KIND FIRST N TIMES: N different ones of what there is a bounded number of, numbered from
 * FIRST on, each TIMES times.
 *
 *   names	regions "name_NUMBER"
 *   values	calls of by_value(NUMBER)
 *   texts	calls of by_text("text_NUMBER")
 *   spans	spans job NUMBER, all of them open at a time; those of the last time stay open
 *   dropped	the same, one after the other, each by a child that ends it as another user
 *   absent	calls of by_text, whose text never comes: who faults on it waits for ever
 *   deep		threads that go NESTED regions deep, and stay (FIRST and TIMES are nothing)
 *
 * Says "done", and ends when it may go on.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define NOBODY 65534

NO_CLONES void by_value(unsigned long value);
NO_CLONES void by_value(unsigned long value)
{
	(void)value;
	KEEP();
}

NO_CLONES void by_text(const char *text);
NO_CLONES void by_text(const char *text)
{
	(void)text;
	KEEP();
}

static void name(unsigned long number)
{
	char text[32];

	snprintf(text, sizeof(text), "name_%lu", number);
	rptrace_begin(text);
	KEEP();
	rptrace_end(text);
}

static void call(unsigned long number)
{
	char text[32];

	snprintf(text, sizeof(text), "text_%lu", number);
	by_text(text);
}

#define PAGE 4096

static const char *absent_text;

/* Without userfaultfd(2): what nobody may read. */
static void make_absent_text(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register all = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	void *page = mmap(NULL, PAGE, fd < 0 ? PROT_NONE : PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (page == MAP_FAILED)
		exit(1);
	all.range.start = (unsigned long)page;
	all.range.len = PAGE;
	if (fd >= 0 && (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &all)))
		exit(1);
	absent_text = page;
}

static void take_absent(unsigned long number)
{
	(void)number;
	by_text(absent_text);
}

static void begin(unsigned long number)
{
	RPTRACE_SPAN_BEGIN(job, number);
}

static void end(unsigned long number)
{
	RPTRACE_SPAN_END(job, number);
}

static unsigned long first, n;

/* ---- deep stacks ----------------------------------------------------------------------------- */

#define NESTED 1000

static pthread_barrier_t all_were_deep;

static void nest(unsigned left)
{
	RPTRACE_BEGIN(nested);
	if (left > 1)
		nest(left - 1);
	KEEP();
	RPTRACE_END(nested);
}

static void *go_deep(void *unused)
{
	(void)unused;
	nest(NESTED);
	pthread_barrier_wait(&all_were_deep);
	pause();
	return NULL;
}

static void all_go_deep(void)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_barrier_init(&all_were_deep, NULL, n + 1);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 << 10);
	for (unsigned long i = 0; i < n; i++)
		if (pthread_create(&thread, &small, go_deep, NULL))
			exit(1);
	pthread_barrier_wait(&all_were_deep);
}

/* ---- the others ------------------------------------------------------------------------------ */

static void take_all(void (*take)(unsigned long number))
{
	for (unsigned long i = 0; i < n; i++)
		take(first + i);
}

/* The child has its parent's rights when it begins, and none when it ends. */
static void drop(unsigned long number)
{
	pid_t child = fork();

	if (!child) {
		begin(number);
		if (setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		end(number);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	unsigned long times = target_number(argc, argv, 4, 1);

	first = target_number(argc, argv, 2, 0);
	n = target_number(argc, argv, 3, 10);
	if (!strcmp(kind, "absent"))
		make_absent_text();
	target_wait();
	if (!strcmp(kind, "deep")) {
		all_go_deep();
		times = 0;
	}
	for (unsigned long i = 0; i < times; i++) {
		if (!strcmp(kind, "spans")) {
			take_all(begin);
			if (i + 1 < times)
				take_all(end);
		} else {
			take_all(!strcmp(kind, "names")	    ? name
				 : !strcmp(kind, "dropped") ? drop
				 : !strcmp(kind, "absent")  ? take_absent
				 : !strcmp(kind, "values")  ? by_value
							    : call);
		}
	}
	say("done");
	target_wait_again();
	return 0;
}
