/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Functions that a process has compiled at run time, from the file in which it tells of them:
 * /tmp/perf-PID.map as the process sees it, by its number in its own pid namespace. Each line is
 * "START SIZE NAME" in hexadecimal digits; code that is made anew at a place is told by a later
 * line. Whoever may write to that folder may write such a file: it counts if it is the process's
 * own or root's.
 */
#ifndef RP_PERF_MAP_H
#define RP_PERF_MAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rp_perf_map;

/* As which a file was read; zeros: not at all. */
struct rp_perf_map_version {
	uint64_t ino, size;
	int64_t mtime; /* ns */
};

/*
 * -EALREADY: it is as it was, `known`; -ENOENT: the process has none; -EACCES: it is somebody
 * else's; -EFBIG: it is larger than any; -ENOMEM, or another negative errno.
 */
int rp_perf_map__read(const char *proc_root, pid_t pid, const struct rp_perf_map_version *known,
		      struct rp_perf_map **out);
struct rp_perf_map_version rp_perf_map__version(const struct rp_perf_map *map);
/* The same of text in memory, which is copied. */
int rp_perf_map__parse(const char *text, size_t size, struct rp_perf_map **out);
void rp_perf_map__free(struct rp_perf_map *map);

/* All of it in malloc'ed memory, for another process of the same program. 0 or -ENOMEM. */
int rp_perf_map__pack(const struct rp_perf_map *map, char **bytes, size_t *size);
/*
 * Of malloc'ed bytes that may be anything, with a 0 byte behind them. It takes these over, in any
 * case. 0, -ENOMEM; -EBADMSG: they are no map.
 */
int rp_perf_map__unpack(char *bytes, size_t size, struct rp_perf_map **out);

/* The function at an address in memory; NULL: none. */
const char *rp_perf_map__find(const struct rp_perf_map *map, uint64_t addr);

size_t rp_perf_map__functions(const struct rp_perf_map *map);
/* Of memory that it takes. */
size_t rp_perf_map__bytes(const struct rp_perf_map *map);

#endif
