// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int rp_err__set(struct rp_err *err, enum rp_exit exit, int code, const char *cure,
		const char *cause, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->exit = exit;
	va_start(ap, cause);
	vsnprintf(err->cause, sizeof(err->cause), cause, ap);
	va_end(ap);
	snprintf(err->cure, sizeof(err->cure), "%s", cure ? cure : "");
	return code;
}

int rp_err__no_memory(struct rp_err *err)
{
	return rp_err__set(err, RP_EXIT_FAILED, -ENOMEM, NULL, "out of memory");
}
