// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/out.h"

#include <errno.h>

static void write_out(struct rp_out *out, const void *bytes, size_t n)
{
	errno = 0;
	if (!out->rc && n && fwrite(bytes, 1, n, out->file) != n)
		out->rc = errno ? -errno : -EIO;
	out->at += n;
}

void rp_out__write(struct rp_out *out)
{
	write_out(out, out->buf, out->n);
	out->n = 0;
}

void rp_out__spill(struct rp_out *out, const void *bytes, size_t n)
{
	rp_out__write(out);
	if (n > sizeof(out->buf))
		write_out(out, bytes, n);
	else
		rp_out__bytes(out, bytes, n);
}

#define DIGITS 20 /* of the greatest number */

/* Returns where it begins, in front of `end`. Two at a time: dividing is what takes long. */
static char *digits(char *end, uint64_t number)
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";

	for (; number >= 100; number /= 100) {
		end -= 2;
		memcpy(end, pairs + 2 * (number % 100), 2);
	}
	if (number >= 10) {
		end -= 2;
		memcpy(end, pairs + 2 * number, 2);
	} else {
		*--end = (char)('0' + number);
	}
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
	rp_out__write(out);
	errno = 0;
	if (!out->rc && fflush(out->file))
		out->rc = errno ? -errno : -EIO;
	return out->rc;
}
