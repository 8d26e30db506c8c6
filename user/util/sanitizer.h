/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Is this built with AddressSanitizer, which makes calls and frames of its own? */
#ifndef RP_SANITIZER_H
#define RP_SANITIZER_H

#ifdef __SANITIZE_ADDRESS__
#define RP_UNDER_ASAN 1
#elif defined(__has_feature)
#define RP_UNDER_ASAN __has_feature(address_sanitizer)
#else
#define RP_UNDER_ASAN 0
#endif

#endif
