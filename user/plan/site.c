/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The choice of entry sites and of sites on USDT nops, for any machine that has a decoder.
 *
 * A probe on an instruction that the kernel emulates (push of a register, a nop, a branch) costs a
 * tenth of one on an instruction that it copies elsewhere and single-steps. Functions often begin
 * with the second kind (endbr64, mov, lea) and have one of the first kind within a few bytes. The
 * entry probe may move there if three things still hold at the later instruction:
 *   - it is run once for each call: straight-line code leads to it, and no branch lands at or
 * before it. A branch can come from anywhere in the function, so all of it is decoded first; an
 * indirect jump may land anywhere but at a push, which would unbalance the stack.
 *   - a BPF program sees there what it would see at the start: the return address at the top of the
 *     stack, and the arguments in their registers. Instructions that keep this are "transparent".
 *   - little time has passed: ENTRY_REACH bounds the way.
 * Where the bytes do not decode to the end, branches are unknown and only the first instruction is
 * sure to be run once a call.
 */
#include "plan/site.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/site_arch.h"
#include "util/array.h"

/* Longer than any function made by a compiler; bounds what a forged symbol size can cost. */
#define FUNCTION_SIZE_MAX (1u << 20)

/* An entry probe farther in would leave too much of the call unmeasured. */
#define ENTRY_REACH 32

/* NULL for a machine without a decoder. */
static rp_decode_fn *decoder(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return rp_site_x86__decode;
	case EM_AARCH64:
		return rp_site_arm64__decode;
	default:
		return NULL;
	}
}

int rp_site__refuse(const char **reason, const char *why)
{
	*reason = why;
	return -ENOTSUP;
}

enum rp_flow rp_site__jump_by_origin(uint8_t origin)
{
	switch (origin) {
	case RP_ORIGIN_COMPUTED:
		return RP_FLOW_TABLE;
	case RP_ORIGIN_ELEMENT:
		return RP_FLOW_UNCLEAR;
	default:
		return RP_FLOW_POINTER;
	}
}

static int append(struct rp_code *code, size_t *capacity, const struct rp_insn *insn)
{
	if (rp_array__grow(&code->insns, code->n, capacity, sizeof(*insn)))
		return -ENOMEM;
	code->insns[code->n++] = *insn;
	return 0;
}

static bool flow_ends(const struct rp_insn *insn)
{
	return insn->flow >= RP_FLOW_JUMP;
}

/* How far ahead of a branch code is taken for the same function where its end is not known. */
#define BRANCH_REACH 4096u

/* Does straight-line code end here, with no branch that leads further? */
static bool code_ends(const struct rp_insn *insn, uint32_t *furthest)
{
	bool is_branch = insn->flow == RP_FLOW_COND || insn->flow == RP_FLOW_JUMP;

	if (is_branch && insn->target != RP_TARGET_OUTSIDE && insn->target > *furthest &&
	    insn->target - insn->offset < BRANCH_REACH)
		*furthest = insn->target;
	return flow_ends(insn) && insn->offset + insn->length > *furthest;
}

int rp_site__sweep(uint16_t machine, const uint8_t *code, size_t size, bool whole,
		   const struct rp_site_rules *rules, struct rp_code *out, const char **reason)
{
	rp_decode_fn *decode = decoder(machine);
	struct rp_sweep sweep = {.rules = rules, .code = code, .size = (uint32_t)size};
	uint32_t offset = 0, furthest = 0;
	size_t capacity = 0;

	*out = (struct rp_code){0};
	*reason = NULL;
	if (!decode)
		return rp_site__refuse(reason, "no decoder for its machine");
	if (size == 0)
		return rp_site__refuse(reason, "its size is not known");
	if (size > FUNCTION_SIZE_MAX)
		return rp_site__refuse(reason, "its size is out of all proportion");
	while (offset < size) {
		struct rp_insn insn = {0};

		if (decode(&sweep, offset, &insn))
			return 0;
		if (append(out, &capacity, &insn)) {
			free(out->insns);
			*out = (struct rp_code){0};
			return -ENOMEM;
		}
		if (flow_ends(&insn))
			memset(sweep.origins, RP_ORIGIN_ANY, sizeof(sweep.origins));
		offset += insn.length;
		out->size = offset;
		if (code_ends(&insn, &furthest) && !whole)
			break;
	}
	out->complete = true;
	return 0;
}

static int compare_offset(const void *key, const void *item)
{
	uint32_t offset = *(const uint32_t *)key;
	const struct rp_insn *insn = item;

	return offset < insn->offset ? -1 : offset > insn->offset;
}

struct rp_insn *rp_site__insn_at(const struct rp_code *code, uint32_t offset)
{
	return bsearch(&offset, code->insns, code->n, sizeof(*code->insns), compare_offset);
}

/*
 * Does this branch lead to code that calls something and then starts the function over? So does the
 * stack check of Go: a probe behind it sees each call once, one before it also each growth of the
 * stack.
 */
static const struct rp_insn *find_restart(const struct rp_code *code, const struct rp_insn *branch)
{
	const struct rp_insn *insn, *end = code->insns + code->n;
	bool calls = false;

	if (branch->flow != RP_FLOW_COND || branch->target <= branch->offset)
		return NULL;
	insn = rp_site__insn_at(code, branch->target);
	for (; insn && insn < end; insn++) {
		if (insn->flow == RP_FLOW_JUMP && insn->target == 0 && calls)
			return insn;
		if (insn->flow != RP_FLOW_NEXT && insn->flow != RP_FLOW_CALL)
			return NULL;
		calls |= insn->flow == RP_FLOW_CALL;
	}
	return NULL;
}

/* What of a whole function bears on how often an instruction near its start is reached. */
struct landings {
	uint32_t lowest;   /* lowest offset that a branch within the function leads to */
	bool any_unknown;  /* a jump table may lead anywhere */
	uint32_t restarts; /* end of the last branch to code that starts the function over */
};

static void add_landing(struct landings *landings, const struct rp_insn *insn)
{
	bool is_branch = insn->flow == RP_FLOW_COND || insn->flow == RP_FLOW_JUMP ||
			 (insn->flow == RP_FLOW_CALL && insn->target != 0); /* 0: recursion */

	if (is_branch && insn->target < landings->lowest)
		landings->lowest = insn->target;
	if (insn->flow == RP_FLOW_TABLE || insn->flow == RP_FLOW_UNCLEAR)
		landings->any_unknown = true;
}

static struct landings find_landings(const struct rp_code *code)
{
	struct landings found = {.lowest = UINT32_MAX};
	const struct rp_insn *restart = NULL;

	for (size_t i = 0; i < code->n && code->insns[i].offset <= ENTRY_REACH; i++) {
		const struct rp_insn *jump = find_restart(code, &code->insns[i]);

		if (jump && (!restart || restart == jump)) {
			restart = jump;
			found.restarts = code->insns[i].offset + code->insns[i].length;
		} else if (!code->insns[i].transparent) {
			break;
		}
	}
	for (size_t i = 0; i < code->n; i++)
		if (&code->insns[i] != restart)
			add_landing(&found, &code->insns[i]);
	return found;
}

/* Is the instruction, to which straight-line code leads from the start, reached once a call? */
static bool reached_once(const struct rp_insn *insn, const struct landings *landings)
{
	if (landings->lowest <= insn->offset || insn->offset < landings->restarts)
		return false;
	/*
	 * Entries of jump tables are not in the code. They never lead to the start of the function
	 * or above a push of its prologue, which would unbalance the stack; for anything else, who
	 * knows.
	 */
	return insn->offset == 0 || !landings->any_unknown || insn->dst == RP_REG_SP;
}

/*
 * Emulating a call pushes to the stack behind the back of a shadow stack on some kernels: take one
 * only where the function begins with it.
 */
static bool is_good_site(const struct rp_insn *insn, const struct landings *landings)
{
	return insn->probeable && reached_once(insn, landings) &&
	       (insn->flow != RP_FLOW_CALL || insn->offset == 0);
}

/*
 * The first emulated instruction that can be reached over transparent ones, else the first that can
 * be probed at all; NULL for none.
 */
static const struct rp_insn *choose_entry(const struct rp_code *code)
{
	struct landings landings = find_landings(code);
	const struct rp_insn *fallback = NULL;

	for (size_t i = 0; i < code->n && code->insns[i].offset <= ENTRY_REACH; i++) {
		const struct rp_insn *insn = &code->insns[i];

		if (is_good_site(insn, &landings)) {
			if (insn->emulated)
				return insn;
			if (!fallback)
				fallback = insn;
		}
		/* With branches unknown, only the start is sure to be no target. */
		if (!code->complete || (!insn->transparent && insn->offset >= landings.restarts))
			break;
	}
	return fallback;
}

static const char *why_no_entry(const struct rp_code *code)
{
	if (code->n == 0)
		return "its first instruction cannot be decoded";
	if (code->insns[0].breakpoint)
		return "a breakpoint is there already";
	if (find_landings(code).lowest == 0)
		return "a loop leads back to its first instruction: calls look like turns";
	return "no instruction at its start can be probed";
}

int rp_site__entry(uint16_t machine, const uint8_t *code, size_t size,
		   const struct rp_site_rules *rules, struct rp_entry_site *out,
		   const char **reason)
{
	const struct rp_insn *site;
	struct rp_code insns;
	int err = rp_site__sweep(machine, code, size, true, rules, &insns, reason);

	if (err)
		return err;
	site = choose_entry(&insns);
	if (site)
		*out = (struct rp_entry_site){.offset = site->offset, .slow = !site->emulated};
	else
		err = rp_site__refuse(reason, why_no_entry(&insns));
	free(insns.insns);
	return err;
}

int64_t rp_site__first_branch(uint16_t machine, const uint8_t *code, size_t size)
{
	static const struct rp_site_rules no_rules;
	struct rp_sweep sweep = {.rules = &no_rules, .code = code, .size = (uint32_t)size};
	rp_decode_fn *decode = decoder(machine);
	struct rp_insn insn = {0};

	for (uint32_t at = 0; decode && at < size; at += insn.length) {
		insn = (struct rp_insn){.offset = at};
		if (decode(&sweep, at, &insn))
			return 0;
		if (insn.flow == RP_FLOW_CALL || insn.flow == RP_FLOW_JUMP)
			return insn.target == RP_TARGET_OUTSIDE ? insn.beyond : 0;
		if (insn.flow != RP_FLOW_NEXT)
			return 0;
	}
	return 0;
}

/*
 * The 10-byte nop that a kernel turns into a fast call; elsewhere its prefix makes it unprobeable.
 */
static const uint8_t nop10_head[] = {0x66, 0x2e, 0x0f, 0x1f, 0x84};

static bool is_nop10(const uint8_t *code, size_t size)
{
	return size >= 10 && !memcmp(code, nop10_head, sizeof(nop10_head));
}

/* Offset of a 10-byte nop at the probe, or behind the 1-byte nop there; -ENOENT. */
static int find_nop10(const uint8_t *code, size_t size)
{
	if (is_nop10(code, size))
		return 0;
	if (size > 1 && code[0] == 0x90 && is_nop10(code + 1, size - 1))
		return 1;
	return -ENOENT;
}

int rp_site__nop(uint16_t machine, const uint8_t *code, size_t size,
		 const struct rp_site_rules *rules, struct rp_entry_site *out, const char **reason)
{
	rp_decode_fn *decode = decoder(machine);
	struct rp_sweep sweep = {.rules = rules, .code = code, .size = size > 16 ? 16 : size};
	struct rp_insn insn = {0};
	int nop10;

	*reason = NULL;
	if (!decode)
		return rp_site__refuse(reason, "no decoder for its machine");
	if (size == 0 || decode(&sweep, 0, &insn))
		return rp_site__refuse(reason, "there is no instruction at its address");

	nop10 = machine == EM_X86_64 && rules->nop10_optimized ? find_nop10(code, size) : -ENOENT;
	if (nop10 >= 0) {
		*out = (struct rp_entry_site){.offset = nop10};
		return 0;
	}
	if (insn.breakpoint)
		return rp_site__refuse(reason, "a breakpoint is there already");
	if (!insn.nop)
		return rp_site__refuse(reason, "there is no nop at its address");
	if (!insn.probeable)
		return rp_site__refuse(reason,
				       "this kernel cannot safely probe the kind of nop there");
	*out = (struct rp_entry_site){.slow = !insn.emulated};
	return 0;
}
