/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* How the instances of a timeline are packed. Internal to export/. */
#ifndef RP_HTML_EVENTS_H
#define RP_HTML_EVENTS_H

#include "export/html_timeline.h"

/* Sorts the items of the timeline. 0 or -ENOMEM. */
int rp_html_events__pack(struct rp_html_timeline *timeline, const struct rp_html_tracks *tracks,
			 const struct rp_export_names *names, struct rp_html_pack *out);

#endif
