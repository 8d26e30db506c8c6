/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What /proc says of processes: who they are, whose children they have, which objects they
 * have mapped and how to open those. `proc_root` is "/proc"; unit tests pass a folder.
 */
#ifndef RP_PROC_H
#define RP_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* An object file as one process has it mapped with execute permission. */
struct rp_mapped {
	dev_t dev; /* as maps shows them: on overlay and btrfs stat(2) may say another device */
	ino_t ino;
	uint64_t generation; /* of that number, told with a new mapping; 0: not known */
	char *path;	     /* as /proc/PID/maps shows it, without " (deleted)", escapes undone */
	bool deleted;	     /* replaced or removed on disk since */
	bool is_exe;	     /* the process's own executable */
	uint64_t start, end; /* one of its executable mappings, for /proc/PID/map_files ... */
	uint64_t offset;     /* ... and where in the file that begins */
	bool shared;	     /* it is mapped MAP_SHARED */
};

/* A part of a file that a process has mapped with execute permission. */
struct rp_code_range {
	dev_t dev;
	ino_t ino;
	uint64_t offset, len;
	uint64_t start; /* address */
	bool shared;	/* the kernel puts no breakpoints there */
};

struct rp_mapped_list {
	struct rp_mapped *items;
	size_t n;
	struct rp_code_range *ranges; /* of all items: a file may be mapped in parts */
	size_t n_ranges;
	bool is_loaded; /* it maps a vDSO, which an exec does last; false: more may be to come */
};

/* Is the place of a file mapped with execute permission, and may breakpoints be wherever it is? */
bool rp_proc__maps_code(const struct rp_mapped_list *list, dev_t dev, ino_t ino, uint64_t offset);

/*
 * Cut off the " (deleted)" that the kernel adds to the path of a file that is; false: it did not.
 */
bool rp_proc__cut_deleted(char *path);

/*
 * Distinct objects of a process, executable first, which is there even where all its code has been
 * moved elsewhere. -ESRCH: no such process; -EACCES.
 */
int rp_proc__mapped(const char *proc_root, pid_t pid, struct rp_mapped_list *out);
void rp_proc__mapped_free(struct rp_mapped_list *list);

/* Address of the code that the kernel maps into each process (vDSO); 0: there is none to see. */
uint64_t rp_proc__vdso(const char *proc_root, pid_t pid);

/*
 * May a file be the mapped one? Where stat(2) tells a device that is none, as on overlay and btrfs,
 * maps may have shown another: until Linux 6.17 that of the file below an overlay, with that file's
 * number. It is then taken for the mapped one.
 */
bool rp_proc__may_be_mapped(const struct rp_mapped *mapped, const struct stat *st);

/*
 * Open an object the process has mapped: map_files, then /proc/PID/exe, then
 * /proc/PID/root/PATH and PATH itself, the last two only if they are the same file still
 * (device and inode). Returns a file descriptor or a negative errno. `via`, of `size` bytes,
 * gets a path under which the kernel finds the inode for as long as the process lives.
 */
int rp_proc__open_mapped(const char *proc_root, pid_t pid, const struct rp_mapped *mapped,
			 char *via, size_t size);

/*
 * Its two halves. The kernel itself finds what is mapped; a path leads to where the process wants,
 * by way of file systems that have nothing to do with the mapped one. Where the first half failed
 * so that the second may be tried, and failed too, this is which error to tell: permission is what
 * the user can do something about.
 */
int rp_proc__open_mapping(const char *proc_root, pid_t pid, const struct rp_mapped *mapped,
			  char *via, size_t size);
int rp_proc__open_path(const char *proc_root, pid_t pid, const struct rp_mapped *mapped, char *via,
		       size_t size);
bool rp_proc__may_try_path(int rc);
int rp_proc__why_not_open(int by_mapping, int by_path);

/*
 * stat(2) of what is mapped there, if it is there still. A negative errno: it is not, or it may not
 * be looked at.
 */
int rp_proc__stat_mapped(const char *proc_root, pid_t pid, const struct rp_mapped *mapped,
			 struct stat *st);

/*
 * Does the process's memory differ at an offset of its file, which fd is open on? That is where
 * something has put a breakpoint. false: it does not map the offset there, or may not be read.
 */
bool rp_proc__differs(const char *proc_root, pid_t pid, const struct rp_mapped *mapped, int fd,
		      uint64_t offset);

/*
 * Is what the process has mapped the file that fd is open on? 1: it is; 0: it is another, of which
 * equal bytes are a copy. A negative errno: that cannot be told, as to a user who may not see it.
 */
int rp_proc__shares_pages(const char *proc_root, pid_t pid, const struct rp_mapped *mapped, int fd);

/* For qsort and bsearch. */
int rp_proc__compare_pids(const void *a, const void *b);

/* All processes, in a malloc'ed array in no order. */
int rp_proc__all(const char *proc_root, pid_t **pids, size_t *n);

/* What it is a child of; 0: of none. Or a negative errno; -ESRCH: it has ended. */
pid_t rp_proc__parent(const char *proc_root, pid_t pid);

/* Live descendants of pid, parents first; *n of them in a malloc'ed array. */
int rp_proc__descendants(const char *proc_root, pid_t pid, pid_t **pids, size_t *n);

/* A number of /proc/TID/status, read in that base; false: there is no such line. */
bool rp_proc__status_number(const char *proc_root, pid_t tid, const char *key, int base,
			    uint64_t *value);

/* Who answers for what it takes; RP_PROC_NO_USER: it is gone, or not for us to know. */
#define RP_PROC_NO_USER UINT64_MAX
uint64_t rp_proc__user(const char *proc_root, pid_t pid);

/* Command name (comm), at most size - 1 bytes. -ESRCH. */
int rp_proc__comm(const char *proc_root, pid_t pid, char *comm, size_t size);

/* What it does: 'R' it runs or could, 'S', 'D' and others; 0: it is gone. */
char rp_proc__state(const char *proc_root, pid_t pid);

/* It is of the kernel alone, and runs no program. */
bool rp_proc__is_kernel_thread(const char *proc_root, pid_t pid);

/* 1: the process is there; 0: gone, or a zombie as a whole. */
bool rp_proc__alive(const char *proc_root, pid_t pid);

/*
 * A thread of the process that lives: its first one if that does, else another; 0: none does. Once
 * the first has ended, /proc/PID shows no mappings and the kernel's pid filter sees nothing;
 * /proc/TID of another thread still does.
 */
pid_t rp_proc__live_thread(const char *proc_root, pid_t pid);

struct rp_file_id {
	dev_t dev;
	ino_t ino;
};

/*
 * May these be one and the same file, as containers of one image show it, each on a device of its
 * own? They have its number and its name in common.
 */
bool rp_proc__may_be_same(const struct rp_file_id *a, const char *a_path,
			  const struct rp_file_id *b, const char *b_path);

struct rp_proc_traced {
	const pid_t *pids; /* sorted */
	size_t n;
	bool follow; /* their descendants, too, but for those of the caller */
};

/*
 * Which of the n objects, or what may be the same file, is mapped by a process that is not traced.
 * Sets foreign[i]. Unreadable processes count as not mapping.
 */
int rp_proc__foreign(const char *proc_root, const struct rp_file_id *files,
		     const char *const *paths, size_t n, const struct rp_proc_traced *traced,
		     bool *foreign);

#endif
