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
#include "util/sanitizer.h"

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
#if RP_UNDER_ASAN
	SYS_sigaltstack, /* of every function that does not return */
#endif
};

/* Of who opens files, too; openat() is looked at apart. */
static const uint32_t allowed_to_open[] = {
#ifdef SYS_readlink
	SYS_readlink,
#endif
	SYS_readlinkat, SYS_fstatfs,	  SYS_recvmsg,
	SYS_sendmsg,	SYS_memfd_create, SYS_sysinfo, /* of qsort() */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LOAD(field)                                                                                \
	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                    \
				      offsetof(struct seccomp_data, field)))
#define UNLESS(value, skip)                                                                        \
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip))
#define IF(value, skip)	   ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, 0))
#define IF_ANY(bits, skip) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, skip, 0))
#define ANSWER(what)	   ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what))
#define REFUSE		   ANSWER(SECCOMP_RET_ERRNO | EPERM)
#define ALLOW		   ANSWER(SECCOMP_RET_ALLOW)

struct filter {
	struct sock_filter code[2 * (COUNT(allowed) + COUNT(allowed_to_open)) + 24];
	unsigned short n;
};

static void allow(struct filter *f, const uint32_t *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		f->code[f->n++] = UNLESS(calls[i], 1);
		f->code[f->n++] = ALLOW;
	}
}

/* What asks about a descriptor alone: others could have signals sent. */
static void allow_fcntl(struct filter *f)
{
	f->code[f->n++] = UNLESS(SYS_fcntl, 6);
	f->code[f->n++] = LOAD(args[1]);
	f->code[f->n++] = IF(F_GETFD, 2);
	f->code[f->n++] = IF(F_DUPFD_CLOEXEC, 1);
	f->code[f->n++] = UNLESS(F_GETFL, 1);
	f->code[f->n++] = ALLOW;
	f->code[f->n++] = REFUSE;
}

/* For reading what is there; openat2() has its flags where a filter does not see them. */
static void allow_opening(struct filter *f)
{
	f->code[f->n++] = UNLESS(SYS_openat, 4);
	f->code[f->n++] = LOAD(args[2]);
	f->code[f->n++] = IF_ANY(O_ACCMODE | O_CREAT | O_TRUNC, 1);
	f->code[f->n++] = ALLOW;
	f->code[f->n++] = REFUSE;
}

/*
 * Refused calls fail as if rights were missing: libraries cope with that, as with a file that
 * cannot be opened. Calls of another architecture have other numbers: all of them are refused.
 */
static int filter_calls(bool opens)
{
	struct filter f = {.n = 0};
	struct sock_fprog program = {.filter = f.code};

	f.code[f.n++] = LOAD(arch);
	f.code[f.n++] = IF(NATIVE_ARCH, 1);
	f.code[f.n++] = REFUSE;
	f.code[f.n++] = LOAD(nr);
	allow(&f, allowed, COUNT(allowed));
	if (opens)
		allow(&f, allowed_to_open, COUNT(allowed_to_open));
	allow_fcntl(&f);
	if (opens)
		allow_opening(&f);
	f.code[f.n++] = REFUSE;
	program.len = f.n;
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

static void limit(int what, rlim_t most)
{
	setrlimit(what, &(struct rlimit){most, most});
}

void rp_restrict__memory(uint64_t bytes, uint64_t file_bytes)
{
	limit(RLIMIT_DATA, memory_limit(bytes));
	limit(RLIMIT_FSIZE, file_bytes);
	limit(RLIMIT_CORE, 0);
}

void rp_restrict__limits(unsigned cpu_s, uint64_t bytes)
{
	rp_restrict__memory(bytes, 0);
	limit(RLIMIT_CPU, cpu_s);
	setpriority(PRIO_PROCESS, 0, 10);
}

static bool keep_capabilities(const unsigned *keep, size_t n)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct had[2], kept[2] = {0};

	if (syscall(SYS_capget, &header, had))
		return false;
	for (size_t i = 0; i < n; i++)
		kept[CAP_TO_INDEX(keep[i])].permitted |= had[CAP_TO_INDEX(keep[i])].permitted &
							 CAP_TO_MASK(keep[i]);
	for (size_t i = 0; i < 2; i++)
		kept[i].effective = kept[i].permitted;
	return !syscall(SYS_capset, &header, kept);
}

/*
 * rptrace may be under a filter that takes no further one, as in some containers. What opens files
 * is needed there all the same: it still has few capabilities, and bounds.
 */
static bool is_filtered(bool opens)
{
	return !filter_calls(opens) || (opens && (errno == EPERM || errno == ENOSYS));
}

/* For good, and with its parent, which may have ended before. */
static void restrict_to(const unsigned *capabilities, size_t n, bool opens, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent ||
	    !keep_capabilities(capabilities, n) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    !is_filtered(opens))
		_exit(1);
}

void rp_restrict__rights(pid_t parent)
{
	/* Before the rest, as that takes the signal of the parent's death back. */
	if (!geteuid() && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			   setresuid(NOBODY, NOBODY, NOBODY)))
		_exit(1);
	restrict_to(NULL, 0, false, parent);
}

void rp_restrict__to_opening(pid_t parent)
{
	/* To read what others own, and what a process maps. */
	static const unsigned to_open[] = {CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE,
					   CAP_CHECKPOINT_RESTORE};

	restrict_to(to_open, COUNT(to_open), true, parent);
}
