/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* --sample and --off-cpu: from the events of threads to the store of samples that figures are read
 * from. */
#ifndef RP_SAMPLING_H
#define RP_SAMPLING_H

#include "attach/session.h"
#include "opts/opts.h"
#include "sample/sampler.h"
#include "targets/targets.h"

struct rp_sampling;

struct rp_sampling_opts {
	struct rp_session *session; /* made for samples */
	const struct rp_plan *plan; /* whose sites are those of probes */
	const struct rp_targets *targets;
	struct rp_helper *helper; /* of the targets */
	unsigned hz;		  /* 0: no samples, but sleeps */
	bool off_cpu;		  /* where threads sleep in regions */
	bool follow;
	bool is_shared; /* by processes that do not trust each other: none takes all of a bound */
	/* Hand what has happened up to now to rp_sampling__on_event(). 0 or a negative errno. */
	int (*tell)(void *ctx);
	/* A process is traced, but not sampled. */
	void (*say)(void *ctx, const char *cause, const char *cure);
	void *ctx;
};

/* NULL: out of memory. */
struct rp_sampling *rp_sampling__new(const struct rp_sampling_opts *opts);
void rp_sampling__free(struct rp_sampling *sampling);

struct rp_sample_store *rp_sampling__store(struct rp_sampling *sampling);

/* Every process that is traced by now. */
int rp_sampling__start(struct rp_sampling *sampling, struct rp_err *err);

/*
 * The command is stopped in its start, and has mapped code: it has its unwind tables from here on.
 */
void rp_sampling__look_at_command(struct rp_sampling *sampling, pid_t pid);

/*
 * What happened to a process. Samples are of its code as it was when they were taken: it is seen to
 * in rp_sampling__drain(), between those from before it and those after.
 */
void rp_sampling__on_event(struct rp_sampling *sampling, const struct rp_event *event);

/* Likewise what it maps, where the whole system is traced. */
void rp_sampling__on_mapping(struct rp_sampling *sampling, pid_t pid,
			     const struct rp_mapped *mapped, uint64_t time);

/* Take what the kernel has sampled so far, and what has happened up to then. */
int rp_sampling__drain(struct rp_sampling *sampling);

/* The kernel keeps its addresses to itself: sleeping threads are shown without its frames. */
bool rp_sampling__is_kernel_hidden(const struct rp_sampling *sampling);

/*
 * The file of the first Python interpreter found whose version is not supported, once; else NULL.
 */
const char *rp_sampling__unknown_python(struct rp_sampling *sampling);

/*
 * So much of what was sampled, in percent, is code that processes have compiled at run time and do
 * not name, that the profile lacks it; once. 0: it is not. *pid: one of these processes.
 */
unsigned rp_sampling__unnamed_percent(struct rp_sampling *sampling, pid_t *pid);

#endif
