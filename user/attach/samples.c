// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The programs that take samples, and the ring that they come through. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "attach/session_internal.h"

/* Each takes some 250: two seconds of eight busy CPUs at the usual rate. */
#define RING_BYTES (4u << 20)

/* Of Python, that are known to have been told of: others are told of once more. */
#define PYTHON_CODES_MAX 16384

static uint32_t sleeps_in_a_window(uint32_t a_second)
{
	return (uint32_t)(((uint64_t)a_second << RP_SLEEPS_WINDOW_BITS) / 1000000000) + 1;
}

void rp_session__configure_samples(struct rp_session *s, const struct rp_session_opts *opts)
{
	struct rptrace_bpf *skel = s->skel;
	bool wanted = opts->samples || opts->sleeps;

	bpf_program__set_autoload(skel->progs.rp_take_sample, opts->samples);
	bpf_program__set_autoattach(skel->progs.rp_take_sample, false);
	bpf_program__set_autoload(skel->progs.rp_switch, opts->sleeps);
	skel->rodata->cfg_kernel_frames = opts->kernel_frames;
	skel->rodata->cfg_sleeps_max = sleeps_in_a_window(opts->sleeps);
	bpf_map__set_autocreate(skel->maps.sleeps_taken, opts->sleeps);
	bpf_program__set_autoload(skel->progs.rp_fork_tables, wanted);
	bpf_program__set_autoload(skel->progs.rp_exec_tables, wanted);
	bpf_map__set_max_entries(skel->maps.samples, RING_BYTES);
	bpf_map__set_autocreate(skel->maps.samples, wanted);
	bpf_map__set_autocreate(skel->maps.sample_rooms, wanted);
	bpf_map__set_autocreate(skel->maps.sampled_at, opts->samples);
	bpf_map__set_max_entries(skel->maps.unwind_objects, RP_UNWIND_OBJECTS_MAX);
	bpf_map__set_autocreate(skel->maps.unwind_objects, wanted);
	bpf_map__set_max_entries(skel->maps.unwind_processes, RP_UNWIND_PROCESSES_MAX);
	bpf_map__set_autocreate(skel->maps.unwind_processes, wanted);
	bpf_map__set_autocreate(skel->maps.unwind_nothing, wanted);
	bpf_map__set_autocreate(skel->maps.unwind_recent, wanted);
	bpf_map__set_autocreate(skel->maps.unwind_walks, wanted);
	bpf_map__set_autocreate(skel->maps.memories, wanted);
	bpf_map__set_max_entries(skel->maps.python_codes, PYTHON_CODES_MAX);
	bpf_map__set_autocreate(skel->maps.python_codes, wanted);
	bpf_map__set_autocreate(skel->maps.python_code_rooms, wanted);
	bpf_map__set_autocreate(skel->maps.python_walks, wanted);
}

static int on_sample(void *ctx, void *data, size_t size)
{
	struct rp_session *s = ctx;

	if (s->on_sample)
		s->on_sample(s->on_sample_ctx, data, size);
	return 0;
}

int rp_session__open_samples(struct rp_session *s)
{
	s->samples = ring_buffer__new(bpf_map__fd(s->skel->maps.samples), on_sample, s, NULL);
	return s->samples ? 0 : -ENOMEM;
}

int rp_session__sample_program(const struct rp_session *s)
{
	return bpf_program__fd(s->skel->progs.rp_take_sample);
}

struct rp_unwind_maps rp_session__unwind_maps(const struct rp_session *s)
{
	return (struct rp_unwind_maps){.objects = bpf_map__fd(s->skel->maps.unwind_objects),
				       .processes = bpf_map__fd(s->skel->maps.unwind_processes)};
}

void rp_session__samples_may_double(struct rp_session *s)
{
	__atomic_store_n(&s->skel->bss->samples_may_double, true, __ATOMIC_RELAXED);
}

int rp_session__sample_fd(const struct rp_session *s)
{
	return ring_buffer__epoll_fd(s->samples);
}

int rp_session__drain_samples(struct rp_session *s, rp_record_fn fn, void *ctx)
{
	int rc;

	s->on_sample = fn;
	s->on_sample_ctx = ctx;
	rc = ring_buffer__consume(s->samples);
	s->on_sample = NULL;
	return rc < 0 ? rc : 0;
}
