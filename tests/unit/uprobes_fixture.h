/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Links that are notes of what was probed: what the two files of attach/ that make them are asked.
 */
#ifndef RP_TEST_UPROBES_FIXTURE_H
#define RP_TEST_UPROBES_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "attach/uprobe_multi.h"
#include "attach/uprobe_perf.h"

#define FAKE_LINKED 256

struct fake_linked {
	int prog_fd;
	pid_t pid;
	bool is_return;
	uint32_t attach_type;
	uint64_t offset, semaphore, cookie;
	bool has_semaphores;
	size_t call; /* sites of one link have the same */
};

static struct {
	struct fake_linked site[FAKE_LINKED];
	size_t n, calls;
	uint64_t refused[4];		 /* offsets, with ... */
	int error;			 /* ... this negative errno */
	int type;			 /* of perf events */
	bool lacks_session, lacks_multi; /* such links, of uprobe_multi */
} fake_linked;

static inline bool fake_is_refused(uint64_t offset)
{
	for (size_t i = 0; i < 4; i++)
		if (fake_linked.refused[i] && fake_linked.refused[i] == offset)
			return true;
	return false;
}

static inline int fake_fd(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int rp_uprobe_multi__link(const struct rp_uprobe_multi *req)
{
	/* A folder, to see whether there are such links: refused by those that know them. */
	if (!strcmp(req->path, "/"))
		return (req->attach_type == RP_BPF_TRACE_UPROBE_SESSION ? fake_linked.lacks_session
									: fake_linked.lacks_multi)
			       ? -EINVAL
			       : -EBADF;
	fake_linked.calls++;
	for (uint32_t i = 0; i < req->n; i++)
		if (fake_is_refused(req->offsets[i]))
			return fake_linked.error;
	for (uint32_t i = 0; i < req->n; i++)
		fake_linked.site[fake_linked.n++] = (struct fake_linked){
			.prog_fd = req->prog_fd,
			.pid = (pid_t)req->pid,
			.is_return = req->is_return,
			.attach_type = req->attach_type,
			.offset = req->offsets[i],
			.has_semaphores = req->semaphores,
			.semaphore = req->semaphores ? req->semaphores[i] : 0,
			.cookie = req->cookies[i],
			.call = fake_linked.calls,
		};
	return fake_fd();
}

int rp_uprobe_perf__type(void)
{
	return fake_linked.type;
}

int rp_uprobe_perf__link(const struct rp_uprobe_perf *req)
{
	fake_linked.calls++;
	if (fake_is_refused(req->offset))
		return fake_linked.error;
	fake_linked.site[fake_linked.n++] = (struct fake_linked){
		.prog_fd = req->prog_fd,
		.pid = req->pid,
		.is_return = req->is_return,
		.offset = req->offset,
		.semaphore = req->semaphore,
		.cookie = req->cookie,
		.call = fake_linked.calls,
	};
	return fake_fd();
}

#endif
