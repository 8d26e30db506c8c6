/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The types of a kernel that is made up, of which its BTF tells: make_types() has them all. */
#ifndef RP_TEST_BTF_FIXTURE_H
#define RP_TEST_BTF_FIXTURE_H

#include <bpf/btf.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* By number; the first is none. */
static struct {
	const char *name;
	uint32_t kind;
} types[] = {
	{"", 0},
	{".data..percpu", BTF_KIND_DATASEC},
	{"runqueues", BTF_KIND_VAR},
	{"__preempt_count", BTF_KIND_VAR},
	{"pcpu_hot", BTF_KIND_VAR},
	{"sched_entity", BTF_KIND_STRUCT},
};

static struct {
	struct btf_type type;
	struct btf_var_secinfo variable[3];
} section;

static struct {
	struct btf_type type;
	struct btf_member member[2];
} entity;

static const char *const members[] = {"load", "cfs_rq"};

__s32 btf__find_by_name_kind(const struct btf *btf, const char *name, __u32 kind)
{
	(void)btf;
	for (size_t i = 1; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].kind == kind && !strcmp(types[i].name, name))
			return (int)i;
	return -ENOENT;
}

const struct btf_type *btf__type_by_id(const struct btf *btf, __u32 id)
{
	(void)btf;
	return id == 1 ? &section.type : id == 5 ? &entity.type : NULL;
}

const char *btf__name_by_offset(const struct btf *btf, __u32 offset)
{
	(void)btf;
	return members[offset];
}

static inline int make_types(void **state)
{
	(void)state;
	types[3].name = "__preempt_count";
	types[4].name = "pcpu_hot";
	section.type.info = BTF_KIND_DATASEC << 24 | 3;
	entity.type.info = BTF_KIND_STRUCT << 24 | 2;
	for (uint32_t i = 0; i < 3; i++)
		section.variable[i] = (struct btf_var_secinfo){.type = 2 + i,
							       .offset = 0x1000 * (3 - i)};
	entity.member[0].name_off = 0;
	entity.member[1].name_off = 1;
	return 0;
}

#endif
