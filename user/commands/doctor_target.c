// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What one process and its executable allow. */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/doctor_internal.h"
#include "discover/elf_object.h"
#include "discover/proc.h"
#include "helper/helper.h"
#include "targets/targets.h"

#define PROC "/proc"

/* How many functions tell about frame pointers, and what share of them is most. */
#define FRAMES_SAMPLE	 400
#define FRAMES_MOST(n)	 ((n) / 2)

#define NEEDS_ALIVE	 1u
#define NEEDS_EXECUTABLE 2u

struct target {
	const struct rp_system *system;
	pid_t pid;
	pid_t thread; /* one that lives */
	unsigned has; /* NEEDS_* that are met */
	struct rp_helper *helper;
	struct rp_elf *elf;
	const struct rp_symbol *symbols;
	size_t n_symbols;
	size_t kinds[RP_KIND_SPAN + 1]; /* regions under the default selection */
	bool names;			/* and some that are named at run time */
	bool denied;			/* some objects could not be read */
};

/* ---- the process --------------------------------------------------------------------------- */

static void check_alive(struct target *t, struct rp_finding *f)
{
	char comm[64];

	t->thread = rp_proc__alive(PROC, t->pid) ? rp_proc__live_thread(PROC, t->pid) : 0;
	if (!t->thread || rp_proc__comm(PROC, t->thread, comm, sizeof(comm))) {
		rp_finding__set(f, RP_LEVEL_FAIL, RP_CURE_PROCESSES,
				"there is no such process, or it has ended");
		return;
	}
	t->has |= NEEDS_ALIVE;
	rp_finding__set(f, RP_LEVEL_OK, NULL, "%s", comm);
}

static void check_first_thread(struct target *t, struct rp_finding *f)
{
	if (t->thread == t->pid)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "lives");
	else
		rp_finding__set(f, RP_LEVEL_NOTE,
				"keep the first thread of the program waiting for the others",
				"has ended: the kernel's pid filter sees nothing, so that other "
				"processes pay for the probes too");
}

static void check_tracer(struct target *t, struct rp_finding *f)
{
	char comm[64] = "?";
	uint64_t tracer = 0;

	rp_proc__status_number(PROC, t->thread, "TracerPid", 10, &tracer);
	if (!tracer) {
		rp_finding__set(f, RP_LEVEL_OK, NULL, "none");
		return;
	}
	rp_proc__comm(PROC, (pid_t)tracer, comm, sizeof(comm));
	rp_finding__set(f, RP_LEVEL_NOTE,
			"detach it: its breakpoints cannot be probed, and its stops count as time",
			"process %d (%s)", (int)tracer, comm);
}

/* Filters belong to threads. */
static bool any_thread_filtered(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	uint64_t mode = 0;
	DIR *dir;

	snprintf(path, sizeof(path), PROC "/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && !mode && (entry = readdir(dir)))
		rp_proc__status_number(PROC, atoi(entry->d_name), "Seccomp", 10, &mode);
	if (dir)
		closedir(dir);
	return mode;
}

static void check_seccomp(struct target *t, struct rp_finding *f)
{
	struct rp_site_rules rules;

	rp_features__site_rules(&t->system->features, RP_ATTACH_AUTO, &rules);
	if (!any_thread_filtered(t->pid))
		rp_finding__set(f, RP_LEVEL_OK, NULL, "none");
	else if (rules.return_probes)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "a filter, which return probes pass");
	else
		rp_finding__set(f, RP_LEVEL_OK, NULL,
				"a filter, which return probes might not pass: exits are probed "
				"at RET instructions");
}

/* ---- its executable ------------------------------------------------------------------------ */

static void set_unreadable(const struct target *t, struct rp_finding *f, int rc)
{
	const char *cure = RP_CURE_PROCESSES;
	struct rp_command_line line;

	if (rc == -EACCES || rc == -EPERM)
		cure = rp_system__cure(t->system, CAP_SYS_PTRACE, &line);
	rp_finding__set(f, RP_LEVEL_FAIL, cure, "cannot be read: %s", strerror(-rc));
}

static void open_executable(struct target *t, const struct rp_mapped *exe, struct rp_finding *f)
{
	struct rp_err err = {0};
	int fd = rp_helper__open_mapped(t->helper, PROC, t->thread, exe);
	int rc;

	if (rp_helper__why(t->helper)) {
		rp_finding__set(f, RP_LEVEL_FAIL, NULL, "%s: %s", exe->path,
				rp_helper__why(t->helper));
		return;
	}
	if (fd < 0) {
		set_unreadable(t, f, fd);
		return;
	}
	rc = rp_helper__object(t->helper, fd, exe->path, RP_ELF_FUNCTIONS, &t->elf, &err);
	close(fd);
	/* Broken symbol tables cost the symbols alone. */
	if (!rc && rp_elf__symbols(t->elf, &t->symbols, &t->n_symbols, NULL))
		t->n_symbols = 0;
	if (rc) {
		rp_finding__fail(f, t->system, &err);
		return;
	}
	t->has |= NEEDS_EXECUTABLE;
	rp_finding__set(f, RP_LEVEL_OK, NULL, "%s%s", exe->path,
			exe->deleted ? " (removed or replaced since)" : "");
}

static void check_executable(struct target *t, struct rp_finding *f)
{
	struct rp_mapped_list mapped = {0};
	int rc = rp_proc__mapped(PROC, t->thread, &mapped);

	if (rc)
		set_unreadable(t, f, rc);
	else if (!mapped.n || !mapped.items[0].is_exe)
		rp_finding__set(f, RP_LEVEL_FAIL, "name a process of a program",
				"none: a thread of the kernel, or one that is ending");
	else
		open_executable(t, &mapped.items[0], f);
	rp_proc__mapped_free(&mapped);
}

static void check_symbols(struct target *t, struct rp_finding *f)
{
	const struct rp_elf_traits *traits = rp_elf__traits(t->elf);

	if (traits->names_functions)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "%zu functions in %s", t->n_symbols,
				traits->separate_debug ? "a separate debug file"
				: traits->has_symtab   ? ".symtab"
						       : "Go's line table");
	else
		rp_finding__set(f, RP_LEVEL_NOTE,
				"install its debug symbols, or build it without strip",
				"stripped: -f finds the %zu functions it exports", t->n_symbols);
}

static void check_debug_info(struct target *t, struct rp_finding *f)
{
	const struct rp_elf_traits *traits = rp_elf__traits(t->elf);

	if (traits->has_lines)
		rp_finding__set(f, RP_LEVEL_OK, NULL, ".debug_line in %s",
				traits->separate_debug ? "a separate debug file"
						       : "the executable");
	else
		rp_finding__set(f, RP_LEVEL_NOTE,
				"build it with -g, or install its debug symbols, to have source "
				"lines; regions need none",
				"none");
}

static void check_go(struct target *t, struct rp_finding *f)
{
	rp_finding__set(f, RP_LEVEL_OK, NULL, "%s",
			rp_elf__traits(t->elf)->is_go ? "yes: exits are probed at RET instructions"
						      : "no");
}

static void check_exceptions(struct target *t, struct rp_finding *f)
{
	rp_finding__set(f, RP_LEVEL_OK, NULL, "%s",
			rp_elf__traits(t->elf)->has_unwinding
				? "may cross frames: exits are probed at RET instructions"
				: "none");
}

static void check_fibers(struct target *t, struct rp_finding *f)
{
	rp_finding__set(f, RP_LEVEL_OK, NULL, "%s",
			rp_elf__traits(t->elf)->has_fibers
				? "it switches stacks: exits are probed at RET instructions"
				: "none");
}

static bool keeps_frame_pointer_x86(const uint8_t *code, size_t n)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	static const uint8_t push_mov[] = {0x55, 0x48, 0x89, 0xe5};
	size_t at = n >= sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64))
			    ? sizeof(endbr64)
			    : 0;

	return n >= at + sizeof(push_mov) && !memcmp(code + at, push_mov, sizeof(push_mov));
}

static bool keeps_frame_pointer_arm64(const uint8_t *code, size_t n)
{
	uint32_t insn;

	for (size_t at = 0; at + sizeof(insn) <= n; at += sizeof(insn)) {
		memcpy(&insn, code + at, sizeof(insn));
		if ((insn & 0xffc07fff) == 0xa9807bfd) /* stp x29, x30, [sp, #-N]! */
			return true;
	}
	return false;
}

/* A heuristic: how many of the first functions begin by making a frame. */
static void check_frame_pointers(struct target *t, struct rp_finding *f)
{
	const struct rp_elf_traits *traits = rp_elf__traits(t->elf);
	size_t n = t->n_symbols < FRAMES_SAMPLE ? t->n_symbols : FRAMES_SAMPLE, kept = 0;

	if (traits->is_go) {
		rp_finding__set(f, RP_LEVEL_OK, NULL, "Go keeps them");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t code[8];
		size_t got = rp_elf__read(t->elf, t->symbols[i].offset, code, sizeof(code));

		kept += traits->machine == EM_AARCH64 ? keeps_frame_pointer_arm64(code, got)
						      : keeps_frame_pointer_x86(code, got);
	}
	if (n && kept > FRAMES_MOST(n))
		rp_finding__set(f, RP_LEVEL_OK, NULL, "%zu of %zu functions looked at keep one",
				kept, n);
	else
		rp_finding__set(f, RP_LEVEL_NOTE,
				"build it with -fno-omit-frame-pointer to have call stacks; "
				"regions need none",
				"%zu of %zu functions looked at keep one", kept, n);
}

/* ---- what it offers ------------------------------------------------------------------------- */

/* Regions of all that the process maps, as without -f and -u. */
static int plan_regions(struct target *t, struct rp_err *err)
{
	struct rp_plan_opts opts = {0};
	struct rp_targets *targets = NULL;
	struct rp_helper *helper = NULL; /* the other one has the executable open */
	struct rp_targets_stats stats;
	const struct rp_region *regions;
	struct rp_plan *plan = NULL;
	size_t n;
	int rc;

	rp_features__site_rules(&t->system->features, RP_ATTACH_AUTO, &opts.rules);
	rc = rp_plan__new(&opts, &plan, err);
	if (rc)
		return rc;
	helper = rp_helper__new(NULL);
	if (helper)
		targets = rp_targets__new(
			&(struct rp_targets_opts){.plan = plan, .helper = helper});
	rc = targets ? rp_targets__add(targets, &t->pid, 1, 0, err) : rp_err__no_memory(err);
	if (rc)
		goto out;
	regions = rp_plan__regions(plan, &n);
	for (size_t i = 0; i < n; i++)
		t->kinds[regions[i].kind]++;
	rp_targets__stats(targets, &stats);
	t->names = stats.names;
	t->denied = stats.denied;
out:
	rp_targets__free(targets);
	rp_helper__free(helper);
	rp_plan__free(plan);
	return rc;
}

static void check_markers(struct target *t, struct rp_finding *f)
{
	struct rp_err err = {0};

	if (plan_regions(t, &err)) {
		rp_finding__fail(f, t->system, &err);
		return;
	}
	rp_finding__set(f, RP_LEVEL_OK, NULL, "%zu regions%s%s",
			t->kinds[RP_KIND_MARKER] + t->kinds[RP_KIND_SPAN],
			t->names ? ", and some that are named at run time" : "",
			t->denied ? "; some objects could not be read" : "");
}

static void check_usdt(struct target *t, struct rp_finding *f)
{
	size_t n = t->kinds[RP_KIND_USDT];

	if (n || t->kinds[RP_KIND_MARKER] || t->kinds[RP_KIND_SPAN] || t->names)
		rp_finding__set(f, RP_LEVEL_OK, NULL, "%zu pairs", n);
	else
		rp_finding__set(f, RP_LEVEL_NOTE,
				"name functions with -f GLOB, or put markers in with rptrace.h",
				"no pairs, and no markers either");
}

/* ---- all of it ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	unsigned needs;
	void (*look)(struct target *target, struct rp_finding *finding);
} checks[] = {
	{"process", 0, check_alive},
	{"first thread", NEEDS_ALIVE, check_first_thread},
	{"debugger", NEEDS_ALIVE, check_tracer},
	{"seccomp", NEEDS_ALIVE, check_seccomp},
	{"executable", NEEDS_ALIVE, check_executable},
	{"symbols", NEEDS_EXECUTABLE, check_symbols},
	{"debug info", NEEDS_EXECUTABLE, check_debug_info},
	{"Go", NEEDS_EXECUTABLE, check_go},
	{"exceptions", NEEDS_EXECUTABLE, check_exceptions},
	{"fibers", NEEDS_EXECUTABLE, check_fibers},
	{"frame pointers", NEEDS_EXECUTABLE, check_frame_pointers},
	{"markers", NEEDS_EXECUTABLE, check_markers},
	{"USDT", NEEDS_EXECUTABLE, check_usdt},
};

_Static_assert(sizeof(checks) / sizeof(checks[0]) <= RP_CHECKS_MAX, "room for all findings");

void rp_target__check(const struct rp_system *system, pid_t pid, struct rp_findings *out)
{
	struct target t = {.system = system, .pid = pid, .helper = rp_helper__new(NULL)};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct rp_finding *f;

		if ((t.has & checks[i].needs) != checks[i].needs)
			continue;
		f = &out->items[out->n++];
		f->name = checks[i].name;
		checks[i].look(&t, f);
	}
	rp_elf__free(t.elf);
	rp_helper__free(t.helper);
}
