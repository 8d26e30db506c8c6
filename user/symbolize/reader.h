/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A process that knows the functions and source lines of one object. Symbol tables and debug
 * information are large, slow to read and the target's own, so one without rights holds them
 * (helper/restrict.h), in bounded memory, and is asked for one address at a time.
 */
#ifndef RP_READER_H
#define RP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "discover/lines.h"
#include "helper/killed.h"

#define RP_READER_FRAMES 16 /* inlined calls and the function that they are in */

struct rp_reader;

/* What it says of an address. */
struct rp_reader_answer {
	uint64_t offset;
	uint32_t n;	/* 0: nothing is known */
	uint32_t named; /* the function has a name; else that is "+0xADDRESS", of where it starts */
	struct rp_code_frame frames[RP_READER_FRAMES];
};

/*
 * fd and debug stay the caller's; debug: its debug file, -1: it has none. lines: files and lines,
 * too. NULL: it cannot be started.
 */
struct rp_reader *rp_reader__start(int fd, int debug, bool lines);
void rp_reader__end(struct rp_reader *reader, struct rp_killed *killed); /* reader: or NULL */
pid_t rp_reader__pid(const struct rp_reader *reader);
/* CPU time that it has used, and time that it kept us waiting for nothing, ns. */
uint64_t rp_reader__spent(const struct rp_reader *reader);
/* Memory of its own that it has taken, bytes; 0: it has ended. */
uint64_t rp_reader__memory(const struct rp_reader *reader);
/* ns for which readers that had been asked waited for a CPU, all that there ever were. */
uint64_t rp_reader__waited_in_all(void);

/*
 * What runs at an offset of the file, the innermost call first. It is waited for as long as it
 * works, however busy the machine is. -ETIMEDOUT: it sleeps over its files, and not a byte of them
 * comes. -ETIME, -EIO: it will not answer either. -EINTR: is_cancelled, which is asked often, says
 * so; it may be asked again. NULL: never.
 */
int rp_reader__ask(struct rp_reader *reader, uint64_t offset, bool (*is_cancelled)(void),
		   struct rp_reader_answer *answer);

#endif
