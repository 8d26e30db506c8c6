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
	err->remedy = RP_REMEDY_NONE;
	return code;
}

int rp_err__remedy(struct rp_err *err, int code, enum rp_remedy remedy)
{
	if (err)
		err->remedy = remedy;
	return code;
}

int rp_err__line(struct rp_err *err, int code, const char *without, const char *with,
		 const char *value)
{
	if (!err)
		return code;
	err->remedy = RP_REMEDY_LINE;
	err->without = without;
	err->with[0] = with;
	err->with[1] = value;
	err->with[2] = NULL;
	return code;
}

int rp_err__no_memory(struct rp_err *err)
{
	return rp_err__set(err, RP_EXIT_FAILED, -ENOMEM, NULL, "out of memory");
}
