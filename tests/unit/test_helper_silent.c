// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Who has kept the helper waiting is not asked again; and nobody else is left out for it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/proc.h"
#include "helper/internal.h"

#define HERE  7
#define THERE 8
#define OWNER 1000
#define OTHER 1001

static struct rp_helper *h;

static int begin(void **state)
{
	(void)state;
	h = calloc(1, sizeof(*h));
	return !h;
}

static int end(void **state)
{
	(void)state;
	rp_helper__free(h);
	return 0;
}

/* The last request, as it ended. */
static void ask(enum rp_helper_what what, const char *why, enum rp_helper_sleep sleep, dev_t device)
{
	h->request.what = what;
	h->why = why;
	h->sleep = sleep;
	h->sleep_device = device;
}

/* As asking leaves it before each request. */
static bool is_silent(dev_t dev)
{
	bool silent;

	h->why = NULL;
	silent = rp_helper__is_silent_device(h, dev);
	assert_int_equal(silent, h->why != NULL);
	if (silent)
		assert_string_equal(h->why, RP_HELPER_WHY_IDLE);
	return silent;
}

/* A file system, where it was that which did not answer, as far as is known. */
static void file_systems_that_do_not_answer(void **state)
{
	static const struct {
		enum rp_helper_what what;
		const char *why;
		enum rp_helper_sleep sleep;
		bool here, there; /* the file is here, the helper sleeps over one there */
	} cases[] = {
		{RP_HELPER_OBJECT, RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_UNKNOWN, true, false},
		{RP_HELPER_OBJECT, RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_FILE, false, true},
		{RP_HELPER_OBJECT, RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_PATH, false, false},
		{RP_HELPER_OPEN_PATH, RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_PATH, false, false},
		/* That is opened without a search. */
		{RP_HELPER_OPEN_MAPPING, RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_PATH, true, false},
		{RP_HELPER_OPEN_MAPPING, RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_FILE, false, true},
		{RP_HELPER_OBJECT, NULL, RP_HELPER_SLEEP_UNKNOWN, false, false},
		{RP_HELPER_OBJECT, RP_HELPER_WHY_CPU, RP_HELPER_SLEEP_FILE, false, false},
		{RP_HELPER_OPEN_MAPPING, RP_HELPER_WHY_DIED, RP_HELPER_SLEEP_PATH, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(cases[i].what, cases[i].why, cases[i].sleep, THERE);
		rp_helper__note_device(h, HERE);
		assert_int_equal(is_silent(HERE), cases[i].here);
		assert_int_equal(is_silent(THERE), cases[i].there);
		assert_int_equal(h->n_silent_devices, cases[i].here + cases[i].there);
		end(state);
		begin(state);
	}
}

static void several_file_systems(void **state)
{
	(void)state;
	for (dev_t dev = 1; dev < 6; dev++)
		for (unsigned times = 0; times < 2; times++) {
			ask(RP_HELPER_OPEN_MAPPING, RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_UNKNOWN, 0);
			rp_helper__note_device(h, dev);
			assert_int_equal(h->n_silent_devices, dev);
		}
	for (dev_t dev = 0; dev < 8; dev++)
		assert_int_equal(is_silent(dev), dev >= 1 && dev < 6);
}

/* Whose objects lead elsewhere, to where nobody answers. */
static void owners_of_links_that_lead_elsewhere(void **state)
{
	static const struct {
		const char *why;
		enum rp_helper_sleep sleep;
		dev_t device; /* that it sleeps over */
		bool owner, here, there;
	} cases[] = {
		{RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_PATH, 0, true, false, false},
		{RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_FILE, THERE, true, false, true},
		{RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_FILE, HERE, false, true, false},
		{RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_UNKNOWN, THERE, false, true, false},
		{RP_HELPER_WHY_CPU, RP_HELPER_SLEEP_PATH, 0, false, false, false},
		{NULL, RP_HELPER_SLEEP_FILE, THERE, false, false, false},
	};
	struct stat st = {.st_dev = HERE, .st_uid = OWNER};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned times = 0; times < 2; times++) {
			ask(RP_HELPER_OBJECT, cases[i].why, cases[i].sleep, cases[i].device);
			rp_helper__note_object(h, &st);
			assert_int_equal(h->n_silent_owners, cases[i].owner);
		}
		assert_int_equal(rp_helper__is_silent_owner(h, OWNER), cases[i].owner);
		assert_false(rp_helper__is_silent_owner(h, OTHER));
		assert_int_equal(is_silent(HERE), cases[i].here);
		assert_int_equal(is_silent(THERE), cases[i].there);
		end(state);
		begin(state);
	}
	/* One after the other. */
	for (st.st_uid = OWNER; st.st_uid <= OTHER; st.st_uid++) {
		ask(RP_HELPER_DEBUG_FILE, RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_PATH, 0);
		rp_helper__note_object(h, &st);
	}
	assert_true(rp_helper__is_silent_owner(h, OWNER));
	assert_true(rp_helper__is_silent_owner(h, OTHER));
	assert_false(rp_helper__is_silent_owner(h, OTHER + 1));
}

/* No helper is begun for it, and it is said why. */
#define assert_not_asked(call, answer)                                                             \
	do {                                                                                       \
		h->why = NULL;                                                                     \
		assert_int_equal(call, answer);                                                    \
		assert_non_null(h->why);                                                           \
		assert_string_equal(h->why, RP_HELPER_WHY_IDLE);                                   \
		assert_int_equal(h->pid, 0);                                                       \
	} while (0)

static void nobody_is_asked_about_what_is_silent(void **state)
{
	const struct rp_perf_map_version known = {0};
	struct rp_unwind_object object;
	struct rp_mapped mapped = {.path = "/proc/self/exe"};
	struct rp_perf_map *perf_map;
	struct rp_elf *elf;
	uint64_t hash = 1, place = 0;
	struct rp_err err;
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	mapped.dev = st.st_dev;
	ask(RP_HELPER_OPEN_MAPPING, RP_HELPER_WHY_IDLE, RP_HELPER_SLEEP_UNKNOWN, 0);
	rp_helper__note_device(h, st.st_dev);
	assert_not_asked(rp_helper__open_mapped(h, "/proc", getpid(), &mapped), -EIO);
	assert_not_asked(rp_helper__differs(h, "/proc", getpid(), &mapped, fd, 0), false);
	assert_not_asked(rp_helper__hash_code(h, fd, &place, 1, &hash), -EIO);
	assert_int_equal(hash, 1);
	assert_not_asked(rp_helper__debug_file(h, fd, "it"), -EIO);
	assert_not_asked(rp_helper__unwinding(h, fd, &object), -EIO);
	assert_not_asked(rp_helper__object(h, fd, "it", RP_ELF_FUNCTIONS, &elf, &err), -EIO);
	assert_string_equal(err.cause, "it: its file system does not answer");
	close(fd);
	/* A process, likewise. */
	h->n_silent_devices = 0;
	h->why = RP_HELPER_WHY_IDLE;
	rp_helper__note_process(h, getpid());
	assert_not_asked(rp_helper__perf_map(h, "/proc", getpid(), &known, &perf_map), -EIO);
	assert_not_asked(rp_helper__differs(h, "/proc", getpid(), &mapped, 0, 0), false);
}

/* ---- processes ------------------------------------------------------------------------------- */

/* It waits to be ended, having done something or not. */
static pid_t start(void (*begin_with)(void))
{
	int begun[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(begun, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (begin_with)
			begin_with();
		if (write(begun[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	assert_int_equal(read(begun[0], &byte, 1), 1);
	close(begun[0]);
	close(begun[1]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void become_nobody(void)
{
	if (setuid(65534))
		_exit(1);
}

static bool is_left(pid_t pid)
{
	bool left;

	h->why = NULL;
	left = rp_helper__is_silent_process(h, pid);
	assert_int_equal(left, h->why != NULL);
	if (left)
		assert_string_equal(h->why, RP_HELPER_WHY_IDLE);
	return left;
}

static void note(pid_t pid, const char *why)
{
	h->why = why;
	rp_helper__note_process(h, pid);
}

/* After a few of a user all others of that user are left, too, and none of another's. */
static void processes_of_a_user_count_together(void **state)
{
	pid_t mine[RP_HELPER_SILENT_MAX + 1], other;
	size_t n = sizeof(mine) / sizeof(mine[0]);

	(void)state;
	if (geteuid())
		skip();
	other = start(become_nobody);
	for (size_t i = 0; i < n; i++)
		mine[i] = start(NULL);
	note(mine[0], NULL);
	note(mine[0], RP_HELPER_WHY_CPU);
	assert_false(is_left(mine[0]));
	for (size_t i = 0; i + 1 < n; i++) {
		assert_false(is_left(mine[i]));
		assert_false(is_left(mine[n - 1]));
		note(mine[i], RP_HELPER_WHY_IDLE);
		note(mine[i], RP_HELPER_WHY_IDLE);
		assert_int_equal(h->n_silent_processes, i + 1);
		assert_true(is_left(mine[i]));
		assert_true(is_left(mine[0]));
	}
	assert_true(is_left(mine[n - 1]));
	assert_false(is_left(other));
	note(other, RP_HELPER_WHY_IDLE);
	assert_true(is_left(other));
	for (size_t i = 0; i < n; i++)
		stop(mine[i]);
	stop(other);
}

/* ---- what it sleeps over ----------------------------------------------------------------------
 */

static int waited_for[2]; /* a pipe, from which nothing comes */

static pid_t start_reader(void)
{
	char byte;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(read(waited_for[0], &byte, 1) != 1);
	}
	return pid;
}

/* It comes to that by and by. */
static void look_until(pid_t pid, enum rp_helper_sleep sleep)
{
	h->pid = pid;
	for (unsigned i = 0; i < 20000 && h->sleep != sleep; i++) {
		usleep(1000);
		rp_helper__look_at_sleep(h);
	}
	h->pid = 0;
	assert_int_equal(h->sleep, sleep);
}

static void what_it_sleeps_over_is_seen(void **state)
{
	struct stat st;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(waited_for, O_CLOEXEC), 0);
	assert_int_equal(fstat(waited_for[0], &st), 0);
	pid = start_reader();
	assert_true(pid > 0);
	look_until(pid, RP_HELPER_SLEEP_FILE);
	assert_int_equal(h->sleep_device, st.st_dev);
	stop(pid);
	/* Over no file. */
	pid = start(NULL);
	look_until(pid, RP_HELPER_SLEEP_PATH);
	stop(pid);
	/* There is none any more. */
	look_until(pid, RP_HELPER_SLEEP_UNKNOWN);
	close(waited_for[0]);
	close(waited_for[1]);
}

/* ---- after a wait ------------------------------------------------------------------------------
 */

static bool hurried; /* a second passes with each look at the time, which nobody has run in */
static time_t passed;

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_MONOTONIC)
		now->tv_sec += passed += hurried;
	return rc;
}

/* A helper that has done its work so far, and does no more. */
static void begin_stopped(void)
{
	struct stat st;
	int fd;

	rp_helper__free(h);
	h = rp_helper__new(NULL);
	assert_non_null(h);
	hurried = false;
	fd = rp_helper__open(h, "/proc/self/exe", &st);
	assert_true(fd >= 0);
	close(fd);
	for (unsigned i = 0; i < 20000 && h->sleep != RP_HELPER_SLEEP_PATH; i++) {
		usleep(1000);
		rp_helper__look_at_sleep(h);
	}
	assert_int_equal(h->sleep, RP_HELPER_SLEEP_PATH);
	kill(h->pid, SIGSTOP);
	hurried = true;
}

#define assert_given_up(call)                                                                      \
	do {                                                                                       \
		begin_stopped();                                                                   \
		assert_int_equal(call, -EIO);                                                      \
		hurried = false;                                                                   \
		assert_non_null(h->why);                                                           \
		assert_string_equal(h->why, RP_HELPER_WHY_IDLE);                                   \
		assert_int_equal(h->pid, 0);                                                       \
	} while (0)

/* Each kind of request leaves a note of whom it was about. */
static void who_is_waited_for_is_noted(void **state)
{
	const struct rp_perf_map_version known = {0};
	struct rp_unwind_object object;
	struct rp_perf_map *perf_map;
	struct rp_elf *elf;
	struct rp_err err;
	struct stat st;
	uint64_t hash = 1, place = 0;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_given_up(rp_helper__perf_map(h, "/proc", getpid(), &known, &perf_map));
	assert_true(is_left(getpid()));
	assert_false(is_silent(st.st_dev));
	assert_given_up(rp_helper__debug_file(h, fd, "it"));
	assert_true(rp_helper__is_silent_owner(h, st.st_uid));
	assert_false(is_silent(st.st_dev));
	assert_given_up(rp_helper__object(h, fd, "it", RP_ELF_FUNCTIONS, &elf, &err));
	assert_true(rp_helper__is_silent_owner(h, st.st_uid));
	assert_false(is_left(getpid()));
	/* It looked for no path, and there is nobody to lay it to. */
	assert_given_up(rp_helper__unwinding(h, fd, &object));
	assert_given_up(rp_helper__hash_code(h, fd, &place, 1, &hash));
	assert_int_equal(h->n_silent_devices + h->n_silent_owners + h->n_silent_processes, 0);
	close(fd);
}

#define SILENT_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SILENT_TEST(file_systems_that_do_not_answer),
		SILENT_TEST(several_file_systems),
		SILENT_TEST(owners_of_links_that_lead_elsewhere),
		SILENT_TEST(nobody_is_asked_about_what_is_silent),
		SILENT_TEST(processes_of_a_user_count_together),
		SILENT_TEST(what_it_sleeps_over_is_seen),
		SILENT_TEST(who_is_waited_for_is_noted),
	};

	return cmocka_run_group_tests_name("helper_silent", tests, NULL, NULL);
}
