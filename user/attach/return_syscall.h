/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The system call that return probes make in the traced program, and what seccomp thinks of it. */
#ifndef RP_RETURN_SYSCALL_H
#define RP_RETURN_SYSCALL_H

enum rp_return_syscall {
	RP_RETURN_SYSCALL_NONE,	    /* return probes are breakpoints: no filter sees them */
	RP_RETURN_SYSCALL_EXEMPT,   /* filters never see it */
	RP_RETURN_SYSCALL_FILTERED, /* a filter that does not know it may end the program */
	RP_RETURN_SYSCALL_UNKNOWN,  /* rptrace is under a filter itself */
};

/* Tries it in children of its own; needs no rights. */
enum rp_return_syscall rp_return_syscall__probe(void);

#endif
