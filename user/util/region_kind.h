/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What a region was made from. */
#ifndef RP_REGION_KIND_H
#define RP_REGION_KIND_H

enum rp_kind { RP_KIND_FUNCTION, RP_KIND_USDT, RP_KIND_MARKER, RP_KIND_SPAN };

/* "function", "usdt", "marker", "span" */
const char *rp_kind__name(enum rp_kind kind);

#endif
