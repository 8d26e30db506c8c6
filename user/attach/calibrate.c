// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What a probe costs differs by an order of magnitude between machines and kinds of sites, so it is
 * measured: a child of rptrace's own calls three tiny functions, first without probes, then with
 * probes of the very programs and links that the run uses.
 *
 *   rp_calibrate_call   entry and return of a function, at an instruction the kernel emulates
 *   rp_calibrate_step   the same at an instruction that the kernel has to single-step
 *   rp_calibrate_mark   a pair of markers
 *
 * `whole` is what a region takes longer with its probes: the child's own timing, after less before.
 * `inside` is the part of it that falls between the two readings of the clock, and so into the
 * time that is reported for the region: as the functions do nothing, that is all the kernel's
 * figures show for them. The regions carry ids that are never shown (RP_REGION_CALIBRATE).
 */
#include "attach/calibrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/session_internal.h"
#include "attach/worker.h"
#include "util/cpu_time.h"

#define CALLS	  16 /* a round */
#define PERIOD_NS 10000000000ull

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

struct rp_calibration {
	struct rp_session *session;
	struct rp_links *links;
	pid_t pid;
	int child; /* socket: a byte asks for a pass, its timing is the answer */
	bool asked;
	uint64_t next; /* when to ask again */
	struct rp_cpu_time bare[KINDS];
	struct {
		double cpu, count;
	} seen[KINDS];			 /* by the kernel, up to the last pass */
	struct rp_probe_cost sum[KINDS]; /* over the passes */
	unsigned passes;
};

/* A pass without probes, and one with them whenever a byte comes. */
static _Noreturn void child(int parent)
{
	struct rp_cpu_time timing[KINDS];
	char byte;

	/* A link is detached when its last descriptor is closed: keep no copies here. */
	rp_worker__keep_files(parent, parent);
	do {
		for (int k = 0; k < KINDS; k++)
			rp_cpu_time__measure(calls[k], CALLS, &timing[k]);
	} while (send(parent, timing, sizeof(timing), MSG_NOSIGNAL) == (ssize_t)sizeof(timing) &&
		 recv(parent, &byte, 1, 0) == 1);
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

static int attach(struct rp_calibration *c, struct rp_err *err)
{
	struct rp_site sites[KINDS + 1];
	struct rp_links_req req = {.pid = c->pid, .sites = sites, .n = KINDS + 1};
	int refused[KINDS + 1] = {0};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "/proc/self/exe: %s",
				   strerror(errno));
	sites_of(sites);
	req.fd = fd;
	rc = rp_links__new(c->session, &req, refused, &c->links, err);
	if (!rc)
		rp_links__start(c->links);
	close(fd);
	return rc;
}

/* Mean ns on a CPU that the kernel measured for a kind's region in the last pass; 0: none. */
static double measured(struct rp_calibration *c, int kind)
{
	double cpu = 0, count = 0, mean;

	for (uint32_t id = 1; id <= rp_session__nodes_used(c->session); id++) {
		uint32_t shards;
		const struct rp_figures *f = rp_session__figures(c->session, id, &shards);

		if (!f || rp_session__node(c->session, id)->region != RP_REGION_CALIBRATE + kind)
			continue;
		for (uint32_t i = 0; i < shards; i++) {
			cpu += (double)f[i].cpu;
			count += (double)f[i].count;
		}
	}
	mean = count > c->seen[kind].count
		       ? (cpu - c->seen[kind].cpu) / (count - c->seen[kind].count)
		       : 0;
	c->seen[kind].cpu = cpu;
	c->seen[kind].count = count;
	return mean;
}

static double at_least_0(double ns)
{
	return ns > 0 ? ns : 0;
}

/* Costs vary with what else the machine does, so they are means over all passes. */
static void conclude(struct rp_calibration *c, const struct rp_cpu_time *probed,
		     struct rp_costs *costs)
{
	struct rp_probe_cost mean[KINDS];

	c->passes++;
	for (int k = 0; k < KINDS; k++) {
		/*
		 * The kernel gives a mean, which a preempted round spoils; the child's timing
		 * has the median beside the mean, and their ratio corrects for that.
		 */
		double inside = measured(c, k) * probed[k].median /
				(probed[k].mean > 0 ? probed[k].mean : 1);
		double whole = at_least_0(probed[k].median - c->bare[k].median);

		c->sum[k].whole += whole;
		c->sum[k].inside += inside < whole ? inside : whole;
		mean[k].whole = c->sum[k].whole / c->passes;
		mean[k].inside = c->sum[k].inside / c->passes;
	}
	*costs = rp_costs__of(mean[CALL], mean[MARK], mean[STEP]);
}

static bool ask(struct rp_calibration *c)
{
	return send(c->child, "g", 1, MSG_NOSIGNAL) == 1;
}

static bool take(struct rp_calibration *c, struct rp_cpu_time *timing, int flags)
{
	ssize_t size = KINDS * sizeof(*timing);

	return recv(c->child, timing, size, flags) == size;
}

static int start_child(struct rp_calibration *c, struct rp_err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "no socket: %s",
				   strerror(errno));
	c->child = ends[0];
	c->pid = fork();
	if (!c->pid)
		child(ends[1]);
	close(ends[1]);
	return c->pid > 0 ? 0
			  : rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "cannot fork: %s",
					strerror(errno));
}

static int first_pass(struct rp_calibration *c, struct rp_costs *costs, struct rp_err *err)
{
	struct rp_cpu_time probed[KINDS];
	int rc = start_child(c, err);

	if (rc)
		return rc;
	if (!take(c, c->bare, 0))
		return rp_err__set(err, RP_EXIT_FAILED, -EIO, NULL, "calibration failed");
	rc = attach(c, err);
	if (rc)
		return rc;
	if (rp_session__track_own(c->session, c->pid))
		return rp_err__no_memory(err);
	if (!ask(c) || !take(c, probed, 0))
		return rp_err__set(err, RP_EXIT_FAILED, -EIO, NULL, "calibration failed");
	conclude(c, probed, costs);
	return 0;
}

int rp_calibration__new(struct rp_session *s, struct rp_calibration **out, struct rp_costs *costs,
			struct rp_err *err)
{
	struct rp_calibration *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return rp_err__no_memory(err);
	c->session = s;
	c->child = -1;
	rc = first_pass(c, costs, err);
	if (rc)
		rp_calibration__free(c);
	else
		*out = c;
	return rc;
}

void rp_calibration__update(struct rp_calibration *c, uint64_t now, struct rp_costs *costs)
{
	struct rp_cpu_time probed[KINDS];

	if (!c)
		return;
	if (!c->next)
		c->next = now + PERIOD_NS;
	if (c->asked && take(c, probed, MSG_DONTWAIT)) {
		c->asked = false;
		conclude(c, probed, costs);
	}
	if (!c->asked && now >= c->next) {
		c->next = now + PERIOD_NS;
		rp_session__compare_clocks(c->session);
		c->asked = ask(c);
	}
}

void rp_calibration__free(struct rp_calibration *c)
{
	if (!c)
		return;
	if (c->child >= 0)
		close(c->child);
	if (c->pid > 0)
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	rp_links__free(c->links);
	free(c);
}
