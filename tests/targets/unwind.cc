// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * unwind MODE N: frames of C++ functions that are left without a return. What is said is the same
 * however often the stack was walked: catches, and objects destroyed.
 *
 *   throw N   an exception passes first, second and third, every other time; caught outside
 *   nested N  the same, caught in first and thrown again
 *   exit N    N threads end by pthread_exit in third
 *   cancel N  N threads are cancelled in third
 */
#include <pthread.h>
#include <semaphore.h>

#include <cstring>
#include <stdexcept>

#include "regions.h"
#include "target.h"

static unsigned long destroyed, caught;
static void (*innermost)(unsigned long);
static sem_t inside;

struct object {
	~object()
	{
		__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
	}
};

NO_CLONES void third(unsigned long i);
NO_CLONES void second(unsigned long i);
NO_CLONES void first(unsigned long i);

void third(unsigned long i)
{
	object here;

	innermost(i);
	KEEP();
}

void second(unsigned long i)
{
	object here;

	third(i);
	KEEP();
}

void first(unsigned long i)
{
	object here;

	second(i);
	KEEP();
}

/* Catches what comes, and passes it on. */
NO_CLONES void relay(unsigned long i);
void relay(unsigned long i)
{
	try {
		first(i);
	} catch (std::runtime_error &) {
		caught++;
		throw;
	}
}

static void throw_odd(unsigned long i)
{
	if (i % 2)
		throw std::runtime_error("odd");
}

static void end_thread(unsigned long)
{
	pthread_exit(nullptr);
}

static void wait_for_cancel(unsigned long)
{
	sem_post(&inside);
	for (;;)
		pause();
}

static void expect_left(const char *region, unsigned long counted, unsigned long unwound)
{
	expect(region, counted);
	say("unwound %s %lu", region, unwound);
}

static void expect_all(unsigned long counted, unsigned long unwound)
{
	expect_left("first", counted, unwound);
	expect_left("second", counted, unwound);
	expect_left("third", counted, unwound);
	say("destroyed %lu caught %lu", destroyed, caught);
}

static void throwing(void (*fn)(unsigned long), unsigned long n)
{
	innermost = throw_odd;
	for (unsigned long i = 0; i < n; i++) {
		try {
			fn(i);
		} catch (std::runtime_error &) {
			caught++;
		}
	}
	expect_all(n - n / 2, n / 2);
	if (fn == relay)
		expect_left("relay", n - n / 2, n / 2);
}

static void *thread(void *)
{
	first(0);
	return nullptr;
}

static void threads(void (*end)(unsigned long), unsigned long n)
{
	innermost = end;
	sem_init(&inside, 0, 0);
	for (unsigned long i = 0; i < n; i++) {
		pthread_t id;

		if (pthread_create(&id, nullptr, thread, nullptr))
			exit(1);
		if (end == wait_for_cancel) {
			sem_wait(&inside);
			pthread_cancel(id);
		}
		pthread_join(id, nullptr);
	}
	expect_all(0, n);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned long n = target_number(argc, argv, 2, 100);

	target_wait();
	if (!strcmp(mode, "throw"))
		throwing(first, n);
	else if (!strcmp(mode, "nested"))
		throwing(relay, n);
	else if (!strcmp(mode, "exit"))
		threads(end_thread, n);
	else if (!strcmp(mode, "cancel"))
		threads(wait_for_cancel, n);
	else
		return 2;
	return 0;
}
