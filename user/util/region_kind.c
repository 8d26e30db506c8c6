// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/region_kind.h"

const char *rp_kind__name(enum rp_kind kind)
{
	static const char *const names[] = {
		[RP_KIND_FUNCTION] = "function",
		[RP_KIND_USDT] = "usdt",
		[RP_KIND_MARKER] = "marker",
		[RP_KIND_SPAN] = "span",
	};

	return names[kind];
}
