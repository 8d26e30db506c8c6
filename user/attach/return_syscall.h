/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The system call that return probes make in the traced program, and what seccomp thinks of it. */
#ifndef RP_RETURN_SYSCALL_H
#define RP_RETURN_SYSCALL_H

#include <errno.h>

enum rp_return_syscall {
	RP_RETURN_SYSCALL_NONE,	    /* return probes are breakpoints: no filter sees them */
	RP_RETURN_SYSCALL_EXEMPT,   /* filters never see it */
	RP_RETURN_SYSCALL_FILTERED, /* a filter that does not know it may end the program */
	RP_RETURN_SYSCALL_UNKNOWN,  /* rptrace is under a filter itself */
};

/*
 * What it is by how it was answered, without a filter and with one that refuses it by EDOM: by an
 * errno value, or one of these.
 */
enum { RP_SYSCALL_REACHED = 255, RP_SYSCALL_NOT_TRIED = 254 };

static inline enum rp_return_syscall rp_return_syscall__judge(int unfiltered, int filtered)
{
	if (unfiltered == ENOSYS)
		return RP_RETURN_SYSCALL_NONE;
	if (unfiltered != RP_SYSCALL_REACHED)
		return RP_RETURN_SYSCALL_UNKNOWN;
	if (filtered == RP_SYSCALL_REACHED)
		return RP_RETURN_SYSCALL_EXEMPT;
	return filtered == EDOM ? RP_RETURN_SYSCALL_FILTERED : RP_RETURN_SYSCALL_UNKNOWN;
}

/* Tries it in children of its own; needs no rights. */
enum rp_return_syscall rp_return_syscall__probe(void);

#endif
