// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * wakers MODE N: N times a thread falls asleep in one region, and a known one ends that.
 *
 *   mutex    in lock_wait, by whoever has the mutex, in locked
 *   queue    in take, by who signals, in put, which it has left when the sleeper runs
 *   pipe     in read_pipe, by a child that writes, in write_pipe
 *   outside  in read_pipe, by a thread that writes, in no region
 *   two      the same, and every other time in read_more
 *   timer    in nap, by a timer that interrupts a thread in spin on the same CPU
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

static unsigned long rounds;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t both;
static unsigned long items;
static int ends[2];

/* The sleeper: who it is, and how often it was about to fall asleep. */
static _Atomic pid_t sleeper;
static atomic_ulong *about_to;

static void announce(void)
{
	sleeper = (pid_t)syscall(SYS_gettid);
	atomic_fetch_add(about_to, 1);
}

/* From the announcement on it sleeps nowhere but where it is to. */
static void wait_until_asleep(pid_t tid, unsigned long round)
{
	char path[64], line[256], *state = NULL;

	while (atomic_load(about_to) <= round)
		sched_yield();
	snprintf(path, sizeof(path), "/proc/%d/stat", tid ? tid : (pid_t)sleeper);
	for (;;) {
		FILE *file = fopen(path, "re");

		if (file && fgets(line, sizeof(line), file))
			state = strrchr(line, ')');
		if (file)
			fclose(file);
		if (state && state[2] == 'S')
			return;
		sched_yield();
	}
}

static void on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* ---- mutex ------------------------------------------------------------------------------- */

static void *wait_for_lock(void *arg)
{
	for (unsigned long i = 0; i < rounds; i++) {
		pthread_barrier_wait(&both);
		announce();
		RPTRACE_REGION(lock_wait)
		{
			pthread_mutex_lock(&mutex);
		}
		pthread_mutex_unlock(&mutex);
		pthread_barrier_wait(&both);
	}
	return arg;
}

static void lock(void)
{
	for (unsigned long i = 0; i < rounds; i++) {
		RPTRACE_REGION(locked)
		{
			pthread_mutex_lock(&mutex);
			pthread_barrier_wait(&both);
			wait_until_asleep(0, i);
			pthread_mutex_unlock(&mutex);
		}
		pthread_barrier_wait(&both);
	}
}

/* ---- queue ------------------------------------------------------------------------------- */

static void *take_all(void *arg)
{
	for (unsigned long i = 0; i < rounds; i++) {
		pthread_barrier_wait(&both);
		announce();
		RPTRACE_REGION(take)
		{
			pthread_mutex_lock(&mutex);
			while (!items)
				pthread_cond_wait(&filled, &mutex);
			items--;
			pthread_mutex_unlock(&mutex);
		}
		pthread_barrier_wait(&both);
	}
	return arg;
}

static void put_all(void)
{
	for (unsigned long i = 0; i < rounds; i++) {
		pthread_barrier_wait(&both);
		wait_until_asleep(0, i);
		RPTRACE_REGION(put)
		{
			pthread_mutex_lock(&mutex);
			items++;
			pthread_mutex_unlock(&mutex);
			pthread_cond_signal(&filled);
		}
		RPTRACE_REGION(after_put)
		{
			KEEP();
		}
		pthread_barrier_wait(&both);
	}
}

/* ---- pipe -------------------------------------------------------------------------------- */

static void read_one(void)
{
	char byte;

	if (read(ends[0], &byte, 1) != 1)
		_exit(1);
}

static void *read_all(void *arg)
{
	for (unsigned long i = 0; i < rounds; i++) {
		announce();
		RPTRACE_REGION(read_pipe)
		{
			read_one();
		}
	}
	return arg;
}

static void *read_in_two(void *arg)
{
	for (unsigned long i = 0; i < rounds; i++) {
		announce();
		if (i % 2) {
			RPTRACE_REGION(read_more)
			{
				read_one();
			}
		} else {
			RPTRACE_REGION(read_pipe)
			{
				read_one();
			}
		}
	}
	return arg;
}

static void write_one(void)
{
	if (write(ends[1], "x", 1) != 1)
		_exit(1);
}

static void write_in_child(void)
{
	pid_t reader = getpid();

	if (fork())
		return;
	for (unsigned long i = 0; i < rounds; i++) {
		wait_until_asleep(reader, i);
		RPTRACE_REGION(write_pipe)
		{
			write_one();
		}
	}
	_exit(0);
}

static void write_outside(void)
{
	for (unsigned long i = 0; i < rounds; i++) {
		wait_until_asleep(0, i);
		write_one();
	}
}

/* ---- timer ------------------------------------------------------------------------------- */

static atomic_int over;

static void *nap_often(void *arg)
{
	const struct timespec a_moment = {.tv_nsec = 200000};

	for (unsigned long i = 0; i < rounds; i++)
		RPTRACE_REGION(nap)
		{
			nanosleep(&a_moment, NULL);
		}
	over = 1;
	return arg;
}

static void spin(void)
{
	RPTRACE_REGION(spin)
	{
		while (!over)
			;
	}
}

/* ------------------------------------------------------------------------------------------ */

static void beside(void *(*of_thread)(void *), void (*of_first)(void))
{
	pthread_t thread;

	pthread_create(&thread, NULL, of_thread, NULL);
	of_first();
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "mutex";

	rounds = target_number(argc, argv, 2, 100);
	about_to = mmap(NULL, sizeof(*about_to), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	pthread_barrier_init(&both, NULL, 2);
	if (about_to == MAP_FAILED || pipe(ends))
		return 1;
	target_wait();
	if (!strcmp(mode, "mutex")) {
		beside(wait_for_lock, lock);
	} else if (!strcmp(mode, "queue")) {
		on_one_cpu();
		beside(take_all, put_all);
	} else if (!strcmp(mode, "pipe")) {
		write_in_child();
		read_all(NULL);
		wait(NULL);
	} else if (!strcmp(mode, "outside")) {
		beside(read_all, write_outside);
	} else if (!strcmp(mode, "two")) {
		beside(read_in_two, write_outside);
	} else {
		on_one_cpu();
		beside(nap_often, spin);
	}
	return 0;
}
