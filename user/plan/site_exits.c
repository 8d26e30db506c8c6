/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The exits of a function: a walk over its control flow that follows the depth of the stack. A jump
 * out of the function with the stack as at entry is a tail call and leaves it; one from inside the
 * frame leads to a part of the function that the compiler put elsewhere.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plan/site_arch.h"
#include "util/array.h"

#define UNKNOWN INT32_MIN

/* Stack and frame pointer relative to the stack pointer at entry. */
struct state {
	int32_t regs[RP_REG_COUNT];
	bool is_code; /* certain to be code, and not data between the instructions */
};

/* What several states have in common. */
struct common {
	bool any;
	struct state state;
};

struct place {
	size_t insn;
	struct state state;
};

struct places {
	struct place *items;
	size_t n, capacity;
};

struct walk {
	struct rp_code *code;
	struct places todo;
	/*
	 * What follows a call and is also the target of a branch: reached by the branch first,
	 * since the call may be one that never returns, and then the depth after it says nothing.
	 */
	struct places later;
	struct common tables; /* at the jump tables: their targets begin with it */
	struct common calls;  /* at the calls: landing pads of exceptions begin with it */
	bool is_sweep; /* past the start's reach: jump table targets, landing pads, dead code */
	bool leaves_unseen;  /* code elsewhere may return for the function */
	const char *refusal; /* the first */
	int err;
};

static void push(struct walk *walk, struct places *places, size_t insn, const struct state *state)
{
	if (rp_array__grow(&places->items, places->n, &places->capacity, sizeof(*places->items))) {
		walk->err = -ENOMEM;
		return;
	}
	places->items[places->n++] = (struct place){.insn = insn, .state = *state};
}

static void push_target(struct walk *walk, const struct rp_insn *from, const struct state *state)
{
	const struct rp_insn *target = rp_site__insn_at(walk->code, from->target);

	if (target && !target->seen)
		push(walk, &walk->todo, target - walk->code->insns, state);
}

static void apply(struct state *state, const struct rp_insn *insn)
{
	int32_t value = UNKNOWN;

	if (insn->dst != RP_REG_OTHER && state->regs[insn->src] != UNKNOWN &&
	    __builtin_add_overflow(state->regs[insn->src], insn->delta, &value))
		value = UNKNOWN;
	for (int r = 0; r < RP_REG_COUNT; r++)
		if (insn->clobbers & 1u << r)
			state->regs[r] = UNKNOWN;
	if (insn->dst != RP_REG_OTHER)
		state->regs[insn->dst] = value;
}

static void refuse(struct walk *walk, const char *why)
{
	if (!walk->refusal)
		walk->refusal = why;
}

static void merge(struct common *common, const struct state *state)
{
	if (!common->any)
		common->state = *state;
	for (int r = 0; r < RP_REG_COUNT; r++)
		if (common->state.regs[r] != state->regs[r])
			common->state.regs[r] = UNKNOWN;
	common->any = true;
}

/* An unconditional jump to a place that is not in the function. */
static void jump_out(struct walk *walk, struct rp_insn *insn, const struct state *state)
{
	if (state->regs[RP_REG_SP] == 0)
		insn->exit = state->is_code;
	else if (state->regs[RP_REG_SP] == UNKNOWN && !walk->is_sweep)
		refuse(walk, "a jump out of it may or may not be a tail call");
	else
		walk->leaves_unseen = true;
}

static void jump_indirect(struct walk *walk, struct rp_insn *insn, const struct state *state)
{
	int32_t depth = state->regs[RP_REG_SP];
	bool may_leave = depth == 0 || depth == UNKNOWN;

	if (insn->flow == RP_FLOW_TABLE || !may_leave)
		merge(&walk->tables, state);
	else if (insn->flow == RP_FLOW_POINTER && depth == 0)
		insn->exit = state->is_code;
	else if (state->is_code)
		refuse(walk, "an indirect jump may be a jump table or a tail call");
}

/* Do what one instruction does; true where the next one follows. */
static bool step(struct walk *walk, struct rp_insn *insn, struct state *state)
{
	apply(state, insn);
	switch (insn->flow) {
	case RP_FLOW_NEXT:
		return true;
	case RP_FLOW_CALL:
		merge(&walk->calls, state);
		state->is_code |= insn->target == RP_TARGET_OUTSIDE;
		return true;
	case RP_FLOW_COND:
		/*
		 * No site even for a conditional tail call, since a probe fires whether the jump is
		 * taken or not. The frame is found out to be gone at the thread's next event.
		 */
		if (insn->target == RP_TARGET_OUTSIDE)
			walk->leaves_unseen = true;
		else
			push_target(walk, insn, state);
		return true;
	case RP_FLOW_JUMP:
		if (insn->target == RP_TARGET_OUTSIDE)
			jump_out(walk, insn, state);
		else
			push_target(walk, insn, state);
		return false;
	case RP_FLOW_RET:
		/* A probe in what is data after all would change the data. */
		insn->exit = state->is_code;
		return false;
	case RP_FLOW_END:
		return false;
	default:
		jump_indirect(walk, insn, state);
		return false;
	}
}

static void follow(struct walk *walk, struct place place)
{
	struct rp_insn *insns = walk->code->insns;
	struct state state = place.state;
	bool returns = true;

	for (size_t i = place.insn; i < walk->code->n; i++) {
		if (insns[i].seen)
			return;
		if (!returns && insns[i].landing) {
			push(walk, &walk->later, i, &state);
			return;
		}
		insns[i].seen = true;
		if (!step(walk, &insns[i], &state))
			return;
		returns = insns[i].flow != RP_FLOW_CALL && (returns || !insns[i].nop);
	}
	if (returns && !walk->is_sweep)
		refuse(walk, "it runs on into the code that follows it");
}

static void follow_all(struct walk *walk, size_t first, const struct state *state)
{
	push(walk, &walk->todo, first, state);
	while (!walk->err && (walk->todo.n || walk->later.n)) {
		struct places *from = walk->todo.n ? &walk->todo : &walk->later;
		struct place place = from->items[--from->n];

		/* The deferred place stands after a call: do not defer it again. */
		if (!walk->code->insns[place.insn].seen)
			follow(walk, place);
	}
}

/* What code that no branch leads to begins with. */
static struct state unreached_state(const struct walk *walk)
{
	struct state state = {.regs = {UNKNOWN, UNKNOWN}};

	if (walk->tables.any)
		return walk->tables.state;
	if (walk->calls.any)
		state = walk->calls.state;
	state.is_code = false;
	return state;
}

/* First what is reached from the start, then whatever is left, in order. */
static void walk_function(struct walk *walk)
{
	struct state state = {.regs = {[RP_REG_SP] = 0, [RP_REG_FP] = UNKNOWN}, .is_code = true};

	follow_all(walk, 0, &state);
	walk->is_sweep = true;
	for (size_t i = 0; i < walk->code->n && !walk->err; i++) {
		if (walk->code->insns[i].seen)
			continue;
		state = unreached_state(walk);
		follow_all(walk, i, &state);
	}
}

/* Mark the targets of branches. False where the code calls into itself: its RETs are no exits. */
static bool mark_landings(const struct rp_code *code)
{
	for (size_t i = 0; i < code->n; i++) {
		const struct rp_insn *insn = &code->insns[i];
		struct rp_insn *target = NULL;

		if (insn->flow == RP_FLOW_CALL && insn->target != RP_TARGET_OUTSIDE && insn->target)
			return false;
		if (insn->flow == RP_FLOW_COND || insn->flow == RP_FLOW_JUMP)
			target = rp_site__insn_at(code, insn->target);
		if (target)
			target->landing = true;
	}
	return true;
}

static int collect(const struct rp_code *code, uint32_t **offsets, size_t *n, const char **reason)
{
	size_t count = 0;
	uint32_t *out;

	for (size_t i = 0; i < code->n; i++) {
		if (code->insns[i].exit && !code->insns[i].probeable)
			return rp_site__refuse(reason, "the kernel cannot probe one of its exits");
		count += code->insns[i].exit;
	}
	if (!count)
		return rp_site__refuse(reason, "it never returns");
	out = calloc(count, sizeof(*out));
	if (!out)
		return -ENOMEM;
	*offsets = out;
	*n = count;
	for (size_t i = 0; i < code->n; i++)
		if (code->insns[i].exit)
			*out++ = code->insns[i].offset;
	return 0;
}

static int find_exits(struct rp_code *code, uint32_t **offsets, size_t *n, const char **reason)
{
	struct walk walk = {.code = code};
	int err;

	if (!code->complete)
		return rp_site__refuse(reason, "its bytes do not decode");
	if (!mark_landings(code))
		return rp_site__refuse(reason, "it calls code inside itself");

	walk_function(&walk);
	if (walk.err)
		err = walk.err;
	else if (walk.refusal)
		err = rp_site__refuse(reason, walk.refusal);
	else
		err = collect(code, offsets, n, reason);
	if (!err && walk.leaves_unseen)
		*reason = "code outside the function's own bytes may return without being seen";
	free(walk.todo.items);
	free(walk.later.items);
	return err;
}

int rp_site__exits(uint16_t machine, const uint8_t *code, size_t size, uint32_t **offsets,
		   size_t *n, const char **reason)
{
	static const struct rp_site_rules no_rules;
	struct rp_code insns;
	int err = rp_site__sweep(machine, code, size, &no_rules, &insns, reason);

	*offsets = NULL;
	*n = 0;
	if (err)
		return err;
	err = find_exits(&insns, offsets, n, reason);
	free(insns.insns);
	return err;
}
