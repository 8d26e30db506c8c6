// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/array.h"

#include <errno.h>
#include <stdlib.h>

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
