// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What unwinding needs of an object: its .eh_frame, and where its code is. */
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

size_t rp_elf__code_segments(const struct rp_elf *elf, struct rp_elf_segment *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct rp_elf_load *load = &elf->loads[i];

		if (!load->exec)
			continue;
		if (n < max)
			out[n] = (struct rp_elf_segment){load->offset, load->filesz, load->vaddr};
		n++;
	}
	return n;
}

uint64_t rp_elf__code_end(const struct rp_elf *elf)
{
	uint64_t end = 0;

	for (size_t i = 0; i < elf->n_sections; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (section->sh_flags & SHF_EXECINSTR && section->sh_addr + section->sh_size > end)
			end = section->sh_addr + section->sh_size;
	}
	return end;
}
