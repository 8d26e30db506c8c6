/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The hottest functions and lines of a profile, as JSON for an HTML page. Internal to export/. */
#ifndef RP_HTML_HOT_H
#define RP_HTML_HOT_H

#include <stdio.h>

#include "aggregate/sampled.h"

/* At most so many functions, and as many lines. 0 or -ENOMEM. */
int rp_html_hot__print(const struct rp_profile *profile, size_t most, FILE *out);

#endif
