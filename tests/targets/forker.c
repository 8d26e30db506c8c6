/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * forker MODE ...: regions in a tree of processes; fork_work is called N times by each of them.
 *
 *   tree C G N   C children, each with G children
 *   early C N    C children that are there before "ready"
 *   exec N       a child that executes this program again
 *   other N      a child that executes `functions counts 1 N`, which waits for a byte of its own
 *   flood C N    the same after C children, one after the other, that end at once
 *   spin C N     C children, one after the other, that compute until each has used 50 ms of CPU
 *                time, half of that in a thread of its own; the parent waits for the end of each,
 *                and tells at its own what CPU time all of them took: "used NS"
 *   leave C N    the same, but that the first thread of each child computes and ends; the other
 *                one sees that, and ends the child
 *   midfork N    mid_work forks inside: its end is reached twice, and counts once
 */
#define _GNU_SOURCE
#include <libgen.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "regions.h"
#include "target.h"

REGION_FN(fork_work)
{
	KEEP();
}

static pid_t mid_child;

REGION_FN(mid_work)
{
	mid_child = fork();
	KEEP();
}

static void work(unsigned long n)
{
	while (n--)
		fork_work();
}

static void reap(void)
{
	int status, bad = 0;

	while (wait(&status) > 0)
		bad |= status;
	if (bad)
		exit(1);
}

static void tree(unsigned long children, unsigned long grandchildren, unsigned long n)
{
	for (unsigned long i = 0; i < children; i++) {
		if (fork())
			continue;
		work(n);
		tree(grandchildren, 0, n);
		_exit(0);
	}
	reap();
}

static void early(unsigned long children, unsigned long n)
{
	int gate[2];
	char byte;

	if (pipe(gate))
		exit(1);
	for (unsigned long i = 0; i < children; i++) {
		if (fork())
			continue;
		close(gate[1]);
		if (read(gate[0], &byte, 1) == 0)
			work(n);
		_exit(0);
	}
	RPT_WAIT();
	close(gate[1]);
	work(n);
	reap();
	expect("fork_work", n * (1 + children));
}

static void execute(const char *path, char *const argv[])
{
	if (fork() == 0) {
		execv(path, argv);
		_exit(127);
	}
	reap();
}

static void other(const char *self, char *n)
{
	char copy[4096], path[4200];

	snprintf(copy, sizeof(copy), "%s", self);
	snprintf(path, sizeof(path), "%s/functions", dirname(copy));
	execute(path, (char *[]){"functions", "counts", "1", n, NULL});
}

static void flood(unsigned long children)
{
	while (children--) {
		if (fork() == 0)
			_exit(0);
		reap();
	}
}

static void spin_until(long ns)
{
	struct timespec used = {0};

	while (used.tv_sec == 0 && used.tv_nsec < ns)
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
}

static void *spin_25_ms(void *unused)
{
	spin_until(25000000);
	return unused;
}

static unsigned long long ns_used(int who)
{
	struct rusage used;

	getrusage(who, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000ull +
	       (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000ull;
}

/* A thread that was joined may still have its way out before it: until then it counts nowhere. */
static void await_single(void)
{
	struct stat task;

	while (!stat("/proc/self/task", &task) && task.st_nlink > 3)
		sched_yield();
}

static void *outlive(void *first)
{
	pthread_join(*(pthread_t *)first, NULL);
	_exit(0);
}

static _Noreturn void leave(void)
{
	static pthread_t first;
	pthread_t thread;

	first = pthread_self();
	if (pthread_create(&thread, NULL, outlive, &first))
		_exit(1);
	spin_until(50000000);
	pthread_exit(NULL);
}

static _Noreturn void spin_twice(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, spin_25_ms, NULL))
		_exit(1);
	pthread_join(thread, NULL);
	spin_25_ms(NULL);
	await_single();
	_exit(0);
}

static void spin(unsigned long children, unsigned long n, bool leaves)
{
	for (unsigned long i = 0; i < children; i++) {
		if (fork() == 0) {
			work(n);
			if (leaves)
				leave();
			spin_twice();
		}
		reap();
	}
	expect("fork_work", n * children);
	printf("used %llu\n", ns_used(RUSAGE_SELF) + ns_used(RUSAGE_CHILDREN));
}

static void midfork(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		mid_work();
		if (mid_child == 0)
			_exit(0);
		reap();
	}
	expect("mid_work", n);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	unsigned long n = argc > 2 ? strtoul(argv[argc - 1], NULL, 10) : 0;

	if (!strcmp(mode, "leaf")) {
		work(n);
		return 0;
	}
	if (!strcmp(mode, "early") && argc == 4) {
		early(strtoul(argv[2], NULL, 10), n);
		return 0;
	}
	RPT_WAIT();
	if (!strcmp(mode, "tree") && argc == 5) {
		unsigned long c = strtoul(argv[2], NULL, 10), g = strtoul(argv[3], NULL, 10);

		work(n);
		tree(c, g, n);
		expect("fork_work", n * (1 + c + c * g));
	} else if (!strcmp(mode, "exec")) {
		work(n);
		execute("/proc/self/exe", (char *[]){argv[0], "leaf", argv[2], NULL});
		expect("fork_work", 2 * n);
	} else if (!strcmp(mode, "other")) {
		work(n);
		other(argv[0], argv[2]);
		expect("fork_work", n);
	} else if (!strcmp(mode, "flood") && argc == 4) {
		flood(strtoul(argv[2], NULL, 10));
		other(argv[0], argv[3]);
	} else if ((!strcmp(mode, "spin") || !strcmp(mode, "leave")) && argc == 4) {
		spin(strtoul(argv[2], NULL, 10), n, !strcmp(mode, "leave"));
	} else if (!strcmp(mode, "midfork")) {
		midfork(n);
	} else {
		return 2;
	}
	return 0;
}
