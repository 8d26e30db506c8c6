/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the parts of a comparison share. Internal to compare/. */
#ifndef RP_COMPARE_INTERNAL_H
#define RP_COMPARE_INTERNAL_H

#include "compare/compare.h"

/* warnings.c: in what else the runs differ. 0 or -ENOMEM. */
int rp_comparison__warn(struct rp_comparison *comparison);

#endif
