// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The programs that see who wakes whom. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "attach/preempt_count.h"
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

static int learn_preempt_count(struct rp_session *s)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int64_t at = 0;
	int rc = btf ? rp_preempt_count__find(btf, &at) : -errno;

	s->skel->bss->preempt_count_at = at;
	btf__free(btf);
	return rc;
}

/* ---- on and off ------------------------------------------------------------------------------ */

/* The one that notes who wakes comes first: each sleep that is seen has its end seen, too. */
int rp_session__watch_wakers(struct rp_session *s)
{
	int rc;

	if (s->switches)
		return 0;
	if (!bpf_program__autoload(s->skel->progs.rp_waker_switch))
		return -ENOTSUP;
	rc = learn_preempt_count(s);
	if (rc)
		return rc;
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
