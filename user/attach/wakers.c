// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The programs that see who wakes whom. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "attach/session_internal.h"
#include "util/clock.h"

void rp_session__configure_wakers(struct rp_session *s, const struct rp_session_opts *opts)
{
	struct rptrace_bpf *skel = s->skel;
	bool wanted = opts->max_wakers;

	bpf_program__set_autoload(skel->progs.rp_waking, wanted);
	bpf_program__set_autoattach(skel->progs.rp_waking, false);
	bpf_program__set_autoload(skel->progs.rp_waker_switch, wanted);
	bpf_program__set_autoattach(skel->progs.rp_waker_switch, false);
	bpf_map__set_autocreate(skel->maps.wakers, wanted);
	if (!wanted)
		return;
	skel->rodata->cfg_max_wakers = opts->max_wakers;
	bpf_map__set_max_entries(skel->maps.wakers, opts->max_wakers);
}

/* ---- where the count of interrupts is ---------------------------------------------------------
 */

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

/* From a CPU's run queue to what has its count; 0: not known. */
static int64_t preempt_count_at(const struct btf *btf)
{
	int64_t queue, count;

	if (!find_variable(btf, "runqueues", &queue) ||
	    !(find_variable(btf, "__preempt_count", &count) ||
	      find_variable(btf, "pcpu_hot", &count)))
		return 0;
	return count - queue;
}

static void learn_preempt_count(struct rp_session *s)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return;
	s->skel->bss->preempt_count_at = preempt_count_at(btf);
	btf__free(btf);
}

/* ---- on and off ---------------------------------------------------------------------------------
 */

/* The one that notes who wakes comes first: each sleep that is seen has its end seen, too. */
int rp_session__watch_wakers(struct rp_session *s)
{
	if (s->switches)
		return 0;
	if (!bpf_program__autoload(s->skel->progs.rp_waker_switch))
		return -ENOTSUP;
	learn_preempt_count(s);
	if (!s->waking)
		s->waking = bpf_program__attach(s->skel->progs.rp_waking);
	if (!s->waking)
		return -errno;
	s->switches = bpf_program__attach(s->skel->progs.rp_waker_switch);
	if (!s->switches)
		return -errno;
	s->wakers_since = rp_clock__now();
	return 0;
}

void rp_session__close_wakers(struct rp_session *s)
{
	bpf_link__destroy(s->switches);
	bpf_link__destroy(s->waking);
}

uint64_t rp_session__wakers_since(const struct rp_session *s)
{
	return s->wakers_since;
}
