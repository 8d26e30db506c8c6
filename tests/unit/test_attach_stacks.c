// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Region stacks as they are read from the kernel: of threads by an iterator, of goroutines. */
#include "libbpf_fixture.h"

#define MAP(s, map) ((s)->skel->maps.map)

#define STACKS	    120

static uint32_t tids[STACKS], depths[STACKS];
static struct rp_open_frame last_frames[RP_FRAMES_MAX];
static uint64_t last_goroutine;
static size_t n_stacks;

static int see_stack(void *ctx, const struct rp_open_stack *stack,
		     const struct rp_open_frame *frames)
{
	(void)ctx;
	assert_true(n_stacks < STACKS);
	tids[n_stacks] = stack->tid;
	depths[n_stacks++] = stack->frames;
	last_goroutine = stack->goroutine;
	memcpy(last_frames, frames, stack->frames * sizeof(*frames));
	return stack->tid == 4242 ? -ECANCELED : 0;
}

static void put_stack(int fd, uint32_t tid, uint32_t frames)
{
	struct rp_open_stack stack = {.tid = tid, .frames = frames};
	struct rp_open_frame frame = {.region = tid};

	assert_int_equal(write(fd, &stack, sizeof(stack)), sizeof(stack));
	for (uint32_t i = 0; i < frames; i++) {
		frame.start = i + 1;
		assert_int_equal(write(fd, &frame, sizeof(frame)), sizeof(frame));
	}
}

/* More than is read at once. */
static void stacks_of_threads_are_read_whole(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s = fake_session(&opts);

	(void)state;
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), -ENOTSUP);
	rp_session__free(s);
	opts.open_stacks = true;
	s = fake_session(&opts);
	fake.to_read = memfd_create("stacks", MFD_CLOEXEC);
	for (uint32_t i = 0; i < STACKS; i++)
		put_stack(fake.to_read, i, i % 2 ? 120 : 0);
	n_stacks = 0;
	fake.links_made = 0;
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), 0);
	assert_int_equal(n_stacks, STACKS);
	for (uint32_t i = 0; i < STACKS; i++) {
		assert_int_equal(tids[i], i);
		assert_int_equal(depths[i], i % 2 ? 120 : 0);
	}
	assert_int_equal(last_frames[119].start, 120);
	assert_int_equal(last_frames[119].region, STACKS - 1);
	/* The iterator is made once. */
	n_stacks = 0;
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), 0);
	assert_int_equal(fake.links_made, 1);
	/* Who reads may stop it. */
	assert_int_equal(ftruncate(fake.to_read, 0), 0);
	lseek(fake.to_read, 0, SEEK_SET);
	put_stack(fake.to_read, 4242, 1);
	put_stack(fake.to_read, 1, 1);
	n_stacks = 0;
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), -ECANCELED);
	assert_int_equal(n_stacks, 1);
	/* What ends in the middle is none. */
	assert_int_equal(ftruncate(fake.to_read, sizeof(struct rp_open_stack)), 0);
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), -EPROTO);
	close(fake.to_read);
	rp_session__free(s);
}

static struct rp_session *session_of_goroutines(void)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s;

	opts.open_stacks = true;
	s = fake_session(&opts);
	fake.to_read = memfd_create("stacks", MFD_CLOEXEC);
	fake_sizes(MAP(s, goroutines), sizeof(struct rp_goroutine_key), sizeof(struct rp_thread),
		   8);
	fake_sizes(MAP(s, thread_segments), sizeof(struct rp_segment_key),
		   sizeof(struct rp_stack_segment), 8);
	return s;
}

static void put_goroutine(struct rp_session *s, uint64_t number, uint32_t depth, bool has_more)
{
	struct rp_goroutine_key key = {.goroutine = number, .tgid = 5};
	struct rp_segment_key segment = {.owner = number, .segment = 5ull << 32 | 1};
	static struct rp_thread stack;
	static struct rp_stack_segment more;

	memset(&stack, 0, sizeof(stack));
	stack.goroutine = number;
	stack.serial = 9;
	stack.depth = depth;
	for (uint32_t i = 1; i < RP_SEGMENT_FRAMES; i++)
		stack.frames[i] = (struct rp_frame){.start = i, .region = 100 + i, .node = 7};
	for (uint32_t i = 0; i < RP_SEGMENT_FRAMES; i++)
		more.frames[i] = (struct rp_frame){.start = RP_SEGMENT_FRAMES + i, .region = 200};
	assert_int_equal(bpf_map_update_elem(MAP(s, goroutines)->fd, &key, &stack, BPF_ANY), 0);
	if (has_more)
		bpf_map_update_elem(MAP(s, thread_segments)->fd, &segment, &more, BPF_ANY);
}

static void stacks_of_goroutines_are_put_together(void **state)
{
	struct rp_session *s = session_of_goroutines();

	(void)state;
	put_goroutine(s, 70, 2, false);
	n_stacks = 0;
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), 0);
	assert_int_equal(n_stacks, 0); /* the kernel has not seen any */
	s->skel->bss->goroutines_used = 1;
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), 0);
	assert_int_equal(n_stacks, 1);
	assert_int_equal(depths[0], 2);
	assert_int_equal(last_goroutine, 70);
	assert_int_equal(last_frames[1].start, 2);
	assert_int_equal(last_frames[1].region, 102);
	assert_int_equal(last_frames[1].node, 7);
	/* The next frames are elsewhere, from the first of them on. */
	put_goroutine(s, 70, RP_SEGMENT_FRAMES, true);
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), 0);
	assert_int_equal(last_frames[RP_SEGMENT_FRAMES - 1].start, RP_SEGMENT_FRAMES);
	/* Where these are missing the first ones stand. */
	put_goroutine(s, 71, RP_SEGMENT_FRAMES + 1, true);
	put_goroutine(s, 72, RP_SEGMENT_FRAMES + 1, false);
	put_goroutine(s, 73, 0, false);
	n_stacks = 0;
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), 0);
	assert_int_equal(n_stacks, 3);
	assert_int_equal(depths[1], RP_SEGMENT_FRAMES + 1);
	assert_int_equal(depths[2], RP_SEGMENT_FRAMES - 1);
	put_goroutine(s, 72, RP_SEGMENT_FRAMES + 2, true);
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), 0);
	assert_int_equal(last_frames[RP_SEGMENT_FRAMES - 1].start, RP_SEGMENT_FRAMES);
	assert_int_equal(last_frames[RP_SEGMENT_FRAMES + 1].start, RP_SEGMENT_FRAMES + 2);
	close(fake.to_read);
	rp_session__free(s);
}

/* Its second frame is left, and another one entered, between two looks. */
static void go_on(struct bpf_map *m)
{
	struct rp_thread *stack = m->entry[0].value;

	if (!strcmp(m->name, "goroutines"))
		stack->frames[2].start++;
}

/* What is written while it is read has no time, which would be that of another frame. */
static void frames_that_change_have_no_start(void **state)
{
	struct rp_session *s = session_of_goroutines();

	(void)state;
	put_goroutine(s, 70, 3, false);
	s->skel->bss->goroutines_used = 1;
	fake.on_lookup = go_on;
	n_stacks = 0;
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), 0);
	fake.on_lookup = NULL;
	assert_int_equal(depths[0], 3);
	assert_int_equal(last_frames[0].start, 1);
	assert_int_equal(last_frames[1].start, 0);
	assert_int_equal(last_frames[1].region, 102);
	assert_int_equal(last_frames[2].start, 3);
	close(fake.to_read);
	rp_session__free(s);
}

/* Its last frame is left before each look. */
static void leave_one(struct bpf_map *m)
{
	struct rp_thread *stack = m->entry[0].value;

	if (!strcmp(m->name, "goroutines"))
		stack->depth--;
}

static void frames_that_are_left_are_not_open(void **state)
{
	struct rp_session *s = session_of_goroutines();

	(void)state;
	put_goroutine(s, 70, 4, false);
	s->skel->bss->goroutines_used = 1;
	fake.on_lookup = leave_one;
	n_stacks = 0;
	assert_int_equal(rp_session__open_stacks(s, see_stack, NULL), 0);
	fake.on_lookup = NULL;
	assert_int_equal(depths[0], 2);
	close(fake.to_read);
	rp_session__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_of_threads_are_read_whole),
		cmocka_unit_test(stacks_of_goroutines_are_put_together),
		cmocka_unit_test(frames_that_change_have_no_start),
		cmocka_unit_test(frames_that_are_left_are_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
