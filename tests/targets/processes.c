// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * processes MODE N: a process that does to itself what sandboxes, debuggers and servers do. `step`
 * is the region, `inside` one in whose middle something happens.
 *
 *   vfork N    inside: vfork, and a child that executes true
 *   clone N    inside: a child that shares the memory (CLONE_VM), calls step and ends
 *   fork N     inside, at depth 3: fork; parent and child return from it
 *   exec N     inside: execute this program again, which calls step N times
 *   takeover N the same by a thread that is not the first: it takes the process over, and the pid
 *   doomed N   step N times, then as takeover, a file that the kernel gives up on too late
 *   seccomp N  step under a strict filter: read, write, exit, what a return from a signal needs
 *   ptraced N  step in a child whose parent stops it like a debugger, at every signal
 *   last-filter COMMAND...  execute COMMAND where no further seccomp filter can be had
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "regions.h"
#include "target.h"

static const char *mode;
static char **arguments;
static unsigned long steps;
static unsigned reached;

REGION_FN(step)
{
	steps++;
	KEEP();
}

static void repeat(unsigned long n)
{
	while (n--)
		step();
}

static void check(int good)
{
	if (!good)
		exit(3);
}

static int reap(pid_t child)
{
	int status = 0;

	check(child > 0 && waitpid(child, &status, __WALL) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- what happens inside --------------------------------------------------------------------- */

static void vfork_exec(void)
{
	pid_t child = vfork();

	if (child == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	check(reap(child) == 0);
}

static int cloned(void *arg)
{
	(void)arg;
	repeat(10);
	return 7;
}

static void clone_vm(void)
{
	static char stack[65536] __attribute__((aligned(16)));

	check(reap(clone(cloned, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL)) == 7);
}

static void fork_here(void)
{
	pid_t child = fork();

	if (child)
		check(reap(child) == 3);
	else
		arguments = NULL; /* whoever returns without them is the child */
}

static void exec_again(void)
{
	execv("/proc/self/exe", arguments);
}

/* The one thing to be loaded has more bytes in the file than in memory. */
static void exec_doomed(void)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr load;
	} image;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), file = memfd_create("image", 0);

	check(pread(self, &image.header, sizeof(image.header), 0) == sizeof(image.header));
	image.header.e_type = ET_EXEC;
	image.header.e_phoff = sizeof(image.header);
	image.header.e_phnum = 1;
	image.load = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0x10000000, .p_filesz = 1};
	check(write(file, &image, sizeof(image)) == sizeof(image));
	say("unwound inside 3");
	fexecve(file, arguments, arguments + 3);
}

static void (*happens)(void);

NO_CLONES void inside(unsigned depth);
void inside(unsigned depth)
{
	if (depth > 1)
		inside(depth - 1);
	else
		happens();
	reached++;
	KEEP();
}

static void *inside_thread(void *arg)
{
	inside(3);
	return arg;
}

static void inside_each(void (*what)(void), unsigned depth, unsigned long n)
{
	happens = what;
	for (unsigned long i = 0; i < n; i++) {
		reached = 0;
		inside(depth);
		if (!arguments)
			_exit((int)reached);
		check(reached == depth);
		step();
	}
	expect("inside", depth * n);
}

/* ---- sandbox and debugger -------------------------------------------------------------------- */

#define ALLOW(nr)                                                                                  \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void sandbox(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_read),
		ALLOW(SYS_write),
		ALLOW(SYS_exit_group),
		ALLOW(SYS_rt_sigreturn),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	check(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	check(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static void in_sandbox(unsigned long n)
{
	char byte;
	int held = target_is_held();

	/*
	 * Before the filter is there: puts() may ask for memory, and fstat() for the kind of file.
	 */
	say(held ? "ready" : "alone");
	sandbox();
	if (held && read(STDIN_FILENO, &byte, 1) < 0)
		_exit(4);
	repeat(n);
	expect("step", n);
}

static void last_filter(char **command)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	check(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
	execv(command[0], command);
}

static void debug(pid_t child, unsigned long *stops)
{
	int status;

	check(waitpid(child, &status, 0) == child);
	while (WIFSTOPPED(status)) {
		++*stops;
		check(!ptrace(PTRACE_CONT, child, NULL, NULL));
		check(waitpid(child, &status, 0) == child);
	}
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void ptraced(unsigned long n)
{
	unsigned long stops = 0;
	pid_t child = fork();

	if (child == 0) {
		check(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		for (unsigned long i = 0; i < n; i++) {
			step();
			if (i % 10 == 0)
				raise(SIGTRAP);
		}
		_exit(0);
	}
	debug(child, &stops);
	expect("step", n);
	say("stops %lu", stops);
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, 2, 10);

	mode = argc > 1 ? argv[1] : "";
	arguments = argv;
	if (!strcmp(mode, "seccomp")) {
		in_sandbox(n);
		return 0;
	}
	if (!strcmp(mode, "again")) {
		repeat(n);
		expect("step", n);
		say("unwound inside 3");
		return 5;
	}
	if (!strcmp(mode, "last-filter")) {
		last_filter(argv + 2);
		return 127;
	}
	target_wait();
	if (!strcmp(mode, "vfork")) {
		inside_each(vfork_exec, 1, n);
		expect("step", n);
	} else if (!strcmp(mode, "clone")) {
		inside_each(clone_vm, 1, n);
		expect("step", n + 10 * n);
		say("steps %lu", steps);
	} else if (!strcmp(mode, "fork")) {
		inside_each(fork_here, 3, n);
		expect("step", n);
	} else if (!strcmp(mode, "exec") || !strcmp(mode, "takeover") || !strcmp(mode, "doomed")) {
		pthread_t thread;

		arguments = (char *[]){argv[0], (char *)"again", argv[2], NULL};
		happens = exec_again;
		if (!strcmp(mode, "doomed")) {
			happens = exec_doomed;
			repeat(n);
			expect("step", n);
		}
		if (!strcmp(mode, "exec"))
			inside(3);
		else if (!pthread_create(&thread, NULL, inside_thread, NULL))
			pthread_join(thread, NULL);
	} else if (!strcmp(mode, "ptraced")) {
		ptraced(n);
	} else {
		return 2;
	}
	return 0;
}
