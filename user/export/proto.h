/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Fields of protobuf messages, by hand: what a library would need costs several times as much.
 * Internal to export/. */
#ifndef RP_PROTO_H
#define RP_PROTO_H

#include "record/bytes.h"

void rp_proto__number(struct rp_bytes *to, unsigned field, uint64_t value);
/* A double. */
void rp_proto__real(struct rp_bytes *to, unsigned field, double value);
void rp_proto__text(struct rp_bytes *to, unsigned field, const char *text);
/* The message within, which is empty then; packed numbers likewise. */
void rp_proto__message(struct rp_bytes *to, unsigned field, struct rp_bytes *message);

#endif
