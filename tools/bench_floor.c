// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * bench_floor session|return|probe PID FILE SITE...: an empty BPF program on these sites of one
 * process, until standard input ends. What a hit costs then is what the kernel takes: no tracer can
 * cost less. bench_floor clock PID HZ: the same at a clock of the process's CPU time, as samples
 * have it; of its main thread.
 *
 *   session   entry and return of functions in one program
 *   return    a program at their entry, another at their return
 *   probe     a program at the site alone
 *
 * SITE: a file offset, or OFFSET/SEMAPHORE, its file offset as well; 0x for hexadecimal. Prints
 * "ready" once attached.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/uprobe_multi.h"

struct floor_sites {
	uint64_t *offsets, *semaphores;
	uint32_t n;
};

static bool parse_number(char **at, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(*at, &end, 0);
	if (end == *at || errno)
		return false;
	*at = end;
	return true;
}

static bool parse_sites(struct floor_sites *sites, char **words, uint32_t n)
{
	sites->offsets = calloc(n, sizeof(*sites->offsets));
	sites->semaphores = calloc(n, sizeof(*sites->semaphores));
	if (!sites->offsets || !sites->semaphores)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		char *at = words[i];

		if (!parse_number(&at, &sites->offsets[i]))
			return false;
		if (*at == '/') {
			at++;
			if (!parse_number(&at, &sites->semaphores[i]))
				return false;
		}
		if (*at)
			return false;
	}
	sites->n = n;
	return true;
}

static int load_empty(enum bpf_prog_type type, uint32_t attach_type)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(type, "bench_floor", "GPL", insns, sizeof(insns) / sizeof(insns[0]),
			     &opts);
}

/* The link lives as long as this program: nothing closes it before. */
static int attach(const struct floor_sites *sites, const char *file, uint32_t pid, uint32_t type,
		  bool is_return)
{
	struct rp_uprobe_multi req = {
		.prog_fd = load_empty(BPF_PROG_TYPE_KPROBE, type),
		.attach_type = type,
		.path = file,
		.offsets = sites->offsets,
		.semaphores = sites->semaphores,
		.n = sites->n,
		.pid = pid,
		.is_return = is_return,
	};
	int rc = req.prog_fd < 0 ? req.prog_fd : rp_uprobe_multi__link(&req);

	if (rc >= 0)
		return 0;
	fprintf(stderr, "bench_floor: %s: %s\n", file, strerror(-rc));
	return rc;
}

static int attach_clock(uint32_t pid, uint64_t hz)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_period = 1000000000 / hz,
	};
	int program = load_empty(BPF_PROG_TYPE_PERF_EVENT, 0);
	int fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (program >= 0 && fd >= 0 && !ioctl(fd, PERF_EVENT_IOC_SET_BPF, program))
		return 0;
	perror("bench_floor: clock");
	return 1;
}

static int attach_sites(const char *kind, uint32_t pid, const char *file,
			const struct floor_sites *sites)
{
	uint32_t type = RP_BPF_TRACE_UPROBE_MULTI;

	if (!strcmp(kind, "session"))
		type = RP_BPF_TRACE_UPROBE_SESSION;
	if (attach(sites, file, pid, type, false))
		return 1;
	return strcmp(kind, "return") ? 0 : attach(sites, file, pid, type, true);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	uint32_t pid = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	uint64_t hz = argc == 4 && !strcmp(kind, "clock") ? strtoull(argv[3], NULL, 10) : 0;
	struct floor_sites sites = {0};
	char byte;

	if (!hz && (argc < 5 || !parse_sites(&sites, argv + 4, argc - 4))) {
		fputs("usage: bench_floor session|return|probe PID FILE SITE...\n"
		      "       bench_floor clock PID HZ\n",
		      stderr);
		return 2;
	}
	if (hz ? attach_clock(pid, hz) : attach_sites(kind, pid, argv[3], &sites))
		return 1;
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
