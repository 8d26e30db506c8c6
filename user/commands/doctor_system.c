// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the kernel and the user's rights allow. */
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "attach/session.h"
#include "commands/doctor_internal.h"
#include "discover/pid_namespace.h"
#include "discover/proc.h"
#include "util/kernel_file.h"

#define LOCKDOWN "/sys/kernel/security/lockdown"
#define SYSCTL	 "/proc/sys/kernel/"

static bool has_cap(const struct rp_system *s, unsigned bit)
{
	return s->caps >> bit & 1;
}

static const char *name_of(unsigned cap)
{
	return cap == CAP_SYS_PTRACE ? "SYS_PTRACE" : "BPF --cap-add=PERFMON";
}

const char *rp_system__cure(const struct rp_system *s, unsigned cap, struct rp_command_line *line)
{
	if (geteuid())
		return rp_cure__rights(s->opts, line);
	if (has_cap(s, cap) && (cap == CAP_SYS_PTRACE || has_cap(s, RP_CAP_PERFMON)))
		return "run it outside of the container or service, which keeps it from that (a "
		       "filter of system calls, AppArmor, SELinux, Yama)";
	snprintf(line->text, sizeof(line->text),
		 "start the container with --cap-add=%s, or run rptrace outside of it",
		 name_of(cap));
	return line->text;
}

void rp_finding__fail(struct rp_finding *f, const struct rp_system *s, struct rp_err *err)
{
	struct rp_command_line line;

	if (err->remedy == RP_REMEDY_RIGHTS)
		snprintf(err->cure, sizeof(err->cure), "%s", rp_system__cure(s, RP_CAP_BPF, &line));
	else
		rp_cure__fill(s->opts, err);
	rp_finding__set(f, RP_LEVEL_FAIL, err->cure, "%s", err->cause);
}

static void check_kernel(const struct rp_system *s, struct rp_finding *f)
{
	struct utsname name;

	(void)s;
	if (uname(&name))
		rp_finding__set(f, RP_LEVEL_OK, NULL, "does not tell its name");
	else
		rp_finding__set(f, RP_LEVEL_OK, NULL, "%s %s %s", name.sysname, name.release,
				name.machine);
}

static void check_btf(const struct rp_system *s, struct rp_finding *f)
{
	if (s->features.btf)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "/sys/kernel/btf/vmlinux");
	else
		rp_finding__set(f, RP_LEVEL_FAIL, "use a kernel built with CONFIG_DEBUG_INFO_BTF",
				"/sys/kernel/btf/vmlinux is missing or may not be read");
}

static void check_rights(const struct rp_system *s, struct rp_finding *f)
{
	struct rp_command_line line;
	const char *sets[] = {has_cap(s, CAP_SYS_ADMIN) ? " CAP_SYS_ADMIN" : "",
			      has_cap(s, RP_CAP_BPF) ? " CAP_BPF" : "",
			      has_cap(s, RP_CAP_PERFMON) ? " CAP_PERFMON" : ""};

	if (s->features.permitted)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "user %u may load BPF programs;%s%s%s",
				(unsigned)geteuid(), sets[0], sets[1], sets[2]);
	else
		rp_finding__set(f, RP_LEVEL_FAIL, rp_system__cure(s, RP_CAP_BPF, &line),
				"user %u may not load BPF programs; has%s%s%s%s",
				(unsigned)geteuid(), sets[0], sets[1], sets[2],
				*sets[0] || *sets[1] || *sets[2] ? "" : " none of the rights");
}

static void check_processes(const struct rp_system *s, struct rp_finding *f)
{
	struct rp_command_line line;

	if (has_cap(s, CAP_SYS_PTRACE))
		rp_finding__set(f, RP_LEVEL_OK, NULL, "CAP_SYS_PTRACE: those of all users");
	else
		rp_finding__set(f, RP_LEVEL_NOTE, rp_system__cure(s, CAP_SYS_PTRACE, &line),
				"no CAP_SYS_PTRACE: not those of other users");
}

static void check_pid_namespace(const struct rp_system *s, struct rp_finding *f)
{
	struct rp_pid_namespace own;

	(void)s;
	if (rp_pid_namespace__read("/proc", getpid(), &own) || own.other_proc)
		rp_finding__set(f, RP_LEVEL_FAIL, "mount -t proc proc /proc",
				"/proc is not that of rptrace's own");
	else if (own.inode)
		rp_finding__set(f, RP_LEVEL_NOTE,
				"start the container with --pid=host to trace the whole system",
				"a container's: processes in it can be traced by -p and --");
	else
		rp_finding__set(f, RP_LEVEL_OK, NULL, "the outermost: all processes are seen");
}

static void check_multi(const struct rp_system *s, struct rp_finding *f)
{
	if (s->features.multi)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "many probes in one link");
	else if (!s->features.permitted)
		rp_finding__set(f, RP_LEVEL_NOTE, "get the rights first", "could not be tried");
	else if (s->features.perf)
		rp_finding__set(f, RP_LEVEL_NOTE,
				"use a kernel of 6.6 or later to attach and detach faster",
				"not there: perf-event uprobes are used");
	else
		rp_finding__set(f, RP_LEVEL_FAIL, "use a kernel of 6.1 or later",
				"neither it nor perf-event uprobes can be had");
}

static void check_session(const struct rp_system *s, struct rp_finding *f)
{
	if (s->features.session)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "one program for entry and return");
	else if (!s->features.permitted)
		rp_finding__set(f, RP_LEVEL_NOTE, "get the rights first", "could not be tried");
	else
		rp_finding__set(f, RP_LEVEL_NOTE,
				"use a kernel of 6.13 or later to make function regions cheaper",
				"not there: entry and return are probed apart");
}

static void check_perf(const struct rp_system *s, struct rp_finding *f)
{
	if (s->features.perf)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "there for --attach perf");
	else
		rp_finding__set(f, RP_LEVEL_NOTE,
				s->features.permitted ? "leave --attach perf alone"
						      : "get the rights first",
				s->features.permitted ? "not there" : "could not be tried");
}

static void check_nops(const struct rp_system *s, struct rp_finding *f)
{
	if (s->features.nop10_optimized)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "probed 10-byte nops become calls: fast");
	else if (s->features.nop5_optimized)
		rp_finding__set(f, RP_LEVEL_NOTE,
				"nothing to do, rptrace leaves them alone; markers are faster on a "
				"kernel of 7.2 or later",
				"probed 5-byte nops become calls, which harms programs");
	else
		rp_finding__set(f, RP_LEVEL_OK, NULL, "not optimised: a trap for each probe hit");
}

static void check_lockdown(const struct rp_system *s, struct rp_finding *f)
{
	/* "none [integrity] confidentiality" */
	const char *open = strchr(s->lockdown, '['), *mode = open ? open + 1 : "none";
	int len = (int)strcspn(mode, "]");

	if (strncmp(mode, "confidentiality", (size_t)len))
		rp_finding__set(f, RP_LEVEL_OK, NULL, "%.*s", len, mode);
	else
		rp_finding__set(f, RP_LEVEL_NOTE,
				"boot with lockdown=integrity, or without secure boot",
				"confidentiality: BPF programs may not read memory");
}

static void check_returns(const struct rp_system *s, struct rp_finding *f)
{
	switch (s->features.returns) {
	case RP_RETURN_SYSCALL_NONE:
		rp_finding__set(f, RP_LEVEL_OK, NULL, "breakpoints, which seccomp does not see");
		return;
	case RP_RETURN_SYSCALL_EXEMPT:
		rp_finding__set(f, RP_LEVEL_OK, NULL, "a system call, which seccomp lets through");
		return;
	case RP_RETURN_SYSCALL_FILTERED:
		rp_finding__set(f, RP_LEVEL_NOTE,
				"nothing to do, exits are probed at RET instructions; a kernel of "
				"6.14 or later has cheaper ones",
				"a system call, which seccomp filters may end a program for");
		return;
	case RP_RETURN_SYSCALL_UNKNOWN:
		rp_finding__set(f, RP_LEVEL_NOTE,
				"run it outside of the container or service: exits are probed at "
				"RET instructions here",
				"could not be tried: rptrace is under a seccomp filter itself");
		return;
	}
}

/* For information: the rights above decide. */
static void tell_sysctl(const char *path, struct rp_finding *f)
{
	char line[64];
	bool got = rp_kernel_file__read_line(path, line, sizeof(line)) > 0;

	rp_finding__set(f, RP_LEVEL_OK, NULL, "%s", got ? line : "not there");
}

static void check_unprivileged_bpf(const struct rp_system *s, struct rp_finding *f)
{
	(void)s;
	tell_sysctl(SYSCTL "unprivileged_bpf_disabled", f);
}

static void check_perf_paranoid(const struct rp_system *s, struct rp_finding *f)
{
	(void)s;
	tell_sysctl(SYSCTL "perf_event_paranoid", f);
}

/* The real ones: whatever else is in the way shows here. */
static void check_programs(const struct rp_system *s, struct rp_finding *f)
{
	struct rp_session_opts opts = {.max_depth = RP_FRAMES_MAX - 1,
				       .max_nodes = RP_NODES_MAX,
				       .max_labels = 64,
				       .max_names = 64,
				       .max_spans = 64};
	struct rp_session *session = NULL;
	struct rp_err err = {0};

	if (rp_features__mode(&s->features, RP_ATTACH_AUTO, &opts.mode, &err) ||
	    rp_session__new(&opts, &session, &err)) {
		rp_finding__fail(f, s, &err);
		return;
	}
	rp_finding__set(f, RP_LEVEL_OK, NULL, "loaded; they would attach by %s",
			rp_attach_mode__name(rp_session__mode(session)));
	rp_session__free(session);
}

static const struct {
	const char *name;
	void (*look)(const struct rp_system *system, struct rp_finding *finding);
} checks[] = {
	{"kernel", check_kernel},
	{"BTF", check_btf},
	{"rights", check_rights},
	{"processes", check_processes},
	{"pid namespace", check_pid_namespace},
	{"uprobe_multi", check_multi},
	{"uprobe session", check_session},
	{"perf-event uprobes", check_perf},
	{"nops", check_nops},
	{"return probes", check_returns},
	{"lockdown", check_lockdown},
	{"unprivileged_bpf_disabled", check_unprivileged_bpf},
	{"perf_event_paranoid", check_perf_paranoid},
	{"programs", check_programs},
};

_Static_assert(sizeof(checks) / sizeof(checks[0]) <= RP_CHECKS_MAX, "room for all findings");

void rp_system__open(struct rp_system *s, const struct rp_opts *opts)
{
	*s = (struct rp_system){.opts = opts};
	rp_features__probe(&s->features);
	rp_proc__status_number("/proc", getpid(), "CapEff", 16, &s->caps);
	rp_kernel_file__read_line(LOCKDOWN, s->lockdown, sizeof(s->lockdown));
}

void rp_system__check(const struct rp_system *s, struct rp_findings *out)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct rp_finding *f = &out->items[out->n++];

		f->name = checks[i].name;
		checks[i].look(s, f);
	}
}
