// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The table (Objects/locations.md of CPython) has an entry for each stretch of instructions. Its
 * first byte, the only one with the highest bit set, has a form and how many instructions there
 * are; what follows depends on the form: the difference to the line of the last entry, and columns,
 * which are skipped. Numbers have six bits in a byte, the lowest ones first, and one that says that
 * there are more.
 */
#include "sample/python_lines.h"

#include <errno.h>

#include "util/array.h"

#define IS_ENTRY	  0x80
#define FORM(byte)	  ((byte) >> 3 & 15)
#define LENGTH(byte)	  (((byte)&7) + 1)
#define INSTRUCTION_BYTES 2

enum form {
	/* 0 to 9: the same line */
	FORM_LINE_0 = 10, /* 10 to 12: that many lines further on */
	FORM_LINE_2 = 12,
	FORM_NO_COLUMNS = 13,
	FORM_LONG = 14,
	FORM_NONE = 15, /* no line */
};

struct bytes {
	const uint8_t *at, *end;
};

static int64_t signed_number(struct bytes *b)
{
	uint64_t value = 0;

	for (unsigned shift = 0; b->at < b->end && !(*b->at & IS_ENTRY) && shift < 36; shift += 6) {
		uint8_t byte = *b->at++;

		value |= (uint64_t)(byte & 63) << shift;
		if (!(byte & 64))
			break;
	}
	return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

static int64_t line_difference(struct bytes *b, unsigned form)
{
	if (form >= FORM_LINE_0 && form <= FORM_LINE_2)
		return form - FORM_LINE_0;
	if (form == FORM_NO_COLUMNS || form == FORM_LONG)
		return signed_number(b);
	return 0;
}

static int add(struct rp_python_line **lines, size_t *n, size_t *room, uint64_t start,
	       uint32_t line)
{
	if (*n && (*lines)[*n - 1].line == line)
		return 0;
	if (rp_array__grow(lines, *n, room, sizeof(**lines)))
		return -ENOMEM;
	(*lines)[(*n)++] = (struct rp_python_line){.start = start, .line = line};
	return 0;
}

int rp_python_lines__read(const uint8_t *table, size_t size, uint32_t first_line,
			  struct rp_python_line **lines, size_t *n)
{
	struct bytes b = {table, table + size};
	uint64_t start = 0;
	int64_t line = first_line;
	size_t room = 0;
	int rc = 0;

	*lines = NULL;
	*n = 0;
	while (!rc && b.at < b.end) {
		uint8_t first = *b.at++;

		if (!(first & IS_ENTRY))
			continue;
		line += line_difference(&b, FORM(first));
		if (line < 0 || line > UINT32_MAX)
			line = 0;
		rc = add(lines, n, &room, start, FORM(first) == FORM_NONE ? 0 : (uint32_t)line);
		start += LENGTH(first) * INSTRUCTION_BYTES;
	}
	return rc;
}
