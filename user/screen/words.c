// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/words.h"

#include <string.h>

#include "screen/prompt.h"

bool rp_words__in(const char *text, const char *words)
{
	char word[RP_PROMPT_MAX];

	while (text && *words) {
		size_t len = strcspn(words, "|");

		memcpy(word, words, len);
		word[len] = '\0';
		if (len && strcasestr(text, word))
			return true;
		words += len + (words[len] == '|');
	}
	return false;
}
