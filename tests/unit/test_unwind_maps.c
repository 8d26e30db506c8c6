// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* How unwind tables get into the kernel's maps: together, before a process that uses them. */
#include "libbpf_fixture.h"

#include "attach/unwind_maps.h"

static struct rp_unwind_maps maps;
static struct bpf_map *objects = &fake.map[0], *processes = &fake.map[1];

static const struct rp_unwind_row rows[] = {{.pc = 0x10, .cfa = 1, .off = 8},
					    {.pc = 0x20, .cfa = 2, .off = 16}};

static void empty(struct bpf_map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->entry[i].key);
		free(m->entry[i].value);
	}
	m->n = 0;
}

static int begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.n_maps = 2;
	*objects = (struct bpf_map){.name = "unwind_objects", .fd = 9001};
	*processes = (struct bpf_map){.name = "unwind_processes", .fd = 9002};
	fake_sizes(objects, sizeof(uint32_t), sizeof(int), 1024);
	fake_sizes(processes, sizeof(pid_t), sizeof(struct rp_unwind_process), 16);
	maps = (struct rp_unwind_maps){.objects = 9001, .processes = 9002};
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_close_chunks();
	empty(objects);
	empty(processes);
	return 0;
}

static int add(uint32_t object)
{
	return rp_unwind_maps__add_object(&maps, object, rows, 2);
}

static int set_process(pid_t pid)
{
	static struct rp_unwind_process process;

	process.serial = (uint64_t)pid;
	return rp_unwind_maps__set_process(&maps, pid, &process);
}

/* The map of an object, as it was sent. */
static int map_of(uint32_t object)
{
	int fd = -1;

	bpf_map_lookup_elem(maps.objects, &object, &fd);
	return fd;
}

static void tables_wait_for_their_process(void **state)
{
	struct rp_unwind_row read_back[2];
	struct rp_unwind_process process;
	pid_t pid = 77;
	int sent;

	(void)state;
	assert_int_equal(add(5), 0);
	assert_int_equal(add(6), 0);
	assert_int_equal(objects->n, 0);
	sent = maps.pending_maps[1];
	assert_int_equal(set_process(pid), 0);
	assert_int_equal(objects->n, 2);
	assert_int_equal(map_of(6), sent);
	/* The kernel has it now. */
	assert_int_equal(fcntl(sent, F_GETFD), -1);
	assert_int_equal(pread(fake.chunks[1], read_back, sizeof(rows), 0), sizeof(rows));
	assert_memory_equal(read_back, rows, sizeof(rows));
	assert_int_equal(bpf_map_lookup_elem(maps.processes, &pid, &process), 0);
	assert_int_equal(process.serial, 77);
	/* Once. */
	empty(objects);
	assert_int_equal(set_process(78), 0);
	assert_int_equal(objects->n, 0);
	assert_int_equal(processes->n, 2);
	rp_unwind_maps__drop_process(&maps, pid);
	assert_int_equal(processes->n, 1);
	assert_int_equal(bpf_map_lookup_elem(maps.processes, &pid, &process), -ENOENT);
}

static void no_more_wait_than_there_is_room_for(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RP_UNWIND_PENDING_MAX; i++)
		assert_int_equal(add(i), 0);
	assert_int_equal(objects->n, 0);
	assert_int_equal(add(RP_UNWIND_PENDING_MAX), 0);
	assert_int_equal(objects->n, RP_UNWIND_PENDING_MAX);
	assert_int_equal(maps.n_pending, 1);
	assert_int_equal(set_process(77), 0);
	assert_int_equal(objects->n, RP_UNWIND_PENDING_MAX + 1);
}

/* One that waits is there before it is dropped, or it would come after. */
static void what_is_dropped_does_not_come_later(void **state)
{
	(void)state;
	assert_int_equal(add(5), 0);
	assert_int_equal(add(6), 0);
	rp_unwind_maps__drop_object(&maps, 5);
	assert_int_equal(map_of(5), -1);
	assert_int_not_equal(map_of(6), -1);
	assert_int_equal(set_process(77), 0);
	assert_int_equal(map_of(5), -1);
}

static void errors_are_handed_on(void **state)
{
	int map;

	(void)state;
	assert_int_equal(add(5), 0);
	map = maps.pending_maps[0];
	fake.refuses_inner = 2;
	assert_int_equal(add(6), -ENOMEM);
	assert_int_equal(maps.n_pending, 1);
	fake.refuses_updates = -E2BIG;
	assert_int_equal(set_process(77), -E2BIG);
	assert_int_equal(processes->n, 0);
	/* What cannot be put there is not kept open. */
	assert_int_equal(maps.n_pending, 0);
	assert_int_equal(fcntl(map, F_GETFD), -1);
	/* No rows, no memory to fill. */
	assert_int_equal(rp_unwind_maps__add_object(&maps, 7, rows, 0), -EINVAL);
	assert_int_equal(maps.n_pending, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tables_wait_for_their_process),
		TEST(no_more_wait_than_there_is_room_for),
		TEST(what_is_dropped_does_not_come_later),
		TEST(errors_are_handed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
