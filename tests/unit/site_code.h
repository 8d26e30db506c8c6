/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Machine code and kernels for the tests of sites. */
#ifndef TEST_SITE_CODE_H
#define TEST_SITE_CODE_H

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "plan/site.h"

static const struct rp_site_rules old_kernel = {.nop5_unsafe = false};
static const struct rp_site_rules nop5_kernel = {.nop5_unsafe = true, .multi_nop_emulated = true};
static const struct rp_site_rules nop10_kernel = {.multi_nop_emulated = true,
						  .nop10_optimized = true};

#define CODE(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})
#define WORD(w)	  (w) & 0xff, (w) >> 8 & 0xff, (w) >> 16 & 0xff, (w) >> 24 & 0xff

#define ENDBR64	  0xf3, 0x0f, 0x1e, 0xfa
#define NOP5	  0x0f, 0x1f, 0x44, 0x00, 0x00
#define NOP10	  0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0
#define JMP_OUT	  0xe9, 0x00, 0x10, 0x00, 0x00
#define JE_OUT	  0x0f, 0x84, 0x00, 0x10, 0x00, 0x00
#define CALL	  0xe8, 0x00, 0x10, 0x00, 0x00
#define RET	  0xc3

/* arm64 */
#define A_BTI	    WORD(0xd503245fu)
#define A_NOP	    WORD(0xd503201fu)
#define A_PACIASP   WORD(0xd503233fu)
#define A_AUTIASP   WORD(0xd50323bfu)
#define A_RET	    WORD(0xd65f03c0u)
#define A_RETAA	    WORD(0xd65f0bffu)
#define A_STP	    WORD(0xa9be7bfdu) /* stp x29, x30, [sp, #-32]! */
#define A_LDP	    WORD(0xa8c27bfdu) /* ldp x29, x30, [sp], #32 */
#define A_SUB_SP    WORD(0xd10083ffu) /* sub sp, sp, #32 */
#define A_ADD_SP    WORD(0x910083ffu) /* add sp, sp, #32 */
#define A_MOV_FP    WORD(0x910003fdu) /* mov x29, sp */
#define A_MOV_SP    WORD(0x910003bfu) /* mov sp, x29 */
#define A_STR_SP    WORD(0xf81e0ffeu) /* str x30, [sp, #-32]! */
#define A_LDR_SP    WORD(0xf84207feu) /* ldr x30, [sp], #32 */
#define A_CMP	    WORD(0x7100001fu) /* cmp w0, #0 */
#define A_MOV_X0    WORD(0xaa0103e0u) /* mov x0, x1 */
#define A_B_OUT	    WORD(0x14001000u)
#define A_BL_OUT    WORD(0x94001000u)
#define A_CBZ(n)    WORD(0xb4000000u | (uint32_t)(n) << 5)
#define A_B_EQ(n)   WORD(0x54000000u | (uint32_t)(n) << 5)
#define A_B_BACK(n) WORD(0x14000000u | ((uint32_t) - (n)&0x3ffffff))

#endif
