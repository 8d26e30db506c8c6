// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A program like your own: it knows nothing of rptrace, and has debug symbols as most builds do.
 * cc -O2 -g -fno-inline orders.c -o orders
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned long spin(unsigned long n)
{
	volatile unsigned long sum = 0;

	for (unsigned long i = 0; i < n; i++)
		sum += i;
	return sum;
}

static void wait_for_disk(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

unsigned long parse_order(int i)
{
	return spin(20000) + (unsigned long)i;
}

unsigned long price_order(unsigned long order)
{
	return spin(400000) + order;
}

void store_order(unsigned long order)
{
	wait_for_disk(order % 50 ? 1 : 40);
}

void handle_order(int i)
{
	unsigned long order = parse_order(i);

	price_order(order);
	store_order((unsigned long)i);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1000;

	for (int i = 0; i < n; i++)
		handle_order(i);
	return 0;
}
