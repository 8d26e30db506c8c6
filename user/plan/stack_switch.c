// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Return probes need functions to return in the reverse order of their entries, on one stack. Code
 * that switches stacks breaks that, and the kernel then makes a function return to the wrong place.
 * Such code is found by what it must do: load the stack pointer from somewhere that is not the
 * frame of a function, e.g. mov (%rdi),%rsp.
 *
 * To decode all code of an object would take longer than to attach to it. So its bytes are searched
 * for what such instructions look like, and only what is around these is decoded.
 */
#include "plan/stack_switch.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/stack_switch_internal.h"

/* Code is read so much at a time, with what comes before and behind it. */
#define CHUNK_BYTES (1u << 20)
/*
 * As long as it takes to search that, some tenths of a second, a start may be held up. An object
 * with more is taken for one that switches.
 */
#define CODE_MAX (256u << 20)

/* ---- arm64 --------------------------------------------------------------------------------- */

#define REG_FP 29u
#define REG_SP 31u

/* mov sp, xN; not from the frame pointer, nor from what is set by mov xN, sp around. */
static bool search_arm64(const uint8_t *code, size_t from, size_t end, size_t size)
{
	for (size_t i = (from + 3) & ~3ul; i < end && i + 4 <= size; i += 4) {
		size_t k = i > RP_STACK_SWITCH_AROUND ? i - RP_STACK_SWITCH_AROUND : 0;
		uint32_t word, reg, other;
		bool kept = false;

		memcpy(&word, code + i, 4);
		reg = word >> 5 & 31;
		if ((word & 0xfffffc1f) != 0x9100001f || reg == REG_FP || reg == REG_SP)
			continue;
		for (; k + 4 <= size && k < i + RP_STACK_SWITCH_AROUND && !kept; k += 4) {
			memcpy(&other, code + k, 4);
			kept = other == (0x910003e0 | reg);
		}
		if (!kept)
			return true;
	}
	return false;
}

/*
 * OpenSSL has jobs on stacks of their own, for engines that are rarely there. All that use TLS map
 * it, and would have slower probes.
 */
static bool is_openssl(const char *path)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;

	return !strncmp(file, "libcrypto.so", 12) || !strncmp(file, "libssl.so", 9);
}

/* ---- objects ------------------------------------------------------------------------------- */

/* These switch for longjmp(3) and makecontext(3) alone; who uses the latter is known by name. */
static bool is_c_library(const char *path)
{
	static const char *const names[] = {"libc.so", "libc-", "ld-", "ld.so", "libpthread"};
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(file, names[i], strlen(names[i])) && strstr(file, ".so"))
			return true;
	return false;
}

static bool search_code(const struct rp_plan_object *object, uint64_t offset, uint64_t end,
			uint8_t *buf)
{
	bool x86 = object->traits.machine == EM_X86_64;

	for (uint64_t at = offset; at < end; at += CHUNK_BYTES) {
		size_t before = at - offset < RP_STACK_SWITCH_AROUND ? at - offset
								     : RP_STACK_SWITCH_AROUND;
		size_t wanted = end - at < CHUNK_BYTES + RP_STACK_SWITCH_AROUND
					? end - at
					: CHUNK_BYTES + RP_STACK_SWITCH_AROUND;
		size_t got = object->read(object->file, at - before, buf, before + wanted);

		if (x86 ? rp_stack_switch__in_x86(buf, before, before + CHUNK_BYTES, got)
			: search_arm64(buf, before, before + CHUNK_BYTES, got))
			return true;
		if (got < before + wanted)
			return false;
	}
	return false;
}

int rp_plan__switches_stacks(const struct rp_plan_object *object, bool *switches)
{
	uint64_t size = object->code_size;
	uint8_t *buf;

	*switches = false;
	if (!size || is_c_library(object->path) ||
	    (object->traits.machine != EM_X86_64 && object->traits.machine != EM_AARCH64))
		return 0;
	*switches = size > CODE_MAX;
	if (*switches)
		return 0;
	buf = malloc(CHUNK_BYTES + 2 * RP_STACK_SWITCH_AROUND);
	if (!buf)
		return -ENOMEM;
	*switches = search_code(object, object->code_offset, object->code_offset + size, buf);
	free(buf);
	return 0;
}

void rp_plan__assume_switches(struct rp_plan *plan)
{
	plan->has_switches = true;
}

bool rp_plan__has_switches(const struct rp_plan *plan)
{
	return plan->has_switches;
}

bool rp_plan__fears_switches(const struct rp_plan *plan)
{
	bool any = false;

	for (size_t i = 0; i < plan->n_functions; i++)
		any |= !plan->functions[i].end;
	return any && !plan->has_switches && plan->opts.exit_method == RP_EXIT_METHOD_AUTO &&
	       plan->opts.rules.return_probes;
}

/* A signal stack is one more where no session looks at each return. */
bool rp_plan__is_on_several_stacks(const struct rp_plan *plan, const struct rp_elf_traits *traits)
{
	return traits->has_fibers || (traits->has_signal_stack && plan->opts.rules.no_sessions);
}

int rp_plan__search_switches(struct rp_plan *plan, const char *path, struct rp_elf *elf)
{
	struct rp_plan_object object = {
		.path = path,
		.traits = *rp_elf__traits(elf),
		.read = rp_plan__read_elf,
		.file = elf,
	};
	bool switches = rp_plan__is_on_several_stacks(plan, &object.traits);
	int rc = 0;

	if (is_openssl(path))
		return 0;
	rp_elf__code(elf, &object.code_offset, &object.code_size);
	if (!switches)
		rc = rp_plan__switches_stacks(&object, &switches);
	plan->has_switches |= switches;
	return rc;
}
