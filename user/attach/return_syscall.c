// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/return_syscall.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__

#define SYS_URETPROBE 335

/* The kernel's answer to the call from anywhere but a return probe. */
static void on_sigill(int signal)
{
	(void)signal;
	_exit(RP_SYSCALL_REACHED);
}

/* From here on the call fails with EDOM wherever the kernel asks the filter. */
static bool install_filter(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_URETPROBE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(insns) / sizeof(insns[0]), .filter = insns};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* The exit status of the child: see rp_return_syscall__judge(). errno values are smaller. */
static int try_call(bool filtered)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return RP_SYSCALL_NOT_TRIED;
	if (pid == 0) {
		signal(SIGILL, on_sigill);
		if (filtered && !install_filter())
			_exit(RP_SYSCALL_NOT_TRIED);
		errno = 0;
		syscall(SYS_URETPROBE);
		_exit(errno);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return RP_SYSCALL_NOT_TRIED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : RP_SYSCALL_NOT_TRIED;
}

enum rp_return_syscall rp_return_syscall__probe(void)
{
	int unfiltered = try_call(false);

	return rp_return_syscall__judge(unfiltered, unfiltered == RP_SYSCALL_REACHED
							    ? try_call(true)
							    : RP_SYSCALL_NOT_TRIED);
}

#else

enum rp_return_syscall rp_return_syscall__probe(void)
{
	return RP_RETURN_SYSCALL_NONE;
}

#endif
