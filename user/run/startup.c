// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * By ptrace(2): of all that holds a process it alone lets go when rptrace is killed. The command
 * stops at its exec, and then at each system call until the first one that is not the dynamic
 * linker's. It is not traced any more when that one is made. A program that computes without any is
 * noticed by its instruction pointer, which is looked at now and then.
 */
#include "run/startup.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "discover/proc.h"
#include "run/signals.h"
#include "util/clock.h"

#define GLANCE_NS     (2 * RP_NS_PER_MS) /* without a stop: it is stopped, to be looked at */
#define GROUP_STOP(s) ((s) >> 8 == PTRACE_EVENT_STOP && ((s)&0xff) != SIGTRAP)
#define SYSTEM_CALL   (SIGTRAP | 0x80)
#define ENDED	      (-1)

struct startup {
	pid_t pid;
	uint64_t linker, linker_end; /* its code */
	bool has_begun;		     /* exec is done */
	bool maps_code;		     /* the system call that has begun does */
};

/* Without it a command that is setuid would not get its rights while it is traced. */
static bool may_trace_all(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return !syscall(SYS_capget, &header, data) && data[0].effective & 1u << CAP_SYS_PTRACE;
}

bool rp_startup__seize(pid_t pid)
{
	return may_trace_all() &&
	       !ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD);
}

/* What it has stopped for, as in si_status; 0: nothing so far. */
static int await_stop(pid_t pid)
{
	const struct timespec wait = {.tv_nsec = GLANCE_NS};
	siginfo_t info = {0};
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		/* Its end is left for who waits for that. */
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT))
			return ENDED;
		if (info.si_pid)
			return info.si_code == CLD_TRAPPED ? info.si_status : ENDED;
		if (sigtimedwait(&child, NULL, &wait) < 0 && errno == EAGAIN)
			return 0;
	}
}

static bool get_info(pid_t pid, struct __ptrace_syscall_info *info)
{
	return ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(*info), info) > 0;
}

/* false: there is none, as where the program is linked statically. */
static bool find_linker(struct startup *s, uint64_t ip)
{
	struct rp_mapped_list mapped;

	if (rp_proc__mapped("/proc", s->pid, &mapped))
		return false;
	for (size_t i = 0; i < mapped.n_ranges; i++) {
		const struct rp_code_range *range = &mapped.ranges[i];

		if (ip - range->start >= range->len)
			continue;
		for (size_t k = 0; k < mapped.n; k++)
			if (mapped.items[k].ino == range->ino &&
			    mapped.items[k].dev == range->dev && !mapped.items[k].is_exe)
				s->linker_end = range->start + range->len;
		s->linker = range->start;
	}
	rp_proc__mapped_free(&mapped);
	return s->linker_end;
}

/* Is it still the linker that runs? *changed: it has mapped code. */
static bool is_starting(struct startup *s, bool *changed)
{
	struct __ptrace_syscall_info info;

	*changed = false;
	if (!get_info(s->pid, &info))
		return false;
	if (!s->has_begun) {
		s->has_begun = true;
		*changed = true;
		return find_linker(s, info.instruction_pointer);
	}
	if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
		*changed = s->maps_code;
		s->maps_code = false;
	} else if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		s->maps_code = info.entry.nr == SYS_mmap && info.entry.args[2] & PROT_EXEC;
	}
	return info.instruction_pointer >= s->linker && info.instruction_pointer < s->linker_end;
}

/* Let it run on from a stop, with the signal that it was stopped for: up to the next stop, or for
 * good. */
static bool resume(pid_t pid, int stop, bool follow)
{
	bool is_signal = !(stop >> 8) && stop != SYSTEM_CALL;

	return !ptrace(follow ? PTRACE_SYSCALL : PTRACE_DETACH, pid, 0, is_signal ? stop : 0);
}

void rp_startup__follow(pid_t pid, rp_startup_fn fn, void *ctx)
{
	struct startup s = {.pid = pid};
	bool starts = true, changed;

	while (starts) {
		int stop = await_stop(pid);

		if (stop == ENDED)
			break;
		if (!stop) {
			ptrace(PTRACE_INTERRUPT, pid, 0, 0);
			continue;
		}
		starts = is_starting(&s, &changed) && !GROUP_STOP(stop) &&
			 !rp_signals__is_end_pending();
		if (changed)
			fn(ctx, pid);
		starts = resume(pid, stop, starts) && starts;
	}
	/* The loop looks whether the command has ended, which we may have been told instead. */
	kill(getpid(), SIGCHLD);
}
