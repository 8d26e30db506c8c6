/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What unwinding needs to know of one object. */
#ifndef RP_UNWIND_OBJECT_H
#define RP_UNWIND_OBJECT_H

#include "discover/elf_object.h"
#include "unwind/rows.h"

#define RP_UNWIND_SEGMENTS_MAX 8

struct rp_unwind_object {
	struct rp_unwind_rows table;
	struct rp_elf_segment segments[RP_UNWIND_SEGMENTS_MAX];
	size_t n_segments;
	struct rp_elf_python python; /* its runtime is 0 where it is none */
};

/* Of an open file. -ENODATA: it has no table; else a negative errno. */
int rp_unwind_object__read(int fd, struct rp_unwind_object *out);
void rp_unwind_object__free(struct rp_unwind_object *object);

/* All of it in malloc'ed memory, for another process of the same program. 0 or -ENOMEM. */
int rp_unwind_object__pack(const struct rp_unwind_object *object, char **bytes, size_t *size);
/* Of bytes that may be anything. 0, -ENOMEM; -EBADMSG: they are not an object. */
int rp_unwind_object__unpack(const char *bytes, size_t size, struct rp_unwind_object *out);

/*
 * What addresses in memory less a pc of the table are, where `len` bytes from that offset of the
 * file on are mapped at `start`. -ENOENT: no code is there.
 */
int rp_unwind_object__bias(const struct rp_unwind_object *object, uint64_t offset, uint64_t len,
			   uint64_t start, uint64_t *bias);

#endif
