/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Control groups by the numbers that the kernel has for them, under names that people know. Only
 * the hierarchy of version 2 has such numbers; where it is not in use, everything is in its root.
 */
#ifndef RP_CGROUPS_H
#define RP_CGROUPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes of a name with its terminator; what is longer is cut. */
#define RP_CGROUP_NAME_LEN 64

/*
 * The name of a group, given its path in the hierarchy, into `out` of `size` bytes. Containers are
 * RUNTIME:ID, kubernetes:POD/ID, lxc:NAME or machine:NAME, with as much of an id as their own tools
 * show; units of systemd go by their names, those of a user as user:UID/NAME. What is below those
 * follows after a '/'. Anything else keeps its path.
 */
void rp_cgroup__name(const char *path, char *out, size_t size);

struct rp_cgroups;

/* proc_root is "/proc"; mount is where the hierarchy is, NULL: where that says. NULL: no memory. */
struct rp_cgroups *rp_cgroups__new(const char *proc_root, const char *mount);
void rp_cgroups__free(struct rp_cgroups *cgroups);

/* Take note of the group that a process is in now: its name outlives it. */
void rp_cgroups__note(struct rp_cgroups *cgroups, pid_t pid);

/* Make a group known, by its number, or else by a process that was in it. */
void rp_cgroups__learn(struct rp_cgroups *cgroups, uint64_t id, pid_t pid);

/* NULL: not known. */
const char *rp_cgroups__name(const struct rp_cgroups *cgroups, uint64_t id);

/*
 * The number that stands for all groups of the same path, of which there are several where a
 * service was started again; id itself where it is not known.
 */
uint64_t rp_cgroups__same(const struct rp_cgroups *cgroups, uint64_t id);

#endif
