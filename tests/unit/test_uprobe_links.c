// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The two kinds of links: what the kernel is asked for each. */
#include "perf_fixture.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "attach/uprobe_multi.h"
#include "attach/uprobe_perf.h"

/* ---- perf events -------------------------------------------------------------------------- */

static struct {
	int program, event;
	bool was_open; /* the event, as it was linked */
	enum bpf_attach_type type;
	uint64_t cookie;
	int answer;
} link_create;

int bpf_link_create(int program, int target, enum bpf_attach_type type,
		    const struct bpf_link_create_opts *opts)
{
	link_create.program = program;
	link_create.event = target;
	link_create.was_open = is_open(target);
	link_create.type = type;
	link_create.cookie = opts->perf_event.bpf_cookie;
	return link_create.answer;
}

static const struct rp_uprobe_perf request = {.type = 9,
					      .prog_fd = 41,
					      .path = "/bin/program",
					      .offset = 0x1230,
					      .semaphore = 0x4560,
					      .cookie = 0xc00c1e,
					      .pid = 77};

static void a_perf_event_is_linked(void **state)
{
	const struct fake_event *e = &fake_perf.event[0];

	(void)state;
	forget_events();
	link_create.answer = 55;
	assert_int_equal(rp_uprobe_perf__link(&request), 55);
	assert_int_equal(fake_perf.n, 1);
	assert_int_equal(e->attr.type, 9);
	assert_int_equal(e->attr.size, sizeof(e->attr));
	assert_int_equal(e->attr.config, 0x4560ull << 32);
	assert_string_equal((const char *)(uintptr_t)e->attr.uprobe_path, "/bin/program");
	assert_int_equal(e->attr.probe_offset, 0x1230);
	assert_int_equal(e->pid, 77);
	assert_int_equal(e->cpu, -1);
	assert_int_equal(e->group, -1);
	assert_int_equal(e->flags, PERF_FLAG_FD_CLOEXEC);
	assert_int_equal(link_create.program, 41);
	assert_int_equal(link_create.event, e->fd);
	assert_true(link_create.was_open);
	assert_int_equal(link_create.type, BPF_PERF_EVENT);
	assert_int_equal(link_create.cookie, 0xc00c1e);
	/* The link keeps it. */
	assert_false(is_open(e->fd));
}

static void a_perf_event_is_at_returns_or_of_all(void **state)
{
	struct rp_uprobe_perf req = request;

	(void)state;
	forget_events();
	req.is_return = true;
	req.semaphore = 0;
	req.pid = 0;
	assert_int_equal(rp_uprobe_perf__link(&req), 55);
	assert_int_equal(fake_perf.event[0].attr.config, 1);
	assert_int_equal(fake_perf.event[0].pid, -1);
	assert_int_equal(fake_perf.event[0].cpu, 0);
	/* Both are parts of one number. */
	req.semaphore = UINT32_MAX;
	assert_int_equal(rp_uprobe_perf__link(&req), 55);
	assert_int_equal(fake_perf.event[1].attr.config, 0xffffffff00000001ull);
}

static void no_perf_event_is_left_of_one_that_fails(void **state)
{
	struct rp_uprobe_perf req = request;

	(void)state;
	forget_events();
	link_create.answer = -EINVAL;
	assert_int_equal(rp_uprobe_perf__link(&request), -EINVAL);
	assert_int_equal(open_events(), 0);
	fake_perf.refuses = EACCES;
	link_create.event = -1;
	assert_int_equal(rp_uprobe_perf__link(&request), -EACCES);
	assert_int_equal(link_create.event, -1);
	/* There are 32 bits for it. */
	fake_perf.asked = 0;
	req.semaphore = 1ull + UINT32_MAX;
	assert_int_equal(rp_uprobe_perf__link(&req), -EOVERFLOW);
	assert_int_equal(fake_perf.asked, 0);
}

static void its_number_is_the_kernels(void **state)
{
	FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type = -ENOENT;

	(void)state;
	if (file) {
		assert_int_equal(fscanf(file, "%d", &type), 1);
		fclose(file);
	}
	assert_int_equal(rp_uprobe_perf__type(), type);
}

/* ---- many at a time ------------------------------------------------------------------------ */

/* As the kernel's uapi/linux/bpf.h has it. */
struct link_create_words {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, semaphores, cookies;
	uint32_t n, multi_flags, pid, pad;
};

static void many_are_linked_by_one_call(void **state)
{
	static const uint64_t offsets[] = {0x10, 0x20}, cookies[] = {1, 2}, semaphores[] = {0, 8};
	struct rp_uprobe_multi req = {.prog_fd = 41,
				      .attach_type = RP_BPF_TRACE_UPROBE_MULTI,
				      .path = "/bin/program",
				      .offsets = offsets,
				      .semaphores = semaphores,
				      .cookies = cookies,
				      .n = 2,
				      .pid = 77};
	const struct link_create_words *asked = (const void *)fake_perf.bpf_attr;
	int fd;

	(void)state;
	forget_events();
	fd = rp_uprobe_multi__link(&req);
	assert_true(fd >= 0 && is_open(fd));
	close(fd);
	assert_int_equal(fake_perf.command, 28); /* BPF_LINK_CREATE */
	assert_int_equal(fake_perf.bpf_bytes, sizeof(*asked));
	assert_int_equal(asked->prog_fd, 41);
	assert_int_equal(asked->target_fd, 0);
	assert_int_equal(asked->attach_type, 48);
	assert_int_equal(asked->flags, 0);
	assert_string_equal((const char *)(uintptr_t)asked->path, "/bin/program");
	assert_ptr_equal((const void *)(uintptr_t)asked->offsets, offsets);
	assert_ptr_equal((const void *)(uintptr_t)asked->semaphores, semaphores);
	assert_ptr_equal((const void *)(uintptr_t)asked->cookies, cookies);
	assert_int_equal(asked->n, 2);
	assert_int_equal(asked->multi_flags, 0);
	assert_int_equal(asked->pid, 77);
	req.is_return = true;
	close(rp_uprobe_multi__link(&req));
	assert_int_equal(asked->multi_flags, 1);
	fake_perf.refuses_bpf = EOPNOTSUPP;
	assert_int_equal(rp_uprobe_multi__link(&req), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perf_event_is_linked),
		cmocka_unit_test(a_perf_event_is_at_returns_or_of_all),
		cmocka_unit_test(no_perf_event_is_left_of_one_that_fails),
		cmocka_unit_test(its_number_is_the_kernels),
		cmocka_unit_test(many_are_linked_by_one_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
