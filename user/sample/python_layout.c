// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Offsets as the headers of CPython have them (Include/internal/pycore_runtime.h, pycore_interp.h,
 * pycore_frame.h; cpython/pystate.h, code.h, unicodeobject.h), the same in all releases of a
 * version. Were one of them wrong, no thread's state would be taken for its own.
 */
#include "sample/python_layout.h"

#include <stddef.h>

#define OWNED_BY_C_STACK 3 /* FRAME_OWNED_BY_CSTACK */

static const struct {
	uint32_t version; /* as PY_VERSION_HEX, major and minor alone */
	struct rp_python_layout layout;
} known[] = {
	{0x030b,
	 {
		 .runtime_key = 592,
		 .runtime_interpreters = 40,
		 .interpreter_threads = 16,
		 .thread_next = 8,
		 .thread_id = 152,
		 .thread_frame = 56,
		 .has_cframe = true,
		 .cframe_frame = 8,
		 .cframe_previous = 16,
		 .frame_code = 32,
		 .frame_previous = 48,
		 .frame_instruction = 56,
		 .frame_mark = 68, /* is_entry */
		 .mark_of_end = true,
		 .code_first_line = 72,
		 .code_file = 112,
		 .code_name = 128,
		 .code_lines = 136,
		 .code_instructions = 184,
		 .text_ascii = 48,
		 .text_wide = 72,
	 }},
	{0x030c,
	 {
		 .runtime_key = 1544,
		 .runtime_interpreters = 40,
		 .interpreter_threads = 72,
		 .thread_next = 8,
		 .thread_id = 136,
		 .thread_frame = 56,
		 .has_cframe = true,
		 .ends_on_stack = true,
		 .cframe_frame = 0,
		 .frame_code = 0,
		 .frame_previous = 8,
		 .frame_instruction = 56,
		 .frame_mark = 70, /* owner */
		 .mark_of_end = OWNED_BY_C_STACK,
		 .code_first_line = 68,
		 .code_file = 112,
		 .code_name = 128,
		 .code_lines = 136,
		 .code_instructions = 192,
		 .text_ascii = 40,
		 .text_wide = 56,
	 }},
	{0x030d,
	 {
		 .runtime_key = 2160,
		 .runtime_interpreters = 632,
		 .interpreter_threads = 7344,
		 .thread_next = 8,
		 .thread_id = 152,
		 .thread_frame = 72,
		 .ends_on_stack = true,
		 .frame_code = 0,
		 .frame_previous = 8,
		 .frame_instruction = 56,
		 .frame_mark = 70,
		 .mark_of_end = OWNED_BY_C_STACK,
		 .code_first_line = 68,
		 .code_file = 112,
		 .code_name = 128,
		 .code_lines = 136,
		 .code_instructions = 200,
		 .text_ascii = 40,
		 .text_wide = 56,
	 }},
};

const struct rp_python_layout *rp_python_layout__of(const struct rp_elf_python *python)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (python->version >> 16 == known[i].version && !python->free_threaded)
			return &known[i].layout;
	return NULL;
}
