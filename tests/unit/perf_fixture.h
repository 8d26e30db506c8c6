/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * perf events that are files in memory: what the kernel was asked for, and what it refuses.
 * syscall(2) and ioctl(2) are those of this file; but for events they are libc's.
 */
#ifndef RP_TEST_PERF_FIXTURE_H
#define RP_TEST_PERF_FIXTURE_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define FAKE_EVENTS	 512
#define FAKE_EVENT_BYTES (1l << 20)

struct fake_event {
	struct perf_event_attr attr;
	pid_t pid; /* or a thread, or -1: all */
	int cpu, group, fd;
	unsigned long flags;
	int program;	 /* that it runs; 0: none */
	uint64_t period; /* set since */
};

static struct {
	struct fake_event event[FAKE_EVENTS];
	size_t n;
	int refuses;	/* errno, of events ... */
	size_t refused; /* ... by their number, from 1 on; 0: of all */
	size_t asked;
	int refuses_program; /* errno */
	/* bpf(2): the last command, with its attributes. */
	long command;
	uint64_t bpf_attr[16];
	size_t bpf_bytes;
	int refuses_bpf; /* errno */
} fake_perf;

static inline void forget_events(void)
{
	memset(&fake_perf, 0, sizeof(fake_perf));
}

static inline bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static inline size_t open_events(void)
{
	size_t n = 0;

	for (size_t i = 0; i < fake_perf.n; i++)
		n += is_open(fake_perf.event[i].fd);
	return n;
}

static inline long fake_perf_event(const struct perf_event_attr *attr, const long *args)
{
	struct fake_event *e = &fake_perf.event[fake_perf.n];

	fake_perf.asked++;
	if (fake_perf.refuses && (!fake_perf.refused || fake_perf.refused == fake_perf.asked)) {
		errno = fake_perf.refuses;
		return -1;
	}
	if (fake_perf.n == FAKE_EVENTS) {
		errno = EMFILE;
		return -1;
	}
	*e = (struct fake_event){.attr = *attr,
				 .pid = (pid_t)args[1],
				 .cpu = (int)args[2],
				 .group = (int)args[3],
				 .flags = (unsigned long)args[4],
				 .fd = memfd_create("event", MFD_CLOEXEC)};
	if (e->fd < 0 || ftruncate(e->fd, FAKE_EVENT_BYTES))
		return -1;
	fake_perf.n++;
	return e->fd;
}

static inline long fake_bpf(const long *args)
{
	fake_perf.command = args[0];
	fake_perf.bpf_bytes = (size_t)args[2];
	memcpy(fake_perf.bpf_attr, (const void *)args[1],
	       fake_perf.bpf_bytes < sizeof(fake_perf.bpf_attr) ? fake_perf.bpf_bytes
								: sizeof(fake_perf.bpf_attr));
	if (fake_perf.refuses_bpf) {
		errno = fake_perf.refuses_bpf;
		return -1;
	}
	return memfd_create("link", MFD_CLOEXEC);
}

/* Takes as many arguments as any has, like libc: of most there are fewer. */
__attribute__((no_sanitize("address"))) long syscall(long number, ...)
{
	static long (*libc)(long, ...);
	long args[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_perf_event_open)
		return fake_perf_event((const void *)args[0], args);
	if (number == SYS_bpf)
		return fake_bpf(args);
	if (!libc)
		libc = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	return libc(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*libc)(int, unsigned long, ...);
	struct fake_event *e = NULL;
	va_list list;
	void *arg;

	va_start(list, request);
	arg = va_arg(list, void *);
	va_end(list);
	for (size_t i = 0; i < fake_perf.n && !e; i++)
		if (fake_perf.event[i].fd == fd)
			e = &fake_perf.event[i];
	if (e && request == PERF_EVENT_IOC_SET_BPF) {
		errno = fake_perf.refuses_program;
		e->program = (int)(intptr_t)arg;
		return fake_perf.refuses_program ? -1 : 0;
	}
	if (e && request == PERF_EVENT_IOC_PERIOD) {
		memcpy(&e->period, arg, sizeof(e->period));
		return 0;
	}
	if (!libc)
		libc = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	return libc(fd, request, arg);
}

#endif
