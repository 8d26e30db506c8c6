/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Functions of a test program to probe in it, or in copies of it. */
#ifndef RP_TEST_PROBED_FUNCTIONS_H
#define RP_TEST_PROBED_FUNCTIONS_H

int probed_one(int x);
int probed_two(int x);

__attribute__((noinline)) int probed_one(int x)
{
	volatile int y = x;

	return y + 1;
}

__attribute__((noinline)) int probed_two(int x)
{
	volatile int y = x;

	return y + 2;
}

#endif
