/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Escape sequences that the terminal library does not know (reports of focus, of the mouse in other
 * forms) come from it a character at a time. Here they are followed to their end, so that none of
 * their characters is taken for a key. Pure.
 */
#ifndef RP_SEQUENCE_H
#define RP_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

enum rp_sequence {
	RP_SEQUENCE_NONE,
	RP_SEQUENCE_CONTROL, /* ESC [, up to a letter or the like */
	RP_SEQUENCE_SHIFT,   /* ESC O and one character */
	RP_SEQUENCE_STRING,  /* ESC ] and others, up to BEL or to ESC and a backslash */
};

/* What an escape and this character behind it begin. NONE: a key of its own, and another. */
enum rp_sequence rp_sequence__begin(uint32_t c);

/* Whether the character is part of it. It may be the last one, and is where it cannot go on. */
bool rp_sequence__takes(enum rp_sequence *sequence, uint32_t c);

#endif
