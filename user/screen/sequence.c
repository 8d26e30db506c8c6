// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/sequence.h"

#define BELL   0x07
#define ESCAPE 0x1b

enum rp_sequence rp_sequence__begin(uint32_t c)
{
	switch (c) {
	case '[':
		return RP_SEQUENCE_CONTROL;
	case 'O':
		return RP_SEQUENCE_SHIFT;
	case ']': /* what the terminal is asked for: colours, */
	case 'P': /* its settings, */
	case '_': /* pictures, */
	case '^':
	case 'X':
		return RP_SEQUENCE_STRING;
	default:
		return RP_SEQUENCE_NONE;
	}
}

bool rp_sequence__takes(enum rp_sequence *sequence, uint32_t c)
{
	switch (*sequence) {
	case RP_SEQUENCE_NONE:
		return false;
	case RP_SEQUENCE_CONTROL:
		/* What is neither a parameter nor the end breaks it off, and is for itself. */
		if (c < 0x20 || c > 0x7e) {
			*sequence = RP_SEQUENCE_NONE;
			return false;
		}
		if (c >= 0x40)
			*sequence = RP_SEQUENCE_NONE;
		return true;
	case RP_SEQUENCE_SHIFT:
		*sequence = RP_SEQUENCE_NONE;
		return true;
	case RP_SEQUENCE_STRING:
		if (c == ESCAPE) { /* and one character */
			*sequence = RP_SEQUENCE_SHIFT;
			return true;
		}
		if (c < 0x20)
			*sequence = RP_SEQUENCE_NONE;
		return c == BELL || c >= 0x20;
	}
	return false;
}
