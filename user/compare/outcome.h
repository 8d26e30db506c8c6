/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What a comparison finds of a region, a function or a line. */
#ifndef RP_OUTCOME_H
#define RP_OUTCOME_H

enum rp_outcome {
	RP_OUTCOME_NONE, /* not judged */
	RP_OUTCOME_NEW,	 /* only in runs of B */
	RP_OUTCOME_GONE, /* only in runs of A */
	RP_OUTCOME_SLOWER,
	RP_OUTCOME_FASTER,
	RP_OUTCOME_SAME,
	RP_OUTCOME_UNCERTAIN,
};

#endif
