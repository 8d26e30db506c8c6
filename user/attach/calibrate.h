/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What probes cost here: measured on a child of rptrace's own, with the BPF programs and the kind
 * of links that the run uses.
 */
#ifndef RP_CALIBRATE_H
#define RP_CALIBRATE_H

#include "attach/session.h"
#include "error.h"

/*
 * For a session that is active; takes about a tenth of a second. Fails like rp_links__new; the
 * costs stay unknown (zero) then.
 */
int rp_calibrate(struct rp_session *session, struct rp_costs *costs, struct rp_err *err);

#endif
