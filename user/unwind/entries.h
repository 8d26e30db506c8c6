/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The entries of .eh_frame: functions (FDE), and what many of them have in common (CIE). */
#ifndef RP_UNWIND_ENTRIES_H
#define RP_UNWIND_ENTRIES_H

#include "unwind/bytes.h"

/* The section of an object as it is in memory. */
struct rp_eh_frame {
	const void *data;
	size_t size;
	uint64_t addr; /* virtual address in the object */
};

struct rp_unwind_cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t return_reg;
	uint8_t encoding; /* of addresses in its functions: DW_EH_PE_* */
	bool has_data;	  /* functions have augmentation data, too */
	bool is_signal;	  /* its functions are the kernel's way back from signal handlers */
	struct rp_unwind_bytes program; /* what holds at the start of each function */
};

struct rp_unwind_fde {
	uint64_t start, size; /* code, by virtual address */
	struct rp_unwind_cie cie;
	struct rp_unwind_bytes program;
};

enum rp_unwind_entry {
	RP_UNWIND_ENTRY_END,	/* there are no more */
	RP_UNWIND_ENTRY_FDE,	/* a function */
	RP_UNWIND_ENTRY_OTHER,	/* a CIE */
	RP_UNWIND_ENTRY_BROKEN, /* not to be understood, but it can be skipped */
};

/*
 * Read the entry at *offset and move on to the next one. *cie_offset is the CIE that fde->cie was
 * read from, so that entries in a row that share one do not have it read again; SIZE_MAX: none.
 */
enum rp_unwind_entry rp_unwind_entry__read(const struct rp_eh_frame *eh_frame, size_t *offset,
					   size_t *cie_offset, struct rp_unwind_fde *fde);

/* An address in the encoding DW_EH_PE_*, of a section at that address in memory. */
uint64_t rp_unwind_entry__address(const struct rp_eh_frame *eh_frame, struct rp_unwind_bytes *b,
				  uint8_t encoding);

#endif
