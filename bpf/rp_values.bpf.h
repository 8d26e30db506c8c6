/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What is read of the target at a hit: arguments, labels, names, and what --where compares. */
#ifndef RP_VALUES_BPF_H
#define RP_VALUES_BPF_H

#include "rp_filter.bpf.h"

static __always_inline bool read_register(void *ctx, __s16 offset, __u64 *value)
{
	return !bpf_probe_read_kernel(value, sizeof(*value), ctx + offset);
}

static __always_inline __u64 extend(__u64 v, __u32 size, bool is_signed)
{
	__u32 shift = (64 - 8 * size) & 63;

	v <<= shift;
	return is_signed ? (__u64)((__s64)v >> shift) : v >> shift;
}

/* Value of an argument, extended to 64 bits. */
static __noinline bool read_value(struct pt_regs *ctx, const struct rp_arg *arg, __u64 *value)
{
	__u64 base = 0, scaled = 0, v = 0;

	switch (arg->kind) {
	case RP_ARG_CONST:
		v = arg->value;
		break;
	case RP_ARG_REG:
		if (!read_register(ctx, arg->reg, &v))
			return false;
		break;
	case RP_ARG_MEM:
		if (arg->reg >= 0 && !read_register(ctx, arg->reg, &base))
			return false;
		if (arg->index >= 0 && !read_register(ctx, arg->index, &scaled))
			return false;
		base += scaled * arg->scale + arg->value;
		if (bpf_probe_read_user(&v, sizeof(v), (void *)(unsigned long)base))
			return false;
		break;
	default:
		return false;
	}
	*value = extend(v, arg->size, arg->flags & RP_ARG_SIGNED);
	return true;
}

static __always_inline bool read_arg(struct pt_regs *ctx, __u32 index, __u64 *value)
{
	const struct rp_arg *arg = bpf_map_lookup_elem(&arg_specs, &index);

	return arg && read_value(ctx, arg, value);
}

/* The label that the string at an address is; the flags of its node. */
__noinline __u32 text_label(__u64 address, __u64 *label)
{
	const __u32 flags = RP_NODE_LABELED | RP_NODE_TEXT;
	struct rp_text text = {};
	__u32 number, id, *known;

	if (!label)
		return 0;
	*label = RP_TEXT_NULL;
	if (!address)
		return flags;
	/* One byte more than is kept tells whether it goes on. */
	if (bpf_probe_read_user_str(&text, RP_TEXT_LEN + 2, (void *)(unsigned long)address) < 0) {
		count_lost(RP_LOST_LABEL_READS);
		*label = RP_TEXT_UNREAD;
		return flags;
	}
	text.cut = !!text.cut;
	known = bpf_map_lookup_elem(&text_ids, &text);
	if (!known) {
		/* Each is at least one label. */
		number = number_take(SPARE_TEXT, &texts_used, cfg_max_labels);
		id = number - 1;
		if (!number || bpf_map_update_elem(&texts, &id, &text, BPF_ANY))
			return RP_NODE_LABELED | RP_NODE_OTHER;
		id += RP_TEXT_FIRST;
		if (bpf_map_update_elem(&text_ids, &text, &id, BPF_NOEXIST))
			number_give_back(SPARE_TEXT, number);
		known = bpf_map_lookup_elem(&text_ids, &text);
		if (!known)
			return RP_NODE_LABELED | RP_NODE_OTHER;
	}
	*label = *known;
	return flags;
}

/* The label of what is entered at a site; the flags of its node. */
static __noinline __u32 read_label(struct pt_regs *ctx, __u32 index, __u64 *label)
{
	const struct rp_arg *arg = bpf_map_lookup_elem(&arg_specs, &index);

	if (!arg || !read_value(ctx, arg, label)) {
		count_lost(RP_LOST_LABEL_READS);
		*label = RP_TEXT_UNREAD;
		return RP_NODE_LABELED | RP_NODE_TEXT;
	}
	if (arg->flags & RP_ARG_TEXT)
		return text_label(*label, label);
	return RP_NODE_LABELED | RP_NODE_ARG(arg->flags);
}

#ifdef __TARGET_ARCH_x86
#define FLAGS(ctx) ((ctx)->eflags)
#else
#define FLAGS(ctx) 0 /* jumps of other machines are not probed where they have a condition */
#endif

/* Global, so that the verifier looks at it once. */
__noinline int condition_holds(__u64 condition, __u64 flags)
{
	return rp_condition__holds(condition, flags);
}

/* At a jump out of a function, which may be conditional: is it going to be taken? */
static __always_inline bool jump_is_taken(struct pt_regs *ctx, __u64 cookie)
{
	__u32 index = RP_COOKIE_SPEC(cookie) + 1 + cfg_where.n;
	const struct rp_arg *arg;

	if (!(RP_COOKIE_FLAGS(cookie) & RP_SITE_CONDITIONAL))
		return true;
	arg = RP_COOKIE_SPEC(cookie) ? bpf_map_lookup_elem(&arg_specs, &index) : NULL;
	if (!arg) {
		count_lost(RP_LOST_LABEL_READS);
		return false;
	}
	return condition_holds(arg->value, FLAGS(ctx));
}

struct rp_comparing {
	struct pt_regs *ctx;
	__u32 spec; /* of the label; what is compared follows it */
	__u32 kind; /* of operand: what can be told now */
	__u32 outcomes;
};

static long compare_step(__u32 k, struct rp_comparing *q)
{
	__u32 index = q->spec + 1 + k;
	const struct rp_arg *arg;
	__u64 value;

	if (k >= RP_ATOMS_MAX)
		return 1;
	if (cfg_where.atom[k].kind != q->kind)
		return 0;
	arg = bpf_map_lookup_elem(&arg_specs, &index);
	if (!q->spec || !arg) {
		count_lost(RP_LOST_LABEL_READS);
	} else if (arg->kind != RP_ARG_NONE) {
		if (!read_value(q->ctx, arg, &value))
			count_lost(RP_LOST_LABEL_READS);
		else if (rp_atom__holds(&cfg_where.atom[k], value, arg->flags & RP_ARG_SIGNED))
			q->outcomes |= 1u << k;
	}
	return 0;
}

/* Outcomes of the comparisons with one kind of operand, a bit each. */
static __noinline __u32 outcomes_of(struct pt_regs *ctx, __u32 spec, __u32 kind)
{
	struct rp_comparing q = {.ctx = ctx, .spec = spec, .kind = kind};

	bpf_loop(cfg_where.n, compare_step, &q, 0);
	return q.outcomes;
}

__noinline __u32 region_of_name(__u64 address)
{
	struct rp_name name = {};
	__u32 number, id, *known;

	if (bpf_probe_read_user_str(name.text, sizeof(name.text), (void *)(unsigned long)address) <
	    0) {
		count_lost(RP_LOST_NAME_READS);
		return RP_REGION_NONE;
	}
	known = bpf_map_lookup_elem(&name_ids, &name);
	if (known)
		return *known;
	number = number_take(SPARE_NAME, &names_used, cfg_max_names);
	id = number - 1;
	if (!number || bpf_map_update_elem(&names, &id, &name, BPF_ANY)) {
		count_lost(RP_LOST_NAMES);
		return RP_REGION_NONE;
	}
	id += RP_REGION_DYNAMIC;
	if (bpf_map_update_elem(&name_ids, &name, &id, BPF_NOEXIST)) {
		number_give_back(SPARE_NAME, number);
		known = bpf_map_lookup_elem(&name_ids, &name);
		return known ? *known : RP_REGION_NONE;
	}
	return id;
}

/* Region of a name made at run time; RP_REGION_NONE: counted as lost. */
static __noinline __u32 name_region(struct pt_regs *ctx, __u32 spec)
{
	__u64 address;

	if (read_arg(ctx, spec, &address))
		return region_of_name(address);
	count_lost(RP_LOST_NAME_READS);
	return RP_REGION_NONE;
}

#endif
