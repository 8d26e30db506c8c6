/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#ifndef RP_COLLECT_INTERNAL_H
#define RP_COLLECT_INTERNAL_H

#include "collect/collect.h"

/* 0 or -ENOMEM; what was read until then has to be freed all the same. */
int rp_collect__names(const struct rp_collect *from, struct rp_id_names *names);

int rp_collect__open_frames(void *ctx, struct rp_open_entries *out);

#endif
