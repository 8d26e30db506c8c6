/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* bench_marker with all markers compiled out. */
#define RPTRACE_DISABLE
#include "bench_marker.c"
