/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What every snapshot says of the run it is of. */
#ifndef RP_DESCRIPTION_H
#define RP_DESCRIPTION_H

#include <sys/utsname.h>

#include "opts/opts.h"

struct rp_description {
	struct rp_meta meta; /* points into the rest */
	struct utsname host;
	char target[256];
};

/* As of now, which is when the trace begins. */
void rp_description__fill(struct rp_description *description, const struct rp_opts *opts,
			  const char *attach_mode);

#endif
