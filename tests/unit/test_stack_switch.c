// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Code that switches stacks is told from what compilers make of arrays of variable size. */
#include "plan_fixture.h"

#include "plan/stack_switch.h"
#include "site_code.h"

#define SAVE	 0x55, 0x53, 0x41, 0x54, 0x41, 0x55 /* push %rbp, %rbx, %r12, %r13 */
#define RESTORE	 0x41, 0x5d, 0x41, 0x5c, 0x5b, 0x5d /* pop of the same */
#define PUSH_RBP 0x55, 0x48, 0x89, 0xe5		    /* push %rbp; mov %rsp,%rbp */
#define LEAVE	 0xc9

struct stack_case {
	const char *what;
	bool switches;
	const uint8_t *code;
	size_t size;
};

static const struct stack_case x86[] = {
	{"mov (%rsi),%rsp", true, CODE(SAVE, 0x48, 0x89, 0x27, 0x48, 0x8b, 0x26, RESTORE, RET)},
	{"mov 0x30(%rdi),%rsp", true, CODE(0x48, 0x8b, 0x67, 0x30, 0xff, 0x67, 0x38)},
	{"mov %rsi,%rsp, an argument", true,
	 CODE(0x90, RET, SAVE, 0x48, 0x89, 0x27, 0x48, 0x89, 0xf4, RESTORE, RET)},
	{"mov %rdi,%rsp, where others pass mov %rsp,%rdi", true,
	 CODE(0x48, 0x89, 0xe7, CALL, RET, 0x48, 0x89, 0xfc, RESTORE, RET)},
	{"mov (%rsi),%rax; mov %rax,%rsp", true,
	 CODE(PUSH_RBP, 0x48, 0x8b, 0x06, 0x48, 0x89, 0xc4, 0x5d, RET)},
	{"mov 8(%rdi),%r12; mov %r12,%rsp", true,
	 CODE(PUSH_RBP, 0x4c, 0x8b, 0x67, 0x08, 0x4c, 0x89, 0xe4, 0x5d, RET)},
	{"mov N(%rip),%rsp", true,
	 CODE(SAVE, 0x48, 0x8b, 0x25, 0x00, 0x10, 0x00, 0x00, RESTORE, RET)},
	{"call; mov %rax,%rsp", true, CODE(PUSH_RBP, CALL, 0x48, 0x89, 0xc4, 0x5d, RET)},
	{"lea -0x38(%rdi),%rsp, an argument", true,
	 CODE(SAVE, 0x48, 0x89, 0x26, 0x48, 0x8d, 0x67, 0xc8, RESTORE, RET)},
	{"xchg %rsp,(%rdi)", true, CODE(SAVE, 0x48, 0x87, 0x27, RESTORE, RET)},
	{"xchg %rax,%rsp", true, CODE(SAVE, 0x48, 0x94, RESTORE, RET)},
	{"sub %rsp,%rsi; add %rsi,%rsp", true,
	 CODE(SAVE, 0x48, 0x29, 0xe6, 0x48, 0x01, 0xf4, RESTORE, RET)},
	{"add 8(%rdi),%rsp", true, CODE(SAVE, 0x48, 0x03, 0x67, 0x08, RESTORE, RET)},
	{"cmovne %rsi,%rsp", true,
	 CODE(SAVE, 0x48, 0x85, 0xf6, 0x48, 0x0f, 0x45, 0xe6, RESTORE, RET)},
	{"mov %rsi,%rbp; leave", true, CODE(SAVE, 0x48, 0x89, 0xf5, LEAVE, RESTORE, RET)},
	{"mov (%rsi),%rbp; leave", true, CODE(SAVE, 0x48, 0x8b, 0x2e, LEAVE, RESTORE, RET)},
	{"mov 0x30(%rsi),%rbp; nop; xor %eax,%eax; leave", true,
	 CODE(SAVE, 0x48, 0x8b, 0x6e, 0x30, 0x90, 0x31, 0xc0, LEAVE, RESTORE, RET)},
	{"pop %rbp; leave", true, CODE(SAVE, 0xff, 0x36, 0x5d, LEAVE, RESTORE, RET)},
	{"sub (%rsi),%rax; sub %rax,%rsp", true,
	 CODE(SAVE, 0x48, 0x89, 0xe0, 0x48, 0x2b, 0x06, 0x48, 0x29, 0xc4, RESTORE, RET)},
	{"sub 8(%rdi),%rsp", true, CODE(SAVE, 0x48, 0x2b, 0x67, 0x08, RESTORE, RET)},
	{"xor %rsi,%rsp", true, CODE(SAVE, 0x48, 0x31, 0xf4, RESTORE, RET)},
	{"xadd %rsi,%rsp", true, CODE(SAVE, 0x48, 0x0f, 0xc1, 0xf4, RESTORE, RET)},
	{"movq %xmm0,%rsp", true, CODE(SAVE, 0x66, 0x48, 0x0f, 0x7e, 0xc4, RESTORE, RET)},
	{"iretq", true, CODE(SAVE, 0x57, 0x56, 0x9c, 0x51, 0x52, 0x48, 0xcf)},
	{"mov %esi,%esp", true, CODE(SAVE, 0x48, 0x89, 0x27, 0x89, 0xf4, RESTORE, RET)},
	{"mov (%rsi),%esp", true, CODE(SAVE, 0x48, 0x89, 0x27, 0x8b, 0x26, RESTORE, RET)},
	{"lea N(%rip),%rsp", true,
	 CODE(SAVE, 0x48, 0x8d, 0x25, 0x00, 0x10, 0x00, 0x00, RESTORE, RET)},
	{"lea (%rax,%rsi),%rsp", true,
	 CODE(SAVE, 0x48, 0x8b, 0x07, 0x48, 0x8d, 0x24, 0x30, RESTORE, RET)},
	{"mov $N,%rsp; call", true, CODE(SAVE, 0x48, 0xc7, 0xc4, 0x00, 0x10, 0x60, 0x00, CALL)},
	{"mov $N,%rsp of 64 bits; jmp *%rax", true,
	 CODE(SAVE, 0x48, 0xbc, 0x00, 0x10, 0x60, 0x00, 0x00, 0x7f, 0x00, 0x00, 0xff, 0xe0)},
	{"and %rsi,%rsp", true,
	 CODE(SAVE, 0x48, 0xc7, 0xc4, 0xff, 0xff, 0xff, 0xff, 0x48, 0x21, 0xf4, RESTORE, RET)},
	{"xor %esp,%esp; or %rsi,%rsp", true,
	 CODE(SAVE, 0x31, 0xe4, 0x48, 0x09, 0xf4, RESTORE, RET)},
	{"xor %esp,%esp; adc (%rsi),%rsp", true,
	 CODE(SAVE, 0x31, 0xe4, 0x48, 0x13, 0x26, RESTORE, RET)},
	{"not %rsp", true, CODE(SAVE, 0x48, 0xf7, 0xd4, RESTORE, RET)},
	{"bswap %rsp", true, CODE(SAVE, 0x48, 0x0f, 0xcc, RESTORE, RET)},
	{"movslq %esi,%rsp", true, CODE(SAVE, 0x48, 0x63, 0xe6, RESTORE, RET)},
	{"imul $1,%rsi,%rsp", true, CODE(SAVE, 0x48, 0x6b, 0xe6, 0x01, RESTORE, RET)},
	{"movbe (%rsi),%rsp", true, CODE(SAVE, 0x48, 0x0f, 0x38, 0xf0, 0x26, RESTORE, RET)},
	{"pextrq $0,%xmm0,%rsp", true,
	 CODE(SAVE, 0x66, 0x48, 0x0f, 0x3a, 0x16, 0xc4, 0x00, RESTORE, RET)},
	{"vmovq %xmm0,%rsp", true, CODE(SAVE, 0xc4, 0xe1, 0xf9, 0x7e, 0xc4, RESTORE, RET)},
	{"pext %rax,%rsi,%rsp", true, CODE(SAVE, 0xc4, 0xe2, 0xca, 0xf5, 0xe0, RESTORE, RET)},
	{"rorx $0,%rsi,%rsp", true, CODE(SAVE, 0xc4, 0xe3, 0xfb, 0xf0, 0xe6, 0x00, RESTORE, RET)},
	{"mov %rsi,%rsp; ldmxcsr; fldcw", true,
	 CODE(SAVE, 0x48, 0xf7, 0xd6, 0x48, 0x87, 0xf4, 0x0f, 0xae, 0x14, 0x24, 0xd9, 0x6c, 0x24,
	      0x04, RESTORE, RET)},
	{"mov %rsi,%rbp; mov %rbp,%rsp", true,
	 CODE(SAVE, 0x48, 0x89, 0xf5, 0x48, 0x89, 0xec, RESTORE, RET)},
	{"xchg %rsi,%rbp; lea -8(%rbp),%rsp", true,
	 CODE(SAVE, 0x48, 0x87, 0xf5, 0x48, 0x8d, 0x65, 0xf8, RESTORE, RET)},
	{"mov %rsi,%rbp; sub $8,%rbp; leave", true,
	 CODE(SAVE, 0x48, 0x89, 0xf5, 0x48, 0x83, 0xed, 0x08, LEAVE, RESTORE, RET)},
	{"lea -8(%rsi),%rbp; leave", true, CODE(SAVE, 0x48, 0x8d, 0x6e, 0xf8, LEAVE, RESTORE, RET)},
	{"mov (%rbp),%rsp", true, CODE(0x55, 0x53, 0x48, 0x8b, 0x65, 0x00, RESTORE, RET)},
	{"mov 0x80(%rbp),%rsp", true,
	 CODE(SAVE, 0x48, 0x8b, 0xa5, 0x80, 0x00, 0x00, 0x00, RESTORE, RET)},
	{"mov (%rbp,%rsi),%rsp", true, CODE(SAVE, 0x48, 0x8b, 0x64, 0x35, 0x00, RESTORE, RET)},
	{"pop %rsp", true, CODE(SAVE, 0xff, 0x36, 0x5c, RESTORE, RET)},
	{"pop %rsp; ret, the last two bytes", true, CODE(SAVE, 0xff, 0x36, 0x5c, RET)},

	{"mov %rbp,%rsp", false, CODE(PUSH_RBP, CALL, 0x48, 0x89, 0xec, 0x5d, RET)},
	{"leave", false, CODE(PUSH_RBP, CALL, LEAVE, RET)},
	{"mov %rsp,%rbp; leave", false, CODE(CALL, 0x48, 0x89, 0xe5, LEAVE, RET)},
	{"add $0x100,%rsp", false,
	 CODE(CALL, 0x48, 0x81, 0xc4, 0x00, 0x01, 0x00, 0x00, RESTORE, RET)},
	{"add %rax,%rsp in the middle", false,
	 CODE(PUSH_RBP, 0x48, 0x01, 0xc4, 0x48, 0x85, 0xc0, CALL, LEAVE, RET)},
	{"lea -0x10(%rbp),%rsp", false, CODE(PUSH_RBP, CALL, 0x48, 0x8d, 0x65, 0xf0, RESTORE, RET)},
	{"sub $8,%rsp; and $-32,%rsp", false,
	 CODE(PUSH_RBP, 0x48, 0x83, 0xec, 0x08, 0x48, 0x83, 0xe4, 0xe0, CALL, LEAVE, RET)},
	{"lea -8(%r10),%rsp", false,
	 CODE(0x4c, 0x8d, 0x54, 0x24, 0x08, CALL, 0x49, 0x8d, 0x62, 0xf8, RET)},
	{"mov %rsp,%rbx; mov %rbx,%rsp", false,
	 CODE(PUSH_RBP, 0x48, 0x89, 0xe3, CALL, 0x48, 0x89, 0xdc, CALL, LEAVE, RET)},
	{"mov %rbx,%rsp before mov %rsp,%rbx", false,
	 CODE(0xeb, 0x08, 0x48, 0x89, 0xdc, 0x84, 0xc0, 0x75, 0x06, RET, 0x48, 0x89, 0xe3, CALL,
	      LEAVE, RET)},
	{"lea 8(%rsp),%r15; mov %r15,%rsp", false,
	 CODE(0x4c, 0x8d, 0x7c, 0x24, 0x08, CALL, 0x4c, 0x89, 0xfc, RET)},
	{"mov -0x50(%rbp),%rax; mov %rax,%rsp", false,
	 CODE(PUSH_RBP, CALL, 0x48, 0x8b, 0x45, 0xb0, 0x48, 0x89, 0xc4, LEAVE, RET)},
	{"mov -0x50(%rbp),%rsp", false, CODE(PUSH_RBP, CALL, 0x48, 0x8b, 0x65, 0xb0, LEAVE, RET)},
	{"mov 8(%rbp),%rsi; lea (%rsi),%rsp", false,
	 CODE(SAVE, 0x48, 0x8b, 0x75, 0x08, 0x48, 0x8d, 0x26, RESTORE, RET)},
	{"mov -0x88(%rbp),%rsp", false,
	 CODE(PUSH_RBP, CALL, 0x48, 0x8b, 0xa5, 0x78, 0xff, 0xff, 0xff, LEAVE, RET)},
	{"mov %rsp,%rax; sub %rcx,%rax; mov %rax,%rsp", false,
	 CODE(PUSH_RBP, 0x48, 0x89, 0xe0, 0x48, 0x29, 0xc8, 0x48, 0x89, 0xc4, CALL, LEAVE, RET)},
	{"sub %rax,%rsp; mov %rsp,%rdi", false,
	 CODE(PUSH_RBP, 0x48, 0x29, 0xc4, 0x48, 0x89, 0xde, 0x48, 0x89, 0xe7, CALL, LEAVE, RET)},
	{"mov (%rdi),%rbp; call; leave", false, CODE(PUSH_RBP, 0x48, 0x8b, 0x2f, CALL, LEAVE, RET)},
	{"mov (%rdi),%rbp; mov %rsp,%rbp; leave", false,
	 CODE(SAVE, 0x48, 0x8b, 0x2f, 0x48, 0x89, 0xe5, LEAVE, RESTORE, RET)},
	{"lea 8(%rsp),%rbp; leave", false,
	 CODE(CALL, 0x48, 0x8d, 0x6c, 0x24, 0x08, LEAVE, RESTORE, RET)},
	{"lea (%rsp,%rax),%rsp", false, CODE(SAVE, 0x48, 0x8d, 0x24, 0x04, RESTORE, RET)},
	{"mov (%rdi),%rax; lea (%rax,%rbp),%rsp", false,
	 CODE(SAVE, 0x48, 0x8b, 0x07, 0x48, 0x8d, 0x24, 0x28, RESTORE, RET)},
	{"mov (%rdi),%r12d", false, CODE(SAVE, 0x44, 0x8b, 0x27, RESTORE, RET)},
	{"mov %edi,%r12d", false, CODE(SAVE, 0x41, 0x89, 0xfc, RESTORE, RET)},
	{"and $-16,%rsp", false, CODE(SAVE, 0x48, 0x83, 0xe4, 0xf0, RESTORE, RET)},
	{"mulx (%rdi),%r12,%rax", false, CODE(SAVE, 0xc4, 0x62, 0xfb, 0xf6, 0x27, RESTORE, RET)},
	{"pop %r12", false, CODE(SAVE, CALL, RESTORE, RET)},
	{"a saved pointer: mov %rbp,%rsp; pop %rsp", false,
	 CODE(PUSH_RBP, CALL, 0x48, 0x89, 0xec, 0x5c, 0x5d, RET)},
};

static const struct stack_case arm64[] = {
	{"mov sp, x1", true, CODE(WORD(0x910003e9u), WORD(0x9100003fu), A_RET)},
	{"mov x9, sp; mov sp, x9", false, CODE(WORD(0x910003e9u), WORD(0x9100013fu), A_RET)},
	{"mov sp, x29", false, CODE(A_MOV_FP, A_MOV_SP, A_RET)},
};

static bool switches(const char *path, uint16_t machine, const struct stack_case *c, size_t at)
{
	struct fixture f = fixture();
	bool found;

	memset(image, 0x90, IMAGE_SIZE);
	memcpy(image + at, c->code, c->size);
	f.object.path = path;
	f.object.traits.machine = machine;
	f.object.code_size = IMAGE_SIZE;
	assert_int_equal(rp_plan__switches_stacks(&f.object, &found), 0);
	return found;
}

static void test_x86(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(x86); i++)
		for (size_t at = 0; at < 512; at += 93)
			if (switches(EXE, EM_X86_64, &x86[i], at) != x86[i].switches)
				fail_msg("%s at %zu", x86[i].what, at);
}

/* Of the code behind a long stretch that does nothing of it. */
enum { FAR_AWAY = 1 << 20, FAR_SIZE = FAR_AWAY + IMAGE_SIZE };
static uint8_t far_code[FAR_SIZE];

static size_t read_far(const void *file, uint64_t offset, void *buf, size_t len)
{
	(void)file;
	if (offset >= FAR_SIZE)
		return 0;
	if (len > FAR_SIZE - offset)
		len = FAR_SIZE - offset;
	memcpy(buf, far_code + offset, len);
	return len;
}

/* Large code is read in pieces, of which none is looked at without what is around it. */
static void test_between_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(x86); i++)
		for (size_t at = FAR_AWAY - 36; at <= FAR_AWAY; at += 12) {
			struct fixture f = fixture();
			bool found;

			memset(far_code, 0x90, sizeof(far_code));
			memcpy(far_code + at, x86[i].code, x86[i].size);
			f.object.path = EXE;
			f.object.traits.machine = EM_X86_64;
			f.object.code_offset = 0;
			f.object.code_size = FAR_SIZE;
			f.object.read = read_far;
			assert_int_equal(rp_plan__switches_stacks(&f.object, &found), 0);
			if (found != x86[i].switches)
				fail_msg("%s at %zu", x86[i].what, at);
		}
}

static void test_arm64(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(arm64); i++)
		if (switches(EXE, EM_AARCH64, &arm64[i], 64) != arm64[i].switches)
			fail_msg("%s", arm64[i].what);
}

/* The C library loads the stack pointer for longjmp, and is no reason. */
static void test_c_library(void **state)
{
	(void)state;
	assert_false(switches("/usr/lib/libc.so.6", EM_X86_64, &x86[0], 64));
	assert_false(switches("/lib64/ld-linux-x86-64.so.2", EM_X86_64, &x86[0], 64));
	assert_true(switches("/usr/lib/libcoroutine.so.1", EM_X86_64, &x86[0], 64));
}

/* Such an object takes RET sites unless it is told otherwise. */
static void test_method(void **state)
{
	static const struct rp_symbol symbols[] = {C(0, "first")};

	for (int by = RP_EXIT_METHOD_AUTO; by <= RP_EXIT_METHOD_RETURN; by++)
		for (size_t size = 0; size <= IMAGE_SIZE; size += IMAGE_SIZE) {
			struct fixture f = fixture();
			bool ret_sites = by == RP_EXIT_METHOD_AUTO && size;

			make_image(state);
			memcpy(image + AT(64), x86[0].code, x86[0].size);
			f.object.code_size = size;
			f.opts.exit_method = by;
			select_function(&f, "first");
			run_symbols(&f, symbols, N(symbols));
			assert_int_equal(f.plan->sites[0].role,
					 ret_sites ? RP_ROLE_CALL_SITE : RP_ROLE_CALL);
			rp_plan__free(f.plan);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x86),    cmocka_unit_test(test_between_pieces),
		cmocka_unit_test(test_arm64),  cmocka_unit_test(test_c_library),
		cmocka_unit_test(test_method),
	};

	return cmocka_run_group_tests(tests, make_image, NULL);
}
