// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/unwind_object.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#define IS_X86 1
#else
#define IS_X86 0
#endif

#define PAGE	 4096u
#define VDSO_MAX (1u << 20)

int rp_unwind_object__read(int fd, struct rp_unwind_object *out)
{
	struct rp_eh_frame eh_frame;
	struct rp_elf *elf = NULL;
	char *data = NULL;
	int err;

	*out = (struct rp_unwind_object){0};
	/* What a row tells of is in that machine's registers. */
	err = IS_X86 ? rp_elf__open(fd, "", &elf, NULL) : -ENODATA;
	if (!err)
		err = rp_elf__eh_frame(elf, &data, &eh_frame.size, &eh_frame.addr);
	if (err)
		goto out;
	rp_elf__python(elf, &out->python);
	out->n_segments = rp_elf__code_segments(elf, out->segments, RP_UNWIND_SEGMENTS_MAX);
	if (out->n_segments > RP_UNWIND_SEGMENTS_MAX)
		out->n_segments = RP_UNWIND_SEGMENTS_MAX;
	eh_frame.data = data;
	err = rp_unwind_rows__read(&eh_frame, &out->table);
	free(data);
out:
	rp_elf__free(elf);
	return err;
}

int rp_unwind_object__read_vdso(struct rp_unwind_object *out, uint64_t *size)
{
	const Elf64_Ehdr *image = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	size_t bytes;
	int fd, err;

	*out = (struct rp_unwind_object){0};
	if (!image)
		return -ENODATA;
	/* The headers of sections are last in it. */
	bytes = image->e_shoff + (size_t)image->e_shnum * image->e_shentsize;
	if (!image->e_shoff || bytes > VDSO_MAX)
		return -ENODATA;
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, image, bytes) == (ssize_t)bytes ? rp_unwind_object__read(fd, out) : -EIO;
	*size = (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	close(fd);
	return err;
}

void rp_unwind_object__free(struct rp_unwind_object *object)
{
	rp_unwind_rows__free(&object->table);
}

int rp_unwind_object__bias(const struct rp_unwind_object *object, uint64_t offset, uint64_t len,
			   uint64_t start, uint64_t *bias)
{
	for (size_t i = 0; i < object->n_segments; i++) {
		const struct rp_elf_segment *segment = &object->segments[i];

		/* A mapping begins at a page, a segment anywhere in one. */
		if (segment->offset < offset + len && offset < segment->offset + segment->size) {
			*bias = start - offset + segment->offset - segment->addr +
				object->table.base;
			return 0;
		}
	}
	return -ENOENT;
}
