// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What unwinding needs of an object: its .eh_frame, and where its addresses are in memory. */
#include <errno.h>

#include "discover/elf_internal.h"

#define EH_FRAME_MAX (128u << 20)

int rp_elf__eh_frame(const struct rp_elf *elf, char **data, size_t *size, uint64_t *addr)
{
	const Elf64_Shdr *section = rp_elf__section_by_name(elf, ".eh_frame");
	int err;

	if (!section || !section->sh_size)
		return -ENODATA;
	err = rp_elf__section_load(elf, section, EH_FRAME_MAX, data);
	if (err)
		return err;
	*size = section->sh_size;
	*addr = section->sh_addr;
	return 0;
}

int rp_elf__bias(const struct rp_elf *elf, uint64_t offset, uint64_t len, uint64_t start,
		 uint64_t *bias)
{
	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct rp_elf_load *load = &elf->loads[i];

		/* Mappings begin at pages, segments anywhere in one. */
		if (load->exec && load->offset < offset + len &&
		    offset < load->offset + load->filesz) {
			*bias = start - offset + load->offset - load->vaddr;
			return 0;
		}
	}
	return -ENOENT;
}
