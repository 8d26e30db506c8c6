/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What is known of an ELF object as one run of bytes, so that another process can read it: files of
 * targets are hostile, and are read by a process that has little to lose. Whoever takes that
 * process over writes these bytes as he likes, so that nothing in them is believed: counts, sizes,
 * offsets and order are checked before anything is used.
 */
#ifndef RP_ELF_IMAGE_H
#define RP_ELF_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "discover/elf_object.h"

/* What may be wanted of an object beside its traits: each costs time. */
enum rp_elf_tables {
	RP_ELF_FUNCTIONS = 1u << 0,
	RP_ELF_USDT = 1u << 1,
};

/* Longer ones are neither written nor read. */
#define RP_ELF_IMAGE_MAX (1ull << 30)

/* *bytes: malloc'ed. -ENOMEM; -EFBIG. */
int rp_elf_image__make(struct rp_elf *elf, unsigned tables, char **bytes, size_t *size);

/* The other process. */
struct rp_elf_reader {
	/* Bytes of the object at a file offset; returns how many there were. */
	size_t (*read)(void *ctx, uint64_t offset, void *buf, size_t len);
	void (*close)(void *ctx);
	void *ctx;
};

/*
 * An object as that process sees it, of a file of that size. Its tables are those that were wanted,
 * and others are empty. Takes bytes over. -EBADMSG: they cannot be what was asked for; -ENOMEM.
 */
int rp_elf_image__open(char *bytes, size_t size, uint64_t file_size, const char *name,
		       const struct rp_elf_reader *reader, struct rp_elf **out);

#endif
