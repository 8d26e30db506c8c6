/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What rptrace and its helper say to each other; of no concern to others. */
#ifndef RP_HELPER_MESSAGE_H
#define RP_HELPER_MESSAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "discover/perf_map.h"

#define RP_HELPER_NAME "rptrace-files"

/* Code is read in pieces of that size, which begin at a multiple of it. */
#define RP_HELPER_PIECE	 (16u << 10)

#define RP_HELPER_PLACES (PATH_MAX / sizeof(uint64_t))

enum rp_helper_what {
	RP_HELPER_OPEN,		/* path -> file */
	RP_HELPER_OPEN_MAPPING, /* of a process -> file, as the kernel finds it */
	RP_HELPER_OPEN_PATH,	/* the same, by its path there */
	RP_HELPER_OBJECT,	/* file, path: its name -> image in a memfd; it stays open ... */
	RP_HELPER_READ,		/* ... for this: offset -> a piece */
	RP_HELPER_CLOSE,	/* once it is: closing may take for ever */
	RP_HELPER_DIFFERS,	/* file, of a process, offset -> a byte: it does */
	RP_HELPER_CODE,		/* file, places in it, hash so far -> that hash, of what is there */
	RP_HELPER_DEBUG_FILE,	/* file, path: its name -> the file with its symbols or lines */
	RP_HELPER_UNWINDING,	/* file -> memfd: rp_unwind_object__pack() */
	RP_HELPER_PERF_MAP,	/* of a process, known -> memfd: rp_perf_map__pack() */
	RP_HELPER_LINKED,	/* path of a command -> memfd: a byte '*' or ' ', path, 0; ... */
};

struct rp_helper_request {
	uint32_t what;
	uint32_t tables; /* enum rp_elf_tables */
	int32_t pid;	 /* and what it has mapped: */
	uint32_t is_exe;
	uint64_t start, end, dev, ino, mapped_offset;
	uint64_t offset;
	uint64_t hash;
	uint32_t n_places;
	uint32_t leaves_folder; /* of an object: rp_elf__leave_folder() */
	struct rp_perf_map_version known;
	union {
		char path[PATH_MAX];
		uint64_t places[RP_HELPER_PLACES]; /* of RP_HELPER_CODE, without a path */
	};
};

struct rp_helper_reply {
	int32_t rc;
	uint32_t size;	 /* of the piece */
	char cause[512]; /* of an object that cannot be read */
	char piece[RP_HELPER_PIECE];
};

/* fd goes with it; -1: none does. */
bool rp_helper_message__send(int socket, const void *message, size_t size, int fd);

/* Returns its size, and the file that came with it or -1; a negative errno, -EPIPE at the end. */
ssize_t rp_helper_message__receive(int socket, void *message, size_t size, int *fd);

/* The helper: answers until the other end is closed. It can open files for reading, and no more. */
_Noreturn void rp_helper__serve(int socket, pid_t parent);

#endif
