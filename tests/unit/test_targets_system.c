// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The whole system as target. */
#include "elf_image.h"
#include "targets/internal.h"
#include "targets_fixture.h"

static void start_system(void)
{
	f.functions[0] = "prog:probed_*";
	start_whole_system();
}

static bool is_tracked(pid_t pid)
{
	for (size_t i = 0; i < f.kernel.n_tracked; i++)
		if (f.kernel.tracked[i] == pid)
			return true;
	return false;
}

static void test_all_that_map_it(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	put_process(PID + 2, 1);
	start_system();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_int_equal(links_alive(&f.kernel), 1);
	assert_true(is_tracked(PID) && is_tracked(PID + 1));
	assert_false(is_tracked(PID + 2));
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
}

static void test_new_file(void **state)
{
	(void)state;
	start_system();
	assert_int_equal(links_alive(&f.kernel), 0);
	put_process(PID, 1);
	map(PID, "prog");
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	/* The second process that runs it is there from its first instruction on. */
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	send(RP_EVENT_EXEC, PID + 1, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* The number of a file that is gone is given to the next one: nobody can look at that any more. */
static void test_number_of_another_file(void **state)
{
	struct rp_mapped_list list;
	struct rp_mapped plain;

	(void)state;
	start_system();
	put("", "/folder/empty");
	put("nothing of interest", "/folder/prog");
	put_process(PID, 1);
	map(PID, "folder/prog");
	assert_int_equal(rp_proc__mapped(f.root, PID, &list), 0);
	plain = list.items[0];
	plain.generation = 5;
	rp_targets__on_mapping(f.targets, PID, &plain, 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	rp_targets__on_mapping(f.targets, PID + 1, &plain, 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	assert_int_equal(unlink(plain.path), 0);
	rp_targets__on_mapping(f.targets, PID + 1, &plain, 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	plain.generation = 6;
	rp_targets__on_mapping(f.targets, PID + 1, &plain, 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	rp_proc__mapped_free(&list);
}

/* Of a file that was mapped before, maps do not tell it; whoever maps it next has ended already. */
static void test_generation_that_is_not_known(void **state)
{
	struct rp_mapped_list list;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start_system();
	assert_int_equal(rp_proc__mapped(f.root, PID, &list), 0);
	assert_int_equal(list.items[0].generation, 0);
	list.items[0].generation = 7;
	rp_targets__on_mapping(f.targets, PID + 1, &list.items[0], rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	assert_int_equal(links_alive(&f.kernel), 1);
	rp_proc__mapped_free(&list);
}

/* It has given up its memory, and with it the way to its file, but is not reaped yet. */
static void test_program_on_its_way_out(void **state)
{
	char path[] = "/nowhere/prog";
	const struct rp_mapped gone = {
		.dev = 1, .ino = 2, .path = path, .start = 4096, .end = 8192};

	(void)state;
	start_system();
	put_process(PID, 1);
	rp_targets__on_mapping(f.targets, PID, &gone, 1);
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/* Files of one function each; those of one process do not take the place of another's. */
static void put_files(pid_t pid, int first, int n)
{
	static const char strings[] = "\0alpha";
	const Elf64_Sym symbols[] = {
		{0},
		{.st_name = 1,
		 .st_info = FUNC,
		 .st_shndx = 1,
		 .st_value = TEXT_ADDR,
		 .st_size = 32},
	};
	static struct image image;
	char name[32];

	image__start(&image);
	image__add_symbols(&image, SHT_SYMTAB, symbols, 2, strings, sizeof(strings));
	image__finish(&image);
	for (int i = first; i < first + n; i++) {
		snprintf(name, sizeof(name), "folder%d/small", i);
		put("", "/folder%d/empty", i);
		write_file(f.root, name, image.bytes, image.size);
		map(pid, name);
	}
}

static void put_process_of(pid_t pid, unsigned user)
{
	char text[64];

	put_process(pid, 1);
	snprintf(text, sizeof(text), "Uid:\t%u\t0\t0\t0\n", user);
	put(text, "/%d/status", pid);
}

/* The function that each of their files has, in the whole system. */
static void trace_alpha(void)
{
	struct rp_err err;

	f.functions[0] = "small:alpha";
	f.plan_opts.exit_method = RP_EXIT_METHOD_RETURN;
	f.plan_opts.whole_system = true;
	start();
	assert_int_equal(rp_targets__add_system(f.targets, &err), 0);
}

/* The whole system: one with n files, and another one with a file of its own. */
static void add_two_processes(int n)
{
	put_process_of(PID, 1234);
	put_files(PID, 0, n);
	put_process_of(PID + 1, 2345);
	put_files(PID + 1, 300, 1);
	trace_alpha();
}

static void test_files_of_one_process(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	add_two_processes(260);
	assert_int_equal(links_alive(&f.kernel), 256 + 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("folder300/small")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 4);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.left, 4);
	assert_non_null(strstr(stats.left_why, "process 5000001 "));
	/* Looked at again, they are the same four; and they are there for anybody else. */
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 4);
	map(PID + 1, "folder259/small");
	send(RP_EVENT_EXEC, PID + 1, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("folder259/small")), 1);
}

/* One more at a time, as they are mapped: each counts once. */
static void test_files_that_are_mapped_one_by_one(void **state)
{
	struct rp_mapped_list list;

	(void)state;
	add_two_processes(256);
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 0);
	put_files(PID, 256, 3);
	assert_int_equal(rp_proc__mapped(f.root, PID, &list), 0);
	for (size_t i = 256; i < list.n; i++) {
		rp_targets__on_mapping(f.targets, PID, &list.items[i], rp_clock__now());
		assert_int_equal(f.kernel.lost[RP_LOST_FILES], i - 255);
	}
	assert_int_equal(list.n, 259);
	assert_int_equal(links_alive(&f.kernel), 256 + 1);
	rp_proc__mapped_free(&list);
}

/* The trace itself maps them, too: nothing is looked at for that. */
static void test_mappings_of_our_own(void **state)
{
	struct rp_mapped_list list;
	struct rp_err err;

	(void)state;
	put_process(getpid(), 1);
	map(getpid(), "prog");
	start_system();
	assert_int_equal(rp_proc__mapped(f.root, getpid(), &list), 0);
	rp_targets__on_mapping(f.targets, getpid(), list.items, rp_clock__now());
	assert_int_equal(f.kernel.n_links, 0);
	assert_int_equal(processes(), 0);
	rp_proc__mapped_free(&list);
	f.targets->proc = "/nowhere";
	assert_int_equal(rp_targets__add_system(f.targets, &err), -ENOENT);
	assert_string_equal(err.cause, "/nowhere: No such file or directory");
	f.targets->proc = f.root;
}

/* A process maps one more file that is wanted: it uses that, and is not late for the other one. */
static void test_second_file_of_a_process(void **state)
{
	struct rp_mapped_list list;

	(void)state;
	put_process(PID, 1);
	put_files(PID, 0, 1);
	trace_alpha();
	put_files(PID, 1, 1);
	assert_int_equal(rp_proc__mapped(f.root, PID, &list), 0);
	rp_targets__on_mapping(f.targets, PID, &list.items[1], rp_clock__now());
	assert_int_equal(links_alive(&f.kernel), 2);
	assert_int_equal(processes(), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	rp_targets__on_mapping(f.targets, PID, &list.items[0], rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(f.targets->objects[0].users, 0);
	assert_int_equal(f.targets->objects[1].users, 0);
	assert_true(f.targets->objects[0].used && f.targets->objects[1].used);
	rp_proc__mapped_free(&list);
}

/* Of one whose files take long no more is read, so that those of others are. */
static void test_files_that_take_long(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	f.opts.max_reading = 1;
	add_two_processes(4);
	assert_int_equal(links_alive(&f.kernel), 1 + 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("folder300/small")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 3);
	rp_targets__stats(f.targets, &stats);
	assert_non_null(strstr(stats.left_why, "the files of process 5000001 take too long"));
	/* Another process of that number begins with nothing. */
	send(RP_EVENT_EXIT, PID, 0);
	put("Uid:\t3456\t0\t0\t0\n", "/%d/status", PID);
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(links_alive(&f.kernel), 2 + 1);
}

/* As many processes of a user with so many files each, and one of another. */
static void add_users(int processes, int files)
{
	for (int i = 0; i < processes; i++) {
		put_process_of(PID + i, 1234);
		put_files(PID + i, i * files, files);
	}
	put_process_of(PID + processes, 2345);
	put_files(PID + processes, processes * files, 1);
	trace_alpha();
}

/* No process has too many of them. */
static void test_files_of_one_user(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	add_users(5, 206);
	assert_int_equal(links_alive(&f.kernel), 1024 + 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("folder1030/small")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 6);
	rp_targets__stats(f.targets, &stats);
	assert_non_null(strstr(stats.left_why, "user 1234 maps more than 1024 files"));
}

/* That of a user does not end with a process. */
static void test_a_users_files_take_long(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	f.opts.max_reading = 1;
	add_users(2, 1);
	assert_int_equal(links_alive(&f.kernel), 1 + 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("folder2/small")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 1);
	rp_targets__stats(f.targets, &stats);
	assert_non_null(strstr(stats.left_why, "the files of user 1234 take too long"));
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	send(RP_EVENT_EXEC, PID + 1, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("folder1/small")), 0);
}

/* Who is past it may bring files again once the hour is over. */
static void test_a_users_time_is_for_an_hour(void **state)
{
	const uint64_t hour = 3600 * RP_NS_PER_S;
	struct rp_share *user;
	uint64_t id = 1234;

	(void)state;
	f.opts.max_reading = 1;
	add_users(2, 1);
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 1);
	HASH_FIND(hh, f.targets->user_shares, &id, sizeof(id), user);
	assert_non_null(user);
	user->since -= hour / 2;
	send(RP_EVENT_EXEC, PID + 1, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("folder1/small")), 0);
	user->since -= hour / 2;
	send(RP_EVENT_EXEC, PID + 1, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("folder1/small")), 1);
	assert_true(user->reading > 0);
	assert_true(rp_clock__now() - user->since < hour / 2); /* another one has begun */
}

/* It has ended before it could be asked whose it is. */
static void test_files_of_processes_that_end(void **state)
{
	(void)state;
	put_process(PID, 1);
	put_files(PID, 0, 1);
	put_process(PID + 1, 1);
	put_files(PID + 1, 1, 1);
	f.opts.max_reading = 1;
	trace_alpha();
	assert_int_equal(links_alive(&f.kernel), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 1);
}

static void test_mappings_that_were_not_told(void **state)
{
	(void)state;
	start_system();
	put_process(PID, 1);
	map(PID, "prog");
	rp_targets__missed_mappings(f.targets);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
}

static void test_removed_file_is_let_go(void **state)
{
	char path[PATH_MAX];

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start_system();
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(links_alive(&f.kernel), 1); /* somebody may yet start it */
	snprintf(path, sizeof(path), "%s/prog", f.root);
	assert_int_equal(unlink(path), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
}

/* Nobody runs it: its probes go after a moment, and come again with its next user. */
static void test_unused_file_is_let_go(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start_system();
	for (int i = 1; i < 3; i++) {
		end_process(PID);
		send(RP_EVENT_EXIT, PID, 0);
		assert_int_equal(links_alive(&f.kernel), 1); /* the next one may come at once */
		look();
		assert_int_equal(links_alive(&f.kernel), 0);
		put_process(PID, 1);
		map(PID, "prog");
		send(RP_EVENT_EXEC, PID, 0);
		assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
		assert_int_equal(f.kernel.lost[RP_LOST_LATE], i);
	}
	look();
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* Once it cannot be run any more, it is not held open for nothing. */
static void test_unused_file_is_removed_later(void **state)
{
	const char *path;

	(void)state;
	put_process(PID, 1);
	put_files(PID, 0, 1);
	trace_alpha();
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_true(rp_targets__object(f.targets, 0, &path) >= 0);
	remove_all("/folder0");
	for (int i = 0; i < 500 && rp_targets__object(f.targets, 0, &path) >= 0; i++) {
		usleep(10000);
		send(RP_EVENT_EXIT, PID + 1, 0);
	}
	assert_int_equal(rp_targets__object(f.targets, 0, &path), -1);
}

/* Ever new files, each with one process, and one that stays: of most of them nothing is held. */
static void test_files_that_come_and_go(void **state)
{
	enum { FILES = 100, STAYS = 10 };
	struct rp_targets_stats stats;
	struct rp_err err;
	const char *path;
	uint32_t alpha;
	size_t objects;

	(void)state;
	trace_alpha();
	for (int i = 0; i < FILES; i++) {
		put_process(PID + i, 1);
		put_files(PID + i, i, 1);
		send(RP_EVENT_EXEC, PID + i, 0);
		if (i == STAYS)
			continue;
		end_process(PID + i);
		send(RP_EVENT_EXIT, PID + i, 0);
		remove_all("/folder%d", i);
	}
	look();
	assert_int_equal(links_alive(&f.kernel), 1);
	objects = rp_targets__n_objects(f.targets);
	assert_in_range(objects, 1, 64); /* so few are not worth the while */
	rp_targets__object(f.targets, 0, &path);
	assert_non_null(strstr(path, "/folder10/small"));
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, 1);
	/* What stays is left out and selected as before, and another one is new. */
	alpha = region("alpha");
	assert_int_equal(rp_targets__leave_out(f.targets, &alpha, 1, &err), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_int_equal(rp_targets__select(f.targets, "small:alpha", &err), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 1);
	put_process(PID, 1);
	put_files(PID, FILES, 1);
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(rp_targets__n_objects(f.targets), objects + 1);
	assert_int_equal(links_alive(&f.kernel), 2);
}

/* Files get new numbers while links of one are replaced: they go with that file. */
static void test_swap_of_a_file_that_is_renumbered(void **state)
{
	enum { FILES = 100, STAYS = 60 }; /* 64 at least are forgotten together */
	const char *path;
	struct rp_err err;
	uint32_t alpha, at = 0;

	(void)state;
	trace_alpha();
	for (int i = 0; i <= FILES; i++) {
		put_process(PID + i, 1);
		put_files(PID + i, i, 1);
		send(RP_EVENT_EXEC, PID + i, 0);
		if (i == STAYS) {
			f.kernel.any_open = true;
			alpha = region("alpha");
			assert_int_equal(rp_targets__leave_out(f.targets, &alpha, 1, &err), 0);
			continue;
		}
		end_process(PID + i);
		send(RP_EVENT_EXIT, PID + i, 0);
		remove_all("/folder%d", i);
	}
	while (rp_targets__n_objects(f.targets) > 64) {
		usleep(10000);
		rp_targets__rescan(f.targets);
	}
	while (rp_targets__object(f.targets, at, &path) < 0 || !strstr(path, "/folder60/"))
		assert_true(++at < rp_targets__n_objects(f.targets));
	end_process(PID + STAYS);
	send(RP_EVENT_EXIT, PID + STAYS, 0);
	remove_all("/folder%d", STAYS);
	while (rp_targets__object(f.targets, at, &path) >= 0) {
		usleep(10000);
		rp_targets__rescan(f.targets);
	}
	assert_int_equal(f.kernel.ended_swaps, f.kernel.swaps);
	assert_int_equal(links_alive(&f.kernel), 0);
}

static void test_written_file_is_let_go(void **state)
{
	char path[PATH_MAX];
	int fd;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start_system();
	snprintf(path, sizeof(path), "%s/prog", f.root);
	/* Who opens it to write is held up by the lease until rptrace has looked. */
	fd = open(path, O_WRONLY | O_NONBLOCK);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_int_equal(fd, -1);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
	fd = open(path, O_WRONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	close(fd);
}

/* Alike to the byte and the second, with a breakpoint in it that somebody else has set. */
static void test_copy_is_a_file_of_its_own(void **state)
{
	char memory[PATH_MAX];

	(void)state;
	make_object("prog-copy");
	put_process(PID, 1);
	map(PID, "prog");
	put_process(PID + 1, 1);
	map(PID + 1, "prog-copy");
	put("", "/%d/mem", PID + 1);
	snprintf(memory, sizeof(memory), "%s/%d/mem", f.root, PID + 1);
	assert_int_equal(truncate(memory, 1ll << 32), 0); /* no byte is that of the file */
	f.functions[0] = "prog*:probed_*";
	f.plan_opts.whole_system = true;
	start();
	assert_int_equal(rp_targets__add_system(f.targets, &(struct rp_err){0}), 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog-copy")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGETS_TEST(test_all_that_map_it),
		TARGETS_TEST(test_new_file),
		TARGETS_TEST(test_number_of_another_file),
		TARGETS_TEST(test_generation_that_is_not_known),
		TARGETS_TEST(test_program_on_its_way_out),
		TARGETS_TEST(test_mappings_that_were_not_told),
		TARGETS_TEST(test_files_of_one_process),
		TARGETS_TEST(test_files_that_take_long),
		TARGETS_TEST(test_files_that_are_mapped_one_by_one),
		TARGETS_TEST(test_mappings_of_our_own),
		TARGETS_TEST(test_second_file_of_a_process),
		TARGETS_TEST(test_files_of_one_user),
		TARGETS_TEST(test_a_users_files_take_long),
		TARGETS_TEST(test_a_users_time_is_for_an_hour),
		TARGETS_TEST(test_files_of_processes_that_end),
		TARGETS_TEST(test_removed_file_is_let_go),
		TARGETS_TEST(test_unused_file_is_let_go),
		TARGETS_TEST(test_unused_file_is_removed_later),
		TARGETS_TEST(test_files_that_come_and_go),
		TARGETS_TEST(test_swap_of_a_file_that_is_renumbered),
		TARGETS_TEST(test_written_file_is_let_go),
		TARGETS_TEST(test_copy_is_a_file_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
