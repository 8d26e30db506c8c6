/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What is read of the target at a hit: arguments, labels, names, and what --where compares. */
#ifndef RP_VALUES_BPF_H
#define RP_VALUES_BPF_H

#include "rp_filter.bpf.h"

/* Behind what labels and filters read at a site. */
#define ARGS_END rp_args__end(cfg_where.n, cfg_text_lengths)

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
static __noinline bool read_value(void *ctx, const struct rp_arg *arg, __u64 *value)
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

__noinline int read_spec(struct bpf_user_pt_regs_t *ctx, __u32 index, __u64 *value)
{
	const struct rp_arg *arg = bpf_map_lookup_elem(&arg_specs, &index);

	return value && arg && read_value(ctx, arg, value);
}

static __always_inline bool read_arg(struct pt_regs *ctx, __u32 index, __u64 *value)
{
	int is_read = read_spec(to_global(ctx), index, value);

	barrier_var(is_read); /* to the verifier it is any number */
	return is_read;
}

/* ---- strings ---------------------------------------------------------------------------- */

/* How long the string is that the k-th argument of a site points to, as another one tells. */
static __always_inline bool read_length(void *ctx, __u32 spec, __u32 k, __s32 *length)
{
	__u32 index = spec + rp_args__lengths(cfg_where.n) + k;
	const struct rp_arg *arg;
	__u64 value;

	*length = RP_LENGTH_NONE;
	arg = cfg_text_lengths ? bpf_map_lookup_elem(&arg_specs, &index) : NULL;
	if (!arg || arg->kind == RP_ARG_NONE)
		return true;
	if (!read_value(ctx, arg, &value))
		return false;
	*length = (__s32)value;
	return true;
}

/*
 * Up to RP_TEXT_LEN bytes of a string, zeros behind it, no byte past its length. How many there
 * are; one more where it goes on; or a negative errno. Global, so that the verifier looks at it
 * once.
 */
__noinline int read_text(struct rp_text *text, __u64 address, __s32 length)
{
	const void *at = (const void *)(unsigned long)address;
	__u32 bytes = (__u32)length < RP_TEXT_LEN ? (__u32)length : RP_TEXT_LEN, n = 0;
	__u64 goes_on = 1;
	long rc;

	if (!text)
		return -EINVAL;
	if (!cfg_text_lengths || length < 0) {
		/* One byte more than is kept tells whether it goes on; the last one is a zero. */
		rc = bpf_probe_read_user_str(text, RP_TEXT_LEN + 2, at);
		return rc < 0 ? rc : rc - 1;
	}
	barrier_var(bytes);
	if (bytes > RP_TEXT_LEN)
		return -EINVAL;
	rc = bpf_probe_read_user(text, bytes, at);
	if (rc)
		return rc;
	for (__u32 i = 0; i < RP_TEXT_LEN; i++) {
		goes_on &= -(__u64)(__u8)text->text[i] >> 63;
		text->text[i] &= -goes_on;
		n += goes_on;
	}
	return n + (goes_on && length > (__s32)RP_TEXT_LEN);
}

/* How many strings there may be for this one to be among them: each is at least one label. */
static __always_inline __u32 text_bound(const struct rp_text *text)
{
	__u32 first = cfg_max_labels, used = texts_used;

	if (used < first)
		return first;
	if (!is_frequent(rp_label_hash(text, sizeof(*text)), used - first))
		return first;
	return first + RP_LATE_LABELS(first);
}

/* The label that the string at an address is; the flags of its node. */
__noinline __u32 text_label(__u64 address, __s32 length, __u64 *label)
{
	const __u32 flags = RP_NODE_LABELED | RP_NODE_TEXT;
	struct rp_text text = {};
	__u32 number, id, *known;
	int bytes;

	if (!label)
		return 0;
	*label = RP_TEXT_NULL;
	if (!address)
		return flags;
	bytes = read_text(&text, address, length);
	barrier_var(bytes); /* to the verifier it is any number */
	if (bytes < 0) {
		count_lost(RP_LOST_LABEL_READS);
		*label = RP_TEXT_UNREAD;
		return flags;
	}
	text.cut = bytes > (int)RP_TEXT_LEN;
	known = bpf_map_lookup_elem(&text_ids, &text);
	if (!known) {
		number = number_take(SPARE_TEXT, RP_SHARED_TEXTS, &texts_used, text_bound(&text));
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
__noinline __u32 read_label(struct bpf_user_pt_regs_t *ctx, __u32 index, __u64 *label)
{
	const struct rp_arg *arg = bpf_map_lookup_elem(&arg_specs, &index);
	__s32 length = RP_LENGTH_NONE;

	if (!label)
		return 0;
	if (!arg || !read_value(ctx, arg, label) ||
	    (arg->flags & RP_ARG_TEXT && !read_length(ctx, index, 0, &length))) {
		count_lost(RP_LOST_LABEL_READS);
		*label = RP_TEXT_UNREAD;
		return RP_NODE_LABELED | RP_NODE_TEXT;
	}
	if (arg->flags & RP_ARG_TEXT)
		return text_label(*label, length, label);
	return RP_NODE_LABELED | RP_NODE_ARG(arg->flags);
}

/* A string that is compared is read in pieces, up to so many: the rest is not looked at. */
#define MATCH_PIECES 16u

struct matching {
	__u64 address;
	__u64 states;
	__s32 left; /* bytes that it has; RP_LENGTH_NONE: up to the zero */
	__u32 pattern;
	__s32 failed;
};

static long match_step(__u32 i, struct matching *m)
{
	struct rp_text piece = {};
	__u32 k = m->pattern;
	int bytes = read_text(&piece, m->address, m->left);

	barrier_var(bytes); /* to the verifier it is any number */
	if (bytes < 0 || k >= RP_ATOMS_MAX) {
		m->failed = true;
		return 1;
	}
	for (__u32 at = 0; at < RP_TEXT_LEN; at++) {
		if (!piece.text[at])
			return 1;
		m->states = rp_pattern__step(&cfg_patterns[k], m->states, piece.text[at]);
	}
	m->address += RP_TEXT_LEN;
	if (m->left >= 0)
		m->left -= RP_TEXT_LEN;
	return bytes <= (int)RP_TEXT_LEN;
}

enum { TEXT_DIFFERS, TEXT_MATCHES, TEXT_UNREADABLE };

/* Does the string match pattern k? */
static __always_inline int text_matches(__u64 address, __s32 length, __u32 k)
{
	struct matching m = {
		.address = address, .states = RP_PATTERN_START, .left = length, .pattern = k};

	if (k >= RP_ATOMS_MAX)
		return TEXT_UNREADABLE;
	bpf_loop(MATCH_PIECES, match_step, &m, 0);
	if (m.failed)
		return TEXT_UNREADABLE;
	return rp_pattern__is_found(&cfg_patterns[k], m.states) ? TEXT_MATCHES : TEXT_DIFFERS;
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
	__u32 index = RP_COOKIE_SPEC(cookie) + ARGS_END;
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
	void *ctx;
	__u32 spec; /* of the label; what is compared follows it */
	__u32 kind; /* of operand: what can be told now */
	__u32 outcomes;
};

/*
 * Does the comparison hold, of a string or of a number? What is no string is neither equal nor not.
 */
static __always_inline bool compare(struct rp_comparing *q, __u32 k, const struct rp_arg *arg,
				    __u64 value)
{
	__s32 length;
	int found;

	if (!cfg_where.atom[k].is_text)
		return rp_atom__holds(&cfg_where.atom[k], value, arg->flags & RP_ARG_SIGNED);
	if (!value)
		return false;
	found = read_length(q->ctx, q->spec, 1 + k, &length) ? text_matches(value, length, k)
							     : TEXT_UNREADABLE;
	barrier_var(found); /* to the verifier it is any number */
	if (found == TEXT_UNREADABLE)
		count_lost(RP_LOST_LABEL_READS);
	else
		return cfg_where.atom[k].accepts & (found == TEXT_MATCHES ? RP_EQUAL : RP_LESS);
	return false;
}

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
		else if (compare(q, k, arg, value))
			q->outcomes |= 1u << k;
	}
	return 0;
}

/* Outcomes of the comparisons with one kind of operand, a bit each. */
__noinline __u32 outcomes_of(struct bpf_user_pt_regs_t *ctx, __u32 spec, __u32 kind)
{
	struct rp_comparing q = {.ctx = ctx, .spec = spec, .kind = kind};

	bpf_loop(cfg_where.n, compare_step, &q, 0);
	return q.outcomes;
}

/* Is a name that was met just now that of a region of --within? */
__noinline int name_is_within(const struct rp_name *name)
{
	__u64 states = RP_PATTERN_START;

	if (!name)
		return 0;
	for (__u32 i = 0; i < RP_NAME_LEN && name->text[i]; i++)
		states = rp_pattern__step(&cfg_within_names, states, name->text[i]);
	return rp_pattern__is_found(&cfg_within_names, states);
}

/* A number that is given back may have been that of another name. */
static __always_inline void name_set_within(const struct rp_name *name, __u32 id)
{
	__u8 none = 0;
	int is_within = name_is_within(name);

	barrier_var(is_within); /* to the verifier it is any number */
	if (is_within)
		bpf_map_update_elem(&within, &id, &none, BPF_ANY);
	else
		bpf_map_delete_elem(&within, &id);
}

struct excluding {
	const struct rp_name *name;
	bool is_excluded;
};

static long exclude_step(__u32 k, struct excluding *e)
{
	const struct rp_pattern *glob = bpf_map_lookup_elem(&excludes, &k);
	__u64 states = RP_PATTERN_START;

	if (!glob)
		return 1;
	for (__u32 i = 0; i < RP_NAME_LEN && e->name->text[i]; i++)
		states = rp_pattern__step(glob, states, e->name->text[i]);
	e->is_excluded = rp_pattern__is_found(glob, states);
	return e->is_excluded;
}

/* Is a name that was met just now one of --exclude? */
__noinline int name_is_excluded(const struct rp_name *name)
{
	struct excluding e = {.name = name};

	if (!name)
		return 0;
	bpf_loop(cfg_excludes, exclude_step, &e, 0);
	return e.is_excluded;
}

/* RP_NAME_EXCLUDED: it is left out. It has a number all the same, so that a program with ever new
 * ones takes no more room than one whose names are wanted. */
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
	number = number_take(SPARE_NAME, RP_SHARED_NAMES, &names_used, cfg_max_names);
	id = number - 1;
	if (!number || bpf_map_update_elem(&names, &id, &name, BPF_ANY)) {
		count_lost(RP_LOST_NAMES);
		return RP_REGION_NONE;
	}
	id += RP_REGION_DYNAMIC;
	/* Before anybody finds it. */
	if (cfg_within)
		name_set_within(&name, id);
	if (cfg_excludes && name_is_excluded(&name))
		id = RP_NAME_EXCLUDED;
	if (bpf_map_update_elem(&name_ids, &name, &id, BPF_NOEXIST)) {
		number_give_back(SPARE_NAME, number);
		known = bpf_map_lookup_elem(&name_ids, &name);
		return known ? *known : RP_REGION_NONE;
	}
	return id;
}

/* Region of a name made at run time; RP_REGION_NONE: counted as lost; RP_NAME_EXCLUDED. */
static __noinline __u32 name_region(struct pt_regs *ctx, __u32 spec)
{
	__u64 address = 0; /* before 6.3 no global function may be given what was not set */

	if (read_arg(ctx, spec, &address))
		return region_of_name(address);
	count_lost(RP_LOST_NAME_READS);
	return RP_REGION_NONE;
}

#endif
