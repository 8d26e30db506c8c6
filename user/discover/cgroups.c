// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/kernel_file.h"
#include "util/table.h"

#define FILEID_KERNFS 0xfe /* of <linux/exportfs.h>: the handle is the number */
#define DELETED	      " (deleted)"

struct cgroup {
	uint64_t id;
	uint64_t same;
	char name[RP_CGROUP_NAME_LEN];
	char *path;
	UT_hash_handle hh;
};

struct rp_cgroups {
	char proc_root[64];
	char *mount;
	int mount_fd;
	struct cgroup *known;
};

/* The mount point in a line of mountinfo, if it is of the hierarchy: "... 4th 5th ... - type" */
static char *mount_point(const char *line)
{
	const char *type = strstr(line, " - ");
	char *point;

	if (!type || strncmp(type, " - cgroup2 ", strlen(" - cgroup2 ")))
		return NULL;
	return sscanf(line, "%*s %*s %*s %*s %ms", &point) == 1 ? point : NULL;
}

static char *find_mount(const char *proc_root)
{
	char path[PATH_MAX], *point = NULL;
	struct rp_line_reader mounts;

	snprintf(path, sizeof(path), "%s/self/mountinfo", proc_root);
	rp_line_reader__open(&mounts, path);
	while (!point && rp_line_reader__next(&mounts))
		point = mount_point(mounts.line);
	rp_line_reader__close(&mounts);
	return point;
}

struct rp_cgroups *rp_cgroups__new(const char *proc_root, const char *mount)
{
	struct rp_cgroups *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	snprintf(c->proc_root, sizeof(c->proc_root), "%s", proc_root);
	c->mount = mount ? strdup(mount) : find_mount(proc_root);
	c->mount_fd = c->mount ? open(c->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return c;
}

void rp_cgroups__free(struct rp_cgroups *c)
{
	struct cgroup *group, *next;

	if (!c)
		return;
	HASH_ITER (hh, c->known, group, next) {
		HASH_DEL(c->known, group);
		free(group->path);
		free(group);
	}
	if (c->mount_fd >= 0)
		close(c->mount_fd);
	free(c->mount);
	free(c);
}

static struct cgroup *find(const struct rp_cgroups *c, uint64_t id)
{
	struct cgroup *group;

	HASH_FIND(hh, c->known, &id, sizeof(id), group);
	return group;
}

/* Takes the path over. Without memory for it a group stays unknown. */
static void know(struct rp_cgroups *c, uint64_t id, char *path)
{
	struct cgroup *group = path ? calloc(1, sizeof(*group)) : NULL;

	if (!group) {
		free(path);
		return;
	}
	group->id = group->same = id;
	for (const struct cgroup *other = c->known; other; other = other->hh.next)
		if (!strcmp(other->path, path))
			group->same = other->same;
	group->path = path;
	rp_cgroup__name(path, group->name, sizeof(group->name));
	HASH_ADD(hh, c->known, id, sizeof(group->id), group);
}

/* The path of the group a process is in: the line "0::PATH". NULL: not known, or it is gone. */
static char *path_of_process(const struct rp_cgroups *c, pid_t pid)
{
	char file_name[PATH_MAX], *path = NULL;
	struct rp_line_reader groups;

	snprintf(file_name, sizeof(file_name), "%s/%d/cgroup", c->proc_root, (int)pid);
	rp_line_reader__open(&groups, file_name);
	while (!path && rp_line_reader__next(&groups))
		if (!strncmp(groups.line, "0::/", 4) && !strstr(groups.line, DELETED))
			path = strdup(groups.line + 3);
	rp_line_reader__close(&groups);
	return path;
}

/* The number of a group is the inode of its folder. 0: it is gone. */
static uint64_t id_of_path(const struct rp_cgroups *c, const char *path)
{
	struct stat st;

	if (c->mount_fd < 0 || fstatat(c->mount_fd, path[1] ? path + 1 : ".", &st, 0))
		return 0;
	return st.st_ino;
}

/* Through its file handle, which is the number; needs the right to read any file. */
static char *path_of_id(const struct rp_cgroups *c, uint64_t id)
{
	struct {
		struct file_handle handle;
		uint64_t id;
	} group = {.handle = {.handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS}, .id = id};
	char link[64], path[PATH_MAX], *found = NULL;
	size_t above = strlen(c->mount ? c->mount : "");
	ssize_t len;
	int fd;

	fd = c->mount_fd < 0 ? -1
			     : open_by_handle_at(c->mount_fd, &group.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	close(fd);
	if (len < 0 || (size_t)len < above || strncmp(path, c->mount, above))
		return NULL;
	path[len] = '\0';
	if (!strstr(path, DELETED))
		found = strdup((size_t)len == above ? "/" : path + above);
	return found;
}

void rp_cgroups__note(struct rp_cgroups *c, pid_t pid)
{
	char *path = path_of_process(c, pid);
	uint64_t id = path ? id_of_path(c, path) : 0;

	if (id && !find(c, id))
		know(c, id, path);
	else
		free(path);
}

void rp_cgroups__learn(struct rp_cgroups *c, uint64_t id, pid_t pid)
{
	char *path;

	if (find(c, id))
		return;
	path = path_of_id(c, id);
	if (!path) {
		path = path_of_process(c, pid);
		/* It may have been moved to another one since. */
		if (path && c->mount_fd >= 0 && id_of_path(c, path) != id) {
			free(path);
			path = NULL;
		}
	}
	if (path)
		know(c, id, path);
}

const char *rp_cgroups__name(const struct rp_cgroups *c, uint64_t id)
{
	const struct cgroup *group = find(c, id);

	return group ? group->name : NULL;
}

uint64_t rp_cgroups__same(const struct rp_cgroups *c, uint64_t id)
{
	const struct cgroup *group = find(c, id);

	return group ? group->same : id;
}
