/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What probes cost here: measured on a child of rptrace's own, with the BPF programs and the kind
 * of links that the run uses.
 */
#ifndef RP_CALIBRATE_H
#define RP_CALIBRATE_H

#include "attach/session.h"
#include "util/error.h"

struct rp_calibration;

/*
 * For a session that is active, and to be freed before it. Takes about a twentieth of a second.
 * Fails like rp_links__new; the costs stay as they are then.
 */
int rp_calibration__new(struct rp_session *session, struct rp_calibration **out,
			struct rp_costs *costs, struct rp_err *err);
void rp_calibration__free(struct rp_calibration *calibration);

/*
 * Costs change with what else the machine does: call this often, with the time of CLOCK_MONOTONIC
 * in ns, and every ten seconds they are measured again. Never waits.
 */
void rp_calibration__update(struct rp_calibration *calibration, uint64_t now,
			    struct rp_costs *costs);

#endif
