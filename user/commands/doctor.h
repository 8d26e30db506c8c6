/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* rptrace doctor: what this kernel, this user and a target allow, and the cure where they do not.
 */
#ifndef RP_DOCTOR_H
#define RP_DOCTOR_H

#include "opts/opts.h"
#include "util/error.h"

/* Returns the exit status; err->cause is empty but where the report could not be made. */
int rp_doctor__run(const struct rp_opts *opts, struct rp_err *err);

#endif
