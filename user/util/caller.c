// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Open for the opposite use, so that reading from 0 and writing to 1 and 2 fail, as when closed. */
static const int wrong_way[] = {O_WRONLY, O_RDONLY, O_RDONLY};

bool rp_caller__open_standard_files(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest number that is free is this one. */
		if (open("/dev/null", wrong_way[fd]) != fd)
			return false;
	}
	return true;
}

int rp_caller__check(struct rp_err *err)
{
	char path[200], cure[sizeof(err->cure)]; /* which has the path twice */
	ssize_t len;

	if (getuid() == geteuid() && getgid() == getegid())
		return 0;
	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	if (len <= 0 || (size_t)len == sizeof(path) - 1)
		strcpy(path, "rptrace");
	snprintf(cure, sizeof(cure),
		 "sudo chmod ug-s '%s' && sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep '%s'",
		 path, path);
	return rp_err__set(err, RP_EXIT_DENIED, -EPERM, cure,
			   "rptrace is setuid or setgid: it would do for anybody what its owner "
			   "may");
}

/* ---- files ----------------------------------------------------------------------------------- */

struct capabilities {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

/* File capabilities are for tracing: they open no file that the caller may not open. */
static bool put_down(struct capabilities *held)
{
	struct capabilities none;

	held->header = (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
	if (!getuid() || syscall(SYS_capget, &held->header, held->data))
		return false;
	none = *held;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		none.data[i].effective = 0;
	return !syscall(SYS_capset, &none.header, none.data);
}

static void take_up(struct capabilities *held)
{
	syscall(SYS_capset, &held->header, held->data);
}

/* Who has called sudo, where rptrace runs under it. */
static bool find_sudo_user(uid_t *user)
{
	const char *uid = getenv("SUDO_UID");
	char *end;
	unsigned long id;

	if (getuid() || !uid || !*uid)
		return false;
	id = strtoul(uid, &end, 10);
	*user = (uid_t)id;
	return !*end && id < UINT_MAX;
}

/* Under sudo a new file belongs to who has called it. */
static int give_to_caller(int fd)
{
	const char *gid = getenv("SUDO_GID");
	uid_t uid;

	if (!find_sudo_user(&uid))
		return 0;
	return fchown(fd, uid, gid && *gid ? (gid_t)strtoul(gid, NULL, 10) : (gid_t)-1) ? -errno
											: 0;
}

/* O_NONBLOCK: a pipe without a reader is an error, and none is waited for. */
#define FLAGS (O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)

static int folder_of(const char *path, char folder[PATH_MAX])
{
	const char *end = strrchr(path, '/');

	if (!*path || (end && end - path >= PATH_MAX - 1))
		return *path ? -ENAMETOOLONG : -ENOENT;
	snprintf(folder, PATH_MAX, "%.*s", end ? (int)(end - path + 1) : 1, end ? path : ".");
	return 0;
}

/* Bytes that a summary or the first blocks of a record may take. */
#define LEAST_ROOM (UINT64_C(64) << 10)

/* Bytes that this user may still write. Where file systems do not say, there is room. */
static uint64_t room_of(const struct statvfs *fs)
{
	uint64_t blocks = geteuid() ? fs->f_bavail : fs->f_bfree, bytes;

	if (!fs->f_blocks || __builtin_mul_overflow(blocks, (uint64_t)fs->f_frsize, &bytes))
		return UINT64_MAX;
	return bytes;
}

/* For a file that is new. */
static uint64_t room_beside(const char *path)
{
	char folder[PATH_MAX];
	struct statvfs fs;

	return folder_of(path, folder) || statvfs(folder, &fs) ? UINT64_MAX : room_of(&fs);
}

/* For one that is there, and gives back what it has when it is emptied. */
static bool has_room(int fd)
{
	uint64_t given_back;
	struct statvfs fs;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || fstatvfs(fd, &fs))
		return true;
	given_back = (uint64_t)st.st_blocks * 512;
	return given_back >= LEAST_ROOM || room_of(&fs) >= LEAST_ROOM - given_back;
}

/* root may do everything in any case. */
static bool is_trusted(uid_t uid)
{
	uid_t user;

	return !uid || uid == geteuid() || (find_sudo_user(&user) && uid == user);
}

/*
 * What lies where others can put files may be a trap. Its owner reads what is written to it, so
 * that no secret goes there, and in a folder for everybody, such as /tmp, nothing at all; and a
 * second name of a file is a link as good as any other. The kernel refuses much of this, too, but
 * not where fs.protected_regular, _fifos and _hardlinks are off.
 */
static bool is_trap(int fd, const char *path, bool secret)
{
	char name[PATH_MAX];
	struct stat file, folder;
	bool for_all;

	if (fstat(fd, &file) || folder_of(path, name) || stat(name, &folder))
		return true;
	if (!S_ISREG(file.st_mode) && !S_ISFIFO(file.st_mode))
		return false;
	for_all = folder.st_mode & S_IWOTH;
	if (!is_trusted(file.st_uid))
		return for_all || secret;
	return file.st_nlink > 1 && (for_all || !is_trusted(folder.st_uid));
}

/* Nobody but its owner may read it from now on; what is no file has no such mode to set. */
static int make_secret(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	return fchmod(fd, st.st_mode & 0700) ? -errno : 0;
}

static int create_new(const char *path, bool secret)
{
	struct stat st;
	int fd, rc;

	if (lstat(path, &st) && room_beside(path) < LEAST_ROOM)
		return -ENOSPC;
	fd = open(path, FLAGS | O_CREAT | O_EXCL, secret ? 0600 : 0644);
	rc = fd < 0 ? -errno : give_to_caller(fd);
	if (rc && fd >= 0)
		close(fd);
	return rc ? rc : fd;
}

static int create(const char *path, bool secret)
{
	int fd = create_new(path, secret), rc;

	if (fd != -EEXIST)
		return fd;
	fd = open(path, FLAGS);
	if (fd < 0)
		return -errno;
	rc = is_trap(fd, path, secret) ? -EACCES : has_room(fd) ? 0 : -ENOSPC;
	if (!rc && secret)
		rc = make_secret(fd);
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

const char *rp_caller__refusal(const char *path, int code, char *text, size_t size)
{
	struct stat st;
	uint64_t room;

	if (code == -ENOSPC && (room = room_beside(path)) < LEAST_ROOM) {
		snprintf(text, size,
			 "%" PRIu64 " KiB are free there, and what is written takes %" PRIu64
			 " KiB or more",
			 room >> 10, LEAST_ROOM >> 10);
		return text;
	}
	if ((code != -EACCES && code != -ELOOP) || lstat(path, &st))
		return strerror(-code);
	if (S_ISLNK(st.st_mode))
		return "it is a link, through which nothing is written";
	if (is_trusted(st.st_uid))
		return st.st_nlink > 1 ? "it is there already, and has another name, too"
				       : strerror(-code);
	snprintf(text, size,
		 "it is there already, and belongs to user %u, who would get at what is written",
		 st.st_uid);
	return text;
}

static int standard_stream(const char *path)
{
	if (!strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	return -EINVAL;
}

static int open_to_read(const char *path, bool secret)
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	(void)secret;
	return fd < 0 ? -errno : fd;
}

/* secret: of what may make a file. */
static int as_caller(int (*call)(const char *path, bool secret), const char *path, bool secret)
{
	struct capabilities held;
	bool has_put_down = put_down(&held);
	int rc = call(path, secret);

	if (has_put_down)
		take_up(&held);
	return rc;
}

static int open_as_caller(int (*opening)(const char *path, bool secret), const char *path,
			  bool secret)
{
	int fd = as_caller(opening, path, secret);

	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

int rp_caller__create(const char *path, bool secret)
{
	int fd = standard_stream(path);

	if (fd < 0)
		return open_as_caller(create, path, secret);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

int rp_caller__create_new(const char *path)
{
	return open_as_caller(create_new, path, false);
}

int rp_caller__open(const char *path)
{
	return open_as_caller(open_to_read, path, false);
}

static int look_at_folder(const char *path, bool secret)
{
	char folder[PATH_MAX];
	int rc = folder_of(path, folder);

	(void)secret;
	if (rc)
		return rc;
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS))
		return -errno;
	return room_beside(path) < LEAST_ROOM ? -ENOSPC : 0;
}

int rp_caller__may_create(const char *path)
{
	return as_caller(look_at_folder, path, true);
}

static int remove_file(const char *path, bool secret)
{
	(void)secret;
	return unlink(path) ? -errno : 0;
}

int rp_caller__remove(const char *path)
{
	return as_caller(remove_file, path, true);
}

int rp_caller__replace(const char *from, const char *to)
{
	struct capabilities held;
	bool has_put_down = put_down(&held);
	int rc = rename(from, to) ? -errno : 0;

	if (has_put_down)
		take_up(&held);
	return rc;
}

bool rp_caller__is_file(int fd, const char *path)
{
	struct stat file, other;

	return !fstat(fd, &file) && !stat(path, &other) && S_ISREG(file.st_mode) &&
	       file.st_dev == other.st_dev && file.st_ino == other.st_ino;
}

int rp_caller__empty(int fd, const char *path)
{
	struct stat st;

	if (standard_stream(path) >= 0 || (!fstat(fd, &st) && !S_ISREG(st.st_mode)))
		return 0;
	return ftruncate(fd, 0) ? -errno : 0;
}
