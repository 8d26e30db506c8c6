// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * From sites to links of the kernel.
 *
 * Which BPF program serves a site depends on its role and on what the kernel offers (belongs()
 * below). With uprobe_multi all sites of one program are one link. The kernel refuses the whole
 * link for one bad site, so a refused set is halved until the bad sites stand alone; these are
 * reported, and the rest is probed. With perf events every site is a link of its own.
 *
 * The attach cookie of each site tells the program what the hit means (rp_abi.h). Arguments that
 * labels and filters read are numbered in a table of the kernel's, equal ones under one number.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/session_internal.h"
#include "attach/uprobe_perf.h"
#include "attach/worker.h"
#include "util/array.h"

/* The sites of one program, in the form that the system call takes. */
struct site_arrays {
	uint64_t *offsets, *semaphores, *cookies;
	size_t *origin; /* index in the caller's sites */
	size_t n;
	bool any_semaphore;
};

static int site_arrays__init(struct site_arrays *b, size_t room)
{
	memset(b, 0, sizeof(*b));
	b->offsets = calloc(room, sizeof(*b->offsets));
	b->semaphores = calloc(room, sizeof(*b->semaphores));
	b->cookies = calloc(room, sizeof(*b->cookies));
	b->origin = calloc(room, sizeof(*b->origin));
	return b->offsets && b->semaphores && b->cookies && b->origin ? 0 : -ENOMEM;
}

static void site_arrays__free(struct site_arrays *b)
{
	free(b->offsets);
	free(b->semaphores);
	free(b->cookies);
	free(b->origin);
}

/*
 * Where the site's arguments begin in the kernel's table; 0 without any, or when the table is full,
 * and then the kernel counts what it cannot read.
 */
static uint32_t args_index(struct rp_session *s, const struct rp_site *site)
{
	int fd = bpf_map__fd(s->skel->maps.arg_specs);
	uint32_t index = 1, n = site->n_args;

	if (!n)
		return 0;
	while (index + n <= s->next_arg &&
	       memcmp(&s->args[index], site->args, n * sizeof(*site->args)))
		index++;
	if (index + n <= s->next_arg)
		return index;
	index = s->next_arg;
	if (index + n > RP_ARGS_MAX)
		return 0;
	for (uint32_t i = 0; i < n; i++, s->next_arg++) {
		s->args[s->next_arg] = site->args[i];
		if (bpf_map_update_elem(fd, &s->next_arg, &site->args[i], BPF_ANY))
			return 0;
	}
	return index;
}

/*
 * A uprobe session reports the return of a call only if it has seen its entry. A return probe
 * reports those of all calls under way. So links that replace others probe entries and returns
 * apart: they have to see the ends of calls that the old links saw begin. Such return probes are
 * taken on any stack: functions that may run on another one have RET sites by then (targets/).
 */
static bool belongs(const struct rp_site *site, const struct bpf_program *prog,
		    const struct rp_session *s, bool replaces)
{
	bool call = site->role == RP_ROLE_CALL;
	bool span = site->role == RP_ROLE_SPAN_BEGIN || site->role == RP_ROLE_SPAN_END;
	bool session = s->mode == RP_ATTACH_SESSION && !replaces;

	if (prog == s->skel->progs.rp_span)
		return span;
	if (prog == s->skel->progs.rp_session)
		return call && session;
	if (prog == s->skel->progs.rp_return)
		return call && !session;
	return !span && (!call || !session);
}

static void site_arrays__collect(struct site_arrays *b, struct rp_session *s,
				 const struct bpf_program *prog, const struct rp_links_req *req,
				 const struct rp_links *links, const uint32_t *args)
{
	b->n = 0;
	b->any_semaphore = false;
	for (size_t i = 0; i < req->n; i++) {
		const struct rp_site *site = &req->sites[i];

		if (!belongs(site, prog, s, req->replaces))
			continue;
		b->offsets[b->n] = site->offset;
		b->semaphores[b->n] = site->semaphore;
		b->any_semaphore |= site->semaphore != 0;
		b->cookies[b->n] = RP_COOKIE(site->region, site->role, site->flags, args[i],
					     links->site_group, links->generation);
		b->origin[b->n++] = i;
	}
}

static int add_fd(struct rp_links *links, int fd)
{
	if (rp_array__fit(&links->fds, links->n + 1, sizeof(*links->fds))) {
		close(fd);
		return -ENOMEM;
	}
	links->fds[links->n++] = fd;
	return 0;
}

struct link_job {
	struct rp_uprobe_multi req;
	const struct site_arrays *arrays;
	struct rp_links *links;
	int *refused;
};

/* Errors that every other site would meet, too: they are about the process or the user. */
static bool is_final(int code)
{
	return code == -ESRCH || code == -EPERM || code == -EACCES || code == -ENOENT ||
	       code == -ENOMEM || code == -EMFILE;
}

static int link_range(struct link_job *job, size_t from, size_t n)
{
	const struct site_arrays *b = job->arrays;
	int fd, rc;

	job->req.offsets = b->offsets + from;
	job->req.semaphores = b->any_semaphore ? b->semaphores + from : NULL;
	job->req.cookies = b->cookies + from;
	job->req.n = n;
	fd = rp_uprobe_multi__link(&job->req);
	if (fd >= 0)
		return add_fd(job->links, fd);
	if (is_final(fd))
		return fd;
	if (n == 1) {
		job->refused[b->origin[from]] = -fd;
		return 0;
	}
	rc = link_range(job, from, n / 2);
	return rc ? rc : link_range(job, from + n / 2, n - n / 2);
}

static int link_events(struct link_job *job)
{
	const struct site_arrays *b = job->arrays;
	struct rp_uprobe_perf req = {
		.type = rp_uprobe_perf__type(),
		.prog_fd = job->req.prog_fd,
		.path = job->req.path,
		.pid = job->req.pid,
		.is_return = job->req.is_return,
	};
	int fd, rc = req.type < 0 ? req.type : 0;

	for (size_t i = 0; i < b->n && !rc; i++) {
		req.offset = b->offsets[i];
		req.semaphore = b->semaphores[i];
		req.cookie = b->cookies[i];
		fd = rp_uprobe_perf__link(&req);
		if (fd >= 0)
			rc = add_fd(job->links, fd);
		else if (is_final(fd))
			rc = fd;
		else
			job->refused[b->origin[i]] = -fd;
	}
	return rc;
}

static int links_error(int code, pid_t pid, struct rp_err *err)
{
	if (code == -ESRCH)
		return rp_err__set(err, RP_EXIT_FAILED, code, NULL, "process %d has ended",
				   (int)pid);
	if (code == -EPERM || code == -EACCES) {
		rp_err__set(err, RP_EXIT_DENIED, code, NULL, "no permission to attach probes");
		return rp_err__remedy(err, code, RP_REMEDY_RIGHTS);
	}
	if (code == -ENOSPC) {
		rp_err__set(err, RP_EXIT_FAILED, code, NULL,
			    "too many files and processes are probed at a time: select fewer");
		return rp_err__remedy(err, code, RP_REMEDY_LIST);
	}
	if (code == -EBUSY)
		return rp_err__set(err, RP_EXIT_FAILED, code, "try again once these calls end",
				   "probes that were replaced before are still awaited by calls");
	return rp_err__set(err, RP_EXIT_FAILED, code, NULL, "probes could not be attached: %s",
			   strerror(-code));
}

/* 0 or a negative errno. */
static int tell_within(struct rp_session *s, const struct rp_site *site)
{
	uint8_t none = 0;

	return site->within ? bpf_map_update_elem(bpf_map__fd(s->skel->maps.within), &site->region,
						  &none, BPF_ANY)
			    : 0;
}

struct linking {
	struct rp_session *session;
	const struct rp_links_req *req;
	int *refused;
	struct rp_links *links;
	int rc;
};

static void link_all(void *ctx)
{
	struct linking *l = ctx;
	struct rp_session *s = l->session;
	const struct rp_links_req *req = l->req;
	const struct bpf_program *const progs[] = {s->skel->progs.rp_session,
						   s->skel->progs.rp_return,
						   s->skel->progs.rp_probe, s->skel->progs.rp_span};
	uint32_t *args = calloc(req->n, sizeof(*args));
	struct site_arrays arrays;
	char path[64];
	int rc = site_arrays__init(&arrays, req->n);

	if (!args)
		rc = -ENOMEM;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", req->fd);
	for (size_t i = 0; i < req->n && !rc; i++) {
		args[i] = args_index(s, &req->sites[i]);
		rc = tell_within(s, &req->sites[i]);
	}
	for (size_t p = 0; p < sizeof(progs) / sizeof(progs[0]) && !rc; p++) {
		struct link_job job = {.arrays = &arrays, .links = l->links, .refused = l->refused};

		site_arrays__collect(&arrays, s, progs[p], req, l->links, args);
		if (!arrays.n)
			continue;
		job.req.prog_fd = bpf_program__fd(progs[p]);
		job.req.attach_type = bpf_program__expected_attach_type(progs[p]);
		job.req.path = path;
		job.req.pid = req->pid;
		job.req.is_return = progs[p] == s->skel->progs.rp_return;
		rc = s->mode == RP_ATTACH_PERF ? link_events(&job) : link_range(&job, 0, arrays.n);
	}
	site_arrays__free(&arrays);
	free(args);
	l->rc = rc;
}

static int attach(struct linking *linking, const struct rp_links *replaces)
{
	int rc = rp_links__take_number(linking->links, replaces);

	if (rc) {
		free(linking->links);
		return rc;
	}
	rp_worker__run(link_all, linking);
	if (linking->rc)
		rp_links__free(linking->links);
	return linking->rc;
}

int rp_links__new(struct rp_session *s, const struct rp_links_req *req, int *refused,
		  struct rp_links **out, struct rp_err *err)
{
	struct linking linking = {.session = s, .req = req, .refused = refused};
	int rc = -ENOMEM;

	linking.links = calloc(1, sizeof(*linking.links));
	if (linking.links) {
		linking.links->session = s;
		rc = attach(&linking, req->replaces);
	}
	if (rc) {
		if (rc != -ESRCH)
			rp_session__count_lost(s, RP_LOST_PROBES);
		return links_error(rc, req->pid, err);
	}
	for (size_t i = 0; i < req->n; i++)
		if (refused[i])
			rp_session__count_lost(s, RP_LOST_PROBES);
	*out = linking.links;
	return 0;
}

/*
 * One worker for each link of uprobe_multi, so that none waits for the calls of another. The kernel
 * closes perf events one after the other in any case.
 */
void rp_links__detach(struct rp_links *links)
{
	struct rp_session *s = links->session;
	size_t each = s->mode == RP_ATTACH_PERF ? links->n : 1;

	for (size_t i = 0; i < links->n; i += each)
		rp_detacher__add(&s->detacher, &links->fds[i], each, rp_links__tag(links));
	free(links->fds);
	links->fds = NULL;
	links->n = 0;
}
