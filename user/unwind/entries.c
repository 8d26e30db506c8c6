// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "unwind/entries.h"

#include <dwarf.h>

#define EXTENDED_LENGTH	 0xffffffffu /* the length is in the 8 bytes that follow */
#define AUGMENTATION_MAX 8	     /* letters: there are not as many */
#define VALUE_MASK	 0x0f	     /* of an encoding: how the number is written ... */
#define RELATIVE_MASK	 0x70	     /* ... and what it is relative to */

static uint64_t encoded_number(struct rp_unwind_bytes *b, uint8_t encoding)
{
	switch (encoding & VALUE_MASK) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return rp_unwind_bytes__number(b, 8);
	case DW_EH_PE_uleb128:
		return rp_unwind_bytes__unsigned(b);
	case DW_EH_PE_sleb128:
		return (uint64_t)rp_unwind_bytes__signed(b);
	case DW_EH_PE_udata2:
		return rp_unwind_bytes__number(b, 2);
	case DW_EH_PE_sdata2:
		return (uint64_t)(int16_t)rp_unwind_bytes__number(b, 2);
	case DW_EH_PE_udata4:
		return rp_unwind_bytes__number(b, 4);
	case DW_EH_PE_sdata4:
		return (uint64_t)(int32_t)rp_unwind_bytes__number(b, 4);
	default:
		return rp_unwind_bytes__fail(b);
	}
}

uint64_t rp_unwind_entry__address(const struct rp_eh_frame *eh_frame, struct rp_unwind_bytes *b,
				  uint8_t encoding)
{
	uint64_t here = eh_frame->addr + (uint64_t)(b->at - (const uint8_t *)eh_frame->data);
	uint64_t number = encoded_number(b, encoding);

	/* Others are relative to sections of their own, and no linker for x86-64 writes them. */
	switch (encoding & RELATIVE_MASK) {
	case 0:
		return number;
	case DW_EH_PE_pcrel:
		return number + here;
	default:
		return rp_unwind_bytes__fail(b);
	}
}

/* The bytes of the entry at *offset, which its length tells, and past them. */
static struct rp_unwind_bytes entry_bytes(const struct rp_eh_frame *eh_frame, size_t *offset)
{
	const uint8_t *data = eh_frame->data;
	struct rp_unwind_bytes all = {.end = data + eh_frame->size}, entry;
	uint64_t length;

	all.at = *offset < eh_frame->size ? data + *offset : all.end;
	length = rp_unwind_bytes__number(&all, 4);
	if (length == EXTENDED_LENGTH)
		length = rp_unwind_bytes__number(&all, 8);
	entry = rp_unwind_bytes__take(&all, length);
	*offset = (size_t)(all.at - data);
	return entry;
}

/* Letters after "z" say what the augmentation data hold, in their order. */
static bool read_augmentation(struct rp_unwind_bytes *b, const uint8_t *letters, size_t n,
			      struct rp_unwind_cie *cie)
{
	struct rp_unwind_bytes data;

	if (!n)
		return true;
	if (letters[0] != 'z')
		return false;
	cie->has_data = true;
	data = rp_unwind_bytes__take(b, rp_unwind_bytes__unsigned(b));
	for (size_t i = 1; i < n; i++) {
		uint8_t encoding;

		switch (letters[i]) {
		case 'R':
			cie->encoding = (uint8_t)rp_unwind_bytes__number(&data, 1);
			break;
		case 'P': /* the routine for exceptions: only its size matters */
			encoding = (uint8_t)rp_unwind_bytes__number(&data, 1);
			if (encoding != DW_EH_PE_omit)
				encoded_number(&data, encoding);
			break;
		case 'L':
			rp_unwind_bytes__number(&data, 1);
			break;
		case 'S':
			cie->is_signal = true;
			break;
		case 'B': /* aarch64: return addresses are signed */
		case 'G':
			break;
		default:
			return false;
		}
	}
	return !data.failed;
}

static bool read_cie(const struct rp_eh_frame *eh_frame, size_t offset, struct rp_unwind_cie *cie)
{
	struct rp_unwind_bytes b = entry_bytes(eh_frame, &offset);
	const uint8_t *letters, *end;
	uint64_t version;

	*cie = (struct rp_unwind_cie){.encoding = DW_EH_PE_absptr};
	if (rp_unwind_bytes__number(&b, 4)) /* where a function has its way to a CIE */
		return false;
	version = rp_unwind_bytes__number(&b, 1);
	letters = b.at;
	end = memchr(letters, 0, rp_unwind_bytes__left(&b));
	if ((version != 1 && version != 3) || !end || end - letters > AUGMENTATION_MAX)
		return false;
	b.at = end + 1;
	cie->code_align = rp_unwind_bytes__unsigned(&b);
	cie->data_align = rp_unwind_bytes__signed(&b);
	cie->return_reg = version == 1 ? rp_unwind_bytes__number(&b, 1)
				       : rp_unwind_bytes__unsigned(&b);
	if (!read_augmentation(&b, letters, (size_t)(end - letters), cie))
		return false;
	cie->program = b;
	return !b.failed;
}

static bool read_fde(const struct rp_eh_frame *eh_frame, struct rp_unwind_bytes b,
		     struct rp_unwind_fde *fde)
{
	fde->start = rp_unwind_entry__address(eh_frame, &b, fde->cie.encoding);
	fde->size = encoded_number(&b, fde->cie.encoding & VALUE_MASK);
	if (fde->cie.has_data)
		rp_unwind_bytes__take(&b, rp_unwind_bytes__unsigned(&b));
	fde->program = b;
	return !b.failed && fde->size && fde->size <= UINT64_MAX - fde->start;
}

enum rp_unwind_entry rp_unwind_entry__read(const struct rp_eh_frame *eh_frame, size_t *offset,
					   size_t *cie_offset, struct rp_unwind_fde *fde)
{
	struct rp_unwind_bytes b = entry_bytes(eh_frame, offset);
	size_t here, back;

	if (b.failed || b.at == b.end)
		return RP_UNWIND_ENTRY_END;
	here = (size_t)(b.at - (const uint8_t *)eh_frame->data);
	back = rp_unwind_bytes__number(&b, 4);
	if (b.failed)
		return RP_UNWIND_ENTRY_BROKEN;
	if (!back)
		return RP_UNWIND_ENTRY_OTHER;
	/* It would be before the section. */
	if (back > here)
		return RP_UNWIND_ENTRY_BROKEN;
	if (*cie_offset != here - back) {
		*cie_offset = SIZE_MAX;
		if (!read_cie(eh_frame, here - back, &fde->cie))
			return RP_UNWIND_ENTRY_BROKEN;
		*cie_offset = here - back;
	}
	return read_fde(eh_frame, b, fde) ? RP_UNWIND_ENTRY_FDE : RP_UNWIND_ENTRY_BROKEN;
}
