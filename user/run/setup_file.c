// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/setup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"

#define FOLDER	   "rptrace"
#define NAME	   "screen"
#define PATIENCE   (500 * RP_NS_PER_MS)
#define ERRNO_MAX  133 /* an exit status holds it */
#define PATH_BYTES 4096

/* Whose file it is. */
struct owner {
	bool by_sudo; /* root runs it for somebody else */
	uid_t uid;
	gid_t gid;
	char base[PATH_BYTES]; /* empty: below the home that the system knows of */
	bool is_home;	       /* the base is one: .config comes below it */
};

struct rp_setup_file {
	struct owner owner;
	struct rp_setup kept, shown;
	char path[PATH_BYTES + 64]; /* as a user would type it */
	char problem[PATH_BYTES + 256];
};

/* ---- who and where -------------------------------------------------------------------------- */

static bool is_number(const char *text, unsigned *out)
{
	char *end;
	unsigned long value;

	if (!text || *text < '0' || *text > '9')
		return false;
	value = strtoul(text, &end, 10);
	*out = (unsigned)value;
	return !*end && value <= INT32_MAX;
}

static bool find_owner(struct rp_setup_file *file)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME"),
		   *user = getenv("SUDO_USER");
	struct owner *o = &file->owner;

	o->uid = geteuid();
	o->gid = getegid();
	o->by_sudo = !o->uid && user && is_number(getenv("SUDO_UID"), &o->uid) && o->uid &&
		     is_number(getenv("SUDO_GID"), &o->gid);
	if (o->by_sudo) {
		snprintf(file->path, sizeof(file->path), "~%s/.config/" FOLDER "/" NAME, user);
		return true;
	}
	o->uid = geteuid();
	o->is_home = !config || *config != '/';
	if (o->is_home)
		config = home;
	if (!config || *config != '/' || strlen(config) >= sizeof(o->base))
		return false;
	strcpy(o->base, config);
	snprintf(file->path, sizeof(file->path), "%s%s/" FOLDER "/" NAME, config,
		 o->is_home ? "/.config" : "");
	return true;
}

/* ---- in the child, which ends with an errno ------------------------------------------------- */

static int become(struct owner *o)
{
	const struct passwd *user;

	if (!o->by_sudo)
		return 0;
	user = getpwuid(o->uid);
	if (!user || *user->pw_dir != '/' || strlen(user->pw_dir) >= sizeof(o->base))
		return -ENOENT;
	strcpy(o->base, user->pw_dir);
	o->is_home = true;
	if (setgroups(1, &o->gid) || setresgid(o->gid, o->gid, o->gid) ||
	    setresuid(o->uid, o->uid, o->uid))
		return -errno;
	return 0;
}

/* A folder of the owner's in another one; the descriptor of that is closed. */
static int enter(int above, const char *name, const struct owner *o, bool create)
{
	struct stat st;
	int fd, rc;

	if (create && mkdirat(above, name, 0700) && errno != EEXIST) {
		rc = -errno;
		close(above);
		return rc;
	}
	fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	rc = fd < 0 ? -errno : fstat(fd, &st) ? -errno : st.st_uid != o->uid ? -EPERM : 0;
	close(above);
	if (rc && fd >= 0)
		close(fd);
	return rc ? rc : fd;
}

static int open_folder(struct owner *o, bool create)
{
	int rc = become(o), fd;

	if (rc)
		return rc;
	fd = open(o->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (o->is_home)
		fd = enter(fd, ".config", o, create);
	return fd < 0 ? fd : enter(fd, FOLDER, o, create);
}

static int copy(int from, int to)
{
	char text[RP_SETUP_BYTES];
	ssize_t n = read(from, text, sizeof(text));

	if (n < 0)
		return -errno;
	return write(to, text, (size_t)n) == n ? 0 : -EIO;
}

static int read_file(struct owner *o, int to)
{
	int folder = open_folder(o, false), fd;
	struct stat st;

	if (folder < 0)
		return folder;
	fd = openat(folder, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != o->uid || st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	return st.st_size < RP_SETUP_BYTES ? copy(fd, to) : -EFBIG;
}

/* Whole or not at all. */
static int write_file(struct owner *o, const char *text, size_t bytes)
{
	int folder = open_folder(o, true), fd, rc = 0;
	char name[64];

	if (folder < 0)
		return folder;
	snprintf(name, sizeof(name), NAME ".%d", (int)getpid());
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, text, bytes) != (ssize_t)bytes)
		rc = -EIO;
	if (close(fd) && !rc)
		rc = -errno;
	if (!rc && renameat(folder, name, folder, NAME))
		rc = -errno;
	if (rc)
		unlinkat(folder, name, 0);
	return rc;
}

/* ---- the child seen from rptrace ------------------------------------------------------------ */

/*
 * Start the child that writes `text` to the file, or where that is NULL reads the file and hands it
 * on.
 */
static pid_t start_child(const struct rp_setup_file *file, const char *text, int *answer)
{
	struct owner owner = file->owner;
	int ends[2], rc;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child) {
		rc = text ? write_file(&owner, text, strlen(text)) : read_file(&owner, ends[1]);
		_exit(-rc < ERRNO_MAX ? -rc : EIO);
	}
	rc = -errno;
	close(ends[1]);
	*answer = ends[0];
	if (child < 0)
		close(ends[0]);
	return child < 0 ? rc : child;
}

/* What the child says up to its end, within its time. -ETIMEDOUT, -errno. */
static int hear(int answer, char *text)
{
	uint64_t until = rp_clock__now() + PATIENCE, now;
	struct pollfd in = {.fd = answer, .events = POLLIN};
	size_t at = 0;

	while ((now = rp_clock__now()) < until) {
		ssize_t n;

		if (poll(&in, 1, (int)((until - now) / RP_NS_PER_MS) + 1) <= 0)
			continue;
		n = read(answer, text + at, RP_SETUP_BYTES - 1 - at);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n) {
			text[at] = '\0';
			return 0;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	return -ETIMEDOUT;
}

/* A child that waits for a file system may outlive the signal, and is not waited for. */
static int end_child(pid_t child, bool has_ended)
{
	int status;

	if (!has_ended)
		kill(child, SIGKILL);
	while (waitpid(child, &status, has_ended ? 0 : WNOHANG) < 0)
		if (errno != EINTR)
			return -errno;
	if (!has_ended)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static int run_child(const struct rp_setup_file *file, const char *to_write, char *text)
{
	int answer, rc;
	pid_t child = start_child(file, to_write, &answer);

	if (child < 0)
		return child;
	rc = hear(answer, text);
	close(answer);
	return end_child(child, !rc);
}

/* ---- a set-up ------------------------------------------------------------------------------- */

/* Why the file is not taken, or not written, in words for its user. */
static const char *reason(int rc)
{
	switch (rc) {
	case -ELOOP:
	case -ENOTDIR:
		return "there is a link on the way";
	case -EPERM:
		return "it is no plain file that is yours and that others cannot write";
	case -EINVAL:
		return "it is none that rptrace wrote";
	default:
		return strerror(-rc);
	}
}

static void leave_out_given(struct rp_setup *setup, const struct rp_opts *opts)
{
	static const struct {
		const char *option;
		enum rp_setup_item item;
	} given[] = {
		{"sort", RP_SETUP_SORT},       {"sort", RP_SETUP_ORDER},
		{"by", RP_SETUP_GROUP},	       {"tree", RP_SETUP_TREE},
		{"columns", RP_SETUP_COLUMNS}, {"columns", RP_SETUP_RECORD_COLUMNS},
	};

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		if (rp_opts__is_given(opts, given[i].option))
			setup->value[given[i].item][0] = '\0';
}

struct rp_setup_file *rp_setup_file__open(const struct rp_opts *opts)
{
	struct rp_setup_file *file;
	char text[RP_SETUP_BYTES];
	int rc;

	/* With file capabilities, a file in the user's home must not decide what rptrace does. */
	if (opts->no_setup || getauxval(AT_SECURE))
		return NULL;
	file = calloc(1, sizeof(*file));
	if (!file || !find_owner(file)) {
		free(file);
		return NULL;
	}
	rc = run_child(file, NULL, text);
	if (!rc)
		rc = rp_setup__parse(text, &file->kept);
	if (rc && rc != -ENOENT)
		snprintf(file->problem, sizeof(file->problem), "set-up not taken, as %s: rm %s",
			 reason(rc), file->path);
	file->shown = file->kept;
	leave_out_given(&file->shown, opts);
	return file;
}

void rp_setup_file__free(struct rp_setup_file *file)
{
	free(file);
}

const struct rp_setup *rp_setup_file__setup(const struct rp_setup_file *file)
{
	return file ? &file->shown : NULL;
}

const char *rp_setup_file__problem(const struct rp_setup_file *file)
{
	return file && file->problem[0] ? file->problem : NULL;
}

struct rp_setup *rp_setup_file__kept(struct rp_setup_file *file)
{
	return file ? &file->kept : NULL;
}

void rp_setup_file__write(const struct rp_setup_file *file, rp_say_fn say)
{
	char text[RP_SETUP_BYTES], nothing[RP_SETUP_BYTES], line[sizeof(file->problem)];
	int rc;

	rp_setup__print(&file->kept, text);
	rc = run_child(file, text, nothing);
	if (!rc)
		return;
	snprintf(line, sizeof(line), "the screen's set-up was not kept in %s: %s", file->path,
		 reason(rc));
	say(line, NULL);
}
