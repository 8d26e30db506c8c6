/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The process that opens and reads files of targets for rptrace.
 *
 * Whoever maps a file that rptrace looks at may have made it to hang its reader, to exhaust it, or
 * to take it over. So the reader is a process of its own, forked at the start, which can open files
 * for reading, read and answer, and no more (helper/restrict.h). It parses: symbols, notes, debug
 * links and debug files, what a command links. What it answers is checked again here. The probes
 * are put where the parent's plan says, on a file that the helper has opened, and the parent itself
 * reads nothing of it that may block.
 *
 * A request is answered at once, in a second, or not at all: where the helper has used its CPU
 * time, or does nothing for long (a file system that never answers), it is killed and another is
 * forked for the next request. Each request says all that there is to know, so that nothing is lost
 * but what was asked for; the reason is told, and the caller leaves the file alone. A process that
 * sleeps in the kernel may outlive SIGKILL, so that nobody waits for it. Signals that end rptrace
 * are looked for all the while.
 *
 * All of it works without a helper (NULL), in this process: for files of one's own.
 */
#ifndef RP_HELPER_H
#define RP_HELPER_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "discover/elf_image.h"
#include "discover/linked.h"
#include "discover/perf_map.h"
#include "discover/proc.h"
#include "unwind/object.h"
#include "util/error.h"

struct rp_helper;

/* is_cancelled: whether to give up what is under way, asked often; NULL: never. NULL: no memory. */
struct rp_helper *rp_helper__new(bool (*is_cancelled)(void));
/* That from here on. helper: or NULL. */
void rp_helper__stop_when(struct rp_helper *helper, bool (*is_cancelled)(void));
void rp_helper__free(struct rp_helper *helper); /* NULL is allowed */

/* 0: there is none now. */
pid_t rp_helper__pid(const struct rp_helper *helper);

/* CPU time that it and those before it have used, and time that they kept us waiting for nothing,
 * ns. */
uint64_t rp_helper__spent(const struct rp_helper *helper);

/* What kept the last request from being answered; NULL: it was answered. */
const char *rp_helper__why(const struct rp_helper *helper);

/*
 * These do what the functions of the same names in discover/ do: rp_file__open_regular,
 * rp_proc__open_mapped (proc: where there is no helper), rp_linked__of_command. What has got no
 * answer is -EIO, with rp_helper__why(), or -EINTR after a signal that ends rptrace.
 */
int rp_helper__open(struct rp_helper *helper, const char *path, struct stat *st);
int rp_helper__open_mapped(struct rp_helper *helper, const char *proc, pid_t pid,
			   const struct rp_mapped *mapped);
/* rp_proc__differs(); false, too, where there is no answer. */
bool rp_helper__differs(struct rp_helper *helper, const char *proc, pid_t pid,
			const struct rp_mapped *mapped, int fd, uint64_t offset);
/*
 * rp_file__hash_code(), into *hash; -EIO: no answer.
 */
int rp_helper__hash_code(struct rp_helper *helper, int fd, const uint64_t *places, size_t n,
			 uint64_t *hash);
int rp_helper__linked(struct rp_helper *helper, const char *path, struct rp_linked *out);

/*
 * As rp_elf__open(); tables: which are wanted (enum rp_elf_tables). One object at a time: -EBUSY
 * while another is not freed.
 */
int rp_helper__object(struct rp_helper *helper, int fd, const char *name, unsigned tables,
		      struct rp_elf **out, struct rp_err *err);

/*
 * For samples: the file that has the symbols or lines of one, as rp_elf__debug_fd(), to be closed,
 * or -ENOENT; and what rp_unwind_object__read() and rp_perf_map__read() give.
 */
int rp_helper__debug_file(struct rp_helper *helper, int fd, const char *name);
int rp_helper__unwinding(struct rp_helper *helper, int fd, struct rp_unwind_object *out);
int rp_helper__perf_map(struct rp_helper *helper, const char *proc, pid_t pid,
			const struct rp_perf_map_version *known, struct rp_perf_map **out);

#endif
