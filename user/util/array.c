// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int rp_array__fit(void *items, size_t n, size_t size)
{
	void **array = items, *grown = reallocarray(*array, n, size);

	if (!grown)
		return -ENOMEM;
	*array = grown;
	return 0;
}

int rp_array__grow(void *items, size_t n, size_t *capacity, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 32;
	int rc;

	if (n < *capacity)
		return 0;
	rc = rp_array__fit(items, wanted, size);
	if (!rc)
		*capacity = wanted;
	return rc;
}

void rp_array__sort(void *items, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n)
		qsort(items, n, size, compare);
}

size_t rp_array__up_to(const void *items, size_t n, size_t size, uint64_t most)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint64_t value;

		memcpy(&value, (const char *)items + middle * size, sizeof(value));
		if (value <= most)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
