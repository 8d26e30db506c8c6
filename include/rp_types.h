/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Fixed-width types under the same names for BPF and for user space. */
#ifndef RP_TYPES_H
#define RP_TYPES_H

#include <stdbool.h>

#ifndef __bpf__
#include <stdint.h>
typedef uint8_t __rp_u8;
typedef int8_t __rp_s8;
typedef int16_t __rp_s16;
typedef uint16_t __rp_u16;
typedef uint32_t __rp_u32;
typedef int32_t __rp_s32;
typedef uint64_t __rp_u64;
typedef int64_t __rp_s64;
#else
typedef unsigned char __rp_u8;
typedef signed char __rp_s8;
typedef short __rp_s16;
typedef unsigned short __rp_u16;
typedef unsigned int __rp_u32;
typedef int __rp_s32;
typedef unsigned long long __rp_u64;
typedef long long __rp_s64;
#endif

/* Functions that BPF and user space both compile; BPF has no calls for them to be. */
#define RP_INLINE static inline __attribute__((always_inline))

#endif
