// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a program maps while its run comes to the end is probed as it is before: all is counted. */
#include "run_fixture.h"

#include "run/internal.h"

static char copy[] = "/tmp/rptrace-ending-XXXXXX";
static int mapped[2] = {-1, -1}; /* a pipe: it has mapped the copy */

/* In the process that is traced: another object, which has the same function. */
static void map_copy(int signal)
{
	int fd = open(copy, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, (size_t)lseek(fd, 0, SEEK_END), PROT_READ | PROT_EXEC, MAP_PRIVATE,
			fd, 0);

	(void)signal;
	if (write(mapped[1], &at, 1) != 1)
		_exit(1);
	close(fd);
}

static int begin_copy(void **state)
{
	char command[256], self[128] = "";
	int fd;

	strcpy(copy, "/tmp/rptrace-ending-XXXXXX");
	fd = mkstemp(copy);
	if (fd < 0 || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -1;
	close(fd);
	snprintf(command, sizeof(command), "cp '%s' %s", self, copy);
	signal(SIGUSR1, map_copy);
	return system(command) || pipe2(mapped, O_CLOEXEC) || begin_target(state);
}

static int end_copy(void **state)
{
	close(mapped[0]);
	close(mapped[1]);
	signal(SIGUSR1, SIG_DFL);
	return unlink(copy) || end_target(state);
}

static struct rp_event event; /* it has mapped something */
static bool asked;	      /* that the run ends */
static size_t linked_before;

static void map_now(void)
{
	char byte;

	linked_before = fake_linked.n;
	kill(target, SIGUSR1);
	while (read(mapped[0], &byte, 1) != 1)
		;
	event = (struct rp_event){.header = {.type = RP_EVENT_EXEC, .length = sizeof(event)},
				  .pid = (uint32_t)target,
				  .time = rp_clock__now()};
	kernel.coming[0].ring = "events";
	kernel.coming[0].record = &event;
	kernel.coming[0].bytes = sizeof(event);
	kernel.coming[0].times = 1;
}

/* Once the signal was taken, there is the last look: by then it is late, for names alone. */
static void map_in_the_end(void)
{
	if (!asked && kernel.drains >= 2) {
		asked = true;
		kill(getpid(), SIGINT);
	}
	if (!asked || linked_before || rp_run__is_cancelled())
		return;
	while (!rp_run__is_late())
		usleep(1000);
	map_now();
}

static void what_comes_with_the_last_look_is_probed(void **state)
{
	(void)state;
	asked = false;
	linked_before = 0;
	kernel.then = map_in_the_end;
	assert_int_equal(trace("-b -i 1h -f '*:probed_one'"), RP_EXIT_OK);
	assert_true(linked_before > 0);
	assert_true(fake_linked.n > linked_before);
}

/* ---- probes that were silent ------------------------------------------------------------------
 */

static const struct rp_region_name silent[] = {
	{.name = "method", .kind = RP_KIND_USDT, .object = "/usr/lib/libjvm.so"},
	{.name = "monitor", .kind = RP_KIND_USDT, .object = "/usr/lib/libjvm.so"},
	{.name = "function", .kind = RP_KIND_USDT, .object = "/usr/bin/php8.2"},
	{.name = "method", .kind = RP_KIND_USDT, .object = "/usr/bin/ruby3.1"},
};
static size_t n_read, n_silent; /* so many of these are there */

static struct rp_counts *read_silent(void *ctx)
{
	struct rp_counts *counts = calloc(1, sizeof(*counts));

	(void)ctx;
	counts->names.regions = malloc(sizeof(silent));
	memcpy(counts->names.regions, silent, sizeof(silent));
	counts->names.n_regions = n_silent;
	n_read++;
	return counts;
}

static void look(struct rp_run *run, bool ends, const char *says)
{
	ran.said[0] = '\0';
	rp_run__tell_of_silent_probes(run, ends);
	if (*says ? !strstr(ran.said, says) : *ran.said)
		fail_msg("no \"%s\" in \"%s\"", says, ran.said);
}

/* Each kind once, however often it is looked at. */
static void silent_probes_are_told_once(void **state)
{
	struct rp_run run = {.say = ran_say, .source.read = read_silent};
	struct rp_err err = {0};

	(void)state;
	assert_int_equal(rp_plan__new(&(struct rp_plan_opts){0}, &run.plan, &err), 0);
	run.targets = rp_targets__new(&(struct rp_targets_opts){.plan = run.plan});
	n_read = 0;
	n_silent = 2;
	look(&run, false, ""); /* what has not run has hit nothing so far */
	assert_int_equal(n_read, 0);
	look(&run, true, "Java");
	look(&run, true, "");
	n_silent = 3;
	look(&run, true, "PHP");
	assert_null(strstr(ran.said, "Java"));
	n_silent = 4;
	look(&run, true, "Ruby");
	assert_null(strstr(ran.said, "PHP"));
	look(&run, true, "");
	rp_targets__free(run.targets);
	rp_plan__free(run.plan);
}

#define ENDING_TEST(test) cmocka_unit_test_setup_teardown(test, begin_copy, end_copy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENDING_TEST(what_comes_with_the_last_look_is_probed),
		cmocka_unit_test(silent_probes_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
