/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A screen goes on with what its terminal could not take at once, in the loop of whoever has one.
 */
#ifndef RP_CATCH_UP_H
#define RP_CATCH_UP_H

#include "screen/screen.h"
#include "util/loop.h"

struct rp_catch_up {
	struct rp_screen *screen;
	struct rp_timer *timer;
	bool is_set;
};

/* From now on. The struct has to outlive the loop. -ENOMEM. */
int rp_catch_up__watch(struct rp_catch_up *catch_up, struct rp_loop *loop,
		       struct rp_screen *screen);

#endif
