// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What processes have mapped. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "discover/file.h"
#include "discover/proc.h"
#include "discover/proc_internal.h"
#include "discover/vdso.h"
#include "util/array.h"
#include "util/kernel_file.h"

#define DELETED	 " (deleted)"
#define AUXV_MAX 4096 /* bytes */

/* One line of maps: an executable mapping of a file. */
struct mapping {
	struct rp_mapped mapped;
	size_t line; /* to bring them back into order */
};

struct mapping_list {
	struct mapping *items;
	size_t n;
	size_t room;
	struct rp_code_range *ranges;
	size_t n_ranges;
	size_t ranges_room;
	bool is_loaded;
};

/*
 * Parse a line of maps. Returns its path within the line, or NULL where it is no mapping of a file
 * (inode 0: anonymous memory, [vdso], [stack]).
 */
static char *parse_line(char *line, struct rp_mapped *out, bool *executable)
{
	unsigned int major, minor;
	uint64_t ino;
	char perms[5];
	int path = 0;

	*out = (struct rp_mapped){0};
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &out->start, &out->end, perms, &out->offset, &major, &minor, &ino, &path) != 7 ||
	    !path || strlen(perms) != 4)
		return NULL;
	if (!ino || !line[path])
		return NULL;
	*executable = perms[2] == 'x';
	out->shared = perms[3] == 's';
	out->dev = makedev(major, minor);
	out->ino = ino;
	return line + path;
}

static int map_files_path(const char *proc_root, pid_t pid, const struct rp_mapped *mapped,
			  char *path, size_t size)
{
	return snprintf(path, size, "%s/%d/map_files/%" PRIx64 "-%" PRIx64, proc_root, (int)pid,
			mapped->start, mapped->end);
}

/* maps escapes the newline alone, as \012; a backslash of the name stands as it is. */
#define NEWLINE "\\012"

static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from; to++) {
		if (!strncmp(from, NEWLINE, strlen(NEWLINE))) {
			*to = '\n';
			from += strlen(NEWLINE);
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* Does maps show this name so? */
static bool is_shown_as(const char *name, const char *path)
{
	for (; *name; name++) {
		const char *shown = *name == '\n' ? NEWLINE : (char[]){*name, '\0'};

		if (strncmp(path, shown, strlen(shown)))
			return false;
		path += strlen(shown);
	}
	return !*path;
}

/*
 * A name may have those four characters itself, which only the link to the mapped file tells. Where
 * that cannot be read, or leads elsewhere by now, they are taken for a newline.
 */
static void read_name(const char *proc_root, pid_t pid, const struct rp_mapped *mapped, char *path)
{
	char via[PATH_MAX], name[PATH_MAX + sizeof(DELETED)];
	ssize_t len;

	if (!strstr(path, NEWLINE))
		return;
	map_files_path(proc_root, pid, mapped, via, sizeof(via));
	len = readlink(via, name, sizeof(name) - 1);
	name[len > 0 ? len : 0] = '\0';
	if (is_shown_as(name, path))
		strcpy(path, name);
	else
		unescape(path);
}

bool rp_proc__cut_deleted(char *path)
{
	size_t len = strlen(path), cut = strlen(DELETED);

	if (len <= cut || strcmp(path + len - cut, DELETED))
		return false;
	path[len - cut] = '\0';
	return true;
}

/* 0 or a negative errno; close it in both cases. */
static int open_maps(struct rp_line_reader *maps, const char *proc_root, pid_t pid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d/maps", proc_root, (int)pid);
	return rp_line_reader__open(maps, path);
}

/* Append a mapping; path is what maps shows, exe the target of /proc/PID/exe or "". */
static int add_mapping(struct mapping_list *list, struct rp_mapped *mapped, char *path,
		       const char *exe)
{
	/* Most objects have one executable mapping or some in a row. */
	if (list->n) {
		const struct rp_mapped *last = &list->items[list->n - 1].mapped;

		if (last->dev == mapped->dev && last->ino == mapped->ino)
			return 0;
	}
	if (rp_array__grow(&list->items, list->n, &list->room, sizeof(*list->items)))
		return -ENOMEM;
	/* Both are the kernel's words for the same path; device numbers need not agree. */
	mapped->is_exe = !strcmp(path, exe);
	mapped->deleted = rp_proc__cut_deleted(path);
	mapped->path = strdup(path);
	if (!mapped->path)
		return -ENOMEM;
	list->items[list->n] = (struct mapping){.mapped = *mapped, .line = list->n};
	list->n++;
	return 0;
}

static int add_range(struct mapping_list *list, const struct rp_mapped *m)
{
	if (rp_array__grow(&list->ranges, list->n_ranges, &list->ranges_room,
			   sizeof(*list->ranges)))
		return -ENOMEM;
	list->ranges[list->n_ranges++] = (struct rp_code_range){
		.dev = m->dev,
		.ino = m->ino,
		.offset = m->offset,
		.len = m->end - m->start,
		.start = m->start,
		.shared = m->shared,
	};
	return 0;
}

static int add_code(struct mapping_list *list, struct rp_mapped *mapped, char *path,
		    const char *exe)
{
	int err = add_range(list, mapped);

	return err ? err : add_mapping(list, mapped, path, exe);
}

static bool has_code(const struct mapping_list *list, const struct rp_mapped *m)
{
	for (size_t i = 0; i < list->n_ranges; i++)
		if (list->ranges[i].ino == m->ino && list->ranges[i].dev == m->dev)
			return true;
	return false;
}

bool rp_proc__maps_code(const struct rp_mapped_list *list, dev_t dev, ino_t ino, uint64_t offset)
{
	bool found = false;

	for (size_t i = 0; i < list->n_ranges; i++) {
		const struct rp_code_range *r = &list->ranges[i];

		if (r->ino != ino || r->dev != dev || offset < r->offset ||
		    offset - r->offset >= r->len)
			continue;
		if (r->shared)
			return false;
		found = true;
	}
	return found;
}

static void read_exe(const char *proc_root, pid_t pid, char *exe, size_t size)
{
	char path[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%d/exe", proc_root, (int)pid);
	len = readlink(path, exe, size - 1);
	exe[len > 0 ? len : 0] = '\0';
}

static int read_mappings(const char *proc_root, pid_t pid, struct mapping_list *list)
{
	/* A deleted path of the longest sort has the suffix on top. */
	char exe[PATH_MAX + sizeof(DELETED)];
	struct rp_line_reader maps;
	int err = open_maps(&maps, proc_root, pid);
	struct rp_mapped mapped, data;
	char *path, *data_path = NULL;
	bool executable;

	if (err) {
		err = err == -ENOENT ? -ESRCH : err;
		goto out;
	}
	read_exe(proc_root, pid, exe, sizeof(exe));
	list->is_loaded = !getauxval(AT_SYSINFO_EHDR); /* a kernel without one tells nothing */
	errno = 0;
	while (!err && rp_line_reader__next(&maps)) {
		path = parse_line(maps.line, &mapped, &executable);
		/* The vDSO: an exec maps it last, after the program and its loader. */
		list->is_loaded |= !path && strstr(maps.line, RP_VDSO_NAME);
		if (path)
			read_name(proc_root, pid, &mapped, path);
		if (path && executable) {
			err = add_code(list, &mapped, path, exe);
		} else if (path && !data_path && !strcmp(path, exe)) {
			data = mapped;
			data_path = strdup(path);
		}
	}
	/* It is the program still where all its code has been moved elsewhere. */
	if (!err && data_path && !has_code(list, &data))
		err = add_mapping(list, &data, data_path, exe);
	free(data_path);
	if (!err && ferror(maps.file))
		err = errno ? -errno : -EIO;
out:
	rp_line_reader__close(&maps);
	return err;
}

static int compare_file(const void *x, const void *y)
{
	const struct mapping *a = x, *b = y;

	if (a->mapped.dev != b->mapped.dev)
		return a->mapped.dev < b->mapped.dev ? -1 : 1;
	if (a->mapped.ino != b->mapped.ino)
		return a->mapped.ino < b->mapped.ino ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static int compare_place(const void *x, const void *y)
{
	const struct mapping *a = x, *b = y;

	if (a->mapped.is_exe != b->mapped.is_exe)
		return a->mapped.is_exe ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* One mapping a file, the executable's first, the others as they come in maps. */
static void make_distinct(struct mapping_list *list)
{
	size_t kept = 0;

	if (!list->n)
		return;
	rp_array__sort(list->items, list->n, sizeof(*list->items), compare_file);
	for (size_t i = 0; i < list->n; i++) {
		struct rp_mapped *last = kept ? &list->items[kept - 1].mapped : NULL;

		if (last && last->dev == list->items[i].mapped.dev &&
		    last->ino == list->items[i].mapped.ino)
			free(list->items[i].mapped.path);
		else
			list->items[kept++] = list->items[i];
	}
	list->n = kept;
	rp_array__sort(list->items, list->n, sizeof(*list->items), compare_place);
}

int rp_proc__mapped(const char *proc_root, pid_t pid, struct rp_mapped_list *out)
{
	struct mapping_list list = {0};
	int err;

	memset(out, 0, sizeof(*out));
	err = read_mappings(proc_root, pid, &list);
	make_distinct(&list);
	if (!err && list.n) {
		out->items = calloc(list.n, sizeof(*out->items));
		if (!out->items)
			err = -ENOMEM;
	}
	for (size_t i = 0; i < list.n; i++)
		if (err)
			free(list.items[i].mapped.path);
		else
			out->items[out->n++] = list.items[i].mapped;
	free(list.items);
	if (err)
		free(list.ranges);
	else
		out->ranges = list.ranges;
	out->n_ranges = err ? 0 : list.n_ranges;
	out->is_loaded = list.is_loaded;
	return err;
}

void rp_proc__mapped_free(struct rp_mapped_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].path);
	free(list->items);
	free(list->ranges);
	memset(list, 0, sizeof(*list));
}

uint64_t rp_proc__vdso(const char *proc_root, pid_t pid)
{
	uint64_t entry[2], found = 0;
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%d/auxv", proc_root, (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (uint64_t at = 0; fd >= 0 && at < AUXV_MAX; at += sizeof(entry)) {
		if (rp_file__read(fd, at, entry, sizeof(entry)) < sizeof(entry) ||
		    entry[0] == AT_NULL)
			break;
		if (entry[0] == AT_SYSINFO_EHDR)
			found = entry[1];
	}
	if (fd >= 0)
		close(fd);
	return found;
}

bool rp_proc__may_be_mapped(const struct rp_mapped *mapped, const struct stat *st)
{
	if (st->st_dev != mapped->dev)
		return !major(st->st_dev);
	return st->st_ino == mapped->ino;
}

/* Open the file at `via` if it is the mapped one; by a path it is to be on its device, too. */
static int open_via(const char *via, const struct rp_mapped *mapped, bool by_path)
{
	struct stat st;
	int fd = rp_file__open_regular(via, &st);

	if (fd >= 0 &&
	    (!rp_proc__may_be_mapped(mapped, &st) || (by_path && st.st_dev != mapped->dev))) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

int rp_proc__open_mapping(const char *proc_root, pid_t pid, const struct rp_mapped *mapped,
			  char *via, size_t size)
{
	int len = map_files_path(proc_root, pid, mapped, via, size), fd, first;

	if (len < 0 || (size_t)len >= size)
		return -ENAMETOOLONG;
	/* By now, another file may be mapped there. */
	first = fd = open_via(via, mapped, false);
	if (rp_proc__may_try_path(fd) && mapped->is_exe) {
		snprintf(via, size, "%s/%d/exe", proc_root, (int)pid);
		fd = open_via(via, mapped, false);
	}
	return fd >= 0 ? fd : first;
}

int rp_proc__open_path(const char *proc_root, pid_t pid, const struct rp_mapped *mapped, char *via,
		       size_t size)
{
	int len = snprintf(via, size, "%s/%d/root%s", proc_root, (int)pid, mapped->path), fd;

	if (len < 0 || (size_t)len >= size)
		return -ENAMETOOLONG;
	fd = open_via(via, mapped, true);
	if (fd >= 0)
		return fd;
	snprintf(via, size, "%s", mapped->path);
	return open_via(via, mapped, true);
}

bool rp_proc__may_try_path(int rc)
{
	return rc < 0 && rc != -EWOULDBLOCK && rc != -ENAMETOOLONG;
}

int rp_proc__why_not_open(int by_mapping, int by_path)
{
	return by_mapping == -EPERM || by_mapping == -EACCES ? by_mapping : by_path;
}

int rp_proc__open_mapped(const char *proc_root, pid_t pid, const struct rp_mapped *mapped,
			 char *via, size_t size)
{
	int first = rp_proc__open_mapping(proc_root, pid, mapped, via, size), fd;

	if (!rp_proc__may_try_path(first))
		return first;
	fd = rp_proc__open_path(proc_root, pid, mapped, via, size);
	return fd >= 0 ? fd : rp_proc__why_not_open(first, fd);
}

int rp_proc__stat_mapped(const char *proc_root, pid_t pid, const struct rp_mapped *mapped,
			 struct stat *st)
{
	char via[PATH_MAX];
	int err;

	map_files_path(proc_root, pid, mapped, via, sizeof(via));
	err = rp_file__stat_path(via, st);
	return err || rp_proc__may_be_mapped(mapped, st) ? err : -ESTALE;
}

bool rp_proc__differs(const char *proc_root, pid_t pid, const struct rp_mapped *mapped, int fd,
		      uint64_t offset)
{
	uint64_t at = mapped->start + (offset - mapped->offset);
	char path[PATH_MAX], memory, file;
	bool differs;
	int mem;

	if (offset < mapped->offset || at >= mapped->end)
		return false;
	snprintf(path, sizeof(path), "%s/%d/mem", proc_root, (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (mem < 0)
		return false;
	differs = pread(mem, &memory, 1, (off_t)at) == 1 && rp_file__read(fd, offset, &file, 1) &&
		  memory != file;
	close(mem);
	return differs;
}

static bool is_own(pid_t pid, const pid_t *own, size_t n_own)
{
	size_t low = 0, high = n_own;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (own[mid] == pid)
			return true;
		if (own[mid] < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool rp_proc__may_be_same(const struct rp_file_id *a, const char *a_path,
			  const struct rp_file_id *b, const char *b_path)
{
	return a->ino == b->ino && a->dev != b->dev &&
	       !strcmp(file_name(a_path), file_name(b_path));
}

/*
 * It descends from one that is traced, and the kernel has not told of it yet; or it is gone by now.
 * rptrace and what it starts are not traced, whoever has started rptrace.
 */
static bool may_be_traced(const char *proc_root, pid_t pid, const struct rp_proc_traced *traced)
{
	pid_t parent = rp_proc__parent(proc_root, pid);

	if (parent == -ESRCH)
		return true;
	for (; pid != getpid() && parent > 0; parent = rp_proc__parent(proc_root, pid)) {
		if (is_own(parent, traced->pids, traced->n))
			return true;
		pid = parent;
	}
	return false;
}

/* Mark the files that a process maps; returns how many were not marked before. */
static size_t mark_mapped(const char *proc_root, pid_t pid, const struct rp_file_id *files,
			  const char *const *paths, size_t n, const struct rp_proc_traced *traced,
			  bool *foreign)
{
	struct rp_mapped mapped;
	struct rp_line_reader maps;
	size_t found = 0;
	/* Only of one that maps any is that asked: it takes a file for each ancestor. */
	bool executable, is_asked = !traced->follow;
	char *path;

	open_maps(&maps, proc_root, pid); /* a process may have ended */
	while (rp_line_reader__next(&maps)) {
		struct rp_file_id id;

		path = parse_line(maps.line, &mapped, &executable);
		if (!path || !executable)
			continue;
		id = (struct rp_file_id){mapped.dev, mapped.ino};
		unescape(path);
		rp_proc__cut_deleted(path);
		for (size_t i = 0; i < n; i++) {
			if (foreign[i] || files[i].ino != id.ino ||
			    (files[i].dev != id.dev &&
			     !rp_proc__may_be_same(&files[i], paths[i], &id, path)))
				continue;
			if (!is_asked && may_be_traced(proc_root, pid, traced))
				goto out;
			is_asked = true;
			foreign[i] = true;
			found++;
		}
	}
out:
	rp_line_reader__close(&maps);
	return found;
}

int rp_proc__foreign(const char *proc_root, const struct rp_file_id *files,
		     const char *const *paths, size_t n, const struct rp_proc_traced *traced,
		     bool *foreign)
{
	size_t left = n;
	DIR *dir;
	pid_t pid;

	memset(foreign, 0, n * sizeof(*foreign));
	dir = opendir(proc_root);
	if (!dir)
		return -errno;
	while (left && (pid = rp_proc__next_pid(dir)))
		if (!is_own(pid, traced->pids, traced->n))
			left -= mark_mapped(proc_root, pid, files, paths, n, traced, foreign);
	closedir(dir);
	return 0;
}
