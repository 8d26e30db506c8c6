// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "attach/preempt_count.h"

#ifdef __x86_64__
/* A variable that each CPU has, by its place among them. false: there is none of that name. */
static bool find_variable(const struct btf *btf, const char *name, int64_t *at)
{
	int section = btf__find_by_name_kind(btf, ".data..percpu", BTF_KIND_DATASEC);
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_VAR);
	const struct btf_type *type = section > 0 ? btf__type_by_id(btf, section) : NULL;

	for (int i = 0; type && id > 0 && i < btf_vlen(type); i++)
		if (btf_var_secinfos(type)[i].type == (uint32_t)id) {
			*at = btf_var_secinfos(type)[i].offset;
			return true;
		}
	return false;
}

static bool has_member(const struct btf *btf, const char *structure, const char *member)
{
	int id = btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), member))
			return true;
	return false;
}

/* From 6.2 to 6.14 it is in pcpu_hot. A thread knows its run queue where it is in a group. */
int rp_preempt_count__find(const struct btf *kernel, int64_t *at)
{
	int64_t queue, count;

	if (!has_member(kernel, "sched_entity", "cfs_rq") ||
	    !find_variable(kernel, "runqueues", &queue) ||
	    !(find_variable(kernel, "__preempt_count", &count) ||
	      find_variable(kernel, "pcpu_hot", &count)))
		return -ENODATA;
	*at = count - queue;
	return 0;
}
#else
int rp_preempt_count__find(const struct btf *kernel, int64_t *at)
{
	(void)kernel;
	*at = 0;
	return 0;
}
#endif
