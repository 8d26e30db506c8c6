/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The BPF programs as ordinary C, on a kernel that is made up: maps are lists, the ring is the last
 * thing that was submitted, and the current task, its registers and the clock are what a test sets.
 * So what is counted for a hit, and where, is tested in no time and without root; that the verifier
 * takes it, and that the kernel is as it is thought to be, is for the live tests.
 *
 * Names that begin with bpf_ are the kernel's helpers as far as the programs call them.
 */
#ifndef BPF_FIXTURE_H
#define BPF_FIXTURE_H

#include <errno.h>
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* gcc does not see that what is read from a fake stack was read. */
#pragma GCC diagnostic push
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "rp_abi.h"
#include "rp_filter.h"
#include "rp_hist.h"
#include "rp_python.h"
#include "rp_unwind.h"
#pragma GCC diagnostic pop

#ifdef __x86_64__
#define __TARGET_ARCH_x86
#else
#define __TARGET_ARCH_arm64
#endif

/* ---- what libbpf's headers have ------------------------------------------------------------- */

#define __BPF_HELPERS__
#define __BPF_CORE_READ_H__
#define SEC(name) __attribute__((unused))
#define __ksym
#define __weak __attribute__((weak))
#undef __always_inline
#define __always_inline inline
#undef __noinline
#define __noinline
#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name
/* A map of maps: what it holds is found by its address alone. */
#define __array(name, ...)                                                                         \
	struct fake_inner *value;                                                                  \
	typeof(__VA_ARGS__) *name[]
#define barrier()
#define barrier_var(var)		   ((void)(var))

#define bpf_core_field_exists(...)	   1
#define bpf_core_type_exists(type)	   0
#define bpf_core_field_offset(type, field) offsetof(type, field)
#define bpf_core_type_size(type)	   sizeof(type)
#define bpf_core_type_id_kernel(type)	   0
#define bpf_ksym_exists(symbol)		   0
#define FAKE_READ1(p, a)		   ((p)->a)
#define FAKE_READ2(p, a, b)		   ((p)->a->b)
#define FAKE_READ3(p, a, b, c)		   ((p)->a->b->c)
#define FAKE_READ(p, a, b, c, name, ...)   name
#define BPF_CORE_READ(p, ...)                                                                      \
	FAKE_READ(p, __VA_ARGS__, FAKE_READ3, FAKE_READ2, FAKE_READ1)(p, __VA_ARGS__)

/* ---- the kernel -------------------------------------------------------------------------------
 */

struct task_struct;

/* A map of which but its address is known: one within a map of maps, or any that is an argument. */
struct fake_inner {
	int (*type)[BPF_MAP_TYPE_UNSPEC + 1];
	struct {
		_Alignas(struct rp_figures) char bytes[sizeof(struct rp_figures)];
		char more[sizeof(struct rp_hist)];
	} * value;
};

struct fake_element {
	const void *map;
	struct fake_element *next;
	size_t key_size;
	bool deleted; /* what was found stays readable, as under RCU */
	_Alignas(16) char key[128];
	_Alignas(16) char value[];
};

static struct {
	struct fake_element *elements;
	struct task_struct *task;
	__u64 now, cookie;
	__u64 written; /* to rings, that nobody reads */
	__u32 cpu, random;
	int full; /* so many updates of maps that would add something fail */
	bool ring_full;
	size_t submitted;
	_Alignas(8) char ring[64][1024]; /* what was submitted first */
	__u64 stacks[4][8192];
	struct pt_regs regs; /* of the thread, as it came into the kernel */
} fake;

static inline struct fake_element *fake_find(const void *map, const void *key)
{
	for (struct fake_element *e = fake.elements; e; e = e->next)
		if (e->map == map && !e->deleted && !memcmp(e->key, key, e->key_size))
			return e;
	return NULL;
}

static inline struct fake_element *fake_add(const void *map, const void *key, size_t key_size,
					    size_t value_size)
{
	struct fake_element *e = calloc(1, sizeof(*e) + value_size);

	assert_non_null(e);
	assert_true(key_size <= sizeof(e->key));
	e->map = map;
	e->next = fake.elements;
	e->key_size = key_size;
	memcpy(e->key, key, key_size);
	fake.elements = e;
	return e;
}

/* Those in a map of maps are arrays. */
static inline bool fake_is_array(const void *map, size_t type)
{
	if (type != BPF_MAP_TYPE_UNSPEC + 1)
		return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
		       type == BPF_MAP_TYPE_ARRAY_OF_MAPS;
	for (struct fake_element *e = fake.elements; e; e = e->next)
		if (e->value == map)
			return true;
	return false;
}

static inline void *fake_lookup(const void *map, const void *key, size_t key_size,
				size_t value_size, size_t type)
{
	struct fake_element *e = fake_find(map, key);

	if (!e && fake_is_array(map, type))
		e = fake_add(map, key, key_size, value_size);
	return e ? e->value : NULL;
}

static inline long fake_update(const void *map, const void *key, const void *value, size_t key_size,
			       size_t value_size, __u64 flags)
{
	struct fake_element *e = fake_find(map, key);

	if (e && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!e && fake.full) {
		fake.full--;
		return -E2BIG;
	}
	if (!e)
		e = fake_add(map, key, key_size, value_size);
	memcpy(e->value, value, value_size);
	return 0;
}

static inline long bpf_map_delete_elem(const void *map, const void *key)
{
	struct fake_element *e = fake_find(map, key);

	if (!e)
		return -ENOENT;
	e->deleted = true;
	return 0;
}

static inline long bpf_for_each_map_elem(const void *map, void *step, void *ctx, __u64 flags)
{
	long (*call)(const void *, const void *, void *, void *) = step;
	long n = 0;

	(void)flags;
	for (struct fake_element *e = fake.elements; e; e = e->next)
		if (e->map == map && !e->deleted) {
			n++;
			if (call(map, e->key, e->value, ctx))
				break;
		}
	return n;
}

#define FAKE_MAP(map) _Generic((map), void * : (struct fake_inner *)(map), default : (map))
#define bpf_map_lookup_elem(map, key_at)                                                           \
	fake_lookup(map, key_at, sizeof(*(key_at)), sizeof(*FAKE_MAP(map)->value),                 \
		    sizeof(*FAKE_MAP(map)->type) / sizeof(int))
#define bpf_map_update_elem(map, key_at, value_at, flags)                                          \
	fake_update(map, key_at, value_at, sizeof(*(key_at)), sizeof(*(value_at)), flags)

static inline void *bpf_task_storage_get(const void *map, struct task_struct *task, void *value,
					 __u64 flags)
{
	(void)value;
	if (!(flags & BPF_LOCAL_STORAGE_GET_F_CREATE)) {
		struct fake_element *e = fake_find(map, &task);

		return e ? e->value : NULL;
	}
	if (fake.full) {
		fake.full--;
		return NULL;
	}
	return fake_add(map, &task, sizeof(task), 16384)->value;
}

static inline struct task_struct *bpf_get_current_task_btf(void)
{
	return fake.task;
}

static inline __u64 bpf_get_current_task(void)
{
	return (__u64)(unsigned long)fake.task;
}

static inline __u64 bpf_ktime_get_ns(void)
{
	return fake.now;
}

static inline __u32 bpf_get_smp_processor_id(void)
{
	return fake.cpu;
}

static inline __u32 bpf_get_prandom_u32(void)
{
	return fake.random;
}

static inline __u64 bpf_get_attach_cookie(void *ctx)
{
	(void)ctx;
	return fake.cookie;
}

static inline __u64 bpf_get_current_cgroup_id(void)
{
	return 77;
}

/* Each stack is a mapping of its own. */
static inline long bpf_find_vma(struct task_struct *task, __u64 address, void *step, void *ctx,
				__u64 flags)
{
	long (*call)(struct task_struct *, const void *, void *) = step;
	__u64 start = address - (address - (__u64)fake.stacks) % sizeof(fake.stacks[0]);
	const unsigned long vma[2] = {start, start + sizeof(fake.stacks[0])};

	(void)flags;
	if (address - (__u64)fake.stacks >= sizeof(fake.stacks))
		return -ENOENT;
	return call(task, vma, ctx);
}

#define bpf_tail_call(ctx, map, index) ((void)(map))

static inline long bpf_loop(__u32 n, void *step, void *ctx, __u64 flags)
{
	long (*call)(__u32, void *) = step;
	__u32 i = 0;

	(void)flags;
	while (i < n && !call(i++, ctx))
		;
	return i;
}

/* What is in no memory of a process is below its first page. */
static inline long fake_read(void *to, __u32 bytes, const void *from)
{
	if ((unsigned long)from < 4096)
		return -EFAULT;
	memcpy(to, from, bytes);
	return 0;
}

static inline long fake_read_str(void *to, __u32 bytes, const void *from)
{
	size_t n;

	if ((unsigned long)from < 4096)
		return -EFAULT;
	n = strnlen(from, bytes - 1);
	memcpy(to, from, n);
	((char *)to)[n] = '\0';
	return (long)n + 1;
}

#define bpf_probe_read_user(to, bytes, from)	   fake_read(to, bytes, from)
#define bpf_probe_read_kernel(to, bytes, from)	   fake_read(to, bytes, from)
#define bpf_probe_read_user_str(to, bytes, from)   fake_read_str(to, bytes, from)
#define bpf_probe_read_kernel_str(to, bytes, from) fake_read_str(to, bytes, from)

static inline void *bpf_ringbuf_reserve(const void *map, __u64 bytes, __u64 flags)
{
	(void)map, (void)flags;
	assert_true(bytes <= sizeof(fake.ring[0]));
	assert_true(fake.submitted < sizeof(fake.ring) / sizeof(fake.ring[0]));
	return fake.ring_full ? NULL : fake.ring[fake.submitted];
}

static inline void bpf_ringbuf_submit(const void *data, __u64 flags)
{
	(void)flags;
	assert_ptr_equal(data, fake.ring[fake.submitted]);
	fake.submitted++;
}

static inline long bpf_ringbuf_output(const void *map, const void *data, __u64 bytes, __u64 flags)
{
	void *room = bpf_ringbuf_reserve(map, bytes, flags);

	if (!room)
		return -EAGAIN;
	memcpy(room, data, bytes);
	bpf_ringbuf_submit(room, 0);
	return 0;
}

static inline __u64 bpf_ringbuf_query(const void *map, __u64 what)
{
	(void)map;
	return what == BPF_RB_PROD_POS ? fake.written : 0;
}

/* No frames of the kernel. */
static inline long bpf_get_stack(void *ctx, void *to, __u32 bytes, __u64 flags)
{
	(void)ctx, (void)to, (void)bytes, (void)flags;
	return 0;
}

static inline long bpf_seq_write(const void *seq, const void *data, __u32 bytes)
{
	(void)seq;
	return bpf_ringbuf_output(NULL, data, bytes, 0);
}

#define bpf_task_pt_regs(task) ((long)&fake.regs)

/* ---- the programs -----------------------------------------------------------------------------
 */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wattributes"
#pragma clang diagnostic ignored "-Wunknown-attributes"
/* 64 bits are a long in one place and a long long in another. */
#pragma GCC diagnostic ignored "-Wincompatible-pointer-types"
#pragma GCC diagnostic ignored "-Wunused-parameter"
/* Settings are constants for the verifier, and tests set them. */
#define const
#define on_exit rp_on_exit /* the C library has one, too */
#include "../../bpf/rptrace.bpf.c"
#undef on_exit
#undef const
#pragma GCC diagnostic pop

/* ---- what tests set and look at ---------------------------------------------------------------
 */

struct fake_thread {
	struct task_struct task;
	struct mm_struct mm;
	struct uprobe_task utask;
	struct signal_struct signal;
	struct cred cred;
};

/* Of the only CPU. */
static struct rq fake_rq;
static struct cfs_rq fake_cfs_rq = {.rq = &fake_rq};
static __u32 fake_preempt_count;

enum { PROCESS = 100 }; /* which is traced */

/* A thread that the next hits are on; its stack is one of fake.stacks. */
static inline void fake_run(struct fake_thread *t)
{
	fake.task = &t->task;
}

static inline void fake_thread_init(struct fake_thread *t, struct fake_thread *leader, int tgid,
				    int tid)
{
	*t = (struct fake_thread){.task = {.tgid = tgid,
					   .pid = tid,
					   .group_leader = &leader->task,
					   .mm = &t->mm,
					   .utask = &t->utask,
					   .se.cfs_rq = &fake_cfs_rq,
					   .signal = &t->signal,
					   .comm = "fake"}};
}

static inline void fake_free(void)
{
	struct fake_element *next;

	for (struct fake_element *e = fake.elements; e; e = next) {
		next = e->next;
		free(e);
	}
	fake.elements = NULL;
}

/* Nothing was ever hit, in a traced process of which t is the first thread. */
static inline void fake_begin(struct fake_thread *t)
{
	__u32 tgid = PROCESS, program = 0;

	fake_free();
	memset(&fake, 0, sizeof(fake));
	memset(lost, 0, sizeof(lost));
	memset(spans_begun, 0, sizeof(spans_begun));
	memset(site_group_state, 0, sizeof(site_group_state));
	memset(site_group_start, 0, sizeof(site_group_start));
	nodes_used = nodes_own = labels_used = late_labels_used = texts_used = names_used = 0;
	spans_open = segments_used = goroutine_places_used = thread_serials = 0;
	additions = group_by = swaps_under_way = 0;
	lost_span_begins = ready_time = cfg_min_duration = 0;
	goroutines_used = overlaps_seen = blocks_left_out = false;
	cfg_shares = cfg_within = cfg_record = cfg_label_returned = cfg_track_all = false;
	cfg_text_lengths = false;
	cfg_every = cfg_excludes = cfg_pid_namespace = 0;
	memset((void *)&cfg_where, 0, sizeof(cfg_where));
	ready = cfg_follow = true;
	grouping_serial = 1;
	cfg_max_depth = 200;
	cfg_max_nodes = cfg_max_labels = cfg_max_names = cfg_max_spans = 100;
	shares_of_rest = (struct rp_shares){0};
	cfg_max_wakers = 100;
	cfg_sleeps_max = wakers_used = 0;
	fake.now = 1000;
	fake_rq = (struct rq){0};
	fake_preempt_count = 0;
	clock_ahead = 0;
	preempt_count_at = (__s64)&fake_preempt_count - (__s64)&fake_rq;
	fake_thread_init(t, t, PROCESS, PROCESS);
	fake_run(t);
	bpf_map_update_elem(&tracked, &tgid, &program, BPF_ANY);
}

/* Processes and users have shares: the thread is one of this user. */
static inline void fake_share(struct fake_thread *t, __u32 user)
{
	static struct user_namespace outermost;

	cfg_shares = true;
	t->cred = (struct cred){.uid = {.val = user}, .user_ns = &outermost};
	t->task.real_cred = &t->cred;
}

/* The stack pointer `words` above the bottom of a stack: calls come to lie below it. */
static inline __u64 fake_sp(int stack, int words)
{
	return (__u64)&fake.stacks[stack][words];
}

static inline int fake_hit(int (*program)(struct pt_regs *), __u64 cookie, __u64 sp)
{
	struct pt_regs regs = {0};

	*(unsigned long *)&PT_REGS_SP(&regs) = (unsigned long)sp;
	*(unsigned long *)&PT_REGS_IP(&regs) = 0x400000 + RP_COOKIE_REGION(cookie) * 256;
	fake.cookie = cookie;
	return program(&regs);
}

/* What arguments of sites are, from 1 on: a number, or what cannot be read. */
static inline void fake_arg(__u32 index, __u64 value)
{
	struct rp_arg arg = {.kind = RP_ARG_CONST, .size = 8, .value = (__s64)value};

	bpf_map_update_elem(&arg_specs, &index, &arg, BPF_ANY);
}

static inline void fake_arg_unreadable(__u32 index)
{
	struct rp_arg arg = {.kind = RP_ARG_MEM, .size = 8, .reg = -1, .index = -1};

	bpf_map_update_elem(&arg_specs, &index, &arg, BPF_ANY);
}

/* The node of a region below another one; 0: there is none. */
static inline __u32 fake_node(__u32 parent, __u32 region, __u64 label)
{
	for (__u32 id = 1; id <= nodes_used; id++) {
		struct rp_node *n = bpf_map_lookup_elem(&nodes, &id);

		if (n->flags & RP_NODE_VALID && n->parent == parent && n->region == region &&
		    n->label == label)
			return id;
	}
	return 0;
}

/* Of the first thread's root. */
#define FAKE_ROOT fake_node(0, RP_REGION_NONE, 0)

static inline struct rp_figures fake_figures(__u32 parent, __u32 region)
{
	__u32 node = fake_node(parent, region, 0);
	struct rp_figures *f = node ? node_figures(node) : NULL;

	return f ? *f : (struct rp_figures){0};
}

static inline struct rp_stray_hits fake_strays(__u32 region)
{
	struct rp_stray_hits *s = bpf_map_lookup_elem(&stray_hits, &region);

	return s ? *s : (struct rp_stray_hits){0};
}

/* ---- a traced process with two threads --------------------------------------------------------
 */

static struct fake_thread first, second;

static inline int fake_setup(void **state)
{
	(void)state;
	fake_begin(&first);
	fake_thread_init(&second, &first, PROCESS, PROCESS + 1);
	return 0;
}

static inline int fake_teardown(void **state)
{
	(void)state;
	fake_free();
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

/* Regions, and the words that a stack has above the outermost call. */
enum { A = 3, B = 4, C = 5, SP = 4000 };
enum { ENTER = RP_ROLE_CALL_SITE, LEAVE = RP_ROLE_RET_SITE };

static inline void hit_flagged(__u32 role, __u32 region, __u32 flags, int words, __u64 now)
{
	fake.now = now;
	fake_hit(rp_probe, RP_COOKIE(region, role, flags, 1, 0, 0), fake_sp(0, words));
}

static inline void hit(__u32 role, __u32 region, int words, __u64 now)
{
	hit_flagged(role, region, 0, words, now);
}

static inline __u32 node(__u32 parent, __u32 region)
{
	return fake_node(parent, region, 0);
}

static inline __u32 depth(void)
{
	return thread_of(fake.task)->depth;
}

#endif
