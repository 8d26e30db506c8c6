// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "opts/command_line.h"
#include "util/program.h"

struct rp_launch {
	pid_t pid;
	int go;	    /* a byte here releases the child; closing it without one ends the child */
	int failed; /* the child's errno comes from here, or end of file once exec has worked */
	char *path;
	const char *name;
};

/* What there is at the path, or at what of it is there. */
static const char *look_at(struct rp_command_line *line, const char *path)
{
	char there[PATH_MAX], *slash;

	snprintf(there, sizeof(there), "%s", path);
	while (access(there, F_OK) && (slash = strrchr(there, '/')))
		slash[slash == there] = '\0';
	*line = (struct rp_command_line){0};
	rp_command_line__add(line, "ls");
	rp_command_line__add(line, "-l");
	rp_command_line__add(line, access(there, F_OK) ? "." : there);
	return line->fits ? line->text : "printenv PATH";
}

/* What is found in PATH has a path of its own. */
static int run_error(const struct rp_launch *l, int errnum, struct rp_err *err)
{
	struct rp_command_line line = {0};
	const char *cure = l->path ? look_at(&line, l->path) : "printenv PATH";

	if (errnum != ENOENT)
		return rp_err__set(err, RP_EXIT_CANNOT_RUN, -errnum, cure, "%s cannot be run: %s",
				   l->name, strerror(errnum));
	return rp_err__set(err, RP_EXIT_NOT_FOUND, -errnum, cure, "%s: %s", l->name,
			   l->path && !access(l->path, F_OK) ? "its interpreter is not there"
							     : "no such command");
}

/* The file that was found: the one that is probed, whatever PATH has become. */
static _Noreturn void child(const struct rp_launch_opts *opts, const char *path, int go, int failed)
{
	char byte;
	int errnum;

	if (opts->mask)
		sigprocmask(SIG_SETMASK, opts->mask, NULL);
	if (read(go, &byte, 1) != 1)
		_exit(RP_EXIT_CANNOT_RUN);
	if (opts->limits)
		rp_limits__restore(opts->limits);
	errnum = opts->user ? -rp_user__become(opts->user) : 0;
	if (!errnum) {
		execvp(path, opts->argv);
		errnum = errno;
	}
	/* The parent tells by what it reads here, or by nothing if it is gone. */
	_exit(write(failed, &errnum, sizeof(errnum)) < 0 ? RP_EXIT_FAILED : RP_EXIT_CANNOT_RUN);
}

static void close_pipe(int ends[2])
{
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
}

static int start_child(struct rp_launch *l, const struct rp_launch_opts *opts, struct rp_err *err)
{
	int go[2] = {-1, -1}, failed[2] = {-1, -1}, rc = 0;

	if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC)) {
		rc = rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "no pipe: %s", strerror(errno));
		goto out;
	}
	l->pid = fork();
	if (!l->pid) {
		close(go[1]);
		child(opts, l->path, go[0], failed[1]);
	}
	if (l->pid < 0) {
		l->pid = 0;
		rc = rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "cannot fork: %s",
				 strerror(errno));
		goto out;
	}
	l->go = go[1];
	l->failed = failed[0];
	go[1] = failed[0] = -1;
out:
	close_pipe(go);
	close_pipe(failed);
	return rc;
}

int rp_launch__new(const struct rp_launch_opts *opts, struct rp_launch **out, const char **path,
		   struct rp_err *err)
{
	struct rp_launch *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return rp_err__no_memory(err);
	l->go = l->failed = -1;
	l->name = opts->argv[0];
	rc = rp_program__find(l->name, &l->path);
	rc = rc ? run_error(l, -rc, err) : start_child(l, opts, err);
	if (rc) {
		rp_launch__free(l);
		return rc;
	}
	*path = l->path;
	*out = l;
	return 0;
}

pid_t rp_launch__pid(const struct rp_launch *l)
{
	return l->pid;
}

int rp_launch__release(struct rp_launch *l, struct rp_err *err)
{
	int errnum = 0;
	ssize_t got;

	got = write(l->go, "g", 1);
	close(l->go);
	l->go = -1;
	do
		got = read(l->failed, &errnum, sizeof(errnum));
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(errnum)) {
		rp_launch__wait(l);
		return run_error(l, errnum, err);
	}
	return 0;
}

bool rp_launch__has_ended(const struct rp_launch *l)
{
	siginfo_t info = {0};

	return l->pid && !waitid(P_PID, (id_t)l->pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid;
}

int rp_launch__wait(struct rp_launch *l)
{
	pid_t pid = l->pid;
	int status = 0;

	if (!pid)
		return 0;
	if (l->go >= 0) /* the child reads end of file and exits */
		close(l->go);
	l->go = -1;
	l->pid = 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return RP_EXIT_FAILED;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void rp_launch__free(struct rp_launch *l)
{
	if (!l)
		return;
	if (l->go >= 0)
		rp_launch__wait(l);
	if (l->failed >= 0)
		close(l->failed);
	free(l->path);
	free(l);
}
