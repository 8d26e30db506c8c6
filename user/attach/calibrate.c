// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/calibrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/session_internal.h"
#include "cpu_time.h"

#define CALLS 128 /* a round */

/* What is called: one region each, with the sites that their names say. */
enum { CALL, STEP, MARK, KINDS };

#if defined(__x86_64__)
#define FIRST_EMULATED "push %rbp\n\tpop %rbp\n\t"
#define FIRST_STEPPED  "lea 1(%rdi), %rax\n\t"
#define NOP_BYTES      1
#elif defined(__aarch64__)
#define FIRST_EMULATED "nop\n\t"
#define FIRST_STEPPED  "add x0, x0, #1\n\t"
#define NOP_BYTES      4
#endif

void rp_calibrate_call(void);
void rp_calibrate_step(void);
void rp_calibrate_mark(void);

__asm__(".text\n"
	".globl rp_calibrate_call\n"
	"rp_calibrate_call:\n\t" FIRST_EMULATED "ret\n"
	".globl rp_calibrate_step\n"
	"rp_calibrate_step:\n\t" FIRST_STEPPED "ret\n"
	".globl rp_calibrate_mark\n"
	"rp_calibrate_mark:\n\tnop\n\tnop\n\tret\n");

static void (*const calls[KINDS])(void) = {rp_calibrate_call, rp_calibrate_step, rp_calibrate_mark};

/* Twice: first without probes, then, once a byte came, with them. */
static _Noreturn void child(int in, int out)
{
	struct rp_cpu_time timing[KINDS];
	char byte;

	for (int pass = 0; pass < 2; pass++) {
		for (int k = 0; k < KINDS; k++)
			rp_cpu_time__measure(calls[k], CALLS, &timing[k]);
		if (write(out, timing, sizeof(timing)) != (ssize_t)sizeof(timing) ||
		    (!pass && read(in, &byte, 1) != 1))
			_exit(1);
	}
	_exit(0);
}

static void sites_of(struct rp_site *sites)
{
	memset(sites, 0, (KINDS + 1) * sizeof(*sites));
	for (int k = 0; k <= KINDS; k++) {
		int kind = k < KINDS ? k : MARK;

		sites[k].region = RP_REGION_CALIBRATE + kind;
		sites[k].role = kind == MARK ? RP_ROLE_BEGIN : RP_ROLE_CALL;
		sites[k].offset = rp_own_offset((const void *)calls[kind]);
	}
	sites[KINDS].role = RP_ROLE_END;
	sites[KINDS].offset += NOP_BYTES;
}

static int attach(struct rp_session *s, pid_t pid, struct rp_err *err)
{
	struct rp_site sites[KINDS + 1];
	struct rp_links_req req = {
		.pid = pid, .batch = RP_BATCHES_MAX - 1, .sites = sites, .n = KINDS + 1};
	int refused[KINDS + 1] = {0};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "/proc/self/exe: %s",
				   strerror(errno));
	sites_of(sites);
	req.fd = fd;
	rc = rp_links__new(s, &req, refused, &s->calibration, err);
	close(fd);
	return rc;
}

/* Mean ns on a CPU that the kernel measured for a region; 0: none. */
static double measured(const struct rp_session *s, uint32_t region)
{
	double cpu = 0, count = 0;

	for (uint32_t id = 1; id <= rp_session__nodes_used(s); id++) {
		uint32_t shards;
		const struct rp_figures *f = rp_session__figures(s, id, &shards);

		if (!f || rp_session__node(s, id)->region != region)
			continue;
		for (uint32_t i = 0; i < shards; i++) {
			cpu += (double)f[i].cpu;
			count += (double)f[i].count;
		}
	}
	return count ? cpu / count : 0;
}

static void conclude(const struct rp_session *s, const struct rp_cpu_time *bare,
		     const struct rp_cpu_time *probed, struct rp_costs *costs)
{
	struct rp_probe_cost cost[KINDS];

	for (int k = 0; k < KINDS; k++) {
		/* The odd round that was preempted weighs on both means alike. */
		double inside = measured(s, RP_REGION_CALIBRATE + k) * probed[k].median /
				(probed[k].mean > 0 ? probed[k].mean : 1);

		cost[k].whole = probed[k].median - bare[k].median;
		if (cost[k].whole < 0)
			cost[k].whole = 0;
		cost[k].inside = inside < cost[k].whole ? inside : cost[k].whole;
	}
	costs->call = cost[CALL];
	costs->mark = cost[MARK];
	costs->step = cost[STEP].whole - cost[CALL].whole;
	if (costs->step < 0)
		costs->step = 0;
}

static int measure(struct rp_session *s, pid_t pid, int in, int out, struct rp_costs *costs,
		   struct rp_err *err)
{
	struct rp_cpu_time bare[KINDS], probed[KINDS];
	int rc;

	if (read(in, bare, sizeof(bare)) != (ssize_t)sizeof(bare))
		return rp_err__set(err, RP_EXIT_FAILED, -EIO, NULL, "calibration failed");
	rc = attach(s, pid, err);
	if (!rc && rp_session__track(s, pid))
		rc = rp_err__set(err, RP_EXIT_FAILED, -ENOMEM, NULL, "out of memory");
	if (rc)
		return rc;
	if (write(out, "g", 1) != 1 || read(in, probed, sizeof(probed)) != (ssize_t)sizeof(probed))
		rc = rp_err__set(err, RP_EXIT_FAILED, -EIO, NULL, "calibration failed");
	if (!rc)
		conclude(s, bare, probed, costs);
	return rc;
}

int rp_calibrate(struct rp_session *s, struct rp_costs *costs, struct rp_err *err)
{
	int go[2], result[2], rc;
	pid_t pid;

	memset(costs, 0, sizeof(*costs));
	if (pipe2(go, O_CLOEXEC))
		return rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "no pipe: %s",
				   strerror(errno));
	if (pipe2(result, O_CLOEXEC)) {
		rc = rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "no pipe: %s", strerror(errno));
		close(go[0]);
		close(go[1]);
		return rc;
	}
	pid = fork();
	if (!pid) {
		close(go[1]);
		child(go[0], result[1]);
	}
	close(go[0]);
	close(result[1]);
	rc = pid < 0 ? rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "cannot fork: %s",
				   strerror(errno))
		     : measure(s, pid, result[0], go[1], costs, err);
	close(go[1]);
	close(result[0]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return rc;
}
