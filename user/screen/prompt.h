/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Keys as the model sees them, and a line that is edited with them. Pure. */
#ifndef RP_PROMPT_H
#define RP_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A character of Unicode, or one of these. */
enum rp_key {
	RP_KEY_TAB = '\t',
	RP_KEY_ENTER = '\n',
	RP_KEY_ESCAPE = 0x1b,
	RP_KEY_UP = 0x110000,
	RP_KEY_DOWN,
	RP_KEY_LEFT,
	RP_KEY_RIGHT,
	RP_KEY_SHIFT_LEFT,
	RP_KEY_SHIFT_RIGHT,
	RP_KEY_PAGE_UP,
	RP_KEY_PAGE_DOWN,
	RP_KEY_HOME,
	RP_KEY_END,
	RP_KEY_BACKSPACE,
	RP_KEY_DELETE,
	RP_KEY_BACK_TAB,
	RP_KEY_F0, /* RP_KEY_F0 + n is Fn */
	RP_KEY_LAST = RP_KEY_F0 + 12,
};

#define RP_CTRL(letter) ((letter)&0x1f)

#define RP_PROMPT_MAX	256

struct rp_prompt {
	char text[RP_PROMPT_MAX]; /* UTF-8 */
	size_t len, cursor;	  /* bytes */
};

void rp_prompt__set(struct rp_prompt *prompt, const char *text);

/* Whether the key edits a line. */
bool rp_prompt__key(struct rp_prompt *prompt, int key);

#endif
