// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "helper/helper.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/internal.h"
#include "util/clock.h"
#include "util/cpu_time.h"

/* The helper stops by itself at the budget of a file (discover/file.h); this is for what does not
 * ask. */
#define CPU_MAX_NS  (20 * RP_NS_PER_S)
#define IDLE_MAX_NS (5 * RP_NS_PER_S)
#define LOOK_MS	    20

/* ---- the process ----------------------------------------------------------------------------- */

void rp_helper__end(struct rp_helper *h)
{
	if (!h->pid)
		return;
	rp_killed__add(&h->killed, h->pid);
	close(h->socket);
	h->pid = 0;
}

static bool start(struct rp_helper *h)
{
	pid_t parent = getpid();
	int ends[2];

	if (h->pid)
		return true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return false;
	h->pid = fork();
	if (!h->pid)
		rp_helper__serve(ends[1], parent);
	close(ends[1]);
	h->socket = ends[0];
	if (h->pid < 0) {
		close(h->socket);
		h->pid = 0;
	}
	return h->pid;
}

struct rp_helper *rp_helper__new(bool (*is_cancelled)(void))
{
	struct rp_helper *h = calloc(1, sizeof(*h));

	if (h) {
		h->is_cancelled = is_cancelled;
		start(h);
	}
	return h;
}

void rp_helper__stop_when(struct rp_helper *h, bool (*is_cancelled)(void))
{
	if (h)
		h->is_cancelled = is_cancelled;
}

void rp_helper__free(struct rp_helper *h)
{
	if (!h)
		return;
	rp_helper__end(h);
	free(h->silent_devices);
	free(h->silent_owners);
	free(h->silent_processes);
	free(h);
}

pid_t rp_helper__pid(const struct rp_helper *h)
{
	return h ? h->pid : 0;
}

const char *rp_helper__why(const struct rp_helper *h)
{
	return h ? h->why : NULL;
}

uint64_t rp_helper__spent(const struct rp_helper *h)
{
	return h ? h->spent : 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* 0 when there is an answer; -EIO, and why there will be none; -EINTR. */
static int await(struct rp_helper *h)
{
	struct pollfd answer = {.fd = h->socket, .events = POLLIN};
	uint64_t begin = rp_cpu_time__process(h->pid), last = begin, since = rp_clock__now();
	bool has_come = false;
	int rc = 0;

	while (!rc && !has_come) {
		uint64_t cpu, now;

		has_come = poll(&answer, 1, LOOK_MS) > 0;
		cpu = rp_cpu_time__process(h->pid); /* 0: it has died */
		h->spent += cpu > last ? cpu - last : 0;
		now = rp_clock__now();
		/* A helper that waits for a CPU, on a busy machine, is not idle. */
		if (cpu != last || rp_proc__state("/proc", h->pid) == 'R')
			since = now;
		last = cpu;
		if (has_come)
			break;
		if (h->is_cancelled && h->is_cancelled()) {
			rc = -EINTR;
		} else if (cpu > begin + CPU_MAX_NS) {
			h->why = RP_HELPER_WHY_CPU;
			rc = -EIO;
		} else if (now > since + IDLE_MAX_NS) {
			rp_helper__look_at_sleep(h);
			h->why = RP_HELPER_WHY_IDLE;
			h->spent += IDLE_MAX_NS;
			rc = -EIO;
		}
	}
	return rc;
}

static void hang_up(struct rp_helper *h, int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	rp_helper__end(h);
}

/* 0: there is an answer. */
static int ask_once(struct rp_helper *h, int file, int *fd)
{
	const ssize_t least = offsetof(struct rp_helper_reply, piece);
	ssize_t got;
	int rc;

	h->why = NULL;
	if (!start(h)) {
		h->why = RP_HELPER_WHY_NO_FORK;
		return -EIO;
	}
	/* One that has died meanwhile does not take it. */
	got = rp_helper_message__send(h->socket, &h->request, sizeof(h->request), file) ? 0
											: -EPIPE;
	rc = got ? 0 : await(h);
	if (rc)
		return rc;
	if (!got)
		got = rp_helper_message__receive(h->socket, &h->reply, sizeof(h->reply), fd);
	if (got == -EMFILE)
		return -EMFILE;
	if (got < least)
		h->why = RP_HELPER_WHY_DIED;
	else if (got != least + (ssize_t)h->reply.size || h->reply.rc > 0 ||
		 (h->reply.rc && *fd >= 0))
		h->why = RP_HELPER_WHY_NONSENSE;
	return h->why ? -EIO : 0;
}

int rp_helper__ask(struct rp_helper *h, enum rp_helper_what what, int file, int *fd)
{
	int rc = -EIO;

	*fd = -1;
	h->request.what = what;
	h->why = NULL;
	if (h->is_cancelled && h->is_cancelled())
		return -EINTR;
	for (unsigned tries = 0; rc && tries < 2; tries++) {
		rc = ask_once(h, file, fd);
		if (rc == -EMFILE) /* of ours: it has answered */
			break;
		if (rc)
			hang_up(h, fd);
		if (!rc || rc == -EINTR || strcmp(h->why, RP_HELPER_WHY_DIED))
			break;
	}
	return rc;
}
