// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/proc.h"
#include "proc_fixture.h"

/* ---- mapped objects ----------------------------------------------------------------------- */

static void test_mapped(void **state)
{
	struct rp_mapped_list list;
	char path[PATH_MAX];

	(void)state;
	put("7f00-7f10 r-xp 00000000 fe:01 11 /lib/a.so\n"
	    "7f10-7f20 r-xp 00001000 fe:01 11 /lib/a.so\n"
	    "7f20-7f30 r--p 00001000 fe:01 12 /lib/only data.so\n"
	    "400000-401000 r--p 00000000 fe:00 10    /opt/my prog (old) (deleted)\n"
	    "401000-402000 r-xp 00001000 fe:00 10    /opt/my prog (old) (deleted)\n"
	    "8f00-8f10 rwxp 00000000 00:00 0 \n"
	    "8f10-8f20 r-xp 00000000 00:00 0 [vdso]\n"
	    "8f20-8f30 r-xp 00000000 00:01 77 /memfd:jit code (deleted)\n"
	    "8f30-8f40 r-xp 00000000 103:01 11 /lib/new\\012line\\040.so\n"
	    "8f40-8f50 r-xs 00000000 fe:01 11 /lib/a.so\n"
	    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n"
	    "nonsense\n"
	    "1-2 r-xp\n",
	    "/5/maps");
	snprintf(path, sizeof(path), "%s/5/exe", root);
	assert_int_equal(symlink("/opt/my prog (old) (deleted)", path), 0);
	assert_int_equal(rp_proc__mapped(root, 5, &list), 0);
	assert_int_equal(list.n, 4);
	assert_string_equal(list.items[0].path, "/opt/my prog (old)");
	assert_true(list.items[0].is_exe);
	assert_true(list.items[0].deleted);
	assert_int_equal(list.items[0].start, 0x401000);
	assert_int_equal(list.items[0].end, 0x402000);
	assert_int_equal(list.items[0].offset, 0x1000);
	assert_int_equal(list.items[0].dev, makedev(0xfe, 0));
	assert_int_equal(list.items[0].ino, 10);
	assert_string_equal(list.items[1].path, "/lib/a.so");
	assert_false(list.items[1].is_exe);
	assert_false(list.items[1].deleted);
	assert_int_equal(list.items[1].start, 0x7f00);
	assert_string_equal(list.items[2].path, "/memfd:jit code");
	assert_true(list.items[2].deleted);
	/* The kernel escapes newlines and nothing else. */
	assert_string_equal(list.items[3].path, "/lib/new\nline\\040.so");
	assert_int_equal(list.items[3].dev, makedev(0x103, 1));
	rp_proc__mapped_free(&list);
	assert_int_equal(list.n, 0);
}

/* A program is there before its code is, which an exec maps after it, or which has been moved. */
static void test_mapped_without_code(void **state)
{
	static const char data[] = "400000-401000 r--p 00000000 fe:00 10 /opt/prog\n"
				   "7f00-7f01 rw-p 00000000 00:00 0\n";
	struct rp_mapped_list list;
	char text[256], path[PATH_MAX];

	(void)state;
	snprintf(text, sizeof(text), "%s7f10-7f20 r-xp 00000000 00:00 0    [vdso]\n", data);
	put(data, "/8/maps");
	snprintf(path, sizeof(path), "%s/8/exe", root);
	assert_int_equal(symlink("/opt/prog", path), 0);
	for (int loaded = 0; loaded < 2; loaded++) {
		assert_int_equal(rp_proc__mapped(root, 8, &list), 0);
		assert_int_equal(list.n, 1);
		assert_true(list.items[0].is_exe);
		assert_int_equal(list.is_loaded, loaded);
		assert_false(rp_proc__maps_code(&list, makedev(0xfe, 0), 10, 0));
		rp_proc__mapped_free(&list);
		put(text, "/8/maps");
	}
}

static void test_mapped_nothing(void **state)
{
	struct rp_mapped_list list;

	(void)state;
	assert_int_equal(rp_proc__mapped(root, 6, &list), -ESRCH);
	put("", "/7/maps");
	assert_int_equal(rp_proc__mapped(root, 7, &list), 0);
	assert_int_equal(list.n, 0);
	rp_proc__mapped_free(&list);
}

static void test_mapped_self(void **state)
{
	struct rp_mapped_list list;
	char exe[PATH_MAX], via[PATH_MAX], magic[4] = "";
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	bool libc = false;
	int fd;

	(void)state;
	assert_true(len > 0);
	exe[len] = '\0';
	assert_int_equal(rp_proc__mapped("/proc", getpid(), &list), 0);
	assert_true(list.n >= 2);
	assert_true(list.items[0].is_exe);
	assert_string_equal(list.items[0].path, exe);
	for (size_t i = 1; i < list.n; i++) {
		assert_false(list.items[i].is_exe);
		libc |= strstr(list.items[i].path, "/libc.so") != NULL;
	}
	assert_true(libc);
	for (size_t i = 0; i < list.n; i++) {
		fd = rp_proc__open_mapped("/proc", getpid(), &list.items[i], via, sizeof(via));
		assert_true(fd >= 0);
		assert_int_equal(pread(fd, magic, 4, 0), 4);
		assert_memory_equal(magic, "\177ELF", 4);
		close(fd);
		assert_int_equal(access(via, R_OK), 0);
	}
	assert_int_equal(rp_proc__open_mapped("/proc", getpid(), &list.items[0], via, 8),
			 -ENAMETOOLONG);
	rp_proc__mapped_free(&list);
}

static void test_all(void **state)
{
	pid_t *pids;
	size_t n;

	(void)state;
	put("", "/30/stat");
	put("", "/4/stat");
	put("", "/self/stat");
	put("", "/4x/stat");
	put("", "/200/stat");
	assert_int_equal(rp_proc__all(root, &pids, &n), 0);
	assert_int_equal(n, 3);
	qsort(pids, n, sizeof(*pids), rp_proc__compare_pids);
	assert_int_equal(pids[0], 4);
	assert_int_equal(pids[1], 30);
	assert_int_equal(pids[2], 200);
	free(pids);
	assert_int_equal(rp_proc__all("/no/such/folder", &pids, &n), -ENOENT);
}

static void set_file(struct rp_mapped *mapped, const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	mapped->dev = st.st_dev;
	mapped->ino = st.st_ino;
}

/*
 * A file that was replaced on disk is still to be had; what took its place is not taken for it, be
 * it on disk, or where it was mapped.
 */
static void test_open_replaced(void **state)
{
	static const char *const places[] = {"/5/exe", "/5/map_files/1000-2000"};
	struct rp_mapped mapped = {.start = 0x1000, .end = 0x2000, .is_exe = true};
	char path[PATH_MAX], via[PATH_MAX];
	struct stat st;
	int fd;

	(void)state;
	put("library", "/lib.so");
	snprintf(path, sizeof(path), "%s/lib.so", root);
	mapped.path = path;
	set_file(&mapped, path);
	fd = rp_proc__open_mapped(root, 5, &mapped, via, sizeof(via));
	assert_true(fd >= 0);
	assert_string_equal(via, path);
	close(fd);
	mapped.ino++;
	assert_int_equal(rp_proc__open_mapped(root, 5, &mapped, via, sizeof(via)), -ESTALE);
	for (size_t i = 0; i < 2; i++) {
		char place[PATH_MAX];

		put(places[i], "%s", places[i]);
		assert_int_equal(rp_proc__open_mapped(root, 5, &mapped, via, sizeof(via)), -ESTALE);
		snprintf(place, sizeof(place), "%s%s", root, places[i]);
		set_file(&mapped, place);
		fd = rp_proc__open_mapped(root, 5, &mapped, via, sizeof(via));
		assert_true(fd >= 0);
		close(fd);
		assert_string_equal(via, place);
		assert_int_equal(rp_proc__stat_mapped(root, 5, &mapped, &st), i ? 0 : -ENOENT);
		mapped.ino++;
	}
	assert_int_equal(rp_proc__stat_mapped(root, 5, &mapped, &st), -ESTALE);
}

/* A FIFO in a file's place must not make us wait for its writer. */
static void test_open_fifo(void **state)
{
	struct rp_mapped mapped = {.start = 0x1000, .end = 0x2000};
	char path[PATH_MAX], via[PATH_MAX];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/fifo", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(stat(path, &st), 0);
	mapped.path = path;
	mapped.dev = st.st_dev;
	mapped.ino = st.st_ino;
	assert_int_equal(rp_proc__open_mapped(root, 5, &mapped, via, sizeof(via)), -EINVAL);
}

/* ---- processes ---------------------------------------------------------------------------- */

static void test_comm(void **state)
{
	char comm[16], small[4];

	(void)state;
	put("a) b (c\n", "/5/comm");
	assert_int_equal(rp_proc__comm(root, 5, comm, sizeof(comm)), 0);
	assert_string_equal(comm, "a) b (c");
	assert_int_equal(rp_proc__comm(root, 5, small, sizeof(small)), 0);
	assert_string_equal(small, "a) ");
	assert_int_equal(rp_proc__comm(root, 6, comm, sizeof(comm)), -ESRCH);
}

static void test_alive(void **state)
{
	struct rlimit files;
	bool alive;

	(void)state;
	put_stat(5, 5, "x) Z 9 (", 'S', 1);
	assert_true(rp_proc__alive(root, 5));
	assert_int_equal(rp_proc__live_thread(root, 5), 5);
	put_stat(6, 6, "zombie", 'Z', 1);
	assert_false(rp_proc__alive(root, 6));
	assert_int_equal(rp_proc__live_thread(root, 6), 0);
	put_stat(7, 7, "leader", 'Z', 1);
	put_stat(7, 8, "thread", 'Z', 1);
	assert_false(rp_proc__alive(root, 7));
	put_stat(7, 9, "thread", 'R', 1);
	assert_true(rp_proc__alive(root, 7));
	assert_int_equal(rp_proc__live_thread(root, 7), 9);
	assert_false(rp_proc__alive(root, 10));
	put("no stat line", "/11/stat");
	assert_false(rp_proc__alive(root, 11));
	put("12 (kworker) I 2 0 0 0 -1 69238880 0\n", "/12/stat");
	assert_true(rp_proc__is_kernel_thread(root, 12));
	assert_false(rp_proc__is_kernel_thread(root, 5));
	/* Where we cannot look it counts as alive. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, files.rlim_max}), 0);
	alive = rp_proc__alive(root, 5);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_true(alive);
}

static void expect_descendants(pid_t pid, const pid_t *expected, size_t n_expected)
{
	pid_t *pids = NULL;
	size_t n;

	assert_int_equal(rp_proc__descendants(root, pid, &pids, &n), 0);
	assert_int_equal(n, n_expected);
	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (size_t j = 0; j < n_expected; j++)
			found |= pids[i] == expected[j];
		assert_true(found);
	}
	free(pids);
}

static void test_descendants_by_parent(void **state)
{
	static const pid_t expected[] = {20, 30, 31};
	pid_t *pids = NULL;
	size_t n, at20 = 9, at31 = 9;

	(void)state;
	put_stat(10, 10, "root) S 31 (", 'S', 1);
	put_stat(31, 31, "grandchild", 'S', 20);
	put_stat(20, 20, "child", 'S', 10);
	put_stat(30, 30, "child) R 999", 'R', 10);
	put_stat(40, 40, "ended", 'Z', 10);
	put_stat(50, 50, "stranger", 'S', 1);
	expect_descendants(10, expected, 3);
	expect_descendants(50, NULL, 0);
	assert_int_equal(rp_proc__descendants(root, 10, &pids, &n), 0);
	for (size_t i = 0; i < n; i++) {
		at20 = pids[i] == 20 ? i : at20;
		at31 = pids[i] == 31 ? i : at31;
	}
	assert_true(at20 < at31);
	free(pids);
	assert_int_equal(rp_proc__descendants(root, 99, &pids, &n), -ESRCH);
}

/* Parents that go round in a circle, as pids that are used again may have it. */
static void test_descendants_circle(void **state)
{
	static const pid_t expected[] = {20};

	(void)state;
	put_stat(10, 10, "a", 'S', 20);
	put_stat(20, 20, "b", 'S', 10);
	expect_descendants(10, expected, 1);
}

static void test_descendants_by_children(void **state)
{
	static const pid_t expected[] = {20, 21, 30};

	(void)state;
	put_stat(10, 10, "root", 'S', 1);
	put_stat(10, 11, "thread", 'S', 1);
	put("20 ", "/10/task/10/children");
	put("21 22 ", "/10/task/11/children");
	/* parent 1: only the "children" files know of them */
	put_stat(20, 20, "child", 'S', 1);
	put_stat(21, 21, "child of thread", 'S', 1);
	put_stat(22, 22, "ended", 'Z', 1);
	put("", "/20/task/20/children");
	put("30 10 20 ", "/21/task/21/children");
	put_stat(30, 30, "grandchild", 'S', 1);
	expect_descendants(10, expected, 3);
}

static void test_status_number(void **state)
{
	char status[16384] = "Name:\tTracerPid\nTracerPid:\t42\nGroups:\t";
	uint64_t value = 7;

	(void)state;
	while (strlen(status) < 12000)
		strcat(status, "100000 ");
	strcat(status, "\nCapEff:\t00000000000000ff\n");
	put(status, "/5/status");
	assert_true(rp_proc__status_number(root, 5, "TracerPid", 10, &value));
	assert_int_equal(value, 42);
	assert_true(rp_proc__status_number(root, 5, "CapEff", 16, &value));
	assert_int_equal(value, 255);
	assert_false(rp_proc__status_number(root, 5, "Cap", 16, &value));
	assert_false(rp_proc__status_number(root, 6, "CapEff", 16, &value));
}

/* ---- real processes ----------------------------------------------------------------------- */

static void *wait_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

/* Read one byte: the child is where it said it would be. */
static void await(int fd)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
}

static void test_real_leader_gone(void **state)
{
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, wait_for_ever, NULL) ||
		    write(fds[1], "x", 1) != 1)
			_exit(1);
		pthread_exit(NULL);
	}
	await(fds[0]);
	for (int i = 0; i < 5000 && rp_proc__live_thread("/proc", pid) == pid; i++)
		usleep(1000);
	assert_int_not_equal(rp_proc__live_thread("/proc", pid), pid);
	assert_true(rp_proc__alive("/proc", pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(rp_proc__alive("/proc", pid));
	close(fds[0]);
	close(fds[1]);
}

static void test_real_descendants(void **state)
{
	pid_t child, *pids = NULL;
	int fds[2], status;
	char comm[16];
	size_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		pid_t grandchild;

		prctl(PR_SET_NAME, "a (b) c");
		grandchild = fork();
		if (!grandchild)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(fds[1], "x", 1) == 1)
			wait_for_ever(NULL);
		_exit(1);
	}
	await(fds[0]);
	await(fds[0]);
	assert_int_equal(rp_proc__descendants("/proc", getpid(), &pids, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(pids[0], child);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rp_proc__comm("/proc", pids[i], comm, sizeof(comm)), 0);
		assert_string_equal(comm, "a (b) c");
		assert_true(rp_proc__alive("/proc", pids[i]));
	}
	free(pids);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	/* The pipe ends with the grandchild, which nobody here can wait for. */
	close(fds[1]);
	assert_int_equal(read(fds[0], comm, 1), 0);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_mapped),
		IN_FOLDER(test_mapped_without_code),
		IN_FOLDER(test_mapped_nothing),
		cmocka_unit_test(test_mapped_self),
		IN_FOLDER(test_all),
		IN_FOLDER(test_open_replaced),
		IN_FOLDER(test_open_fifo),
		IN_FOLDER(test_comm),
		IN_FOLDER(test_alive),
		IN_FOLDER(test_descendants_by_parent),
		IN_FOLDER(test_descendants_circle),
		IN_FOLDER(test_descendants_by_children),
		IN_FOLDER(test_status_number),
		cmocka_unit_test(test_real_leader_gone),
		cmocka_unit_test(test_real_descendants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
