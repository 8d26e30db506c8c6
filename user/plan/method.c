// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/method.h"

#include <stddef.h>

const char *rp_attach_mode__name(unsigned mode)
{
	static const char *const names[] = {
		[RP_ATTACH_AUTO] = "auto",
		[RP_ATTACH_SESSION] = "session",
		[RP_ATTACH_MULTI] = "multi",
		[RP_ATTACH_PERF] = "perf",
	};

	return mode <= RP_ATTACH_PERF ? names[mode] : NULL;
}

const char *rp_exit_method__name(unsigned method)
{
	static const char *const names[] = {
		[RP_EXIT_METHOD_AUTO] = "auto",
		[RP_EXIT_METHOD_RETURN] = "return",
		[RP_EXIT_METHOD_RET_SITES] = "ret-sites",
	};

	return method <= RP_EXIT_METHOD_RET_SITES ? names[method] : NULL;
}
