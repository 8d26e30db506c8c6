// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/features.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/uprobe_multi.h"
#include "attach/uprobe_perf.h"

/* What the probing attaches to: known to exist in every rptrace, called by nobody. */
__attribute__((noinline, used)) static void probe_point(void)
{
	__asm__ volatile("");
}

struct own {
	uintptr_t address;
	uint64_t offset;
};

static int find_own(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct own *own = ctx;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && own->address >= start &&
		    own->address < start + ph->p_memsz) {
			own->offset = own->address - start + ph->p_offset;
			return 1;
		}
	}
	return 0;
}

uint64_t rp_own_offset(const void *function)
{
	struct own own = {.address = (uintptr_t)function};

	dl_iterate_phdr(find_own, &own);
	return own.offset;
}

/* A program that is `return 0`. */
static int load_nothing(uint32_t attach_type)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "rp_feature", "GPL", insns, 2, &opts);
}

/*
 * Load and link: some kernels load what they then refuse to link. That of a folder is refused by
 * all, but by those that know the link only once they have come to the file: -EBADF. A link that is
 * made would have to be closed, which takes 20 ms and more.
 */
static bool knows_multi(uint32_t attach_type, bool *loaded)
{
	const uint64_t offset = 0;
	struct rp_uprobe_multi req = {
		.prog_fd = load_nothing(attach_type),
		.attach_type = attach_type,
		.path = "/",
		.offsets = &offset,
		.n = 1,
	};
	int link;

	if (req.prog_fd < 0)
		return false;
	*loaded = true;
	link = rp_uprobe_multi__link(&req);
	close(req.prog_fd);
	return link == -EBADF;
}

static bool can_link_perf(uint64_t offset, bool *loaded)
{
	struct rp_uprobe_perf req = {
		.type = rp_uprobe_perf__type(),
		.prog_fd = load_nothing(0),
		.path = "/proc/self/exe",
		.offset = offset,
		.cookie = 1,
		.pid = getpid(),
	};
	int link;

	if (req.prog_fd < 0)
		return false;
	*loaded = true;
	link = req.type < 0 ? req.type : rp_uprobe_perf__link(&req);
	close(req.prog_fd);
	if (link < 0)
		return false;
	close(link);
	return true;
}

#ifdef __x86_64__
/* The system call behind optimised nops tells by its error, outside a trampoline, which nops those
 * are. */
static int optimized_nop_errno(void)
{
	const long sys_uprobe = 336;

	return syscall(sys_uprobe) < 0 ? errno : 0;
}
#endif

static bool read_at(int fd, void *to, size_t n, off_t at)
{
	for (ssize_t got; n; n -= (size_t)got, at += got, to = (char *)to + got) {
		got = pread(fd, to, n, at);
		if (got <= 0)
			return false;
	}
	return true;
}

/* All names in the kernel's BTF, each behind a zero byte; NULL: it has none that we may read. */
static char *read_type_names(size_t *size)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct btf_header header;
	char *names = NULL;

	if (fd < 0)
		return NULL;
	if (read_at(fd, &header, sizeof(header), 0) && header.magic == BTF_MAGIC)
		names = malloc(header.str_len);
	if (names && !read_at(fd, names, header.str_len, header.hdr_len + header.str_off)) {
		free(names);
		names = NULL;
	}
	*size = names ? header.str_len : 0;
	close(fd);
	return names;
}

#define HAS_NAME(names, size, name) (!!memmem(names, size, "\0" name, sizeof("\0" name)))

/*
 * Looked up as strings: libbpf's own look-up takes the whole of BTF apart each time, which is a
 * good part of what a start takes.
 */
static void probe_types(struct rp_features *f)
{
	size_t size;
	char *names = read_type_names(&size);

	if (!names)
		return;
	f->btf = true;
	f->task_iterator = HAS_NAME(names, size, "bpf_iter_task");
	f->map_tracepoint = HAS_NAME(names, size, "btf_trace_vm_unmapped_area");
	free(names);
}

void rp_features__probe(struct rp_features *f)
{
	uint64_t offset = rp_own_offset((const void *)probe_point);

	memset(f, 0, sizeof(*f));
	probe_types(f);
	f->session = knows_multi(RP_BPF_TRACE_UPROBE_SESSION, &f->permitted);
	f->multi = f->session || knows_multi(RP_BPF_TRACE_UPROBE_MULTI, &f->permitted);
	/*
	 * To detach a perf event takes 100 ms: where there is better, do not try what came before.
	 */
	f->perf = f->multi ? rp_uprobe_perf__type() >= 0 : can_link_perf(offset, &f->permitted);
#ifdef __x86_64__
	f->nop5_optimized = optimized_nop_errno() == ENXIO;
	f->nop10_optimized = optimized_nop_errno() == EPROTO;
#endif
	f->returns = rp_return_syscall__probe();
}

/* Why this kernel has no such mode; NULL: it has. */
static const char *lacks(const struct rp_features *f, enum rp_attach_mode wanted)
{
	if (wanted == RP_ATTACH_SESSION && !f->session)
		return "this kernel has no uprobe sessions, which are there from 6.13 on";
	if (wanted == RP_ATTACH_MULTI && !f->multi)
		return "this kernel has no uprobe_multi links, which are there from 6.6 on";
	if (wanted == RP_ATTACH_PERF && !f->perf)
		return "this kernel has no uprobes as perf events";
	return NULL;
}

int rp_features__mode(const struct rp_features *f, enum rp_attach_mode wanted,
		      enum rp_attach_mode *mode, struct rp_err *err)
{
	const char *lack = lacks(f, wanted);

	if (!f->permitted) {
		rp_err__set(err, RP_EXIT_DENIED, -EPERM, NULL,
			    "this user may not load BPF programs");
		return rp_err__remedy(err, -EPERM, RP_REMEDY_RIGHTS);
	}
	if (!f->btf)
		return rp_err__set(err, RP_EXIT_DENIED, -ENOTSUP, "rptrace doctor",
				   "this kernel has no BTF (/sys/kernel/btf/vmlinux)");
	if (!f->multi && !f->perf)
		return rp_err__set(err, RP_EXIT_DENIED, -ENOTSUP, "rptrace doctor",
				   "neither uprobe_multi links nor perf-event uprobes can be had");
	if (lack) {
		rp_err__set(err, RP_EXIT_DENIED, -ENOTSUP, NULL, "%s", lack);
		return rp_err__line(err, -ENOTSUP, "attach", NULL, NULL);
	}
	*mode = wanted != RP_ATTACH_AUTO ? wanted
		: f->session		 ? RP_ATTACH_SESSION
		: f->multi		 ? RP_ATTACH_MULTI
					 : RP_ATTACH_PERF;
	return 0;
}

void rp_features__site_rules(const struct rp_features *f, enum rp_attach_mode wanted,
			     struct rp_site_rules *rules)
{
	rules->nop5_unsafe = f->nop5_optimized;
	rules->nop10_optimized = f->nop10_optimized;
	/* Emulated since 6.16; sessions since 6.13, optimised nops since 6.18: the nearest that can
	 * be probed. */
	rules->multi_nop_emulated = f->nop5_optimized || f->nop10_optimized;
	/* Whatever the target looks like now: it, and all that it starts, may put a filter on. */
	rules->return_probes = f->returns == RP_RETURN_SYSCALL_NONE ||
			       f->returns == RP_RETURN_SYSCALL_EXEMPT;
	rules->no_sessions = !f->session ||
			     (wanted != RP_ATTACH_AUTO && wanted != RP_ATTACH_SESSION);
}
