/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#ifndef RP_ARRAY_H
#define RP_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Room for one more of an array whose items have `size` bytes each; `items` points to the pointer
 * to the first one, which may be NULL. -ENOMEM, the array as it was, or 0.
 */
int rp_array__grow(void *items, size_t n, size_t *capacity, size_t size);

/* Room for n items and no more, of an array that seldom changes. The same otherwise. */
int rp_array__fit(void *items, size_t n, size_t size);

/* qsort(), which does not take an array that was never made, as those of nothing are. */
void rp_array__sort(void *items, size_t n, size_t size, int (*compare)(const void *, const void *));

/*
 * How many of n items have one of at most `most`, of an array that is sorted by the uint64_t that
 * each item begins with.
 */
size_t rp_array__up_to(const void *items, size_t n, size_t size, uint64_t most);

#endif
