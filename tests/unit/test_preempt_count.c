// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Where kernels count their interrupts, by BTF that is made up. */
#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attach/preempt_count.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
	for (size_t i = 1; i < COUNT(types); i++)
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

static int make_types(void **state)
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

#ifdef __x86_64__
static void it_is_found_from_the_run_queue(void **state)
{
	int64_t at = 0;

	(void)state;
	assert_int_equal(rp_preempt_count__find(NULL, &at), 0);
	assert_int_equal(at, 0x2000 - 0x3000);
	/* Of kernels that have it in there. */
	types[3].name = "none";
	assert_int_equal(rp_preempt_count__find(NULL, &at), 0);
	assert_int_equal(at, 0x1000 - 0x3000);
}

static void without_all_of_it_there_is_none(void **state)
{
	int64_t at = 5;

	types[3].name = types[4].name = "none";
	assert_int_equal(rp_preempt_count__find(NULL, &at), -ENODATA);
	make_types(state);
	/* The last member is looked at, and is another one. */
	entity.member[1].name_off = 0;
	assert_int_equal(rp_preempt_count__find(NULL, &at), -ENODATA);
	make_types(state);
	/* A variable that is in no section of each CPU's. */
	section.type.info = BTF_KIND_DATASEC << 24;
	assert_int_equal(rp_preempt_count__find(NULL, &at), -ENODATA);
	assert_int_equal(at, 5);
}
#else
static void others_need_none(void **state)
{
	int64_t at = 5;

	(void)state;
	assert_int_equal(rp_preempt_count__find(NULL, &at), 0);
	assert_int_equal(at, 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef __x86_64__
		cmocka_unit_test_setup(it_is_found_from_the_run_queue, make_types),
		cmocka_unit_test_setup(without_all_of_it_there_is_none, make_types),
#else
		cmocka_unit_test(others_need_none),
#endif
	};

	return cmocka_run_group_tests(tests, make_types, NULL);
}
