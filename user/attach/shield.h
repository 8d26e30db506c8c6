/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Work on probes that a signal must not cut short. The kernel puts probes into a process, and takes
 * them out, in the system calls of whoever links and closes; where a fatal signal is pending these
 * give up halfway, and what is left in the target then stays there for good.
 */
#ifndef RP_SHIELD_H
#define RP_SHIELD_H

/*
 * fn(ctx), run by another process that has our memory and our files, while we wait: whatever ends
 * us meanwhile, that one ends its work first, and what is open goes with it. Runs it here where no
 * process can be had.
 */
void rp_shield__run(void (*fn)(void *ctx), void *ctx);

/* For a process of ours: out of reach of the terminal, and of who ends all of our process group. */
void rp_shield__enter(void);

#endif
