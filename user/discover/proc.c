// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Processes: names, life and death, children. */
#include "discover/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/proc_internal.h"
#include "util/array.h"
#include "util/kernel_file.h"

struct stat_line {
	char state;
	pid_t parent;
	unsigned flags; /* as in the kernel's sched.h */
};

#define KERNEL_THREAD 0x00200000u

struct process {
	pid_t pid;
	pid_t parent;
};

struct pid_list {
	pid_t *items;
	size_t n;
	size_t room;
};

/* "/PID/stat" or "/PID/task/TID/stat"; the command name in it may hold anything. */
static int read_stat(const char *path, struct stat_line *out)
{
	char text[1024];
	ssize_t len = rp_kernel_file__read(path, text, sizeof(text));
	char *end;
	int parent;

	if (len < 0)
		return len == -ENOENT ? -ESRCH : (int)len;
	end = strrchr(text, ')');
	out->flags = 0;
	if (!end ||
	    sscanf(end + 1, " %c %d %*d %*d %*d %*d %u", &out->state, &parent, &out->flags) < 2)
		return -EBADMSG;
	out->parent = parent;
	return 0;
}

static int stat_of(const char *proc_root, pid_t pid, struct stat_line *out)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d/stat", proc_root, (int)pid);
	return read_stat(path, out);
}

static bool ended(const struct stat_line *stat)
{
	return stat->state == 'Z' || stat->state == 'X' || stat->state == 'x';
}

/* That we have no files or no memory is no sign of anybody's end. */
static bool is_want(int code)
{
	return code == -EMFILE || code == -ENFILE || code == -ENOMEM;
}

pid_t rp_proc__next_pid(DIR *dir)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		char *end;
		long pid;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = strtol(entry->d_name, &end, 10);
		if (!*end && pid > 0 && pid <= INT_MAX)
			return pid;
	}
	return 0;
}

pid_t rp_proc__live_thread(const char *proc_root, pid_t pid)
{
	char path[PATH_MAX];
	struct stat_line stat;
	pid_t tid, found = 0;
	DIR *dir;
	int rc;

	rc = stat_of(proc_root, pid, &stat);
	if (rc)
		return is_want(rc) ? pid : 0;
	if (!ended(&stat))
		return pid;
	snprintf(path, sizeof(path), "%s/%d/task", proc_root, (int)pid);
	dir = opendir(path);
	if (!dir)
		return is_want(-errno) ? pid : 0;
	while (!found && (tid = rp_proc__next_pid(dir))) {
		if (tid == pid)
			continue;
		snprintf(path, sizeof(path), "%s/%d/task/%d/stat", proc_root, (int)pid, (int)tid);
		if (!read_stat(path, &stat) && !ended(&stat))
			found = tid;
	}
	closedir(dir);
	return found;
}

char rp_proc__state(const char *proc_root, pid_t pid)
{
	struct stat_line stat;

	return stat_of(proc_root, pid, &stat) ? 0 : stat.state;
}

bool rp_proc__is_kernel_thread(const char *proc_root, pid_t pid)
{
	struct stat_line stat;

	return !stat_of(proc_root, pid, &stat) && stat.flags & KERNEL_THREAD;
}

bool rp_proc__alive(const char *proc_root, pid_t pid)
{
	return rp_proc__live_thread(proc_root, pid) != 0;
}

bool rp_proc__status_number(const char *proc_root, pid_t tid, const char *key, int base,
			    uint64_t *value)
{
	size_t len = strlen(key);
	struct rp_line_reader status;
	char path[PATH_MAX];
	bool found = false;

	snprintf(path, sizeof(path), "%s/%d/status", proc_root, (int)tid);
	rp_line_reader__open(&status, path);
	/* Line by line: that of the groups may be longer than any room for all of it. */
	while (!found && rp_line_reader__next(&status)) {
		if (strncmp(status.line, key, len) || status.line[len] != ':')
			continue;
		*value = strtoull(status.line + len + 1, NULL, base);
		found = true;
	}
	rp_line_reader__close(&status);
	return found;
}

int rp_proc__comm(const char *proc_root, pid_t pid, char *comm, size_t size)
{
	char path[PATH_MAX], text[64];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%d/comm", proc_root, (int)pid);
	len = rp_kernel_file__read(path, text, sizeof(text));
	if (len < 0)
		return len == -ENOENT ? -ESRCH : (int)len;
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	snprintf(comm, size, "%s", text);
	return 0;
}

int rp_proc__compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static int append_pid(struct pid_list *list, pid_t pid)
{
	if (rp_array__grow(&list->items, list->n, &list->room, sizeof(*list->items)))
		return -ENOMEM;
	list->items[list->n++] = pid;
	return 0;
}

static int add_pid(struct pid_list *list, pid_t pid)
{
	/* What /proc says changes while it is read, and pids come back: no process twice. */
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i] == pid)
			return 0;
	return append_pid(list, pid);
}

/* Append the pids of one thread's "children" file. -ENOENT where there is no such file. */
static int add_children_of_thread(const char *path, struct pid_list *list)
{
	FILE *file = fopen(path, "re");
	int pid, err = 0;

	if (!file)
		return -errno;
	while (!err && fscanf(file, "%d", &pid) == 1)
		if (pid > 0)
			err = add_pid(list, pid);
	fclose(file);
	return err;
}

static int add_children(const char *proc_root, pid_t pid, struct pid_list *list)
{
	char path[PATH_MAX];
	int err = 0;
	pid_t tid;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%d/task", proc_root, (int)pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while (err != -ENOMEM && (tid = rp_proc__next_pid(dir))) {
		snprintf(path, sizeof(path), "%s/%d/task/%d/children", proc_root, (int)pid,
			 (int)tid);
		err = add_children_of_thread(path, list);
	}
	closedir(dir);
	return err == -ENOMEM ? err : 0;
}

int rp_proc__all(const char *proc_root, pid_t **pids, size_t *n)
{
	DIR *dir = opendir(proc_root);
	struct pid_list list = {0};
	int err = 0;
	pid_t pid;

	if (!dir)
		return -errno;
	while (!err && (pid = rp_proc__next_pid(dir)))
		err = append_pid(&list, pid);
	closedir(dir);
	if (err) {
		free(list.items);
		return err;
	}
	*pids = list.items;
	*n = list.n;
	return 0;
}

/* Every process and its parent, for kernels built without the "children" files. */
static int read_parents(const char *proc_root, struct process **out, size_t *n)
{
	struct process *items = NULL;
	size_t count = 0, room = 0;
	DIR *dir = opendir(proc_root);
	struct stat_line stat;
	pid_t pid;

	if (!dir)
		return -errno;
	while ((pid = rp_proc__next_pid(dir))) {
		if (stat_of(proc_root, pid, &stat))
			continue;
		if (rp_array__grow(&items, count, &room, sizeof(*items))) {
			free(items);
			closedir(dir);
			return -ENOMEM;
		}
		items[count++] = (struct process){.pid = pid, .parent = stat.parent};
	}
	closedir(dir);
	*out = items;
	*n = count;
	return 0;
}

/* list holds the root; append descendants generation by generation. */
static int walk(const char *proc_root, struct pid_list *list, const struct process *all,
		size_t n_all)
{
	for (size_t at = 0; at < list->n; at++) {
		int err = 0;

		if (!all)
			err = add_children(proc_root, list->items[at], list);
		for (size_t i = 0; i < n_all && !err; i++)
			if (all[i].parent == list->items[at])
				err = add_pid(list, all[i].pid);
		if (err)
			return err;
	}
	return 0;
}

/* Leave out the root and what has ended meanwhile, in place. */
static void keep_descendants(const char *proc_root, struct pid_list *list)
{
	size_t kept = 0;

	for (size_t i = 1; i < list->n; i++)
		if (rp_proc__alive(proc_root, list->items[i]))
			list->items[kept++] = list->items[i];
	list->n = kept;
}

pid_t rp_proc__parent(const char *proc_root, pid_t pid)
{
	struct stat_line stat;
	int rc = stat_of(proc_root, pid, &stat);

	return rc ? rc : stat.parent;
}

int rp_proc__descendants(const char *proc_root, pid_t pid, pid_t **pids, size_t *n)
{
	struct process *all = NULL;
	struct pid_list list = {0};
	struct stat_line stat;
	char path[PATH_MAX];
	size_t n_all = 0;
	int err;

	err = stat_of(proc_root, pid, &stat);
	if (err)
		return err;
	err = add_pid(&list, pid);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/%d/task/%d/children", proc_root, (int)pid, (int)pid);
	if (access(path, R_OK))
		err = read_parents(proc_root, &all, &n_all);
	if (!err)
		err = walk(proc_root, &list, all, n_all);
	free(all);
	if (err) {
		free(list.items);
		return err;
	}
	keep_descendants(proc_root, &list);
	*pids = list.items;
	*n = list.n;
	return 0;
}
