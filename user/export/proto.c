// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/proto.h"

#include <string.h>

void rp_proto__number(struct rp_bytes *to, unsigned field, uint64_t value)
{
	rp_bytes__put_number(to, field << 3);
	rp_bytes__put_number(to, value);
}

void rp_proto__real(struct rp_bytes *to, unsigned field, double value)
{
	rp_bytes__put_number(to, field << 3 | 1);
	rp_bytes__put(to, &value, sizeof(value));
}

static void put_bytes(struct rp_bytes *to, unsigned field, const void *bytes, size_t n)
{
	rp_bytes__put_number(to, field << 3 | 2);
	rp_bytes__put_text(to, bytes, n);
}

void rp_proto__text(struct rp_bytes *to, unsigned field, const char *text)
{
	put_bytes(to, field, text, strlen(text));
}

/* The message within, which is empty then. */
void rp_proto__message(struct rp_bytes *to, unsigned field, struct rp_bytes *message)
{
	put_bytes(to, field, message->at, message->n);
	message->n = 0;
}
