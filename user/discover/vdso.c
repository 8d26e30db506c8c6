// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/vdso.h"

#include <elf.h>
#include <errno.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "util/memory_file.h"

#define PAGE	 4096u
#define VDSO_MAX (1u << 20)

int rp_vdso__open(uint64_t *size)
{
	const Elf64_Ehdr *image = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	size_t bytes;
	int fd;

	if (!image)
		return -ENODATA;
	/* The headers of sections are last in it. */
	bytes = image->e_shoff + (size_t)image->e_shnum * image->e_shentsize;
	if (!image->e_shoff || bytes > VDSO_MAX)
		return -ENODATA;
	fd = rp_memory_file__new("vdso");
	if (fd >= 0 && write(fd, image, bytes) != (ssize_t)bytes) {
		close(fd);
		fd = -EIO;
	}
	*size = (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	return fd;
}
