/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the tests of targets share: a /proc made of files, in which processes map copies of this
 * very program, and a kernel that only takes notes of what is linked where.
 */
#ifndef RP_TEST_TARGETS_FIXTURE_H
#define RP_TEST_TARGETS_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "folder_fixture.h"
#include "probed_functions.h"
#include "targets/targets.h"
#include "util/clock.h"

/* ---- functions to probe: of this program, as its copies are the objects --------------------- */

int probed_three(int x);

__attribute__((noinline)) int probed_three(int x)
{
	volatile int y = x;

	return y + 3;
}

/* ---- a kernel -------------------------------------------------------------------------------- */

#define LINKS_MAX 2048

/* Links are numbered as they are made. */
struct rp_links {
	struct rp_session *session;
	pid_t pid; /* 0: everywhere */
	ino_t ino;
	const struct rp_links *replaced;
	size_t sites;
	uint64_t regions; /* a bit each, as in what follows */
	unsigned added;	  /* what was told before */
	bool alive;
	bool counts;
};

struct rp_session {
	struct rp_links links[LINKS_MAX];
	size_t n_links;
	pid_t tracked[LINKS_MAX];
	size_t n_tracked;
	uint64_t lost[RP_LOST_COUNT];
	uint64_t late_ns;
	int link_error;	    /* a negative errno, of ... */
	pid_t error_pid;    /* ... links of that process; 0: of all ... */
	size_t error_after; /* ... but so many that still go */
	int swap_error;	    /* likewise, of a swap */
	size_t refuse;	    /* that many sites of each site group, from the first on */
	unsigned swaps, detached_swaps, ended_swaps;
	size_t swapped;	       /* links that the last swap replaces ... */
	uint64_t left_out;     /* ... and regions that go with it ... */
	size_t n_left_out;     /* ... each once */
	uint64_t open;	       /* regions of which there are open frames ... */
	bool any_open;	       /* ... of all */
	bool detaches;	       /* old links, still */
	bool detaching;	       /* any links */
	unsigned added, reaps; /* told */
	pid_t seen[LINKS_MAX]; /* whose mappings are looked at */
	size_t n_seen;
};

static inline uint64_t fake_region(uint32_t region)
{
	return region < 64 ? 1ull << region : 0;
}

static inline uint64_t fake_regions(const uint32_t *regions, size_t n)
{
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= fake_region(regions[i]);
	return all;
}

static inline int fake_track(struct rp_session *s, pid_t pid)
{
	assert_true(s->n_tracked < LINKS_MAX);
	s->tracked[s->n_tracked++] = pid;
	return 0;
}

static inline void fake_untrack(struct rp_session *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_tracked; i++)
		if (s->tracked[i] == pid)
			s->tracked[i] = 0;
}

static inline bool fake_tracked(const struct rp_session *s, void (*fn)(void *ctx, pid_t pid),
				void *ctx)
{
	for (size_t i = 0; i < s->n_tracked; i++)
		if (s->tracked[i])
			fn(ctx, s->tracked[i]);
	return true;
}

static inline void fake_map_seen(struct rp_session *s, pid_t pid)
{
	assert_true(s->n_seen < LINKS_MAX);
	s->seen[s->n_seen++] = pid;
}

/* What every process has used when it is first looked at, and what all of them use from then on. */
#define FAKE_CPU_NS 150000000ull

static uint64_t fake_cpu_run;

static inline uint64_t fake_cpu(pid_t pid)
{
	(void)pid;
	return FAKE_CPU_NS + fake_cpu_run;
}

static inline int fake_link(struct rp_session *s, const struct rp_links_req *req, int *refused,
			    struct rp_links **out, struct rp_err *err)
{
	struct rp_links *l = &s->links[s->n_links];
	struct stat st;

	if (s->link_error && (!s->error_pid || s->error_pid == req->pid) && !s->error_after)
		return rp_err__set(err, RP_EXIT_FAILED, s->link_error, NULL, "no links today");
	assert_true(s->n_links < LINKS_MAX);
	assert_int_equal(fstat(req->fd, &st), 0);
	s->error_after -= s->error_after > 0;
	s->n_links++;
	*l = (struct rp_links){.session = s,
			       .pid = req->pid,
			       .ino = st.st_ino,
			       .replaced = req->replaces,
			       .sites = req->n,
			       .added = s->added,
			       .alive = true};
	for (size_t i = 0; i < req->n; i++)
		l->regions |= fake_region(req->sites[i].region);
	for (size_t i = 0; i < s->refuse && i < req->n; i++, l->sites--)
		refused[i] = EINVAL;
	*out = l;
	return 0;
}

static inline void fake_unlink(struct rp_links *links)
{
	assert_true(links->alive);
	links->alive = false;
}

static inline void fake_start(struct rp_links *links)
{
	assert_true(links->alive);
	links->counts = true;
}

static inline void fake_added(struct rp_session *s)
{
	s->added++;
}

static inline int fake_swap_generation(struct rp_session *s, const struct rp_generation_swap *swap)
{
	if (s->swap_error)
		return s->swap_error;
	for (size_t i = 0; i < swap->n; i++)
		for (size_t k = 0; k < s->n_links; k++)
			s->links[k].counts |= s->links[k].replaced == swap->old[i];
	s->swaps++;
	s->swapped = swap->n;
	s->left_out = fake_regions(swap->left_out, swap->n_left_out);
	s->n_left_out = swap->n_left_out;
	return 0;
}

static inline void fake_end_swap(struct rp_session *s, const struct rp_generation_swap *swap)
{
	for (size_t i = 0; i < swap->n; i++)
		fake_unlink(swap->old[i]);
	s->ended_swaps++;
}

static inline void fake_detach_old_generation(struct rp_session *s,
					      const struct rp_generation_swap *swap)
{
	(void)swap;
	s->detached_swaps++;
}

static inline bool fake_detaches_old_generation(struct rp_session *s,
						const struct rp_generation_swap *swap)
{
	(void)swap;
	return s->detaches;
}

static inline bool fake_any_open(const struct rp_session *s, const uint32_t *regions, size_t n)
{
	return s->any_open || (s->open & fake_regions(regions, n));
}

static inline void fake_reap(struct rp_session *s)
{
	s->reaps++;
}

static inline bool fake_is_detaching(struct rp_session *s)
{
	return s->detaching;
}

static inline uint64_t fake_lost(const struct rp_session *s, enum rp_lost reason)
{
	return s->lost[reason];
}

static inline void fake_count_lost(struct rp_session *s, enum rp_lost reason)
{
	s->lost[reason]++;
}

static inline void fake_add_late_ns(struct rp_session *s, int64_t ns)
{
	s->late_ns += (uint64_t)ns;
}

static const struct rp_targets_ops fake_ops = {
	.track = fake_track,
	.untrack = fake_untrack,
	.tracked = fake_tracked,
	.map_seen = fake_map_seen,
	.cpu = fake_cpu,
	.link = fake_link,
	.unlink = fake_unlink,
	.start = fake_start,
	.added = fake_added,
	.swap_generation = fake_swap_generation,
	.end_swap = fake_end_swap,
	.detach_old_generation = fake_detach_old_generation,
	.detaches_old_generation = fake_detaches_old_generation,
	.any_open = fake_any_open,
	.reap = fake_reap,
	.is_detaching = fake_is_detaching,
	.lost = fake_lost,
	.count_lost = fake_count_lost,
	.add_late_ns = fake_add_late_ns,
};

/* Links that are there; of a process, of a file (0: of any). */
static inline size_t links_of(const struct rp_session *s, pid_t pid, ino_t ino)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_links; i++)
		n += s->links[i].alive && s->links[i].pid == pid &&
		     (!ino || s->links[i].ino == ino);
	return n;
}

static inline size_t links_alive(const struct rp_session *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_links; i++)
		n += s->links[i].alive;
	return n;
}

/* ---- a /proc --------------------------------------------------------------------------------- */

/* No process of these numbers can be there: the kernel's end at 4194304. */
#define PID 5000001

struct fixture {
	char root[64];
	struct rp_session kernel;
	struct rp_plan_opts plan_opts;
	const char *functions[4];
	struct rp_plan *plan;
	struct rp_targets_opts opts;
	struct rp_targets *targets;
};

static struct fixture f;

static inline void __attribute__((format(printf, 2, 3)))
put(const char *text, const char *path, ...)
{
	va_list ap;

	va_start(ap, path);
	put_below(f.root, text, path, ap);
	va_end(ap);
}

/* What a process maps at least: an exec is through. */
#define NO_FILES "7ffd000-7ffe000 r-xp 00000000 00:00 0    [vdso]\n"

/* A process that maps no file yet. */
static inline void put_process(pid_t pid, pid_t parent)
{
	char text[128];

	snprintf(text, sizeof(text), "%d (test) S %d 1 1 0 -1 0 0 0 0 0 0 0\n", pid, parent);
	put(text, "/%d/stat", pid);
	put(text, "/%d/task/%d/stat", pid, pid);
	put("", "/%d/task/%d/children", pid, pid);
	put(NO_FILES, "/%d/maps", pid);
	put("", "/%d/map_files/none", pid);
}

static inline void __attribute__((format(printf, 1, 2))) remove_all(const char *path, ...)
{
	char full[PATH_MAX];
	size_t len = (size_t)snprintf(full, sizeof(full), "%s", f.root);
	va_list ap;

	va_start(ap, path);
	vsnprintf(full + len, sizeof(full) - len, path, ap);
	va_end(ap);
	assert_int_equal(remove_all_of(full), 0);
}

static inline void end_process(pid_t pid)
{
	remove_all("/%d", pid);
}

/* A copy of this program; times are the same where those of the copied file are kept. */
static inline const char *make_object(const char *name)
{
	static char path[PATH_MAX];
	char buf[65536];
	struct stat st;
	int from = open("/proc/self/exe", O_RDONLY), to;
	ssize_t got;

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	assert_true(from >= 0 && to >= 0);
	while ((got = read(from, buf, sizeof(buf))) > 0)
		assert_int_equal(write(to, buf, (size_t)got), got);
	assert_int_equal(fstat(from, &st), 0);
	assert_int_equal(futimens(to, (struct timespec[]){st.st_mtim, st.st_mtim}), 0);
	close(from);
	close(to);
	return path;
}

static inline ino_t ino_of(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static inline uint64_t size_of(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

/* All of the object, or what there is of it from an offset on; minor: as maps shows its device. */
static inline void map_part(pid_t pid, const char *name, unsigned minor_off, uint64_t offset)
{
	static uint64_t at = 0x400000;
	char path[PATH_MAX], link[PATH_MAX], line[PATH_MAX + 128], maps[PATH_MAX];
	struct stat st;
	uint64_t end;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	assert_int_equal(stat(path, &st), 0);
	at += 0x1000000;
	end = at + ((uint64_t)st.st_size - offset + 4095) / 4096 * 4096;
	snprintf(link, sizeof(link), "%s/%d/map_files/%llx-%llx", f.root, pid,
		 (unsigned long long)at, (unsigned long long)end);
	assert_int_equal(symlink(path, link), 0);
	snprintf(line, sizeof(line), "%llx-%llx r-xp %08llx %x:%x %llu %s\n",
		 (unsigned long long)at, (unsigned long long)end, (unsigned long long)offset,
		 major(st.st_dev), minor(st.st_dev) + minor_off, (unsigned long long)st.st_ino,
		 path);
	snprintf(maps, sizeof(maps), "%s/%d/maps", f.root, pid);
	file = fopen(maps, "a");
	assert_non_null(file);
	fputs(line, file);
	fclose(file);
}

static inline void map(pid_t pid, const char *name)
{
	map_part(pid, name, 0, 0);
}

static inline void send(enum rp_event_type type, pid_t pid, uint64_t detail)
{
	const struct rp_event event = {.header.type = type,
				       .pid = (uint32_t)pid,
				       .detail = detail,
				       .time = rp_clock__now()};

	rp_targets__on_event(f.targets, &event);
}

/* Rights to read what the owner himself may not; of root alone. */
static inline void set_read_rights(bool may)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	const unsigned rights = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective = may ? data[0].effective | (data[0].permitted & rights)
				: data[0].effective & ~rights;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

/* A program that has ended by the time its start is looked at. */
static inline void send_short_program(pid_t pid, const char *name, uint64_t time)
{
	char path[RP_EXEC_PATH_MAX];
	struct rp_event event = {.header.type = RP_EVENT_EXEC, .pid = (uint32_t)pid, .time = time};
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	assert_int_equal(stat(path, &st), 0);
	event.dev = (uint32_t)(major(st.st_dev) << RP_DEV_MINOR_BITS | minor(st.st_dev));
	event.detail = st.st_ino;
	memcpy(event.path, path, sizeof(path));
	rp_targets__on_event(f.targets, &event);
}

static inline uint32_t region(const char *name)
{
	size_t n;
	const struct rp_region *regions = rp_plan__regions(f.plan, &n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(regions[i].name, name))
			return regions[i].id;
	fail_msg("no region %s", name);
	return 0;
}

/* Until nothing is left to be looked at. */
static inline void look(void)
{
	int ms;

	while ((ms = rp_targets__rescan(f.targets)) >= 0)
		usleep((useconds_t)ms * 1000);
}

/* ---- set-up ---------------------------------------------------------------------------------- */

static inline int set_up(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	strcpy(f.root, "/tmp/rpt-XXXXXX");
	if (!mkdtemp(f.root))
		return 1;
	f.functions[0] = "*:probed_*";
	f.plan_opts.functions = f.functions;
	f.plan_opts.n_functions = 1;
	f.opts = (struct rp_targets_opts){.session = &f.kernel,
					  .ops = &fake_ops,
					  .proc = f.root,

					  .follow = true};
	make_object("prog");
	return 0;
}

/* After the options are as they should be. */
static inline void start(void)
{
	struct rp_err err;

	assert_int_equal(rp_plan__new(&f.plan_opts, &f.plan, &err), 0);
	f.opts.plan = f.plan;
	f.targets = rp_targets__new(&f.opts);
	assert_non_null(f.targets);
}

static inline void add(pid_t pid)
{
	struct rp_err err;

	assert_int_equal(rp_targets__add(f.targets, &pid, 1, 0, &err), 0);
}

static inline void start_whole_system(void)
{
	struct rp_err err;

	f.plan_opts.whole_system = true;
	start();
	assert_int_equal(rp_targets__add_system(f.targets, &err), 0);
}

static inline size_t processes(void)
{
	struct rp_targets_stats stats;

	rp_targets__stats(f.targets, &stats);
	return stats.processes;
}

/* One process that is probed by itself, as another maps the program too. */
static inline void start_beside_another(void)
{
	put_process(PID, 1);
	map(PID, "prog");
	put_process(PID + 100, 1);
	map(PID + 100, "prog");
	start();
	add(PID);
}

static inline int tear_down(void **state)
{
	(void)state;
	rp_targets__free(f.targets);
	rp_plan__free(f.plan);
	assert_int_equal(links_alive(&f.kernel), 0); /* whatever happened */
	return remove_all_of(f.root);
}

#define TARGETS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
