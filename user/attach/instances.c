// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The ring of instances, which another thread than that of the session empties. */
#include <bpf/libbpf.h>
#include <errno.h>

#include "attach/session_internal.h"

static int on_instance(void *ctx, void *data, size_t size)
{
	struct rp_session *s = ctx;

	s->on_instance(s->on_instance_ctx, data, size);
	return 0;
}

void rp_session__configure_instances(struct rp_session *s, const struct rp_session_opts *opts)
{
	if (!opts->record_bytes)
		return;
	s->skel->rodata->cfg_record = true;
	s->skel->rodata->cfg_every = opts->record_every;
	bpf_map__set_max_entries(s->skel->maps.instances, opts->record_bytes);
}

int rp_session__open_instances(struct rp_session *s)
{
	s->instances = ring_buffer__new(bpf_map__fd(s->skel->maps.instances), on_instance, s, NULL);
	return s->instances ? 0 : -errno;
}

int rp_session__drain_instances(struct rp_session *s, rp_record_fn fn, void *ctx)
{
	int rc;

	s->on_instance = fn;
	s->on_instance_ctx = ctx;
	rc = ring_buffer__consume(s->instances);
	return rc < 0 ? rc : 0;
}
