// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/out.h"

#include <errno.h>
#include <string.h>

static void write_out(struct rp_out *out, const void *bytes, size_t n)
{
	errno = 0;
	if (!out->rc && n && fwrite(bytes, 1, n, out->file) != n)
		out->rc = errno ? -errno : -EIO;
}

void rp_out__bytes(struct rp_out *out, const void *bytes, size_t n)
{
	if (n > sizeof(out->buf) - out->n) {
		write_out(out, out->buf, out->n);
		out->n = 0;
	}
	if (n > sizeof(out->buf)) {
		write_out(out, bytes, n);
		return;
	}
	memcpy(out->buf + out->n, bytes, n);
	out->n += n;
}

void rp_out__text(struct rp_out *out, const char *text)
{
	rp_out__bytes(out, text, strlen(text));
}

#define DIGITS 20 /* of the greatest number */

/* Returns where it begins, in front of `end`. */
static char *digits(char *end, uint64_t number)
{
	do
		*--end = (char)('0' + number % 10);
	while (number /= 10);
	return end;
}

void rp_out__number(struct rp_out *out, uint64_t number)
{
	char buf[DIGITS], *end = buf + sizeof(buf), *at = digits(end, number);

	rp_out__bytes(out, at, (size_t)(end - at));
}

void rp_out__micro(struct rp_out *out, uint64_t ns)
{
	char buf[DIGITS + 4], *end = buf + sizeof(buf), *at = end;

	for (int i = 0; i < 3; i++, ns /= 10)
		*--at = (char)('0' + ns % 10);
	*--at = '.';
	at = digits(at, ns);
	rp_out__bytes(out, at, (size_t)(end - at));
}

int rp_out__flush(struct rp_out *out)
{
	write_out(out, out->buf, out->n);
	out->n = 0;
	errno = 0;
	if (!out->rc && fflush(out->file))
		out->rc = errno ? -errno : -EIO;
	return out->rc;
}
