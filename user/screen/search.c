// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/search.h"

#include <string.h>

#include "screen/prompt.h"

bool rp_search__matches(const char *text, const char *pattern)
{
	char word[RP_PROMPT_MAX];

	while (text && *pattern) {
		size_t len = strcspn(pattern, "|");

		memcpy(word, pattern, len);
		word[len] = '\0';
		if (len && strcasestr(text, word))
			return true;
		pattern += len + (pattern[len] == '|');
	}
	return false;
}
