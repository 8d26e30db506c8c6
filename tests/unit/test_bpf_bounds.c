// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What processes and users may take of what there is a bound of; goroutines, whose region stacks
 * are such a thing; libraries that are mapped; calls that overlap.
 */
#include "bpf_fixture.h"

static struct fake_thread other;

/* Paths that the thread may make until it is told that it may have no more. */
static __u32 nodes_taken(struct fake_thread *t)
{
	__u32 before = nodes_used, region = 1000 * (__u32)t->task.tgid;

	fake_run(t);
	while (!lost[RP_LOST_NODES] && region % 1000 < 500) {
		hit(ENTER, ++region, SP, 1000);
		hit(LEAVE, region, SP, 1000);
	}
	lost[RP_LOST_NODES] = 0;
	return nodes_used - before;
}

/* A process has no more than it leaves free, and a user three times as much. */
static void test_shares(void **state)
{
	static struct fake_thread more[4];
	__u32 program = 0, tgid;
	const struct rp_event *event = (void *)fake.ring[0];

	(void)state;
	cfg_max_nodes = 101; /* the last number is none */
	fake_share(&first, 1000);
	assert_in_range(nodes_taken(&first), 49, 51);
	assert_int_equal(fake.submitted, 1);
	assert_int_equal(event->header.type, RP_EVENT_SHARE);
	assert_int_equal(event->pid, PROCESS);
	assert_int_equal(event->user, 0);
	assert_int_equal(event->detail, RP_SHARED_NODES);
	assert_string_equal(event->path, "fake");
	for (int i = 0; i < 4; i++) {
		tgid = PROCESS + 10 + (__u32)i;
		fake_thread_init(&more[i], &more[i], (int)tgid, (int)tgid);
		fake_share(&more[i], 1000);
		bpf_map_update_elem(&tracked, &tgid, &program, BPF_ANY);
		nodes_taken(&more[i]);
	}
	assert_in_range(nodes_used, 74, 76);
	event = (void *)fake.ring[fake.submitted - 1];
	assert_int_equal(event->header.type, RP_EVENT_USER_SHARE);
	assert_int_equal(event->user, 1000);
	/* Another one has as much of what is left. */
	tgid = PROCESS + 50;
	fake_thread_init(&other, &other, (int)tgid, (int)tgid);
	fake_share(&other, 1001);
	bpf_map_update_elem(&tracked, &tgid, &program, BPF_ANY);
	assert_in_range(nodes_taken(&other), 11, 14);
}

/* Events of a thread until one is not told. */
static __u32 events_told(struct fake_thread *t)
{
	__u32 n = 0;

	fake_run(t);
	fake.submitted = 0;
	while (send_event(RP_EVENT_STACK, (__u32)t->task.tgid, 0)) {
		fake.written += RP_EVENT_SHORT + BPF_RINGBUF_HDR_SZ;
		fake.submitted = 0;
		n++;
	}
	return n;
}

/* While nobody reads: what is beyond a share is lost, each time; whose it is is told once. */
static void test_shares_of_the_ring(void **state)
{
	enum { ALL = RP_EVENTS_BYTES / (RP_EVENT_SHORT + BPF_RINGBUF_HDR_SZ) };
	static struct fake_thread third;
	const struct rp_event *event = (void *)fake.ring[0];

	(void)state;
	fake_thread_init(&other, &other, PROCESS + 50, PROCESS + 50);
	fake_thread_init(&third, &third, PROCESS + 60, PROCESS + 60);
	fake_share(&first, 1000);
	fake_share(&other, 1000);
	fake_share(&third, 1000);
	fake.written = 1;
	assert_in_range(events_told(&first), ALL / 2 - 2, ALL / 2 + 2);
	assert_int_equal(lost[RP_LOST_EVENTS], 1);
	assert_int_equal(fake.submitted, 1);
	assert_int_equal(event->header.type, RP_EVENT_SHARE);
	assert_int_equal(event->pid, PROCESS);
	assert_int_equal(event->detail, RP_SHARED_EVENTS);
	for (__u64 i = 2; i < 5; i++) {
		assert_int_equal(events_told(&first), 0);
		assert_int_equal(lost[RP_LOST_EVENTS], i);
		assert_int_equal(fake.submitted, 0);
	}
	assert_in_range(events_told(&other), ALL / 4 - 2, ALL / 4 + 2);
	assert_in_range(events_told(&third), 0, 4);
	assert_int_equal(lost[RP_LOST_EVENTS], 6);
	assert_int_equal(fake.submitted, 1);
	assert_int_equal(event->header.type, RP_EVENT_USER_SHARE);
	assert_int_equal(event->user, 1000);
	assert_int_equal(events_told(&third), 0);
	assert_int_equal(lost[RP_LOST_EVENTS], 7);
	assert_int_equal(fake.submitted, 0);
	/* Another user has a part of what is left. */
	fake_share(&third, 1001);
	assert_in_range(events_told(&third), ALL / 8 - 8, ALL / 8 + 8);
}

/* In a user namespace they are their owner's, whatever they call themselves. */
static void test_users_of_namespaces(void **state)
{
	struct user_namespace outermost = {0},
			      inner = {.parent = &outermost, .level = 1, .owner = {.val = 1000}},
			      innermost = {.parent = &inner, .level = 2, .owner = {.val = 7}};

	(void)state;
	fake_share(&first, 0);
	assert_int_equal(sharing_user(&first.task), 0);
	first.cred.user_ns = &inner;
	assert_int_equal(sharing_user(&first.task), 1000);
	first.cred.user_ns = &innermost;
	assert_int_equal(sharing_user(&first.task), 1000);
}

/* A child has what its parent has in the ring, and nothing else of it. */
static void test_children(void **state)
{
	struct fake_thread child;
	struct rp_shares *shares;
	__u32 tgid = PROCESS + 1;

	(void)state;
	fake_share(&first, 1000);
	nodes_taken(&first);
	fake_thread_init(&child, &child, PROCESS + 1, PROCESS + 1);
	fake_share(&child, 1000);
	shares_of(&first.task)->events.since = 77;
	shares_of(&first.task)->told |= 1u << RP_SHARED_EVENTS;
	fake_run(&first);
	rp_fork((unsigned long long[]){(__u64)&first.task, (__u64)&child.task});
	shares = bpf_map_lookup_elem(&process_shares, &tgid);
	assert_non_null(shares);
	assert_int_equal(shares->taken[RP_SHARED_NODES], 0);
	assert_true(shares->events.before + shares->events.since >= 77);
	assert_int_equal(shares->told, 1u << RP_SHARED_EVENTS);
	fake_run(&child);
	rp_exit((unsigned long long[]){(__u64)&child.task});
	assert_null(bpf_map_lookup_elem(&process_shares, &tgid));
}

/* ---- goroutines -------------------------------------------------------------------------------
 */

static __u64 goroutine_stacks[2][2]; /* as the runtime has them: where each begins and ends */
static int stack_of[2];		     /* which may change */

/* A function of Go is entered or left, by one of the goroutines, on whatever thread. */
static void hit_go(struct fake_thread *t, __u32 role, __u32 region, int goroutine, int words,
		   __u64 now)
{
	struct pt_regs regs = {0};

	goroutine_stacks[goroutine][0] = fake_sp(stack_of[goroutine], 0);
	goroutine_stacks[goroutine][1] = fake_sp(stack_of[goroutine], 8000);
	GOROUTINE(&regs) = (unsigned long)goroutine_stacks[goroutine];
	*(unsigned long *)&PT_REGS_SP(&regs) = (unsigned long)fake_sp(stack_of[goroutine], words);
	*(unsigned long *)&PT_REGS_IP(&regs) = region;
	fake_run(t);
	fake.now = now;
	fake.cookie = RP_COOKIE(region, role, RP_SITE_GO, 0, 0, 0);
	rp_probe(&regs);
}

static void test_goroutines(void **state)
{
	__u32 root;

	(void)state;
#ifdef __x86_64__
	stack_of[0] = 1;
	stack_of[1] = 2;
	hit_go(&first, ENTER, A, 0, SP, 1000);
	hit_go(&first, ENTER, A, 1, SP, 1100);
	hit_go(&first, ENTER, B, 0, SP - 10, 1200);
	/* They change threads at any call. */
	hit_go(&second, LEAVE, B, 0, SP - 10, 1300);
	hit_go(&second, LEAVE, A, 1, SP, 1600);
	/* Their stacks move when they grow. */
	stack_of[0] = 3;
	hit_go(&first, LEAVE, A, 0, SP, 2000);
	root = FAKE_ROOT;
	assert_int_equal(fake_figures(root, A).count, 2);
	assert_int_equal(fake_figures(root, A).total, 1000 + 500);
	assert_int_equal(fake_figures(root, A).self, 900 + 500);
	assert_int_equal(fake_figures(node(root, A), B).total, 100);
	assert_int_equal(fake_figures(root, A).unwound, 0);
	assert_int_equal(goroutine_places_used, 2);
	/* What is open ends with the process. */
	hit_go(&first, ENTER, A, 0, SP, 3000);
	fake_run(&first);
	rp_exit((unsigned long long[]){(__u64)&first.task});
	assert_int_equal(fake_figures(root, A).unwound, 1);
	assert_int_equal(goroutine_places_used, 0);
#else
	(void)root;
#endif
}

/* ---- libraries --------------------------------------------------------------------------------
 */

#ifdef __x86_64__
static void set_up_map(void **state, struct files_struct *files, unsigned long call,
		       unsigned long flags)
{
	fake_setup(state);
	first.task.files = files;
	fake.regs.orig_rax = call;
	fake.regs.r10 = flags;
	fake.regs.r8 = 1; /* open */
}

static void test_libraries(void **state)
{
	static const struct {
		const char *name;
		unsigned long call, flags;
		bool told;
	} cases[] = {
		{"libx.so", 9, 2, true},
		{"libx.so.6", 9, 2, true},
		{"libx-1.2.so.0.1", 9, 2, true},
		{"ld.so.cache", 9, 2, false},
		{"libx.so", 9, 1, false},    /* shared */
		{"libx.so", 9, 0x22, false}, /* of no file */
		{"libx.so", 1, 2, false},    /* another call */
		{"program", 9, 2, false},
		{"x.sock", 9, 2, false},
		{".so", 9, 2, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct super_block disk = {.s_dev = 3};
		struct inode inode = {.i_sb = &disk, .i_ino = 8};
		struct dentry dentry = {.d_name = {.name = (unsigned char *)cases[i].name}};
		struct file file = {.f_inode = &inode, .f_path = {.dentry = &dentry}},
			    *open[] = {NULL, &file};
		struct fdtable table = {.max_fds = 2, .fd = open};
		struct files_struct files = {.fdt = &table};
		const struct rp_event *map = (void *)fake.ring[0], *library = (void *)fake.ring[1];

		set_up_map(state, &files, cases[i].call, cases[i].flags);
		rp_map(NULL);
		assert_int_equal(map->header.type, RP_EVENT_MAP);
		assert_int_equal(map->pid, PROCESS);
		assert_int_equal(fake.submitted, 1 + cases[i].told);
		if (cases[i].told) {
			assert_int_equal(library->header.type, RP_EVENT_LIBRARY);
			assert_int_equal(library->dev, 3);
			assert_int_equal(library->detail, 8);
			assert_string_equal(library->path, cases[i].name);
		}
		/* What finds no room is counted, and that it maps something is told later. */
		set_up_map(state, &files, cases[i].call, cases[i].flags);
		fake.ring_full = true;
		rp_map(NULL);
		assert_int_equal(lost[RP_LOST_EVENTS], 1 + cases[i].told);
		fake.ring_full = false;
		rp_map(NULL);
		assert_int_equal(fake.submitted, 1 + cases[i].told);
		/* That it maps something is told once, until that was looked at. */
		fake.regs.r8 = 2; /* not open */
		rp_map(NULL);
		assert_int_equal(fake.submitted, 1 + cases[i].told);
	}
}
#endif

/* ---- calls that overlap -----------------------------------------------------------------------
 */

static void overlapping(__u32 role, __u64 id)
{
	fake_arg(2, id);
	fake_arg(3, 5); /* the same for all */
	hit_flagged(role, A, RP_SITE_IDS | RP_SITE_LOOSE, SP, 1000);
}

/* Which argument tells them apart is seen by trying. */
static void test_overlaps(void **state)
{
	const struct rp_overlap *seen;
	__u32 region = A;

	(void)state;
	overlapping(RP_ROLE_BEGIN, 1);
	overlapping(RP_ROLE_END, 1);
	assert_null(bpf_map_lookup_elem(&overlaps, &region));
	overlapping(RP_ROLE_BEGIN, 10);
	for (__u64 id = 11; id < 20; id++) {
		overlapping(RP_ROLE_BEGIN, id);
		overlapping(RP_ROLE_END, id - 1);
	}
	seen = bpf_map_lookup_elem(&overlaps, &region);
	assert_non_null(seen);
	assert_int_equal(seen->hits, 18);
	assert_int_equal(seen->arg[0].begun, 9);
	assert_int_equal(seen->arg[0].matched, 8);
	assert_int_equal(seen->arg[0].crossed, 8);
	assert_int_equal(seen->arg[0].missed, 1); /* begun before they were looked at */
	assert_int_equal(seen->arg[0].taken, 0);
	assert_int_equal(seen->arg[1].begun, 9);
	assert_int_equal(seen->arg[1].crossed, 0);
	/* The last one, of which another thread tells the end. */
	fake_run(&second);
	overlapping(RP_ROLE_END, 19);
	assert_int_equal(seen->arg[0].matched, 9);
	assert_int_equal(seen->arg[0].crossed, 9);
}

#define ROOM(map) (sizeof(*(map).max_entries) / sizeof((*(map).max_entries)[0]))

/* A table has room for all that is given out of it. */
static void test_tables_have_room(void **state)
{
	(void)state;
	assert_int_equal(ROOM(thread_segments), RP_SEGMENTS_MAX);
	assert_int_equal(ROOM(goroutines), RP_GOROUTINES_MAX);
	assert_int_equal(ROOM(thread_slots), THREAD_SLOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shares),
		TEST(test_shares_of_the_ring),
		TEST(test_users_of_namespaces),
		TEST(test_tables_have_room),
		TEST(test_children),
		TEST(test_goroutines),
#ifdef __x86_64__
		TEST(test_libraries),
#endif
		TEST(test_overlaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
