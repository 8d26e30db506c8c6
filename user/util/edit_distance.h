/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#ifndef RP_EDIT_DISTANCE_H
#define RP_EDIT_DISTANCE_H

/* Texts are compared up to here. */
#define RP_EDIT_LENGTH_MAX 96u

/* Letters to add, drop, change or swap to make a of b, case aside; `limit` where it is as many or
 * more. */
unsigned rp_edit_distance(const char *a, const char *b, unsigned limit);

#endif
