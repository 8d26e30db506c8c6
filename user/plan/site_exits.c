// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The exits of a function: a walk over its control flow that follows the depth of the stack.
 *
 * A function is left for good where the return address is at the top of the stack again: at a RET,
 * and at a jump out of the function, which is a tail call then. A jump out of it from inside the
 * frame leads to a part of the function that the compiler put elsewhere (its .cold part, or code
 * that an outliner shares between functions): the walk goes on there, with the frame that the jump
 * leaves. So the walk is over several stretches of code, of which the function's own is the first,
 * and more are read as jumps lead to them.
 *
 * What no jump leads to (landing pads of exceptions, targets of jump tables) is walked last, with
 * the depth that all calls, or all jump tables, of the function have in common. Of the parts
 * elsewhere that holds only for those whose bounds a symbol tells.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plan/site_arch.h"
#include "util/array.h"

#define UNKNOWN INT32_MIN

/* Bounds of what is followed elsewhere. */
#define STRETCHES_MAX 64u
#define STRETCH_BYTES 16384u

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

/* Where to go on: an instruction of a stretch. */
struct place {
	size_t stretch, insn;
	struct state state;
};

struct places {
	struct place *items;
	size_t n, capacity;
};

/* Consecutive code, at an offset from the start of the function. */
struct stretch {
	int64_t start;
	struct rp_code code;
	bool whole; /* all of it is the function's */
};

struct walk {
	uint16_t machine;
	const struct rp_surroundings *around;
	struct stretch *stretches; /* the first is the function's own */
	size_t n, capacity;
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

static void push(struct walk *walk, struct places *places, const struct place *place)
{
	if (rp_array__grow(&places->items, places->n, &places->capacity, sizeof(*places->items))) {
		walk->err = -ENOMEM;
		return;
	}
	places->items[places->n++] = *place;
}

/* ---- stretches ------------------------------------------------------------------------------- */

static struct rp_insn *insn_of(const struct walk *walk, const struct place *place)
{
	return &walk->stretches[place->stretch].code.insns[place->insn];
}

/*
 * Sets where; false: no instruction that was decoded begins there. *inside: but it is in a stretch.
 */
static bool find_insn(const struct walk *walk, int64_t offset, struct place *where, bool *inside)
{
	*inside = false;
	for (size_t i = 0; i < walk->n; i++) {
		const struct stretch *s = &walk->stretches[i];
		struct rp_insn *insn;

		if (offset < s->start || offset - s->start >= s->code.size)
			continue;
		*inside = true;
		insn = rp_site__insn_at(&s->code, (uint32_t)(offset - s->start));
		if (!insn)
			continue;
		where->stretch = i;
		where->insn = insn - s->code.insns;
		return true;
	}
	return false;
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

static void add_stretch(struct walk *walk, int64_t start, struct rp_code *code, bool whole)
{
	if (rp_array__grow(&walk->stretches, walk->n, &walk->capacity, sizeof(*walk->stretches))) {
		free(code->insns);
		walk->err = -ENOMEM;
		return;
	}
	mark_landings(code);
	walk->stretches[walk->n++] = (struct stretch){
		.start = start, .code = *code, .whole = whole};
}

/* Read code elsewhere, `size` bytes of it, or 0: as far as it goes. Whether there is any. */
static bool read_stretch(struct walk *walk, int64_t start, size_t size)
{
	static const struct rp_site_rules no_rules;
	size_t wanted = size && size < STRETCH_BYTES ? size : STRETCH_BYTES, got;
	struct rp_code code;
	const char *reason;
	uint8_t *bytes;
	int rc;

	if (!walk->around || walk->n >= STRETCHES_MAX)
		return false;
	bytes = malloc(wanted);
	if (!bytes) {
		walk->err = -ENOMEM;
		return false;
	}
	got = walk->around->read(walk->around->ctx, start, bytes, wanted);
	rc = rp_site__sweep(walk->machine, bytes, got, size != 0, &no_rules, &code, &reason);
	free(bytes);
	if (rc == -ENOMEM)
		walk->err = rc;
	if (rc || !code.n)
		return false;
	add_stretch(walk, start, &code, size != 0);
	return !walk->err;
}

static void read_known_parts(struct walk *walk)
{
	int64_t offset;
	size_t size;

	for (size_t i = 0; walk->around && walk->around->part(walk->around->ctx, i, &offset, &size);
	     i++)
		read_stretch(walk, offset, size);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int64_t branch_target(const struct walk *walk, const struct place *from)
{
	return walk->stretches[from->stretch].start + insn_of(walk, from)->beyond;
}

/* Go on at the target of a branch. False: it is not in the code that is known. */
static bool push_target(struct walk *walk, const struct place *from, const struct state *state)
{
	struct place to = {.state = *state};
	bool inside;

	if (!find_insn(walk, branch_target(walk, from), &to, &inside))
		return inside;
	if (!insn_of(walk, &to)->seen)
		push(walk, &walk->todo, &to);
	return true;
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

/*
 * A branch to a place that is not in the code known so far. In code that no jump leads to its depth
 * may not be known. Then it is followed like one to a part elsewhere: if it is a tail call after
 * all, what is found there are the exits of its target, which return for the function.
 */
static void jump_out(struct walk *walk, const struct place *from, const struct state *state)
{
	struct rp_insn *insn = insn_of(walk, from);
	int32_t depth = state->regs[RP_REG_SP];
	int64_t target = branch_target(walk, from);

	if (depth == UNKNOWN && !walk->is_sweep)
		refuse(walk, "a jump out of it may or may not be a tail call");
	if (depth == 0)
		insn->exit = state->is_code;
	else if (!read_stretch(walk, target, 0) || !push_target(walk, from, state))
		walk->leaves_unseen |= state->is_code && depth != UNKNOWN;
}

static void branch(struct walk *walk, const struct place *from, const struct state *state)
{
	if (!push_target(walk, from, state))
		jump_out(walk, from, state);
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
static bool step(struct walk *walk, const struct place *at, struct state *state)
{
	struct rp_insn *insn = insn_of(walk, at);

	apply(state, insn);
	switch (insn->flow) {
	case RP_FLOW_NEXT:
		return true;
	case RP_FLOW_CALL:
		merge(&walk->calls, state);
		state->is_code |= insn->target == RP_TARGET_OUTSIDE;
		return true;
	case RP_FLOW_COND:
		branch(walk, at, state);
		return true;
	case RP_FLOW_JUMP:
		branch(walk, at, state);
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

static void follow(struct walk *walk, const struct place *from)
{
	struct place at = *from;
	bool returns = true;

	for (; at.insn < walk->stretches[at.stretch].code.n; at.insn++) {
		struct rp_insn *insn = insn_of(walk, &at);

		if (insn->seen)
			return;
		if (!returns && insn->landing) {
			push(walk, &walk->later, &at);
			return;
		}
		insn->seen = true;
		if (!step(walk, &at, &at.state))
			return;
		returns = insn->flow != RP_FLOW_CALL && (returns || !insn->nop);
	}
	if (!returns || walk->is_sweep)
		return;
	if (at.stretch)
		walk->leaves_unseen = true;
	else
		refuse(walk, "it runs on into the code that follows it");
}

static void follow_all(struct walk *walk, const struct place *first)
{
	push(walk, &walk->todo, first);
	while (!walk->err && (walk->todo.n || walk->later.n)) {
		struct places *from = walk->todo.n ? &walk->todo : &walk->later;
		struct place place = from->items[--from->n];

		/* The deferred place stands after a call: do not defer it again. */
		if (!insn_of(walk, &place)->seen)
			follow(walk, &place);
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
	struct place place = {
		.state = {.regs = {[RP_REG_SP] = 0, [RP_REG_FP] = UNKNOWN}, .is_code = true}};

	follow_all(walk, &place);
	walk->is_sweep = true;
	for (size_t i = 0; i < walk->n; i++) {
		if (!walk->stretches[i].whole)
			continue;
		for (size_t k = 0; k < walk->stretches[i].code.n && !walk->err; k++) {
			if (walk->stretches[i].code.insns[k].seen)
				continue;
			place = (struct place){
				.stretch = i, .insn = k, .state = unreached_state(walk)};
			follow_all(walk, &place);
		}
	}
}

/* ---- what was found -------------------------------------------------------------------------- */

static int by_offset(const void *a_, const void *b_)
{
	const struct rp_exit_site *a = a_, *b = b_;

	return (a->offset > b->offset) - (a->offset < b->offset);
}

static enum rp_exit_kind exit_kind(const struct rp_insn *insn)
{
	switch (insn->flow) {
	case RP_FLOW_RET:
		return RP_EXIT_RETURN;
	case RP_FLOW_COND:
	case RP_FLOW_JUMP:
		return RP_EXIT_TAIL_CALL;
	default:
		return RP_EXIT_POINTER;
	}
}

static int collect_stretch(const struct stretch *s, struct rp_exits *out, size_t *capacity,
			   const char **reason)
{
	for (size_t i = 0; i < s->code.n; i++) {
		const struct rp_insn *insn = &s->code.insns[i];

		if (!insn->exit)
			continue;
		if (!insn->probeable)
			return rp_site__refuse(reason, "the kernel cannot probe one of its exits");
		if (rp_array__grow(&out->items, out->n, capacity, sizeof(*out->items)))
			return -ENOMEM;
		out->items[out->n++] = (struct rp_exit_site){
			.offset = s->start + insn->offset,
			.target = s->start + insn->beyond,
			.kind = exit_kind(insn),
			.condition = insn->flow == RP_FLOW_COND ? insn->condition
								: RP_CONDITION_ALWAYS,
			.slow = !insn->emulated,
		};
	}
	return 0;
}

/* Stretches that were read may overlap: each exit is kept once. */
static int collect(const struct walk *walk, struct rp_exits *out, const char **reason)
{
	size_t capacity = 0, kept = 0;
	int rc = 0;

	for (size_t i = 0; i < walk->n && !rc; i++)
		rc = collect_stretch(&walk->stretches[i], out, &capacity, reason);
	if (rc)
		return rc;
	rp_array__sort(out->items, out->n, sizeof(*out->items), by_offset);
	for (size_t i = 0; i < out->n; i++)
		if (!kept || out->items[kept - 1].offset != out->items[i].offset)
			out->items[kept++] = out->items[i];
	out->n = kept;
	return 0;
}

static int find_exits(struct walk *walk, struct rp_exits *out, const char **reason)
{
	int rc;

	walk_function(walk);
	if (walk->err)
		rc = walk->err;
	else if (walk->refusal)
		rc = rp_site__refuse(reason, walk->refusal);
	else
		rc = collect(walk, out, reason);
	if (!rc && walk->leaves_unseen)
		out->caution =
			"code outside the function's own bytes may return without being seen";
	return rc;
}

static void free_walk(struct walk *walk)
{
	for (size_t i = 0; i < walk->n; i++)
		free(walk->stretches[i].code.insns);
	free(walk->stretches);
	free(walk->todo.items);
	free(walk->later.items);
}

int rp_site__exits(uint16_t machine, const uint8_t *code, size_t size, bool whole,
		   const struct rp_surroundings *around, struct rp_exits *out, const char **reason)
{
	static const struct rp_site_rules no_rules;
	struct walk walk = {.machine = machine, .around = around};
	struct rp_code own;
	int rc = rp_site__sweep(machine, code, size, whole, &no_rules, &own, reason);

	*out = (struct rp_exits){0};
	if (rc)
		return rc;
	if (!own.complete) {
		rc = rp_site__refuse(reason, "its bytes do not decode");
	} else if (!mark_landings(&own)) {
		rc = rp_site__refuse(reason, "it calls code inside itself");
	} else {
		add_stretch(&walk, 0, &own, whole);
		own.insns = NULL;
		if (!walk.err)
			read_known_parts(&walk);
		rc = walk.err ? walk.err : find_exits(&walk, out, reason);
	}
	free(own.insns);
	free_walk(&walk);
	if (rc)
		rp_exits__free(out);
	return rc;
}

void rp_exits__free(struct rp_exits *exits)
{
	free(exits->items);
	*exits = (struct rp_exits){0};
}
