// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Files under probes, and whoever writes to them.
 *
 * The kernel puts a breakpoint where a site is, whatever the file holds there by the time that it
 * is mapped: in a file that is written anew it ends up in the midst of other code, and the program
 * breaks. So the probes have to be gone before anybody can map what is new.
 *
 * A lease on the file, fcntl(2), does that: who opens it for writing, or cuts it, has to wait until
 * the holder of the lease gives it back, which is as soon as the breakpoints are out, some
 * milliseconds later. Where rptrace is stopped the kernel takes the lease away by itself, after
 * /proc/sys/fs/lease-break-time. No lease is to be had where the file system has none, of files
 * that are not ours to open (rp_file__to_keep()), and on what somebody has open for writing
 * already; there inotify tells of each write, afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "discover/file.h"
#include "helper/restrict.h"
#include "targets/internal.h"
#include "util/array.h"

/* Ignored where it is not blocked: it harms nobody if it comes late. */
#define LEASE_SIGNAL SIGURG

/* Breakpoints are out long before, but the last call of a probed function may take any time. */
#define GIVE_BACK_S	  0.5
#define GIVE_BACK_AGAIN_S 0.002

#define LOOK_MS		  20
#define LOOKS_MAX	  50

static int add_to(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void rp_writers__open(struct rp_targets *t)
{
	struct rp_writers *w = &t->writers;
	sigset_t set;

	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	sigemptyset(&set);
	sigaddset(&set, LEASE_SIGNAL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (w->inotify >= 0)
		add_to(w->epoll, w->inotify);
	if (w->signals >= 0)
		add_to(w->epoll, w->signals);
}

static void give_back(int lease)
{
	/* Workers that close links have copies of the descriptor: to close it is not enough. */
	fcntl(lease, F_SETLEASE, F_UNLCK);
	close(lease);
}

void rp_writers__close(struct rp_targets *t)
{
	struct rp_writers *w = &t->writers;

	for (size_t i = 0; i < w->n_ended; i++)
		give_back(w->ended[i].fd);
	free(w->ended);
	if (w->signals >= 0)
		close(w->signals);
	if (w->inotify >= 0)
		close(w->inotify);
	if (w->epoll >= 0)
		close(w->epoll);
}

static void own_path(int fd, char *path, size_t size)
{
	snprintf(path, size, "/proc/self/fd/%d", fd);
}

static int watch(int inotify, int fd)
{
	char path[64];

	own_path(fd, path, sizeof(path));
	return inotify_add_watch(inotify, path, IN_MODIFY);
}

/*
 * A process that serves a file is asked whether we may read it, and may never answer: not us. What
 * is added to a descriptor that we share is there for us, too. 0: nobody watches it.
 */
static int watch_apart(struct rp_targets *t, int inotify, int fd)
{
	struct rp_writers *w = &t->writers;
	struct pollfd answer = {.events = POLLIN};
	int ends[2], wd = 0, looks = 0;
	pid_t pid;

	if (w->is_silent || pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return 0;
	pid = fork();
	if (!pid) {
		const int keep[] = {inotify, fd, ends[1]};

		/* It may be there for ever, and a pipe that it has open as well. */
		rp_restrict__descriptors(keep, 3);
		wd = watch(inotify, fd);
		_exit(write(ends[1], &wd, sizeof(wd)) != (ssize_t)sizeof(wd));
	}
	close(ends[1]);
	answer.fd = ends[0];
	while (pid > 0 && poll(&answer, 1, LOOK_MS) <= 0 && looks < LOOKS_MAX &&
	       !rp_targets__is_cancelled(t))
		looks += rp_proc__state("/proc", pid) != 'R'; /* it may wait for a CPU */
	if (pid < 0 || read(ends[0], &wd, sizeof(wd)) != (ssize_t)sizeof(wd)) {
		wd = 0;
		w->is_silent = looks == LOOKS_MAX;
	}
	if (pid > 0)
		rp_killed__add(&w->asked, pid);
	close(ends[0]);
	return wd;
}

bool rp_object__watch_writers(struct rp_targets *t, struct rp_object *o)
{
	struct rp_writers *w = &t->writers;
	bool is_handle = rp_file__is_handle(o->fd);
	char path[64];

	own_path(o->fd, path, sizeof(path));
	if (!o->watch && w->inotify >= 0)
		o->watch = is_handle ? watch_apart(t, w->inotify, o->fd) : watch(w->inotify, o->fd);
	if (o->lease || w->signals < 0 || is_handle)
		return o->lease;
	o->lease = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (o->lease >= 0 && !fcntl(o->lease, F_SETSIG, LEASE_SIGNAL) &&
	    !fcntl(o->lease, F_SETLEASE, F_RDLCK))
		return true;
	if (o->lease >= 0)
		close(o->lease);
	o->lease = 0;
	return false;
}

void rp_object__end_lease(struct rp_targets *t, struct rp_object *o)
{
	struct rp_writers *w = &t->writers;

	if (!o->lease)
		return;
	if (rp_array__fit(&w->ended, w->n_ended + 1, sizeof(*w->ended)))
		give_back(o->lease);
	else
		w->ended[w->n_ended++] = (struct rp_ended_lease){
			.fd = o->lease, .latest = rp_targets__now() + GIVE_BACK_S};
	o->lease = 0;
}

double rp_writers__end_leases(struct rp_targets *t, double now)
{
	struct rp_writers *w = &t->writers;
	bool detaching = w->n_ended && t->ops->is_detaching(t->session);
	size_t kept = 0;

	for (size_t i = 0; i < w->n_ended; i++) {
		if (detaching && now < w->ended[i].latest)
			w->ended[kept++] = w->ended[i];
		else
			give_back(w->ended[i].fd);
	}
	w->n_ended = kept;
	return kept ? now + GIVE_BACK_AGAIN_S : 0;
}

static bool is_asked_for(const struct rp_object *o)
{
	return o->lease && fcntl(o->lease, F_GETLEASE) != F_RDLCK;
}

static void drop_written(struct rp_targets *t, struct rp_object *o)
{
	if (o->users)
		t->ops->count_lost(t->session, RP_LOST_REWRITTEN);
	rp_object__drop(t, o);
}

void rp_writers__see(struct rp_targets *t)
{
	struct rp_writers *w = &t->writers;
	char buf[4096] __attribute__((aligned(8)));
	const struct inotify_event *event;
	struct signalfd_siginfo info;
	bool asked = false;
	ssize_t got;

	while (w->signals >= 0 && read(w->signals, &info, sizeof(info)) > 0)
		asked = true;
	for (size_t i = 0; asked && i < t->n_objects; i++)
		if (t->objects[i].fd >= 0 && is_asked_for(&t->objects[i]))
			drop_written(t, &t->objects[i]);
	while (w->inotify >= 0 && (got = read(w->inotify, buf, sizeof(buf))) > 0)
		for (const char *at = buf; at < buf + got; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)at;
			for (size_t i = 0; event->mask & IN_MODIFY && i < t->n_objects; i++)
				if (t->objects[i].fd >= 0 && t->objects[i].watch == event->wd)
					drop_written(t, &t->objects[i]);
		}
}

int rp_targets__fd(const struct rp_targets *t)
{
	return t->session ? t->writers.epoll : -1;
}
