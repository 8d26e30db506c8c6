/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What is said while the terminal shows something else: kept until it can be read. */
#ifndef RP_SAID_H
#define RP_SAID_H

#include <stddef.h>

#include "run/run.h"

struct rp_said {
	struct rp_said_line {
		char *line, *cure;
	} * lines;
	size_t n, capacity;
};

/* cure may be NULL. Without memory it is lost. */
void rp_said__keep(struct rp_said *said, const char *line, const char *cure);
/* All that was kept, in its order; nothing is kept any more. */
void rp_said__say(struct rp_said *said, rp_say_fn say);

#endif
