/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* How unevenly the time of a region is shared by files, as ranks of one program write. Pure. */
#ifndef RP_IMBALANCE_H
#define RP_IMBALANCE_H

#include "aggregate/snapshot.h"

/*
 * The rows are those of n_files files: set the imbalance of each to the largest total of its
 * region over the mean one. A file in which the region was never entered counts as 0. -ENOMEM.
 */
int rp_imbalance__set(struct rp_snapshot *snapshot, size_t n_files);

#endif
