// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Files: which are one and the same, which are known, whoever writes to them. */
#include <poll.h>
#include <sys/inotify.h>

#include "discover/file.h"
#include "elf_image.h"
#include "targets/internal.h"
#include "targets_fixture.h"

static const char *path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	return path;
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	assert_int_equal(rp_file__stat_path(path_of(name), &st), 0);
	return st;
}

/* It is written anew, as its time tells. */
static void change(const char *name)
{
	static const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	assert_int_equal(utimensat(AT_FDCWD, path_of(name), times, 0), 0);
}

static void start_everywhere(void)
{
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
}

/* ---- one and the same -------------------------------------------------------------------------
 */

/* Another process that maps it; what is in its memory is the file, or all zeros. */
static void put_other(struct rp_mapped_list *list, bool of_file)
{
	char buf[65536];
	int file = open(path_of("prog"), O_RDONLY), memory;
	uint64_t at;
	ssize_t got;

	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	assert_int_equal(rp_proc__mapped(f.root, PID + 1, list), 0);
	at = list->items[0].start;
	put("", "/%d/mem", PID + 1);
	snprintf(buf, sizeof(buf), "%s/%d/mem", f.root, PID + 1);
	memory = open(buf, O_RDWR);
	assert_int_equal(ftruncate(memory, 1ll << 32), 0);
	while (of_file && (got = read(file, buf, sizeof(buf))) > 0) {
		assert_int_equal(pwrite(memory, buf, (size_t)got, (off_t)at), got);
		at += (uint64_t)got;
	}
	close(memory);
	close(file);
}

static void write_memory(uint64_t at, char byte)
{
	char path[PATH_MAX];
	int memory;

	snprintf(path, sizeof(path), "%s/%d/mem", f.root, PID + 1);
	memory = open(path, O_WRONLY);
	assert_int_equal(pwrite(memory, &byte, 1, (off_t)at), 1);
	close(memory);
}

static struct rp_object *same_as(const struct rp_mapped *m, const struct stat *st)
{
	return rp_object__same_file(f.targets, PID + 1, m, f.targets->objects[0].fd, st);
}

/* Whose pages nobody may compare: by inode, content and breakpoints, on another device. */
static void test_same_file_by_its_breakpoints(void **state)
{
	struct rp_mapped_list list;
	struct stat st, other;

	(void)state;
	start_everywhere();
	put_other(&list, false);
	st = stat_of("prog");
	assert_null(same_as(list.items, &st));
	st.st_dev++;
	assert_ptr_equal(same_as(list.items, &st), &f.targets->objects[0]);
	other = st;
	other.st_ino++;
	assert_null(same_as(list.items, &other));
	other = st;
	other.st_size++;
	assert_null(same_as(list.items, &other));
	other = st;
	other.st_mtim.tv_nsec++;
	assert_null(same_as(list.items, &other));
	/* Nothing is probed any more in a file that is gone. */
	rp_object__drop(f.targets, &f.targets->objects[0]);
	assert_null(rp_object__same_file(f.targets, PID + 1, list.items, -1, &st));
	rp_proc__mapped_free(&list);
}

/* Without any it is a copy; at whichever site there is one, it is not. */
static void test_copy_shows_no_breakpoints(void **state)
{
	const struct rp_site_group *group;
	struct rp_mapped_list list;
	struct stat st;

	(void)state;
	start_everywhere();
	put_other(&list, true);
	st = stat_of("prog");
	st.st_dev++;
	assert_null(same_as(list.items, &st));
	group = f.targets->objects[0].site_groups;
	assert_in_range(group->n, 2, 8);
	write_memory(list.items[0].start + group->sites[group->n - 1].offset, (char)0xcc);
	assert_ptr_equal(same_as(list.items, &st), &f.targets->objects[0]);
	rp_proc__mapped_free(&list);
}

/* Where it is not probed everywhere, a breakpoint there is somebody else's. */
static void test_breakpoints_of_somebody_else(void **state)
{
	struct rp_mapped_list list;
	struct stat st;

	(void)state;
	start_beside_another();
	put_other(&list, false);
	st = stat_of("prog");
	st.st_dev++;
	assert_null(same_as(list.items, &st));
	rp_proc__mapped_free(&list);
}

/* ---- what is known ----------------------------------------------------------------------------
 */

/* The same under other numbers, for as long as it is as it was. */
static void test_file_of_two_numbers(void **state)
{
	struct rp_mapped_list list;
	const struct rp_mapped *m;
	struct rp_targets *t;
	struct rp_object *o;
	struct stat st;

	(void)state;
	start_everywhere();
	make_object("other");
	put_process(PID + 1, 1);
	map(PID + 1, "other");
	t = f.targets;
	o = &t->objects[0];
	st = stat_of("other");
	assert_int_equal(rp_proc__mapped(f.root, PID + 1, &list), 0);
	m = list.items;
	assert_null(rp_object__by_id(t, m->dev, m->ino));
	for (int i = 0; i < 3; i++) {
		assert_false(rp_file__is_known(t, m->dev, m->ino));
		rp_file__note_unwanted(t, m);
		assert_true(rp_file__is_known(t, m->dev, m->ino));
		assert_null(rp_file__same_as(t, m->dev, m->ino));
		rp_file__note_same(t, m, &st, o);
		assert_true(rp_file__is_known(t, m->dev, m->ino));
		assert_ptr_equal(rp_file__same_as(t, m->dev, m->ino), o);
		assert_ptr_equal(rp_object__by_id(t, m->dev, m->ino), o);
		assert_null(rp_object__by_id(t, m->dev + 1, m->ino));
		rp_file__check_same(t, PID + 1, m);
		assert_ptr_equal(rp_file__same_as(t, m->dev, m->ino), o);
		switch (i) {
		case 0: /* it is another one by now */
			st.st_size++;
			rp_file__note_same(t, m, &st, o);
			rp_file__check_same(t, PID + 1, m);
			st.st_size--;
			break;
		case 1: /* nobody can say */
			rp_file__check_same(t, PID + 5, m);
			break;
		case 2: /* what it was the same as is let go of */
			rp_files__forget(t, 1);
			assert_ptr_equal(rp_file__same_as(t, m->dev, m->ino), o);
			rp_object__drop(t, o);
		}
		assert_false(rp_file__is_known(t, m->dev, m->ino));
	}
	rp_proc__mapped_free(&list);
}

/* So many with nothing in them, and then they are looked at again; others are not forgotten. */
static void test_files_of_no_interest(void **state)
{
	enum { MOST = 32768 };
	const dev_t dev = makedev(7, 7);
	struct rp_targets *t;
	struct rp_mapped m = {.dev = dev, .ino = 1};
	struct stat st = {.st_size = 1};

	(void)state;
	start_everywhere();
	t = f.targets;
	rp_file__note_same(t, &m, &st, &t->objects[0]);
	for (m.ino = 2; m.ino <= MOST; m.ino++)
		rp_file__note_unwanted(t, &m);
	rp_file__note_unwanted(t, &(struct rp_mapped){.dev = dev, .ino = 2});
	assert_true(rp_file__is_known(t, dev, MOST));
	assert_true(rp_file__is_known(t, dev, 2));
	assert_null(rp_file__same_as(t, dev, 2));
	rp_file__check_same(t, PID, &(struct rp_mapped){.dev = dev, .ino = 2});
	assert_true(rp_file__is_known(t, dev, 2));
	rp_file__note_unwanted(t, &m);
	assert_true(rp_file__is_known(t, dev, 1));
	assert_false(rp_file__is_known(t, dev, 2));
	assert_true(rp_file__is_known(t, dev, MOST + 1));
}

/* ---- files that change ------------------------------------------------------------------------
 */

/* A short program runs what was written since: it is planned anew, and ran without its probes. */
static void test_short_program_of_a_file_that_was_written(void **state)
{
	(void)state;
	start_everywhere();
	change("prog");
	send_short_program(PID + 1, "prog", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(rp_targets__n_objects(f.targets), 2);
	assert_false(f.kernel.links[0].alive);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
}

static void test_program_of_a_file_that_was_written(void **state)
{
	(void)state;
	start_everywhere();
	change("prog");
	put_process(PID + 1, PID);
	map(PID + 1, "prog");
	send(RP_EVENT_EXEC, PID + 1, 0);
	assert_int_equal(rp_targets__n_objects(f.targets), 2);
	assert_false(f.kernel.links[0].alive);
	assert_int_equal(links_alive(&f.kernel), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

static void test_written_file_where_all_are_traced(void **state)
{
	struct rp_err err;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	f.functions[0] = "prog:probed_*";
	f.plan_opts.whole_system = true;
	start();
	assert_int_equal(rp_targets__add_system(f.targets, &err), 0);
	change("prog");
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	send(RP_EVENT_EXEC, PID + 1, 0);
	assert_false(f.kernel.links[0].alive);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(processes(), 2);
}

/* ---- whoever writes ---------------------------------------------------------------------------
 */

static int open_to_write(const char *name)
{
	return open(path_of(name), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

/* Held back while the breakpoints are on their way out, for a time; each file for its own. */
static void test_leases_end(void **state)
{
	struct rp_writers *w;
	double first, now;
	int fd;

	(void)state;
	make_object("lib.so");
	put_process(PID, 1);
	map(PID, "prog");
	map(PID, "lib.so");
	start();
	add(PID);
	w = &f.targets->writers;
	assert_true(rp_writers__end_leases(f.targets, 1000) == 0);
	f.kernel.detaching = true;
	rp_object__drop(f.targets, &f.targets->objects[0]);
	rp_object__drop(f.targets, &f.targets->objects[1]);
	assert_int_equal(w->n_ended, 2);
	now = rp_targets__now();
	first = w->ended[0].latest;
	assert_true(first <= now + 0.5 && first > now - 100);
	w->ended[1].latest = first + 10;
	assert_true(rp_writers__end_leases(f.targets, first - 0.1) == first - 0.1 + 0.002);
	assert_int_equal(open_to_write("prog"), -1);
	assert_true(rp_writers__end_leases(f.targets, first) == first + 0.002);
	fd = open_to_write("prog");
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(open_to_write("lib.so"), -1);
	f.kernel.detaching = false;
	assert_true(rp_writers__end_leases(f.targets, first) == 0);
	fd = open_to_write("lib.so");
	assert_true(fd >= 0);
	close(fd);
}

/*
 * Somebody has it open to write, so that it cannot be guarded: processes outside the trace are not
 * to run its breakpoints, but where root alone could write.
 */
static void test_files_that_others_may_write(void **state)
{
	static const struct {
		unsigned mode;
		uid_t owner;
		bool wide;
	} cases[] = {{0700, 0, true},
		     {0755, 0, true},
		     {0720, 0, false},
		     {0702, 0, false},
		     {0700, 1234, false}};

	(void)state;
	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd;

		assert_int_equal(set_up(state), 0);
		assert_int_equal(chown(path_of("prog"), cases[i].owner, 0), 0);
		assert_int_equal(chmod(path_of("prog"), cases[i].mode), 0);
		fd = open_to_write("prog");
		assert_true(fd >= 0);
		start_everywhere();
		assert_int_equal(links_of(&f.kernel, 0, 0), cases[i].wide);
		assert_int_equal(links_of(&f.kernel, PID, 0), !cases[i].wide);
		close(fd);
		assert_int_equal(tear_down(state), 0);
	}
}

/* Where a file can be guarded it does not matter who may write to it. */
static void test_guarded_files(void **state)
{
	(void)state;
	assert_int_equal(chmod(path_of("prog"), 0777), 0);
	start_everywhere();
	assert_int_equal(links_of(&f.kernel, 0, 0), 1);
	assert_true(f.targets->objects[0].lease > 0);
}

/* A file of a file system that somebody serves: asked for in another process, and watched here. */
static void test_files_that_are_served(void **state)
{
	int fd = open_to_write("prog"), handle;
	struct pollfd told;
	struct rp_object *o;

	(void)state;
	start_everywhere();
	o = &f.targets->objects[0];
	assert_int_equal(o->lease, 0);
	assert_int_equal(inotify_rm_watch(f.targets->writers.inotify, o->watch), 0);
	while (rp_targets__rescan(f.targets) >= 0)
		;
	handle = open(path_of("prog"), O_PATH | O_CLOEXEC);
	assert_int_equal(dup2(handle, o->fd), o->fd);
	close(handle);
	o->watch = 0;
	f.targets->writers.is_silent = true; /* one did not answer: no more are asked */
	assert_false(rp_object__watch_writers(f.targets, o));
	assert_int_equal(o->watch, 0);
	f.targets->writers.is_silent = false;
	assert_false(rp_object__watch_writers(f.targets, o));
	assert_true(o->watch > 0);
	assert_int_equal(o->lease, 0);
	assert_false(f.targets->writers.is_silent);
	assert_int_equal(pwrite(fd, "x", 1, 4096), 1);
	close(fd);
	told = (struct pollfd){.fd = rp_targets__fd(f.targets), .events = POLLIN};
	assert_int_equal(poll(&told, 1, 20000), 1);
	rp_targets__rescan(f.targets);
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_int_equal(f.kernel.lost[RP_LOST_REWRITTEN], 1);
}

static void test_nobody_is_waited_for_without_a_session(void **state)
{
	(void)state;
	f.opts.session = NULL;
	start_everywhere();
	assert_int_equal(rp_targets__fd(f.targets), -1);
	assert_int_equal(rp_targets__rescan(f.targets), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGETS_TEST(test_same_file_by_its_breakpoints),
		TARGETS_TEST(test_copy_shows_no_breakpoints),
		TARGETS_TEST(test_breakpoints_of_somebody_else),
		TARGETS_TEST(test_file_of_two_numbers),
		TARGETS_TEST(test_files_of_no_interest),
		TARGETS_TEST(test_short_program_of_a_file_that_was_written),
		TARGETS_TEST(test_program_of_a_file_that_was_written),
		TARGETS_TEST(test_written_file_where_all_are_traced),
		TARGETS_TEST(test_leases_end),
		cmocka_unit_test(test_files_that_others_may_write),
		TARGETS_TEST(test_guarded_files),
		TARGETS_TEST(test_files_that_are_served),
		TARGETS_TEST(test_nobody_is_waited_for_without_a_session),
	};

	return cmocka_run_group_tests_name("targets_files", tests, NULL, NULL);
}
