// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* USDT notes: where the probes of <sys/sdt.h> and the like are, as the linker left them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discover/elf_internal.h"
#include "util/array.h"

#define STAPSDT_OWNER "stapsdt"
#define STAPSDT_TYPE  3
#define N_ADDRS	      3 /* nop, base, semaphore */

/* Round up; false where that leaves the range of size_t. */
static bool align_up(size_t *value, size_t align)
{
	if (*value > SIZE_MAX - (align - 1))
		return false;
	*value = (*value + align - 1) & ~(align - 1);
	return true;
}

bool rp_elf_note__next(const char *data, size_t size, uint64_t align, size_t *pos,
		       struct rp_elf_note *note)
{
	Elf64_Nhdr hdr;
	size_t at = *pos;

	/* Two layouts are in use: that of 8 bytes, and for every other value that of 4. */
	align = align == 8 ? 8 : 4;
	if (at > size || size - at < sizeof(hdr))
		return false;
	memcpy(&hdr, data + at, sizeof(hdr));
	at += sizeof(hdr);
	if (hdr.n_namesz > size - at)
		return false;
	note->name = data + at;
	note->name_size = hdr.n_namesz;
	at += hdr.n_namesz;
	if (!align_up(&at, align) || at > size || hdr.n_descsz > size - at)
		return false;
	note->desc = data + at;
	note->desc_size = hdr.n_descsz;
	note->type = hdr.n_type;
	at += hdr.n_descsz;
	/* The padding after the last note may be missing. */
	*pos = align_up(&at, align) && at < size ? at : size;
	return true;
}

/* The string at *at that ends within the desc, moving *at past it; NULL where it does not end. */
static const char *take_string(const struct rp_elf_note *note, size_t *at)
{
	const char *start = note->desc + *at;
	const char *end = memchr(start, '\0', note->desc_size - *at);

	if (!end)
		return NULL;
	*at += end - start + 1;
	return start;
}

/* Fill out from a note; false where it is none of ours or makes no sense. */
static bool parse_note(const struct rp_elf *elf, const struct rp_elf_note *note,
		       const Elf64_Shdr *base, struct rp_usdt_note *out)
{
	uint64_t addrs[N_ADDRS], moved;
	size_t at = sizeof(addrs);

	if (note->type != STAPSDT_TYPE || note->name_size != sizeof(STAPSDT_OWNER) ||
	    memcmp(note->name, STAPSDT_OWNER, sizeof(STAPSDT_OWNER)))
		return false;
	if (note->desc_size < sizeof(addrs))
		return false;
	memcpy(addrs, note->desc, sizeof(addrs));
	out->provider = take_string(note, &at);
	out->name = out->provider ? take_string(note, &at) : NULL;
	out->args = out->name ? take_string(note, &at) : NULL;
	if (!out->args || !*out->provider || !*out->name)
		return false;
	/*
	 * Prelink moves an object as a whole, without touching its notes; the base tells how far.
	 */
	moved = base && addrs[1] ? base->sh_addr - addrs[1] : 0;
	out->addr = addrs[0] + moved;
	out->semaphore = 0;
	if (rp_elf__offset(elf, out->addr, &out->offset))
		return false;
	/* Guarded by a semaphore that cannot be raised, the probe would never fire. */
	return !addrs[2] || !rp_elf__data_offset(elf, addrs[2] + moved, &out->semaphore);
}

static int add_note(struct rp_elf *elf, const struct rp_usdt_note *note, size_t *room)
{
	if (rp_array__grow(&elf->notes, elf->n_notes, room, sizeof(*note)))
		return -ENOMEM;
	elf->notes[elf->n_notes++] = *note;
	return 0;
}

static int read_section(struct rp_elf *elf, const Elf64_Shdr *section, size_t *room)
{
	const Elf64_Shdr *base = rp_elf__section_by_name(elf, ".stapsdt.base");
	struct rp_elf_note raw;
	size_t pos = 0;
	char *data;
	int err;

	data = rp_elf__alloc(elf, section->sh_size + 1);
	if (!data)
		return -ENOMEM;
	err = rp_elf__section_read(elf, section, data);
	if (err)
		return err;
	while (rp_elf_note__next(data, section->sh_size, section->sh_addralign, &pos, &raw)) {
		struct rp_usdt_note note;

		if (!parse_note(elf, &raw, base, &note))
			continue;
		err = add_note(elf, &note, room);
		if (err)
			return err;
	}
	return 0;
}

static int read_notes(struct rp_elf *elf)
{
	size_t room = 0, left = RP_ELF_NOTES_MAX;
	int broken = 0;

	for (size_t i = 0; i < elf->n_sections; i++) {
		const Elf64_Shdr *section = &elf->sections[i];
		int err;

		if (section->sh_type != SHT_NOTE ||
		    strcmp(rp_elf__section_name(elf, section), ".note.stapsdt"))
			continue;
		err = rp_elf__section_check(elf, section, left);
		if (!err) {
			left -= section->sh_size;
			err = read_section(elf, section, &room);
		}
		if (err == -ENOMEM)
			return err;
		if (err)
			broken = err;
	}
	return elf->n_notes ? 0 : broken;
}

int rp_elf__usdt(struct rp_elf *elf, const struct rp_usdt_note **notes, size_t *n,
		 struct rp_err *err)
{
	if (!elf->notes_read) {
		elf->notes_error = read_notes(elf);
		elf->notes_read = true;
	}
	if (elf->notes_error)
		return rp_elf__damaged(elf, elf->notes_error, err, "its USDT notes cannot be read");
	*notes = elf->notes;
	*n = elf->n_notes;
	return 0;
}
