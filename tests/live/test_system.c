/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * No target: whatever runs on this machine and carries markers is traced, that of others too. So
 * every test looks at processes of its own, which run files of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"

/* ---- processes of our own ------------------------------------------------------------------- */

/* The host's number of the one child of a process, as unshare has; 0: it has none. */
static pid_t child_of(const struct live_proc *proc)
{
	char path[64];
	int pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", proc->pid, proc->pid);
	file = fopen(path, "re");
	assert_non_null(file);
	if (fscanf(file, "%d", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid;
}

#define TRACE(options, ...)                                                                        \
	live_rptrace_ready(options " --format json -o %s", ##__VA_ARGS__, live_path("o.json"))

/* End the trace as a user does. */
static json_t *result(struct live_proc *rptrace)
{
	assert_int_equal(kill(rptrace->pid, SIGINT), 0);
	return live_figures(rptrace, live_path("o.json"));
}

static void counted(json_t *snapshot, pid_t pid, uint64_t n)
{
	assert_int_equal(live_sum_pid(snapshot, "sys_marker", pid, "count"), n);
	assert_int_equal(live_sum_pid(snapshot, "sys_marker", pid, "open"), 0);
	assert_int_equal(live_sum_pid(snapshot, "sys_marker", pid, "unwound"), 0);
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* Runs what it is given from a file system that nobody else sees, in processes of its own. */
static const char hidden[] = "mount -t tmpfs none /mnt\n"
			     "cp \"$1\" /mnt/hidden\n"
			     "exec /mnt/hidden \"$2\"\n";

static void before_and_after(void **state)
{
	const char *plain = live_copy("system", "plain"), *fresh = live_copy("system", "fresh");
	const char *replaced = live_copy("system", "replaced");
	struct live_proc *before[3], *after[2], *rptrace;
	json_t *json;
	pid_t inner;

	(void)state;
	before[0] = live_target("%s 300", plain);
	before[1] = live_target("/usr/bin/unshare --pid --mount --fork %s %s 301",
				live_script("hide", hidden), plain);
	inner = child_of(before[1]);
	assert_true(inner > 0);
	before[2] = live_target("%s 302", replaced);
	assert_int_equal(rename(live_copy("system", "other"), replaced), 0);

	rptrace = TRACE("--by process");
	/* One of a file that is known, and one of a file that nobody has seen. */
	after[0] = live_start("%s 303", plain);
	live_finish(after[0]);
	after[1] = live_target("%s 304", fresh);
	live_await_probes(after[1], "sys_work", 48, 2);
	for (int i = 0; i < 3; i++)
		live_finish(before[i]);
	live_finish(after[1]);

	json = result(rptrace);
	counted(json, before[0]->pid, 300);
	counted(json, inner, 301);
	counted(json, before[2]->pid, 302);
	counted(json, after[0]->pid, 303);
	counted(json, after[1]->pid, 304);
	assert_true(live_u64(json_object_get(json, "lost"), "late") > 0); /* fresh */
}

/* What a process executes is measured from its first instruction on where the file is known. */
static void executes_another(void **state)
{
	const char *first = live_copy("system", "first"), *second = live_copy("system", "second");
	struct live_proc *held, *target, *shell, *rptrace;
	json_t *json;

	(void)state;
	held = live_target("%s 10", second);
	target = live_target("%s 100 %s 23", first, second);
	rptrace = TRACE("--by process");
	live_release(target);
	live_finish(target);
	/* One that had none of it before. */
	shell = live_start("%s %s 45", live_script("become", "exec \"$@\"\n"), second);
	live_finish(shell);
	live_finish(held);
	json = result(rptrace);
	counted(json, target->pid, 123);
	counted(json, shell->pid, 45);
	counted(json, held->pid, 10);
}

/* Two containers of one image have the same file, under other numbers: no region counts twice. */
static void containers_of_one_image(void **state)
{
	const char *image = live_copy("system", "image");
	struct live_proc *containers[3], *rptrace;
	pid_t inner[3];
	char calls[8];
	json_t *json;

	(void)state;
	for (int i = 0; i < 3; i++) {
		if (i == 2)
			rptrace = TRACE("--by process");
		snprintf(calls, sizeof(calls), "%d", 500 + i);
		containers[i] = live_contained("--pid --mount --fork", image, calls);
		inner[i] = child_of(containers[i]);
	}
	for (int i = 0; i < 3; i++)
		live_finish(containers[i]);
	json = result(rptrace);
	for (int i = 0; i < 3; i++)
		counted(json, inner[i], 500 + i);
}

static void loads_a_plugin(void **state)
{
	const char *host = live_copy("dlopener", "host");
	struct live_proc *target, *rptrace;
	json_t *json;

	(void)state;
	live_copy("plugin.so", "plugin.so");
	target = live_target("%s 40", host);
	rptrace = TRACE("--by process");
	live_release(target);
	live_expect_line(target, "loaded", 1);
	live_await_probes(target, "plug_marked", 48, 2);
	live_finish(target);
	json = result(rptrace);
	assert_int_equal(live_sum_pid(json, "plug_marker", target->pid, "count"), 40);
	assert_int_equal(live_sum_pid(json, "host_marker", target->pid, "count"), 40);
}

static bool has_open(const struct live_proc *proc, const char *path)
{
	char name[64], link[512];

	for (int fd = 0; fd < 256; fd++) {
		ssize_t len;

		snprintf(name, sizeof(name), "/proc/%d/fd/%d", proc->pid, fd);
		len = readlink(name, link, sizeof(link));
		if (len >= (ssize_t)strlen(path) && !strncmp(link, path, strlen(path)))
			return true;
	}
	return false;
}

/* Wait until a process has a file open, or has it no more. */
static void await_open(const struct live_proc *proc, const char *path, bool open)
{
	uint64_t until = live_deadline();

	while (has_open(proc, path) != open)
		if (!live_tick(until))
			fail_msg("%s is %sopen", path, open ? "not " : "");
}

static void written_anew(void **state)
{
	const char *path = live_copy("marks_none", "anew");
	struct live_proc *target[3], *rptrace;
	json_t *json;

	(void)state;
	target[0] = live_target("%s", path);
	rptrace = TRACE("--by process");
	live_finish(target[0]);
	for (int i = 1; i < 3; i++) {
		/* The same file, as a compiler may leave it. */
		live_write(live_target_path("system"), path, O_WRONLY | O_TRUNC);
		target[i] = live_target("%s %d", path, 80 + i);
		live_await_probes(target[i], "sys_work", 48, 2);
		live_finish(target[i]);
		/* Nobody runs it now, so it can be written: its probes go at once. */
		await_open(rptrace, path, true);
		assert_int_equal(truncate(path, 0), 0);
		await_open(rptrace, path, false);
	}
	json = result(rptrace);
	for (int i = 1; i < 3; i++)
		counted(json, target[i]->pid, 80 + i);
}

/* What nobody runs nor can run any more is not held on to. */
static void lets_go(void **state)
{
	const char *path = live_copy("system", "removed");
	struct live_proc *target, *rptrace;
	json_t *json;

	(void)state;
	target = live_target("%s 90", path);
	rptrace = TRACE("-i 0.05 --by process");
	assert_int_equal(unlink(path), 0);
	await_open(rptrace, path, true);
	live_finish(target);
	await_open(rptrace, path, false);
	json = result(rptrace);
	counted(json, target->pid, 90);
}

/*
 * More is started than there is room for in what tells of it, while rptrace is held up: what was
 * not told is found by looking.
 */
static void storm(void **state)
{
	const char *path = live_copy("system", "in-a-storm");
	const char *many = live_script("many",
				       "for i in 0 1 2 3 4 5 6 7 8 9; do\n"
				       "for j in 0 1 2 3 4 5 6 7 8 9; do\n"
				       "/bin/true; /bin/true; /bin/true; /bin/true; /bin/true\n"
				       "done\ndone\nexec \"$@\"\n");
	struct live_proc *rptrace, *target;
	json_t *json;

	(void)state;
	rptrace = TRACE("-i 0.1 --by process");
	assert_int_equal(kill(rptrace->pid, SIGSTOP), 0);
	target = live_target("/usr/bin/taskset -c 0 %s %s 95", many, path);
	assert_int_equal(live_probes(target, "sys_work", 48), 0);
	assert_int_equal(kill(rptrace->pid, SIGCONT), 0);
	live_await_probes(target, "sys_work", 48, 2);
	live_finish(target);
	json = result(rptrace);
	counted(json, target->pid, 95);
}

/* Functions of a file, in whoever maps it, by its path and by its name. */
static void functions_of(const char *object)
{
	const char *path = live_path("shared-by-two");
	struct live_proc *before, *after, *rptrace;
	json_t *json;

	before = live_target("%s 70", path);
	rptrace = TRACE("-f %s:sys_* --by process", object);
	after = live_start("%s 71", path);
	live_finish(after);
	live_finish(before);
	json = result(rptrace);
	assert_int_equal(live_sum_pid(json, "sys_work", before->pid, "count"), 70);
	assert_int_equal(live_sum_pid(json, "sys_work", after->pid, "count"), 71);
	assert_null(live_find(json, "sys_marker"));
	live_assert_nothing_lost(json);
	live_assert_sound(json);
}

static void functions_by_path(void **state)
{
	(void)state;
	functions_of(live_copy("system", "shared-by-two"));
}

static void functions_by_name(void **state)
{
	(void)state;
	live_copy("system", "shared-by-two");
	functions_of("shared-by-two");
}

static void probes_by_object(void **state)
{
	const char *path = live_copy("system", "of-object");
	struct live_proc *rptrace, *target;
	json_t *json;

	(void)state;
	rptrace = TRACE("-u %s:rptrace:sys_marker --by process", path);
	target = live_start("%s 72", path);
	live_finish(target);
	json = result(rptrace);
	counted(json, target->pid, 72);
	live_assert_nothing_lost(json);
}

/* It waits for what is to come, and says when nothing did. */
static void nothing_comes(void **state)
{
	const char *path = live_copy("system", "never-run");
	struct live_proc *rptrace;

	(void)state;
	rptrace = live_rptrace("-f %s:sys_work -d 0.2", path);
	assert_int_equal(live_wait(rptrace), 3);
	assert_non_null(strstr(rptrace->err, "never appeared"));
	rptrace = live_rptrace("-f no-such-file-%d:sys_work -d 0.2", (int)getpid());
	assert_int_equal(live_wait(rptrace), 3);
	assert_non_null(strstr(rptrace->err, "waiting"));
	assert_non_null(strstr(rptrace->err, "never appeared"));
	rptrace = live_rptrace("-f %s:sys_wrok", path);
	assert_int_equal(live_wait(rptrace), 3);
	assert_non_null(strstr(rptrace->err, "sys_work"));
}

static void usage(void **state)
{
	static const char *const lines[] = {"-f sys_work", "-u rptrace:sys_marker", "-f *:sys_work",
					    "list -f sys_work"};

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(lines); i++) {
		struct live_proc *rptrace = live_rptrace("%s", lines[i]);

		assert_int_equal(live_wait(rptrace), 2);
		assert_non_null(strstr(rptrace->err, "names no file"));
		assert_non_null(strstr(rptrace->err, "hint: "));
	}
}

/* Where it runs what it probes, that is nobody's business. */
static void leaves_itself_out(void **state)
{
	const char *own = live_copy_program();
	struct live_proc *rptrace;

	(void)state;
	rptrace = live_start("%s -f %s:rp_counts__free -i 0.05 -d 0.3", own, own);
	assert_int_equal(live_wait(rptrace), 3);
	assert_non_null(strstr(rptrace->err, "never appeared"));
}

static void list(void **state)
{
	const char *path = live_copy("system", "listed");
	struct live_proc *rptrace, *target;

	(void)state;
	target = live_target("%s 1", path);
	rptrace = live_rptrace("list");
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->out, "sys_marker"));
	assert_null(strstr(rptrace->out, "libc.so"));
	rptrace = live_rptrace("list -f listed:sys_work");
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->out, path));
	live_finish(target);
}

/* ---- control groups -------------------------------------------------------------------------- */

#define CONTAINER_ID "3f2a1b9c0d1e5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"

/* Where their hierarchy of version 2 is, "" without one. */
static void find_cgroups(char *mount, size_t size)
{
	FILE *file = fopen("/proc/self/mounts", "re");
	char line[1024], point[512], type[64];

	mount[0] = '\0';
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %511s %63s", point, type) == 2 && !strcmp(type, "cgroup2"))
			snprintf(mount, size, "%s", point);
	if (file)
		fclose(file);
}

static void await_gone(const char *folder)
{
	uint64_t until = live_deadline();

	while (rmdir(folder))
		if (errno != EBUSY || !live_tick(until))
			fail_msg("%s: %s", folder, strerror(errno));
}

/* A container that ends at once is named all the same. */
static void by_cgroup(void **state)
{
	const char *path = live_copy("system", "contained");
	struct live_proc *rptrace, *target;
	char mount[512], folder[1024];
	json_t *json;

	(void)state;
	find_cgroups(mount, sizeof(mount));
	snprintf(folder, sizeof(folder), "%s/docker-" CONTAINER_ID ".scope", mount);
	if (!*mount || (mkdir(folder, 0755) && errno != EEXIST)) {
		print_error("SKIPPED: no control groups of version 2 to be made here\n");
		skip();
	}
	/* Tables are so far apart that none comes while the container lives. */
	rptrace = TRACE("-i 60 --by cgroup");
	target = live_target(
		"%s %s %s 55",
		live_script("enter", "echo $$ > \"$1\"/cgroup.procs\nshift\nexec \"$@\"\n"), folder,
		path);
	live_await_probes(target, "sys_work", 48, 2);
	live_finish(target);
	await_gone(folder);
	json = result(rptrace);
	assert_int_equal(live_sum_of(json, "sys_marker", "docker:3f2a1b9c0d1e", "count"), 55);
}

/*
 * The kernel verifies some 700 instructions a millisecond, and nothing is traced until it has
 * verified the last of the programs.
 */
#define VERIFIED_MAX 75000

/* What the kernel has gone through to verify the program behind a descriptor; 0: it is none. */
static unsigned long verified(const char *fdinfo)
{
	unsigned long insns = 0;
	FILE *file = fopen(fdinfo, "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "verified_insns: %lu", &insns) == 1)
			break;
	if (file)
		fclose(file);
	return insns;
}

static void programs_are_soon_verified(void **state)
{
	struct live_proc *target = live_target("%s 1", live_copy("system", "verified"));
	struct live_proc *rptrace = TRACE("--by process");
	unsigned long most = 0, insns;
	char path[320], dir[64];
	struct dirent *entry;
	DIR *fds;

	(void)state;
	snprintf(dir, sizeof(dir), "/proc/%d/fdinfo", rptrace->pid);
	fds = opendir(dir);
	assert_non_null(fds);
	while ((entry = readdir(fds))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		insns = verified(path);
		if (insns > most)
			most = insns;
	}
	closedir(fds);
	assert_in_range(most, 1, VERIFIED_MAX);
	live_finish(target);
	counted(result(rptrace), target->pid, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_and_after),
		cmocka_unit_test(executes_another),
		cmocka_unit_test(containers_of_one_image),
		cmocka_unit_test(loads_a_plugin),
		cmocka_unit_test(written_anew),
		cmocka_unit_test(lets_go),
		cmocka_unit_test(storm),
		cmocka_unit_test(functions_by_path),
		cmocka_unit_test(functions_by_name),
		cmocka_unit_test(probes_by_object),
		cmocka_unit_test(nothing_comes),
		cmocka_unit_test(usage),
		cmocka_unit_test(leaves_itself_out),
		cmocka_unit_test(list),
		cmocka_unit_test(by_cgroup),
		cmocka_unit_test(programs_are_soon_verified),
	};

	return live_main("system", tests, LIVE_COUNT(tests));
}
