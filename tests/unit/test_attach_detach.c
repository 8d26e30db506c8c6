// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Links that are closed by workers, which nobody waits for longer than something happens. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/detach.h"
#include "attach/worker.h"
#include "util/clock.h"
#include "util/sanitizer.h"

static int any_file(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* What a worker has under way is known by its tag for as long as it runs. */
static void links_are_closed_by_others(void **state)
{
	uint32_t under_way = 0;
	struct rp_detacher detacher = {.under_way = &under_way};
	int ends[2], fds[2] = {0};
	char byte;

	(void)state;
	rp_detacher__add(&detacher, fds, 0, 1);
	assert_false(rp_detacher__has(&detacher, 0, 0));
	assert_int_equal(pipe(ends), 0);
	fds[0] = ends[1];
	fds[1] = dup(ends[1]);
	rp_detacher__add(&detacher, fds, 2, 0x35);
	assert_false(is_open(fds[0]));
	assert_false(is_open(fds[1]));
	/* Nobody has it any more once the last worker has closed it. */
	assert_int_equal(read(ends[0], &byte, 1), 0);
	rp_detacher__wait(&detacher, NULL);
	assert_int_equal(under_way, 0);
	assert_int_equal(detacher.n, 0);
	assert_false(rp_detacher__has(&detacher, 0, 0));
	close(ends[0]);
}

static bool always(void)
{
	return true;
}

/* Two ends of a connection; who closes the first last waits for what the second never reads. */
static void lingering_pair(int ends[2])
{
	const struct linger long_one = {.l_onoff = 1, .l_linger = 600};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(to);
	static char much[1 << 20];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&to, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&to, &size), 0);
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(ends[0], (struct sockaddr *)&to, size), 0);
	ends[1] = accept(listener, NULL, NULL);
	close(listener);
	assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &long_one, sizeof(long_one)),
			 0);
	while (send(ends[0], much, sizeof(much), MSG_DONTWAIT) > 0)
		;
}

/* Nobody else has an end of a pipe any more that this process has closed: see keep_files(). */
static bool has_ended(int ends[2])
{
	char byte;

	close(ends[1]);
	return !read(ends[0], &byte, 1);
}

/* A close that does not return is left to its worker where there is no time. */
static void a_worker_that_is_stuck_is_left(void **state)
{
	uint32_t under_way = 0;
	struct rp_detacher detacher = {.under_way = &under_way};
	int ends[2], lower[2], higher[2];
	uint64_t begun;

	(void)state;
	assert_int_equal(pipe2(lower, O_NONBLOCK | O_CLOEXEC), 0);
	lingering_pair(ends);
	assert_int_equal(pipe2(higher, O_NONBLOCK | O_CLOEXEC), 0);
	rp_detacher__add(&detacher, &ends[0], 1, 0x35);
	assert_true(rp_detacher__has(&detacher, 0x35, ~0u));
	assert_false(rp_detacher__has(&detacher, 0x36, ~0u));
	assert_true(rp_detacher__has(&detacher, 0x30, ~0xfu));
	assert_false(rp_detacher__has(&detacher, 0x20, ~0xfu));
	assert_true(rp_detacher__has(&detacher, 0, 0));
	/* It holds on to nothing but what it closes. */
	assert_true(has_ended(lower));
	assert_true(has_ended(higher));
	/* Others may be slow, who are waited for as long as something happens. */
	begun = rp_clock__now();
	assert_false(rp_detacher__wait(&detacher, always));
	assert_true(rp_clock__now() - begun > RP_NS_PER_S / 2);
	assert_int_equal(detacher.n, 1);
	close(ends[1]);
	assert_true(rp_detacher__wait(&detacher, NULL));
	assert_int_equal(under_way, 0);
	close(lower[0]);
	close(higher[0]);
}

/* Who is without memory for a worker closes links itself. */
static void without_a_worker_links_are_closed_at_once(void **state)
{
	uint32_t under_way = 0;
	struct rp_detacher detacher = {.under_way = &under_way};
	struct rlimit before, none;
	int fds[2];

	(void)state;
	if (RP_UNDER_ASAN)
		skip(); /* it needs more memory all the time */
	fds[0] = any_file();
	fds[1] = any_file();
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	rp_detacher__add(&detacher, fds, 2, 1);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_false(is_open(fds[0]));
	assert_false(is_open(fds[1]));
	assert_int_equal(detacher.n, 0);
	assert_int_equal(under_way, 0);
}

static void see_worker(void *pid)
{
	*(pid_t *)pid = rp_worker__pid();
}

/* Who watches over rptrace looks at the worker that it waits for. */
static void a_worker_is_known_while_it_works(void **state)
{
	pid_t pid = 0;

	(void)state;
	rp_worker__run(see_worker, &pid);
	assert_true(pid > 0);
	assert_int_not_equal(pid, getpid());
	assert_int_equal(rp_worker__pid(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_closed_by_others),
		cmocka_unit_test(a_worker_that_is_stuck_is_left),
		cmocka_unit_test(without_a_worker_links_are_closed_at_once),
		cmocka_unit_test(a_worker_is_known_while_it_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
