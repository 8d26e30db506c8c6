/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A Python str as UTF-8. */
#ifndef RP_PYTHON_TEXT_H
#define RP_PYTHON_TEXT_H

#include <stddef.h>

#include "rp_python.h"

/* As much as `bytes` of any width can come to, with a 0 byte: at most two of one. */
#define RP_PYTHON_TEXT_BYTES(bytes) (2 * (bytes) + 1)

/* What is no character, be it the character 0, becomes U+FFFD. Cut off at what fits. */
void rp_python_text__copy(const struct rp_python_text *text, const void *bytes, char *out,
			  size_t size);

#endif
