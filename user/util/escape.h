/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The one way out for text. Names of processes, files, regions, labels and control groups are
 * chosen by whoever wrote the traced program, who may mean harm to the terminal or to what reads
 * the output. So all text goes through one rule, whatever the form:
 *
 *   a backslash                                      two backslashes
 *   control characters, characters that cannot be    \xNN, a byte
 *   seen or reorder text, bytes that are no UTF-8
 *   all else                                         as it is
 *
 * It can be undone, so two different names never print alike. A form with quotes of its own (JSON,
 * CSV, OpenMetrics) adds them to what comes out here. Text is escaped where it is printed and
 * nowhere before: twice would be wrong.
 */
#ifndef RP_ESCAPE_H
#define RP_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What one character comes to: bytes that are printed together. */
struct rp_escape_piece {
	char bytes[4];
	size_t len;
};

/*
 * The first character of a text that does not end here. Without utf8 all but ASCII is escaped too.
 * Returns how many bytes of the text it stands for.
 */
size_t rp_escape__next(const char *text, bool utf8, struct rp_escape_piece *out);

/* One byte as \xNN. */
void rp_escape__byte(char byte, struct rp_escape_piece *out);

/* As much as fits, whole characters. Always terminated; returns buf. */
const char *rp_escape(const char *text, char *buf, size_t size);

/* All of it in memory of its own; NULL counts as "". NULL: out of memory. */
char *rp_escape__copy(const char *text, bool utf8);

/* "PREFIXtext" and the end of a line, written at once: others may write to the same terminal. */
void rp_escape__print_line(FILE *out, const char *prefix, const char *text);

#endif
