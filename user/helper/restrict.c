// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "helper/restrict.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "discover/proc.h"

#define NOBODY 65534

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

/* Calls that take no path and reach no other process; fcntl() is looked at apart. */
static const uint32_t allowed[] = {
	SYS_read,	  SYS_pread64,	      SYS_write,	 SYS_close,  SYS_lseek,
	SYS_fstat,	  SYS_newfstatat,     SYS_mmap,		 SYS_munmap, SYS_mremap,
	SYS_mprotect,	  SYS_madvise,	      SYS_brk,		 SYS_futex,  SYS_getrandom,
	SYS_getpid,	  SYS_gettid,	      SYS_clock_gettime, SYS_exit,   SYS_exit_group,
	SYS_rt_sigreturn, SYS_rt_sigprocmask,
};
#define N_ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

#define LOAD(field)                                                                                \
	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                    \
				      offsetof(struct seccomp_data, field)))
#define UNLESS(value, skip)                                                                        \
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip))
#define IF(value, skip) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, 0))
#define ANSWER(what)	((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what))
#define REFUSE		ANSWER(SECCOMP_RET_ERRNO | EPERM)
#define ALLOW		ANSWER(SECCOMP_RET_ALLOW)

/*
 * Refused calls fail as if rights were missing: libraries cope with that, as with a file that
 * cannot be opened. Calls of another architecture have other numbers: all of them are refused.
 */
static int filter_calls(void)
{
	struct sock_filter code[2 * N_ALLOWED + 12];
	struct sock_fprog program = {.filter = code};
	unsigned short n = 0;

	code[n++] = LOAD(arch);
	code[n++] = IF(NATIVE_ARCH, 1);
	code[n++] = REFUSE;
	code[n++] = LOAD(nr);
	for (size_t i = 0; i < N_ALLOWED; i++) {
		code[n++] = UNLESS(allowed[i], 1);
		code[n++] = ALLOW;
	}
	/* What asks about a descriptor alone: others could have signals sent. */
	code[n++] = UNLESS(SYS_fcntl, 4);
	code[n++] = LOAD(args[1]);
	code[n++] = IF(F_GETFD, 1);
	code[n++] = UNLESS(F_GETFL, 1);
	code[n++] = ALLOW;
	code[n++] = REFUSE;
	program.len = n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

void rp_restrict__descriptors(const int *keep, size_t n)
{
	int limit = 0;

	for (size_t i = 0; i < n; i++)
		limit = keep[i] > limit ? keep[i] : limit;
	for (int fd = 0; fd < limit; fd++) {
		bool kept = false;

		for (size_t i = 0; i < n; i++)
			kept |= keep[i] == fd;
		if (!kept)
			close(fd);
	}
	syscall(SYS_close_range, limit + 1, ~0u, 0);
}

/* What it has may be much already: sanitizers, for one, set a lot of memory aside. */
static rlim_t memory_limit(uint64_t bytes)
{
	uint64_t kib = 0;

	rp_proc__status_number("/proc", getpid(), "VmData", 10, &kib);
	return (kib << 10) + bytes;
}

void rp_restrict__limits(unsigned cpu_s, uint64_t bytes)
{
	const struct {
		int what;
		rlim_t most;
	} limits[] = {{RLIMIT_CPU, cpu_s},
		      {RLIMIT_DATA, memory_limit(bytes)},
		      {RLIMIT_FSIZE, 0},
		      {RLIMIT_CORE, 0}};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		setrlimit(limits[i].what, &(struct rlimit){limits[i].most, limits[i].most});
	setpriority(PRIO_PROCESS, 0, 10);
}

void rp_restrict__rights(pid_t parent)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	if (!geteuid() && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			   setresuid(NOBODY, NOBODY, NOBODY)))
		_exit(1);
	/* After the user has changed, as that takes it back; the parent may have ended before. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(1);
	if (syscall(SYS_capset, &header, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    filter_calls())
		_exit(1);
}
