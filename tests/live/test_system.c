/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * No target: whatever runs on this machine and carries markers is traced, that of others too. So
 * every test looks at processes of its own, which run files of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "live.h"

/* ---- files and processes of our own --------------------------------------------------------- */

static const char *script(const char *name, const char *text)
{
	const char *path = live_path(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fprintf(file, "#!/bin/sh\nset -e\n%s", text) > 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static struct live_proc *started(const char *line)
{
	struct live_proc *proc = live_start("%s", line);

	live_expect_line(proc, "ready", 1);
	return proc;
}

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

static void finish(struct live_proc *target)
{
	live_release(target);
	assert_int_equal(live_wait(target), 0);
}

/* ---- figures ----------------------------------------------------------------------------------
 */

/* End the trace as a user does. */
static json_t *result(struct live_proc *rptrace, const char *path)
{
	assert_int_equal(kill(rptrace->pid, SIGINT), 0);
	assert_int_equal(live_wait(rptrace), 0);
	return live_load(path);
}

/* What a region has under --by process, in one of them. */
static uint64_t figure(json_t *snapshot, pid_t pid, const char *region, const char *key)
{
	uint64_t sum = 0;
	json_t *row;
	size_t i;

	json_array_foreach (live_array(snapshot, "regions"), i, row)
		if (strtol(live_str(row, "group"), NULL, 10) == pid &&
		    !strcmp(live_str(row, "name"), region))
			sum += live_u64(row, key);
	return sum;
}

static void counted(json_t *snapshot, pid_t pid, uint64_t n)
{
	assert_int_equal(figure(snapshot, pid, "sys_marker", "count"), n);
	assert_int_equal(figure(snapshot, pid, "sys_marker", "open"), 0);
	assert_int_equal(figure(snapshot, pid, "sys_marker", "unwound"), 0);
}

#define OPTIONS "--by process --format json -o %s"

/* ---- tests ------------------------------------------------------------------------------------
 */

/* Runs what it is given from a file system that nobody else sees, in processes of its own. */
static const char hidden[] = "mount -t tmpfs none /mnt\n"
			     "cp \"$1\" /mnt/hidden\n"
			     "exec /mnt/hidden \"$2\"\n";

static void before_and_after(void **state)
{
	const char *plain = live_copy("system", "plain"), *fresh = live_copy("system", "fresh");
	const char *replaced = live_copy("system", "replaced"), *json_path = live_path("o.json");
	struct live_proc *before[3], *after[2], *rptrace;
	char line[256];
	json_t *json;
	pid_t inner;

	(void)state;
	snprintf(line, sizeof(line), "%s 300", plain);
	before[0] = started(line);
	snprintf(line, sizeof(line), "unshare --pid --mount --fork %s %s 301",
		 script("hide", hidden), plain);
	before[1] = started(line);
	inner = child_of(before[1]);
	assert_true(inner > 0);
	snprintf(line, sizeof(line), "%s 302", replaced);
	before[2] = started(line);
	assert_int_equal(rename(live_copy("system", "other"), replaced), 0);

	rptrace = live_rptrace_ready(OPTIONS, json_path);
	/* One of a file that is known, and one of a file that nobody has seen. */
	snprintf(line, sizeof(line), "%s 303", plain);
	after[0] = live_start("%s", line);
	live_release(after[0]);
	assert_int_equal(live_wait(after[0]), 0);
	snprintf(line, sizeof(line), "%s 304", fresh);
	after[1] = started(line);
	live_await_probes(after[1], "sys_work", 48, 2);
	for (int i = 0; i < 3; i++)
		finish(before[i]);
	finish(after[1]);

	json = result(rptrace, json_path);
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
	const char *json_path = live_path("o.json");
	struct live_proc *held, *target, *shell, *rptrace;
	char line[256];
	json_t *json;

	(void)state;
	snprintf(line, sizeof(line), "%s 10", second);
	held = started(line);
	snprintf(line, sizeof(line), "%s 100 %s 23", first, second);
	target = started(line);
	rptrace = live_rptrace_ready(OPTIONS, json_path);
	live_release(target);
	finish(target);
	/* One that had none of it before. */
	shell = live_start("%s %s 45", script("become", "exec \"$@\"\n"), second);
	finish(shell);
	finish(held);
	json = result(rptrace, json_path);
	counted(json, target->pid, 123);
	counted(json, shell->pid, 45);
	counted(json, held->pid, 10);
}

/* Two containers of one image have the same file, under other numbers: no region counts twice. */
static const char container[] = "mount -t tmpfs none /mnt\n"
				"mkdir /mnt/empty /mnt/root\n"
				"mount -t overlay image -o lowerdir=\"$1\":/mnt/empty /mnt/root\n"
				"exec /mnt/root/image \"$2\"\n";

static void containers_of_one_image(void **state)
{
	const char *image = live_copy("system", "image"), *json_path = live_path("o.json");
	const char *run = script("contain", container);
	struct live_proc *containers[3], *rptrace;
	pid_t inner[3];
	char line[256], *folder = strdup(image);
	json_t *json;

	(void)state;
	*strrchr(folder, '/') = '\0';
	for (int i = 0; i < 3; i++) {
		if (i == 2)
			rptrace = live_rptrace_ready(OPTIONS, json_path);
		snprintf(line, sizeof(line), "unshare --pid --mount --fork %s %s %d", run, folder,
			 500 + i);
		containers[i] = started(line);
		inner[i] = child_of(containers[i]);
	}
	free(folder);
	for (int i = 0; i < 3; i++)
		finish(containers[i]);
	json = result(rptrace, json_path);
	for (int i = 0; i < 3; i++)
		counted(json, inner[i], 500 + i);
}

static void loads_a_plugin(void **state)
{
	const char *host = live_copy("dlopener", "host"), *json_path = live_path("o.json");
	struct live_proc *target, *rptrace;
	char line[256];
	json_t *json;

	(void)state;
	live_copy("plugin.so", "plugin.so");
	snprintf(line, sizeof(line), "%s 40", host);
	target = started(line);
	rptrace = live_rptrace_ready(OPTIONS, json_path);
	live_release(target);
	live_expect_line(target, "loaded", 1);
	live_await_probes(target, "plug_marked", 48, 2);
	finish(target);
	json = result(rptrace, json_path);
	assert_int_equal(figure(json, target->pid, "plug_marker", "count"), 40);
	assert_int_equal(figure(json, target->pid, "host_marker", "count"), 40);
}

/* Wait until a process has a file open, or has it no more. */
static void await_open(const struct live_proc *proc, const char *path, bool open)
{
	const struct timespec tick = {.tv_nsec = 5000000};
	char name[64], link[512];
	bool found = !open;

	for (int i = 0; i < 2000 && found != open; i++) {
		found = false;
		for (int fd = 0; fd < 256 && !found; fd++) {
			ssize_t len;

			snprintf(name, sizeof(name), "/proc/%d/fd/%d", proc->pid, fd);
			len = readlink(name, link, sizeof(link));
			found = len >= (ssize_t)strlen(path) && !strncmp(link, path, strlen(path));
		}
		nanosleep(&tick, NULL);
	}
	assert_int_equal(found, open);
}

static void written_anew(void **state)
{
	const char *path = live_copy("marks_none", "anew"), *json_path = live_path("o.json");
	struct live_proc *target[3], *rptrace;
	char line[256];
	json_t *json;

	(void)state;
	target[0] = started(path);
	rptrace = live_rptrace_ready(OPTIONS, json_path);
	finish(target[0]);
	for (int i = 1; i < 3; i++) {
		/* The same file, as a compiler may leave it. */
		live_write(live_target_path("system"), path, O_WRONLY | O_TRUNC);
		snprintf(line, sizeof(line), "%s %d", path, 80 + i);
		target[i] = started(line);
		live_await_probes(target[i], "sys_work", 48, 2);
		finish(target[i]);
		/* Nobody runs it now, so it can be written: its probes go at once. */
		await_open(rptrace, path, true);
		assert_int_equal(truncate(path, 0), 0);
		await_open(rptrace, path, false);
	}
	json = result(rptrace, json_path);
	for (int i = 1; i < 3; i++)
		counted(json, target[i]->pid, 80 + i);
}

/* What nobody runs nor can run any more is not held on to. */
static void lets_go(void **state)
{
	const char *path = live_copy("system", "removed"), *json_path = live_path("o.json");
	struct live_proc *target, *rptrace;
	char line[256];
	json_t *json;

	(void)state;
	snprintf(line, sizeof(line), "%s 90", path);
	target = started(line);
	rptrace = live_rptrace_ready("-i 0.05 " OPTIONS, json_path);
	assert_int_equal(unlink(path), 0);
	await_open(rptrace, path, true);
	finish(target);
	await_open(rptrace, path, false);
	json = result(rptrace, json_path);
	counted(json, target->pid, 90);
}

/*
 * More is started than there is room for in what tells of it, while rptrace is held up: what was
 * not told is found by looking.
 */
static void storm(void **state)
{
	const char *path = live_copy("system", "in-a-storm"), *json_path = live_path("o.json");
	const char *many = script("many", "for i in 0 1 2 3 4 5 6 7 8 9; do\n"
					  "for j in 0 1 2 3 4 5 6 7 8 9; do\n"
					  "/bin/true; /bin/true; /bin/true; /bin/true; /bin/true\n"
					  "done\ndone\nexec \"$@\"\n");
	struct live_proc *rptrace, *target;
	char line[256];
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-i 0.1 " OPTIONS, json_path);
	assert_int_equal(kill(rptrace->pid, SIGSTOP), 0);
	snprintf(line, sizeof(line), "taskset -c 0 %s %s 95", many, path);
	target = started(line);
	assert_int_equal(live_probes(target, "sys_work", 48), 0);
	assert_int_equal(kill(rptrace->pid, SIGCONT), 0);
	live_await_probes(target, "sys_work", 48, 2);
	finish(target);
	json = result(rptrace, json_path);
	counted(json, target->pid, 95);
}

/* Functions of a file, in whoever maps it, by its path and by its name. */
static void functions_of(const char *object)
{
	const char *path = live_path("shared-by-two"), *json_path = live_path("o.json");
	struct live_proc *before, *after, *rptrace;
	char line[256];
	json_t *json;

	snprintf(line, sizeof(line), "%s 70", path);
	before = started(line);
	rptrace = live_rptrace_ready("-f %s:sys_* " OPTIONS, object, json_path);
	after = live_start("%s 71", path);
	finish(after);
	finish(before);
	json = result(rptrace, json_path);
	assert_int_equal(figure(json, before->pid, "sys_work", "count"), 70);
	assert_int_equal(figure(json, after->pid, "sys_work", "count"), 71);
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
	const char *path = live_copy("system", "of-object"), *json_path = live_path("o.json");
	struct live_proc *rptrace, *target;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-u %s:rptrace:sys_marker " OPTIONS, path, json_path);
	target = live_start("%s 72", path);
	finish(target);
	json = result(rptrace, json_path);
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
	const char *own = live_path("rptrace");
	struct live_proc *rptrace;

	(void)state;
	live_write(live_program(), own, O_WRONLY | O_CREAT | O_EXCL);
	rptrace = live_start("%s -f %s:rp_collect -i 0.05 -d 0.3", own, own);
	assert_int_equal(live_wait(rptrace), 3);
	assert_non_null(strstr(rptrace->err, "never appeared"));
}

static void list(void **state)
{
	const char *path = live_copy("system", "listed");
	struct live_proc *rptrace, *target;
	char line[256];

	(void)state;
	snprintf(line, sizeof(line), "%s 1", path);
	target = started(line);
	rptrace = live_rptrace("list");
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->out, "sys_marker"));
	assert_null(strstr(rptrace->out, "libc.so"));
	rptrace = live_rptrace("list -f listed:sys_work");
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->out, path));
	finish(target);
}

/* ---- control groups ---------------------------------------------------------------------------
 */

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
	const struct timespec tick = {.tv_nsec = 5000000};

	for (int i = 0; i < 1000 && rmdir(folder) && errno == EBUSY; i++)
		nanosleep(&tick, NULL);
	assert_int_not_equal(access(folder, F_OK), 0);
}

/* A container that ends at once is named all the same. */
static void by_cgroup(void **state)
{
	const char *path = live_copy("system", "contained"), *json_path = live_path("o.json");
	struct live_proc *rptrace, *target;
	char mount[512], folder[1024];
	json_t *json, *row;
	uint64_t count = 0;
	size_t i;

	(void)state;
	find_cgroups(mount, sizeof(mount));
	snprintf(folder, sizeof(folder), "%s/docker-" CONTAINER_ID ".scope", mount);
	if (!*mount || (mkdir(folder, 0755) && errno != EEXIST)) {
		print_error("SKIPPED: no control groups of version 2 to be made here\n");
		skip();
	}
	/* Tables are so far apart that none comes while the container lives. */
	rptrace = live_rptrace_ready("-i 60 --by cgroup --format json -o %s", json_path);
	target = live_start("%s %s %s 55",
			    script("enter", "echo $$ > \"$1\"/cgroup.procs\nshift\nexec \"$@\"\n"),
			    folder, path);
	live_expect_line(target, "ready", 1);
	live_await_probes(target, "sys_work", 48, 2);
	finish(target);
	await_gone(folder);
	json = result(rptrace, json_path);
	json_array_foreach (live_array(json, "regions"), i, row)
		if (!strcmp(live_str(row, "group"), "docker:3f2a1b9c0d1e") &&
		    !strcmp(live_str(row, "name"), "sys_marker"))
			count += live_u64(row, "count");
	assert_int_equal(count, 55);
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
	};

	return live_main("system", tests, LIVE_COUNT(tests));
}
