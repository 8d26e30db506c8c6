/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What processes have mapped where, kept up while they live: when their samples are looked at they
 * may have ended, or run another program.
 */
#ifndef RP_SAMPLE_SPACES_H
#define RP_SAMPLE_SPACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sample/objects.h"
#include "sample/python_codes.h"
#include "sample/unwind_tables.h"

struct rp_spaces;

/*
 * The kernel's tables are told of all that is found; the store gets places of Python code.
 * is_shared: no process or user takes all of the room for what is kept of them.
 */
struct rp_spaces *rp_spaces__new(struct rp_sample_objects *objects, struct rp_unwind_tables *tables,
				 struct rp_sample_store *store, struct rp_helper *helper,
				 bool is_shared);
void rp_spaces__free(struct rp_spaces *spaces);

/*
 * Look at what the process has mapped now, or later, where its mappings have taken too much time so
 * far. What has ended stays as it was.
 */
void rp_spaces__look(struct rp_spaces *spaces, pid_t pid);
/*
 * It has mapped something: any number of times, it is looked at once, with all that are late, or
 * before its next sample is named. Returns when its mappings were read; 0: never.
 */
void rp_spaces__changed(struct rp_spaces *spaces, pid_t pid);
uint64_t rp_spaces__catch_up_with(struct rp_spaces *spaces, pid_t pid);
void rp_spaces__catch_up(struct rp_spaces *spaces);
/*
 * It has mapped a file, as it is told, and then in its turn. In between, samples may be from before
 * that, when something else was at the same address: they are not taken for that file's.
 */
void rp_spaces__maps(struct rp_spaces *spaces, pid_t pid, const struct rp_file_id *file);
void rp_spaces__mapped(struct rp_spaces *spaces, pid_t pid, const struct rp_file_id *file);
/* It has mapped all that its parent has. */
void rp_spaces__fork(struct rp_spaces *spaces, pid_t pid, pid_t parent);
/*
 * Its program ended at that time (ns, CLOCK_MONOTONIC), of which rp_spaces__exec() or
 * rp_spaces__exit() will tell in its turn: what /proc has shown since then is not what samples from
 * before are in. It is forgotten, and not looked at until then. next: the file of the program that
 * it runs from then on; NULL: none.
 */
void rp_spaces__ended(struct rp_spaces *spaces, pid_t pid, uint64_t time,
		      const struct rp_file_id *next);
/*
 * Up to that time (ns, CLOCK_MONOTONIC) more happened than is told: any process may have run other
 * programs by then, and samples from before are of nobody knows which.
 */
void rp_spaces__missed(struct rp_spaces *spaces, uint64_t time);
/* It runs another program. */
void rp_spaces__exec(struct rp_spaces *spaces, pid_t pid);
void rp_spaces__exit(struct rp_spaces *spaces, pid_t pid);

/*
 * Is an address in code of a file that had no unwind tables at that time (ns, CLOCK_MONOTONIC), or
 * of a process of which nothing is known yet, or any more?
 */
bool rp_spaces__was_early(const struct rp_spaces *spaces, pid_t pid, uint64_t address,
			  uint64_t time);

/*
 * Which file an address was in at that time (ns, CLOCK_MONOTONIC), and where there; false: none
 * that is known.
 */
bool rp_spaces__find(struct rp_spaces *spaces, pid_t pid, uint64_t address, uint64_t time,
		     uint32_t *object, uint64_t *offset);

/*
 * The function that the process has compiled there at run time, as far as it tells (perf maps);
 * NULL: none. now: ns. Lives until the next call.
 */
const char *rp_spaces__compiled(struct rp_spaces *spaces, pid_t pid, uint64_t address,
				uint64_t now);

/* Who is charged for what its samples take. */
struct rp_owner rp_spaces__owner(const struct rp_spaces *spaces, pid_t pid);

/* Their Python code, which ends with them. */
struct rp_python_codes *rp_spaces__python(struct rp_spaces *spaces);

/* Addresses that are in no file are looked for anew from now on. */
void rp_spaces__forget_misses(struct rp_spaces *spaces);

#endif
