// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * rptrace in a container's pid namespace: its processes have other numbers than the kernel's own.
 */
#include <stdio.h>
#include <string.h>

#include "live.h"

#define UNSHARE "/usr/bin/unshare --pid --fork --mount-proc "

static void assert_leaf(json_t *json, uint64_t count)
{
	assert_int_equal(live_sum(json, "leaf", "count"), count);
	live_assert_nothing_lost(json);
	live_assert_sound(json);
}

/* A program that rptrace starts, by each method of attaching. */
static void command(void **state)
{
	const char *options = *state, *path = live_path("command.json");
	struct live_proc *rptrace = live_start(
		UNSHARE "%s %s -f leaf --format json -o %s -- %s counts 1 600", live_program(),
		options, path, live_target_path("functions"));

	live_release(rptrace);
	assert_int_equal(live_wait(rptrace), 0);
	assert_leaf(live_load(path), 600);
}

/* Who else maps the file is not to be seen, so each child is probed on its own: or it is late. */
static void children(void **state)
{
	const char *path = live_path("children.json");
	struct live_proc *rptrace = live_start(
		UNSHARE "%s -f fork_work --format json -o %s -- %s tree 3 2 200", live_program(),
		path, live_target_path("forker"));
	uint64_t counted, late;
	json_t *json;

	(void)state;
	live_release(rptrace);
	assert_int_equal(live_wait(rptrace), 0);
	json = live_load(path);
	late = live_u64(json_object_get(json, "lost"), "late");
	counted = live_sum(json, "fork_work", "count");
	assert_in_range(counted, 200, 2000);
	assert_true(counted + late * 200 >= 2000);
}

/* The number that the first process of the target's namespace has out here. */
static int first_of(const struct live_proc *target)
{
	char path[64];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", target->pid, target->pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	return pid;
}

/* A target that is no first process: with that one all others of a namespace end. */
static struct live_proc *start_contained(const char *args)
{
	const char *script = live_script("first", "\"$@\"\nexec sleep 60");

	return live_target(UNSHARE "--kill-child %s %s", script, args);
}

static json_t *trace_second(struct live_proc *target, const char *options)
{
	const char *path = live_path("process.json");
	struct live_proc *rptrace = live_start(
		"/usr/bin/nsenter --target %d --pid --mount %s -p 2 %s -f leaf --format "
		"json -o %s",
		first_of(target), live_program(), options, path);

	live_expect_error(rptrace, "rptrace: tracing", 1);
	live_release(target);
	assert_int_equal(live_wait(rptrace), 0);
	return live_load(path);
}

/* Within the namespace it is process 2, which out here is another. */
static void process(void **state)
{
	const char *options = *state;
	char args[256];
	json_t *json;

	snprintf(args, sizeof(args), "%s counts 1 700", live_target_path("functions"));
	json = trace_second(start_contained(args), options);
	assert_leaf(json, 700);
	if (strstr(options, "process")) /* its threads have numbers of their own */
		assert_string_equal(live_str(live_region(json, "leaf"), "group"), "2 functions");
}

/* The process sees itself as 1, rptrace as some other number, and the kernel as a third. */
static void nested(void **state)
{
	char args[256];
	json_t *json;

	(void)state;
	snprintf(args, sizeof(args), UNSHARE "%s counts 1 800", live_target_path("functions"));
	json = trace_second(start_contained(args), "--by process");
	assert_leaf(json, 800);
	assert_string_equal(live_str(live_region(json, "leaf"), "group"), "3 functions");
}

static void refused(const char *line, const char *cause, const char *cure)
{
	struct live_proc *rptrace = live_start("%s", line);

	assert_int_equal(live_wait(rptrace), 4);
	assert_non_null(strstr(rptrace->err, cause));
	assert_non_null(strstr(rptrace->err, cure));
}

static void whole_system(void **state)
{
	char line[512];

	(void)state;
	snprintf(line, sizeof(line), UNSHARE "%s -d 1", live_program());
	refused(line, "pid namespace", "--pid=host");
	snprintf(line, sizeof(line), UNSHARE "%s -d 1 -f libc.so.6:getppid", live_program());
	refused(line, "pid namespace", "-p");
}

/* Numbers that /proc shows, as ps does, would be taken for others. */
static void proc_of_another_namespace(void **state)
{
	char line[512];

	(void)state;
	snprintf(line, sizeof(line), "/usr/bin/unshare --pid --fork %s -f leaf -- %s counts 1 10",
		 live_program(), live_target_path("functions"));
	refused(line, "/proc", "mount -t proc proc /proc");
	snprintf(line, sizeof(line), "/usr/bin/unshare --pid --fork %s -f leaf -p 1",
		 live_program());
	refused(line, "/proc", "mount -t proc proc /proc");
}

static void doctor(void **state)
{
	struct live_proc *proc = live_start(UNSHARE "%s doctor", live_program());

	(void)state;
	live_wait(proc);
	assert_non_null(strstr(proc->out, "pid namespace"));
	assert_non_null(strstr(proc->out, "--pid=host"));
}

static const struct CMUnitTest tests[] = {
	{"a command", command, NULL, NULL, ""},
	{"a command, multi", command, NULL, NULL, "--attach multi"},
	{"a command, perf", command, NULL, NULL, "--attach perf"},
	cmocka_unit_test(children),
	{"a process", process, NULL, NULL, "--by process"},
	{"a process, RET sites", process, NULL, NULL, "--exit ret-sites"},
	{"a process, by thread", process, NULL, NULL, "--by thread"},
	cmocka_unit_test(nested),
	cmocka_unit_test(whole_system),
	cmocka_unit_test(proc_of_another_namespace),
	cmocka_unit_test(doctor),
};

int main(void)
{
	return live_main("namespaces", tests, LIVE_COUNT(tests));
}
