/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* By what regions are observed: kinds of probes, and how the exits of functions are found. */
#ifndef RP_METHOD_H
#define RP_METHOD_H

enum rp_attach_mode { RP_ATTACH_AUTO, RP_ATTACH_SESSION, RP_ATTACH_MULTI, RP_ATTACH_PERF };

enum rp_exit_method {
	RP_EXIT_METHOD_AUTO,
	RP_EXIT_METHOD_RETURN,	  /* the kernel's return probe */
	RP_EXIT_METHOD_RET_SITES, /* every RET instruction and tail jump */
};

/* As on the command line: "auto", "session", ...; NULL past the last. */
const char *rp_attach_mode__name(unsigned mode);
const char *rp_exit_method__name(unsigned method);

#endif
