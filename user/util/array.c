// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/array.h"

#include <errno.h>
#include <stdlib.h>

int rp_array__grow(void *items, size_t n, size_t *capacity, size_t size)
{
	void **array = items, *grown;
	size_t wanted = *capacity ? *capacity * 2 : 32;

	if (n < *capacity)
		return 0;
	grown = reallocarray(*array, wanted, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = wanted;
	return 0;
}
