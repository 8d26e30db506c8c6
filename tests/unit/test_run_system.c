// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Runs of the whole system, on a kernel that is made up: no process has to be there yet. */
#include "run_fixture.h"

#include <sys/epoll.h>

/* The rings of mappings are files, which cannot be waited for. */
int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	int rc = (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);

	return rc && errno == EPERM ? 0 : rc;
}

static int trace_system(const char *words)
{
	char self[256] = "", text[384];

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(text, sizeof(text), "-b -n 1 -i 20ms -f %s:probed_one %s", self, words);
	return live(text);
}

static void a_file_is_traced_wherever_it_runs(void **state)
{
	(void)state;
	assert_int_equal(trace_system(""), RP_EXIT_OK);
	assert_says("tracing 1 region at ");
	assert_says(" in the whole system\n");
	assert_prints("\nprobed_one ");
}

/* What begins later may have a region of that name: it is told, and no error. */
static void within_what_is_not_there_yet(void **state)
{
	(void)state;
	assert_int_equal(trace_system("--within other"), RP_EXIT_OK);
	assert_says("--within: no region that is selected, as by -f, is called 'other'\n");
	assert_prints("final summary");
	assert_int_equal(trace_system("--within probed*"), RP_EXIT_OK);
	assert_null(strstr(ran.said, "--within"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_traced_wherever_it_runs),
		TEST(within_what_is_not_there_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
