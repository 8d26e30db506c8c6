// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The process that reads files: it answers what reading them here would, and whatever happens to
 * it costs one answer.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/file.h"
#include "helper/helper.h"
#include "helper/message.h"

#define THIS "/proc/self/exe"
#define ALL  (RP_ELF_FUNCTIONS | RP_ELF_USDT)

static unsigned asked, cancelled_after;

static bool is_cancelled(void)
{
	return cancelled_after && ++asked >= cancelled_after;
}

static char this[PATH_MAX];

static int set_up(void **state)
{
	ssize_t len = readlink(THIS, this, sizeof(this) - 1);

	assert_true(len > 0);
	this[len] = '\0';
	asked = cancelled_after = 0;
	*state = rp_helper__new(is_cancelled);
	assert_non_null(*state);
	assert_true(rp_helper__pid(*state) > 0);
	return 0;
}

static int tear_down(void **state)
{
	rp_helper__free(*state);
	return 0;
}

static int opens(struct rp_helper *h, const char *path)
{
	int fd = rp_helper__open(h, path, NULL);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void files_are_those_that_are_opened_here(void **state)
{
	struct stat st, own;
	int fd = rp_helper__open(*state, this, &st);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC); /* not for commands that are started */
	assert_int_equal(fstat(fd, &own), 0);
	assert_int_equal(st.st_ino, own.st_ino);
	assert_int_equal(st.st_dev, own.st_dev);
	assert_int_equal(st.st_size, own.st_size);
	close(fd);
	assert_int_equal(opens(*state, "/nowhere"), -ENOENT);
	assert_int_equal(opens(*state, "/dev/null"), -EINVAL);
	assert_int_equal(opens(*state, "/proc/self/maps"), -EINVAL);
	assert_null(rp_helper__why(*state));
}

/* A handle will do for whatever the helper is asked. */
static void handles_are_read(void **state)
{
	uint64_t place = 0, there = RP_FILE_HASH_START, here = there;
	int fd = open(this, O_RDONLY | O_CLOEXEC), handle = open(this, O_PATH | O_CLOEXEC);
	struct rp_elf *elf;

	assert_int_equal(rp_helper__hash_code(*state, handle, &place, 1, &there), 0);
	assert_int_equal(there, rp_file__hash_code(fd, &place, 1, here));
	assert_int_equal(rp_helper__object(*state, handle, this, ALL, &elf, NULL), 0);
	rp_elf__free(elf);
	/* One that cannot be read. */
	close(handle);
	handle = open("/", O_PATH | O_CLOEXEC);
	assert_int_equal(rp_helper__object(*state, handle, "/", ALL, &elf, NULL), -EINVAL);
	assert_int_equal(rp_helper__hash_code(*state, handle, &place, 1, &there), -EIO);
	close(handle);
	close(fd);
}

static void what_a_process_maps_is_opened(void **state)
{
	struct rp_mapped_list list;
	struct stat st, own;
	int fd;

	assert_int_equal(rp_proc__mapped("/proc", getpid(), &list), 0);
	assert_true(list.n > 0);
	fd = rp_helper__open_mapped(*state, "/proc", getpid(), &list.items[0]);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(stat(this, &own), 0);
	assert_int_equal(st.st_ino, own.st_ino);
	close(fd);
	/* Another file is mapped there by now: the helper is not to blame. */
	list.items[0].ino++;
	assert_int_equal(rp_helper__open_mapped(*state, "/proc", getpid(), &list.items[0]),
			 -ESTALE);
	assert_null(rp_helper__why(*state));
	rp_proc__mapped_free(&list);
}

/* As breakpoints do it: in memory, not in the file. */
static void what_differs_from_its_file_is_seen(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open(THIS, O_RDONLY | O_CLOEXEC);
	char *code = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, page);
	struct rp_mapped mapped = {.path = this,
				   .start = (uint64_t)(uintptr_t)code,
				   .end = (uint64_t)(uintptr_t)code + page,
				   .offset = page};

	assert_ptr_not_equal(code, MAP_FAILED);
	assert_false(rp_helper__differs(*state, "/proc", getpid(), &mapped, fd, page + 5));
	code[5] ^= 1;
	assert_true(rp_helper__differs(*state, "/proc", getpid(), &mapped, fd, page + 5));
	assert_false(rp_helper__differs(*state, "/proc", getpid(), &mapped, fd, page + 6));
	assert_null(rp_helper__why(*state));
	munmap(code, page);
	close(fd);
}

/* A page that whoever has mapped it never brings. */
static char *page_that_never_comes(int *faults)
{
	long page = sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register all = {.range = {.start = (uintptr_t)at, .len = page},
				      .mode = UFFDIO_REGISTER_MODE_MISSING};

	*faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*faults < 0)
		skip();
	assert_int_equal(ioctl(*faults, UFFDIO_API, &api), 0);
	assert_int_equal(ioctl(*faults, UFFDIO_REGISTER, &all), 0);
	return at;
}

static bool differs_there(struct rp_helper *h, const char *page, dev_t dev)
{
	struct rp_mapped mapped = {.path = this,
				   .dev = dev,
				   .start = (uint64_t)(uintptr_t)page,
				   .end = (uint64_t)(uintptr_t)page + 4096};
	int fd = open(THIS, O_RDONLY | O_CLOEXEC);
	bool differs = rp_helper__differs(h, "/proc", getpid(), &mapped, fd, 5);

	close(fd);
	return differs;
}

/* As many places as need several messages. */
static void code_is_hashed_as_here(void **state)
{
	uint64_t places[2000], there = RP_FILE_HASH_START;
	int fd = open(THIS, O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < 2000; i++)
		places[i] = 7 * i;
	assert_int_equal(rp_helper__hash_code(*state, fd, places, 2000, &there), 0);
	assert_int_equal(there, rp_file__hash_code(fd, places, 2000, RP_FILE_HASH_START));
	assert_int_not_equal(there, rp_file__hash_code(fd, places, 1999, RP_FILE_HASH_START));
	close(fd);
}

/* Functions and code, compared with what is read here. */
static void check_object(struct rp_helper *h)
{
	const struct rp_symbol *there, *here;
	struct rp_elf *far, *near;
	char code[2][RP_ELF_IMAGE_MAX >> 12];
	struct rp_err err;
	size_t n_there, n_here;
	int fd = open(THIS, O_RDONLY | O_CLOEXEC);

	assert_int_equal(rp_helper__object(h, fd, this, ALL, &far, &err), 0);
	assert_int_equal(rp_helper__object(NULL, fd, this, ALL, &near, &err), 0);
	assert_int_equal(rp_elf__symbols(far, &there, &n_there, &err), 0);
	assert_int_equal(rp_elf__symbols(near, &here, &n_here, &err), 0);
	assert_int_equal(n_there, n_here);
	for (size_t i = 0; i < n_here; i++) {
		assert_string_equal(there[i].name, here[i].name);
		assert_int_equal(there[i].offset, here[i].offset);
	}
	/* From the midst of one piece into others, past the end of the file, and beyond. */
	memset(code, 0, sizeof(code));
	assert_int_equal(rp_elf__read(far, 100, code[0], sizeof(code[0])),
			 rp_elf__read(near, 100, code[1], sizeof(code[1])));
	assert_memory_equal(code[0], code[1], sizeof(code[0]));
	assert_int_equal(rp_elf__read(far, 1ull << 40, code[0], 16), 0);
	assert_int_equal(rp_helper__object(h, fd, this, ALL, &far, &err), -EBUSY);
	rp_elf__free(far);
	rp_elf__free(near);
	close(fd);
}

/*
 * Whether the kernel waits for it or not: no answer is known, and the next one comes. It says
 * nothing of the file system of what is mapped there, which is that of everybody's files.
 */
static void a_page_that_never_comes_is_left(void **state)
{
	int faults;
	char *page = page_that_never_comes(&faults);
	struct stat st;

	assert_int_equal(stat(this, &st), 0);
	assert_false(differs_there(*state, page, st.st_dev));
	if (rp_helper__why(*state)) {
		uint64_t spent = rp_helper__spent(*state);

		assert_int_equal(rp_helper__pid(*state), 0);
		assert_false(differs_there(*state, page, st.st_dev));
		assert_int_equal(rp_helper__spent(*state), spent); /* nobody was asked again */
	}
	assert_int_equal(opens(*state, this), 0);
	assert_null(rp_helper__why(*state));
	check_object(*state);
	assert_null(rp_helper__why(*state));
	close(faults);
}

static void objects_are_those_that_are_read_here(void **state)
{
	check_object(*state);
	check_object(*state);
}

/* What went with an answer it closes behind that: the next answer tells that it has. */
static size_t files_of(struct rp_helper *h)
{
	char path[64];
	size_t n = 0;
	DIR *dir;

	assert_int_equal(opens(h, "/nowhere"), -ENOENT);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)rp_helper__pid(h));
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* It lives as long as the trace does. */
static void nothing_stays_open_in_it(void **state)
{
	size_t before = files_of(*state);

	check_object(*state);
	assert_int_equal(opens(*state, this), 0);
	what_a_process_maps_is_opened(state);
	code_is_hashed_as_here(state);
	assert_int_equal(files_of(*state), before);
}

static void what_is_none_is_told(void **state)
{
	struct rp_elf *elf;
	struct rp_err err;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	assert_int_equal(rp_helper__object(*state, fd, "passwd", ALL, &elf, &err), -ENOEXEC);
	assert_non_null(strstr(err.cause, "passwd: not an ELF file"));
	close(fd);
}

static void a_command_links_the_same(void **state)
{
	struct rp_linked there, here;

	assert_int_equal(rp_helper__linked(*state, this, &there), 0);
	assert_int_equal(rp_helper__linked(NULL, this, &here), 0);
	assert_true(here.n > 1);
	assert_int_equal(there.n, here.n);
	for (size_t i = 0; i < here.n; i++) {
		assert_string_equal(there.items[i].path, here.items[i].path);
		assert_int_equal(there.items[i].is_exe, here.items[i].is_exe);
	}
	rp_linked__free(&there);
	rp_linked__free(&here);
}

/* Killed while nobody asks, it costs nothing at all. */
static void another_takes_its_place(void **state)
{
	for (unsigned i = 0; i < 100; i++) {
		pid_t pid = rp_helper__pid(*state);

		kill(pid, SIGKILL);
		assert_int_equal(opens(*state, this), 0);
		assert_null(rp_helper__why(*state));
		assert_true(rp_helper__pid(*state) != pid);
	}
	check_object(*state);
}

/* Killed over an object, it costs that object. */
static void an_object_goes_with_it(void **state)
{
	struct rp_elf *elf;
	struct rp_err err;
	char byte;
	int fd = open(THIS, O_RDONLY | O_CLOEXEC);

	assert_int_equal(rp_helper__object(*state, fd, this, ALL, &elf, &err), 0);
	kill(rp_helper__pid(*state), SIGKILL);
	assert_int_equal(rp_elf__read(elf, 0, &byte, 1), 0);
	assert_string_equal(rp_helper__why(*state),
			    "the process that reads files has ended over it");
	rp_elf__free(elf);
	close(fd);
	check_object(*state);
}

/*
 * As one that waits for a file system: after that it is given up, and told. That file system is not
 * asked again, for which no other helper is started.
 */
static void one_that_does_not_answer_is_given_up(void **state)
{
	struct rp_mapped_list list;

	assert_int_equal(rp_proc__mapped("/proc", getpid(), &list), 0);
	/* It has begun, and is over no other file. */
	assert_int_equal(opens(*state, this), 0);
	kill(rp_helper__pid(*state), SIGSTOP);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rp_helper__open_mapped(*state, "/proc", getpid(), &list.items[0]),
				 -EIO);
		assert_string_equal(rp_helper__why(*state), "its file system does not answer");
		assert_int_equal(rp_helper__pid(*state), 0);
	}
	/* The wait is in what reading files took. */
	assert_true(rp_helper__spent(*state) >= 5000000000);
	assert_int_equal(opens(*state, this), 0);
	assert_null(rp_helper__why(*state));
	rp_proc__mapped_free(&list);
}

/* Memory that does not come is laid to its process alone, which is not asked about again. */
static void a_process_that_keeps_it_waiting_is_left(void **state)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct stat st;

	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(stat(this, &st), 0);
	assert_int_equal(opens(*state, this), 0);
	kill(rp_helper__pid(*state), SIGSTOP);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(differs_there(*state, page, st.st_dev));
		assert_non_null(rp_helper__why(*state));
		assert_int_equal(rp_helper__pid(*state), 0);
	}
	check_object(*state);
	munmap(page, 4096);
}

static void a_signal_is_heard_meanwhile(void **state)
{
	pid_t pid = rp_helper__pid(*state);

	kill(pid, SIGSTOP);
	cancelled_after = 5;
	assert_int_equal(opens(*state, this), -EINTR);
	assert_null(rp_helper__why(*state));
	cancelled_after = 0;
	assert_int_equal(opens(*state, this), 0);
	assert_true(rp_helper__pid(*state) != pid);
}

static int n_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* The connection to the helper, which is the only socket here. */
static int connection(void)
{
	struct stat st;

	for (int fd = 3; fd < 64; fd++)
		if (!fstat(fd, &st) && S_ISSOCK(st.st_mode))
			return fd;
	return -1;
}

/* Somebody else answers the next question: with this, and a file. */
static void answer_instead(int ends[2], const struct rp_helper_reply *lie, int file)
{
	int helper = connection();

	assert_true(helper >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_true(dup2(ends[0], helper) >= 0);
	assert_true(rp_helper_message__send(ends[1], lie, offsetof(struct rp_helper_reply, piece),
					    file));
}

/* It cost an answer: the next one comes from another helper. */
static void assert_nonsense(struct rp_helper *h, int ends[2])
{
	assert_non_null(strstr(rp_helper__why(h), "what cannot be"));
	assert_int_equal(rp_helper__pid(h), 0);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(opens(h, this), 0);
}

static void a_file_that_comes_with_a_refusal_is_nonsense(void **state)
{
	const struct rp_helper_reply lie = {.rc = -ENOENT};
	int ends[2], open_before;

	answer_instead(ends, &lie, STDIN_FILENO);
	open_before = n_open() - 1; /* without the one under way */
	assert_int_equal(opens(*state, this), -EIO);
	/* Without the connection, and without that file. */
	assert_int_equal(n_open(), open_before);
	assert_nonsense(*state, ends);
}

/* Not what was mapped, and no bytes of the helper's own. */
static void another_file_is_nonsense(void **state)
{
	const struct rp_helper_reply lie = {0};
	int other = open("/etc/passwd", O_RDONLY | O_CLOEXEC), ends[2];
	struct rp_linked linked;
	struct rp_mapped_list list;

	assert_true(other >= 0);
	assert_int_equal(rp_proc__mapped("/proc", getpid(), &list), 0);
	answer_instead(ends, &lie, other);
	assert_int_equal(rp_helper__open_mapped(*state, "/proc", getpid(), &list.items[0]), -EIO);
	assert_nonsense(*state, ends);
	answer_instead(ends, &lie, other);
	assert_int_equal(rp_helper__linked(*state, this, &linked), -EIO);
	assert_nonsense(*state, ends);
	rp_proc__mapped_free(&list);
	close(other);
}

/* What is opened for reading, and regular: a folder, a pipe, a file that may be written to, and a
 * handle of a folder are none. */
static void what_is_no_file_is_nonsense(void **state)
{
	const struct rp_helper_reply lie = {0};
	int wrong[] = {open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		       open("/dev/null", O_RDONLY | O_CLOEXEC),
		       memfd_create("rptrace-test", MFD_CLOEXEC), open("/", O_PATH | O_CLOEXEC),
		       -1};
	int ends[2];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		answer_instead(ends, &lie, wrong[i]);
		assert_int_equal(opens(*state, this), -EIO);
		assert_nonsense(*state, ends);
		if (wrong[i] >= 0)
			close(wrong[i]);
	}
}

static void a_message_brings_one_file_at_most(void **state)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = {.header = {.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(2 * sizeof(int))}};
	const int files[] = {STDIN_FILENO, STDIN_FILENO};
	char byte = 0;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &part,
			     .msg_iovlen = 1,
			     .msg_control = control.room,
			     .msg_controllen = sizeof(control.room)};
	int ends[2], fd, open_before;

	(void)state;
	memcpy(CMSG_DATA(&control.header), files, sizeof(files));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(sendmsg(ends[0], &msg, 0), 1);
	open_before = n_open();
	assert_int_equal(rp_helper_message__receive(ends[1], &byte, 1, &fd), 1);
	assert_true(fd >= 0);
	assert_int_equal(n_open(), open_before + 1);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

static void an_end_is_no_message(void **state)
{
	char message[8];
	int ends[2], fd;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_true(rp_helper_message__send(ends[0], "last", 5, -1));
	close(ends[0]);
	assert_int_equal(rp_helper_message__receive(ends[1], message, sizeof(message), &fd), 5);
	assert_int_equal(rp_helper_message__receive(ends[1], message, sizeof(message), &fd),
			 -EPIPE);
	assert_int_equal(fd, -1);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_are_those_that_are_opened_here, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(handles_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_process_maps_is_opened, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_differs_from_its_file_is_seen, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_page_that_never_comes_is_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(code_is_hashed_as_here, set_up, tear_down),
		cmocka_unit_test_setup_teardown(objects_are_those_that_are_read_here, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(nothing_stays_open_in_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_none_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_command_links_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_takes_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_object_goes_with_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_does_not_answer_is_given_up, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_process_that_keeps_it_waiting_is_left, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_signal_is_heard_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_comes_with_a_refusal_is_nonsense,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_file_is_nonsense, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_nonsense, set_up, tear_down),
		cmocka_unit_test(a_message_brings_one_file_at_most),
		cmocka_unit_test(an_end_is_no_message),
	};

	return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}
