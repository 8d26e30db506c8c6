// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/uprobe_perf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/kernel_file.h"

/* Parts of the event's config, as in the kernel's devices/uprobe/format. */
#define CONFIG_RETURN	       1ull
#define CONFIG_SEMAPHORE_SHIFT 32

int rp_uprobe_perf__type(void)
{
	char text[16];
	ssize_t n = rp_kernel_file__read_line("/sys/bus/event_source/devices/uprobe/type", text,
					      sizeof(text));

	if (n < 0)
		return (int)n;
	return atoi(text) > 0 ? atoi(text) : -ENOTSUP;
}

int rp_uprobe_perf__link(const struct rp_uprobe_perf *req)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = req->cookie);
	struct perf_event_attr attr;
	int event, link;

	if (req->semaphore > UINT32_MAX)
		return -EOVERFLOW;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = req->type;
	attr.config = (req->is_return ? CONFIG_RETURN : 0) | req->semaphore
								     << CONFIG_SEMAPHORE_SHIFT;
	attr.uprobe_path = (uintptr_t)req->path;
	attr.probe_offset = req->offset;
	/* The program runs on all CPUs; an event of every process just has to name one. */
	event = syscall(SYS_perf_event_open, &attr, req->pid ? req->pid : -1, req->pid ? -1 : 0, -1,
			PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return -errno;
	link = bpf_link_create(req->prog_fd, event, BPF_PERF_EVENT, &opts);
	close(event); /* the link keeps it */
	return link;
}
