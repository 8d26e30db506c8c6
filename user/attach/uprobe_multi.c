// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/uprobe_multi.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CMD_LINK_CREATE		 28
#define FLAG_UPROBE_MULTI_RETURN 1u

/* union bpf_attr's link_create with its uprobe_multi, as in the kernel's uapi/linux/bpf.h. */
struct link_create_attr {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t ref_ctr_offsets;
	uint64_t cookies;
	uint32_t cnt;
	uint32_t multi_flags;
	uint32_t pid;
	uint32_t pad;
};

int rp_uprobe_multi__link(const struct rp_uprobe_multi *req)
{
	struct link_create_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_fd = req->prog_fd;
	attr.attach_type = req->attach_type;
	attr.path = (uintptr_t)req->path;
	attr.offsets = (uintptr_t)req->offsets;
	attr.ref_ctr_offsets = (uintptr_t)req->semaphores;
	attr.cookies = (uintptr_t)req->cookies;
	attr.cnt = req->n;
	attr.multi_flags = req->is_return ? FLAG_UPROBE_MULTI_RETURN : 0;
	attr.pid = req->pid;
	fd = syscall(SYS_bpf, CMD_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}
