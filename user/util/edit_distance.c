// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/edit_distance.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static char lower(char c)
{
	return (char)tolower((unsigned char)c);
}

/* One row of the matrix: letter i of a against all of b; the least of it is returned. */
static unsigned fill_row(unsigned (*rows)[RP_EDIT_LENGTH_MAX + 1], unsigned i, const char *a,
			 const char *b, unsigned b_len)
{
	unsigned *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3],
		 low = i;

	row[0] = i;
	for (unsigned j = 1; j <= b_len; j++) {
		bool differ = lower(a[i - 1]) != lower(b[j - 1]);

		row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + differ);
		if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
		    lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < row[j])
			row[j] = before[j - 2] + 1;
		if (row[j] < low)
			low = row[j];
	}
	return low;
}

unsigned rp_edit_distance(const char *a, const char *b, unsigned limit)
{
	unsigned a_len = strnlen(a, RP_EDIT_LENGTH_MAX), b_len = strnlen(b, RP_EDIT_LENGTH_MAX);
	unsigned rows[3][RP_EDIT_LENGTH_MAX + 1], low, last_low = 0;

	if ((a_len > b_len ? a_len - b_len : b_len - a_len) >= limit)
		return limit;
	for (unsigned j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		low = fill_row(rows, i, a, b, b_len);
		/* A swap reaches two rows back. */
		if (low >= limit && last_low >= limit)
			return limit;
		last_low = low;
	}
	return rows[a_len % 3][b_len] < limit ? rows[a_len % 3][b_len] : limit;
}
