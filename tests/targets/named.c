/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * named FILE: for each text of the file, which end in a 0 byte each: the process takes it for its
 * name, runs through a region of that name, and calls by_text with it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define TEXTS_MAX 65536

NO_CLONES void by_text(const char *text);
NO_CLONES void by_text(const char *text)
{
	(void)text;
	KEEP();
}

int main(int argc, char **argv)
{
	static char texts[TEXTS_MAX + 1];
	FILE *file = argc > 1 ? fopen(argv[1], "re") : NULL;
	size_t size = file ? fread(texts, 1, TEXTS_MAX, file) : 0;

	target_wait();
	for (const char *at = texts; at < texts + size; at += strlen(at) + 1) {
		prctl(PR_SET_NAME, at);
		rptrace_begin(at);
		by_text(at);
		rptrace_end(at);
	}
	return file ? 0 : 1;
}
